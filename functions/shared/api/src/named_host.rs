//! The host that a request is for, as a client writes it.

use std::net::{IpAddr, Ipv6Addr};

use crate::percent;

/// A host, and perhaps a port: what `Host`, a target in absolute form and an origin
/// name (RFC 9110, 4.2 and 7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedHost {
    /// In lower case; an IPv6 address without its brackets.
    name: String,
    port: Option<u16>,
}

impl NamedHost {
    /// None where it is empty, has a user before it, or is of another form.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (name, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (address.to_string(), port)
        } else {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let is_name = !name.is_empty() && name.bytes().all(stands_in_name);
            if !is_name || percent::decode(name).is_err() {
                return None;
            }
            (name.to_ascii_lowercase(), port)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            // `parse` takes a sign as well.
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { name, port })
    }

    /// Whether it is this machine by a name that no other has.
    pub fn is_loopback(&self) -> bool {
        let address = self.name.parse::<IpAddr>();
        self.name == "localhost"
            || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// Whether a page of this origin comes from here, by HTTP without TLS.
    pub fn is_origin(&self, origin: &[u8]) -> bool {
        const SCHEME: &[u8] = b"http://";
        let port = |host: &Self| host.port.unwrap_or(80);
        origin
            .split_at_checked(SCHEME.len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME))
            .and_then(|(_, named)| Self::parse(named))
            .is_some_and(|from| from.name == self.name && port(&from) == port(self))
    }
}

/// What a registered name is made of (RFC 3986, 3.2.2).
fn stands_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<NamedHost> {
        NamedHost::parse(text.as_bytes())
    }

    #[test]
    fn hosts_are_read() {
        for (text, name, port) in [
            ("localhost", "localhost", None),
            ("LocalHost:3411", "localhost", Some(3411)),
            ("localhost:", "localhost", None),
            ("127.0.0.1:080", "127.0.0.1", Some(80)),
            ("[::1]", "::1", None),
            ("[0:0::A]:65535", "::a", Some(65535)),
            ("a_b.ex%41mple.net", "a_b.ex%41mple.net", None),
        ] {
            let name = name.to_owned();
            assert_eq!(parse(text), Some(NamedHost { name, port }), "{text}");
        }
        for wrong in [
            "",
            ":80",
            "user@localhost",
            "user:pass@localhost:80",
            "http://localhost",
            "localhost/",
            "local host",
            "localhost:http",
            "localhost:+80",
            "localhost:-1",
            "localhost:65536",
            "localhost:80:80",
            "::1",
            "[::1",
            "[]",
            "[localhost]",
            "[::1]80",
            "[::1%25lo]",
            "ex%4",
            "ex%ff",
            "caf\u{e9}",
            "a\"b",
            "a?b",
            "a#b",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(NamedHost::parse(b"\xff"), None);
    }

    #[test]
    fn names_of_this_machine_are_known() {
        for loopback in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(parse(loopback).unwrap().is_loopback(), "{loopback}");
        }
        for other in [
            "localhost.evil.net",
            "127.0.0.1.evil.net",
            "0.0.0.0",
            "[::2]",
        ] {
            assert!(!parse(other).unwrap().is_loopback(), "{other}");
        }
    }

    #[test]
    fn origins_are_compared_as_they_are_meant() {
        for (host, origin, is_own) in [
            ("localhost:3000", "http://localhost:3000", true),
            ("LOCALHOST:3000", "HTTP://LocalHost:3000", true),
            ("localhost", "http://localhost:80", true),
            ("localhost:80", "http://localhost", true),
            ("[::1]:3000", "http://[0::1]:3000", true),
            ("localhost:3000", "http://localhost", false),
            ("localhost:3000", "https://localhost:3000", false),
            ("localhost:3000", "http://127.0.0.1:3000", false),
            ("localhost:3000", "http://localhost:3000/", false),
            ("localhost:3000", "http://a@localhost:3000", false),
            ("localhost:3000", "localhost:3000", false),
            ("localhost", "null", false),
            ("localhost", "", false),
        ] {
            let host = parse(host).unwrap();
            assert_eq!(
                host.is_origin(origin.as_bytes()),
                is_own,
                "{host:?} {origin}"
            );
        }
    }
}
