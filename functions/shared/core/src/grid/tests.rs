use super::*;
use proptest::prelude::*;

fn zone(name: &str) -> Zone {
    name.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, Zone::UTC).unwrap()
}

fn grid(every: &str, zone: Zone) -> Grid {
    let every = every.parse().unwrap();
    Grid { every, zone }
}

fn range(from: &str, to: &str) -> TimeRange {
    TimeRange::new(at(from), at(to)).unwrap()
}

/// The slot at an instant, as text.
fn slot(grid: Grid, time: &str) -> String {
    let slot = grid.slot_of(at(time));
    format!("{}/{}", slot.start, slot.end)
}

const HOUR: i64 = 3600 * NANOS;

fn hours(grid: Grid, time: &str) -> i64 {
    let slot = grid.slot_of(at(time));
    slot.end.since(slot.start) / HOUR
}

#[test]
fn quarters_of_an_hour() {
    let utc = grid("15m", Zone::UTC);
    assert_eq!(
        slot(utc, "2023-02-01T00:14:59.999999999Z"),
        "2023-02-01T00:00:00Z/2023-02-01T00:15:00Z"
    );
    assert_eq!(
        slot(utc, "1969-12-31T23:59:59.9Z"),
        "1969-12-31T23:45:00Z/1970-01-01T00:00:00Z"
    );
}

#[test]
fn hours_begin_on_the_clock_of_the_zone() {
    let kathmandu = grid("1h", zone("Asia/Kathmandu"));
    assert_eq!(
        slot(kathmandu, "2023-02-01T10:00:00+05:45"),
        "2023-02-01T04:15:00Z/2023-02-01T05:15:00Z"
    );
    let zurich = grid("6h", zone("Europe/Zurich"));
    for time in ["2023-01-10T13:00:00+01:00", "2023-07-10T13:00:00+02:00"] {
        assert_eq!(zurich.slot_of(at(time)).start, at(time).plus(-HOUR));
    }
}

#[test]
fn a_change_of_the_clock_within_a_fixed_width() {
    let zurich = grid("6h", zone("Europe/Zurich"));
    assert_eq!(hours(zurich, "2023-03-26T00:30:00Z"), 5);
    assert_eq!(hours(zurich, "2023-03-26T01:30:00Z"), 5);
    assert_eq!(hours(zurich, "2023-10-29T00:30:00Z"), 7);
    assert_eq!(hours(zurich, "2023-10-29T01:30:00Z"), 7);
    // Two o'clock comes twice and is two slots; in spring there is none.
    let zurich = grid("1h", zone("Europe/Zurich"));
    let autumn = range("2023-10-29T00:00:00+02:00", "2023-10-29T23:59:59+01:00");
    assert_eq!(zurich.slots(autumn).count(), 25);
    assert!(zurich.slots(autumn).all(|s| s.end.since(s.start) == HOUR));
    let spring = range("2023-03-26T00:00:00+01:00", "2023-03-26T23:59:59+02:00");
    assert_eq!(zurich.slots(spring).count(), 23);
    // By half an hour.
    let lord_howe = grid("1h", zone("Australia/Lord_Howe"));
    assert_eq!(
        slot(lord_howe, "2023-04-01T15:00:00Z"),
        "2023-04-01T14:00:00Z/2023-04-01T15:30:00Z"
    );
    assert_eq!(
        slot(lord_howe, "2023-09-30T15:45:00Z"),
        "2023-09-30T15:30:00Z/2023-09-30T16:00:00Z"
    );
}

#[test]
fn days_when_clocks_change() {
    let zurich = grid("1d", zone("Europe/Zurich"));
    assert_eq!(hours(zurich, "2023-03-26T12:00:00Z"), 23);
    assert_eq!(hours(zurich, "2023-10-29T12:00:00Z"), 25);
    assert_eq!(
        slot(zurich, "2023-03-26T12:00:00Z"),
        "2023-03-25T23:00:00Z/2023-03-26T22:00:00Z"
    );
    // Midnight was skipped.
    let beirut = grid("1d", zone("Asia/Beirut"));
    assert_eq!(
        slot(beirut, "2021-03-28T12:00:00Z"),
        "2021-03-27T22:00:00Z/2021-03-28T21:00:00Z"
    );
    // At midnight back to eleven: one day, of 25 hours.
    let sao_paulo = grid("1d", zone("America/Sao_Paulo"));
    assert_eq!(hours(sao_paulo, "2018-02-18T02:30:00Z"), 25);
    // A minute after midnight back to a minute after eleven: midnight came
    // twice, and the first time counts.
    let st_johns = grid("1d", zone("America/St_Johns"));
    assert_eq!(
        slot(st_johns, "2010-11-07T03:00:00Z"),
        "2010-11-07T02:30:00Z/2010-11-08T03:30:00Z"
    );
}

#[test]
fn days_that_were_not_and_days_that_were_twice() {
    let samoa = grid("1d", zone("Pacific/Apia"));
    let week = range("2011-12-28T10:00:00Z", "2011-12-31T20:00:00Z");
    let starts: Vec<String> = samoa.slots(week).map(|s| s.start.to_string()).collect();
    assert_eq!(
        starts,
        [
            "2011-12-28T10:00:00Z",
            "2011-12-29T10:00:00Z",
            "2011-12-30T10:00:00Z",
            "2011-12-31T10:00:00Z"
        ]
    );
    assert_eq!(samoa.count(week), 4);
    let kwajalein = grid("1d", zone("Pacific/Kwajalein"));
    assert_eq!(hours(kwajalein, "1969-09-30T12:00:00Z"), 47);
}

#[test]
fn weeks_months_quarters_years() {
    let zurich = zone("Europe/Zurich");
    let time = "2024-02-29T12:00:00Z";
    let expected = [
        ("1d", "2024-02-28T23:00:00Z/2024-02-29T23:00:00Z"),
        ("1w", "2024-02-25T23:00:00Z/2024-03-03T23:00:00Z"),
        ("1mo", "2024-01-31T23:00:00Z/2024-02-29T23:00:00Z"),
        ("1q", "2023-12-31T23:00:00Z/2024-03-31T22:00:00Z"),
        ("1y", "2023-12-31T23:00:00Z/2024-12-31T23:00:00Z"),
    ];
    for (every, expected) in expected {
        assert_eq!(slot(grid(every, zurich), time), expected, "{every}");
    }
    // The Sunday before is another week.
    assert_eq!(
        slot(grid("1w", Zone::UTC), "2024-02-25T23:59:59Z"),
        "2024-02-19T00:00:00Z/2024-02-26T00:00:00Z"
    );
    assert_eq!(hours(grid("1y", Zone::UTC), "2024-02-29"), 366 * 24);
    assert_eq!(hours(grid("1y", Zone::UTC), "1900-02-28"), 365 * 24);
    assert_eq!(hours(grid("1w", zurich), "2023-03-26"), 7 * 24 - 1);
}

#[test]
fn a_february_of_meters() {
    let february = range("2023-02-01T00:00:00Z", "2023-02-28T23:45:00Z");
    for (zone, days) in [(zone("Europe/Zurich"), 29), (Zone::UTC, 28)] {
        let daily = grid("1d", zone);
        assert_eq!(daily.slots(february).count(), days);
        assert_eq!(daily.count(february), days as u64);
    }
    assert_eq!(grid("15m", zone("Europe/Zurich")).count(february), 2688);
}

#[test]
fn the_ends_of_time() {
    for every in ["1s", "7m", "24h", "1d", "1w", "1mo", "1q", "1y"] {
        for zone in [Zone::UTC, zone("Europe/Zurich"), zone("Pacific/Apia")] {
            let grid = grid(every, zone);
            let first = grid.slot_of(Timestamp::MIN);
            assert_eq!(first.start, Timestamp::MIN);
            assert_eq!(grid.previous(first), None);
            assert!(first.end > first.start);
            let last = grid.slot_of(Timestamp::MAX);
            assert_eq!(last.end, Timestamp::MAX);
            assert_eq!(grid.next(last), None);
            assert!(last.contains(Timestamp::MAX) && last.contains(last.start));
            assert_eq!(grid.slots(TimeRange::ALL).next(), Some(first));
            assert_eq!(grid.slots(TimeRange::ALL).next_back(), Some(last));
        }
    }
    // From 1677-09-21 to 2262-04-11.
    assert_eq!(grid("1d", Zone::UTC).count(TimeRange::ALL), 213_504);
    assert_eq!(grid("1y", Zone::UTC).count(TimeRange::ALL), 586);
    assert_eq!(grid("1s", Zone::UTC).count(TimeRange::ALL), 18_446_744_074);
    let all = grid("1s", zone("Europe/Zurich")).count(TimeRange::ALL);
    assert_eq!(all, 18_446_744_074);
}

#[test]
fn travels_as_two_texts() {
    let zurich = grid("15m", zone("Europe/Zurich"));
    let json = serde_json::to_string(&zurich).unwrap();
    assert_eq!(json, r#"["15m","Europe/Zurich"]"#);
    assert_eq!(serde_json::from_str::<Grid>(&json).unwrap(), zurich);
    assert!(serde_json::from_str::<Grid>(r#"["15m","Europe/Nowhere"]"#).is_err());
}

fn any_grid() -> impl Strategy<Value = Grid> {
    let widths = [
        "1s", "90s", "7m", "15m", "1h", "5h", "6h", "7h", "24h", "1d", "1w", "1mo", "1q", "1y",
    ];
    let zones = prop_oneof![
        prop::sample::select(Zone::all().collect::<Vec<_>>()),
        // Odd ones: half an hour, midnights, whole days, years with four changes.
        prop::sample::select(vec![
            zone("Australia/Lord_Howe"),
            zone("America/St_Johns"),
            zone("America/Sao_Paulo"),
            zone("Pacific/Apia"),
            zone("Pacific/Kwajalein"),
            zone("Africa/Casablanca"),
            zone("Europe/Amsterdam"),
        ]),
    ];
    let widths = prop::sample::select(widths.to_vec());
    (widths, zones).prop_map(|(every, zone)| grid(every, zone))
}

/// An instant, often one near which the zone's clock changes.
fn times(zone: Zone) -> impl Strategy<Value = Timestamp> {
    let near_a_change = move |(from, distance, nanos): (i64, i64, i64)| {
        let change = zone.changes(from, from + 400 * DAY).next();
        (change.map_or(from, |change| change.at) + distance) * NANOS + nanos
    };
    prop_oneof![
        any::<i64>(),
        (
            -3_000_000_000..3_000_000_000_i64,
            -90_000..90_000_i64,
            -1..2_i64
        )
            .prop_map(near_a_change),
    ]
    .prop_map(Timestamp::from_nanos)
}

fn grid_and_time() -> impl Strategy<Value = (Grid, Timestamp)> {
    any_grid().prop_flat_map(|grid| (Just(grid), times(grid.zone)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn slots_tile_time((grid, time) in grid_and_time(), part: u64) {
        let slot = grid.slot_of(time);
        prop_assert!(slot.contains(time));
        prop_assert!(slot.start < slot.end);
        // Any of its instants has the same slot.
        let length = slot.end.nanos().wrapping_sub(slot.start.nanos()).cast_unsigned();
        let within = slot.start.nanos().wrapping_add_unsigned(part % length);
        prop_assert_eq!(grid.slot_of(Timestamp::from_nanos(within)), slot);
        prop_assert_eq!(grid.slot_of(slot.start), slot);
        prop_assert_eq!(grid.slot_of(slot.last()), slot);
        if let Some(next) = grid.next(slot) {
            prop_assert_eq!(next.start, slot.end);
            prop_assert_eq!(grid.previous(next), Some(slot));
        }
        if let Some(previous) = grid.previous(slot) {
            prop_assert_eq!(previous.end, slot.start);
            prop_assert_eq!(grid.next(previous), Some(slot));
        }
    }

    /// Every slot begins where its rule says, looked at second by second.
    #[test]
    fn slots_begin_where_the_clock_says((grid, time) in grid_and_time()) {
        let start = grid.slot_of(time).start;
        prop_assume!(start > Timestamp::MIN);
        let start = seconds(start);
        let clock = |time| time + grid.zone.offset(time);
        let (now, before) = (clock(start), clock(start - 1));
        match grid.every.width() {
            Width::Fixed(width) => prop_assert!(
                now.rem_euclid(width) == 0 || now.div_euclid(width) != before.div_euclid(width)
            ),
            Width::Calendar(calendar) => {
                let period = |reading: i64| calendar.period_of(reading.div_euclid(DAY));
                prop_assert!(period(now) > period(before));
            }
        }
    }

    #[test]
    fn count_is_how_many_there_are((grid, time) in grid_and_time(), slots in 0..60_usize, more in 0..HOUR) {
        let mut last = grid.slot_of(time);
        for _ in 0..slots {
            last = grid.next(last).unwrap_or(last);
        }
        let to = last.start.plus(more).min(last.last()).max(time);
        let range = TimeRange::new(time, to).unwrap();
        let forth: Vec<Slot> = grid.slots(range).collect();
        let mut back: Vec<Slot> = grid.slots(range).rev().collect();
        back.reverse();
        prop_assert_eq!(&forth, &back);
        prop_assert_eq!(grid.count(range), forth.len() as u64);
        prop_assert!(forth[0].contains(time) && forth[forth.len() - 1].contains(to));
    }

    #[test]
    fn slots_from_both_ends_meet((grid, time) in grid_and_time(), ends in prop::collection::vec(any::<bool>(), 20)) {
        let range = TimeRange::new(time, time.plus(12 * HOUR)).unwrap();
        let all: Vec<Slot> = grid.slots(range).take(20).collect();
        let mut slots = grid.slots(range);
        let (mut front, mut back) = (vec![], vec![]);
        for end in ends {
            if end { front.extend(slots.next()) } else { back.extend(slots.next_back()) }
        }
        if all.len() < 20 {
            back.reverse();
            front.extend(back);
            prop_assert_eq!(front, all);
        }
    }

    #[test]
    fn runs_are_by_slot(
        grid in any_grid(),
        from in any::<i64>(),
        mut distances in prop::collection::vec(0..3 * HOUR, 0..80),
        step in 1..1_000_000_i64,
    ) {
        distances.sort_unstable();
        let times: Vec<Timestamp> = distances
            .iter()
            .map(|distance| Timestamp::from_nanos(from).plus(distance / step))
            .collect();
        let mut at = 0;
        let mut last = None;
        for (slot, run) in grid.runs(&times) {
            prop_assert_eq!(run.start, at);
            prop_assert!(!run.is_empty());
            prop_assert!(times[run.clone()].iter().all(|time| grid.slot_of(*time) == slot));
            prop_assert_ne!(last.replace(slot), Some(slot));
            at = run.end;
        }
        prop_assert_eq!(at, times.len());
    }
}

/// Where a stretch says that the slot of an instant begins.
fn by_stretches(stretches: &[Stretch], time: Timestamp) -> Timestamp {
    let stretch = stretches.iter().rfind(|s| s.start <= time).unwrap();
    assert!(time < stretch.end || stretch.end == Timestamp::MAX);
    let since = time.since(stretch.start);
    stretch.start.plus(since / stretch.length * stretch.length)
}

#[test]
fn stretches_are_few() {
    let range = TimeRange::new(
        Timestamp::from_seconds(0).unwrap(),
        Timestamp::from_seconds(1_700_000_000).unwrap(),
    )
    .unwrap();
    for (every, zone, most) in [
        ("15m", "Europe/Zurich", 1),
        ("1s", "UTC", 1),
        ("1d", "UTC", 1),
        ("6h", "UTC", 1),
        // Twice a year since 1981 a stretch, and a slot of its own length.
        ("1d", "Europe/Zurich", 4 * 43 + 1),
        ("6h", "Europe/Zurich", 4 * 43 + 1),
        ("1mo", "UTC", 12 * 54),
    ] {
        let grid: Grid = serde_json::from_value(serde_json::json!([every, zone])).unwrap();
        let stretches = grid.stretches(range);
        assert!(
            stretches.len() <= most,
            "{every} {zone} {}",
            stretches.len()
        );
    }
}

proptest! {
    #[test]
    fn stretches_tell_the_slot_of_every_instant(
        every in prop::sample::select(vec!["1s", "7m", "15m", "90s", "1h", "6h", "1d", "1w", "1mo", "1q", "1y"]),
        zone in prop::sample::select(vec!["UTC", "Europe/Zurich", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "America/New_York"]),
        from in 0_i64..1_900_000_000,
        length in prop_oneof![0_i64..100_000, 0_i64..200_000_000],
        parts in prop::collection::vec(0.0..=1.0_f64, 20),
    ) {
        let grid: Grid = serde_json::from_value(serde_json::json!([every, zone])).unwrap();
        let at = |seconds: i64| Timestamp::from_seconds(seconds).unwrap();
        let range = TimeRange::new(at(from), at(from + length)).unwrap();
        let stretches = grid.stretches(range);
        prop_assert!(stretches.windows(2).all(|w| w[0].end == w[1].start));
        #[allow(clippy::cast_possible_truncation, reason = "within the range")]
        for part in parts {
            let time = range.from().plus((length as f64 * 1e9 * part) as i64);
            prop_assert_eq!(by_stretches(&stretches, time), grid.slot_of(time).start);
        }
    }
}
