//! Statistics in answers.

use tidemark_core::stat::{Answer, Stat};
use tidemark_formats::write::number::{Decimals, Number};
use tidemark_formats::write::time::TimeWriter;

/// A statistic as a field of a JSON object.
pub(crate) fn write_field(
    out: &mut Vec<u8>,
    times: &mut TimeWriter,
    stat: Stat,
    answer: Answer,
    decimals: Decimals,
) {
    out.push(b'"');
    out.extend_from_slice(stat.name().as_bytes());
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
