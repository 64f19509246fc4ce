//! An engine on a socket, as far as a test has one say something.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// One answer of the engine's.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: "200 OK", kind: "application/json", body: Vec::new() }
    }
}

impl Answer {
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self { body: value.to_string().into_bytes(), ..Self::default() }
    }

    pub(crate) fn unknown() -> Self {
        let body = br#"{"message":"no such thing"}"#.to_vec();
        Self { status: "404 Not Found", body, ..Self::default() }
    }
}

/// Answers each request on this socket by its path, without the version that stands before it, for
/// as long as the test lasts.
pub(crate) fn serve(socket: &Path, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let answer = Arc::clone(&answer);
            thread::spawn(move || converse(&connection, &*answer));
        }
    });
}

fn converse(mut connection: &UnixStream, answer: &dyn Fn(&str) -> Answer) {
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let _headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let path =
        path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/')).map_or(path, |(_, p)| p);
    let Answer { status, kind, body } = answer(path.trim_start_matches('/'));
    let head = format!(
        "HTTP/1.1 {status}\r\nApi-Version: 1.44\r\nServer: Docker/27.1.1\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&body));
}
