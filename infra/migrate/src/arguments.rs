//! What the command line asks for.

use tidemark_core::name::Tenant;

pub(crate) const USAGE: &str = "\
usage: tidemark-migrate TENANT ...

Copies the points of these tenants from Timestream to DynamoDB, compares counts
and sums, and fails if they differ. What is copied twice is there once. Reads
TIDEMARK_TIMESTREAM_DATABASE, TIDEMARK_TIMESTREAM_TABLE, TIDEMARK_POINTS_TABLE
and TIDEMARK_CATALOG_TABLE, and what every AWS tool reads.";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To tell how it is used.
    Help,
    /// To move the points of these.
    Migration(Vec<Tenant>),
}

/// Reads the arguments; an error says what is wrong with which.
pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Asked, String> {
    let mut tenants = Vec::new();
    for argument in arguments {
        if argument == "--help" || argument == "-h" {
            return Ok(Asked::Help);
        }
        match argument.parse() {
            Ok(tenant) => tenants.push(tenant),
            Err(error) => return Err(format!("{argument:?} is no tenant: {error}")),
        }
    }
    if tenants.is_empty() {
        return Err("name the tenants".to_owned());
    }
    Ok(Asked::Migration(tenants))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arguments: &[&str]) -> Result<Asked, String> {
        read(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn tenants_are_taken_in_order() {
        let named = |names: &[&str]| {
            let tenants = names.iter().map(|&name| Tenant::new(name).unwrap());
            Ok(Asked::Migration(tenants.collect()))
        };
        assert_eq!(of(&["local"]), named(&["local"]));
        assert_eq!(of(&["b", "a"]), named(&["b", "a"]));
    }

    #[test]
    fn what_is_no_tenant_is_named() {
        let error = of(&["local", "a/b"]).unwrap_err();
        assert!(error.starts_with("\"a/b\" is no tenant: "), "{error}");
        assert!(of(&[""]).is_err());
        assert!(of(&[]).is_err());
    }

    #[test]
    fn help_is_asked_for_anywhere() {
        assert_eq!(of(&["--help"]), Ok(Asked::Help));
        assert_eq!(of(&["local", "-h"]), Ok(Asked::Help));
    }
}
