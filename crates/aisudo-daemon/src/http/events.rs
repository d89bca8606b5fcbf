//! An event stream: one event for each envelope, and a word now and then so that nobody hangs up.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use aisudo_core::base64url;
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use hyper::body::{Body as HttpBody, Frame};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::channels::app::Envelopes;

/// Proxies close what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The answer that goes on until the envelopes end.
pub(super) fn stream(envelopes: Envelopes) -> Response {
    let mut keep_alive = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = Events {
        envelopes,
        keep_alive,
        began: false,
    };
    let mut response = Body::new(events).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // For proxies that would wait for more.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events {
    envelopes: Envelopes,
    keep_alive: Interval,
    began: bool,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let events = self.get_mut();
        let frame = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        if !std::mem::replace(&mut events.began, true) {
            // Whoever waits for the first byte knows that it is open.
            return frame(Bytes::from_static(b":\n\n"));
        }
        match events.envelopes.poll_recv(context) {
            Poll::Ready(Some(envelope)) => {
                let text = base64url::encode(&envelope);
                return frame(Bytes::from(["data: ", &text, "\n\n"].concat()));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        match events.keep_alive.poll_tick(context) {
            Poll::Ready(_) => frame(Bytes::from_static(b":\n\n")),
            Poll::Pending => Poll::Pending,
        }
    }
}
