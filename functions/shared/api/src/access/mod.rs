//! The one layer in front of every handler, in both hosts: it finds out who is
//! asking, whether the route is open to them, and marks what is answered. Whom to
//! let in is decided behind [`Guard`].

mod cors;
mod credential;
mod gate;
mod origin;

pub use cors::{Cors, NoOrigin};
pub use credential::Credential;
pub use gate::{Gate, Guard, Refusal};
