use tidemark_core::discard::Format;

use super::*;

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
        assert_eq!((reject.index, reject.format), (1, Format::Csv));
        assert_eq!(reject.payload.whole(), Some(row.as_bytes()));
        assert_eq!(reject.detail, detail);
    }
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
    // What is open at the end of a line does not swallow the next.
    let quotes = "the row's quotes do not match";
    rejected("\"a,1,2,x", "", "malformed", quotes);
    rejected("a,1,2,\"x", "", "malformed", quotes);
    rejected("\"a\",1\r2,3,4", "", "malformed", quotes);
}

#[test]
fn quoted_fields_are_unquoted() {
    let body = "\"name\",\"t\",\"v\",\"tags\"\n\"a\",\"1\",\"2\",\"say \"\"x\"\"\"\n\"b\",2,3,\"\"";
    let parsed = points(CSV, body).unwrap();
    let rows = rows(&parsed.series);
    assert_eq!(rows[0].4, ["say \"x\""]);
    assert_eq!(rows[1], (1, "b".into(), 2_000_000_000, 3.0, vec![]));
}

#[test]
fn three_columns_will_do_and_others_will_not() {
    assert_eq!(points(CSV, "name,t,v\na,1,2\n").unwrap().accepted, 1);
    assert_eq!(points(CSV, "name,t,v\na,1,2,x\n").unwrap().rejected, 1);
    for header in [
        "Time (UTC),Quantity kWh",
        "name,t",
        "name,t,v,",
        "name,t,v,tags,more",
        "Name,t,v",
        "name, t, v",
        "t,name,v",
        "a,1,2",
        "\"name,t,v",
    ] {
        assert_eq!(
            points(CSV, format!("{header}\na,1,2\n"))
                .unwrap_err()
                .to_string(),
            "the first line of the CSV is to be name,t,v or name,t,v,tags",
            "{header}"
        );
    }
}
