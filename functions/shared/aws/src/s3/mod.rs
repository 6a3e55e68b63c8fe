//! A bucket of S3: the little that is asked of one, by signed addresses. The
//! SDK's own client of S3 would be a sixth of a program that has it.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use backon::ConstantBuilder;
use http::header::USER_AGENT;
use http::{Method, Request};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Credentials, S3Action, UrlStyle};
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;
use tidemark_ports::error::{Kind, Result, StoreError};
use tokio::time::timeout;

use crate::calls::{Undone, retry_after};
use crate::client::{Aws, connector};
use crate::error::corrupt;
use crate::in_time::at_most;
use crate::settings::SettingError;

const ASKING: &str = "asking a bucket";
/// How long an address may be used: for one call, by clocks that differ.
const VALID: Duration = Duration::from_mins(1);
/// How long one try of a call may take, if there is time.
const TRY: Duration = Duration::from_secs(4);
/// How often a call is tried: a connection may have ended while Lambda had the
/// process frozen. No more, whatever time there is: who reads reports comes back in a
/// minute.
const TRIES: usize = 3;
/// How long to wait before each further try.
const PAUSE: Duration = Duration::from_millis(200);

/// A bucket.
#[derive(Clone)]
pub(crate) struct Bucket {
    /// Where it is.
    place: rusty_s3::Bucket,
    credentials: Option<SharedCredentialsProvider>,
    connector: Arc<Connector>,
    /// Names the caller, as the SDK's clients do.
    agent: String,
}

/// What stands in a bucket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) written: Timestamp,
}

/// A part of a listing, and what asks for the next.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) objects: Vec<Object>,
    pub(crate) next: Option<String>,
}

impl Aws {
    /// The bucket that a variable names.
    pub(crate) fn bucket(
        &self,
        variable: &'static str,
    ) -> std::result::Result<Bucket, SettingError> {
        let value = self.settings.required(variable)?;
        let told = self.settings.optional("AWS_ENDPOINT_URL_S3");
        let place = named(&value, told.as_deref(), &self.sdk);
        Ok(Bucket {
            place: place.map_err(|reason| SettingError::Wrong {
                name: variable,
                value,
                reason,
            })?,
            credentials: self.sdk.credentials_provider(),
            connector: Arc::new(connector()),
            agent: match self.sdk.app_name() {
                Some(name) => format!("tidemark app/{name}"),
                None => "tidemark".to_owned(),
            },
        })
    }
}

/// Where a bucket is: under its name, or under its path where somebody has told
/// an endpoint, which may have no names below its own, and if no certificate is
/// of such a name.
fn named(
    name: &str,
    told: Option<&str>,
    sdk: &SdkConfig,
) -> std::result::Result<rusty_s3::Bucket, String> {
    let region = sdk.region().map_or("us-east-1", |region| region.as_ref());
    let (endpoint, style) = if let Some(told) = told.or(sdk.endpoint_url()) {
        (told.to_owned(), UrlStyle::Path)
    } else {
        let china = if region.starts_with("cn-") { ".cn" } else { "" };
        let endpoint = format!("https://s3.{region}.amazonaws.com{china}");
        let style = if name.contains('.') {
            UrlStyle::Path
        } else {
            UrlStyle::VirtualHost
        };
        (endpoint, style)
    };
    let endpoint = endpoint
        .parse()
        .map_err(|_| format!("{endpoint} is no address"))?;
    rusty_s3::Bucket::new(endpoint, style, name.to_owned(), region.to_owned())
        .map_err(|error| error.to_string())
}

impl Bucket {
    /// Lists objects, a thousand at the most, going on where `next` says.
    pub(crate) async fn list(&self, next: Option<String>) -> Result<Listed> {
        let credentials = self.credentials().await?;
        let mut action = ListObjectsV2::new(&self.place, Some(&credentials));
        if let Some(next) = next {
            action.with_continuation_token(next);
        }
        let answer = self.call(Method::GET, action.sign(VALID).as_str()).await?;
        let answer = answer.ok_or_else(|| corrupt(ASKING).because("there is no such bucket"))?;
        let text = std::str::from_utf8(&answer).map_err(|e| corrupt(ASKING).because(e))?;
        let listed = ListObjectsV2::parse_response(text).map_err(|e| corrupt(ASKING).because(e))?;
        let objects = listed.contents.into_iter().map(|object| {
            let written = object.last_modified.unwrap_or_default();
            Ok(Object {
                key: object.key,
                written: Timestamp::parse(&written, Zone::UTC)
                    .map_err(|e| corrupt(ASKING).because(e))?,
            })
        });
        Ok(Listed {
            objects: objects.collect::<Result<_>>()?,
            next: listed.next_continuation_token,
        })
    }

    /// The content of an object; None if it is not there.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let credentials = self.credentials().await?;
        let action = self.place.get_object(Some(&credentials), key);
        self.call(Method::GET, action.sign(VALID).as_str()).await
    }

    /// Deletes an object, if it is there.
    pub(crate) async fn delete(&self, key: &str) -> Result<()> {
        let credentials = self.credentials().await?;
        let action = self.place.delete_object(Some(&credentials), key);
        let url = action.sign(VALID);
        self.call(Method::DELETE, url.as_str()).await.map(drop)
    }

    async fn credentials(&self) -> Result<Credentials> {
        let missing = || StoreError::new(Kind::Internal, "there are no credentials");
        let provider = self.credentials.as_ref().ok_or_else(missing)?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|e| missing().because(e))?;
        let (key, secret) = (found.access_key_id(), found.secret_access_key());
        Ok(match found.session_token() {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        })
    }

    /// What a call brings; None if what it asks for is not there.
    async fn call(&self, method: Method, url: &str) -> Result<Option<Vec<u8>>> {
        let pauses = ConstantBuilder::new()
            .with_delay(PAUSE)
            .with_max_times(TRIES - 1);
        let one = async |()| {
            let answer = timeout(at_most(TRY), self.attempt(method.clone(), url)).await;
            let answer = answer.unwrap_or_else(|e| Err(unavailable(e)));
            ((), answer.map_err(Undone::of))
        };
        retry_after(pauses, (), one).await.1
    }

    async fn attempt(&self, method: Method, url: &str) -> Result<Option<Vec<u8>>> {
        let wrong = |what: &str| StoreError::new(Kind::Internal, ASKING).because(what);
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(USER_AGENT, &self.agent)
            .body(SdkBody::empty())
            .map_err(|_| wrong("it has no address"))?;
        let request = request.try_into().map_err(|_| wrong("it has no address"))?;
        let answer = self.connector.call(request).await.map_err(unavailable)?;
        let status = answer.status().as_u16();
        let body = ByteStream::new(answer.into_body()).collect().await;
        let body = body.map_err(unavailable)?.to_vec();
        if (200..300).contains(&status) {
            return Ok(Some(body));
        }
        let code = code(&body);
        if code == "NoSuchKey" || (status == 404 && code.is_empty()) {
            return Ok(None);
        }
        let passes = status == 429 || status >= 500 || code == "RequestTimeout";
        let kind = if passes {
            Kind::Unavailable
        } else {
            Kind::Internal
        };
        let told = format!("it answers with status {status} {code}");
        Err(StoreError::new(kind, ASKING).because(told))
    }
}

fn unavailable(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::new(Kind::Unavailable, ASKING).because(error)
}

/// What S3 calls an error; nothing else of it is told, since it repeats what was
/// signed.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").map_or("", |(_, rest)| rest);
    let code = code.split_once("</Code>").map_or("", |(code, _)| code);
    let code = code.chars().filter(char::is_ascii_alphanumeric);
    code.take(64).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_config::Region;
    use http::Response;

    use super::*;
    use crate::fake::serve;
    use crate::in_time::RESERVE;

    fn settings(variable: &str) -> Option<String> {
        (variable == "BUCKET").then(|| "reports".to_owned())
    }

    #[test]
    fn a_bucket_is_found_by_its_name_or_its_path() {
        for (region, told, expected) in [
            (
                "eu-west-1",
                None,
                "https://reports.s3.eu-west-1.amazonaws.com/a",
            ),
            (
                "cn-north-1",
                None,
                "https://reports.s3.cn-north-1.amazonaws.com.cn/a",
            ),
            (
                "eu-west-1",
                Some("http://127.0.0.1:1"),
                "http://127.0.0.1:1/reports/a",
            ),
        ] {
            let sdk = SdkConfig::builder().region(Region::new(region)).build();
            let bucket = named("reports", told, &sdk).unwrap();
            assert_eq!(bucket.object_url("a").as_str(), expected);
        }
        let sdk = SdkConfig::builder().build();
        let dotted = named("my.reports", None, &sdk).unwrap();
        assert_eq!(
            dotted.object_url("a").as_str(),
            "https://s3.us-east-1.amazonaws.com/my.reports/a"
        );
    }

    #[tokio::test]
    async fn objects_are_listed_in_parts() {
        const FIRST: &str = "<?xml version=\"1.0\"?>
            <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">
            <Name>reports</Name><IsTruncated>true</IsTruncated>
            <NextContinuationToken>more</NextContinuationToken>
            <Contents><Key>a/b%20c</Key><LastModified>2026-01-01T00:00:01.000Z</LastModified>
            <Size>3</Size></Contents><EncodingType>url</EncodingType></ListBucketResult>";
        const LAST: &str = "<?xml version=\"1.0\"?>
            <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">
            <Name>reports</Name><IsTruncated>false</IsTruncated></ListBucketResult>";
        let answer = async |request: Request<_>| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let is_signed = query.contains("X-Amz-Signature=");
            let body = match (is_signed, query.contains("continuation-token=more")) {
                (false, _) => "",
                (true, false) => FIRST,
                (true, true) => LAST,
            };
            Response::new(body.to_owned())
        };
        let bucket = serve(answer, settings).await.bucket("BUCKET").unwrap();
        let first = bucket.list(None).await.unwrap();
        let written = Timestamp::parse("2026-01-01T00:00:01Z", Zone::UTC).unwrap();
        let key = "a/b c".to_owned();
        assert_eq!(first.objects, [Object { key, written }]);
        let last = bucket.list(first.next).await.unwrap();
        assert!(last.objects.is_empty() && last.next.is_none());
    }

    fn answer(status: u16, code: &str) -> Response<String> {
        let body = format!("<Error><Code>{code}</Code><Message>secret</Message></Error>");
        Response::builder().status(status).body(body).unwrap()
    }

    #[tokio::test]
    async fn what_is_refused_is_an_error_that_says_why() {
        let answers = async |request: Request<_>| match request.uri().path() {
            "/reports/busy" => answer(503, "SlowDown"),
            "/reports/gone" => answer(404, "NoSuchKey"),
            _ => answer(403, "AccessDenied"),
        };
        let bucket = serve(answers, settings).await.bucket("BUCKET").unwrap();
        let busy = bucket.get("busy").await.unwrap_err();
        assert_eq!(busy.kind(), Kind::Unavailable);
        let closed = bucket.delete("closed").await.unwrap_err();
        assert_eq!(closed.kind(), Kind::Internal);
        let told = tidemark_ports::error::causes(&closed);
        assert!(told.ends_with("status 403 AccessDenied"), "{told}");
        assert_eq!(bucket.get("gone").await.unwrap(), None);
    }

    /// By one try, which is cut: there is no time for another.
    #[tokio::test]
    async fn a_bucket_that_does_not_answer_is_given_up_in_time() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let answers = async |_: Request<_>| {
            ASKED.fetch_add(1, Ordering::Relaxed);
            std::future::pending().await
        };
        let bucket = serve(answers, settings).await.bucket("BUCKET").unwrap();
        let until = tokio::time::Instant::now() + RESERVE + PAUSE;
        let got = tidemark_ports::deadline::within(until, bucket.get("a")).await;
        assert_eq!(got.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_is_busy_is_asked_again() {
        static ASKED: AtomicU32 = AtomicU32::new(0);
        let answers = async |_: Request<_>| match ASKED.fetch_add(1, Ordering::Relaxed) {
            0 => answer(503, "SlowDown"),
            1 => answer(400, "RequestTimeout"),
            _ => Response::new("here".to_owned()),
        };
        let bucket = serve(answers, settings).await.bucket("BUCKET").unwrap();
        assert_eq!(bucket.get("a").await.unwrap().unwrap(), b"here");
        assert_eq!(ASKED.load(Ordering::Relaxed), 3);
    }
}
