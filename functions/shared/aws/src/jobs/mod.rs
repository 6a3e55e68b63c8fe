//! What is done beside the answers to requests: the compaction of points in
//! `DynamoDB`, and their migration from Timestream.

pub(crate) mod compactor;
pub(crate) mod migration;
