//! Sealed messages, version 1. An envelope is
//!
//! | bytes | what |
//! |---|---|
//! | 1 | version: 1 |
//! | 1 | [`Kind`] |
//! | 8 | the sender's key, by its [`KeyId`] |
//! | 8 | the recipient's key, likewise |
//! | 24 | a random nonce |
//! | 16 | Poly1305 |
//! | rest | XSalsa20 over the content, under the X25519 of both keys (NaCl's `crypto_box`) |
//!
//! and its content is
//!
//! | bytes | what |
//! |---|---|
//! | 32 | SHA-256 of the header: the first 42 bytes above |
//! | 4 | the length of the body, big-endian |
//! | … | the body |
//! | … | zeros, up to the size class |
//!
//! As a whole it has one of the sizes in [`SIZES`]. Only who has one of the two secret keys can make or
//! read it; it proves nothing to others, so a decision is signed as well ([`crate::statement`]).
//!
//! One and the same envelope opens as often as it is delivered: its [`MessageId`] tells them apart, and
//! whatever must happen once (a decision, a pairing) is bound to a nonce of its own.

mod keys;
mod sizes;

#[cfg(test)]
mod tests;

use std::fmt;

use aisudo_core::device::KeyId;
use crypto_secretbox::{AeadInPlace, KeyInit, Tag, XSalsa20Poly1305};
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use self::{
    keys::{PublicKey, ReplyKey, SecretKey, Unusable},
    sizes::{MAX_BODY, PUSH, SIZES},
};

/// The form that is written and read here.
pub const VERSION: u8 = 1;

const NONCE: usize = 24;
const HEADER: usize = 1 + 1 + 8 + 8 + NONCE;
const TAG: usize = 16;
const HASH: usize = 32;
const LENGTH: usize = 4;

/// What an envelope has besides its body and the zeros.
const OVERHEAD: usize = HEADER + TAG + HASH + LENGTH;

/// What a message is. Carriers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Host to device: a request to be shown.
    Request,
    /// Device to host: a signed answer. Sealed to the [`ReplyKey`] of its request.
    Decision,
    /// Either way: a message arrived, was shown, ran.
    Receipt,
    /// Either way: what is said while pairing.
    Pairing,
    /// Either way: anything else that has changed.
    Update,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Request,
        Self::Decision,
        Self::Receipt,
        Self::Pairing,
        Self::Update,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Decision => "decision",
            Self::Receipt => "receipt",
            Self::Pairing => "pairing",
            Self::Update => "update",
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Decision => 2,
            Self::Receipt => 3,
            Self::Pairing => 4,
            Self::Update => 5,
        }
    }

    fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }
}

/// The name of one message: its nonce, which its sender drew. An envelope that is delivered again has
/// the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub [u8; NONCE]);

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&aisudo_core::raw::hex(&self.0))
    }
}

/// The body is longer than [`MAX_BODY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a sealed message holds {MAX_BODY} bytes at most")
    }
}

/// Seals a message.
///
/// # Errors
/// When the body is too long.
pub fn seal(
    kind: Kind,
    from: &SecretKey,
    to: &PublicKey,
    body: &[u8],
    rng: &mut impl CryptoRngCore,
) -> Result<Vec<u8>, TooLong> {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    let size = sizes::size_for(kind, body.len()).ok_or(TooLong)?;
    let length = u32::try_from(body.len()).map_err(|_| TooLong)?;
    let header = [
        &[VERSION, kind.byte()][..],
        &from.public().id().0,
        &to.id().0,
        &nonce,
    ]
    .concat();
    // With its capacity from the start: a vector that grows leaves copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(size));
    content.extend_from_slice(&Sha256::digest(&header));
    content.extend_from_slice(&length.to_be_bytes());
    content.extend_from_slice(body);
    content.resize(size - HEADER - TAG, 0);
    // Fails only with associated data, and there is none.
    let tag = cipher(from, to)
        .encrypt_in_place_detached(&nonce.into(), &[], &mut content)
        .map_err(|_| TooLong)?;
    Ok([&header, tag.as_slice(), &content].concat())
}

/// NaCl's `crypto_box_beforenm`.
fn cipher(ours: &SecretKey, theirs: &PublicKey) -> XSalsa20Poly1305 {
    let shared = ours.agree(theirs);
    let key = Zeroizing::new(<[u8; 32]>::from(
        <XSalsa20Poly1305 as crypto_secretbox::Kdf>::kdf((&*shared).into(), &Default::default()),
    ));
    XSalsa20Poly1305::new((&*key).into())
}

/// Bytes that are no envelope, as anybody can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnEnvelope {
    /// No envelope has this length.
    Length,
    /// Written by a newer (or broken) program.
    Version(u8),
    /// A kind that this version does not know.
    Kind(u8),
}

impl fmt::Display for NotAnEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("no sealed message has this length"),
            Self::Version(version) => write!(
                f,
                "a sealed message of version {version}, this program reads version {VERSION}: update the older side"
            ),
            Self::Kind(kind) => write!(f, "a sealed message of an unknown kind ({kind})"),
        }
    }
}

/// It does not open. Nothing tells apart why: another key, another header, a changed byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotOpen;

impl fmt::Display for CannotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed message does not open with these keys")
    }
}

/// An envelope that is still closed. What its header says is anybody's word.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    bytes: &'a [u8],
    header: &'a [u8; HEADER],
    kind: Kind,
}

impl<'a> Envelope<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is none of this version.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, NotAnEnvelope> {
        let header = bytes.first_chunk::<HEADER>().ok_or(NotAnEnvelope::Length)?;
        let [version, kind, ..] = *header;
        if version != VERSION {
            return Err(NotAnEnvelope::Version(version));
        }
        if !SIZES.contains(&bytes.len()) {
            return Err(NotAnEnvelope::Length);
        }
        let kind = Kind::of_byte(kind).ok_or(NotAnEnvelope::Kind(kind))?;
        Ok(Self {
            bytes,
            header,
            kind,
        })
    }

    /// What it says it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whose key it says it is from, to look that up.
    #[must_use]
    pub fn sender(&self) -> KeyId {
        self.key_id(2)
    }

    /// Whose key it says it is for.
    #[must_use]
    pub fn recipient(&self) -> KeyId {
        self.key_id(10)
    }

    fn key_id(&self, at: usize) -> KeyId {
        let bytes = self.header.get(at..).and_then(<[u8]>::first_chunk);
        KeyId(*bytes.unwrap_or(&[0; 8]))
    }

    /// Opens a message to one's own identity. A decision never opens here: it is for its request's
    /// [`ReplyKey`].
    ///
    /// # Errors
    /// When anything is wrong.
    pub fn open(&self, with: &SecretKey, from: &PublicKey) -> Result<Opened, CannotOpen> {
        self.open_any(with, from, self.kind != Kind::Decision)
    }

    /// All is computed before anything is judged, so that it takes as long whatever is wrong.
    fn open_any(
        &self,
        with: &SecretKey,
        from: &PublicKey,
        may: bool,
    ) -> Result<Opened, CannotOpen> {
        let (nonce, rest) = self
            .bytes
            .get(HEADER - NONCE..)
            .and_then(<[u8]>::split_first_chunk::<NONCE>)
            .ok_or(CannotOpen)?;
        let (tag, sealed) = rest.split_first_chunk::<TAG>().ok_or(CannotOpen)?;
        let mut content = Zeroizing::new(sealed.to_vec());
        let authentic = cipher(with, from)
            .decrypt_in_place_detached(nonce.into(), &[], &mut content, Tag::from_slice(tag))
            .is_ok();
        let ours = self.sender() == from.id() && self.recipient() == with.public().id();
        let (hash, rest) = content.split_first_chunk::<HASH>().ok_or(CannotOpen)?;
        let same_header = *hash == <[u8; HASH]>::from(Sha256::digest(self.header));
        let (length, rest) = rest.split_first_chunk::<LENGTH>().ok_or(CannotOpen)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (body, padding) = rest.split_at_checked(length).unwrap_or((&[], &[1]));
        let padded = padding.iter().fold(0, |all, byte| all | byte) == 0
            && sizes::size_for(self.kind, body.len()) == Some(self.bytes.len());
        if authentic & ours & same_header & padded & may {
            Ok(Opened {
                kind: self.kind,
                id: MessageId(*nonce),
                body: Zeroizing::new(body.to_vec()),
            })
        } else {
            Err(CannotOpen)
        }
    }
}

impl ReplyKey {
    /// Opens the answer to the request that this key was made for, and nothing but a decision.
    ///
    /// # Errors
    /// When anything is wrong.
    pub fn open(&self, envelope: &Envelope<'_>, from: &PublicKey) -> Result<Opened, CannotOpen> {
        envelope.open_any(self.secret(), from, envelope.kind == Kind::Decision)
    }
}

/// A message that is authentic. Its body is wiped from memory when it is dropped.
pub struct Opened {
    /// What it is.
    pub kind: Kind,
    /// Its name, by which a second delivery is known.
    pub id: MessageId,
    /// What it says.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
