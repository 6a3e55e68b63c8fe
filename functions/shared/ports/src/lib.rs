//! The ports: what the use cases are written against. Each says what an
//! implementer must do; the suite of the same name in `tidemark-conformance`
//! shows whether it does.
//!
//! All calls may be made concurrently. A call that fails with
//! [`Kind::Unavailable`](error::Kind::Unavailable) may have been carried out all
//! the same, and can be made again.

mod allowance;
mod bounds;
pub mod calculator;
mod catalog;
pub mod clock;
pub mod deadline;
mod discards;
pub mod error;
mod history;
mod keys;
mod points;
mod queue;
pub mod slots;
mod source;

pub use allowance::{Allowance, Excess};
pub use bounds::QuestionBounds;
pub use calculator::{
    Bucket, Calculator, Group, GroupJob, GroupSlot, Job, Member, Reduction, SlotContent, Slots,
};
pub use catalog::{Catalog, Registration, Series};
pub use clock::{Clock, SystemClock};
pub use discards::{DiscardCount, DiscardFilter, DiscardLog};
pub use history::{LoggedQuery, QueryLog};
pub use keys::KeyStore;
pub use points::{Extent, Order, Page, PointStore, Refusal, Scan, Summarize};
pub use queue::Queue;
pub use source::{DataServer, Fetched};
