//! The one thread that writes, and group commit: what is waiting when a
//! transaction begins is carried out in it and shares its fsync. What fails of
//! that is undone by itself. Everything that changes, on disk or in memory,
//! changes here, one after the other.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tidemark_ports::error::{Kind, Result, StoreError};
use tokio::sync::oneshot;

use crate::error::failed;
use crate::flush::Flusher;
use crate::memory::Memory;
use crate::transaction::Transaction;

/// How many commands wait at the most before callers do.
const WAITING: usize = 1024;
/// How many commands share a transaction at the most.
const GROUP: usize = 256;
/// How often the flusher is asked whether it has something to do.
const IDLE: Duration = Duration::from_millis(500);
/// How long nothing may come before the file is tidied.
const QUIET: Duration = Duration::from_millis(20);
/// How many free pages the file may keep for what comes next.
const FREE_PAGES: usize = 64;
/// How long the file may be tidied when the store is closed; what is left is
/// done after the next start.
const TIDYING_AT_END: Duration = Duration::from_secs(2);
/// How many pages are released at a time; a write may have to wait for that.
const TIDIED_PAGES: usize = 128;

/// Carried out inside the transaction, if there is one, else told why not. It
/// answers by itself where it fails.
type Command =
    Box<dyn FnOnce(Result<&mut Transaction<'_>>) -> std::result::Result<Done, Failed> + Send>;
/// Carried out when the transaction is on disk, or was given up.
type Done = Box<dyn FnOnce(Result<()>) + Send>;

/// A command has failed, and has said so.
struct Failed;

enum Message {
    Command(Command),
    /// Flush all now, then answer.
    Flush(oneshot::Sender<bool>),
    Stop,
}

/// The handle of the writing thread; it ends, after a last flush, when this is dropped.
pub(super) struct Writer {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread on its own connection.
    pub(super) fn start(connection: Connection, memory: Arc<Memory>, flusher: Flusher) -> Self {
        let (queue, waiting) = sync_channel(WAITING);
        let thread = spawn(move || run(&connection, &memory, flusher, &waiting));
        Self {
            queue,
            thread: Some(thread),
        }
    }

    /// Carries out `command` in the next transaction; returns when it is on disk.
    pub(super) async fn commit<T: Send + 'static>(
        &self,
        command: impl FnOnce(&mut Transaction<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |transaction| match transaction.and_then(command) {
            Ok(value) => Ok(Box::new(move |outcome: Result<()>| {
                // Who no longer listens has hung up.
                let _ = answer.send(outcome.map(|()| value));
            })),
            Err(error) => {
                let _ = answer.send(Err(error));
                Err(Failed)
            }
        });
        let queue = self.queue.clone();
        let mut message = Message::Command(command);
        // Waiting for a place blocks, so try first, then step aside.
        if let Err(error) = queue.try_send(message) {
            use std::sync::mpsc::TrySendError;
            match error {
                TrySendError::Disconnected(_) => return Err(gone()),
                TrySendError::Full(back) => message = back,
            }
            tokio::task::spawn_blocking(move || queue.send(message))
                .await
                .map_err(|_| gone())?
                .map_err(|_| gone())?;
        }
        answered.await.map_err(|_| gone())?
    }
}

impl Writer {
    /// Has all tails merged into chunks; returns when they are on disk.
    pub(super) async fn flush(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.clone();
        tokio::task::spawn_blocking(move || queue.send(Message::Flush(answer)))
            .await
            .map_err(|_| gone())?
            .map_err(|_| gone())?;
        match answered.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::new(Kind::Unavailable, "flushing failed")),
            Err(_) => Err(gone()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.queue.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn gone() -> StoreError {
    StoreError::new(Kind::Unavailable, "the store is closed")
}

fn given_up() -> StoreError {
    StoreError::new(Kind::Unavailable, "the transaction was given up")
}

/// The state of the thread.
struct Run<'a> {
    connection: &'a Connection,
    memory: &'a Arc<Memory>,
    flusher: Flusher,
    /// Whether the file may hold pages that nobody uses.
    untidy: bool,
}

fn run(
    connection: &Connection,
    memory: &Arc<Memory>,
    flusher: Flusher,
    waiting: &Receiver<Message>,
) {
    let mut run = Run {
        connection,
        memory,
        flusher,
        untidy: true,
    };
    while run.turn(waiting).is_continue() {}
    run.flush_all();
    let stopped = Instant::now();
    while run.untidy && stopped.elapsed() < TIDYING_AT_END {
        run.tidy();
    }
}

impl Run<'_> {
    /// One transaction with what is waiting; waits a while if nothing is.
    fn turn(&mut self, waiting: &Receiver<Message>) -> ControlFlow<()> {
        self.flusher.look_around();
        let patience = match (self.flusher.is_busy(), self.untidy) {
            (true, _) => Duration::ZERO,
            (false, true) => QUIET,
            (false, false) => IDLE,
        };
        let mut next = match waiting.recv_timeout(patience) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => {
                if self.untidy && !self.flusher.is_busy() {
                    self.tidy();
                }
                None
            }
            Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
        };
        let mut group = Vec::new();
        let mut after = ControlFlow::Continue(());
        while let Some(message) = next.take() {
            match message {
                Message::Command(command) => group.push(command),
                Message::Flush(answer) => {
                    self.transact(std::mem::take(&mut group), Duration::ZERO);
                    // Who no longer listens has hung up.
                    let _ = answer.send(self.flush_all());
                }
                Message::Stop => {
                    after = ControlFlow::Break(());
                    break;
                }
            }
            if group.len() < GROUP {
                next = waiting.try_recv().ok();
            }
        }
        let slice = self.flusher.slice();
        self.transact(group, slice);
        after
    }

    /// Gives pages that nobody uses back to the file system, some at a time.
    fn tidy(&mut self) {
        let free: rusqlite::Result<usize> =
            self.connection
                .pragma_query_value(None, "freelist_count", |row| row.get(0));
        self.untidy = free.is_ok_and(|free| free > FREE_PAGES);
        if self.untidy
            && let Err(error) = release(self.connection)
        {
            tracing::warn!(%error, "free pages were not released");
            self.untidy = false;
        }
    }

    /// Flushes everything. False if that failed: the log has it, and the next
    /// start takes it from there.
    fn flush_all(&mut self) -> bool {
        self.flusher.flush_all();
        while self.flusher.is_busy() {
            if !self.transact(Vec::new(), Duration::MAX) {
                return false;
            }
        }
        self.flusher.is_done()
    }

    /// One transaction: a slice of flushing, then the group. False if it failed.
    fn transact(&mut self, group: Vec<Command>, slice: Duration) -> bool {
        if group.is_empty() && !self.flusher.is_busy() {
            return true;
        }
        let (connection, flusher) = (self.connection, &mut self.flusher);
        let mut transaction = Transaction::new(connection, self.memory);
        let mut done = Vec::with_capacity(group.len());
        let mut outcome = begin(connection);
        // Before the group, so that what it deletes is not flushed after that.
        let started = Instant::now();
        while outcome.is_ok() && flusher.is_busy() && started.elapsed() < slice {
            outcome = flusher.step(connection);
        }
        for command in group {
            outcome = outcome.and_then(|()| transaction.mark());
            if outcome.is_err() {
                let _: std::result::Result<Done, Failed> = command(Err(given_up()));
                continue;
            }
            outcome = match command(Ok(&mut transaction)) {
                Ok(answer) => {
                    done.push(answer);
                    transaction.keep()
                }
                Err(Failed) => transaction.undo(),
            };
        }
        let effects = transaction.into_effects();
        if outcome.is_ok() {
            outcome = connection
                .execute_batch("COMMIT")
                .map_err(failed("committing"));
        }
        if let Err(error) = &outcome {
            tracing::error!(%error, cause = ?std::error::Error::source(error), "a transaction failed");
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            flusher.failed();
        } else {
            self.untidy |= flusher.committed();
            effects.apply();
        }
        let succeeded = outcome.is_ok();
        for answer in done {
            answer(if succeeded { Ok(()) } else { Err(given_up()) });
        }
        succeeded
    }
}

/// Releases [`TIDIED_PAGES`] pages. SQLite does so one by one, a row each: they
/// must be read to the end.
fn release(connection: &Connection) -> rusqlite::Result<()> {
    let sql = format!("PRAGMA incremental_vacuum({TIDIED_PAGES})");
    let mut statement = connection.prepare(&sql)?;
    let mut released = statement.query([])?;
    while released.next()?.is_some() {}
    Ok(())
}

fn begin(connection: &Connection) -> Result<()> {
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(failed("beginning a transaction"))
}

#[cfg(test)]
mod tests;
