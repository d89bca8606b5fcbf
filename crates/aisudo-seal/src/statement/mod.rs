//! What a device signs: one decision on one request, in one fixed form of bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 19 | [`DOMAIN`] |
//! | 32 | the request's digest |
//! | 32 | its nonce |
//! | 1 | `Y` or `N` |
//! | 8 | when, in milliseconds since 1970, by the device's clock |
//! | 2 | how long the note is |
//! | 0–500 | the note, UTF-8 |
//!
//! Numbers are big-endian. The time is for people to read: whether an answer comes in time is judged
//! by the host's own clock alone.

mod passkey;
mod verify;

#[cfg(test)]
mod tests;

use aisudo_core::{
    device::{DeviceKey, KeyId, Proof},
    evidence::Verdict,
    raw::Hex32,
    wire::MAX_NOTE_BYTES,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

#[cfg(feature = "device")]
pub(crate) use self::passkey::challenge;
#[cfg(feature = "pairing")]
pub(crate) use self::verify::verify_bytes;
pub use self::verify::{Why, check_key, verify};

/// What every statement begins with, so that no signature for anything else is one for a decision.
pub const DOMAIN: &[u8; 19] = b"aisudo decision v1\0";

/// One approver's answer to one request, as their device signs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The digest of the request's bytes.
    pub digest: Hex32,
    /// The request's nonce.
    pub nonce: Hex32,
    /// Yes or no.
    pub verdict: Verdict,
    /// The approver's own words; empty for none. At most [`MAX_NOTE_BYTES`].
    pub note: String,
    /// When, in milliseconds since 1970, as the device's clock has it.
    pub at_ms: u64,
}

impl Statement {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// When the note is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Why> {
        let note = self.note.as_bytes();
        let length = u16::try_from(note.len()).map_err(|_| Why::Note)?;
        if note.len() > MAX_NOTE_BYTES {
            return Err(Why::Note);
        }
        Ok([
            &DOMAIN[..],
            &self.digest.0,
            &self.nonce.0,
            &[byte_of(self.verdict)],
            &self.at_ms.to_be_bytes(),
            &length.to_be_bytes(),
            note,
        ]
        .concat())
    }

    /// Reads what [`to_bytes`](Self::to_bytes) writes, and nothing else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(DOMAIN)?;
        let (digest, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let ([verdict], rest) = rest.split_first_chunk()?;
        let (at_ms, rest) = rest.split_first_chunk()?;
        let (length, note) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        if note.len() != length || length > MAX_NOTE_BYTES {
            return None;
        }
        Some(Self {
            digest: Hex32(*digest),
            nonce: Hex32(*nonce),
            verdict: verdict_of(*verdict)?,
            note: std::str::from_utf8(note).ok()?.to_owned(),
            at_ms: u64::from_be_bytes(*at_ms),
        })
    }
}

fn byte_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Approve => b'Y',
        Verdict::Deny => b'N',
    }
}

fn verdict_of(byte: u8) -> Option<Verdict> {
    match byte {
        b'Y' => Some(Verdict::Approve),
        b'N' => Some(Verdict::Deny),
        _ => None,
    }
}

/// A statement with its proof: what a device sends, sealed, as its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Which key signed. A hint for looking it up: what counts is the key in root's list.
    pub device: KeyId,
    /// What was signed; base64url of its bytes.
    pub statement: Statement,
    /// The signature.
    pub proof: Proof,
}

impl Signed {
    /// Verifies with the key of that name in root's list. A device that was never paired, and one that
    /// was revoked, is not in it.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn verify<'k>(&self, listed: impl IntoIterator<Item = &'k DeviceKey>) -> Result<(), Why> {
        let key = listed
            .into_iter()
            .find(|key| key.id() == self.device)
            .ok_or(Why::NotListed)?;
        verify(&self.statement, &self.proof, key)
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.to_bytes().map_err(serde::ser::Error::custom)?;
        aisudo_core::base64url::Base64(bytes).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = aisudo_core::base64url::Base64::deserialize(deserializer)?;
        Self::from_bytes(&bytes.0).ok_or_else(|| de::Error::custom("not a statement of version 1"))
    }
}
