//! What HTTP does not allow in the head of a request, and hyper passes all the same.
//! A gateway that stands before functions sees to it itself.

use http::header::{EXPECT, HOST, TRANSFER_ENCODING};
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, Method, Request, Uri, Version};
use tidemark_api::named_host::NamedHost;
use tidemark_api::pipeline::Malformed;
use tidemark_api::problem::Problem;

/// The request, marked if its head is malformed. Of a `Content-Length` beside a
/// `Transfer-Encoding` nothing is seen: hyper goes by the latter and closes the
/// connection, as RFC 9112, 6.1 wants it.
pub(super) fn checked<B>(mut request: Request<B>) -> Request<B> {
    let headers = request.headers();
    let found = target(request.method(), request.uri())
        .and_then(|()| host(request.version(), headers))
        .and_then(|()| codings(headers))
        .and_then(|()| expectation(headers));
    if let Err(what) = found {
        let problem = Problem::malformed_head(what);
        request.extensions_mut().insert(Malformed(problem));
    }
    request
}

/// One of the four forms of RFC 9112, 3.2, each where it belongs.
fn target(method: &Method, uri: &Uri) -> Result<(), &'static str> {
    let host = uri.authority().map(|host| host.as_str().as_bytes());
    if host.is_some_and(|host| NamedHost::parse(host).is_none()) {
        return Err("the target names no host, as `localhost:3000` is one");
    }
    if uri.scheme().is_some_and(|scheme| *scheme != Scheme::HTTP) {
        // RFC 9110, 7.4: what asks for more than there is must not be answered.
        return Err("the target wants another scheme than http");
    }
    let is_right = if method == Method::CONNECT {
        uri.scheme().is_none() && host.is_some()
    } else {
        uri.path().starts_with('/') || (method == Method::OPTIONS && uri.path() == "*")
    };
    is_right
        .then_some(())
        .ok_or("the target is to begin with `/`, or with `http://`")
}

/// `Host` is there once, and is one (RFC 9112, 3.2). HTTP/1.0 did not have it yet.
fn host(version: Version, headers: &HeaderMap) -> Result<(), &'static str> {
    let mut values = headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (None, _) if version < Version::HTTP_11 => Ok(()),
        (None, _) => Err("`Host` is missing; HTTP/1.1 wants it once"),
        (Some(_), Some(_)) => Err("`Host` was sent twice; HTTP/1.1 wants it once"),
        (Some(value), None) => NamedHost::parse(value.as_bytes())
            .map(drop)
            .ok_or("`Host` is no host, as `localhost:3000` is one"),
    }
}

/// One at most: of several hyper meets none, and who expects `100-continue` would wait
/// for it (RFC 9110, 10.1.1).
fn expectation(headers: &HeaderMap) -> Result<(), &'static str> {
    match members(headers, &EXPECT).count() {
        0 | 1 => Ok(()),
        _ => Err("of expectations `100-continue` is met here, once"),
    }
}

/// The members of a header that is a list.
fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(name).iter();
    let members = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    members
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}

/// `chunked`, once (RFC 9112, 6.1 and 7). Of others hyper looks at the last alone; it
/// would read what they hold as if they were not there.
fn codings(headers: &HeaderMap) -> Result<(), &'static str> {
    let mut codings = members(headers, &TRANSFER_ENCODING);
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err("of transfer codings `chunked` is read here, once"),
    }
}
