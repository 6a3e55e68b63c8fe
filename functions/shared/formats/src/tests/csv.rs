use tidemark_core::discard::Format;

use super::*;
use crate::{MAX_ITEM, reread};

#[track_caller]
fn rejected(row: &str, place: &str, reason: &str, detail: &str) {
    for end in ["\n", "\r\n"] {
        let body = ["name,t,v,tags", "a,1,2,", "", row, "a,1,2,x", ""].join(end);
        let parsed = points(CSV, body).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (2, 1), "{row}");
        assert_eq!(parsed.series[0].index, [0, 2]);
        let pointer = format!("/4{place}");
        assert_eq!(errors(&parsed), [(pointer.as_str(), reason, detail)]);
        let reject = &parsed.rejects[0];
        assert_eq!((reject.index, reject.format), (1, columns("name,t,v,tags")));
        assert_eq!(reject.payload.whole(), Some(row.as_bytes()));
        assert_eq!(reject.detail, detail);
    }
}

fn columns(header: &str) -> Format {
    Format::CsvIn(header.parse().unwrap())
}

#[test]
fn rows_are_rejected_alone() {
    let float = "`v` is beyond what a 64-bit float can hold";
    rejected("a,1,1e400,", "/v", "not_finite", float);
    rejected("a,1,NaN,", "/v", "not_finite", "`v` is not a finite number");
    rejected(
        "a,1,-inf,",
        "/v",
        "not_finite",
        "`v` is not a finite number",
    );
    rejected("a,1,,", "/v", "malformed", "`v` is not a number");
    rejected("a,1, 2,", "/v", "malformed", "`v` is not a number");
    rejected("a,1,\"9,000.0\",", "/v", "malformed", "`v` is not a number");
    let time = "`t`: not a time: write epoch seconds, RFC 3339 with an offset, or a date";
    rejected("a,noon,2,", "/t", "malformed", time);
    rejected(
        ",1,2,",
        "/name",
        "malformed",
        "`name`: a name must not be empty",
    );
    let tag = "`tags`: a tag has 1 to 128 bytes, one of these has 0";
    rejected("a,1,2,x;", "/tags", "malformed", tag);
    let fields = |n| format!("a row is to have 4 fields, this one has {n}");
    rejected("a", "", "malformed", &fields("1"));
    rejected("a,1,2", "", "malformed", &fields("3"));
    rejected("a,1,2,x,y", "", "malformed", &fields("more"));
    rejected("\"a\",1,2,x,y,z", "", "malformed", &fields("more"));
    // A line feed is one in quotes, and more than one line.
    let control = "`tags`: a tag holds no control character and no `;`";
    rejected("a,1,2,\"x\ty\"", "/tags", "malformed", control);
}

/// What RFC 4180 does not allow of quotes: it is clear where such a record ends,
/// so it is rejected alone.
#[test]
fn wrong_quotes_reject_their_record_alone() {
    let after = "after a closing quote there is more than a comma";
    rejected("\"a\"b,1,2,x", "", "malformed", after);
    rejected("\"a\" ,1,2,x", "", "malformed", after);
    rejected("a,1,2,\"x\"\"\"y", "", "malformed", after);
    rejected("a,1,2,\"x\"y\"z\"", "", "malformed", after);
    rejected("\"a\"\rb,1,2,x", "", "malformed", after);
    let inside = "there is a quote in a field that does not begin with one";
    rejected("a\"b,1,2,x", "", "malformed", inside);
    rejected("a,1,2,say \"x\"", "", "malformed", inside);
    rejected("a,1,2, \"x", "", "malformed", inside);
    rejected("a,1,\"2\",x\"", "", "malformed", inside);
    // As the last record, too.
    for row in ["\"a\"b,1,2,x", "a,1,2,say \"x\"", "a,1,2,\"x\"\r\r"] {
        let parsed = points(CSV, format!("name,t,v,tags\na,1,2,\n{row}")).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (1, 1), "{row}");
    }
}

#[test]
fn a_line_end_inside_quotes_belongs_to_the_field() {
    let body = "name,t,v,tags\nN,1,2,\"note\nN,5,6,x\n\"\nN,9,9,\nN,9,x,\n";
    let control = "`tags`: a tag holds no control character and no `;`";
    for (body, record) in [
        (body.to_owned(), "N,1,2,\"note\nN,5,6,x\n\"".to_owned()),
        (
            body.replace('\n', "\r\n"),
            "N,1,2,\"note\r\nN,5,6,x\r\n\"".to_owned(),
        ),
    ] {
        let parsed = points(CSV, &body).unwrap();
        let times: Vec<_> = rows(&parsed.series).iter().map(|row| row.2).collect();
        assert_eq!(times, [9_000_000_000]);
        // The first line of a record, whose number the lines in it raise.
        assert_eq!(
            errors(&parsed),
            [
                ("/2/tags", "malformed", control),
                ("/6/v", "malformed", "`v` is not a number")
            ]
        );
        let payload = &parsed.rejects[0].payload;
        assert_eq!(payload.whole(), Some(record.as_bytes()));
        assert_eq!(parsed.rejects[1].payload.whole(), Some(&b"N,9,x,"[..]));
        let again = reread(parsed.rejects[0].format, record.as_bytes(), None).unwrap_err();
        assert_eq!((&*again[0].pointer, &*again[0].detail), ("/tags", control));
    }
}

#[test]
fn a_quote_that_stays_open_is_one_record_to_the_end() {
    for rest in [
        "\"a,1,2,x\na,1,2,x\n",
        "a,1,2,\"x\r\na,1,2,\r",
        "a,1,2,\"\"\"\n",
    ] {
        let parsed = points(CSV, format!("name,t,v,tags\na,1,2,\n{rest}")).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (1, 1), "{rest}");
        let open = "a quote is left open";
        assert_eq!(errors(&parsed), [("/3", "malformed", open)]);
        assert_eq!(parsed.rejects[0].payload.whole(), Some(rest.as_bytes()));
        let again = reread(parsed.rejects[0].format, rest.as_bytes(), None).unwrap_err();
        assert_eq!(again[0].detail, open);
    }
    let long = format!("name,t,v\na,1,2\n\"{}", "a,1,2\n".repeat(MAX_ITEM / 6 + 1));
    let pointer = "/3".to_owned();
    let error = points(CSV, &long).unwrap_err();
    assert_eq!(error, ReadError::LongItem { pointer });
    let not_quite = points(CSV, &long[..long.len() - 12]).unwrap();
    assert_eq!((not_quite.accepted, not_quite.rejected), (1, 1));
}

#[test]
fn records_end_with_a_line_feed_or_the_body() {
    let expected = points(CSV, "name,t,v,tags\na,1,2,x\nb,3,4,\n").unwrap();
    assert_eq!(expected.accepted, 2);
    for body in [
        "name,t,v,tags\r\na,1,2,x\r\nb,3,4,\r\n",
        "name,t,v,tags\na,1,2,x\r\nb,3,4,",
        "\r\n\nname,t,v,tags\n\n\r\na,1,2,x\nb,3,4,\r",
        "\"name\",\"t\",\"v\",\"tags\"\r\n\"a\",\"1\",\"2\",\"x\"\r\n\"b\",\"3\",\"4\",\"\"",
    ] {
        assert_eq!(points(CSV, body), Ok(expected.clone()), "{body:?}");
    }
}

#[test]
fn quoted_fields_are_unquoted() {
    let body = "\"name\",\"t\",\"v\",\"tags\"\n\"a\",\"1\",\"2\",\"say \"\"x\"\"\"\n\"b\",2,3,\"\"";
    let parsed = points(CSV, body).unwrap();
    let rows = rows(&parsed.series);
    assert_eq!(rows[0].4, ["say \"x\""]);
    assert_eq!(rows[1], (1, "b".into(), 2_000_000_000, 3.0, vec![]));
}

/// The row is the same in each order; what is wrong with it, too.
#[test]
fn columns_stand_in_any_order() {
    let usual = points(CSV, "name,t,v,tags\na,1,2,x;y\nb,1,x,\n").unwrap();
    assert_eq!((usual.accepted, usual.rejected), (1, 1));
    let mut orders = 0;
    for header in permutations(&["name", "t", "v", "tags"]) {
        let row = |name: &str, v: &str, tags: &str| {
            let field = |column: &&str| match *column {
                "name" => name.to_owned(),
                "t" => "1".to_owned(),
                "v" => v.to_owned(),
                _ => tags.to_owned(),
            };
            let fields: Vec<String> = header.iter().map(field).collect();
            fields.join(",")
        };
        let (good, wrong) = (row("a", "2", "\"x;y\""), row("b", "x", ""));
        for header in [header.join(","), format!("\"{}\"", header.join("\",\""))] {
            let parsed = points(CSV, format!("{header}\n{good}\n{wrong}\n")).unwrap();
            assert_eq!(parsed.series, usual.series, "{header}");
            assert_eq!(parsed.errors, usual.errors);
            let reject = &parsed.rejects[0];
            assert_eq!(reject.payload.whole(), Some(wrong.as_bytes()));
            assert_eq!(reject.series, usual.rejects[0].series);
            // Its columns stay with it.
            let again = reread(reject.format, good.as_bytes(), None).unwrap();
            assert_eq!(again[0].series.as_str(), "a");
            assert_eq!(
                (again[0].time.nanos(), again[0].value.get()),
                (1_000_000_000, 2.0)
            );
            let faults = reread(reject.format, wrong.as_bytes(), None).unwrap_err();
            assert_eq!(faults[0].pointer, "/v");
        }
        orders += 1;
    }
    assert_eq!(orders, 24);
    for header in permutations(&["name", "t", "v"]) {
        let field = |column: &&str| match *column {
            "name" => "a",
            "t" => "1",
            _ => "2",
        };
        let row: Vec<&str> = header.iter().map(field).collect();
        let body = format!(
            "{}\n{}\n{},x\n",
            header.join(","),
            row.join(","),
            row.join(",")
        );
        let parsed = points(CSV, body).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (1, 1), "{header:?}");
    }
}

fn permutations<'a>(of: &[&'a str]) -> Vec<Vec<&'a str>> {
    let Some((first, rest)) = of.split_first() else {
        return vec![vec![]];
    };
    let with = |shorter: Vec<&'a str>| {
        (0..=shorter.len()).map(move |at| {
            let mut longer = shorter.clone();
            longer.insert(at, first);
            longer
        })
    };
    permutations(rest).into_iter().flat_map(with).collect()
}

/// In another order this row would be a good one, of another series.
#[test]
fn a_row_is_read_again_by_its_own_columns() {
    let parsed = points(CSV, "v,t,name\nabc,9,5\n").unwrap();
    let reject = &parsed.rejects[0];
    assert_eq!(reject.format.to_string(), "csv:v,t,name");
    let payload = reject.payload.whole().unwrap();
    assert_eq!(payload, b"abc,9,5");
    let faults = reread(reject.format, payload, None).unwrap_err();
    assert_eq!((&*faults[0].pointer, faults.len()), ("/v", 1));
    // Of a usual header, too: what it has no column for is not taken later.
    for (header, row) in [("name,t,v", "a,1,2,x"), ("name,t,v,tags", "a,1,2")] {
        let parsed = points(CSV, format!("{header}\n{row}\n")).unwrap();
        let reject = &parsed.rejects[0];
        assert_eq!(reject.format, columns(header));
        assert!(reread(reject.format, row.as_bytes(), None).is_err());
    }
    // What was stored without columns has them in the usual order.
    for (payload, tags) in [("abc,9,5", 0), ("abc,9,5,", 0), ("abc,9,5,\"x\"", 1)] {
        let again = reread(Format::Csv, payload.as_bytes(), None).unwrap();
        assert_eq!(again[0].series.as_str(), "abc");
        assert_eq!(again[0].tags.iter().count(), tags);
    }
    let faults = reread(Format::Csv, b"abc,9", None).unwrap_err();
    assert_eq!(
        faults[0].detail,
        "a row is to have 3 or 4 fields, this one has 2"
    );
}

#[test]
fn a_header_that_is_wrong_refuses_the_body_and_names_the_column() {
    assert_eq!(points(CSV, "name,t,v\na,1,2\n").unwrap().accepted, 1);
    assert_eq!(points(CSV, "name,t,v\na,1,2,x\n").unwrap().rejected, 1);
    let long = format!("name,t,v,{}", "x".repeat(65));
    for (header, what) in [
        ("Time (UTC),Quantity kWh", "`Time (UTC)` is none of them"),
        ("name,t", "`v` is missing"),
        ("v,t", "`name` is missing"),
        ("tags,v,name", "`t` is missing"),
        ("name,t,v,", "`` is none of them"),
        ("name,t,v,tags,more", "`more` is none of them"),
        ("name,t,v,name", "`name` stands twice"),
        ("tags,name,t,v,\"tags\"", "`tags` stands twice"),
        ("Name,t,v", "`Name` is none of them"),
        ("name, t, v", "` t` is none of them"),
        ("name,t,\"say \"\"v\"\"\"", "`say \"v\"` is none of them"),
        ("a,1,2", "`a` is none of them"),
        (&long, "a field whose name has 65 bytes is none of them"),
        ("\"name,t,v", "a quote is left open"),
        (
            "\"name\"s,t,v",
            "after a closing quote there is more than a comma",
        ),
        (
            "na\"me,t,v",
            "there is a quote in a field that does not begin with one",
        ),
    ] {
        assert_eq!(
            points(CSV, format!("{header}\na,1,2\n"))
                .unwrap_err()
                .to_string(),
            format!(
                "the first line of the CSV is to name the columns name, t, v and perhaps tags, in any order: {what}"
            ),
        );
    }
}
