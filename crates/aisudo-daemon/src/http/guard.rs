//! What stands before and behind every route: rates, deadlines, headers.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aisudo_core::config;
use aisudo_sys::clock::boottime;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    answer::Not,
    connections::{Client, MOST, MOST_PER_ADDRESS},
    held::Held,
};
use crate::limits::{Buckets, Connections, Rate};

/// How long a request may take until its answer begins: bodies are short.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one address may send in a minute.
const POSTS_PER_MINUTE: u32 = 240;

/// After how many seconds a client with too many answers under way may try again.
const RETRY_S: u64 = 5;

/// What the page may load: its own files, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types aisudo-worker";

/// On each answer.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Half a year.
const HSTS: &str = "max-age=15552000";

/// What does not change from request to request.
#[derive(Debug)]
pub(super) struct Guard {
    behind_proxy: bool,
    tls: bool,
    /// The only other place whose pages may speak to this one.
    app: Option<HeaderValue>,
    posts: Mutex<Buckets<Client>>,
    /// Answers under way, where a proxy's connections say nothing.
    answers: Arc<Connections<Client>>,
}

impl Guard {
    pub(super) fn new(config: &config::App, tls: bool) -> Self {
        let origin = |url: &String| {
            let (scheme, rest) = url.split_once("://")?;
            let place = rest.split('/').next()?;
            HeaderValue::from_str(&format!("{scheme}://{place}")).ok()
        };
        Self {
            behind_proxy: config.behind_proxy,
            tls,
            app: config.app.as_ref().and_then(origin),
            posts: Mutex::default(),
            answers: Connections::new(MOST, MOST_PER_ADDRESS),
        }
    }

    /// Who asks. A proxy says it, at the end of a list of whatever the client said before.
    fn client(&self, request: &Request) -> Client {
        let said = self.behind_proxy.then(|| forwarded(request.headers()));
        let said = said.flatten().map(Client::of);
        let peer = request.extensions().get::<Client>().copied();
        // Each connection says who is at its other end.
        said.or(peer)
            .unwrap_or(Client(Ipv6Addr::UNSPECIFIED.into()))
    }

    /// Within the limits, to the routes.
    async fn let_in(&self, request: Request, next: Next) -> Result<Response, Not> {
        let client = self.client(&request);
        if request.method() == Method::POST {
            self.count(client)?;
        }
        let admission = self.behind_proxy.then(|| self.answers.admit(client));
        if let Some(None) = admission {
            return Err(Not::SoMany(RETRY_S));
        }
        let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
        let response = answered.map_err(|_| Not::Found)?;
        match Not::of(response.status()) {
            Some(not) => Err(not),
            None => Ok(response.map(|body| Held::until_sent(body, admission.flatten()))),
        }
    }

    /// # Errors
    /// With the seconds until this client may send again, if it has sent too much.
    fn count(&self, client: Client) -> Result<(), Not> {
        let rate = Rate::per_minute(POSTS_PER_MINUTE);
        let mut posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        posts
            .take(client, rate, boottime())
            .map_err(|wait_ms| Not::SoMany(wait_ms.div_ceil(1000)))
    }

    /// Pages from elsewhere may speak to us only if they are the app.
    fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let Some(app) = &self.app else { return };
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
        if origin == Some(app) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, app.clone());
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST"),
            );
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("retry-after"),
            );
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("content-type"),
            );
            headers.insert(
                HeaderName::from_static("cross-origin-resource-policy"),
                HeaderValue::from_static("cross-origin"),
            );
        }
    }
}

fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

/// Before and behind every route.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let asks_first = request.method() == Method::OPTIONS
        && guard.app.is_some()
        && origin.as_ref() == guard.app.as_ref();
    let mut response = if asks_first {
        StatusCode::NO_CONTENT.into_response()
    } else {
        match guard.let_in(request, next).await {
            Ok(response) => response,
            Err(not) => not.into_response(),
        }
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if guard.tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(HSTS),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    guard.allow(origin.as_ref(), headers);
    response
}
