//! What becomes of bodies.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;

use super::*;

#[tokio::test]
async fn a_body_may_have_4_mib() {
    assert_eq!(ask("GET", "/api", MAX_BODY).await.status(), StatusCode::OK);
    let refused = ask("GET", "/api", MAX_BODY + 1).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Of what nobody reads nothing is kept.
    assert_eq!(ask("GET", "/api", 9).await.body(), "local /api 0");
}

#[tokio::test]
async fn who_waits_to_be_told_is_refused_at_once() {
    let large = (MAX_BODY + 1).to_string();
    for (key, method, target, length, status) in [
        ("tm_other", "POST", "/api", "9", StatusCode::UNAUTHORIZED),
        ("tm_reader", "POST", "/api", "9", StatusCode::FORBIDDEN),
        ("tm_slow", "GET", "/api", "9", StatusCode::TOO_MANY_REQUESTS),
        ("tm_reader", "POST", "/nothing", "9", StatusCode::NOT_FOUND),
        (
            "tm_reader",
            "PUT",
            "/api",
            "9",
            StatusCode::METHOD_NOT_ALLOWED,
        ),
        (
            "tm_reader",
            "GET",
            "/api",
            &large,
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        let request = Request::builder().method(method).uri(target);
        let request = request.header("x-api-key", key);
        let request = request.header(header::EXPECT, "100-continue");
        let request = request.header(header::CONTENT_LENGTH, length);
        let body = Full::from("body").map_frame(|frame| {
            assert!(frame.is_trailers(), "the body was asked for");
            frame
        });
        let response = answer(access(), request.body(body).unwrap()).await;
        assert_eq!(response.status(), status, "{key} {method} {target}");
        assert_eq!(response.headers()[header::CONNECTION], "close");
    }
}

/// A body in pieces, of which it knows how many are held at once.
fn counted(
    pieces: usize,
    held: &Arc<Held>,
) -> impl BodyExt<Data = Bytes, Error: Send> + Send + Unpin + 'static {
    let held = Arc::clone(held);
    let piece = move |_| Ok::<_, Infallible>(Frame::data(Bytes::from_owner(Piece::new(&held))));
    StreamBody::new(stream::iter((0..pieces).map(piece)))
}

#[derive(Default)]
struct Held {
    now: AtomicUsize,
    most: AtomicUsize,
}

struct Piece(Arc<Held>);

impl Piece {
    fn new(held: &Arc<Held>) -> Self {
        let now = held.now.fetch_add(1, Ordering::Relaxed) + 1;
        held.most.fetch_max(now, Ordering::Relaxed);
        Self(Arc::clone(held))
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &[b'x'; 1000]
    }
}

#[tokio::test]
async fn nothing_is_kept_of_a_body_that_is_refused_or_not_wanted() {
    for (key, method, target, status) in [
        ("tm_other", "POST", "/api", StatusCode::UNAUTHORIZED),
        ("tm_reader", "POST", "/api", StatusCode::FORBIDDEN),
        ("tm_reader", "POST", "/nothing", StatusCode::NOT_FOUND),
        ("tm_reader", "GET", "/api", StatusCode::OK),
    ] {
        let held = Arc::new(Held::default());
        let request = Request::builder().method(method).uri(target);
        let request = request.header("x-api-key", key).body(counted(100, &held));
        let response = answer(access(), request.unwrap()).await;
        assert_eq!(response.status(), status, "{key} {method} {target}");
        assert_eq!(
            held.most.load(Ordering::Relaxed),
            1,
            "{key} {method} {target}"
        );
    }
}
