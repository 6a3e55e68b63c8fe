//! Who is trusted to say that somebody is AWS: the certificate authorities that
//! sign for its endpoints (<https://www.amazontrust.com/repository/>), which
//! last until the end of 2037. To read and parse all that the system trusts
//! takes longer than everything else that a function does at its start. Where
//! others sign, as a proxy that looks into TLS does, a file of roots takes their
//! place.

use std::ffi::OsString;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};

/// Amazon's roots, and the one of Starfield that signs the first.
const ROOTS: &str = include_str!("roots.pem");

/// Trusts Amazon's roots; or the certificates in the file that `AWS_CA_BUNDLE`
/// names, as other AWS tools do; or, if that cannot be read, the system's. Set to
/// nothing is not set.
pub(crate) fn context(bundle: Option<OsString>) -> Option<TlsContext> {
    let bundle = bundle.filter(|path| !path.is_empty());
    let store = match bundle.map(std::fs::read) {
        None => TrustStore::empty().with_pem_certificate(ROOTS),
        Some(Ok(pem)) => TrustStore::empty().with_pem_certificate(pem),
        Some(Err(error)) => {
            tracing::warn!(%error, "AWS_CA_BUNDLE cannot be read");
            TrustStore::default()
        }
    };
    TlsContext::builder().with_trust_store(store).build().ok()
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// The fingerprints of the certificates in a file, shortened.
    fn fingerprints(pem: &str) -> Vec<String> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        pem.split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|rest| {
                let text = rest.split("-----END").next().unwrap().replace('\n', "");
                let digest = Sha256::digest(STANDARD.decode(text).unwrap());
                format!(
                    "{:02x}{:02x}{:02x}{:02x}",
                    digest[0], digest[1], digest[2], digest[3]
                )
            })
            .collect()
    }

    /// As Amazon and Mozilla publish them.
    #[test]
    fn the_roots_are_amazons() {
        assert_eq!(
            fingerprints(ROOTS),
            ["8ecde688", "1ba5b2aa", "18ce6cfe", "e35d2841", "568d6905"]
        );
    }

    #[tokio::test]
    async fn a_client_can_be_made_of_them() {
        use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
        // It panics at what it cannot parse.
        let _ = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context(None).unwrap())
            .build_https();
    }

    #[test]
    fn a_bundle_that_is_not_there_is_no_reason_to_fail() {
        assert!(context(Some("/nowhere".into())).is_some());
    }

    #[test]
    fn no_bundle_is_amazons_roots_and_another_is_itself() {
        let told = |bundle: Option<&str>| format!("{:?}", context(bundle.map(Into::into)));
        assert_eq!(told(Some("")), told(None));
        let file = tempfile::NamedTempFile::new().unwrap();
        let (one, _) = ROOTS.split_at(ROOTS.find("-----END").unwrap());
        std::fs::write(file.path(), format!("{one}-----END CERTIFICATE-----\n")).unwrap();
        let other = told(file.path().to_str());
        assert_ne!(other, told(None));
        assert_ne!(other, told(Some("/nowhere")));
    }
}
