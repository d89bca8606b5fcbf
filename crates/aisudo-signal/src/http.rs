//! Over HTTP: each call a POST of its own, events as a stream (server-sent events, as the HTML
//! standard has them).

use std::{net::SocketAddr, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    client::conn::http1,
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};

use crate::{
    Events, Failure,
    calls::MAX_MESSAGE_BYTES,
    queue::{Sink, queue},
};

/// signal-cli sends something every 15 s.
const SILENCE: Duration = Duration::from_secs(50);

/// How long the stream of events may take to begin: until 0.14.3, and on a newer Java, with the
/// first of what signal-cli sends every 15 s.
const BEGIN: Duration = Duration::from_secs(20);

/// A server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Http {
    address: SocketAddr,
}

impl Http {
    /// Opens the stream of events.
    pub(crate) async fn connect(address: SocketAddr) -> Result<(Self, Events), Failure> {
        let http = Self { address };
        let request = Request::get("/api/v1/events").header(header::ACCEPT, "text/event-stream");
        let response = timeout(BEGIN, http.send(request, Bytes::new())).await;
        let response = response.map_err(|_| Failure::Timeout)??;
        if response.status() != StatusCode::OK {
            return Err(other_server());
        }
        let (sink, events) = queue();
        let reader = tokio::spawn(read(response.into_body(), sink));
        Ok((http, events(reader.abort_handle())))
    }

    /// Sends a call; gives the answer.
    pub(crate) async fn call(self, call: Vec<u8>) -> Result<Value, Failure> {
        let request = Request::post("/api/v1/rpc").header(header::CONTENT_TYPE, "application/json");
        let response = self.send(request, call.into()).await?;
        let body = Limited::new(response.into_body(), MAX_MESSAGE_BYTES);
        let body = body.collect().await.map_err(|_| other_server())?;
        serde_json::from_slice(&body.to_bytes()).map_err(|_| other_server())
    }

    async fn send(
        self,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let refused = |error: std::io::Error| {
            Failure::Unreachable(format!(
                "nobody answers on {}: {error}; start signal-cli's daemon",
                self.address
            ))
        };
        let stream = TcpStream::connect(self.address).await.map_err(refused)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| other_server())?;
        // It ends with the response's body, or when that is dropped.
        tokio::spawn(connection);
        let request = request
            // signal-cli refuses other names than those of this host (0.14.4).
            .header(header::HOST, format!("localhost:{}", self.address.port()))
            .body(Full::new(body))
            .map_err(|_| other_server())?;
        sender
            .send_request(request)
            .await
            .map_err(|_| other_server())
    }
}

async fn read(mut body: Incoming, sink: Sink) {
    let mut stream = Stream::default();
    while let Ok(Some(Ok(frame))) = timeout(SILENCE, body.frame()).await {
        let Some(bytes) = frame.data_ref() else {
            continue;
        };
        stream.take(bytes, &sink);
        if body.is_end_stream() {
            return;
        }
    }
}

/// What has come of a stream so far.
#[derive(Debug, Default)]
struct Stream {
    line: Vec<u8>,
    data: Vec<u8>,
    /// The event that is being read is longer than any should be, and passed over.
    too_long: bool,
}

impl Stream {
    /// Takes in some bytes.
    fn take(&mut self, bytes: &[u8], sink: &Sink) {
        for byte in bytes {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.line);
                self.line(line.strip_suffix(b"\r").unwrap_or(&line), sink);
            } else if self.line.len() + self.data.len() < MAX_MESSAGE_BYTES {
                self.line.push(*byte);
            } else {
                self.data.clear();
                // What is left of it only has to be no empty line, which would end the event.
                self.line.truncate(1);
                self.too_long = true;
            }
        }
    }

    fn line(&mut self, line: &[u8], sink: &Sink) {
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            if std::mem::take(&mut self.too_long) {
                sink.lose();
            } else if let Ok(parameters) = serde_json::from_slice(&data) {
                sink.report(&parameters, data.len());
            }
        } else if let Some(data) = line.strip_prefix(b"data:") {
            self.data
                .extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
        // Comments (keep-alives), names and ids of events say nothing more.
    }
}

fn other_server() -> Failure {
    Failure::Unreachable(
        "what answers there is not signal-cli's HTTP daemon; check [channels.signal]".to_owned(),
    )
}

#[cfg(test)]
mod tests;
