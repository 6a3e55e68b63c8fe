use proptest::prelude::*;

use super::*;

fn captured(pattern: &str, name: &str) -> Option<Vec<String>> {
    let pattern: Pattern = pattern.parse().unwrap();
    let name = SeriesName::new(name).unwrap();
    let captured = pattern.captures(&name)?;
    assert!(
        name.as_str().starts_with(pattern.prefix()),
        "{pattern} {name}"
    );
    Some(captured.into_iter().map(str::to_owned).collect())
}

fn is_match(pattern: &str, name: &str) -> bool {
    captured(pattern, name).is_some()
}

#[test]
fn segments_are_matched_one_by_one() {
    assert!(is_match("plant.u1", "plant.u1"));
    assert!(!is_match("plant.u1", "plant:u1"));
    assert!(!is_match("plant.u1", "plant.u1.a"));
    assert!(is_match("plant.*", "plant.u1"));
    assert!(!is_match("plant.*", "plant.u1.a"));
    assert!(!is_match("plant.*", "plant"));
    assert!(!is_match("plant.*", "plant:u1"));
    assert!(is_match("a..b", "a..b"));
    assert!(is_match("a.*.b", "a..b"));
    assert!(!is_match("a", "A"));
}

#[test]
fn labels_capture() {
    assert_eq!(
        captured("plant.{unit}.temp.*", "plant.u1.temp.inlet").unwrap(),
        ["u1"]
    );
    assert_eq!(
        captured("energy:{muid}:{obis}", "energy:95ce-33:0100011D00FF").unwrap(),
        ["95ce-33", "0100011D00FF"]
    );
    assert_eq!(captured("{a}.**.{b}", "x.y.z").unwrap(), ["x", "z"]);
    // As few segments as it can, the first one first.
    assert_eq!(captured("**.{a}.**", "x.y.z").unwrap(), ["x"]);
    assert_eq!(captured("**.{a}.y.**", "x.y.z.y").unwrap(), ["x"]);
    assert_eq!(captured("**.{a}.{b}", "x.y.z").unwrap(), ["y", "z"]);
}

#[test]
fn any_number_of_segments_includes_none() {
    for name in ["plant", "plant.a", "plant.a.b:c"] {
        assert!(is_match("plant.**", name), "{name}");
        assert!(is_match("**", name), "{name}");
    }
    assert!(!is_match("plant.**", "plants"));
    assert!(!is_match("plant.**", "plant:a"));
    for name in ["b", "a.b", "a:c.b"] {
        assert!(is_match("**.b", name), "{name}");
    }
    assert!(!is_match("**.b", "a:b"));
    assert!(is_match("a.**.b", "a.b"));
    assert!(is_match("a.**.b", "a.x:y.b"));
    assert!(!is_match("a.**.b", "a:x.b"));
    assert!(is_match("**.**", "a"));
    // The first way fails: an earlier one has to grow.
    assert!(is_match("**.a:**.b", "a.a:x:a.b"));
}

#[test]
fn what_is_no_pattern_is_told() {
    let told = |text: &str| text.parse::<Pattern>().unwrap_err();
    assert_eq!(told(""), PatternError::Empty);
    assert_eq!(told(&"a".repeat(513)), PatternError::TooLong(513));
    assert_eq!(told("a/b"), PatternError::Character(1));
    assert_eq!(told("a.b*"), PatternError::Partial(3));
    assert_eq!(told("***"), PatternError::Partial(0));
    assert_eq!(told("a.{x"), PatternError::Partial(2));
    assert_eq!(told("a.x}"), PatternError::Partial(3));
    assert_eq!(told("a.{}"), PatternError::Label(3));
    assert_eq!(told("{1}"), PatternError::Label(1));
    assert_eq!(told("{Unit}"), PatternError::Label(1));
    for column in ["start", "end", "series", "contributing", "avg", "p99"] {
        let pattern = format!("a.{{{column}}}");
        assert_eq!(told(&pattern), PatternError::Reserved(column.to_owned()));
    }
    assert_eq!(told("{a}.{a}"), PatternError::Twice("a".to_owned()));
}

#[test]
fn many_wildcards_take_no_longer_than_few() {
    let pattern = format!("{}.b", vec!["**"; 120].join("."));
    let name = vec!["a"; 128].join(".");
    assert!(!is_match(&pattern, &name));
}

/// The same by all ways there are.
fn naive(elements: &[Element], segments: &[Segment<'_>]) -> bool {
    let Some((element, rest)) = elements.split_first() else {
        return segments.is_empty();
    };
    let follows = |segment: &Segment<'_>| segment.0.is_none() || segment.0 == element.separator;
    match (&element.kind, segments.first()) {
        (Kind::Many, None) => naive(rest, segments),
        (Kind::Many, Some(first)) => {
            naive(rest, segments)
                || follows(first) && (1..=segments.len()).any(|n| naive(rest, &segments[n..]))
        }
        (Kind::Literal(text), Some(first)) => {
            text == first.1 && follows(first) && naive(rest, &segments[1..])
        }
        (Kind::One | Kind::Label, Some(first)) => follows(first) && naive(rest, &segments[1..]),
        (Kind::Literal(_) | Kind::One | Kind::Label, None) => false,
    }
}

proptest! {
    #[test]
    fn matching_is_that_of_the_model(
        pattern in r"(a|b|\*|\*\*)([.:](a|b|\*|\*\*)){0,5}",
        name in "[ab]([.:][ab]?){0,6}",
    ) {
        let pattern: Pattern = pattern.parse().unwrap();
        let Ok(name) = SeriesName::new(name) else { return Ok(()) };
        let segments: Vec<_> = segments(name.as_str()).collect();
        prop_assert_eq!(pattern.matches(&name), naive(&pattern.elements, &segments));
        if pattern.matches(&name) {
            prop_assert!(name.as_str().starts_with(pattern.prefix()));
        }
    }

    #[test]
    fn nothing_panics(text in "[a.:*{}é]{0,12}", name in "[a.:]{1,6}") {
        if let (Ok(pattern), Ok(name)) = (text.parse::<Pattern>(), SeriesName::new(name)) {
            pattern.matches(&name);
            prop_assert_eq!(pattern.to_string(), text);
        }
    }
}
