//! The app's files, which are part of this program.

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::routes::not_found;

/// A file of the app.
struct File {
    /// As it is asked for.
    path: &'static str,
    kind: &'static str,
    /// By its content.
    tag: &'static str,
    bytes: &'static [u8],
}

// `FILES`, by the build script.
include!(concat!(env!("OUT_DIR"), "/app_files.rs"));

/// Names with a hash of the content in them.
const HASHED: &str = "/assets/";

pub(super) async fn file(request: Request) -> Response {
    let path = match request.uri().path() {
        "/" => "/index.html",
        path => path,
    };
    match FILES.iter().find(|file| file.path == path) {
        Some(file) => answer(file, request.headers()),
        None => not_found(),
    }
}

fn answer(file: &File, asked: &HeaderMap) -> Response {
    let same = asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tag| tag == file.tag);
    let cache = if file.path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, HeaderValue::from_static(file.tag)),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
    ];
    if same {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, Bytes::from_static(file.bytes)).into_response()
}
