//! Everything that a use case needs, and short ways to ask and to look.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LINK};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::Value as Json;
use tempfile::TempDir;
use tidemark_access::Limiter;
use tidemark_api::call::Call;
use tidemark_api::problem::Problem;
use tidemark_api::routes;
use tidemark_api::use_cases::{All, UseCases};
use tidemark_app::batch_ids::BatchIds;
use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;
use tidemark_app::validator::Validator;
use tidemark_core::batch::{Batch, BatchId, Content, SeriesPoints, Source};
use tidemark_core::discard::Discard;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::point::{Point, Tags, Value};
use tidemark_core::principal::Principal;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_core::tombstone::Tombstones;
use tidemark_embedded::Embedded;
use tidemark_ports::{
    Clock, DiscardFilter, DiscardLog, Order, PointStore, QuestionBounds, Queue, Scan,
};

use crate::hooks::{Direct, Hooked, Hooks};
use crate::inline::Inline;

const BOUNDS: QuestionBounds = QuestionBounds {
    series: 50,
    points: 10_000_000,
};

/// When the clock of a test begins: 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;

const SECOND: i64 = 1_000_000_000;

/// An instant in seconds since 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

pub(crate) fn name(text: &str) -> SeriesName {
    SeriesName::new(text).unwrap()
}

pub(crate) fn tags(tags: &[&str]) -> Tags {
    Tags::new(tags.iter().map(|tag| (*tag).to_owned())).unwrap()
}

/// A clock that stands where it is put, but for a microsecond each time it is
/// looked at.
pub(crate) struct SetClock(AtomicI64);

impl SetClock {
    pub(crate) fn set(&self, seconds: i64) {
        self.0.store(seconds * SECOND, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.fetch_add(1000, Ordering::Relaxed))
    }
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The rows of an answer that is an array.
    pub(crate) fn rows(&self) -> Vec<Json> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json().as_array().unwrap().clone()
    }

    /// Where the next page is.
    pub(crate) fn next(&self) -> Option<String> {
        let link = self.headers.get(LINK)?.to_str().unwrap();
        let uri = link.strip_prefix('<').unwrap();
        Some(uri.strip_suffix(">; rel=\"next\"").unwrap().to_owned())
    }
}

/// One test's own.
pub(crate) struct World {
    pub(crate) ports: Hooked,
    pub(crate) hooks: Arc<Hooks>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) validator: Validator,
    queue: Arc<dyn Queue>,
    ids: Arc<BatchIds>,
    _folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hooks = Arc::new(Hooks::default());
        let ports = Hooked {
            store: Embedded::open(folder.path()).unwrap(),
            hooks: Arc::clone(&hooks),
        };
        let validator = Validator {
            points: Arc::new(ports.clone()),
            catalog: Arc::new(ports.clone()),
            discards: Arc::new(ports.clone()),
        };
        let queue = Arc::new(Direct {
            validator: validator.clone(),
            hooks: Arc::clone(&hooks),
        });
        Self {
            ports,
            hooks,
            clock: Arc::new(SetClock(AtomicI64::new(NOW * SECOND))),
            validator,
            queue,
            ids: Arc::new(BatchIds::new()),
            _folder: folder,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Asks as a tenant, as the end of the pipeline does.
    pub(crate) async fn ask_as(&self, tenant: &Tenant, request: Request<Bytes>) -> Answer {
        let response = match self.route(tenant, &request).await {
            Ok(response) => response,
            Err(problem) => Response::<Bytes>::from(problem),
        };
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    async fn route(
        &self,
        tenant: &Tenant,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        let matched = routes::find(request.method(), request.uri().path())?;
        let principal = Principal {
            tenant: tenant.clone(),
            ..Principal::local()
        };
        let call = Call {
            principal: &principal,
            path: &matched.path,
            request,
        };
        let use_cases = self.use_cases();
        use_cases.answer(matched.endpoint, call).unwrap().await
    }

    /// Every use case, over the hooked store.
    pub(crate) fn use_cases(&self) -> All {
        let ports = || Arc::new(self.ports.clone());
        All {
            ingest: Ingest {
                queue: Arc::clone(&self.queue),
                catalog: ports(),
                allowance: Arc::new(Limiter::default()),
                clock: self.clock(),
                ids: Arc::clone(&self.ids),
            },
            query: Query {
                catalog: ports(),
                points: ports(),
                calculator: Arc::new(Inline(self.ports.clone())),
                history: Arc::new(self.ports.store.clone()),
                clock: self.clock(),
                bounds: BOUNDS,
            },
            eraser: Eraser {
                catalog: ports(),
                points: ports(),
                clock: self.clock(),
            },
            discards: Discards {
                discards: ports(),
                points: ports(),
                catalog: ports(),
                clock: self.clock(),
                ids: Arc::clone(&self.ids),
            },
            health: Health {
                queue: Arc::clone(&self.queue),
            },
            openapi: tidemark_api::contract(),
        }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.get_as(uri, "*/*").await
    }

    pub(crate) async fn get_as(&self, uri: &str, media: &str) -> Answer {
        let request = Request::get(uri).header(ACCEPT, media);
        let request = request.body(Bytes::new()).unwrap();
        self.ask_as(&Tenant::local(), request).await
    }

    pub(crate) async fn send(&self, method: Method, uri: &str) -> Answer {
        let request = Request::builder().method(method).uri(uri);
        let request = request.body(Bytes::new()).unwrap();
        self.ask_as(&Tenant::local(), request).await
    }

    pub(crate) async fn delete(&self, uri: &str) -> Answer {
        self.send(Method::DELETE, uri).await
    }

    /// Asks as a tenant, with no more than a URI.
    pub(crate) async fn get_of(&self, tenant: &Tenant, uri: &str) -> Answer {
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        self.ask_as(tenant, request).await
    }

    pub(crate) async fn post(&self, uri: &str, body: impl Into<Bytes>) -> Answer {
        self.post_as(uri, "application/json", body).await
    }

    pub(crate) async fn post_as(&self, uri: &str, media: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::post(uri).header(CONTENT_TYPE, media);
        let request = request.body(body.into()).unwrap();
        self.ask_as(&Tenant::local(), request).await
    }

    /// All rows of a paged array, page by page, and how many pages there were.
    pub(crate) async fn pages(&self, uri: &str) -> (Vec<Json>, usize) {
        let (mut rows, mut pages) = (Vec::new(), 0);
        let mut next = Some(uri.to_owned());
        while let Some(uri) = next {
            let answer = self.get(&uri).await;
            rows.extend(answer.rows());
            pages += 1;
            next = answer.next();
        }
        (rows, pages)
    }

    /// Stores points of a client, at nanoseconds since 1970.
    pub(crate) async fn store(&self, series: &str, points: &[(i64, f64)]) {
        let points = points.iter().map(|(t, v)| (Timestamp::from_nanos(*t), *v));
        let batch = Batch {
            tenant: Tenant::local(),
            source: Source::Api,
            id: self.ids.next(),
            received: self.clock.now(),
            content: points_of(series, points),
        };
        self.validator.handle(batch).await.unwrap();
    }

    /// Stores points of a client, at seconds since 1970.
    pub(crate) async fn load(&self, series: &str, points: &[(i64, f64)]) {
        let points: Vec<_> = points.iter().map(|(t, v)| (t * SECOND, *v)).collect();
        self.store(series, &points).await;
    }

    /// What the store holds of a series, whatever the catalog says.
    pub(crate) async fn points(&self, tenant: &Tenant, series: &str) -> Vec<Point> {
        let key = SeriesKey {
            tenant: tenant.clone(),
            name: name(series),
        };
        let scan = Scan {
            series: &key,
            range: TimeRange::ALL,
            tombstones: &Tombstones::none(),
            order: Order::Ascending,
            limit: 1_000_000,
        };
        let page = self.ports.store.read(scan).await.unwrap();
        assert_eq!(page.rest, None);
        page.points
    }

    /// The discards of a tenant, in the order of their stamps.
    pub(crate) async fn discards(&self, tenant: &Tenant) -> Vec<Discard> {
        let filter = DiscardFilter {
            reason: None,
            source: None,
            series: None,
            received: TimeRange::ALL,
        };
        let store: &dyn DiscardLog = &self.ports.store;
        let mut discards = store.list(tenant, &filter, None, 100_000).await.unwrap();
        discards.reverse();
        discards
    }
}

/// Points of one series, in the order of their indices.
pub(crate) fn points_of(
    series: &str,
    points: impl IntoIterator<Item = (Timestamp, f64)>,
) -> Content {
    let mut columns = SeriesPoints::new(name(series));
    for (index, (time, value)) in (0..).zip(points) {
        columns.push(index, time, Value::new(value).unwrap(), Tags::none());
    }
    Content::Points {
        series: vec![columns],
        rejects: Vec::new(),
    }
}

/// A batch of the data server's messages.
pub(crate) fn messages<'a>(
    sequence: u64,
    received: Timestamp,
    payloads: impl IntoIterator<Item = &'a [u8]>,
) -> Batch {
    Batch {
        tenant: Tenant::local(),
        source: Source::DataServer,
        id: BatchId::new(1, sequence),
        received,
        content: Content::Messages {
            series: name("data-server"),
            first: 0,
            payloads: payloads.into_iter().map(Payload::new).collect(),
        },
    }
}

/// Holds a property of a world over many cases, which are numbered: each works
/// on names of its own.
pub(crate) fn holds<S, P>(cases: u32, strategy: &S, property: &P)
where
    S: Strategy,
    P: AsyncFn(&World, usize, S::Value) -> Result<(), TestCaseError>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = World::new();
    let number = AtomicUsize::new(0);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    };
    let outcome = TestRunner::new(config).run(strategy, |case| {
        let number = number.fetch_add(1, Ordering::Relaxed);
        runtime.block_on(property(&world, number, case))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
