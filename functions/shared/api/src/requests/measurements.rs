//! What is asked of energy meters, in the words of their own service.

use chrono_tz::Tz;
use tidemark_core::name::SeriesName;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_formats::MAX_PART_BYTES;

use super::Call;
use crate::cursor::Paging;
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Params, missing};
use crate::problem::Problem;

/// `GET /meterdata/measurement`.
#[derive(Debug, Clone)]
pub struct Measurements {
    /// What was measured.
    pub measurement: String,
    /// The meter.
    pub meter: String,
    /// Which rows; `None` for none at all, where `start` is `stop`.
    pub range: Option<TimeRange>,
    /// Which page, the latest first; the position is the time of the last row
    /// of the page before.
    pub paging: Paging<Timestamp>,
}

impl Measurements {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let meter = take_part(&mut params, "muid")?;
        let measurement = take_part(&mut params, "measurement")?;
        let start = params.take_instant("start", Tz::UTC)?;
        let stop = params.take_instant("stop", Tz::UTC)?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        let from = start.unwrap_or(Timestamp::MIN);
        if stop.is_some_and(|stop| from > stop) {
            let text = "`start` is later than `stop`";
            return Err(Problem::invalid_parameter(text));
        }
        let range = match stop {
            // `stop` is not part of the range.
            Some(stop) => stop.previous().and_then(|to| TimeRange::new(from, to).ok()),
            None => TimeRange::new(from, Timestamp::MAX).ok(),
        };
        Ok(Self {
            measurement: measurement.ok_or_else(|| missing("measurement"))?,
            meter: meter.ok_or_else(|| missing("muid"))?,
            range,
            paging,
        })
    }

    /// What the names of the series begin with whose points make the rows; the
    /// OBIS code follows.
    pub fn prefix(&self) -> String {
        format!("{}:{}:", self.measurement, self.meter)
    }
}

/// A part of a series' name, the parts being joined by colons.
fn take_part(params: &mut Params, name: &'static str) -> Result<Option<String>, Problem> {
    let expected = format!("1 to {MAX_PART_BYTES} ASCII letters, digits and . _ -");
    params.take(name, expected, |text| {
        let named = SeriesName::check(text).is_ok() && !text.contains(':');
        (named && text.len() <= MAX_PART_BYTES).then(|| text.to_owned())
    })
}
