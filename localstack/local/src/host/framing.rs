//! Whether a request has both `Content-Length` and `Transfer-Encoding`, with which
//! others on the way may have been led to see another request in it (RFC 9112, 11.2).
//! Hyper drops the former before anybody sees it, so what it reads is looked at here.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Of each head that was read, in order, whether it has both; shared by a connection
/// and its service.
#[derive(Debug, Clone, Default)]
pub(super) struct Heads(Arc<Mutex<VecDeque<bool>>>);

impl Heads {
    /// Of the next one.
    pub(super) fn next_has_both(&self) -> bool {
        self.lock().pop_front().unwrap_or(false)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection whose requests are followed.
#[derive(Debug)]
pub(super) struct Followed<S> {
    stream: S,
    heads: Heads,
    at: At,
    line: Vec<u8>,
}

/// Where in a request the next byte is.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Before the request line, or blank lines before it.
    Start,
    /// In a header.
    Head { length: Option<u64>, is_coded: bool },
    /// In so many bytes, after which comes what that says.
    Body { left: u64, is_chunk: bool },
    /// In the line that begins a chunk.
    Size,
    /// In the lines that end a chunked body.
    Trailer,
    /// Somewhere in what is no request, and is not read on.
    Lost,
}

impl<S> Followed<S> {
    pub(super) fn new(stream: S) -> (Self, Heads) {
        let heads = Heads::default();
        let followed = Self {
            stream,
            heads: heads.clone(),
            at: At::Start,
            line: Vec::new(),
        };
        (followed, heads)
    }

    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.at {
                At::Lost => return,
                At::Body { left, is_chunk } => {
                    let step = usize::try_from(left).map_or(bytes.len(), |l| l.min(bytes.len()));
                    bytes = &bytes[step..];
                    self.at = match (left - step as u64, is_chunk) {
                        (0, true) => At::Size,
                        (0, false) => At::Start,
                        (left, _) => At::Body { left, is_chunk },
                    };
                }
                at => {
                    let end = bytes.iter().position(|b| *b == b'\n');
                    let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
                    bytes = rest;
                    self.line.extend_from_slice(part);
                    if end.is_some() {
                        self.at = self.after(at);
                        self.line.clear();
                    }
                }
            }
        }
    }

    /// Where the request goes on after a line.
    fn after(&self, at: At) -> At {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match at {
            At::Start | At::Trailer if line.is_empty() => At::Start,
            At::Start => At::Head {
                length: None,
                is_coded: false,
            },
            At::Head { length, is_coded } if line.is_empty() => {
                let has_both = is_coded && length.is_some();
                self.heads.lock().push_back(has_both);
                match length {
                    Some(_) if has_both => At::Lost,
                    _ if is_coded => At::Size,
                    None | Some(0) => At::Start,
                    Some(left) => At::Body {
                        left,
                        is_chunk: false,
                    },
                }
            }
            At::Head { length, is_coded } => {
                let mut parts = line.splitn(2, |b| *b == b':');
                let (name, value) = (parts.next().unwrap_or(line), parts.next());
                let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
                let is_coded = is_coded || is("transfer-encoding");
                if !is("content-length") {
                    return At::Head { length, is_coded };
                }
                // What is no number goes no further than hyper.
                let digits = value.and_then(|value| std::str::from_utf8(value).ok());
                let length = digits.and_then(|digits| digits.trim().parse().ok());
                At::Head {
                    length: Some(length.unwrap_or(0)),
                    is_coded,
                }
            }
            At::Size => {
                let end = line.iter().position(|b| !b.is_ascii_hexdigit());
                let digits = std::str::from_utf8(&line[..end.unwrap_or(line.len())]);
                match u64::from_str_radix(digits.unwrap_or_default(), 16) {
                    Ok(0) => At::Trailer,
                    // And the end of its line.
                    Ok(size) => At::Body {
                        left: size.saturating_add(2),
                        is_chunk: true,
                    },
                    Err(_) => At::Lost,
                }
            }
            other => other,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Followed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.follow(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Followed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
