//! Points in JSON, one a line.

use crate::collect::{Collector, Place};
use crate::error::ReadError;
use crate::items::Items;
use crate::json::point;
use crate::json::scan::Json;
use crate::position::Position;

/// Lines of NDJSON; blank ones are skipped. A line that is no JSON value refuses the
/// rest, as in an array.
#[derive(Debug, Default)]
pub(crate) struct JsonLines {
    any: bool,
}

impl Items for JsonLines {
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        memchr::memchr(b'\n', bytes)
    }

    fn read(&mut self, line: &str, place: Place, into: &mut Collector) -> Result<usize, ReadError> {
        let mut json = Json::new(line, Position::line(place.number));
        if json.peek().is_some() {
            point::element(&mut json, true, place, into)?;
            json.end()?;
            self.any = true;
        }
        Ok(0)
    }

    fn any(&self) -> bool {
        self.any
    }
}
