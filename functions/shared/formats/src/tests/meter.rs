use tidemark_core::discard::Format;
use tidemark_core::name::SeriesName;

use super::*;
use crate::reread;

const ROW: &str = r#"{"measurement":"energy","timestamp":"2023-02-28T23:45:00.000Z","tags":{"muid":"m-1","quality":"measured"},"0100011D00FF":0.25,"0100021D00FF":1}"#;

#[test]
fn each_obis_code_gives_a_point() {
    let expected = meters(format!("[{ROW}]")).unwrap();
    let time = 1_677_627_900_000_000_000;
    let tags = || vec!["quality=measured".to_owned()];
    assert_eq!(
        rows(&expected.series),
        [
            (0, "energy:m-1:0100011D00FF".into(), time, 0.25, tags()),
            (1, "energy:m-1:0100021D00FF".into(), time, 1.0, tags()),
        ]
    );
    assert_eq!((expected.accepted, expected.rejected), (2, 0));
    for body in [
        format!("[{ROW},]"),
        format!("{{\"data\":[{ROW}]}}"),
        format!(" {{ \"data\" : [ {ROW} , ] }} "),
    ] {
        assert_eq!(meters(&body).unwrap(), expected, "{body}");
    }
}

#[test]
fn null_is_no_value() {
    let row = ROW.replace("0.25", "null");
    let parsed = meters(format!("[{row},{row}]")).unwrap();
    assert_eq!((parsed.accepted, parsed.series[0].index.len()), (2, 2));
    assert_eq!(parsed.series[0].index, [0, 1]);
    let nothing = row.replace("\":1}", "\":null}");
    // A row without a value is a row all the same.
    assert_eq!(meters(format!("[{nothing}]")), Ok(Parsed::default()));
}

#[test]
fn a_tag_has_a_name_that_can_be_told_from_its_value() {
    for name in ["", "a=b"] {
        let tags = format!("\"tags\":{{\"{name}\":\"x\",");
        let row = ROW.replacen("\"tags\":{", &tags, 1);
        assert_ne!(row, ROW);
        let parsed = meters(format!("[{row}]")).unwrap();
        assert_eq!(parsed.accepted, 0, "{row}");
        assert_eq!(parsed.errors[0].pointer, format!("/0/tags/{name}"));
    }
}

#[test]
fn a_wrong_value_rejects_its_point_alone() {
    let row = ROW.replace("0.25", "\"0.25\"");
    let parsed = meters(format!("{{\"data\":[{ROW},{row}]}}")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (3, 1));
    assert_eq!(
        errors(&parsed),
        [(
            "/data/1/0100011D00FF",
            "malformed",
            "`0100011D00FF` is to be a number, not a string"
        )]
    );
    let reject = &parsed.rejects[0];
    assert_eq!((reject.index, reject.format), (2, Format::Meter));
    assert_eq!(reject.payload.whole(), Some(row.as_bytes()));
    assert_eq!(
        reject.series.as_ref().map(SeriesName::as_str),
        Some("energy:m-1:0100011D00FF")
    );
    assert!(reject.time.is_some() && reject.value.is_none());
    assert_eq!(parsed.series[1].index, [1, 3]);

    let beyond = meters(format!("[{}]", ROW.replace("0.25", "1e400"))).unwrap();
    assert_eq!(errors(&beyond)[0].1, "not_finite");
}

/// Changes ROW; all of it is rejected, in so many points, and these are listed.
#[track_caller]
fn row_rejected(from: &str, to: &str, points: usize, expected: &[(&str, &str)]) -> Parsed {
    let row = ROW.replacen(from, to, 1);
    assert_ne!(row, ROW);
    let parsed = meters(format!("[{row},{ROW}]")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (2, points), "{row}");
    let listed: Vec<_> = errors(&parsed).iter().map(|e| (e.0, e.2)).collect();
    assert_eq!(listed, expected);
    for reject in &parsed.rejects {
        assert_eq!(reject.payload.whole(), Some(row.as_bytes()));
        assert!(!reject.reasons.is_empty() && !reject.detail.is_empty());
    }
    parsed
}

#[test]
fn what_is_wrong_with_a_row_rejects_its_points() {
    let parsed = row_rejected(
        "2023-02-28T",
        "2023-02-31T",
        2,
        &[(
            "/0/timestamp",
            "`timestamp`: not a time: write epoch seconds, RFC 3339 with an offset, or a date",
        )],
    );
    let series: Vec<_> = parsed
        .rejects
        .iter()
        .map(|r| r.series.clone().unwrap().to_string())
        .collect();
    assert_eq!(
        series,
        ["energy:m-1:0100011D00FF", "energy:m-1:0100021D00FF"]
    );
    assert_eq!(parsed.rejects[1].index, 1);
    assert_eq!(parsed.series[0].index, [2]);

    let quality = "`quality` is to be a string of at most 48 characters";
    row_rejected("\"measured\"", "7", 2, &[("/0/tags/quality", quality)]);
    let tags = "`tags`: a tag holds no control character and no `;`";
    row_rejected("measured", "a;b", 2, &[("/0/tags", tags)]);
}

#[test]
fn a_row_without_names_is_rejected_as_one() {
    row_rejected(
        "\"measurement\":\"energy\",",
        "",
        1,
        &[("/0", "`measurement` is missing")],
    );
    row_rejected("\"muid\":\"m-1\",", "", 1, &[("/0", "`muid` is missing")]);
    let colon = "`tags/muid`: it must not hold a `:`";
    row_rejected("m-1", "m:1", 1, &[("/0/tags/muid", colon)]);
    let string = "`measurement` is to be a string, not a number";
    row_rejected("\"energy\"", "1", 1, &[("/0/measurement", string)]);
    let twice = "`measurement` stands twice";
    row_rejected(
        "{",
        "{\"measurement\":\"x\",",
        2,
        &[("/0/measurement", twice)],
    );
    let values = ",\"0100011D00FF\":0.25,\"0100021D00FF\":1";
    let none = "there is no value under an OBIS code";
    let parsed = row_rejected(values, "", 1, &[("/0", none)]);
    assert_eq!(parsed.rejects[0].series, None);
    assert!(parsed.rejects[0].time.is_some());
    let muid = "`tags` is to be an object: {\"muid\": ...}";
    let tags = "{\"muid\":\"m-1\",\"quality\":\"measured\"}";
    row_rejected(tags, "[\"m-1\"]", 1, &[("/0/tags", muid)]);
    let object = "a measurement is to be an object: {\"measurement\": ..., \"timestamp\": ..., \"tags\": {\"muid\": ...}, \"<OBIS>\": ...}";
    row_rejected(ROW, "[]", 1, &[("/0", object)]);
}

#[test]
fn obis_codes_that_are_no_names_or_stand_twice() {
    let row = ROW.replace("0100011D00FF", "a/b");
    let parsed = meters(format!("[{row}]")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (1, 1));
    assert_eq!(errors(&parsed)[0].0, "/0/a~1b");
    assert_eq!(parsed.rejects[0].series, None);
    let row = ROW.replace("0100011D00FF", "0100021D00FF");
    let parsed = meters(format!("[{row}]")).unwrap();
    let places: Vec<_> = errors(&parsed).iter().map(|e| (e.0, e.2)).collect();
    let twice = ("/0/0100021D00FF", "`0100021D00FF` stands twice");
    assert_eq!(places, [twice, twice]);
    let values: Vec<String> = (0..1001).map(|i| format!("\"{i}\":1")).collect();
    let row = ROW.replace("\"0100011D00FF\":0.25", &values.join(","));
    let parsed = meters(format!("[{row}]")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (0, 1));
    assert_eq!(errors(&parsed)[0].2, "more than 1000 values in one row");
}

/// As meters print codes, with medium and channel, they name the same series as
/// in hexadecimal digits.
#[test]
fn printed_codes_are_read_as_hexadecimal() {
    let expected = meters(format!("[{ROW}]")).unwrap();
    for (first, second) in [
        ("1-0:1.29.0*255", "1-0:2.29.0"),
        ("1-0:1.29.0&255", "01-00:002.029.000*255"),
        ("0100011D00FF", "1-0:2.29.0&255"),
    ] {
        let row = ROW
            .replace("0100011D00FF", first)
            .replace("0100021D00FF", second);
        assert_eq!(meters(format!("[{row}]")).unwrap(), expected, "{row}");
        let series = Some(&expected.series[0].name);
        let again = reread(Format::Meter, row.as_bytes(), series).unwrap();
        assert_eq!((again.len(), again[0].value.get()), (1, 0.25));
    }
    // What has no medium and channel is a name like any other.
    for key in [
        "1.29.0",
        "1-0:1.29",
        "0:1.29.0",
        "0100011d00ff",
        "1-0:1.29.0.255",
    ] {
        let parsed = meters(format!("[{}]", ROW.replace("0100011D00FF", key))).unwrap();
        let name = parsed.series[0].name.as_str();
        assert_eq!(name, format!("energy:m-1:{key}"));
    }
}

#[test]
fn a_group_of_a_printed_code_is_a_byte() {
    // What is more is a name as before, where it can be one.
    for key in ["1-0:300.8.0", "256-0:1.8.0", "0001-0:1.8.0"] {
        let parsed = meters(format!("[{}]", ROW.replace("0100011D00FF", key))).unwrap();
        let name = parsed.series[0].name.as_str();
        assert_eq!(name, format!("energy:m-1:{key}"));
    }
    for key in [
        "256-0:1.8.0*255",
        "1-0:1.8.0*256",
        "1-0:1.8.0*0255",
        "1.8.0*255",
        "1-0:1.8.0*",
        "1-0:1.8.0*255*1",
        "*",
    ] {
        let parsed = meters(format!("[{}]", ROW.replace("0100011D00FF", key))).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (1, 1), "{key}");
        let place = format!("/0/{key}");
        let detail = format!(
            "`{key}` is no OBIS code: 1 to 80 ASCII letters, digits and . _ : -, or A-B:C.D.E*F of numbers from 0 to 255"
        );
        assert_eq!(
            errors(&parsed),
            [(place.as_str(), "malformed", detail.as_str())]
        );
    }
}

#[test]
fn two_spellings_of_a_code_stand_twice() {
    let row = ROW
        .replace("0100011D00FF", "1-0:1.8.0*255")
        .replace("0100021D00FF", "0100010800FF");
    let parsed = meters(format!("[{row},{ROW}]")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (2, 2));
    let places: Vec<_> = errors(&parsed).iter().map(|e| (e.0, e.2)).collect();
    assert_eq!(
        places,
        [
            (
                "/0/1-0:1.8.0*255",
                "`1-0:1.8.0*255` stands twice: as `0100010800FF` too"
            ),
            (
                "/0/0100010800FF",
                "`0100010800FF` stands twice: as `1-0:1.8.0*255` too"
            ),
        ]
    );
    // Of which one has no value.
    let parsed = meters(format!("[{}]", row.replace("0.25", "null"))).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (0, 1));
    assert_eq!(errors(&parsed)[0].0, "/0/0100010800FF");
}

/// Earlier versions took `1-0:1.29.0` for a name: their discards are still found.
#[test]
fn a_discard_under_a_printed_code_is_read_again() {
    let row = ROW.replace("0100011D00FF", "1-0:1.29.0");
    for series in ["energy:m-1:1-0:1.29.0", "energy:m-1:0100011D00FF"] {
        let series = SeriesName::new(series).unwrap();
        let again = reread(Format::Meter, row.as_bytes(), Some(&series)).unwrap();
        assert_eq!((again.len(), again[0].value.get()), (1, 0.25));
        assert_eq!(again[0].series.as_str(), "energy:m-1:0100011D00FF");
    }
}

#[test]
fn envelopes() {
    let shape = "the body is to be {\"data\": [...]} or an array of measurements";
    for body in [
        "{}",
        "1",
        "{\"data\":{}}",
        "{\"rows\":[]}",
        "{\"data\":[],\"more\":1}",
        "{\"more\":1,\"data\":[]}",
    ] {
        assert_eq!(meters(body).unwrap_err().to_string(), shape, "{body}");
    }
    for body in ["", "[]", "{\"data\":[]}"] {
        assert_eq!(meters(body), Err(ReadError::Empty), "{body}");
    }
    for (body, error) in [
        (
            "{\"data\":[1,\n",
            "EOF while parsing a value at line 2 column 0",
        ),
        (
            "{\"data\":[1,]\n",
            "EOF while parsing an object at line 2 column 0",
        ),
        ("\n{\"data\":[1]]", "expected `}` at line 2 column 12"),
        ("\n{\"data\":NaN}", "expected value at line 2 column 9"),
        ("\n{data:[]}", "key must be a string at line 2 column 2"),
        (
            "{\"data\":[1]}\n{}",
            "trailing characters at line 2 column 1",
        ),
    ] {
        assert_eq!(meters(body).unwrap_err().to_string(), error, "{body}");
    }
}

#[test]
fn one_point_of_a_row_is_read_again() {
    let row = ROW.replace("0.25", "\"0.25\"");
    let name = |obis: &str| SeriesName::new(format!("energy:m-1:{obis}")).unwrap();
    let again = |obis: &str| reread(Format::Meter, row.as_bytes(), Some(&name(obis)));
    let good = again("0100021D00FF").unwrap();
    assert_eq!((good.len(), good[0].value.get()), (1, 1.0));
    assert_eq!(
        again("0100011D00FF").unwrap_err()[0].pointer,
        "/0100011D00FF"
    );
    assert!(again("other").is_err());
    assert_eq!(
        reread(Format::Meter, ROW.as_bytes(), None).unwrap().len(),
        2
    );
    let late = ROW.replace("T23", "T25");
    let wrong = reread(Format::Meter, late.as_bytes(), Some(&name("0100011D00FF")));
    assert_eq!(wrong.unwrap_err()[0].pointer, "/timestamp");
}
