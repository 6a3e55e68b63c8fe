//! The record of what was served: a line of JSON for each message that went out.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::message::{Kind, Message};
use crate::reason::Reason;

/// Where the lines go.
pub(crate) struct Log(Option<Box<dyn Write + Send>>);

#[derive(Serialize)]
struct Line {
    n: u64,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    defect: Option<&'static str>,
    reasons: Vec<Reason>,
    payload: String,
}

impl Log {
    /// Appends to the file at `path`, or writes to stdout for `-`, or nowhere.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        if path == Path::new("-") {
            return Ok(Self(Some(Box::new(io::stdout()))));
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self(Some(Box::new(file))))
    }

    /// Records that `message` went out at `now` (microseconds since 1970 UTC).
    pub(crate) fn record(&mut self, message: &Message, now: i64) -> io::Result<()> {
        let Some(out) = &mut self.0 else {
            return Ok(());
        };
        let line = Line {
            n: message.n,
            kind: message.kind,
            defect: message.defect.map(|defect| defect.name),
            reasons: message.reasons(now),
            payload: STANDARD.encode(&message.payload),
        };
        // A line is written at once, so that none is half there when the process ends.
        let mut text = serde_json::to_string(&line)?;
        text.push('\n');
        out.write_all(text.as_bytes())?;
        out.flush()
    }
}
