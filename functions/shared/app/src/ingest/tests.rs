use tidemark_core::access::Overrides;
use tidemark_core::name::SeriesKey;
use tidemark_embedded::Embedded;

use super::*;

fn by(overrides: Overrides) -> Principal {
    Principal {
        limits: Some(overrides.limits()),
        ..Principal::local()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

#[tokio::test]
async fn series_are_counted_by_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Embedded::open(folder.path()).unwrap();
    let few = by(Overrides {
        series: Some(3),
        ..Overrides::default()
    });
    let names: Vec<SeriesName> = ["a", "b", "c", "d", "e"]
        .map(|name| SeriesName::new(name).unwrap())
        .into();
    let names: Vec<&SeriesName> = names.iter().collect();
    let is_room = async |names: &[&SeriesName]| room::room(&catalog, &few, names).await.is_ok();
    assert!(is_room(&names[..3]).await);
    assert!(!is_room(&names[..4]).await);
    catalog
        .register(&few.tenant, &[names[0].into(), names[1].into()], at(1))
        .await
        .unwrap();
    for (asked, expected) in [
        (&names[..3], true),
        (&names[1..3], true),
        (&names[2..4], false),
        (&names[..4], false),
    ] {
        assert_eq!(is_room(asked).await, expected, "{asked:?}");
    }
    catalog
        .register(&few.tenant, &[names[2].into()], at(1))
        .await
        .unwrap();
    assert!(is_room(&names[..3]).await && !is_room(&names[3..4]).await);
    let refused = room::room(&catalog, &few, &names[3..]).await.unwrap_err();
    assert!(matches!(refused.kind(), FailureKind::TooOften(_)));
    // What is deleted makes room.
    let gone = SeriesKey {
        tenant: few.tenant.clone(),
        name: names[0].clone(),
    };
    catalog.delete(&gone, at(2)).await.unwrap();
    assert!(is_room(&names[1..4]).await);
    assert!(
        room::room(&catalog, &Principal::local(), &names)
            .await
            .is_ok()
    );
}
