//! Connections: how many, from whom, and for how long.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use axum::{Router, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;
use tracing::warn;

use super::{patient::Patient, unanswered};
use crate::limits::Connections;

/// Connections at once. A thousand phones hold one each, and a browser opens a few more.
pub(super) const MOST: usize = 4096;

/// Connections of one address. Behind a proxy: of its answers under way.
pub(super) const MOST_PER_ADDRESS: usize = 64;

/// How long TLS and a request's head may take.
const GREETING: Duration = Duration::from_secs(10);

/// How long what was sent may stay unacknowledged: a phone that leaves its network says nothing.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// The longest head of a request, in bytes. hyper takes no less than 8192.
const MAX_HEAD: usize = 16 * 1024;

/// Headers of a request.
const MAX_HEADERS: usize = 64;

/// The pause when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who sent a request, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client(pub(super) IpAddr);

impl Client {
    /// Of IPv6, a household has 64 bits to itself.
    pub(super) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
        }
    }
}

/// Takes connections until it is dropped.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<TlsAcceptor>>,
    routes: Router,
    behind_proxy: bool,
) {
    // A proxy is one address for everybody.
    let each = if behind_proxy { MOST } else { MOST_PER_ADDRESS };
    let connections = Connections::new(MOST, each);
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let client = Client::of(address.ip());
        let Some(admission) = connections.admit(client) else {
            continue;
        };
        let (tls, routes) = (tls.clone(), routes.clone());
        clients.spawn(async move {
            let _counted = admission;
            greet(stream, tls, routes, client).await;
        });
    }
}

async fn greet(stream: TcpStream, tls: Option<Arc<TlsAcceptor>>, routes: Router, client: Client) {
    // Without it, it would only take longer.
    let _ = unanswered::limit(&stream, UNACKNOWLEDGED);
    let _ = stream.set_nodelay(true);
    match tls {
        None => talk(stream, routes, client).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(GREETING, tls.accept(stream)).await {
                talk(stream, routes, client).await;
            }
        }
    }
}

pub(super) async fn talk<S>(stream: S, routes: Router, client: Client)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(client);
        routes.clone().call(request)
    });
    // What goes wrong on a connection is the other end's to know.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(GREETING)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(Patient::new(stream)), service)
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_client_however_it_is_written() {
        let of = |text: &str| Client::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    }
}
