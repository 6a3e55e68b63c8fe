//! Single comparisons, and those that are refused.

use http::StatusCode;
use serde_json::json;
use tidemark_core::name::Tenant;

use super::START;
use crate::hooks;
use crate::world::World;

#[tokio::test]
async fn what_a_house_draws_and_its_roof_gives() {
    let world = World::new();
    let quarter = |i: i64| START + 900 * i;
    let draws: Vec<_> = (0..4).map(|i| (quarter(i), 0.1 * (i + 1) as f64)).collect();
    let gives: Vec<_> = (1..4).map(|i| (quarter(i), 0.3)).collect();
    world.load("draws", &draws).await;
    world.load("gives", &gives).await;
    let answer = world
        .get("/compare?series=draws,gives&every=15m&decimals=6")
        .await;
    assert_eq!(
        answer.text,
        r#"{"slots":4,"both":3,"a":{"series":"draws","total":1},"b":{"series":"gives","total":0.9},"overlap":0.8,"only_a":0.2,"only_b":0.1,"overlap_share_a":0.8,"overlap_share_b":0.888889,"correlation":null,"best_lag":null}"#
    );
}

#[tokio::test]
async fn a_total_is_the_sum_of_the_series_to_the_last_digit() {
    let world = World::new();
    let points: Vec<_> = (0..960)
        .map(|i| (START + 900 * i, 0.1 * i as f64))
        .collect();
    world.load("a", &points).await;
    world.load("b", &points).await;
    let sum = world.get("/api/a?stats=sum").await.json()["sum"].clone();
    for every in ["15m", "1h", "7h", "1d", "1w"] {
        let uri = format!("/compare?series=a,b&every={every}");
        let found = world.get(&uri).await.json();
        assert_eq!(found["a"]["total"], sum, "{every}");
        assert_eq!(found["overlap"], sum, "{every}");
        assert_eq!(found["only_a"], json!(0), "{every}");
        assert_eq!(found["overlap_share_a"], json!(1), "{every}");
    }
}

#[tokio::test]
async fn any_statistic_that_is_a_number_can_be_compared() {
    let world = World::new();
    let hour = |i: i64, n: i64| START + 3600 * i + 900 * n;
    let points: Vec<_> = (0..8)
        .flat_map(|i| (0..4).map(move |n| (hour(i, n), (i * n) as f64)))
        .collect();
    world.load("a", &points).await;
    world.load("b", &points[..20]).await;
    let totals = async |stat: &str| {
        let uri = format!("/compare?series=a,b&every=1h&stat={stat}");
        let found = world.get(&uri).await.json();
        (found["a"]["total"].clone(), found["b"]["total"].clone())
    };
    assert_eq!(totals("sum").await, (json!(168), json!(60)));
    assert_eq!(totals("avg").await, (json!(42), json!(15)));
    assert_eq!(totals("count").await, (json!(32), json!(20)));
    assert_eq!(totals("max").await, (json!(84), json!(30)));
    assert_eq!(totals("median").await, (json!(42), json!(15)));
    // Undefined in the first hour, where nothing varies: neither a slot nor a row, and
    // no page ends there.
    let uri = "/compare?series=a,b&every=1h&stat=skewness";
    assert_eq!(world.get(uri).await.json()["slots"], json!(7));
    let (rows, pages) = world.pages(&format!("{uri}&rows=true&limit=1")).await;
    assert_eq!((rows.len(), pages), (7, 7));
}

#[tokio::test]
async fn series_that_there_are_not_are_named() {
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    for (series, unknown) in [("a,b", "b"), ("c,a", "c"), ("d,e", "d")] {
        for rows in ["", "&rows=true"] {
            let uri = format!("/compare?series={series}&every=1h{rows}");
            let answer = world.get(&uri).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND);
            let said = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(said.contains(&format!("no series `{unknown}`")), "{said}");
        }
    }
    let other = Tenant::new("other").unwrap();
    let answer = world.get_of(&other, "/compare?series=a,a&every=1h").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_range_without_points_compares_to_nothing() {
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    world.load("b", &[(START, 1.0)]).await;
    let uri = format!("/compare?series=a,b&every=1h&from={}", START + 1);
    let found = world.get(&uri).await.json();
    assert_eq!((&found["slots"], &found["both"]), (&json!(0), &json!(0)));
    assert_eq!(found["overlap"], json!(0));
    assert_eq!(found["overlap_share_a"], json!(null));
    assert!(
        world
            .get(&format!("{uri}&rows=true"))
            .await
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn slots_finer_than_a_step_are_refused() {
    let world = World::new();
    let each = |step: i64, count: i64| -> Vec<_> {
        (0..count)
            .map(|i| (START + step * i, (i % 5) as f64))
            .collect()
    };
    world.load("minutes", &each(60, 300)).await;
    world.load("quarters", &each(900, 100)).await;
    world.load("days", &each(86_400, 40)).await;
    // The last day of each month, of which most are 31 days apart.
    let mut start = 0;
    let months: Vec<_> = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        .map(|days| {
            start += days * 86_400;
            (1_672_531_200 + start - 1, 1.0)
        })
        .into();
    world.load("months", &months).await;
    world
        .load(
            "odd",
            &[(START, 1.0), (START + 1, 1.0), (START + 777_777, 1.0)],
        )
        .await;
    let refused = async |query: &str| {
        let answer = world.get(&format!("/compare?{query}")).await;
        if answer.status == StatusCode::OK {
            return None;
        }
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem = answer.json();
        assert_eq!(problem["type"], "/docs#unsuitable-series");
        Some(problem["detail"].as_str().unwrap().to_owned())
    };
    for pair in ["minutes,quarters", "quarters,minutes"] {
        assert_eq!(
            refused(&format!("series={pair}&every=1m")).await.unwrap(),
            "`every=1m` is finer than the step of `quarters`, whose points are mostly 900 s apart: choose `15m` or wider"
        );
        assert_eq!(refused(&format!("series={pair}&every=15m")).await, None);
        assert!(
            refused(&format!("series={pair}&every=899s&rows=true"))
                .await
                .is_some()
        );
    }
    let hint = refused("series=days,months&every=1d").await.unwrap();
    assert!(
        hint.ends_with("`months`, whose points are mostly 2678400 s apart: choose `1mo` or wider")
    );
    assert_eq!(refused("series=days,months&every=1mo").await, None);
    // A day in spring has 23 hours, and is a day all the same.
    let zone = "tz=Europe/Zurich";
    assert_eq!(
        refused(&format!("series=days,minutes&every=1d&{zone}")).await,
        None
    );
    // Of as common distances the shortest counts; of one point there is none.
    assert_eq!(refused("series=odd,minutes&every=1m").await, None);
    let one = format!("series=days,minutes&every=1m&to={}", START + 3600);
    assert_eq!(refused(&one).await, None);
}

#[tokio::test]
async fn a_page_goes_on_though_the_step_has_changed() {
    let world = World::new();
    let points: Vec<_> = (0..4).map(|i| (START + 900 * i, 1.0)).collect();
    world.load("a", &points).await;
    let uri = "/compare?series=a,a&every=15m&rows=true&limit=2";
    let next = world.get(uri).await.next().unwrap();
    world
        .load(
            "a",
            &[
                (START + 4500, 1.0),
                (START + 6300, 1.0),
                (START + 8100, 1.0),
            ],
        )
        .await;
    world.load("a", &[(START + 9900, 1.0)]).await;
    assert_eq!(world.get(&next).await.status, StatusCode::OK);
    assert_eq!(
        world.get(uri).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn too_many_slots_and_too_many_pairs_are_refused() {
    let world = World::new();
    world.load("a", &[(0, 1.0)]).await;
    world.load("b", &[(999_999, 1.0)]).await;
    let uri = "/compare?series=a,b&every=1s";
    let refused = async |query: &str| {
        let answer = world.get(&format!("{uri}{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        refused("&max_lag=100").await,
        "1000000 slots at 201 lags are more than 200000000 pairs: choose a smaller `max_lag`, wider slots or a shorter range"
    );
    // The slots themselves are not correlated.
    let rows = world.get(&format!("{uri}&max_lag=100&rows=true")).await;
    assert_eq!(rows.rows().len(), 2);
    world.load("b", &[(1_000_000, 1.0)]).await;
    for query in ["", "&rows=true"] {
        assert!(refused(query).await.contains("into 1000001 slots"));
    }
}

#[tokio::test]
async fn a_store_that_fails_is_told_of_as_everywhere() {
    use tidemark_ports::error::Kind;
    let world = World::new();
    world.load("a", &[(START, 1.0)]).await;
    for rows in ["", "&rows=true"] {
        let call = hooks::Call::Summarize;
        world.hooks.fail(call, Kind::Unavailable, hooks::Done::Not);
        let uri = format!("/compare?series=a,a&every=1h{rows}");
        let answer = world.get(&uri).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!answer.text.contains(hooks::INSIDE));
    }
    assert!(world.hooks.all_happened());
}
