//! The program as its clients meet it: a process, asked over HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// How long an answer may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(2);

struct DataServer {
    child: Child,
    address: String,
    output: BufReader<ChildStdout>,
}

impl Drop for DataServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl DataServer {
    /// With these flags, and its log on stdout.
    fn start(flags: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_data-server"))
            .args(["--port", "0", "--log", "-"])
            .args(flags.split_whitespace())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .unwrap()
            .to_owned();
        Self {
            child,
            address,
            output,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str) -> (u16, Vec<u8>) {
        ask(&mut self.connect(), method, path)
    }

    fn get(&self) -> (u16, Vec<u8>) {
        self.ask("GET", "/")
    }

    fn logged(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

fn ask(stream: &mut TcpStream, method: &str, path: &str) -> (u16, Vec<u8>) {
    // In one piece: the rest of a request in pieces waits for an acknowledgement.
    let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        match line.trim().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (status, body)
}

#[test]
fn each_message_is_served_once() {
    let mut server = DataServer::start("--rate 0 --backlog 3");
    let mut times = Vec::new();
    for n in 0..3 {
        let (status, body) = server.get();
        assert_eq!(status, 200);
        let message: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(message["value"].as_array().unwrap().len(), 4);
        assert_eq!(message["tags"].as_array().unwrap().len(), 0);
        times.push(message["time"].as_f64().unwrap());
        let line = server.logged();
        assert_eq!(line["n"], n);
        assert_eq!(line["kind"], "valid");
        assert_eq!(line["reasons"].as_array().unwrap().len(), 0);
        assert_eq!(line["payload"], STANDARD.encode(&body));
    }
    assert!(times.windows(2).all(|w| w[0] < w[1]), "{times:?}");
    assert_eq!(server.get(), (404, vec![]));
}

#[test]
fn other_paths_and_methods() {
    let server = DataServer::start("--rate 0 --backlog 1");
    assert_eq!(server.ask("GET", "/other").0, 404);
    assert_eq!(server.ask("POST", "/").0, 405);
    assert_eq!(server.ask("DELETE", "/").0, 405);
    assert_eq!(server.get().0, 200);
}

#[test]
fn every_message_can_be_accounted_for() {
    let mut server = DataServer::start(
        "--rate 0 --backlog 2000 --seed 5 --system 0.1 --suspect 0.1 --both 0.1 \
         --other-tags 0.1 --too-old 0.1 --too-old-suspect 0.1 --malformed 0.2 \
         --plain 0.3 --errors 0.1",
    );
    let mut stream = server.connect();
    let (mut count, mut failures) = (0, 0);
    let mut kinds = HashSet::new();
    loop {
        match ask(&mut stream, "GET", "/") {
            (200, body) => {
                let line = server.logged();
                assert_eq!(line["n"], count);
                assert_eq!(line["payload"], STANDARD.encode(&body));
                kinds.insert(line["kind"].to_string() + &line["defect"].to_string());
                count += 1;
            }
            (500, _) => failures += 1,
            (404, _) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(count, 2000);
    assert!((120..350).contains(&failures), "{failures}");
    // Seven kinds, and the malformed ones in most of their 30 ways.
    assert!(kinds.len() > 30, "{kinds:?}");
}

#[test]
fn messages_become_ready_at_their_rate() {
    let server = DataServer::start("--rate 50 --count 5");
    let mut stream = server.connect();
    let mut times = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while times.len() < 5 && Instant::now() < deadline {
        let (status, body) = ask(&mut stream, "GET", "/");
        if status == 200 {
            let message: Value = serde_json::from_slice(&body).unwrap();
            times.push(message["time"].as_f64().unwrap());
        }
    }
    assert_eq!(times.len(), 5);
    assert!(
        times.windows(2).all(|w| (w[1] - w[0] - 0.02).abs() < 2e-6),
        "{times:?}"
    );
    assert_eq!(ask(&mut stream, "GET", "/").0, 404);
}

#[test]
fn who_hangs_up_during_a_stall_has_taken_nothing() {
    // So long that the server notices before the stall is over, however busy it is.
    let mut server = DataServer::start("--rate 0 --backlog 1 --stalls 1 --stall-ms 2000");
    let mut impatient = server.connect();
    write!(impatient, "GET / HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    drop(impatient);
    assert_eq!(server.get().0, 200);
    assert_eq!(server.logged()["n"], 0);
}

#[test]
fn shares_that_exceed_the_whole_are_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_data-server"))
        .args(["--port", "0", "--system", "0.7", "--suspect", "0.7"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("more than 1"), "{message}");
}
