//! Who is asking: one tenant and what it may do.

pub use tidemark_core::access::{Limits, Scope, Scopes};
use tidemark_core::name::Tenant;

use crate::problem::Problem;

/// The caller of a handler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose series it sees; all others do not exist for it.
    pub tenant: Tenant,
    /// What it may do with them.
    pub scopes: Scopes,
    /// Who it is, for the log: `key <id>`, `token <subject>`.
    pub name: String,
    /// How much of it; None where nobody counts.
    pub limits: Option<Limits>,
}

impl Principal {
    /// Everybody, where authentication is off: the tenant `local` with all
    /// scopes.
    pub fn local() -> Self {
        Self {
            tenant: Tenant::local(),
            scopes: Scope::ALL.into_iter().collect(),
            name: "anyone".to_owned(),
            limits: None,
        }
    }

    /// Who need not say who it is, as the route wants nothing.
    pub fn anyone() -> Self {
        Self {
            scopes: Scopes::default(),
            ..Self::local()
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
        for scope in Scope::ALL {
            assert!(Principal::local().require(Some(scope)).is_ok());
            assert!(Principal::anyone().require(Some(scope)).is_err());
        }
        assert_eq!(Principal::local().tenant.as_str(), "local");
    }
}
