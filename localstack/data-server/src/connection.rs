//! A connection that knows when an answer has left it, so that only messages
//! that were written out are recorded as served.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::message::Message;

/// Messages that were answered with on one connection, but are not yet known
/// to have been written out. Shared between the connection and its service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    /// Bytes written since the connection began.
    written: usize,
    /// Each message, with how many bytes will be written at least when it is out.
    messages: Vec<(usize, Message)>,
}

impl Outbox {
    fn with<T>(&self, f: impl FnOnce(&mut Contents) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts in a message that is about to be answered with.
    pub(crate) fn put(&self, message: Message) {
        self.with(|contents| {
            // The head of the answer adds more than the one byte.
            let mark = contents.written + message.payload.len() + 1;
            contents.messages.push((mark, message));
        });
    }

    /// Takes out the messages that were not written out when the connection ended.
    pub(crate) fn unsent(&self) -> Vec<Message> {
        self.with(|contents| contents.messages.drain(..).map(|(_, m)| m).collect())
    }

    fn wrote(&self, bytes: usize) {
        self.with(|contents| contents.written += bytes);
    }

    fn sent(&self) -> Vec<Message> {
        self.with(|contents| {
            let written = contents.written;
            contents
                .messages
                .extract_if(.., |(mark, _)| *mark <= written)
                .map(|(_, message)| message)
                .collect()
        })
    }
}

/// A stream that calls `on_sent` for each message of its outbox once the
/// message has been flushed.
pub(crate) struct Connection<S, F> {
    stream: S,
    outbox: Outbox,
    on_sent: F,
}

impl<S, F> Connection<S, F> {
    /// Wraps `stream`.
    pub(crate) const fn new(stream: S, outbox: Outbox, on_sent: F) -> Self {
        Self {
            stream,
            outbox,
            on_sent,
        }
    }
}

impl<S: AsyncRead + Unpin, F: Unpin> AsyncRead for Connection<S, F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S, F> AsyncWrite for Connection<S, F>
where
    S: AsyncWrite + Unpin,
    F: FnMut(&Message) -> io::Result<()> + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let bytes = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.outbox.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        for message in self.outbox.sent() {
            (self.on_sent)(&message)?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
