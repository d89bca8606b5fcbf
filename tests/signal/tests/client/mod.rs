//! A client that knows nothing: lines in, lines out.

#![allow(dead_code, reason = "each test program uses some of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use aisudo_signal_sim::{Endpoint, Sim};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

/// A socket in a directory of its own.
pub(crate) fn unix() -> (tempfile::TempDir, Endpoint, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    (directory, Endpoint::Unix(path.clone()), path)
}

pub(crate) struct Client {
    reader: BufReader<Box<dyn Read>>,
    writer: Box<dyn Write>,
    id: u64,
}

impl Client {
    /// Connects to where a simulator listens.
    pub(crate) fn to(sim: &Sim) -> Self {
        let address = sim.address();
        if let Some(path) = address.strip_prefix("unix:") {
            let stream = UnixStream::connect(path).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let writer = stream.try_clone().unwrap();
            return Self::of(Box::new(stream), Box::new(writer));
        }
        let (_, port) = address.split_once(':').unwrap();
        let stream = TcpStream::connect(port).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let writer = stream.try_clone().unwrap();
        Self::of(Box::new(stream), Box::new(writer))
    }

    fn of(reader: Box<dyn Read>, writer: Box<dyn Write>) -> Self {
        Self {
            reader: BufReader::new(reader),
            writer,
            id: 0,
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
    }

    /// The next line's object; nothing at the end.
    pub(crate) fn read(&mut self) -> Option<Value> {
        let line = self.read_line();
        (!line.is_empty()).then(|| serde_json::from_str(&line).expect("JSON"))
    }

    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn read_bytes(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Says one line and gives the next.
    pub(crate) fn say(&mut self, line: &str) -> Value {
        self.write(format!("{line}\n").as_bytes());
        self.read().expect("an answer")
    }

    /// Calls without waiting; gives the id.
    pub(crate) fn start(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        let call = json!({"jsonrpc": "2.0", "method": method, "params": params, "id": self.id});
        self.write(format!("{call}\n").as_bytes());
        self.id
    }

    /// Calls, passes over notifications, and gives the answer.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params);
        loop {
            let answer = self.read().expect("an answer");
            if answer["id"] == id {
                return answer;
            }
        }
    }

    /// Passes over answers and gives the next notification.
    pub(crate) fn notification(&mut self) -> Value {
        loop {
            let object = self.read().expect("a notification");
            if object["method"] == "receive" {
                return object;
            }
        }
    }
}
