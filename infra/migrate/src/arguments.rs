//! What the command line asks for.

use clap::Parser;
use tidemark_core::name::Tenant;

const VARIABLES: &str = "\
Reads TIDEMARK_TIMESTREAM_DATABASE, TIDEMARK_TIMESTREAM_TABLE, TIDEMARK_POINTS_TABLE
and TIDEMARK_CATALOG_TABLE, and what every AWS tool reads.";

/// Copies the points of tenants from Timestream to DynamoDB, compares counts and
/// sums, and fails if they differ. What is copied twice is there once.
#[derive(Debug, Parser)]
#[command(name = "tidemark-migrate", after_help = VARIABLES)]
pub(crate) struct Arguments {
    /// Whose points are copied, one tenant after the other.
    #[arg(required = true, value_name = "TENANT")]
    pub(crate) tenants: Vec<Tenant>,
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn of(arguments: &[&str]) -> Result<Vec<Tenant>, clap::Error> {
        let program = ["tidemark-migrate"].iter();
        Arguments::try_parse_from(program.chain(arguments)).map(|read| read.tenants)
    }

    #[test]
    fn tenants_are_taken_in_order() {
        for names in [&["local"][..], &["b", "a"]] {
            let expected = names.iter().map(|&name| Tenant::new(name).unwrap());
            assert_eq!(of(names).unwrap(), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_no_tenant_is_named() {
        let error = of(&["local", "a/b"]).unwrap_err();
        assert!(
            error.to_string().contains("'a/b' for '<TENANT>...'"),
            "{error}"
        );
        assert!(of(&[""]).is_err());
        let error = of(&[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
    }

    #[test]
    fn help_is_asked_for_anywhere() {
        for arguments in [&["--help"][..], &["local", "-h"]] {
            assert_eq!(of(arguments).unwrap_err().kind(), ErrorKind::DisplayHelp);
        }
    }
}
