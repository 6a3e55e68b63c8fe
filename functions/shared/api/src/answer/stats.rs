//! `GET /api/{name}`: statistics over a range.

use bytes::Bytes;
use http::{Response, StatusCode};
use tidemark_core::stat::{Answer, Stat};

use tidemark_formats::write::number::{Decimals, Number};
use tidemark_formats::write::time::{Precision, TimeWriter};

/// The statistics that were asked for, in that order, as one JSON object.
pub fn answer(stats: &[(Stat, Answer)], decimals: Decimals) -> Response<Bytes> {
    let mut out = Vec::with_capacity(32 * stats.len() + 2);
    let mut times = TimeWriter::new(Precision::Needed);
    out.push(b'{');
    for (i, (stat, answer)) in stats.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_field(&mut out, &mut times, *stat, *answer, decimals);
    }
    out.push(b'}');
    let mut response = super::body(StatusCode::OK, super::JSON, out);
    if stats.iter().any(|(_, a)| matches!(a, Answer::Overflow)) {
        super::warn_of_overflow(&mut response);
    }
    response
}

/// A statistic as a field of a JSON object.
pub(super) fn write_field(
    out: &mut Vec<u8>,
    times: &mut TimeWriter,
    stat: Stat,
    answer: Answer,
    decimals: Decimals,
) {
    out.push(b'"');
    out.extend_from_slice(stat.as_str().as_bytes());
    out.extend_from_slice(b"\":");
    match answer {
        Answer::Number(number) => Number::new(number, decimals).write(out),
        Answer::Count(count) => {
            out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        }
        Answer::Time(time) => {
            out.push(b'"');
            times.write(time, out);
            out.push(b'"');
        }
        Answer::Undefined | Answer::Overflow => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use http::header::WARNING;
    use tidemark_core::time::Timestamp;

    use super::super::page::text;
    use super::*;

    #[test]
    fn statistics_come_in_the_order_asked() {
        let stats = [
            (Stat::Sum, Answer::Number(7.0)),
            (Stat::Avg, Answer::Number(7.0 / 3.0)),
            (Stat::Count, Answer::Count(3)),
            (Stat::MinTime, Answer::Time(Timestamp::from_nanos(0))),
            (Stat::Skewness, Answer::Undefined),
        ];
        let all = answer(&stats, None);
        assert_eq!(
            text(&all),
            r#"{"sum":7,"avg":2.3333333333333335,"count":3,"min_time":"1970-01-01T00:00:00Z","skewness":null}"#
        );
        assert_eq!(all.headers().get(WARNING), None);
        assert_eq!(
            text(&answer(&[stats[1], stats[0]], Some(2))),
            r#"{"avg":2.33,"sum":7}"#
        );
        assert_eq!(text(&answer(&[], None)), "{}");
    }

    #[test]
    fn an_overflow_is_null_with_a_warning() {
        let response = answer(&[(Stat::Sum, Answer::Overflow)], None);
        assert_eq!(text(&response), r#"{"sum":null}"#);
        assert_eq!(
            response.headers()[WARNING],
            "199 - \"a null stands for a number beyond the range of a 64-bit float\""
        );
    }
}
