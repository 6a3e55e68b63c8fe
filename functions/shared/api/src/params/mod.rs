//! The query string, read by taking: a handler takes each parameter that it
//! knows, in its type, and [`Params::finish`] refuses what is left. So nothing
//! that a client sends is ignored.

mod stats;

pub(crate) use stats::ALL;

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::{Span, Timestamp};
use tidemark_core::zone::Zone;
use tidemark_ports::Order;

use crate::cursor::Paging;
use crate::percent;
use crate::problem::Problem;

/// The most rows of a page.
pub const MAX_LIMIT: usize = 50_000;
/// The rows of a page unless it is said.
pub const DEFAULT_LIMIT: usize = 10_000;
/// The most decimals that a number can be rounded to.
pub const MAX_DECIMALS: u8 = 15;

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

    /// Takes a list of such, with commas between them.
    pub fn take_list<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<T>>, Problem> {
        let Some(text) = self.take_text(name) else {
            return Ok(None);
        };
        let parse = |text: &str| {
            text.parse()
                .map_err(|e| invalid(format!("`{name}` names {}: {e}", quote(text))))
        };
        text.split(',')
            .map(parse)
            .collect::<Result<_, _>>()
            .map(Some)
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
            // As JSON writes it.
            let is_one =
                text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
            let number = is_one.then(|| text.parse().ok()).flatten()?;
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
        let order = self.take_choice("order", &choices)?;
        Ok(order.unwrap_or(Order::Ascending))
    }

    /// Takes `tz`, by default UTC.
    pub fn take_zone(&mut self) -> Result<Zone, Problem> {
        let expected = "the name of a time zone, as `Europe/Zurich`";
        let zone = self.take("tz", expected, |text| text.parse().ok())?;
        Ok(zone.unwrap_or(Zone::UTC))
    }

    /// Takes an instant; a date is its first instant in `zone`.
    pub fn take_instant(
        &mut self,
        name: &'static str,
        zone: Zone,
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
    pub fn take_span(&mut self, zone: Zone) -> Result<Span, Problem> {
        let from = self.take_either("from", "start", zone)?;
        let to = self.take_either("to", "end", zone)?;
        Span::new(from, to).map_err(|e| invalid(e.to_string()))
    }

    fn take_either(
        &mut self,
        name: &'static str,
        synonym: &'static str,
        zone: Zone,
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

/// 400: what is wrong with the parameters.
pub fn invalid(detail: impl Into<String>) -> Problem {
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
mod tests;
