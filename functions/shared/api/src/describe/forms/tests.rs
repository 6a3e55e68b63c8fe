//! The forms in the document are those that are read, no more and no less.

use proptest::prelude::*;
use proptest::sample::Index;
use regex_lite::Regex;
use tidemark_core::about::{Label, MAX_CHARACTERS, Remark};
use tidemark_core::batch::Source;
use tidemark_core::discard::DiscardId;
use tidemark_core::every::Every;
use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;
use tidemark_formats::obis;

use super::*;

/// A form: its pattern, how long a text may be, and its parser.
type Form = (String, usize, fn(&str) -> bool);

fn forms() -> Vec<Form> {
    vec![
        (NAME.to_owned(), 256, |text| SeriesName::check(text).is_ok()),
        (PART.to_owned(), 80, |text| {
            SeriesName::check(text).is_ok() && !text.contains(':')
        }),
        (TAG.to_owned(), Tags::MAX_BYTES, |text| {
            Tags::new([text.to_owned()]).is_ok()
        }),
        (LABEL.to_owned(), MAX_CHARACTERS, |text| {
            Label::new(text).is_ok()
        }),
        (REMARK.to_owned(), MAX_CHARACTERS, |text| {
            Remark::new(text).is_ok()
        }),
        (SOURCE.to_owned(), Source::MAX_BYTES, |text| {
            text.parse::<Source>().is_ok()
        }),
        (DISCARD.to_owned(), 64, |text| {
            text.parse::<DiscardId>().is_ok()
        }),
        (EVERY.to_owned(), 64, |text| text.parse::<Every>().is_ok()),
        (OBIS.to_owned(), 80, |text| {
            obis::hexadecimal(text).is_some() || SeriesName::check(text).is_ok()
        }),
        (instant(), 64, |text| {
            Timestamp::parse(text, Zone::UTC).is_ok()
        }),
    ]
}

/// What is accepted as an instant though its pattern leaves it out.
fn is_told_in_words(text: &str) -> bool {
    let ends = ["1677-", "2262-", "92", "-92"];
    text.contains(['e', 'E'])
        || text.contains(":60")
        || ends.iter().any(|end| text.starts_with(end))
}

/// A pattern as the libraries here write it: they know this way to write a character
/// not.
fn translated(pattern: &str) -> String {
    let mut parts = pattern.split(r"\u");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (code, rest) = part.split_at(4);
        format!("{text}\\x{{{code}}}{rest}")
    })
}

/// Texts that a pattern matches.
fn texts(pattern: &str) -> impl Strategy<Value = String> + use<> {
    // The generator knows no anchors.
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    proptest::string::string_regex(&translated(inner)).unwrap()
}

/// A text with one character more, less or other.
fn changed(text: &str, at: Index, with: Option<char>, inserts: bool) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = at.index(characters.len() + 1);
    if at < characters.len() && !(inserts && with.is_some()) {
        characters.remove(at);
    }
    characters.splice(at..at, with);
    characters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn what_matches_is_read(
        (form, text) in (0..forms().len()).prop_flat_map(|form| (Just(form), texts(&forms()[form].0))),
    ) {
        let (_, most, is_read) = &forms()[form];
        prop_assume!(text.len() <= *most);
        prop_assert!(is_read(&text), "{:?}", text);
    }

    #[test]
    fn what_is_read_matches(
        (form, text) in (0..forms().len()).prop_flat_map(|form| (Just(form), texts(&forms()[form].0))),
        at: Index,
        with in prop::option::weighted(0.8, prop::sample::select(
            "0019+-:.,;/ TtZzeEsmhdwoqyaZ_\n\u{2212}\u{661}\u{e9}\0".chars().collect::<Vec<_>>()
        )),
        inserts: bool,
    ) {
        let (pattern, most, is_read) = &forms()[form];
        let text = changed(&text, at, with, inserts);
        prop_assume!(text.len() <= *most);
        let matches = Regex::new(&translated(pattern)).unwrap().is_match(&text);
        let is_instant = form + 1 == forms().len();
        if matches || !(is_instant && is_told_in_words(&text)) {
            prop_assert_eq!(is_read(&text), matches, "{:?}", text);
        }
    }
}

/// All that can be listed.
#[test]
fn every_width_matches() {
    let pattern = Regex::new(EVERY).unwrap();
    for (unit, most) in [("s", 86_400), ("m", 1440), ("h", 24)] {
        for number in 0..most + 20 {
            for text in [format!("{number}{unit}"), format!("0{number}{unit}")] {
                assert_eq!(
                    pattern.is_match(&text),
                    text.parse::<Every>().is_ok(),
                    "{text}"
                );
            }
        }
    }
    for text in ["1d", "1w", "1mo", "1q", "1y", "2d", "01d", "1M", "d"] {
        assert_eq!(
            pattern.is_match(text),
            text.parse::<Every>().is_ok(),
            "{text}"
        );
    }
}

#[test]
fn a_place_in_a_batch_has_32_bits() {
    let pattern = Regex::new(DISCARD).unwrap();
    let batch = "0123456789abcdef".repeat(2);
    let near = |number: u64| [number - 1, number, number + 1];
    let powers = (0..11).map(|power| 10_u64.pow(power));
    let tens = powers.flat_map(|power| (1..10).map(move |digit| digit * power));
    for number in tens.flat_map(near).chain(near(u32::MAX.into())) {
        let text = format!("{batch}-{number}");
        let is_read = u32::try_from(number).is_ok();
        assert_eq!(text.parse::<DiscardId>().is_ok(), is_read, "{text}");
        assert_eq!(pattern.is_match(&text), is_read, "{text}");
    }
}

#[test]
fn every_year_has_the_29th_of_february_that_it_has() {
    let pattern = Regex::new(&instant()).unwrap();
    for year in 1678..=2261 {
        for day in ["01-01", "02-28", "02-29", "12-31"] {
            let text = format!("{year}-{day}");
            let is_read = Timestamp::parse(&text, Zone::UTC).is_ok();
            assert_eq!(pattern.is_match(&text), is_read, "{text}");
        }
    }
}

#[test]
fn what_the_contract_shows_matches() {
    let instant = Regex::new(&instant()).unwrap();
    for text in [
        "13515551",
        "1700000000.25",
        "-1",
        "2023-02-01",
        "2023-02-01T00:00:00Z",
        "1970-06-06T10:19:14Z",
        "2023-02-28T23:45:00.000Z",
        "2023-02-01T00:00:00+01:00",
    ] {
        assert!(instant.is_match(text), "{text}");
    }
    for text in [
        "",
        "now",
        "9300000000",
        "2023-02-31",
        "2023-13-01",
        "2023-02-01T00:00:00",
        "1600-01-01",
    ] {
        assert!(!instant.is_match(text), "{text}");
    }
    let name = Regex::new(NAME).unwrap();
    for (text, good) in [
        (".", false),
        ("..", false),
        ("...", true),
        ("..a", true),
        ("a/b", false),
        ("", false),
    ] {
        assert_eq!(name.is_match(text), good, "{text}");
    }
    let obis = Regex::new(OBIS).unwrap();
    for (text, good) in [
        ("0100010800FF", true),
        ("1-0:1.8.0", true),
        ("1-0:1.8.0*255", true),
        ("01-000:199.99.250&0", true),
        ("1-0:1.8.0*256", false),
        ("1-0:1.300.0*255", false),
        ("1.8.0*255", false),
        ("1-0:1.8.0*", false),
        ("..", false),
    ] {
        assert_eq!(obis.is_match(text), good, "{text}");
    }
    let csv = Regex::new(&csv()).unwrap();
    assert!(csv.is_match(
        "name,t,v,tags\nexample1,13515551,1.1,\nexample2,1970-06-06T10:19:14Z,1.5,night;dry\n"
    ));
    assert!(csv.is_match("name,t,v\r\na,1,-2e5"));
    assert!(!csv.is_match("name,t,v\n"));
}
