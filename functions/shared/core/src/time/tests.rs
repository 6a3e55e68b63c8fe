use super::*;
use crate::zone::Zone;
use proptest::prelude::*;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn utc(text: &str) -> Result<i64, TimeError> {
    Timestamp::parse(text, Zone::UTC).map(Timestamp::nanos)
}

#[test]
fn epoch_seconds() {
    assert_eq!(utc("13515551"), Ok(13_515_551_000_000_000));
    assert_eq!(utc("1700000000.25"), Ok(1_700_000_000_250_000_000));
    assert_eq!(utc("1.7e9"), Ok(1_700_000_000_000_000_000));
    assert_eq!(utc("17E+8"), Ok(1_700_000_000_000_000_000));
    assert_eq!(utc("-0.000000001"), Ok(-1));
    assert_eq!(utc("1e-9"), Ok(1));
    assert_eq!(utc("1e-10"), Ok(0));
    assert_eq!(utc("0e999999999"), Ok(0));
    assert_eq!(utc("1700000000.1234567899"), Ok(1_700_000_000_123_456_789));
    assert_eq!(utc("9223372036.854775807"), Ok(i64::MAX));
    assert_eq!(utc("9223372036.854775808"), Err(TimeError::Range));
    assert_eq!(utc("1e400"), Err(TimeError::Range));
    assert_eq!(utc("-9223372036.854775808"), Ok(i64::MIN));
    for bad in [
        "", "+1", "1.", ".5", "1e", "NaN", "inf", "0x10", "1_000", " 1", "--1",
    ] {
        assert_eq!(utc(bad), Err(TimeError::Syntax), "{bad}");
    }
}

#[test]
fn rfc_3339_and_dates() {
    assert_eq!(utc("1970-06-06T10:19:14Z"), Ok(13_515_554_000_000_000));
    assert_eq!(
        utc("2023-02-01T01:00:00+01:00"),
        utc("2023-02-01T00:00:00Z")
    );
    assert_eq!(utc("2023-02-01"), utc("2023-02-01T00:00:00Z"));
    let zurich = zone("Europe/Zurich");
    assert_eq!(
        Timestamp::parse("2023-02-01", zurich).map(|t| t.to_string()),
        Ok("2023-01-31T23:00:00Z".to_owned())
    );
    // Midnight did not exist in Beirut on 2021-03-28, nor the whole day in Samoa.
    assert_eq!(
        Timestamp::parse("2021-03-28", zone("Asia/Beirut")).map(|t| t.to_string()),
        Ok("2021-03-27T22:00:00Z".to_owned())
    );
    assert_eq!(
        Timestamp::parse("2011-12-30", zone("Pacific/Apia")).map(|t| t.to_string()),
        Ok("2011-12-30T10:00:00Z".to_owned())
    );
    // A zone on its own mean time, with seconds.
    assert_eq!(
        Timestamp::parse("1972-01-07", zone("Africa/Monrovia")).map(|t| t.to_string()),
        Ok("1972-01-07T00:44:30Z".to_owned())
    );
    assert_eq!(utc("2023-02-01T00:00:00"), Err(TimeError::Syntax));
    assert_eq!(utc("2023-02-30"), Err(TimeError::Syntax));
    assert_eq!(utc("2500-01-01"), Err(TimeError::Range));
    assert_eq!(utc("1500-01-01T00:00:00Z"), Err(TimeError::Range));
}

#[test]
fn prints_as_many_digits_as_needed() {
    let text = |nanos| Timestamp::from_nanos(nanos).to_string();
    assert_eq!(text(0), "1970-01-01T00:00:00Z");
    assert_eq!(text(250_000_000), "1970-01-01T00:00:00.25Z");
    assert_eq!(text(-1), "1969-12-31T23:59:59.999999999Z");
    assert_eq!(text(i64::MIN), "1677-09-21T00:12:43.145224192Z");
    assert_eq!(text(i64::MAX), "2262-04-11T23:47:16.854775807Z");
}

/// What is accepted, and as what; one table for all formats and parameters.
const ACCEPTED: &[(&str, &str)] = &[
    ("0", "1970-01-01T00:00:00Z"),
    ("-0", "1970-01-01T00:00:00Z"),
    ("13515551", "1970-06-06T10:19:11Z"),
    ("-1.5", "1969-12-31T23:59:58.5Z"),
    ("1700000000.25", "2023-11-14T22:13:20.25Z"),
    ("1.7e9", "2023-11-14T22:13:20Z"),
    ("17E+8", "2023-11-14T22:13:20Z"),
    ("17000000000e-1", "2023-11-14T22:13:20Z"),
    ("0e99999999999", "1970-01-01T00:00:00Z"),
    ("-1e-99999999999", "1970-01-01T00:00:00Z"),
    // Finer than a nanosecond: the digits are cut off.
    ("-0.0000000019", "1969-12-31T23:59:59.999999999Z"),
    ("0.0000000019", "1970-01-01T00:00:00.000000001Z"),
    (
        "2023-02-01T00:00:00.0000000019Z",
        "2023-02-01T00:00:00.000000001Z",
    ),
    ("2023-02-01", "2023-02-01T00:00:00Z"),
    ("2024-02-29", "2024-02-29T00:00:00Z"),
    ("2023-02-01T12:30:00Z", "2023-02-01T12:30:00Z"),
    ("2023-02-01t12:30:00z", "2023-02-01T12:30:00Z"),
    ("2023-02-01T12:30:00.5Z", "2023-02-01T12:30:00.5Z"),
    ("2023-02-01T12:30:00+05:45", "2023-02-01T06:45:00Z"),
    ("2023-02-01T00:00:00-23:59", "2023-02-01T23:59:00Z"),
    // UTC, from somewhere that is not told (RFC 3339, 4.3).
    ("2023-02-01T12:30:00-00:00", "2023-02-01T12:30:00Z"),
    // Leap seconds: the second that follows, as this clock has none.
    ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("2015-06-30T23:59:60.25Z", "2015-07-01T00:00:00.25Z"),
    ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00Z"),
    ("2016-12-31T18:29:60-05:30", "2017-01-01T00:00:00Z"),
    (
        "1677-09-21T00:12:43.145224192Z",
        "1677-09-21T00:12:43.145224192Z",
    ),
    (
        "2262-04-11T23:47:16.854775807Z",
        "2262-04-11T23:47:16.854775807Z",
    ),
    ("2262-04-12T09:47:16+10:00", "2262-04-11T23:47:16Z"),
];

/// What is no time.
const REFUSED: &[&str] = &[
    "",
    "-",
    "+1",
    "1.",
    ".5",
    "1e",
    "1e+",
    "NaN",
    "inf",
    "0x10",
    "1_000",
    "--1",
    "1,5",
    "007",
    "-01",
    "00",
    "01.5",
    // Blanks, wherever.
    " 1",
    "1 ",
    "2023-02-01 ",
    " 2023-02-01",
    "2023-02-01 12:30:00Z",
    "2023-02-01T12:30:00 Z",
    "2023-02-01T12:30:00Z\n",
    "2023-02-01T12:30:00Z\0",
    // Digits that are left out or too many.
    "2023-2-01",
    "2023-02-1",
    "23-02-01",
    "+2023-02-01",
    "12023-02-01",
    "2023-02",
    "2023-02-01T1:30:00Z",
    "2023-02-01T12:3:00Z",
    "2023-02-01T12:30:0Z",
    "2023-02-01T12:30:000Z",
    "2023-02-01T12:30Z",
    "2023-02-01T12Z",
    "2023-02-01T",
    "2023-02-01T12:30:00.Z",
    "2023-02-01T12:30:00,5Z",
    "20230201T123000Z",
    "2023-W05-3",
    "2023-032",
    // No offset, or none that there is.
    "2023-02-01T12:30:00",
    "2023-02-01T12:30:00+1",
    "2023-02-01T12:30:00+01",
    "2023-02-01T12:30:00+0100",
    "2023-02-01T12:30:00+1:00",
    "2023-02-01T12:30:00+24:00",
    "2023-02-01T12:30:00+01:60",
    "2023-02-01T12:30:00+99:00",
    "2023-02-01T12:30:00+01:00:00",
    "2023-02-01T12:30:00ZZ",
    "2023-02-01T12:30:00Z+01:00",
    "2023-02-01T12:30:00UTC",
    "2023-02-01T12:30:00+01:00[Europe/Zurich]",
    // No time of a day, no day.
    "2023-02-01T24:00:00Z",
    "2023-02-01T25:00:00Z",
    "2023-02-01T12:60:00Z",
    "2023-02-01T12:30:61Z",
    "2023-02-30",
    "2023-02-29",
    "1900-02-29",
    "2023-13-01",
    "2023-00-01",
    "2023-01-00",
    "2023-04-31T00:00:00Z",
    // Other characters than ASCII's.
    "2023-02-01T00:00:00\u{2212}01:00",
    "\u{2212}1",
    "2023\u{2010}02\u{2010}01",
    "\u{ff12}023-02-01",
    "\u{661}",
    "2023-02-01T00:00:00\u{ff3a}",
];

/// A second 60 that no clock shows.
const NO_LEAP_SECOND: &[&str] = &[
    "2018-06-15T12:30:60Z",
    "2023-02-01T00:00:60Z",
    "2016-12-31T23:58:60Z",
    "2016-12-31T22:59:60Z",
    "2016-12-30T23:59:60Z",
    "2016-11-30T23:59:60Z",
    "2016-12-31T23:59:60+01:00",
    "2016-03-31T23:59:60Z",
    "2016-09-30T23:59:60Z",
];

const BEYOND: &[&str] = &[
    "9223372036.854775808",
    "1e400",
    "1e99999999999",
    "-1E+99999999999",
    "-1e11",
    "2500-01-01",
    "1500-01-01",
    "0000-01-01",
    "9999-12-31T23:59:59Z",
    "1677-09-21T00:12:43.145224191Z",
    "2262-04-11T23:47:16.854775808Z",
    "1677-09-21",
    "2262-04-11T23:47:16-00:01",
];

#[test]
fn the_table_of_what_is_accepted_and_refused() {
    for (text, time) in ACCEPTED {
        let read = Timestamp::parse(text, Zone::UTC).map(|time| time.to_string());
        assert_eq!(read.as_deref(), Ok(*time), "{text}");
    }
    for (texts, error) in [
        (REFUSED, TimeError::Syntax),
        (NO_LEAP_SECOND, TimeError::Leap),
        (BEYOND, TimeError::Range),
    ] {
        for text in texts {
            assert_eq!(Timestamp::parse(text, Zone::UTC), Err(error), "{text:?}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_the_same(nanos: i64) {
        let time = Timestamp::from_nanos(nanos);
        prop_assert_eq!(Timestamp::parse(&time.to_string(), Zone::UTC), Ok(time));
    }

    /// Chrono reads all of this as well, and as the same.
    #[test]
    fn what_is_accepted_is_rfc_3339(
        text in "(19|20)[0-9]{2}-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])[Tt ]([01][0-9]|2[0-5]):[0-6][0-9]:[0-5][0-9](\\.[0-9]{1,12})?([Zz]|[+-]([01][0-9]|2[0-5]):[0-6][0-9])",
    ) {
        let theirs = DateTime::parse_from_rfc3339(&text).ok();
        match Timestamp::parse(&text, Zone::UTC) {
            Ok(time) => prop_assert_eq!(Some(time.nanos()), theirs.unwrap().timestamp_nanos_opt()),
            Err(_) => prop_assert!(theirs.is_none() || text.contains(' '), "{}", text),
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,24}") {
        let _ = Timestamp::parse(&text, Zone::UTC);
    }
}
