//! The query string, read by taking: a handler takes each parameter that it
//! knows, in its type, and [`Params::finish`] refuses what is left. So nothing
//! that a client sends is ignored.

use std::fmt::Display;
use std::str::FromStr;

use chrono_tz::Tz;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::{TimeRange, Timestamp};

use crate::cursor::Paging;
use crate::percent;
use crate::problem::Problem;

/// The most rows of a page.
pub const MAX_LIMIT: usize = 50_000;
/// The rows of a page unless it is said.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The most decimals that a number can be rounded to.
pub const MAX_DECIMALS: u8 = 15;

/// In which order points come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The earliest first.
    #[default]
    Ascending,
    /// The latest first.
    Descending,
}

/// The stretch of time that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, if that was said.
    pub from: Option<Timestamp>,
    /// Where it ends, if that was said; included.
    pub to: Option<Timestamp>,
    /// The same as a range.
    pub range: TimeRange,
}

/// The parameters of a query that have not been taken yet.
#[derive(Debug, Clone)]
pub struct Params {
    given: Vec<Given>,
    known: Vec<&'static str>,
}

#[derive(Debug, Clone)]
struct Given {
    name: String,
    value: String,
    taken: bool,
}

impl Params {
    /// Decodes a query string. 400 if it is not percent-encoded UTF-8, or a
    /// parameter is empty or given twice.
    pub fn parse(query: Option<&str>) -> Result<Self, Problem> {
        let mut given: Vec<Given> = Vec::new();
        for pair in query.unwrap_or_default().split('&') {
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| {
                percent::decode_query(text).map_err(|_| {
                    Problem::invalid_parameter("the query is not percent-encoded UTF-8")
                })
            };
            let (name, value) = (decode(name)?, decode(value)?);
            if value.is_empty() {
                return Err(invalid(format!("{} is empty", quote(&name))));
            }
            if given.iter().any(|g| g.name == name) {
                return Err(invalid(format!("{} is given twice", quote(&name))));
            }
            given.push(Given {
                name,
                value,
                taken: false,
            });
        }
        Ok(Self {
            given,
            known: Vec::new(),
        })
    }

    /// Takes a parameter as it is.
    pub fn take_text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let given = self.given.iter_mut().find(|g| g.name == name)?;
        given.taken = true;
        Some(given.value.clone())
    }

    /// Takes a parameter of the form that `parse` reads; `expected` says it in
    /// words.
    pub fn take<T>(
        &mut self,
        name: &'static str,
        expected: impl Display,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        match parse(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(unexpected(name, expected, &text)),
        }
    }

    /// Takes a parameter of a type that says itself what is wrong.
    pub fn take_parsed<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, Problem> {
        let text = self.take_text(name);
        let parse = |text: String| {
            text.parse()
                .map_err(|e| invalid(format!("`{name}` is {}: {e}", quote(&text))))
        };
        text.map(parse).transpose()
    }

    /// Takes one of `choices`.
    pub fn take_choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let expected = || one_of(choices.iter().map(|(text, _)| *text));
        self.take(name, format!("one of {}", expected()), |text| {
            let mut choices = choices.iter();
            choices.find(|(t, _)| *t == text).map(|(_, value)| *value)
        })
    }

    /// Takes a list of `choices` with commas between them.
    pub fn take_choices<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<Vec<T>>, Problem> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let one = |text: &str| {
            let found = choices.iter().find(|(t, _)| *t == text);
            let expected = || one_of(choices.iter().map(|(text, _)| *text));
            found.map(|(_, value)| *value).ok_or_else(|| {
                let expected = format!("a list, with commas, of any of {}", expected());
                unexpected(name, expected, text)
            })
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Some)
    }

    /// Takes `true` or `false`, which is also the default.
    pub fn take_flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        let choices = [("true", true), ("false", false)];
        Ok(self.take_choice(name, &choices)?.unwrap_or(false))
    }

    /// Takes a whole number between `min` and `max`.
    pub fn take_integer(
        &mut self,
        name: &'static str,
        min: usize,
        max: usize,
    ) -> Result<Option<usize>, Problem> {
        let expected = format!("a whole number from {min} to {max}");
        self.take(name, expected, |text| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            let number = digits.then(|| text.parse().ok()).flatten()?;
            (min..=max).contains(&number).then_some(number)
        })
    }

    /// Takes `decimals`.
    pub fn take_decimals(&mut self) -> Result<Option<u8>, Problem> {
        let decimals = self.take_integer("decimals", 0, usize::from(MAX_DECIMALS))?;
        Ok(decimals.and_then(|d| u8::try_from(d).ok()))
    }

    /// Takes the name of a series.
    pub fn take_series(&mut self, name: &'static str) -> Result<Option<SeriesName>, Problem> {
        self.take_parsed(name)
    }

    /// Takes `order`.
    pub fn take_order(&mut self) -> Result<Order, Problem> {
        let choices = [("asc", Order::Ascending), ("desc", Order::Descending)];
        Ok(self.take_choice("order", &choices)?.unwrap_or_default())
    }

    /// Takes `tz`, by default UTC.
    pub fn take_zone(&mut self) -> Result<Tz, Problem> {
        let expected = "the name of a time zone, as `Europe/Zurich`";
        let zone = self.take("tz", expected, |text| text.parse().ok())?;
        Ok(zone.unwrap_or(Tz::UTC))
    }

    /// Takes an instant; a date is its first instant in `zone`.
    pub fn take_instant(
        &mut self,
        name: &'static str,
        zone: Tz,
    ) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let explain = |e| {
            // A plus that was not escaped has become a space.
            let hint = if text.contains(' ') {
                " (in a query a `+` is written `%2B`)"
            } else {
                ""
            };
            invalid(format!("`{name}` is {}: {e}{hint}", quote(&text)))
        };
        Timestamp::parse(&text, zone).map(Some).map_err(explain)
    }

    /// Takes `from` and `to`, or `start` and `end`, which mean the same.
    pub fn take_span(&mut self, zone: Tz) -> Result<Span, Problem> {
        let from = self.take_either("from", "start", zone)?;
        let to = self.take_either("to", "end", zone)?;
        let range = TimeRange::new(from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX))
            .map_err(|e| invalid(e.to_string()))?;
        Ok(Span { from, to, range })
    }

    fn take_either(
        &mut self,
        name: &'static str,
        synonym: &'static str,
        zone: Tz,
    ) -> Result<Option<Timestamp>, Problem> {
        let one = self.take_instant(name, zone)?;
        let other = self.take_instant(synonym, zone)?;
        if one.is_some() && other.is_some() {
            let text = format!("`{name}` and `{synonym}` mean the same: give one of them");
            return Err(invalid(text));
        }
        Ok(one.or(other))
    }

    /// Takes `limit` (1 to `max`) and `cursor`, for the rows of `path` that
    /// belong to `tenant`.
    pub fn take_paging<P: Serialize + DeserializeOwned>(
        &mut self,
        tenant: &Tenant,
        path: &str,
        default: usize,
        max: usize,
    ) -> Result<Paging<P>, Problem> {
        let limit = self.take_integer("limit", 1, max)?.unwrap_or(default);
        let cursor = self.take_text("cursor");
        let others: Vec<_> = self
            .given
            .iter()
            .map(|g| (g.name.as_str(), g.value.as_str()))
            .filter(|(name, _)| *name != "cursor")
            .collect();
        Paging::new(tenant, path, &others, limit, cursor.as_deref())
    }

    /// 400 if a parameter is left that nobody took.
    pub fn finish(self) -> Result<(), Problem> {
        let left: Vec<_> = self
            .given
            .iter()
            .filter(|g| !g.taken)
            .map(|g| quote(&g.name))
            .collect();
        if left.is_empty() {
            return Ok(());
        }
        let known = match self.known.as_slice() {
            [] => "this path has no parameters".to_owned(),
            known => format!("this path knows {}", one_of(known.iter().copied())),
        };
        let left = left.join(", ");
        Err(invalid(format!("unknown parameter {left}; {known}")))
    }
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::invalid_parameter(detail)
}

/// 400: `name` is not of the form that is asked for.
pub fn unexpected(name: &str, expected: impl Display, text: &str) -> Problem {
    invalid(format!("`{name}` must be {expected}, not {}", quote(text)))
}

/// 400: `name` has to be given.
pub fn missing(name: &str) -> Problem {
    invalid(format!("`{name}` is missing"))
}

/// The longest text of a client that is repeated to it, in characters.
const LONGEST_ECHO: usize = 64;

fn quote(text: &str) -> String {
    match text.char_indices().nth(LONGEST_ECHO) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

fn one_of<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts
        .map(|text| format!("`{text}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(query: &str) -> Params {
        Params::parse(Some(query)).unwrap()
    }

    fn detail<T: std::fmt::Debug>(result: Result<T, Problem>) -> String {
        let problem = result.unwrap_err();
        assert_eq!(problem.kind().status(), 400);
        problem.detail().to_owned()
    }

    #[test]
    fn the_query_string_itself() {
        for (query, expected) in [
            ("a", "`a` is empty"),
            ("a=", "`a` is empty"),
            ("a=1&b=2&%61=3", "`a` is given twice"),
            ("a=%zz", "the query is not percent-encoded UTF-8"),
            ("%ff=1", "the query is not percent-encoded UTF-8"),
            (
                &format!("{}=", "ä".repeat(70)),
                &format!("`{}...` is empty", "ä".repeat(64)),
            ),
        ] {
            assert_eq!(detail(Params::parse(Some(query))), expected, "{query}");
        }
        for nothing in [None, Some(""), Some("&")] {
            assert_eq!(Params::parse(nothing).unwrap().finish(), Ok(()));
        }
        let mut decoded = params("a=b+c%2Bd%3D=e");
        assert_eq!(decoded.take_text("a").as_deref(), Some("b c+d==e"));
    }

    #[test]
    fn what_nobody_takes_is_unknown() {
        let mut some = params("limit=5&lim=5&foo=1");
        some.take_integer("limit", 1, 9).unwrap();
        some.take_flag("strict").unwrap();
        assert_eq!(
            detail(some.finish()),
            "unknown parameter `lim`, `foo`; this path knows `limit`, `strict`"
        );
        assert_eq!(
            detail(params("x=1").finish()),
            "unknown parameter `x`; this path has no parameters"
        );
    }

    #[test]
    fn each_type_says_what_it_expects() {
        type Take = fn(&mut Params) -> Result<(), Problem>;
        let cases: [(&str, Take, &str); 12] = [
            (
                "limit=0",
                |p| p.take_integer("limit", 1, 9).map(drop),
                "`limit` must be a whole number from 1 to 9, not `0`",
            ),
            (
                "limit=10",
                |p| p.take_integer("limit", 1, 9).map(drop),
                "`limit` must be a whole number from 1 to 9, not `10`",
            ),
            (
                "limit=%2B1",
                |p| p.take_integer("limit", 1, 9).map(drop),
                "`limit` must be a whole number from 1 to 9, not `+1`",
            ),
            (
                "limit=99999999999999999999999",
                |p| p.take_integer("limit", 1, 9).map(drop),
                "`limit` must be a whole number from 1 to 9, not `99999999999999999999999`",
            ),
            (
                "decimals=16",
                |p| p.take_decimals().map(drop),
                "`decimals` must be a whole number from 0 to 15, not `16`",
            ),
            (
                "strict=yes",
                |p| p.take_flag("strict").map(drop),
                "`strict` must be one of `true`, `false`, not `yes`",
            ),
            (
                "order=up",
                |p| p.take_order().map(drop),
                "`order` must be one of `asc`, `desc`, not `up`",
            ),
            (
                "tz=Mars/Olympus",
                |p| p.take_zone().map(drop),
                "`tz` must be the name of a time zone, as `Europe/Zurich`, not `Mars/Olympus`",
            ),
            (
                "series=a/b",
                |p| p.take_series("series").map(drop),
                "`series` is `a/b`: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else",
            ),
            (
                "from=now",
                |p| p.take_span(Tz::UTC).map(drop),
                "`from` is `now`: not a time: write epoch seconds, RFC 3339 with an offset, or a date",
            ),
            (
                "to=2023-02-01T00:00:00+01:00",
                |p| p.take_span(Tz::UTC).map(drop),
                "`to` is `2023-02-01T00:00:00 01:00`: not a time: write epoch seconds, RFC 3339 with an offset, or a date (in a query a `+` is written `%2B`)",
            ),
            (
                "x=a,,b",
                |p| p.take_choices("x", &[("a", 1), ("b", 2)]).map(drop),
                "`x` must be a list, with commas, of any of `a`, `b`, not ``",
            ),
        ];
        for (query, take, expected) in cases {
            assert_eq!(detail(take(&mut params(query))), expected);
        }
    }

    #[test]
    fn each_type_is_read() {
        let mut all = params("limit=7&decimals=15&strict=true&order=desc&tz=Europe/Zurich&x=b,a");
        assert_eq!(all.take_integer("limit", 1, 7), Ok(Some(7)));
        assert_eq!(all.take_decimals(), Ok(Some(15)));
        assert_eq!(all.take_flag("strict"), Ok(true));
        assert_eq!(all.take_order(), Ok(Order::Descending));
        assert_eq!(all.take_zone(), Ok(Tz::Europe__Zurich));
        assert_eq!(
            all.take_choices("x", &[("a", 1), ("b", 2)]),
            Ok(Some(vec![2, 1]))
        );
        assert_eq!(all.finish(), Ok(()));
        let mut none = params("");
        assert_eq!(none.take_decimals(), Ok(None));
        assert_eq!(none.take_flag("strict"), Ok(false));
        assert_eq!(none.take_order(), Ok(Order::Ascending));
        assert_eq!(none.take_zone(), Ok(Tz::UTC));
    }

    #[test]
    fn spans() {
        let span = |query: &str, zone| params(query).take_span(zone);
        let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
        let whole = span("", Tz::UTC).unwrap();
        assert_eq!(
            (whole.from, whole.to, whole.range),
            (None, None, TimeRange::ALL)
        );
        let both = span("from=13515551&end=1970-06-06T10:19:14Z", Tz::UTC).unwrap();
        assert_eq!(
            both.range,
            TimeRange::new(at(13_515_551), at(13_515_554)).unwrap()
        );
        let local = span("start=2023-02-01", Tz::Europe__Zurich).unwrap();
        assert_eq!(local.from, Some(at(1_675_206_000)));
        assert!(span("from=5&to=5", Tz::UTC).is_ok());
        assert_eq!(
            detail(span("from=6&to=5", Tz::UTC)),
            "`from` is later than `to`"
        );
        assert_eq!(
            detail(span("from=1&start=1", Tz::UTC)),
            "`from` and `start` mean the same: give one of them"
        );
        assert_eq!(
            detail(span("to=1&end=2", Tz::UTC)),
            "`to` and `end` mean the same: give one of them"
        );
    }

    #[test]
    fn pages() {
        let paging = |query: &str| {
            let mut params = params(query);
            params.take_span(Tz::UTC)?;
            let paging = params.take_paging::<u64>(&Tenant::local(), "/api/a", 10, 20)?;
            params.finish()?;
            Ok(paging)
        };
        let first = paging("from=1").unwrap();
        assert_eq!((first.limit, first.after), (10, None));
        let link = first.next(&99).unwrap();
        let link = link.to_str().unwrap();
        let query = link.strip_prefix("</api/a?").unwrap();
        let query = query.strip_suffix(">; rel=\"next\"").unwrap();
        assert_eq!(paging(query).unwrap().after, Some(99));
        assert_eq!(paging(&format!("{query}&limit=20")).unwrap().limit, 20);
        assert_eq!(
            detail(paging("limit=21")),
            "`limit` must be a whole number from 1 to 20, not `21`"
        );
        assert_eq!(
            detail(paging(&format!("{query}&to=5"))),
            "`cursor` is not one that was answered to this query: take it from the header `Link` of the page before, and keep all other parameters but `limit`"
        );
    }

    proptest! {
        #[test]
        fn any_query_is_answered(query in "[a-z&=%+0-9]{0,40}|\\PC{0,40}") {
            if let Ok(params) = Params::parse(Some(&query)) {
                let _ = params.finish();
            }
        }
    }
}
