//! Speaking to a daemon without our client: lines and HTTP requests as they are written here.

use std::{
    fmt,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection over a Unix socket.
pub(crate) struct Lines(BufReader<UnixStream>);

impl Lines {
    pub(crate) fn to(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Writes a line and reads the next; nothing when the connection is closed instead.
    pub(crate) fn say(&mut self, line: &[u8]) -> Option<Value> {
        // In one piece: after the first, the connection may be gone.
        let line = [line, b"\n"].concat();
        self.0.get_mut().write_all(&line).unwrap();
        let mut answer = String::new();
        match self.0.read_line(&mut answer) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&answer).expect("a line of JSON")),
            // Closed with something unread.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }
}

/// What came back over HTTP.
#[derive(Debug, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) kind: Option<String>,
    pub(crate) body: Value,
}

impl Response {
    /// The answer to a request that is written like this.
    pub(crate) fn to(address: SocketAddr, request: impl fmt::Display) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        (&stream).write_all(request.to_string().as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
        }
        let header = |wanted: &str| {
            head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                (name.eq_ignore_ascii_case(wanted)).then(|| value.trim().to_owned())
            })
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Self {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            kind: header("content-type"),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

/// A `POST` to `/api/v1/rpc`.
pub(crate) fn post(kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /api/v1/rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// A request without a body.
pub(crate) fn bare(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
}
