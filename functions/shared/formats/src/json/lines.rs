//! Points in JSON, one a line.

use crate::collect::{Collector, Place};
use crate::error::ReadError;
use crate::json::point;
use crate::json::scan::Json;
use crate::lines::Line;
use crate::position::Position;

/// Lines of NDJSON; blank ones are skipped. A line that is no JSON value refuses
/// the rest, as in an array.
#[derive(Debug, Default)]
pub(crate) struct JsonLines {
    any: bool,
}

impl Line for JsonLines {
    fn read(&mut self, line: &str, number: usize, into: &mut Collector) -> Result<(), ReadError> {
        let mut json = Json::new(line, Position::line(number));
        if json.peek().is_some() {
            let place = Place { parent: "", number };
            point::element(&mut json, true, place, into)?;
            json.end()?;
            self.any = true;
        }
        Ok(())
    }

    fn any(&self) -> bool {
        self.any
    }
}
