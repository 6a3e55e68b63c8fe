//! The command line: where to listen, what to produce, how to misbehave.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Parser;

/// Stand-in for the external data server.
///
/// `GET /` answers 200 with one message, or 404 when none is waiting. Asking is
/// destructive: each message is served once. Messages wait, however long, until
/// they are fetched; none is dropped. A share is a number from 0 to 1; the
/// shares of kinds of messages together are at most 1, and what they leave is
/// valid and has no tags. The same seed and flags give the same sequence of
/// messages, apart from their times.
#[derive(Debug, Clone, Parser)]
#[command(name = "data-server", version)]
pub(crate) struct Options {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,

    /// Port to listen on; 0 takes a free one, which the first line of output names.
    #[arg(long, default_value_t = 28462)]
    pub(crate) port: u16,

    /// Messages a second that become ready: 0 (none but the backlog), or 0.000001
    /// to 100000. Up to 1, times are whole seconds; above, they have microseconds.
    #[arg(long, default_value_t = 1.0, value_parser = rate)]
    pub(crate) rate: f64,

    /// Messages that are ready at the start, with times within the second before
    /// it; at most 1000000.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub(crate) backlog: u64,

    /// Messages in all, the backlog included, after which the answer stays 404;
    /// 0 for no end.
    #[arg(long, default_value_t = 0)]
    pub(crate) count: u64,

    /// Seed of everything that is drawn.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,

    /// What the messages are.
    #[command(flatten)]
    pub(crate) shares: Shares,

    /// How the answers go wrong.
    #[command(flatten)]
    pub(crate) faults: Faults,

    /// File to which a line is appended for each message served, `-` for stdout:
    /// `{"n": 0, "kind": "system", "reasons": ["system"], "payload": "<base64>"}`,
    /// for a malformed one also its `defect`. `reasons` are those for which it
    /// should be discarded; none if it is valid.
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

/// Shares of the messages.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Shares {
    /// Share tagged `system`.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) system: f64,

    /// Share tagged `suspect`.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) suspect: f64,

    /// Share tagged `system` and `suspect`.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) both: f64,

    /// Share of valid messages with one to three other tags.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) other_tags: f64,

    /// Share at least two hours old when it becomes ready.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) too_old: f64,

    /// Share that is as old and tagged `suspect`.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) too_old_suspect: f64,

    /// Share that is malformed, one way or another: broken JSON, wrong types,
    /// missing fields, values that are not finite, times out of range, bytes
    /// that are not UTF-8, nothing at all.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) malformed: f64,

    /// Share of the well-formed messages whose value is a plain JSON number
    /// rather than four bytes.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) plain: f64,
}

/// Shares of the requests.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Faults {
    /// Share of requests answered 500; no message is lost by it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) errors: f64,

    /// Share of requests that hang before they are answered. A client that gives
    /// up meanwhile has taken no message.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub(crate) stalls: f64,

    /// How long such a request hangs, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub(crate) stall_ms: u64,
}

impl Shares {
    /// What is wrong with the shares taken together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let sum = self.system
            + self.suspect
            + self.both
            + self.other_tags
            + self.too_old
            + self.too_old_suspect
            + self.malformed;
        // Ten shares of 0.1 may add up to a little more than 1.
        if sum > 1.0 + 1e-9 {
            return Err(format!(
                "the shares of system, suspect, both, other-tags, too-old, too-old-suspect \
                 and malformed messages add up to {sum}, which is more than 1"
            ));
        }
        Ok(())
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate == 0.0 || (1e-6..=1e5).contains(&rate) => Ok(rate),
        _ => Err("a rate is 0, or a number from 0.000001 to 100000".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(args: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from(["data-server"].iter().chain(args))
    }

    #[test]
    fn flags_are_consistent() {
        Options::command().debug_assert();
        let options = parse(&[]).unwrap();
        assert_eq!(options.port, 28462);
        assert_eq!(options.rate, 1.0);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for bad in ["-0.1", "1.1", "NaN", "inf", "x", ""] {
            assert!(parse(&["--system", bad]).is_err(), "{bad}");
        }
        for bad in ["-1", "1e-7", "100001", "NaN"] {
            assert!(parse(&["--rate", bad]).is_err(), "{bad}");
        }
        assert!(parse(&["--backlog", "1000001"]).is_err());
    }

    #[test]
    fn kinds_exclude_each_other() {
        let shares = |args: &[&str]| parse(args).unwrap().shares.check();
        assert!(shares(&["--system", "0.6", "--malformed", "0.4"]).is_ok());
        assert!(shares(&["--system", "0.6", "--malformed", "0.5"]).is_err());
        // `plain` is a share of the well-formed ones, whatever their kind.
        assert!(shares(&["--system", "1", "--plain", "1"]).is_ok());
    }
}
