//! Who sends (RFC 8292): a key, and a token signed with it for each push service.

use std::fmt;

use aisudo_core::base64url;
use p256::{
    PublicKey,
    ecdsa::{Signature, SigningKey, signature::Signer as _},
    elliptic_curve::sec1::ToEncodedPoint as _,
};
use rand_core::CryptoRngCore;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{Contact, origin::Origin};

/// How long a token is good for, in seconds. No more than a day is allowed.
const LIFETIME_S: u64 = 12 * 3600;

const SECRET_BYTES: usize = 32;

/// The length of an uncompressed point.
pub(crate) const PUBLIC_BYTES: usize = 65;

/// The key that subscriptions are made for: a browser gets messages of nobody who has not this one.
/// On the heap, so that moving it leaves no copies; wiped when dropped; never printed.
pub struct Vapid(Box<SigningKey>);

impl Vapid {
    /// A new one.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRngCore) -> Self {
        Self(Box::new(SigningKey::random(rng)))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) gave.
    ///
    /// # Errors
    /// When it is none: a file that was cut by a crash may be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAKey> {
        // The library fills up what is cut.
        if bytes.len() != SECRET_BYTES {
            return Err(NotAKey);
        }
        SigningKey::from_slice(bytes)
            .map(|key| Self(Box::new(key)))
            .map_err(|_| NotAKey)
    }

    /// For a file of mode 0600.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; SECRET_BYTES]> {
        let bytes = Zeroizing::new(self.0.to_bytes());
        Zeroizing::new((*bytes).into())
    }

    /// The other half: what a browser wants as `applicationServerKey`.
    #[must_use]
    pub fn public(&self) -> [u8; PUBLIC_BYTES] {
        uncompressed(&self.0.verifying_key().into())
    }

    /// The value of the header `Authorization`.
    pub(crate) fn authorization(&self, to: &Origin, contact: &Contact, now_s: u64) -> String {
        let claims = json!({
            "aud": to.to_string(),
            "exp": now_s.saturating_add(LIFETIME_S),
            "sub": contact.as_str(),
        });
        let signed = format!(
            "{}.{}",
            base64url::encode(br#"{"typ":"JWT","alg":"ES256"}"#),
            base64url::encode(claims.to_string().as_bytes())
        );
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!(
            "vapid t={signed}.{}, k={}",
            base64url::encode(&signature.to_bytes()),
            base64url::encode(&self.public())
        )
    }
}

impl fmt::Debug for Vapid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vapid({})", base64url::encode(&self.public()))
    }
}

/// A point in the one form that Web Push has for it.
pub(crate) fn uncompressed(key: &PublicKey) -> [u8; PUBLIC_BYTES] {
    let mut bytes = [0; PUBLIC_BYTES];
    bytes.copy_from_slice(key.to_encoded_point(false).as_bytes());
    bytes
}

/// Bytes that are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAKey;

impl fmt::Display for NotAKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a P-256 key")
    }
}

impl std::error::Error for NotAKey {}

#[cfg(test)]
mod tests;
