//! What is wrong, in problems and in answers.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct, Serializer};
use tidemark_formats::Fault;

/// Faults of the items of a body, as they are listed.
#[derive(Debug)]
pub(crate) struct Faults<'a>(pub(crate) &'a [Fault]);

struct Listed<'a>(&'a Fault);

impl Serialize for Faults<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for fault in self.0 {
            list.serialize_element(&Listed(fault))?;
        }
        list.end()
    }
}

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Fault", 3)?;
        fields.serialize_field("pointer", &self.0.pointer)?;
        fields.serialize_field("reason", &self.0.reason)?;
        fields.serialize_field("detail", &self.0.detail)?;
        fields.end()
    }
}

/// What was checked, and whether it works: `ok` or `failing`, never why.
#[derive(Debug)]
pub(crate) struct Checks<'a>(pub(crate) &'a [(&'static str, bool)]);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, ok) in self.0 {
            map.serialize_entry(name, if *ok { "ok" } else { "failing" })?;
        }
        map.end()
    }
}
