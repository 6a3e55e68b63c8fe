//! Who is asking: one tenant and what it may do.

use std::fmt;

use tidemark_core::name::Tenant;

use crate::problem::Problem;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Ask about series.
    Read,
    /// Add and delete points.
    Write,
    /// See and replay discards.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As it is written in keys and tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether `scope` is one of them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, s| set | 1 << s as u8))
    }
}

/// The caller of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose series it sees; all others do not exist for it.
    pub tenant: Tenant,
    /// What it may do with them.
    pub scopes: Scopes,
}

impl Principal {
    /// Everybody, where authentication is off: the tenant `local` with all
    /// scopes.
    pub fn local() -> Self {
        Self {
            tenant: Tenant::local(),
            scopes: Scope::ALL.into_iter().collect(),
        }
    }

    /// Refuses (403) a caller that lacks the scope of a route.
    pub fn require(&self, scope: Option<Scope>) -> Result<(), Problem> {
        match scope {
            Some(scope) if !self.scopes.contains(scope) => Err(Problem::forbidden(scope)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_do_not_imply_each_other() {
        for held in Scope::ALL {
            let principal = Principal {
                scopes: [held].into_iter().collect(),
                ..Principal::local()
            };
            assert_eq!(principal.require(None), Ok(()));
            for asked in Scope::ALL {
                let answer = principal.require(Some(asked));
                assert_eq!(answer.is_ok(), held == asked, "{held} {asked}");
            }
        }
        assert!(
            Scope::ALL
                .iter()
                .all(|s| Principal::local().require(Some(*s)).is_ok())
        );
        assert_eq!(Principal::local().tenant.as_str(), "local");
    }
}
