//! Where a browser gets its messages, and to which keys they are encrypted.

use std::fmt;

use aisudo_core::base64url;
use hyper::http::uri::PathAndQuery;
use p256::PublicKey;
use serde::{Deserialize, Serialize};

use crate::{Allowed, allowed::Reach, origin::Origin, vapid::PUBLIC_BYTES};

/// The longest endpoint, in bytes.
const MAX_ENDPOINT_BYTES: usize = 1024;

/// The length of the secret that the browser and we share (RFC 8291).
pub(crate) const AUTH_BYTES: usize = 16;

/// A browser's subscription, as its `PushSubscription` has it. Who knows all of it can write to that
/// browser as far as the push service lets them, so it is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The push service's URL for it.
    pub endpoint: String,
    /// The browser's public key, uncompressed, in base64url.
    pub p256dh: String,
    /// The shared secret, in base64url.
    pub auth: String,
}

impl Subscription {
    /// Reads it strictly.
    ///
    /// # Errors
    /// When it cannot be sent to, or should not be.
    pub fn check(&self, allowed: &Allowed) -> Result<Recipient, Unfit> {
        if self.endpoint.len() > MAX_ENDPOINT_BYTES {
            return Err(Unfit::Endpoint);
        }
        let (origin, path) = Origin::read(&self.endpoint).ok_or(Unfit::Endpoint)?;
        let path = read_path(path).ok_or(Unfit::Endpoint)?;
        let reach = allowed
            .reach(&origin)
            .ok_or_else(|| Unfit::Service(origin.to_string()))?;
        Ok(Recipient {
            origin,
            path,
            reach,
            key: read_key(&self.p256dh).ok_or(Unfit::Key)?,
            auth: read_auth(&self.auth).ok_or(Unfit::Auth)?,
        })
    }
}

/// A path and a query, as they are sent: a fragment would not be.
fn read_path(text: &str) -> Option<PathAndQuery> {
    let is_sent = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    (text.starts_with('/') && text.bytes().all(is_sent))
        .then(|| text.parse().ok())
        .flatten()
}

fn read_key(text: &str) -> Option<PublicKey> {
    let bytes = base64url::decode(text)?;
    (bytes.len() == PUBLIC_BYTES)
        .then(|| PublicKey::from_sec1_bytes(&bytes).ok())
        .flatten()
}

fn read_auth(text: &str) -> Option<[u8; AUTH_BYTES]> {
    base64url::decode(text)?.try_into().ok()
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Origin::read(&self.endpoint) {
            Some((origin, _)) => write!(f, "Subscription({origin})"),
            None => f.write_str("Subscription(not a URL)"),
        }
    }
}

/// A subscription that was looked at, and is one to send to.
#[derive(Clone)]
pub struct Recipient {
    pub(crate) origin: Origin,
    pub(crate) path: PathAndQuery,
    pub(crate) reach: Reach,
    pub(crate) key: PublicKey,
    pub(crate) auth: [u8; AUTH_BYTES],
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.origin)
    }
}

/// Why a subscription is not sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The endpoint is no URL that a browser would have given.
    Endpoint,
    /// It is one of a push service that is not known.
    Service(String),
    /// `p256dh` is no point of the curve P-256.
    Key,
    /// `auth` has not 16 bytes.
    Auth,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint => write!(
                f,
                "the subscription's endpoint is not an https URL of at most {MAX_ENDPOINT_BYTES} bytes, as browsers write them; subscribe again"
            ),
            Self::Service(origin) => write!(
                f,
                "{origin} is not a push service that is known here; root can add it"
            ),
            Self::Key => f.write_str("the subscription's p256dh is no P-256 key; subscribe again"),
            Self::Auth => write!(
                f,
                "the subscription's auth has not {AUTH_BYTES} bytes; subscribe again"
            ),
        }
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
mod tests;
