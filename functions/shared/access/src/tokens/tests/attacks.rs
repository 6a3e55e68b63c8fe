//! What is let in, and what attackers show.

use super::*;

#[tokio::test]
async fn a_token_of_the_issuer_stands_for_its_bearer() {
    let world = World::new();
    let by_rsa = signed(json!({}));
    let by_ec = encode(&header(Algorithm::ES256, "ec-1"), &claims(json!({})), &ec()).unwrap();
    for token in [by_rsa, by_ec] {
        let bearer = world.tokens.principal(&token).await.unwrap();
        assert_eq!(bearer.tenant.as_str(), "acme");
        assert_eq!(bearer.scopes.to_string(), "read write");
        assert_eq!(bearer.name, "token somebody");
    }
    assert_eq!(world.asked(), 1);
    // One of several audiences is ours.
    assert!(
        world
            .takes(&signed(json!({"aud": ["other", "tidemark"]})))
            .await
    );
}

#[tokio::test]
async fn no_algorithm_is_none() {
    let world = World::new();
    for none in ["none", "None", "NONE", "nOnE", ""] {
        for kid in [json!("rsa-1"), Value::Null] {
            let head = json!({"alg": none, "typ": "JWT", "kid": kid});
            let message = format!("{}.{}", encoded(&head), encoded(&claims(json!({}))));
            assert!(!world.takes(&format!("{message}.")).await, "{none}");
        }
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let world = World::new();
    let published = public(&rsa(), Algorithm::RS256, "rsa-1");
    let modulus = published["n"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(modulus).unwrap();
    let text = published.to_string();
    for secret in [modulus.as_bytes(), &raw, text.as_bytes(), RSA_PUBLIC] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let key = EncodingKey::from_secret(secret);
            let token = encode(&header(algorithm, "rsa-1"), &claims(json!({})), &key).unwrap();
            world.refuses(&token).await;
        }
    }
    // Nor does an issuer that publishes a secret have it count.
    let secret = json!({"kty": "oct", "kid": "s", "alg": "HS256", "k": "c2VjcmV0"});
    let world = World::of(vec![secret, public(&rsa(), Algorithm::RS256, "rsa-1")]);
    let key = EncodingKey::from_secret(b"secret");
    let token = encode(&header(Algorithm::HS256, "s"), &claims(json!({})), &key).unwrap();
    world.refuses(&token).await;
}

#[tokio::test]
async fn claims_are_held_to_what_is_wanted() {
    let world = World::new();
    let now = get_current_timestamp();
    for (changes, is_taken) in [
        (json!({}), true),
        (json!({"iss": "https://login.example.org"}), false),
        (json!({"iss": "https://evil.net/"}), false),
        (json!({"iss": [ISSUER]}), false),
        (json!({"iss": null}), false),
        (json!({"aud": "other"}), false),
        (json!({"aud": ["other"]}), false),
        (json!({"aud": null}), false),
        (json!({"exp": now - 50}), true),
        (json!({"exp": now - 65}), false),
        (json!({"exp": null}), false),
        (json!({"exp": (now + 300).to_string()}), false),
        (json!({"exp": "never"}), false),
        (json!({"nbf": now + 50}), true),
        (json!({"nbf": now + 70}), false),
        (json!({"nbf": (now + 300).to_string()}), false),
        (json!({"tenant": null}), false),
        (json!({"tenant": "../acme"}), false),
        (json!({"tenant": ["acme"]}), false),
        (json!({"scope": null}), true),
    ] {
        let token = signed(changes.clone());
        assert_eq!(world.takes(&token).await, is_taken, "{changes}");
    }
}

#[tokio::test]
async fn what_a_token_says_of_its_key_is_not_followed() {
    let world = World::new();
    let jwk = public(&other_rsa(), Algorithm::RS256, "rsa-1");
    for extra in [
        json!({"kid": "https://evil.net/keys.json"}),
        json!({"kid": "../../etc/passwd"}),
        json!({"kid": "' OR 1=1 --"}),
        json!({"kid": "rsa-1", "jku": "https://evil.net/keys.json"}),
        json!({"kid": "rsa-1", "x5u": "https://evil.net/cert.pem"}),
        json!({"kid": "rsa-1", "jwk": jwk}),
        json!({"kid": "rsa-1", "x5c": ["MIIB"]}),
    ] {
        let mut head = extra.clone();
        head["alg"] = json!("RS256");
        let token = forged(&head, Algorithm::RS256, &other_rsa());
        world.refuses(&token).await;
    }
    assert_eq!(world.asked(), 1);
    // What is critical is not passed over, though the issuer signed it.
    let head = json!({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": false});
    world
        .refuses(&forged(&head, Algorithm::RS256, &rsa()))
        .await;
}

#[tokio::test]
async fn a_key_verifies_its_own_algorithm_alone() {
    let world = World::new();
    for (algorithm, key) in [
        (Algorithm::RS384, rsa()),
        (Algorithm::RS512, rsa()),
        (Algorithm::PS256, rsa()),
    ] {
        let token = encode(&header(algorithm, "rsa-1"), &claims(json!({})), &key).unwrap();
        let why = world.refuses(&token).await;
        assert!(
            why.ends_with("its algorithm is not that of its key"),
            "{why}"
        );
    }
    let token = encode(
        &header(Algorithm::ES256, "rsa-1"),
        &claims(json!({})),
        &ec(),
    )
    .unwrap();
    world.refuses(&token).await;
    let token = encode(
        &header(Algorithm::RS256, "ec-1"),
        &claims(json!({})),
        &rsa(),
    )
    .unwrap();
    world.refuses(&token).await;
}

#[tokio::test]
async fn what_is_no_token_is_refused_before_anybody_is_asked() {
    let world = World::new();
    let good = signed(json!({}));
    let long = signed(json!({"padding": "x".repeat(20_000)}));
    for wrong in ["", "a", "a.b", "a.b.c", "....", &long, &"a".repeat(20_000)] {
        world.refuses(wrong).await;
    }
    assert_eq!(world.asked(), 0);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let cut = &signature[..signature.len() - 4];
    for wrong in [
        format!("{message}."),
        format!("{message}.{cut}"),
        format!("{message}.{signature}.{signature}"),
        // Others' signature under these claims.
        encode(
            &header(Algorithm::RS256, "rsa-1"),
            &claims(json!({})),
            &other_rsa(),
        )
        .unwrap(),
        // These claims under another signature.
        format!(
            "{}.{signature}",
            signed(json!({"tenant": "b"})).rsplit_once('.').unwrap().0
        ),
    ] {
        world.refuses(&wrong).await;
    }
    assert!(world.takes(&good).await);
}
