//! What is said of a series stays until somebody says otherwise, or the series
//! goes.

use std::sync::Arc;

use tidemark_core::about::{About, AboutChange, Edit, MAX_CHARACTERS, Remark};
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::{Catalog, Registration};

use crate::Subject;
use crate::catalog::{register, updated};
use crate::material::{label, name, received, series, sibling, tenant, within};

/// Registers a series that has a unit if it is new.
async fn register_with_unit<S: Catalog + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    unit: &str,
    seconds: i64,
) {
    let registration = Registration {
        name: &series.name,
        unit: Some(label(unit)),
    };
    subject
        .store
        .register(&series.tenant, &[registration], received(seconds))
        .await
        .unwrap();
}

/// What is said of a series, if it is there.
async fn about<S: Catalog + ?Sized>(subject: &Subject<S>, series: &SeriesKey) -> Option<About> {
    let found = subject.store.get(series).await.unwrap();
    found.map(|found| found.about)
}

/// Has what is said be seen, by [`Catalog::get`] and in lists.
async fn expect<S: Catalog + ?Sized>(subject: &Subject<S>, series: &SeriesKey, expected: &About) {
    let expected = Some(expected.clone());
    let look = async || about(subject, series).await;
    subject.eventually(&expected, look).await;
    let look = async || {
        let prefix = series.name.as_str();
        let listed = subject.store.list(&series.tenant, prefix, None, 1).await;
        listed.unwrap().pop().map(|found| found.about)
    };
    subject.eventually(&expected, look).await;
}

async fn say<S: Catalog + ?Sized>(
    subject: &Subject<S>,
    series: &SeriesKey,
    change: &AboutChange,
) -> bool {
    subject.store.describe(series, change).await.unwrap()
}

fn title(text: &str) -> AboutChange {
    AboutChange {
        title: Edit::Set(label(text)),
        ..AboutChange::default()
    }
}

fn unit(text: &str) -> AboutChange {
    AboutChange {
        unit: Edit::Set(label(text)),
        ..AboutChange::default()
    }
}

fn note(text: &str) -> AboutChange {
    AboutChange {
        note: Edit::Set(Remark::new(text).unwrap()),
        ..AboutChange::default()
    }
}

fn with_unit(unit: &str) -> About {
    About {
        unit: Some(label(unit)),
        ..About::default()
    }
}

/// Of a new series nothing is said; what is said comes back, character by
/// character, however long it may be.
pub async fn what_is_said_comes_back<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    expect(subject, &series, &About::default()).await;
    let longest = "\u{1F50C}".repeat(MAX_CHARACTERS);
    for text in [
        "Main meter",
        " ' \" \\ \u{2028}\u{e9}e\u{301} NULL",
        &longest,
    ] {
        let note = format!("\n{}", &text[..text.len().min(1000)]);
        let change = AboutChange {
            title: Edit::Set(label(text)),
            unit: Edit::Set(label(text)),
            note: Edit::Set(Remark::new(&*note).unwrap()),
        };
        assert!(say(subject, &series, &change).await);
        let expected = About {
            title: Some(label(text)),
            unit: Some(label(text)),
            note: Some(Remark::new(note).unwrap()),
        };
        expect(subject, &series, &expected).await;
    }
}

/// A change changes what it names: the rest stays, and what is cleared is gone.
pub async fn a_change_leaves_the_rest<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    let mut expected = About::default();
    let clear_title = AboutChange {
        title: Edit::Clear,
        ..AboutChange::default()
    };
    let clear_two_and_set_one = AboutChange {
        title: Edit::Set(label("c")),
        unit: Edit::Clear,
        note: Edit::Clear,
    };
    for change in [
        title("a"),
        unit("kWh"),
        note("n"),
        title("b"),
        AboutChange::default(),
        clear_title.clone(),
        // Where nothing was said, nothing is to be cleared.
        clear_title,
        clear_two_and_set_one,
    ] {
        assert!(say(subject, &series, &change).await, "{change:?}");
        change.apply(&mut expected);
        expect(subject, &series, &expected).await;
    }
    // When it was updated is when its points came.
    assert_eq!(updated(subject, &series).await, Some(received(1)));
}

/// Of a series that there is not, or no longer, nothing can be said, and saying
/// something makes none.
pub async fn of_no_series_nothing_is_said<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let (never, gone) = (sibling(&tenant, "never"), sibling(&tenant, "gone"));
    register(subject, &tenant, &["gone"], 1).await;
    subject.settle().await;
    assert!(subject.store.delete(&gone, received(5)).await.unwrap());
    subject.settle().await;
    for series in [&never, &gone] {
        for change in [title("a"), AboutChange::default()] {
            assert!(!say(subject, series, &change).await, "{}", series.name);
            subject.settle().await;
            assert_eq!(about(subject, series).await, None);
        }
    }
    assert_eq!(subject.store.count(&tenant, "").await.unwrap(), 0);
    // Neither is it kept for later.
    register(subject, &tenant, &["never", "gone"], 6).await;
    for series in [&never, &gone] {
        expect(subject, series, &About::default()).await;
    }
}

/// What is said goes with the series, also where the series is not gone as a
/// later batch came before the deletion was carried out.
pub async fn what_is_said_goes_with_the_series<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let all = AboutChange {
        note: Edit::Set(Remark::new("n").unwrap()),
        unit: Edit::Set(label("W")),
        ..title("a")
    };
    let a = sibling(&tenant, "a");
    register(subject, &tenant, &["a", "b"], 1).await;
    assert!(say(subject, &a, &all).await);
    subject.settle().await;
    assert!(subject.store.delete(&a, received(5)).await.unwrap());
    register(subject, &tenant, &["a"], 6).await;
    expect(subject, &a, &About::default()).await;

    let b = sibling(&tenant, "b");
    register(subject, &tenant, &["b"], 8).await;
    assert!(say(subject, &b, &all).await);
    subject.settle().await;
    assert!(subject.store.delete(&b, received(7)).await.unwrap());
    expect(subject, &b, &About::default()).await;
}

/// Neither another batch nor a deletion of a range changes what is said.
pub async fn what_is_said_outlives_batches<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    assert!(say(subject, &series, &title("a")).await);
    let expected = About {
        title: Some(label("a")),
        ..About::default()
    };
    for seconds in [5, 3, 5] {
        register(subject, &series.tenant, &["series"], seconds).await;
        subject.settle().await;
        expect(subject, &series, &expected).await;
    }
    let tombstone = Tombstone {
        range: within(0, 9),
        deleted_at: received(7),
    };
    subject.store.tombstone(&series, tombstone).await.unwrap();
    subject.settle().await;
    expect(subject, &series, &expected).await;
}

/// A series begins with the unit of the batch that makes it; of one that is there
/// a batch changes no unit, whether there is one or none.
pub async fn a_series_begins_with_a_unit<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let (a, b) = (sibling(&tenant, "a"), sibling(&tenant, "b"));
    register_with_unit(subject, &a, "kWh", 1).await;
    expect(subject, &a, &with_unit("kWh")).await;
    register(subject, &tenant, &["b"], 1).await;
    for seconds in [1, 2] {
        register_with_unit(subject, &b, "kWh", seconds).await;
        subject.settle().await;
        expect(subject, &b, &About::default()).await;
    }
    // What people say counts, and that they say nothing.
    let clear = AboutChange {
        unit: Edit::Clear,
        ..AboutChange::default()
    };
    for (change, expected) in [(unit("Wh"), with_unit("Wh")), (clear, About::default())] {
        assert!(say(subject, &a, &change).await);
        subject.settle().await;
        for seconds in [1, 3, 4] {
            register_with_unit(subject, &a, "kWh", seconds).await;
            subject.settle().await;
            expect(subject, &a, &expected).await;
        }
    }
    assert!(say(subject, &a, &title("a")).await);
    subject.settle().await;
    assert!(subject.store.delete(&a, received(5)).await.unwrap());
    register_with_unit(subject, &a, "kWh", 5).await;
    subject.settle().await;
    assert_eq!(about(subject, &a).await, None);
    // It begins anew.
    register_with_unit(subject, &a, "MWh", 6).await;
    expect(subject, &a, &with_unit("MWh")).await;
}

/// What is said belongs to one series of one tenant.
pub async fn what_is_said_belongs_to_one_series<S: Catalog + ?Sized>(subject: &Subject<S>) {
    let a = series();
    let others = [sibling(&a.tenant, "other"), series()];
    register(subject, &a.tenant, &["series", "other"], 1).await;
    register(subject, &others[1].tenant, &["series"], 1).await;
    assert!(say(subject, &a, &unit("W")).await);
    expect(subject, &a, &with_unit("W")).await;
    for other in &others {
        expect(subject, other, &About::default()).await;
    }
}

/// Of changes that come at the same time, with batches among them, none is lost.
pub async fn changes_at_once_are_all_kept<S: Catalog + ?Sized + 'static>(subject: &Subject<S>) {
    const TIMES: i64 = 12;
    let series = series();
    register(subject, &series.tenant, &["series"], 1).await;
    let change = |store: Arc<S>, series: SeriesKey, change: fn(&str) -> AboutChange| async move {
        for time in 1..=TIMES {
            let change = change(&time.to_string());
            assert!(store.describe(&series, &change).await.unwrap());
        }
    };
    let batches = |store: Arc<S>, tenant: Tenant| async move {
        for time in 1..=TIMES {
            let name = name("series");
            let registrations = [Registration {
                name: &name,
                unit: Some(label("kWh")),
            }];
            let registered = store.register(&tenant, &registrations, received(time));
            registered.await.unwrap();
        }
    };
    let mut work = tokio::task::JoinSet::new();
    for of in [title, unit, note] {
        work.spawn(change(Arc::clone(&subject.store), series.clone(), of));
    }
    work.spawn(batches(Arc::clone(&subject.store), series.tenant.clone()));
    work.join_all().await;
    let last = TIMES.to_string();
    let expected = About {
        title: Some(label(&last)),
        unit: Some(label(&last)),
        note: Some(Remark::new(last).unwrap()),
    };
    expect(subject, &series, &expected).await;
    assert_eq!(updated(subject, &series).await, Some(received(TIMES)));
}
