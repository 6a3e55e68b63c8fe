//! What is asked of series.

use http::HeaderMap;
use tidemark_core::grid::Grid;
use tidemark_core::name::{NameError, SeriesName};
use tidemark_core::stat::Stat;
use tidemark_core::time::Timestamp;

use super::Call;
use crate::accept::Media;
use crate::cursor::Paging;
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Order, Params, Span, missing};
use crate::problem::Problem;
use tidemark_formats::write::number::Decimals;

/// The most series of a page with details, each of which costs a look at its
/// points; also how many there are unless it is said.
pub const MAX_DETAILED: usize = 100;

/// What is answered of a series unless it is said.
const DEFAULT_STATS: [Stat; 2] = [Stat::Avg, Stat::Sum];

/// What stands in a bucket that holds no point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// There is no such bucket in the answer.
    #[default]
    None,
    /// Null.
    Null,
    /// What stood in the bucket before.
    Previous,
    /// What lies on the line between the buckets on either side.
    Linear,
    /// Zero.
    Zero,
}

impl Fill {
    /// The ways to fill, by name.
    pub const CHOICES: [(&'static str, Self); 5] = [
        ("none", Self::None),
        ("null", Self::Null),
        ("previous", Self::Previous),
        ("linear", Self::Linear),
        ("zero", Self::Zero),
    ];
}

/// `GET /api`.
#[derive(Debug, Clone)]
pub struct List {
    /// What the names begin with.
    pub prefix: Option<String>,
    /// Whether to tell about the points, too.
    pub details: bool,
    /// How the values of the details are rounded.
    pub decimals: Decimals,
    /// Which page; the position is the last name of the page before.
    pub paging: Paging<SeriesName>,
}

impl List {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let expected = "the beginning of a name: ASCII letters, digits and . _ : -";
        let prefix = params.take("prefix", expected, |text| {
            // `.` and `..` are no names, but names begin with them.
            let begins = matches!(SeriesName::check(text), Ok(()) | Err(NameError::Dots));
            begins.then(|| text.to_owned())
        })?;
        let details = params.take_flag("details")?;
        let decimals = params.take_decimals()?;
        let (default, max) = if details {
            (MAX_DETAILED, MAX_DETAILED)
        } else {
            (DEFAULT_LIMIT, MAX_LIMIT)
        };
        let paging = call.paging(&mut params, default, max)?;
        params.finish()?;
        Ok(Self {
            prefix,
            details,
            decimals,
            paging,
        })
    }
}

/// `GET /api/{name}`.
#[derive(Debug, Clone)]
pub struct Stats {
    /// Which series.
    pub series: SeriesName,
    /// Which points of it.
    pub span: Span,
    /// What is asked of them, in this order.
    pub stats: Vec<Stat>,
    /// How numbers are rounded.
    pub decimals: Decimals,
}

impl Stats {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.matched.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let stats = take_stats(&mut params)?;
        let decimals = params.take_decimals()?;
        params.finish()?;
        Ok(Self {
            series,
            span,
            stats,
            decimals,
        })
    }
}

/// `GET /api/{name}/points`.
#[derive(Debug, Clone)]
pub struct Points {
    /// Which series.
    pub series: SeriesName,
    /// Which points of it.
    pub span: Span,
    /// In which order.
    pub order: Order,
    /// How values are rounded.
    pub decimals: Decimals,
    /// Which page; the position is the time of the last point of the page before.
    pub paging: Paging<Timestamp>,
    /// What the answer is written in.
    pub media: Media,
}

impl Points {
    /// Reads the request and its header `Accept`.
    pub fn read(call: &Call<'_>, headers: &HeaderMap) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.matched.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let order = params.take_order()?;
        let decimals = params.take_decimals()?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            series,
            span,
            order,
            decimals,
            paging,
            media: Media::negotiate(headers)?,
        })
    }
}

/// `GET /api/{name}/buckets`.
#[derive(Debug, Clone)]
pub struct Buckets {
    /// Which series.
    pub series: SeriesName,
    /// Which points of it.
    pub span: Span,
    /// How time is cut into buckets.
    pub grid: Grid,
    /// What is asked of each bucket, in this order.
    pub stats: Vec<Stat>,
    /// What stands where there are no points.
    pub fill: Fill,
    /// How numbers are rounded.
    pub decimals: Decimals,
    /// Which page; the position is the start of the last bucket of the page
    /// before.
    pub paging: Paging<Timestamp>,
}

impl Buckets {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.matched.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let every = params
            .take_parsed("every")?
            .ok_or_else(|| missing("every"))?;
        let stats = take_stats(&mut params)?;
        let fill = params
            .take_choice("fill", &Fill::CHOICES)?
            .unwrap_or_default();
        let decimals = params.take_decimals()?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            series,
            span,
            grid: Grid { every, zone },
            stats,
            fill,
            decimals,
            paging,
        })
    }
}

/// `DELETE /api/{name}`.
#[derive(Debug, Clone)]
pub struct Delete {
    /// Which series.
    pub series: SeriesName,
    /// Which points of it; without an end on either side, the series itself.
    pub span: Span,
}

impl Delete {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let series = call.matched.series()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        params.finish()?;
        Ok(Self { series, span })
    }

    /// Whether the series itself is to go, not only points of it.
    pub const fn is_whole(&self) -> bool {
        self.span.from.is_none() && self.span.to.is_none()
    }
}

/// Takes `stats`: names with commas between them, each answered once, where it
/// is first named; `all` names those that are not named yet.
fn take_stats(params: &mut Params) -> Result<Vec<Stat>, Problem> {
    let mut choices: Vec<(&str, Option<Stat>)> =
        Stat::ALL.iter().map(|s| (s.as_str(), Some(*s))).collect();
    choices.push(("all", None));
    let Some(asked) = params.take_choices("stats", &choices)? else {
        return Ok(DEFAULT_STATS.to_vec());
    };
    let mut stats: Vec<Stat> = Vec::new();
    let mut add = |stat: Stat| {
        if !stats.contains(&stat) {
            stats.push(stat);
        }
    };
    for asked in asked {
        match asked {
            Some(stat) => add(stat),
            None => Stat::ALL.into_iter().for_each(&mut add),
        }
    }
    Ok(stats)
}
