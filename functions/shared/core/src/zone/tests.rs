use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::hex::Hex;
use crate::time::Timestamp;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn seconds(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(text).unwrap().timestamp()
}

#[test]
fn changes_of_a_year() {
    let found = zone("Europe/Zurich").changes(
        seconds("2023-01-01T00:00:00Z"),
        seconds("2023-12-31T00:00:00Z"),
    );
    let spring = Change {
        at: seconds("2023-03-26T01:00:00Z"),
        before: 3600,
        after: 7200,
    };
    let autumn = Change {
        at: seconds("2023-10-29T01:00:00Z"),
        before: 7200,
        after: 3600,
    };
    assert!(found.eq([spring, autumn]));
}

/// What the search for a change relies on.
#[test]
fn a_change_is_alone_for_two_days() {
    let (first, last) = (whole(Timestamp::MIN), whole(Timestamp::MAX));
    for zone in Zone::all() {
        let mut before = first - 2 * DAY;
        for Change { at, .. } in zone.changes(first, last) {
            assert!(at - before > 2 * DAY, "{zone} {at}");
            before = at;
        }
    }
}

/// Against Python's `zoneinfo`, which `localstack/harness/zones.py` asked.
#[test]
fn every_clock_shows_what_zoneinfo_says_for_all_of_time() {
    let (first, last) = (whole(Timestamp::MIN), whole(Timestamp::MAX));
    let mut lines = include_str!("tests/zoneinfo.txt").lines();
    assert_eq!(lines.next(), Some("# tzdata 2026f"));
    assert_eq!(Zone::release(), "2026f");
    let (mut names, mut faults) = (Vec::new(), Vec::new());
    for line in lines {
        let name = line.split(' ').next().unwrap();
        names.push(name);
        let Ok(zone) = name.parse::<Zone>() else {
            faults.push(format!("there is no {name}"));
            continue;
        };
        let all: Vec<Change> = zone.changes(first, last).collect();
        let mut text = String::new();
        for change in &all {
            writeln!(text, "{} {}", change.at, change.after).unwrap();
        }
        let digest = Hex(&Sha256::digest(text.as_bytes())).to_string();
        let offset = zone.offset(first);
        let (at, after) = all.last().map_or((first, offset), |c| (c.at, c.after));
        let mine = format!("{name} {offset} {} {at} {after} {digest}", all.len());
        if mine != line {
            faults.push(format!("{mine}, not {line}"));
        }
        // The two ways to ask agree.
        for Change { at, before, after } in all {
            assert_eq!((zone.offset(at - 1), zone.offset(at)), (before, after));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(Zone::all().map(Zone::name).eq(names));
}

fn whole(time: Timestamp) -> i64 {
    // As Python divides where it is negative.
    time.nanos().div_euclid(1_000_000_000)
}

#[test]
fn names_are_written_as_the_database_does() {
    for zone in Zone::all() {
        assert_eq!(zone.name().parse(), Ok(zone));
    }
    assert_eq!("UTC".parse(), Ok(Zone::UTC));
    for name in [
        "",
        "utc",
        "europe/zurich",
        "Europe",
        "Europe/Nowhere",
        " UTC",
        "+01:00",
        "Factory",
        "CET-1",
    ] {
        assert_eq!(name.parse::<Zone>(), Err(UnknownZone), "{name}");
    }
}

proptest! {
    /// The first of all instants at which the clock shows it, or none does.
    #[test]
    fn first_showing_is_the_earliest(
        zone in prop::sample::select(Zone::all().collect::<Vec<_>>()),
        reading in -9_000_000_000_i64..9_000_000_000,
    ) {
        let first = zone.first_showing(reading);
        let shows = |at: i64| at + zone.offset(at);
        if shows(first) == reading {
            let before = (1..=100).map(|part| first - part * DAY / 100);
            prop_assert!(before.into_iter().all(|at| shows(at) < reading));
        } else {
            prop_assert!(shows(first) > reading);
            prop_assert!(shows(first - 1) < reading);
        }
    }
}

#[test]
fn clocks_that_were_set_forward_over_midnight() {
    let midnight = |y, m, d| {
        let date = NaiveDate::from_ymd_opt(y, m, d).unwrap();
        date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
    };
    let cases = [
        (zone("Asia/Beirut"), (2021, 3, 28), "2021-03-27T22:00:00Z"),
        // A whole day that was not.
        (zone("Pacific/Apia"), (2011, 12, 30), "2011-12-30T10:00:00Z"),
        (zone("Pacific/Apia"), (2011, 12, 31), "2011-12-30T10:00:00Z"),
        // From 23:59:60 back to 23:00: midnight came an hour later.
        (
            zone("America/Sao_Paulo"),
            (2018, 2, 18),
            "2018-02-18T03:00:00Z",
        ),
    ];
    for (zone, (y, m, d), first) in cases {
        let mine = zone.first_showing(midnight(y, m, d));
        assert_eq!(mine, seconds(first), "{zone}");
    }
}
