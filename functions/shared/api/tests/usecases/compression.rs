//! Answers that are packed say the same as those that are not.

use std::convert::Infallible;
use std::io::Read;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tidemark_access::{Access, AccessSettings};
use tidemark_api::pipeline::{Lines, PipelineSettings, REQUEST_ID, Reply, pipeline};
use tidemark_api::routes::ROUTES;
use tower::{Service, ServiceExt};

use crate::documented::{path, uri};
use crate::world::World;

type Asked = Request<Full<Bytes>>;

fn whole(world: &World) -> impl Service<Asked, Response = Reply, Error = Infallible> + Clone {
    let settings = PipelineSettings {
        max_body: 4 << 20,
        lines: Lines::Failures,
    };
    let access = Access::open(AccessSettings::default());
    pipeline(world.use_cases(), access, settings)
}

/// A request, but for its body.
#[derive(Debug, Clone)]
struct Question {
    method: Method,
    uri: String,
    media: &'static str,
    body: &'static str,
}

/// Status, headers but for the id, and body of an answer.
async fn ask(
    pipeline: impl Service<Asked, Response = Reply, Error = Infallible>,
    question: &Question,
    encoding: Option<&str>,
) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder()
        .method(question.method.clone())
        .uri(&question.uri)
        .header(ACCEPT, question.media);
    if let Some(encoding) = encoding {
        request = request.header(ACCEPT_ENCODING, encoding);
    }
    let request = request.body(Full::from(question.body)).unwrap();
    let (mut head, body) = pipeline.oneshot(request).await.unwrap().into_parts();
    head.headers.remove(REQUEST_ID).unwrap();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, body)
}

fn unpacked(body: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    GzDecoder::new(body).read_to_end(&mut unpacked).unwrap();
    unpacked
}

/// Something of everything, and enough of it to be packed.
async fn filled() -> World {
    let world = World::new();
    let points: Vec<(i64, f64)> = (0..500).map(|t| (t, t as f64 / 8.0)).collect();
    world.load("example1", &points).await;
    for i in 0..50 {
        world.load(&format!("example:{i}"), &[(1, 1.0)]).await;
        world.load("energy:m:1", &[(i, 1.0)]).await;
        world
            .post("/api", r#"[{"name": "a", "t": 1, "v": "x"}]"#)
            .await;
        world.get("/api/example1").await;
    }
    world
}

/// Points that are all wrong.
static WRONG: LazyLock<String> = LazyLock::new(|| {
    let points = vec![r#"{"name": "a", "t": 1, "v": "x"}"#; 100];
    format!("[{}]", points.join(","))
});

fn is_writing(method: &Method) -> bool {
    ![Method::GET, Method::HEAD].contains(method)
}

/// What is asked of each route: its examples, and what answers with a lot.
fn questions() -> Vec<Question> {
    let of = |method, uri, media, body| Question {
        method,
        uri,
        media,
        body,
    };
    let get = |uri: &str, media| of(Method::GET, uri.to_owned(), media, "");
    let mut questions = vec![
        get("/api?details=true", "*/*"),
        get("/api/example1?stats=all", "*/*"),
        get("/api/example1/points", "application/json"),
        get("/api/example1/points", "application/x-ndjson"),
        get("/api/example1/points", "text/csv"),
        get("/api/example1/points?limit=100", "*/*"),
        get("/api/example1/buckets?every=1s&fill=null", "*/*"),
        get("/meterdata/measurement?muid=m&measurement=energy", "*/*"),
        get("/admin/discards", "*/*"),
        get("/admin/discards?limit=1", "*/*"),
        get("/nothing", "*/*"),
    ];
    for route in ROUTES {
        let method = route.verb.method();
        questions.push(of(method.clone(), path(route), "*/*", "[]"));
        questions.push(of(method.clone(), uri(route), "*/*", ""));
        if method == Method::GET {
            questions.push(of(Method::HEAD, uri(route), "*/*", ""));
        }
    }
    // Whose faults are listed.
    questions.push(of(Method::POST, "/api".to_owned(), "*/*", &WRONG));
    // What changes something comes last.
    questions.sort_by_key(|question| is_writing(&question.method));
    questions
}

#[tokio::test]
async fn a_packed_answer_is_the_plain_one() {
    let world = filled().await;
    let pipeline = whole(&world);
    let mut packed = 0;
    for question in questions() {
        if is_writing(&question.method) {
            // Done once, it has the same answer again and again.
            ask(pipeline.clone(), &question, None).await;
        }
        let plain = ask(pipeline.clone(), &question, None).await;
        let (status, mut headers, mut body) = ask(pipeline.clone(), &question, Some("gzip")).await;
        let differs = plain.2.len() > 1024;
        let negotiates = question.uri.contains("/points");
        let named = [(negotiates, "accept"), (differs, "accept-encoding")];
        let named = named.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
        assert!(headers.get_all(VARY).iter().eq(named), "{question:?}");
        if differs {
            packed += 1;
            assert!(body.len() < plain.2.len() / 2, "{question:?}");
            assert_eq!(headers.remove(CONTENT_ENCODING).unwrap(), "gzip");
            body = unpacked(&body).into();
        }
        assert_eq!((status, &headers), (plain.0, &plain.1), "{question:?}");
        assert!(body == plain.2, "{question:?}");
        // Who does not take it is given none, and told that others are.
        let refused = ask(pipeline.clone(), &question, Some("gzip;q=0, br")).await;
        assert_eq!((refused.0, &refused.1), (plain.0, &plain.1), "{question:?}");
    }
    assert!(packed >= 10, "{packed}");
}

#[tokio::test]
async fn head_is_get_but_for_the_body() {
    let world = filled().await;
    let pipeline = whole(&world);
    for question in questions() {
        if question.method != Method::GET {
            continue;
        }
        let head = Question {
            method: Method::HEAD,
            ..question.clone()
        };
        for encoding in [None, Some("gzip")] {
            let get = ask(pipeline.clone(), &question, encoding).await;
            let head = ask(pipeline.clone(), &head, encoding).await;
            // Which the host leaves out, once it has told its length.
            assert_eq!((head.0, &head.1), (get.0, &get.1), "{question:?}");
            assert!(head.2.len() == get.2.len(), "{question:?}");
        }
    }
}

/// A page of 4 MiB is packed on a thread of its own, and no less whole for that.
#[tokio::test]
async fn a_long_answer_is_packed_too() {
    let world = World::new();
    let points: Vec<(i64, f64)> = (0..50_000).map(|t| (t, t as f64 * 0.1)).collect();
    world.load("a", &points).await;
    let question = Question {
        method: Method::GET,
        uri: "/api/a/points?limit=50000".to_owned(),
        media: "*/*",
        body: "",
    };
    let pipeline = whole(&world);
    let plain = ask(pipeline.clone(), &question, None).await;
    let packed = ask(pipeline, &question, Some("gzip")).await;
    assert!(plain.2.len() > 2 << 20);
    assert!(unpacked(&packed.2) == plain.2);
}
