//! The schemas of bodies and of what stands in several places, by name.

mod inputs;
mod series;
mod service;

use serde_json::Value;
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::forms;

pub(super) type AnySchema = RefOr<Schema>;

/// Every named schema.
pub(super) fn all() -> Vec<(&'static str, AnySchema)> {
    let mut all = inputs::schemas();
    all.extend(series::schemas());
    all.extend(service::schemas());
    all
}

/// The schema of this name.
pub(super) fn named(name: &str) -> AnySchema {
    Ref::from_schema_name(name).into()
}

pub(super) fn of(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(schema_type)
}

fn or_null(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([schema_type, Type::Null]))
}

/// A text that a regular expression matches.
pub(super) fn text(pattern: impl Into<String>) -> ObjectBuilder {
    of(Type::String).pattern(Some(pattern))
}

pub(super) fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    of(Type::String).enum_values(Some(values.into_iter().map(Value::from)))
}

pub(super) fn array(items: impl Into<AnySchema>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}

fn count() -> ObjectBuilder {
    of(Type::Integer).minimum(Some(0))
}

fn time_or_null() -> ObjectBuilder {
    or_null(Type::String).format(Some(date_time()))
}

const fn date_time() -> SchemaFormat {
    SchemaFormat::KnownFormat(KnownFormat::DateTime)
}

/// An object of the properties to be named and no others.
pub(super) fn closed() -> ObjectBuilder {
    of(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// An object with any keys, whose values are these.
fn map(values: impl Into<AnySchema>) -> ObjectBuilder {
    let values = AdditionalProperties::RefOr(values.into());
    of(Type::Object).additional_properties(Some(values))
}

/// How the schemas of objects are built.
pub(super) trait Properties: Sized {
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

/// A part of a meter's series name.
pub(super) fn part() -> ObjectBuilder {
    text(forms::PART)
        .min_length(Some(1))
        .max_length(Some(tidemark_formats::MAX_PART_BYTES))
}
