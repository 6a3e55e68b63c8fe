//! Words of the OpenAPI document that routes describe themselves with: parameters,
//! answers, schemas, and what they are built of.

pub mod answers;
pub(crate) mod bodies;
pub(crate) mod forms;
pub(crate) mod parameters;
pub(crate) mod schemas;

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// A schema, or where it stands.
pub type AnySchema = RefOr<Schema>;

/// A schema that others refer to by its name.
pub type NamedSchema = (&'static str, AnySchema);

/// The schema of this name.
pub(crate) fn named(name: &str) -> AnySchema {
    Ref::from_schema_name(name).into()
}

pub(crate) fn of(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(schema_type)
}

pub(crate) fn or_null(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([schema_type, Type::Null]))
}

/// A text that a regular expression matches.
pub(crate) fn text(pattern: impl Into<String>) -> ObjectBuilder {
    of(Type::String).pattern(Some(pattern))
}

pub(crate) fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    of(Type::String).enum_values(Some(values.into_iter().map(Value::from)))
}

pub(crate) fn array(items: impl Into<AnySchema>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}

pub(crate) fn count() -> ObjectBuilder {
    of(Type::Integer).minimum(Some(0))
}

pub(crate) fn time_or_null() -> ObjectBuilder {
    or_null(Type::String).format(Some(date_time()))
}

pub(crate) const fn date_time() -> SchemaFormat {
    SchemaFormat::KnownFormat(KnownFormat::DateTime)
}

/// An object of the properties to be named and no others.
pub(crate) fn closed() -> ObjectBuilder {
    of(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// An object with any keys, whose values are these.
pub(crate) fn map(values: impl Into<AnySchema>) -> ObjectBuilder {
    let values = AdditionalProperties::RefOr(values.into());
    of(Type::Object).additional_properties(Some(values))
}

/// How the schemas of objects are built.
pub(crate) trait Properties: Sized {
    /// With a property that is always there.
    fn with(self, name: &str, schema: impl Into<AnySchema>) -> Self;

    /// With what it is, in words.
    fn that_is(self, description: &str) -> Self;

    /// With keys of this form only.
    fn keys(self, form: ObjectBuilder) -> Self;
}

impl Properties for ObjectBuilder {
    fn with(self, name: &str, schema: impl Into<AnySchema>) -> Self {
        self.property(name, schema).required(name)
    }

    fn that_is(self, description: &str) -> Self {
        self.description(Some(description))
    }

    fn keys(self, form: ObjectBuilder) -> Self {
        self.property_names(Some(Schema::Object(form.build())))
    }
}
