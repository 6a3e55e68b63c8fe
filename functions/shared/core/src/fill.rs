//! What stands in buckets without points.

use serde::{Deserialize, Serialize};

/// What stands in a bucket that holds no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// There is no such bucket in the answer.
    #[default]
    None,
    /// Null.
    Null,
    /// What stood in the bucket before.
    Previous,
    /// What lies on the line between the buckets on either side.
    Linear,
    /// Zero.
    Zero,
}

impl Fill {
    /// The ways to fill, by name.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("null", Self::Null),
        ("previous", Self::Previous),
        ("linear", Self::Linear),
        ("zero", Self::Zero),
    ];
}
