//! As much of HTTP/1.1 as a push needs.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use crate::Answer;

/// The longest body that is read, in bytes: longer than any push may be.
const MAX_BODY: usize = 1 << 20;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// With names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Nothing: the connection has ended, or is not HTTP.
    pub(crate) fn read(connection: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.strip_suffix("\r\n")? {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let (first, rest) = lines.split_first()?;
        let words: Vec<&str> = first.split(' ').collect();
        let [method, path, "HTTP/1.1"] = words[..] else {
            return None;
        };
        let headers = rest.iter().map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        });
        let mut request = Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: headers.collect::<Option<_>>()?,
            body: Vec::new(),
        };
        let length = request.header("content-length").unwrap_or("0").parse().ok();
        request.body = vec![0; length.filter(|length| *length <= MAX_BODY)?];
        reader.read_exact(&mut request.body).ok()?;
        Some(request)
    }

    /// A header that is there exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }

    /// Whether it is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(other, _)| other == name)
    }
}

/// Answers, and ends the connection.
pub(crate) fn respond(connection: &mut TcpStream, answer: &Answer) {
    let bytes = match answer {
        Answer::Status {
            status,
            headers,
            body,
        } => {
            let headers: String = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"))
                .collect();
            let head = format!(
                "HTTP/1.1 {status} Simulated\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        }
        Answer::Raw(bytes) => bytes.clone(),
        Answer::Silence => {
            // Until the other side has had enough.
            let _ = connection.read(&mut [0]);
            return;
        }
        Answer::HangUp => return,
    };
    // Who does not want all of it may go.
    let _ = connection.write_all(&bytes);
}
