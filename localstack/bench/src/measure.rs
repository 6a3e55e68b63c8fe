//! The measurements themselves: a load, a row of queries, and both at once.
//! Each connection has a thread and a runtime of its own.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;

use crate::client::{Connection, Endpoint, Failure, runtime};
use crate::query::{Kind, Query};
use crate::statistics::Latencies;
use crate::target::Target;
use crate::workload::{Slice, Workload};

/// Points of a request in the mixed load.
const MIXED_SIZE: usize = 1000;
/// Connections that write in the mixed load.
const WRITERS: usize = 4;
/// Connections that ask in the mixed load.
const READERS: usize = 2;

/// A system that is up, with what it is loaded with.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The system.
    pub(crate) target: &'a dyn Target,
    /// Where it listens.
    pub(crate) endpoint: &'a Endpoint,
    /// The points.
    pub(crate) workload: &'a Workload,
}

/// What the mixed load showed.
#[derive(Debug)]
pub(crate) struct Mixed {
    /// Points written in a second.
    pub(crate) points_per_second: f64,
    /// Of requests that write.
    pub(crate) writes: Latencies,
    /// Of queries; all pages of an answer count as one.
    pub(crate) queries: Latencies,
}

impl Subject<'_> {
    /// Writes all points in requests of `size` points on some connections;
    /// points per second.
    ///
    /// The bodies are made before the clock starts.
    pub(crate) fn ingest(&self, size: usize, connections: usize) -> Result<f64, Failure> {
        let bodies: Vec<Bytes> = (0..self.workload.requests(size))
            .map(|n| self.target.body(self.workload, Slice::of_request(n, size)))
            .map(Bytes::from)
            .collect();
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let gate = Barrier::new(connections + 1);
        let write = || -> Result<(), Failure> {
            let connected = runtime().and_then(|runtime| {
                let connection = runtime.block_on(Connection::open(self.endpoint))?;
                Ok((runtime, connection))
            });
            // Also when that failed, or the others would wait for ever.
            gate.wait();
            let (runtime, mut connection) = connected?;
            runtime.block_on(async {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if failed.load(Ordering::Relaxed) {
                        break;
                    }
                    self.write(&mut connection, body.clone(), size).await?;
                }
                Ok(())
            })
        };
        thread::scope(|scope| {
            let spawn =
                |_| scope.spawn(|| write().inspect_err(|_| failed.store(true, Ordering::Relaxed)));
            let threads: Vec<_> = (0..connections).map(spawn).collect();
            gate.wait();
            let begin = Instant::now();
            for thread in threads {
                thread.join().map_err(|_| "a writer panicked")??;
            }
            Ok(self.workload.points() as f64 / begin.elapsed().as_secs_f64())
        })
    }

    /// Asks `count` queries of a kind, one after the other, and checks each
    /// answer. The time of one ends with the last byte of its answer.
    pub(crate) fn latencies(&self, kind: Kind, count: u32) -> Result<Latencies, Failure> {
        const WARM_UP: usize = 5;
        let count = WARM_UP + count as usize;
        runtime()?.block_on(async {
            let mut connection = Connection::open(self.endpoint).await?;
            let mut durations = Vec::new();
            for n in 0..count {
                let query = Query::nth(kind, n, self.workload);
                let begin = Instant::now();
                let pages = self.ask(&mut connection, &query).await?;
                durations.push(begin.elapsed());
                let answer = self.target.answer(&query, &pages);
                if !answer.is_some_and(|a| a.agrees(&query.expected())) {
                    let path = self.target.path(self.workload, &query);
                    let text = pages.first().map(|p| &p[..p.len().min(500)]);
                    let text = String::from_utf8_lossy(text.unwrap_or_default());
                    return Err(format!("wrong answer to {path}: {text}").into());
                }
            }
            Ok(Latencies::new(durations.split_off(WARM_UP)))
        })
    }

    /// Writes points that follow the ones there are, as fast as possible, while
    /// all kinds of queries are asked in turn. Answers to queries are checked by
    /// their status alone, since reading them takes time from everyone.
    pub(crate) fn mixed(&self, duration: Duration) -> Result<Mixed, Failure> {
        let next = AtomicUsize::new(self.workload.requests(MIXED_SIZE));
        let begin = Instant::now();
        let is_over = || begin.elapsed() >= duration;
        let write = || -> Result<Vec<Duration>, Failure> {
            runtime()?.block_on(async {
                let mut connection = Connection::open(self.endpoint).await?;
                let mut durations = Vec::new();
                while !is_over() {
                    let slice = Slice::of_request(next.fetch_add(1, Ordering::Relaxed), MIXED_SIZE);
                    let body = Bytes::from(self.target.body(self.workload, slice));
                    let begin = Instant::now();
                    self.write(&mut connection, body, MIXED_SIZE).await?;
                    durations.push(begin.elapsed());
                }
                Ok(durations)
            })
        };
        let read = |reader: usize| -> Result<Vec<Duration>, Failure> {
            runtime()?.block_on(async {
                let mut connection = Connection::open(self.endpoint).await?;
                let mut durations = Vec::new();
                let mut n = reader;
                while !is_over() {
                    let kind = Kind::ALL[n / READERS % Kind::ALL.len()];
                    let query = Query::nth(kind, n, self.workload);
                    let begin = Instant::now();
                    self.ask(&mut connection, &query).await?;
                    durations.push(begin.elapsed());
                    n += READERS;
                }
                Ok(durations)
            })
        };
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(write)).collect();
            let readers: Vec<_> = (0..READERS)
                .map(|reader| scope.spawn(move || read(reader)))
                .collect();
            let (mut writing, mut asking) = (Vec::new(), Vec::new());
            for writer in writers {
                writing.extend(writer.join().map_err(|_| "a writer panicked")??);
            }
            let seconds = begin.elapsed().as_secs_f64();
            for reader in readers {
                asking.extend(reader.join().map_err(|_| "a reader panicked")??);
            }
            Ok(Mixed {
                points_per_second: (writing.len() * MIXED_SIZE) as f64 / seconds,
                writes: Latencies::new(writing),
                queries: Latencies::new(asking),
            })
        })
    }

    async fn write(
        &self,
        connection: &mut Connection,
        body: Bytes,
        points: usize,
    ) -> Result<(), Failure> {
        let path = self.target.ingest_path();
        let body = Some((self.target.content_type(), body));
        let reply = connection.send(Method::POST, path, body).await?;
        if self.target.took(reply.status, &reply.body, points) {
            Ok(())
        } else {
            Err(reply.complaint(path))
        }
    }

    /// All pages of an answer.
    async fn ask(&self, connection: &mut Connection, query: &Query) -> Result<Vec<Bytes>, Failure> {
        let mut pages = Vec::new();
        let mut next = Some(self.target.path(self.workload, query));
        while let Some(path) = next {
            let reply = connection.get(&path).await?;
            if !reply.status.is_success() {
                return Err(reply.complaint(&path));
            }
            next = self.target.next_page(&reply.headers);
            pages.push(reply.body);
        }
        Ok(pages)
    }
}
