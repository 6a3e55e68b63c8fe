//! Where the next page of an answer begins.
//!
//! A cursor holds the position of the last row that was answered, and a digest
//! that binds it to its tenant, path and parameters: shown with any other query
//! it is refused rather than misread. It is no secret and grants nothing: what
//! a caller sees is decided by its tenant, never by a cursor.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tidemark_core::name::Tenant;

use crate::percent;
use crate::problem::Problem;

/// How much of the digest is kept, in bytes.
const DIGEST_BYTES: usize = 12;

/// What the cursors of a query are bound to.
#[derive(Debug, Clone)]
pub struct Binding(Sha256);

impl Binding {
    /// A query is its tenant, its path, and its parameters in whatever order.
    pub fn new<'a>(
        tenant: &Tenant,
        path: &str,
        params: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut params: Vec<_> = params.into_iter().collect();
        params.sort_unstable();
        let mut digest = Sha256::new();
        let texts = params.into_iter().flat_map(|(name, value)| [name, value]);
        for text in [tenant.as_str(), path].into_iter().chain(texts) {
            // With its length, so that no two queries run into the same bytes.
            digest.update((text.len() as u64).to_le_bytes());
            digest.update(text);
        }
        Self(digest)
    }

    fn digest(&self, position: &[u8]) -> Vec<u8> {
        let mut digest = self.0.clone();
        digest.update(position);
        digest.finalize()[..DIGEST_BYTES].to_vec()
    }

    /// The cursor of `position`. Fails (500) only for what is no JSON.
    pub fn seal(&self, position: &impl Serialize) -> Result<String, Problem> {
        let position = serde_json::to_vec(position).map_err(|_| Problem::internal())?;
        let mut bytes = self.digest(&position);
        bytes.extend_from_slice(&position);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The position of a cursor; 400 unless it was sealed here.
    pub fn open<P: DeserializeOwned>(&self, cursor: &str) -> Result<P, Problem> {
        let bytes = URL_SAFE_NO_PAD
            .decode(cursor)
            .map_err(|_| Problem::invalid_cursor())?;
        let (digest, position) = bytes
            .split_at_checked(DIGEST_BYTES)
            .ok_or_else(Problem::invalid_cursor)?;
        if digest != self.digest(position) {
            return Err(Problem::invalid_cursor());
        }
        serde_json::from_slice(position).map_err(|_| Problem::invalid_cursor())
    }
}

/// Which page of an answer is asked for, its rows being told apart by a `P`.
#[derive(Debug, Clone)]
pub struct Paging<P> {
    /// The most rows that the page may hold.
    pub limit: usize,
    /// The last row of the page before.
    pub after: Option<P>,
    binding: Binding,
    /// Path and parameters, encoded, up to where the cursor follows.
    link: String,
}

impl<P: Serialize + DeserializeOwned> Paging<P> {
    /// The page of `limit` rows after `cursor` of the query of `path` (as sent)
    /// and `params` (decoded, without `cursor`).
    pub fn new(
        tenant: &Tenant,
        path: &str,
        params: &[(&str, &str)],
        limit: usize,
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        let path: Vec<String> = path
            .split('/')
            .map(|segment| percent::decode(segment).map(|s| percent::encode(&s).collect()))
            .collect::<Result<_, _>>()
            .map_err(|_| Problem::not_found())?;
        let path = path.join("/");
        let mut link = format!("{path}?");
        for (name, value) in params {
            link.extend(percent::encode(name));
            link.push('=');
            link.extend(percent::encode(value));
            link.push('&');
        }
        link += "cursor=";
        // The size of the pages may change on the way.
        let bound = params.iter().copied().filter(|(name, _)| *name != "limit");
        let binding = Binding::new(tenant, &path, bound);
        let after = cursor.map(|cursor| binding.open(cursor)).transpose()?;
        Ok(Self {
            limit,
            after,
            binding,
            link,
        })
    }

    /// The value of `Link` that leads to the page after `last`.
    pub fn next(&self, last: &P) -> Result<HeaderValue, Problem> {
        let cursor = self.binding.seal(last)?;
        HeaderValue::try_from(format!("<{}{cursor}>; rel=\"next\"", self.link))
            .map_err(|_| Problem::internal())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidemark_core::time::Timestamp;

    use super::*;
    use crate::problem::ProblemKind;

    fn paging(
        tenant: &str,
        path: &str,
        params: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> Result<Paging<Timestamp>, ProblemKind> {
        let tenant = Tenant::new(tenant).unwrap();
        Paging::new(&tenant, path, params, 10, cursor).map_err(|p| p.kind())
    }

    fn cursor_of(link: &str) -> &str {
        let end = link.strip_suffix(">; rel=\"next\"").unwrap();
        end.rsplit_once("cursor=").unwrap().1
    }

    #[test]
    fn the_link_repeats_the_query() {
        let params = [("limit", "2"), ("from", "2023-02-01T00:00:00+01:00")];
        let first = paging("local", "/api/a%3ab/points", &params, None).unwrap();
        assert_eq!(first.after, None);
        let link = first.next(&Timestamp::from_nanos(7)).unwrap();
        let link = link.to_str().unwrap();
        let cursor = cursor_of(link);
        assert_eq!(
            link,
            format!(
                "</api/a:b/points?limit=2&from=2023-02-01T00:00:00%2B01:00&cursor={cursor}>; rel=\"next\""
            )
        );
        // The order and the limit may change, and the spelling of the path.
        let params = [("from", "2023-02-01T00:00:00+01:00"), ("limit", "3")];
        let second = paging("local", "/api/a:b/points", &params, Some(cursor)).unwrap();
        assert_eq!(second.after, Some(Timestamp::from_nanos(7)));
    }

    #[test]
    fn a_cursor_works_nowhere_else() {
        let first = paging("local", "/api/a/points", &[("from", "1")], None).unwrap();
        let link = first.next(&Timestamp::from_nanos(7)).unwrap();
        let cursor = Some(cursor_of(link.to_str().unwrap()));
        let foreign = Err(ProblemKind::InvalidCursor);
        let opened =
            |tenant, path, params: &[_]| paging(tenant, path, params, cursor).map(|p| p.after);
        assert!(opened("local", "/api/a/points", &[("from", "1")]).is_ok());
        assert_eq!(opened("other", "/api/a/points", &[("from", "1")]), foreign);
        assert_eq!(opened("local", "/api/b/points", &[("from", "1")]), foreign);
        assert_eq!(opened("local", "/api/a/points", &[("from", "2")]), foreign);
        assert_eq!(opened("local", "/api/a/points", &[]), foreign);
        // A position of another kind.
        let binding = Binding::new(&Tenant::local(), "/api", []);
        let name = binding.seal(&"a").unwrap();
        assert_eq!(
            binding.open::<Timestamp>(&name).map_err(|p| p.kind()),
            Err(ProblemKind::InvalidCursor)
        );
    }

    #[test]
    fn a_broken_cursor_is_refused() {
        for broken in ["x", "AAAA", "====", "ä", "bnVsbA", "AAAAAAAAAAAAAAAAMQ"] {
            let kind = paging("local", "/api/a", &[], Some(broken)).map(|p| p.after);
            assert_eq!(kind, Err(ProblemKind::InvalidCursor), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_cursor_is_refused(nanos: i64, at: prop::sample::Index, to in "[A-Za-z0-9_-]") {
            let binding = Binding::new(&Tenant::local(), "/api/a", [("x", "y")]);
            let cursor = binding.seal(&Timestamp::from_nanos(nanos)).unwrap();
            prop_assert_eq!(binding.open(&cursor), Ok(Timestamp::from_nanos(nanos)));
            let at = at.index(cursor.len());
            let mut forged = cursor.clone();
            forged.replace_range(at..=at, &to);
            prop_assume!(forged != cursor);
            prop_assert!(binding.open::<Timestamp>(&forged).is_err());
        }

        #[test]
        fn queries_do_not_run_together(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}", d in "[ab]{0,3}") {
            prop_assume!((&a, &b) != (&c, &d));
            let tenant = Tenant::local();
            let cursor = Binding::new(&tenant, "/", [(a.as_str(), b.as_str())]).seal(&1).unwrap();
            prop_assert!(Binding::new(&tenant, "/", [(c.as_str(), d.as_str())]).open::<i32>(&cursor).is_err());
        }
    }
}
