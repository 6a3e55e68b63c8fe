//! What the function is asked and what it answers, in JSON, of which Lambda
//! takes 6 MB.

use std::error::Error;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tidemark_core::time::TimeRange;
use tidemark_store::error::{Kind, Result, StoreError, causes};
use tidemark_store::port::{Bucket, Job};

use crate::error::corrupt;

/// How many bytes of buckets an answer has: in base64 somewhat less than Lambda
/// takes (6291556 bytes). A single bucket has at most 2 MB or so, 8 bytes for
/// each value that its quantiles keep.
const LONGEST: usize = 4_400_000;

/// What the function is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// What to run.
    pub job: Job,
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The earliest buckets, each in postcard, one after the other, in base64.
    buckets: String,
    /// Where the buckets lie that found no room.
    rest: Option<TimeRange>,
    /// Whether there are none because the store is busy.
    #[serde(default)]
    busy: bool,
}

impl Reply {
    /// Of the buckets of a job as many as fit, at least one. A failure that
    /// passes is an answer as well; of any other the function fails.
    pub fn new(job: &Job, calculated: Result<Vec<Bucket>>) -> Result<Self> {
        match calculated {
            Ok(buckets) => Self::cut(job, &buckets, LONGEST),
            Err(error) if error.kind() == Kind::Unavailable => {
                let error = causes(&error);
                tracing::warn!(error, "a calculation has to be tried again");
                Ok(Self {
                    buckets: String::new(),
                    rest: None,
                    busy: true,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the store was busy.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    pub(super) fn cut(job: &Job, buckets: &[Bucket], longest: usize) -> Result<Self> {
        let mut bytes = Vec::new();
        let mut rest = None;
        for bucket in buckets {
            let before = bytes.len();
            bytes = postcard::to_extend(bucket, bytes)
                .map_err(|e| corrupt("writing a bucket").because(e))?;
            if before > 0 && bytes.len() > longest {
                bytes.truncate(before);
                rest = TimeRange::new(bucket.start, job.range.to()).ok();
                break;
            }
        }
        Ok(Self {
            buckets: STANDARD.encode(bytes),
            rest,
            busy: false,
        })
    }

    /// The buckets, and where there are more.
    pub(super) fn read(self) -> Result<(Vec<Bucket>, Option<TimeRange>)> {
        fn broken(error: impl Error + Send + Sync + 'static) -> StoreError {
            corrupt("reading the buckets of a calculation").because(error)
        }
        let bytes = STANDARD.decode(self.buckets).map_err(broken)?;
        let mut left = bytes.as_slice();
        let mut buckets = Vec::new();
        while !left.is_empty() {
            let (bucket, after) = postcard::take_from_bytes(left).map_err(broken)?;
            buckets.push(bucket);
            left = after;
        }
        Ok((buckets, self.rest))
    }
}
