//! What is answered about series.

mod between;
mod buckets;
mod compare;
mod measurements;
mod meter_round_trip;
mod points;
mod series;
mod stats;
