//! What is gone after a deletion, and what stays so.

use http::{Method, StatusCode};
use tidemark_core::batch::{Batch, BatchId, Source};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done};
use crate::world::{NOW, World, at, points_of};

/// A client's batch that was received at `received`.
fn batch(sequence: u64, received: Timestamp, points: &[(i64, f64)]) -> Batch {
    Batch {
        tenant: Tenant::local(),
        source: Source::Api,
        id: BatchId::new(1, sequence),
        received,
        content: points_of("a", points.iter().map(|(t, v)| (at(*t), *v))),
    }
}

async fn stats(world: &World) -> String {
    let answer = world.get("/api/a?stats=count,sum").await;
    if answer.status == StatusCode::OK {
        answer.text
    } else {
        answer.status.as_u16().to_string()
    }
}

#[tokio::test]
async fn a_deleted_series_is_gone_and_deleting_it_again_is_404() {
    let world = World::new();
    assert_eq!(world.delete("/api/a").await.status, StatusCode::NOT_FOUND);
    world.load("a", &[(1, 1.0), (2, 2.0)]).await;
    world.load("b", &[(1, 1.0)]).await;
    let answer = world.delete("/api/a").await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::NO_CONTENT, "")
    );
    assert_eq!(world.delete("/api/a").await.status, StatusCode::NOT_FOUND);
    for uri in ["/api/a", "/api/a/points", "/api/a/buckets?every=1h"] {
        assert_eq!(world.get(uri).await.status, StatusCode::NOT_FOUND, "{uri}");
    }
    let listed = world.get("/api").await.json();
    assert_eq!(
        (&listed["count"], &listed["series"][0]["name"]),
        (&1.into(), &"b".into())
    );
    // Not only hidden.
    assert!(world.points(&Tenant::local(), "a").await.is_empty());
}

#[tokio::test]
async fn a_range_is_deleted_with_both_its_ends() {
    let world = World::new();
    let points: Vec<(i64, f64)> = (0..10).map(|t| (t, f64::from(1 << t))).collect();
    world.load("a", &points).await;
    let answer = world.delete("/api/a?from=3&to=5").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(stats(&world).await, r#"{"count":7,"sum":967}"#);
    // Nothing there: all the same.
    let answer = world.delete("/api/a?from=3&to=5").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(
        world.delete("/api/a?from=9").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.delete("/api/a?to=0").await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(stats(&world).await, r#"{"count":5,"sum":454}"#);
    // All of its points, but not the series.
    let all = "/api/a?from=1970-01-01&to=1970-01-02";
    assert_eq!(world.delete(all).await.status, StatusCode::NO_CONTENT);
    assert_eq!(stats(&world).await, r#"{"count":0,"sum":0}"#);
    assert_eq!(world.get("/api").await.json()["count"], 1);
}

#[tokio::test]
async fn what_is_asked_wrongly_deletes_nothing() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    for (uri, status) in [
        ("/api/a?from=2&to=1", 400),
        ("/api/a?From=2", 400),
        ("/api/a?from=", 400),
        ("/api/b?from=1&to=2", 404),
        ("/api/b%2F", 400),
    ] {
        let answer = world.delete(uri).await;
        assert_eq!(answer.status.as_u16(), status, "{uri}");
    }
    let answer = world.send(Method::DELETE, "/api/a/points").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(stats(&world).await, r#"{"count":1,"sum":1}"#);
}

#[tokio::test]
async fn a_batch_that_was_received_before_stays_hidden_whenever_it_comes() {
    for flush in [false, true] {
        let world = World::new();
        let late = batch(1, at(NOW), &[(1, 1.0), (2, 2.0)]);
        world.load("a", &[(1, 10.0)]).await;
        world.clock.set(NOW + 1);
        assert_eq!(world.delete("/api/a").await.status, StatusCode::NO_CONTENT);
        world.validator.handle(late.clone()).await.unwrap();
        assert_eq!(stats(&world).await, "404");
        if flush {
            world.ports.store.flush().await.unwrap();
        }
        // It does not come back with what is written from now on, either.
        world.clock.set(NOW + 2);
        world.load("a", &[(3, 4.0)]).await;
        assert_eq!(stats(&world).await, r#"{"count":1,"sum":4}"#);
        world.validator.handle(late).await.unwrap();
        let points = world.get("/api/a/points").await.rows();
        assert_eq!(points.len(), 1);
        assert_eq!(stats(&world).await, r#"{"count":1,"sum":4}"#);
        let buckets = world.get("/api/a/buckets?every=1s&stats=sum").await.rows();
        assert_eq!(buckets.len(), 1);
    }
}

#[tokio::test]
async fn a_late_batch_shows_outside_the_range_that_was_deleted() {
    let world = World::new();
    world.load("a", &[(0, 1.0)]).await;
    world.clock.set(NOW + 1);
    world.delete("/api/a?from=1&to=2").await;
    let late = batch(1, at(NOW), &[(0, 8.0), (1, 16.0), (2, 32.0), (3, 64.0)]);
    world.validator.handle(late).await.unwrap();
    assert_eq!(stats(&world).await, r#"{"count":2,"sum":65}"#);
    // What is received later is not hidden.
    world.load("a", &[(1, 2.0)]).await;
    assert_eq!(stats(&world).await, r#"{"count":3,"sum":67}"#);
}

#[tokio::test]
async fn too_many_separate_deletions_are_409_and_delete_nothing() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    world
        .hooks
        .fail(Call::Tombstone, Kind::Exhausted, Done::Not);
    let answer = world.delete("/api/a?from=1&to=1").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(answer.json()["type"], "/docs#too-many-deletions");
    assert_eq!(stats(&world).await, r#"{"count":1,"sum":1}"#);
}

#[tokio::test]
async fn a_deletion_that_was_not_recorded_can_be_made_again() {
    for done in [Done::Not, Done::AllTheSame] {
        let world = World::new();
        world.load("a", &[(1, 1.0), (2, 2.0)]).await;
        world.hooks.fail(Call::Tombstone, Kind::Unavailable, done);
        let uri = "/api/a?from=1&to=1";
        let answer = world.delete(uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(world.delete(uri).await.status, StatusCode::NO_CONTENT);
        assert_eq!(stats(&world).await, r#"{"count":1,"sum":2}"#);
        assert_eq!(world.points(&Tenant::local(), "a").await.len(), 1);
    }
}

/// What a deletion could not remove is gone all the same: hidden, and removed
/// before the tombstone that hides it is forgotten.
#[tokio::test]
async fn a_deletion_is_in_force_once_it_is_recorded() {
    for (uri, left) in [
        ("/api/a", "404"),
        ("/api/a?from=1&to=1", r#"{"count":1,"sum":2}"#),
    ] {
        for done in [Done::Not, Done::AllTheSame] {
            let world = World::new();
            world.load("a", &[(1, 1.0), (2, 2.0)]).await;
            world
                .hooks
                .fail(Call::DeletePoints, Kind::Unavailable, done);
            assert_eq!(world.delete(uri).await.status, StatusCode::NO_CONTENT);
            assert!(world.hooks.all_happened());
            assert_eq!(stats(&world).await, left, "{uri}");
            tombstones_are_forgotten(&world).await;
            let points = world.points(&Tenant::local(), "a").await;
            assert!(points.iter().all(|point| point.time != at(1)), "{uri}");
        }
    }
}

/// Lets so much time go by that the next deletion forgets all earlier ones, and
/// makes one.
async fn tombstones_are_forgotten(world: &World) {
    world.clock.set(NOW + 16 * 24 * 3600);
    world.load("a", &[(3, 4.0)]).await;
    let answer = world.delete("/api/a?from=1000").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_removal_that_does_not_end_is_not_waited_for() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    world.hooks.meanwhile(Call::DeletePoints, async {
        // From here on nobody but the eraser's patience counts time.
        tokio::time::pause();
        std::future::pending::<()>().await;
    });
    assert_eq!(world.delete("/api/a").await.status, StatusCode::NO_CONTENT);
    tokio::time::resume();
    assert_eq!(stats(&world).await, "404");
}

#[tokio::test]
async fn what_cannot_be_removed_for_good_is_a_failure() {
    let world = World::new();
    world.load("a", &[(1, 1.0)]).await;
    world
        .hooks
        .fail(Call::DeletePoints, Kind::Internal, Done::Not);
    let answer = world.delete("/api/a").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

/// The answer got lost, not the deletion: again it is 404, and what it was to
/// remove is hidden until it is.
#[tokio::test]
async fn a_deletion_whose_answer_got_lost_is_in_force() {
    let world = World::new();
    world.load("a", &[(1, 1.0), (2, 2.0)]).await;
    world
        .hooks
        .fail(Call::DeleteSeries, Kind::Unavailable, Done::AllTheSame);
    let answer = world.delete("/api/a").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.delete("/api/a").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stats(&world).await, "404");
    world.clock.set(NOW + 1);
    world.load("a", &[(4, 8.0)]).await;
    assert_eq!(stats(&world).await, r#"{"count":1,"sum":8}"#);
    tombstones_are_forgotten(&world).await;
    assert_eq!(stats(&world).await, r#"{"count":2,"sum":12}"#);
    assert_eq!(world.points(&Tenant::local(), "a").await.len(), 2);
}

/// A series whose first batch is just being stored is not there yet, so that
/// its points are none of the deletion's.
#[tokio::test]
async fn a_series_that_begins_meanwhile_keeps_its_points() {
    let world = World::new();
    let (validator, first) = (world.validator.clone(), batch(1, at(NOW), &[(1, 1.0)]));
    world.clock.set(NOW + 1);
    world.hooks.meanwhile(Call::DeleteSeries, async move {
        validator.handle(first).await.unwrap();
    });
    assert_eq!(world.delete("/api/a").await.status, StatusCode::NOT_FOUND);
    assert_eq!(stats(&world).await, r#"{"count":1,"sum":1}"#);
}
