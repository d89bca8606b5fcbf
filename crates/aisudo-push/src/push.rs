//! A message that is ready to be sent: encrypted and signed.

use std::fmt;

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST},
};
use rand_core::CryptoRngCore;

use crate::{
    Contact, Message, Recipient, Unsendable, Vapid, allowed::Reach, encrypt::encrypt,
    origin::Origin,
};

/// Who sends: a key, and somebody to write to.
#[derive(Debug)]
pub struct Sender {
    vapid: Vapid,
    contact: Contact,
}

impl Sender {
    /// With this key; push services learn the contact.
    #[must_use]
    pub fn new(vapid: Vapid, contact: Contact) -> Self {
        Self { vapid, contact }
    }

    /// The key.
    #[must_use]
    pub fn vapid(&self) -> &Vapid {
        &self.vapid
    }

    /// Encrypts a message for a browser, and signs a token for its push service, which is good for half
    /// a day from `now_s` (seconds since 1970).
    ///
    /// # Errors
    /// When the message is too long.
    pub fn push(
        &self,
        to: &Recipient,
        message: &Message<'_>,
        now_s: u64,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Push, Unsendable> {
        let body = encrypt(message.payload, to, rng)?;
        let token = self.vapid.authorization(&to.origin, &self.contact, now_s);
        Ok(Push {
            request: request(to, message, &token, body).map_err(|_| Unsendable::Unmade)?,
            origin: to.origin.clone(),
            reach: to.reach,
            made_at_s: now_s,
        })
    }
}

/// RFC 8030, 5.
fn request(
    to: &Recipient,
    message: &Message<'_>,
    token: &str,
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let request = Request::post(to.path.clone())
        .header(HOST, to.origin.authority())
        .header(AUTHORIZATION, token)
        .header(CONTENT_ENCODING, "aes128gcm")
        .header(CONTENT_TYPE, "application/octet-stream")
        .header("ttl", message.ttl_s)
        .header("urgency", message.urgency.word());
    let request = match &message.topic {
        Some(topic) => request.header("topic", topic.as_str()),
        None => request,
    };
    request.body(Full::new(body.into()))
}

/// A message that is ready to be sent, also again.
#[derive(Clone)]
pub struct Push {
    pub(crate) origin: Origin,
    pub(crate) reach: Reach,
    pub(crate) request: Request<Full<Bytes>>,
    pub(crate) made_at_s: u64,
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Push({})", self.origin)
    }
}
