//! Why something was not done, in a few words that tell nothing.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};

use crate::channels::app::No;

/// After how many seconds something can be tried again, where that is the host's to say.
const LATER_S: u64 = 5;

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Not {
    /// Whatever is wrong.
    Found,
    /// More than may be sent.
    Short,
    /// Too much was sent; again after so many seconds.
    SoMany(u64),
    /// The host could not record it.
    Recorded,
}

impl From<No> for Not {
    fn from(no: No) -> Self {
        match no {
            No::Wrong => Self::Found,
            No::TooMany => Self::SoMany(LATER_S),
            No::Unrecorded => Self::Recorded,
        }
    }
}

impl Not {
    /// What one of the routing's own refusals comes to: whatever is wrong is the same.
    pub(super) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::REQUEST_TIMEOUT => Some(Self::Found),
            StatusCode::PAYLOAD_TOO_LARGE => Some(Self::Short),
            _ => None,
        }
    }
}

impl IntoResponse for Not {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Found => (StatusCode::NOT_FOUND, r#"{"error":"not found"}"#),
            Self::Short => (StatusCode::PAYLOAD_TOO_LARGE, r#"{"error":"too long"}"#),
            Self::SoMany(_) => (StatusCode::TOO_MANY_REQUESTS, r#"{"error":"too many"}"#),
            Self::Recorded => (
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"error":"not recorded"}"#,
            ),
        };
        let kind = HeaderValue::from_static("application/json");
        let headers = [
            (CONTENT_TYPE, kind),
            // Its place among the headers does not tell which route it was.
            (CONTENT_LENGTH, text.len().into()),
        ];
        let mut response = (status, headers, text).into_response();
        let again = match self {
            Self::SoMany(seconds) => Some(seconds),
            Self::Recorded => Some(LATER_S),
            Self::Found | Self::Short => None,
        };
        if let Some(seconds) = again {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
