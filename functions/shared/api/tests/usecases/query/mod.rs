//! What is answered about series.

mod buckets;
mod measurements;
mod points;
mod series;
mod stats;
