//! The routes. Each takes an envelope to the hub, and says whether it was taken.

use std::sync::Arc;

use aisudo_core::{config, device::KeyId, evidence::Verdict, raw::Hex32};
use aisudo_seal::envelope::PublicKey;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    events, files,
    guard::{Guard, guard},
};
use crate::channels::app::{Hub, Named};

/// The longest body, in bytes: what phones send has 2048 and a key before it, or less.
const MAX_BODY: usize = 16 * 1024;

/// The paths and their methods. `docs/openapi.json` says the same, and a test compares.
pub(super) fn router(hub: Hub, config: &config::App, tls: bool) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/inbox", post(inbox))
        .route("/messages", post(message))
        .route("/approve/{request}/{nonce}", post(approve))
        .route("/deny/{request}/{nonce}", post(deny))
        .route("/status/{request}/{nonce}", get(status))
        .route("/pair", post(pair))
        .fallback(get(files::file))
        .method_not_allowed_fallback(nothing)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(Arc::new(Guard::new(config, tls)), guard))
        .with_state(hub)
}

/// The answer to everything wrong.
pub(super) async fn nothing() -> Response {
    not_found()
}

pub(super) fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "not found"}))).into_response()
}

async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn inbox(State(hub): State<Hub>, envelope: Bytes) -> Response {
    match hub.listen(&envelope).await {
        Some(envelopes) => events::stream(envelopes),
        None => not_found(),
    }
}

async fn message(State(hub): State<Hub>, envelope: Bytes) -> Response {
    taken(hub.message(&envelope).await)
}

async fn approve(hub: State<Hub>, names: Path<(String, String)>, envelope: Bytes) -> Response {
    decide(&hub, &names, Verdict::Approve, &envelope).await
}

async fn deny(hub: State<Hub>, names: Path<(String, String)>, envelope: Bytes) -> Response {
    decide(&hub, &names, Verdict::Deny, &envelope).await
}

async fn decide(
    hub: &Hub,
    names: &(String, String),
    verdict: Verdict,
    envelope: &[u8],
) -> Response {
    let Some((id, nonce)) = read(names) else {
        return not_found();
    };
    let named = Named { id, nonce, verdict };
    taken(hub.decide(named, envelope).await)
}

async fn status(State(hub): State<Hub>, Path(names): Path<(String, String)>) -> Response {
    match read(&names).and_then(|(id, nonce)| hub.state_of(id, &nonce)) {
        Some(state) => Json(json!({"state": state})).into_response(),
        None => not_found(),
    }
}

/// A key, and an envelope that was sealed with it.
async fn pair(State(hub): State<Hub>, answer: Bytes) -> Response {
    let sender = answer
        .first_chunk()
        .and_then(|key| PublicKey::from_bytes(*key).ok());
    let device: Option<KeyId> = sender.map(PublicKey::id);
    match device.and_then(|device| hub.pairing().answer(device, &answer)) {
        Some(envelopes) => events::stream(envelopes),
        None => not_found(),
    }
}

fn taken(taken: Option<()>) -> Response {
    match taken {
        Some(()) => StatusCode::NO_CONTENT.into_response(),
        None => not_found(),
    }
}

/// Both names of a request, each in the one form that it has.
fn read((request, nonce): &(String, String)) -> Option<(Uuid, Hex32)> {
    let id: Uuid = request.parse().ok()?;
    (id.to_string() == *request).then_some((id, nonce.parse().ok()?))
}
