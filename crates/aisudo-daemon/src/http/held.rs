//! A body that counts until it was sent.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::connections::Client;
use crate::limits::Admission;

/// See above.
pub(super) struct Held {
    body: Body,
    _admission: Admission<Client>,
}

impl Held {
    /// The body, with what counts it.
    pub(super) fn until_sent(body: Body, admission: Option<Admission<Client>>) -> Body {
        match admission {
            None => body,
            Some(admission) => Body::new(Self {
                body,
                _admission: admission,
            }),
        }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
