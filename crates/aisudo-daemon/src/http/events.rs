//! Streams of sealed messages, as server-sent events. One message at a time is sealed and waits to be
//! taken: a slow reader costs no memory, and ends when its connection does.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use aisudo_core::base64url;
use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderName, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use hyper::body::Frame;
use tokio::{sync::mpsc, time::sleep};

/// How often something is said where there is nothing to say: proxies close what is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A comment, which browsers ignore.
const COMMENT: &[u8] = b":\n\n";

/// A source of sealed messages. Its end is the stream's.
pub(super) trait Source: Send + Sync + 'static {
    /// The next one. Loses nothing when it is dropped half-way.
    fn next(&mut self) -> impl Future<Output = Option<Vec<u8>>> + Send;
}

/// A stream of what comes from there.
pub(super) fn stream(source: impl Source) -> Response {
    let (sender, events) = mpsc::channel(1);
    tokio::spawn(feed(source, sender));
    let mut response = Body::new(Events(events)).into_response();
    for (name, value) in [
        (CONTENT_TYPE, "text/event-stream"),
        // nginx holds answers back otherwise.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Until the source or the reader ends.
async fn feed(mut source: impl Source, sender: mpsc::Sender<Bytes>) {
    // Whoever waits for the first byte knows that it is open.
    let _ = sender.send(Bytes::from_static(COMMENT)).await;
    loop {
        // Room first: what is sealed before it can be taken is old by then.
        let Ok(room) = sender.reserve().await else {
            return;
        };
        let event = tokio::select! {
            message = source.next() => match message {
                Some(message) => format!("data: {}\n\n", base64url::encode(&message)).into(),
                None => return,
            },
            () = sleep(KEEP_ALIVE) => Bytes::from_static(COMMENT),
            () = sender.closed() => return,
        };
        room.send(event);
    }
}

struct Events(mpsc::Receiver<Bytes>);

impl HttpBody for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0
            .poll_recv(context)
            .map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
