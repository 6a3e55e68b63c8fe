//! The catalog lists a tenant's series in order, by prefix and page by page, and
//! counts them exactly.

use std::collections::BTreeSet;

use tidemark_core::name::SeriesName;
use tidemark_ports::Catalog;

use crate::Subject;
use crate::catalog::{listed, register, updated};
use crate::material::{Random, name, received, sibling, tenant};

/// Series are listed in the order of their names' bytes.
pub async fn series_are_listed_by_their_bytes<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut names = [
        "b", "a", "B", "A", "a.b", "a-b", "a:b", "a_b", "ab", "a0", "0", "10", "9", "_", "-",
        "...", ":",
    ];
    register(subject, &tenant, &names, 1).await;
    names.sort_unstable_by_key(|n| n.as_bytes());
    let expected: Vec<String> = names.iter().map(ToString::to_string).collect();
    for limit in 1..=names.len() + 1 {
        let look = async || listed(subject, &tenant, "", limit).await;
        subject.eventually(&expected, look).await;
    }
}

/// A prefix may be any beginning of a name, also one that is no name itself.
pub async fn prefixes_filter<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let long = "x".repeat(SeriesName::MAX_BYTES);
    let mut names = [
        "a", "aa", "aab", "ab", "b", "A", ".a", "..a", "...", ".a.b", "a.", "a.b", "a..b", "-",
        "zz", "~no", &long,
    ]
    .into_iter()
    .filter(|n| SeriesName::check(n).is_ok())
    .collect::<Vec<_>>();
    register(subject, &tenant, &names, 1).await;
    names.sort_unstable();
    let prefixes = [
        "", "a", "aa", "aab", "aabc", "ab", "b", "c", ".", "..", "...", "....", ".a", "a.", "a..",
        "-", "z", "zz", "zzz", "A", "x", &long,
    ];
    for prefix in prefixes {
        let expected: Vec<String> = names
            .iter()
            .filter(|n| n.starts_with(prefix))
            .map(ToString::to_string)
            .collect();
        for limit in [1, 2, 100] {
            let look = async || listed(subject, &tenant, prefix, limit).await;
            subject.eventually(&expected, look).await;
        }
        let count = subject.store.count(&tenant, prefix).await.unwrap();
        assert_eq!(count, expected.len() as u64, "prefix {prefix:?}");
    }
}

/// What no name contains is a prefix of none: `%` and `_` are not wildcards.
pub async fn a_prefix_has_no_wildcards<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    register(subject, &tenant, &["a", "ab", "a_c", "abc"], 1).await;
    let look = async || subject.store.count(&tenant, "").await.unwrap();
    subject.eventually(&4, look).await;
    for (prefix, count) in [
        ("a_", 1),
        ("%", 0),
        ("*", 0),
        ("a%", 0),
        ("é", 0),
        ("_", 0),
        (" ", 0),
        ("'", 0),
    ] {
        assert_eq!(
            subject.store.count(&tenant, prefix).await.unwrap(),
            count,
            "{prefix:?}"
        );
        assert_eq!(
            listed(subject, &tenant, prefix, 10).await.len() as u64,
            count,
            "{prefix:?}"
        );
    }
}

/// A page begins after a name, whether that is listed or not.
pub async fn pages_begin_after_any_name<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let names = ["a", "b", "b.1", "b.2", "b.3", "c", "d"];
    register(subject, &tenant, &names, 1).await;
    let look = async || subject.store.count(&tenant, "").await.unwrap();
    subject.eventually(&7, look).await;
    for prefix in ["", "b", "b.", "x"] {
        for after in [
            "0", "a", "aa", "b", "b.", "b.15", "b.3", "b.4", "c", "d", "z",
        ] {
            let page = subject
                .store
                .list(&tenant, prefix, Some(&name(after)), 10)
                .await
                .unwrap();
            let page: Vec<&str> = page.iter().map(|s| s.name.as_str()).collect();
            let expected: Vec<&str> = names
                .iter()
                .copied()
                .filter(|n| n.starts_with(prefix) && *n > after)
                .collect();
            assert_eq!(page, expected, "prefix {prefix:?} after {after:?}");
        }
    }
}

/// Many series are listed and counted, and only the tenant's own.
pub async fn many_series_are_counted_exactly<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let (one, other) = (tenant(), tenant());
    let mut names: Vec<String> = (0..1000).map(|i| format!("sensor.{i}")).collect();
    Random::new(5).shuffle(&mut names);
    for part in names.chunks(250) {
        let part: Vec<&str> = part.iter().map(String::as_str).collect();
        register(subject, &one, &part, 1).await;
    }
    register(subject, &other, &["sensor.1", "theirs"], 1).await;
    names.sort_unstable();
    for limit in [7, 100, 1000] {
        let look = async || listed(subject, &one, "", limit).await;
        subject.eventually(&names, look).await;
    }
    assert_eq!(subject.store.count(&one, "").await.unwrap(), 1000);
    assert_eq!(subject.store.count(&one, "sensor.1").await.unwrap(), 111);
    let look = async || listed(subject, &other, "", 10).await;
    subject
        .eventually(&vec!["sensor.1".to_owned(), "theirs".to_owned()], look)
        .await;
    assert_eq!(updated(subject, &sibling(&other, "sensor.2")).await, None);
}

/// However often series come and go, as many are counted as are listed.
pub async fn the_count_follows_what_comes_and_goes<S: Catalog + ?Sized>(subject: &Subject<S>) {
    const NAMES: [&str; 4] = ["a", "b", "c", "d"];
    let tenant = tenant();
    let mut random = Random::new(8);
    let (mut live, mut deleted) = (BTreeSet::new(), BTreeSet::new());
    for now in 1..40 {
        let name = NAMES[random.below(NAMES.len())];
        if random.below(2) == 0 {
            let was_live = live.remove(name);
            if was_live {
                deleted.insert(name);
            }
            let series = sibling(&tenant, name);
            let outcome = subject.store.delete(&series, received(now)).await;
            assert_eq!(outcome.unwrap(), was_live);
        } else {
            let is_late = random.below(4) == 0;
            register(subject, &tenant, &[name], if is_late { 0 } else { now }).await;
            if !(is_late && deleted.contains(name)) {
                live.insert(name);
            }
        }
        let look = async || subject.store.count(&tenant, "").await.unwrap();
        subject.eventually(&(live.len() as u64), look).await;
        let look = async || listed(subject, &tenant, "", 10).await.len();
        subject.eventually(&live.len(), look).await;
    }
}
