//! What a caller shows to be let in.

/// What a caller shows, not yet looked at. It has no `Debug`, so that it is not
/// logged by mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// What begins as an API key does.
    Key(&'a str),
    /// Anything else that came as a bearer's token.
    Token(&'a str),
}
