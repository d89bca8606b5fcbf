//! HTTP/1.1 with a push service: one connection, one request, one answer.

use std::{fmt, time::Duration};

use http_body_util::BodyExt as _;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    NoTls, Push, Sent,
    connect::{Stream, connect},
    tls,
};

/// How many pushes are under way at once. More wait, within their own deadline.
pub const MAX_AT_ONCE: usize = 8;

/// How long it may take to be connected: addresses, TCP, TLS.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a push may take, with all of it.
const WHOLE: Duration = Duration::from_secs(20);

/// How long the words of a refusal may take.
const TEXT: Duration = Duration::from_secs(2);

/// The longest head of an answer, in bytes. hyper takes no less than 8192.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// How many headers an answer may have.
const MAX_HEADERS: usize = 64;

/// How much of an answer's body is read, in bytes: it is only for people.
const MAX_BODY_BYTES: usize = 4096;

/// Sends pushes.
pub struct Client {
    tls: TlsConnector,
    at_once: Semaphore,
}

impl Client {
    /// Believes the certificate authorities of this machine. Reads its store, once.
    ///
    /// # Errors
    /// When there is none.
    pub fn with_system_roots() -> Result<Self, NoTls> {
        tls::of_system().map(Self::with)
    }

    /// Believes these certificates (X.509 in DER), and no others. With none, only services that are
    /// spoken to without TLS can be reached.
    ///
    /// # Errors
    /// When TLS cannot be used at all.
    pub fn trusting(certificates: Vec<Vec<u8>>) -> Result<Self, NoTls> {
        tls::of(certificates).map(Self::with)
    }

    fn with(tls: TlsConnector) -> Self {
        Self {
            tls,
            at_once: Semaphore::new(MAX_AT_ONCE),
        }
    }

    /// Sends a push; takes 20 seconds at most. To be called from a runtime with I/O and time.
    pub async fn send(&self, push: &Push) -> Sent {
        let sent = timeout(WHOLE, self.exchange(push)).await;
        let late = || format!("{} does not answer", push.origin);
        match sent {
            Ok(Ok(sent)) => sent,
            Ok(Err(why)) => Sent::Unreachable(why),
            Err(_) => Sent::Unreachable(late()),
        }
    }

    async fn exchange(&self, push: &Push) -> Result<Sent, String> {
        let origin = &push.origin;
        let _one_of_few = self.at_once.acquire().await.map_err(|e| e.to_string())?;
        let stream = timeout(CONNECT, connect(origin, push.reach, &self.tls))
            .await
            .map_err(|_| format!("{origin} cannot be reached in time"))??;
        post(stream, push)
            .await
            .map_err(|error| format!("{origin} does not answer as a push service: {error}"))
    }
}

async fn post(stream: Box<dyn Stream>, push: &Push) -> Result<Sent, hyper::Error> {
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake(TokioIo::new(stream))
        .await?;
    // It ends with this, whatever happens.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(push.request.clone()).await?;
    let sent = Sent::of(response.status(), response.headers(), push.made_at_s);
    if !matches!(sent, Sent::Refused { .. }) {
        return Ok(sent);
    }
    let mut text = Vec::new();
    // What came in time is enough.
    let _ = timeout(TEXT, read(response.into_body(), &mut text)).await;
    Ok(sent.saying(&text))
}

/// Reads the beginning of a body.
async fn read(mut body: Incoming, text: &mut Vec<u8>) {
    while text.len() < MAX_BODY_BYTES {
        let Some(Ok(frame)) = body.frame().await else {
            return;
        };
        text.extend(frame.data_ref().into_iter().flatten());
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
