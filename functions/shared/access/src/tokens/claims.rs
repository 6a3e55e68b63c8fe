//! What a token says of its bearer.

use serde_json::{Map, Value};
use tidemark_core::access::{Limits, Scope, Scopes};
use tidemark_core::name::Tenant;
use tidemark_core::principal::Principal;

use super::settings::TokenSettings;

/// A token's claims, all verified.
pub(super) type Claims = Map<String, Value>;

/// How many characters of a subject are told in a log.
const SUBJECT: usize = 200;

/// The bearer, or what is missing.
pub(super) fn principal(
    claims: Claims,
    settings: &TokenSettings,
) -> Result<Principal, &'static str> {
    // An array would pass as the issuer, if it holds that.
    if claims.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
        return Err("its issuer is another");
    }
    let claims = Value::Object(claims);
    let tenant = claim(&claims, &settings.tenant_claim).and_then(Value::as_str);
    let tenant = tenant.ok_or("it names no tenant")?;
    let tenant = Tenant::new(tenant).map_err(|_| "what it names as the tenant is none")?;
    let subject = claims["sub"].as_str().unwrap_or("-");
    // Whatever it holds, it stays one word of a line.
    let subject: String = subject.escape_debug().take(SUBJECT).collect();
    Ok(Principal {
        tenant,
        scopes: scopes(
            claim(&claims, &settings.scopes_claim),
            &settings.scope_prefix,
        ),
        name: format!("token {subject}"),
        limits: Some(Limits::DEFAULT),
    })
}

/// A claim by its name, or by a JSON pointer.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') {
        claims.pointer(name)
    } else {
        claims.get(name)
    }
}

/// Scopes in a text or an array; others than ours are somebody else's.
fn scopes(claim: Option<&Value>, prefix: &str) -> Scopes {
    let words: Vec<&str> = match claim {
        Some(Value::String(text)) => text.split_whitespace().collect(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let ours = |word: &str| word.strip_prefix(prefix)?.parse::<Scope>().ok();
    words.into_iter().filter_map(ours).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> TokenSettings {
        TokenSettings {
            issuer: "https://issuer".to_owned(),
            audience: "tidemark".to_owned(),
            tenant_claim: "tenant".to_owned(),
            scopes_claim: "scope".to_owned(),
            scope_prefix: String::new(),
        }
    }

    fn read(mut claims: Value, settings: &TokenSettings) -> Result<(String, String), &'static str> {
        claims["iss"] = json!("https://issuer");
        let claims = claims.as_object().unwrap().clone();
        let principal = principal(claims, settings)?;
        Ok((principal.tenant.to_string(), principal.scopes.to_string()))
    }

    #[test]
    fn claims_are_found_by_name_or_pointer() {
        let usual = settings();
        let of = |tenant: &str, scopes: &str| Ok((tenant.to_owned(), scopes.to_owned()));
        let text = json!({"tenant": "acme", "scope": "openid read  write"});
        assert_eq!(read(text, &usual), of("acme", "read write"));
        let array = json!({"tenant": "acme", "scope": ["admin", 7, "root"]});
        assert_eq!(read(array, &usual), of("acme", "admin"));
        assert_eq!(read(json!({"tenant": "acme"}), &usual), of("acme", ""));
        let odd = TokenSettings {
            tenant_claim: "https://acme.example/tenant".to_owned(),
            scopes_claim: "/realm_access/roles".to_owned(),
            scope_prefix: "tidemark/".to_owned(),
            ..usual
        };
        let claims = json!({
            "https://acme.example/tenant": "acme",
            "realm_access": {"roles": ["tidemark/read", "write"]},
        });
        assert_eq!(read(claims, &odd), of("acme", "read"));
    }

    #[test]
    fn a_tenant_must_be_named() {
        for claims in [
            json!({}),
            json!({"tenant": 7}),
            json!({"tenant": ""}),
            json!({"tenant": "a/b"}),
        ] {
            assert!(read(claims.clone(), &settings()).is_err(), "{claims}");
        }
    }

    #[test]
    fn an_issuer_is_one_text() {
        let claims = json!({"iss": ["https://issuer", "https://other"], "tenant": "acme"});
        let claims = claims.as_object().unwrap().clone();
        assert!(principal(claims, &settings()).is_err());
    }

    #[test]
    fn a_subject_stays_one_word() {
        let claims = json!({"iss": "https://issuer", "tenant": "a", "sub": format!("a\nb{}", "c".repeat(999))});
        let principal = principal(claims.as_object().unwrap().clone(), &settings()).unwrap();
        assert!(principal.name.starts_with("token a\\nbc") && principal.name.len() == 206);
    }
}
