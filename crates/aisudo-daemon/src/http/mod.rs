//! The first carrier: the daemon's own HTTP. It serves the app's files, moves envelopes, and is trusted for
//! nothing. Whatever is wrong with what comes is one and the same "not found".

mod answer;
mod connections;
mod events;
mod files;
mod guard;
mod held;
mod patient;
mod routes;
#[cfg(test)]
mod tests;
mod tls;
mod unanswered;

use std::{net::TcpListener as StdListener, sync::Arc};

use aisudo_core::config;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tracing::info;

use crate::channels::app::Hub;

/// What is opened and read while the daemon is still root.
pub(crate) struct Opened {
    listener: StdListener,
    tls: Option<TlsAcceptor>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("listener", &self.listener)
            .field("tls", &self.tls.is_some())
            .finish()
    }
}

impl Opened {
    /// Listens, and reads the certificate and its key.
    ///
    /// # Errors
    /// One line that says what to do.
    pub(crate) fn open(
        config: &config::App,
        paths: &aisudo_core::paths::Paths,
    ) -> Result<Self, String> {
        let tls = config
            .tls
            .as_ref()
            .map(|tls| tls::acceptor(&paths.of(&tls.certificate), &paths.of(&tls.key)))
            .transpose()?;
        let failed = |error: std::io::Error| {
            format!(
                "channels.app.listen: {} cannot be listened on: {error}; see what else does, or give another port",
                config.listen
            )
        };
        let listener = StdListener::bind(config.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, tls })
    }
}

/// Serves until it is dropped.
///
/// # Errors
/// When the socket cannot be taken over.
pub(crate) async fn serve(opened: Opened, config: &config::App, hub: Hub) -> std::io::Result<()> {
    let listener = TcpListener::from_std(opened.listener)?;
    info!("phones are listened to at {}", listener.local_addr()?);
    let routes = routes::router(hub, config, opened.tls.is_some());
    connections::accept(
        listener,
        opened.tls.map(Arc::new),
        routes,
        config.behind_proxy,
    )
    .await;
    Ok(())
}
