//! How much a question may be about, as whoever runs the service says.

/// How much one question across series may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuestionBounds {
    /// How many series.
    pub series: usize,
    /// How many points of them.
    pub points: u64,
}
