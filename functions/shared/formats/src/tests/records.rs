//! Where records and fields of a CSV end, held against `csv-core`, which follows
//! RFC 4180 where that says anything, and cuts what it forbids as we do.

use std::borrow::Cow;

use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};
use proptest::prelude::*;

use crate::csv::fields::Fields;
use crate::csv::scan::RecordScan;

/// The records of a text, but for empty ones, and the lines on which they begin.
fn ours(text: &str) -> Vec<(usize, &str)> {
    let (mut records, mut rest, mut line) = (Vec::new(), text, 1);
    loop {
        let mut scan = RecordScan::default();
        let end = scan.end(rest.as_bytes());
        let record = &rest[..end.unwrap_or(rest.len())];
        if !record.is_empty() {
            records.push((line, record));
        }
        line += 1 + scan.breaks;
        match end {
            Some(end) => rest = &rest[end + 1..],
            None => return records,
        }
    }
}

fn theirs(text: &str) -> Vec<Vec<String>> {
    let mut reader = ReaderBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .build();
    let mut input = text.as_bytes();
    let (mut output, mut ends) = (vec![0; 1000], vec![0; 1000]);
    let (mut written, mut fields, mut records) = (0, 0, Vec::new());
    loop {
        let (result, read, bytes, more) =
            reader.read_record(input, &mut output[written..], &mut ends[fields..]);
        input = &input[read..];
        written += bytes;
        fields += more;
        match result {
            ReadRecordResult::Record => {
                let starts = [0].into_iter().chain(ends[..fields].iter().copied());
                let field = |(start, end): (usize, &usize)| {
                    String::from_utf8_lossy(&output[start..*end]).into_owned()
                };
                records.push(starts.zip(&ends[..fields]).map(field).collect());
                (written, fields) = (0, 0);
            }
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::End => return records,
            full => panic!("{full:?}"),
        }
    }
}

#[test]
fn records_count_their_lines() {
    let text = "a\n\n\"b\n\nc\"\nd,\"\n\",\"\n\"\n\ne\"\nf,\"g\nh\n";
    assert_eq!(
        ours(text),
        [
            (1, "a"),
            (3, "\"b\n\nc\""),
            (6, "d,\"\n\",\"\n\""),
            (10, "e\""),
            (11, "f,\"g\nh\n")
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn records_are_those_of_csv_core(text in "[a\u{e9},,\"\"\n]{0,40}") {
        let (ours, theirs) = (ours(&text), theirs(&text));
        prop_assert_eq!(ours.len(), theirs.len());
        for ((_, record), fields) in ours.into_iter().zip(theirs) {
            // Of those that RFC 4180 allows the fields, too.
            let read: Result<Vec<Cow<'_, str>>, _> = Fields::of(record).collect();
            if let Ok(read) = read {
                prop_assert_eq!(read, fields);
            }
        }
    }
}
