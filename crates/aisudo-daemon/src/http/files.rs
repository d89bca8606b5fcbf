//! The app's files, which are part of this program.

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::answer::Not;

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

pub(super) async fn file(request: Request) -> Result<Response, Not> {
    let path = match request.uri().path() {
        "/" => "/index.html",
        path => path,
    };
    let file = FILES.iter().find(|file| file.path == path);
    file.map(|file| answer(file, request.headers()))
        .ok_or(Not::Found)
}

fn answer(file: &File, asked: &HeaderMap) -> Response {
    let names = |tags: &HeaderValue| tags.to_str().is_ok_and(|tags| tags.contains(file.tag));
    let same = asked.get_all(header::IF_NONE_MATCH).iter().any(names);
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
