//! Systems as processes of their own: started, waited for, stopped; and what
//! they leave on disk.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use http::Method;
use rustix::process::{Pid, Signal, kill_process};

use crate::client::{Endpoint, Failure, request};
use crate::target::Target;

/// How long a system may take to start, to come to rest, or to stop.
const PATIENCE: Duration = Duration::from_mins(2);

/// The processes that run, so that none outlives an interrupted measurement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<Mutex<Vec<Pid>>>);

impl Running {
    fn with<T>(&self, f: impl FnOnce(&mut Vec<Pid>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends them all at once.
    pub(crate) fn kill(&self) {
        self.with(|pids| {
            for pid in pids.drain(..) {
                // One that has ended by itself needs nothing.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
    }
}

/// A system that was started here. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    running: Running,
    /// Where it listens.
    pub(crate) endpoint: Endpoint,
}

impl Server {
    /// Starts `target` with its data in `dir` and waits until it is ready.
    /// `None` if it is one that runs already.
    pub(crate) fn start(
        target: &dyn Target,
        dir: &Path,
        running: &Running,
    ) -> Result<Option<Self>, Failure> {
        let port = free_port()?;
        let Some(mut command) = target.command(dir, port) else {
            return Ok(None);
        };
        let log = dir.with_extension("log");
        let output = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|e| format!("cannot start {}: {e}", command.get_program().display()))?;
        running.with(|pids| pids.push(Pid::from_child(&child)));
        let mut server = Self {
            child,
            running: running.clone(),
            endpoint: Endpoint::local(port),
        };
        match server.wait_until_ready(target) {
            Ok(()) => Ok(Some(server)),
            Err(e) => {
                let said = fs::read_to_string(&log).unwrap_or_default();
                let end: Vec<_> = said.lines().rev().take(20).collect();
                let end = end.into_iter().rev().collect::<Vec<_>>().join("\n");
                Err(format!("it does not start: {e}\n{end}").into())
            }
        }
    }

    fn wait_until_ready(&mut self, target: &dyn Target) -> Result<(), Failure> {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("it ended with {status}").into());
            }
            let reply = request(&self.endpoint, Method::GET, target.health());
            if reply.is_ok_and(|r| r.status.is_success()) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err("it is not ready in time".into());
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Asks it by SIGTERM to stop and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > PATIENCE {
                return Err("it does not stop on SIGTERM".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = Pid::from_child(&self.child);
        self.running.with(|pids| pids.retain(|p| *p != pid));
        // Both fail only for a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is free now; it may be taken before it is used, but that is rare.
fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

/// What a program is called by: a path, or a name to be found in PATH.
pub(crate) fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(program))
        .find(|candidate| candidate.is_file())
}

/// Bytes of the disk that the files below `dir` occupy.
pub(crate) fn occupied(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // A file that was removed meanwhile occupies nothing.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        bytes += if metadata.is_dir() {
            occupied(&entry.path()).unwrap_or(0)
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(bytes)
}

/// Waits until what is on disk has not changed for `quiet`.
pub(crate) fn settle(dir: &Path, quiet: Duration) -> io::Result<()> {
    let begin = Instant::now();
    let (mut size, mut since) = (occupied(dir)?, Instant::now());
    while since.elapsed() < quiet && begin.elapsed() < PATIENCE {
        sleep(Duration::from_millis(250));
        let now = occupied(dir)?;
        if now != size {
            (size, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// Whether `dir` is in memory, where syncing costs nothing.
pub(crate) fn is_in_memory(dir: &Path) -> bool {
    /// `TMPFS_MAGIC` of linux/magic.h.
    const TMPFS: i64 = 0x0102_1994;
    rustix::fs::statfs(dir).is_ok_and(|s| s.f_type == TMPFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found() {
        assert!(find(Path::new("sh")).is_some());
        assert!(find(Path::new("/bin/sh")).is_some());
        assert_eq!(find(Path::new("no-such-program")), None);
        assert_eq!(find(Path::new("./no-such-program")), None);
    }

    #[test]
    fn files_below_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(occupied(dir.path()).unwrap(), 0);
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), vec![7; 100_000]).unwrap();
        File::open(dir.path().join("a/b"))
            .unwrap()
            .sync_all()
            .unwrap();
        let bytes = occupied(dir.path()).unwrap();
        assert!((100_000..120_000).contains(&bytes), "{bytes}");
    }
}
