//! Which media type an answer comes in (RFC 9110, 12.5.1).

use http::header::{ACCEPT, VARY};
use http::{HeaderMap, HeaderValue, Response};
use tidemark_formats::Syntax;

use crate::problem::Problem;
use crate::route::Answered;

/// The media types that rows of points come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Media {
    /// A JSON array.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
}

impl Media {
    /// Every media type, the one for those who do not care first.
    pub const ALL: [Self; 3] = [Self::Json, Self::Ndjson, Self::Csv];

    /// Type and subtype, in small letters.
    pub const fn essence(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }

    /// How rows are written.
    pub const fn syntax(self) -> Syntax {
        match self {
            Self::Json => Syntax::Json,
            Self::Ndjson => Syntax::Ndjson,
            Self::Csv => Syntax::Csv,
        }
    }

    /// The value of `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json | Self::Ndjson => self.essence(),
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// The one that the headers ask for: that of the highest quality; among
    /// equals the one named first; JSON if nothing is said. 406 if none is
    /// accepted. A member of `Accept` that is not a media range is passed over.
    pub fn negotiate(headers: &HeaderMap) -> Result<Self, Problem> {
        let ranges: Vec<Range> = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(Range::parse)
            .collect();
        if ranges.is_empty() {
            return Ok(Self::Json);
        }
        let mut best: Option<(u16, usize, Self)> = None;
        for media in Self::ALL {
            // The most specific range speaks for a media type.
            let speaks = ranges
                .iter()
                .enumerate()
                .filter(|(_, range)| range.admits(media))
                .max_by_key(|(at, range)| (range.precision, std::cmp::Reverse(*at)));
            let Some((at, range)) = speaks else { continue };
            let better = best.is_none_or(|(q, first, _)| {
                range.quality > q || (range.quality == q && at < first)
            });
            if range.quality > 0 && better {
                best = Some((range.quality, at, media));
            }
        }
        match best {
            Some((_, _, media)) => Ok(media),
            None => Err(Problem::not_acceptable(&Self::ALL.map(Self::essence))),
        }
    }
}

/// Has the answer of a route that looks at `Accept` say so, a problem too: that it is
/// 406, or is not, depends on it.
pub fn varied(answered: Answered) -> Answered {
    let mut response = answered.unwrap_or_else(Response::from);
    response
        .headers_mut()
        .append(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// A member of `Accept`.
struct Range {
    main: String,
    sub: String,
    /// 0 for `*/*`, 1 for `text/*`, 2 for `text/csv`.
    precision: u8,
    /// In thousandths.
    quality: u16,
}

impl Range {
    fn parse(member: &str) -> Option<Self> {
        let mut parts = member.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        let precision = match (main, sub) {
            ("*", "*") => 0,
            ("" | "*", _) | (_, "") => return None,
            (_, "*") => 1,
            _ => 2,
        };
        let quality = quality(parts)?;
        Some(Self {
            main: main.to_ascii_lowercase(),
            sub: sub.to_ascii_lowercase(),
            precision,
            quality,
        })
    }

    fn admits(&self, media: Media) -> bool {
        let is = |wanted: &str, part: &str| wanted == "*" || wanted == part;
        media
            .essence()
            .split_once('/')
            .is_some_and(|(main, sub)| is(&self.main, main) && is(&self.sub, sub))
    }
}

/// The quality among the parameters of a member, in thousandths: 1000 if none is
/// said, `None` if what is said is none.
pub(crate) fn quality<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let mut quality = 1000;
    for parameter in parameters {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("q")
        {
            quality = thousandths(value.trim())?;
        }
    }
    Some(quality)
}

/// A quality: 0 to 1 with up to three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    use crate::problem::ProblemKind;

    fn ask(accept: &[&str]) -> Result<Media, ProblemKind> {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        Media::negotiate(&headers).map_err(|p| p.kind())
    }

    #[test]
    fn the_best_media_type_wins() {
        for (accept, media) in [
            (&[] as &[&str], Media::Json),
            (&["*/*"], Media::Json),
            (&["application/*"], Media::Json),
            (&["text/*"], Media::Csv),
            (&["Text/CSV; charset=utf-8"], Media::Csv),
            (&["text/csv, application/json"], Media::Csv),
            (&["text/csv", "application/json;q=1.0"], Media::Csv),
            (
                &["text/csv;q=0.5, application/x-ndjson;q=0.51"],
                Media::Ndjson,
            ),
            (&["*/*, application/json;q=0"], Media::Ndjson),
            (
                &["application/*;q=0.1, application/x-ndjson"],
                Media::Ndjson,
            ),
            (&["text/html,application/xhtml+xml,*/*;q=0.8"], Media::Json),
            (&["*/*;q=0.1, text/csv;Q=0.2"], Media::Csv),
            // What is no media range is passed over.
            (&["csv, text/csv"], Media::Csv),
            (&["", ",;q"], Media::Json),
            (&["text/csv;q=2, application/x-ndjson;q=0.1"], Media::Ndjson),
        ] {
            assert_eq!(ask(accept), Ok(media), "{accept:?}");
        }
    }

    #[test]
    fn an_answer_says_that_it_depends_on_accept() {
        for answered in [
            Ok(Response::new(Bytes::new())),
            Err(Problem::not_acceptable(&["text/csv"])),
            Err(Problem::not_found()),
        ] {
            let response = varied(answered).unwrap();
            assert_eq!(response.headers()[VARY], "accept");
        }
    }

    #[test]
    fn nothing_acceptable_is_406() {
        for accept in [
            "text/html",
            "application/json;q=0",
            "*/*;q=0.000",
            "image/*",
        ] {
            assert_eq!(ask(&[accept]), Err(ProblemKind::NotAcceptable), "{accept}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/html"));
        assert_eq!(
            Media::negotiate(&headers).unwrap_err().detail(),
            "`Accept` admits none of application/json, application/x-ndjson, text/csv"
        );
    }
}
