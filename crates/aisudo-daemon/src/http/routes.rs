//! The routes. Each takes an envelope to the hub, and says whether it was taken.

use std::sync::Arc;

use aisudo_core::{config, evidence::Verdict, raw::Hex32};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    answer::Not,
    events::{self, Source},
    files,
    guard::{Guard, guard},
};
use crate::channels::app::{Hub, Letters, Messages, Named};

/// The longest envelope that asks for an inbox, in bytes.
const MAX_LISTEN: usize = 1024;

/// The longest of what phones say otherwise: a push subscription.
const MAX_MESSAGE: usize = 4 * 1024;

/// The longest answer: a passkey's has a few parts.
const MAX_DECISION: usize = 8 * 1024;

/// The longest answer to a link: a key, and an envelope.
const MAX_PAIR: usize = 8 * 1024;

/// A path, its method, and what is done.
type Route = (&'static str, &'static str, MethodRouter<Hub>);

/// All but the app's files. `docs/openapi.json` says the same, and a test compares.
pub(super) fn all() -> [Route; 7] {
    let at_most = DefaultBodyLimit::max;
    [
        ("/health", "get", get(health)),
        ("/inbox", "post", post(inbox).layer(at_most(MAX_LISTEN))),
        (
            "/messages",
            "post",
            post(message).layer(at_most(MAX_MESSAGE)),
        ),
        (
            "/approve/{request}/{nonce}",
            "post",
            post(approve).layer(at_most(MAX_DECISION)),
        ),
        (
            "/deny/{request}/{nonce}",
            "post",
            post(deny).layer(at_most(MAX_DECISION)),
        ),
        ("/status/{request}/{nonce}", "get", get(status)),
        ("/pair", "post", post(pair).layer(at_most(MAX_PAIR))),
    ]
}

/// The whole of it.
pub(super) fn router(hub: Hub, config: &config::App, tls: bool) -> Router {
    let add = |router: Router<Hub>, (path, _, route)| router.route(path, route);
    let routes = all().into_iter().fold(Router::new(), add);
    let routes = routes.fallback(get(files::file)).with_state(hub);
    // Around it as a whole: a route adds the methods that it knows behind its own layers.
    Router::new()
        .fallback_service(routes)
        .layer(from_fn_with_state(Arc::new(Guard::new(config, tls)), guard))
}

async fn health() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

async fn inbox(State(hub): State<Hub>, envelope: Bytes) -> Result<Response, Not> {
    Ok(events::stream(hub.listen(&envelope).await?))
}

async fn message(State(hub): State<Hub>, envelope: Bytes) -> Result<StatusCode, Not> {
    hub.message(&envelope).await?;
    Ok(StatusCode::NO_CONTENT)
}

type Names = Path<(String, String)>;

async fn approve(hub: State<Hub>, names: Names, envelope: Bytes) -> Result<StatusCode, Not> {
    decide(&hub, &names, Verdict::Approve, &envelope).await
}

async fn deny(hub: State<Hub>, names: Names, envelope: Bytes) -> Result<StatusCode, Not> {
    decide(&hub, &names, Verdict::Deny, &envelope).await
}

async fn decide(
    hub: &Hub,
    names: &(String, String),
    verdict: Verdict,
    envelope: &[u8],
) -> Result<StatusCode, Not> {
    let (id, nonce) = read(names).ok_or(Not::Found)?;
    let named = Named { id, nonce, verdict };
    hub.decide(envelope, Some(&named)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn status(State(hub): State<Hub>, Path(names): Names) -> Result<Response, Not> {
    let (id, nonce) = read(&names).ok_or(Not::Found)?;
    let state = hub.state_of(id, &nonce).ok_or(Not::Found)?;
    Ok(Json(json!({"state": state})).into_response())
}

/// A key, and an envelope that was sealed with it.
async fn pair(State(hub): State<Hub>, answer: Bytes) -> Result<Response, Not> {
    hub.pair(&answer).map(events::stream).ok_or(Not::Found)
}

/// Both names of a request, each in the one form that it has.
fn read((request, nonce): &(String, String)) -> Option<(Uuid, Hex32)> {
    let id: Uuid = request.parse().ok()?;
    (id.to_string() == *request).then_some((id, nonce.parse().ok()?))
}

impl Source for Letters {
    async fn next(&mut self) -> Option<Vec<u8>> {
        Letters::next(self).await
    }
}

impl Source for Messages {
    async fn next(&mut self) -> Option<Vec<u8>> {
        self.recv().await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The app's page is a file, and no route.
    const PAGE: (&str, &str) = ("/", "get");

    #[test]
    fn every_route_is_documented_and_nothing_else() {
        let document = include_str!("../../../../docs/openapi.json");
        let document: Value = serde_json::from_str(document).unwrap();
        let documented: BTreeSet<(&str, &str)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let names = item.as_object().unwrap().keys();
                let methods = names.filter(|name| *name != "parameters");
                methods.map(move |method| (path.as_str(), method.as_str()))
            })
            .collect();
        let routes = all().map(|(path, method, _)| (path, method));
        let routes: BTreeSet<(&str, &str)> = routes.into_iter().chain([PAGE]).collect();
        assert_eq!(documented, routes);
    }
}
