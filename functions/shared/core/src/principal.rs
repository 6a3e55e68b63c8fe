//! Who is asking: one tenant and what it may do.

use crate::access::{Limits, Scope, Scopes};
use crate::name::Tenant;

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

    /// Whether it may do what wants a scope, or none.
    pub fn may(&self, scope: Option<Scope>) -> bool {
        scope.is_none_or(|scope| self.scopes.contains(scope))
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
            assert!(principal.may(None));
            for asked in Scope::ALL {
                assert_eq!(principal.may(Some(asked)), held == asked, "{held} {asked}");
            }
        }
        for scope in Scope::ALL {
            assert!(Principal::local().may(Some(scope)));
            assert!(!Principal::anyone().may(Some(scope)));
        }
        assert_eq!(Principal::local().tenant.as_str(), "local");
    }
}
