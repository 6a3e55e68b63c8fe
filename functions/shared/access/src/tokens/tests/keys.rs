//! Which keys count, and how often the issuer is asked for them.

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
        assert_eq!(refused, Err(Denial::Unavailable));
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

/// A modulus counts by its bits, however it is written.
#[test]
fn a_short_modulus_is_no_key() {
    let of = |bytes: &[u8]| {
        let key = json!({"kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(bytes)});
        let set: KeySet = serde_json::from_value(json!({"keys": [key]})).unwrap();
        set.usable().len()
    };
    assert_eq!(of(&[0xff; 256]), 1);
    assert_eq!(of(&[0xff; 512]), 1);
    assert_eq!(of(&[&[0][..], &[0xff; 256]].concat()), 1);
    assert_eq!(of(&[&[0x7f][..], &[0xff; 255]].concat()), 0);
    assert_eq!(of(&[&[0; 256][..], &[0xff; 128]].concat()), 0);
    assert_eq!(of(&[0xff; 128]), 0);
    assert_eq!(of(&[0; 256]), 0);
    assert_eq!(of(&[]), 0);
}

#[tokio::test]
async fn a_modulus_may_be_written_with_a_zero_before_it() {
    let mut key = public(&rsa(), Algorithm::RS256, "rsa-1");
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    key["n"] = json!(URL_SAFE_NO_PAD.encode([&[0][..], &modulus].concat()));
    assert!(World::of(vec![key]).takes(&signed(json!({}))).await);
}

/// Shows a good token while others do.
fn shown(world: &Arc<World>) -> tokio::task::JoinHandle<bool> {
    let world = Arc::clone(world);
    tokio::spawn(async move { world.takes(&signed(json!({}))).await })
}

/// Waits until the issuer was asked so often.
async fn until_asked(world: &World, times: usize) {
    while world.asked() < times {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn those_who_come_together_ask_once() {
    let world = Arc::new(World::new());
    let slow = world.published.held.write().await;
    let all: Vec<_> = (0..20).map(|_| shown(&world)).collect();
    until_asked(&world, 1).await;
    drop(slow);
    for one in all {
        assert!(one.await.unwrap());
    }
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn who_shows_a_known_key_does_not_wait_while_another_asks() {
    let world = Arc::new(World::new());
    assert!(shown(&world).await.unwrap());
    world.set(3600);
    let slow = world.published.held.write().await;
    let asks = shown(&world);
    until_asked(&world, 2).await;
    assert!(shown(&world).await.unwrap());
    assert!(!asks.is_finished());
    drop(slow);
    assert!(asks.await.unwrap());
    assert_eq!(world.asked(), 2);
}

/// Else anybody could keep the issuer's keys from everybody, by a token that is
/// none and a connection that is closed, once a minute.
#[tokio::test]
async fn who_hangs_up_does_not_cost_others_their_answer() {
    let world = Arc::new(World::new());
    let slow = world.published.held.write().await;
    let first = shown(&world);
    until_asked(&world, 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    drop(slow);
    assert!(world.takes(&signed(json!({}))).await);
    assert_eq!(world.asked(), 1);
}
