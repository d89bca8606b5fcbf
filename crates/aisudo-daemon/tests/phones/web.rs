//! HTTP/1.1 as bytes: what is compared here is what a stranger sees.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use aisudo_core::base64url;

/// How long a step may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Without the date.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(one, _)| one == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// One request on a connection of its own, and its answer.
pub(crate) fn call(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> Answer {
    call_with(to, method, path, &[], body)
}

pub(crate) fn call_with(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut reader = ask(connect(to), method, path, headers, body);
    let mut answer = head(&mut reader);
    if method != "HEAD" && !matches!(answer.status, 204 | 304) {
        let length = answer.header("content-length").map(str::parse::<usize>);
        let length = length.expect("a length").unwrap();
        answer.body = vec![0; length];
        reader.read_exact(&mut answer.body).unwrap();
    }
    answer
}

pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request.
pub(crate) fn ask<S: Read + Write>(
    mut stream: S,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> BufReader<S> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: box.example\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if method == "POST" {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    let request = [text.as_bytes(), b"\r\n", body].concat();
    stream.write_all(&request).unwrap();
    BufReader::new(stream)
}

/// Reads an answer as far as its body.
pub(crate) fn head(reader: &mut impl BufRead) -> Answer {
    let line = line(reader);
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("{line:?}"));
    let mut answer = Answer {
        status: status.parse().unwrap(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let line = self::line(reader);
        let Some((name, value)) = line.split_once(": ") else {
            return answer;
        };
        if name != "date" {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn line(reader: &mut impl BufRead) -> String {
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// A stream of sealed messages.
pub(crate) struct Stream<S = TcpStream> {
    reader: BufReader<S>,
    /// What came of the next event.
    text: String,
}

impl Stream {
    /// Posts, and expects a stream.
    pub(crate) fn open(to: SocketAddr, path: &str, body: &[u8]) -> Self {
        Self::on(connect(to), path, body)
    }
}

impl<S: Read + Write> Stream<S> {
    pub(crate) fn on(stream: S, path: &str, body: &[u8]) -> Self {
        let mut reader = ask(stream, "POST", path, &[], body);
        let head = head(&mut reader);
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        assert_eq!(head.header("transfer-encoding"), Some("chunked"));
        Self {
            reader,
            text: String::new(),
        }
    }

    /// The next message; nothing at the stream's end.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.strip_prefix("data: ").map(str::to_owned);
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Some(base64url::decode(&event).unwrap()),
                    None => continue,
                }
            }
            let chunk = self.chunk()?;
            self.text.push_str(&String::from_utf8(chunk).unwrap());
        }
    }

    /// The next chunk of the body; nothing at its end.
    fn chunk(&mut self) -> Option<Vec<u8>> {
        let size = line(&mut self.reader);
        let size = usize::from_str_radix(&size, 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.reader.read_exact(&mut chunk).unwrap();
        chunk.truncate(size);
        (size > 0).then_some(chunk)
    }
}
