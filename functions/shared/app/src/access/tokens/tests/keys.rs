//! The issuer's keys: which count, and when it is asked for them.

use super::*;

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_a_minute() {
    let world = World::new();
    let unknown = |id: &str| {
        encode(
            &header(Algorithm::RS256, id),
            &claims(json!({})),
            &other_rsa(),
        )
        .unwrap()
    };
    assert!(world.takes(&signed(json!({}))).await);
    for i in 0..20 {
        world.set(i);
        world.refuses(&unknown(&format!("unknown-{i}"))).await;
    }
    assert_eq!(world.asked(), 1);
    world.set(60);
    for i in 0..20 {
        world.refuses(&unknown(&format!("unknown-{i}"))).await;
    }
    assert_eq!(world.asked(), 2);
    // What is known is taken meanwhile.
    assert!(world.takes(&signed(json!({}))).await);
    // The issuer has a new key.
    world.publish(Some(vec![public(&other_rsa(), Algorithm::RS256, "rsa-2")]));
    world.refuses(&unknown("rsa-2")).await;
    world.set(121);
    assert!(world.takes(&unknown("rsa-2")).await);
    assert_eq!(world.asked(), 3);
    // And not the old one any more.
    world.refuses(&signed(json!({}))).await;
}

#[tokio::test]
async fn a_token_without_a_key_id_is_taken_where_there_is_one_key() {
    let token = encode(&Header::new(Algorithm::RS256), &claims(json!({})), &rsa()).unwrap();
    assert!(!World::new().takes(&token).await);
    let one = World::of(vec![public(&rsa(), Algorithm::RS256, "rsa-1")]);
    assert!(one.takes(&token).await);
}

#[tokio::test]
async fn keys_that_are_for_something_else_are_passed_over() {
    let usual = public(&rsa(), Algorithm::RS256, "rsa-1");
    let with = |name: &str, value: Value| {
        let mut key = usual.clone();
        key[name] = value;
        key
    };
    for (key, is_taken) in [
        (usual.clone(), true),
        (with("use", json!("enc")), false),
        (with("key_ops", json!(["verify"])), true),
        (with("key_ops", json!(["encrypt"])), false),
        (with("alg", json!("RS512")), false),
        (with("alg", json!("RSA-OAEP")), false),
        (with("n", json!("AQAB")), false),
        (json!({"kty": "RSA", "kid": "rsa-1"}), false),
        (json!(7), false),
    ] {
        let world = World::of(vec![json!({"kty": "new", "kid": "x"}), key.clone()]);
        assert_eq!(world.takes(&signed(json!({}))).await, is_taken, "{key}");
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_no_fault_of_the_token() {
    let world = World::new();
    let keys = world.published.keys.lock().unwrap().clone();
    world.publish(None);
    let token = signed(json!({}));
    for seconds in [0, 1, 59] {
        world.set(seconds);
        let refused = world.tokens.principal(&token).await;
        assert_eq!(refused, Err(Refusal::Unavailable));
    }
    assert_eq!(world.asked(), 1);
    world.publish(keys);
    world.set(60);
    assert!(world.takes(&token).await);
}

#[tokio::test]
async fn a_withdrawn_key_ends_within_the_hour() {
    let world = World::new();
    let token = signed(json!({}));
    assert!(world.takes(&token).await);
    world.publish(None);
    // While the issuer does not answer, its last word counts.
    for (seconds, asked) in [(3599, 1), (3600, 2), (3601, 2), (3660, 3)] {
        world.set(seconds);
        assert!(world.takes(&token).await);
        assert_eq!(world.asked(), asked, "after {seconds} s");
    }
    world.publish(Some(Vec::new()));
    world.set(3720);
    world.refuses(&token).await;
}

#[tokio::test]
async fn one_asks_for_all_who_wait() {
    let world = Arc::new(World::new());
    let held = world.published.held.lock().await;
    let mut waiting: Vec<_> = (0..20)
        .map(|_| {
            let (world, token) = (Arc::clone(&world), signed(json!({})));
            tokio::spawn(async move { world.takes(&token).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(held);
    for one in waiting.drain(..) {
        assert!(one.await.unwrap());
    }
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn who_shows_a_known_key_does_not_wait_for_who_asks() {
    let world = Arc::new(World::new());
    let token = signed(json!({}));
    assert!(world.takes(&token).await);
    let held = world.published.held.lock().await;
    world.set(3600);
    let (asking, shown) = (Arc::clone(&world), token.clone());
    let first = tokio::spawn(async move { asking.takes(&shown).await });
    tokio::task::yield_now().await;
    // The first asks, as an hour has passed; the second is let in meanwhile.
    assert_eq!(world.asked(), 2);
    assert!(world.takes(&token).await);
    drop(held);
    assert!(first.await.unwrap());
}
