//! Encryption of a message to a browser (RFC 8291), in the form `aes128gcm` (RFC 8188).

use std::fmt;

use aes_gcm::{Aes128Gcm, KeyInit as _, aead::AeadInPlace as _};
use hkdf::Hkdf;
use p256::ecdh::EphemeralSecret;
use rand_core::CryptoRngCore;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    subscription::Recipient,
    vapid::{PUBLIC_BYTES, uncompressed},
};

/// What every push service takes at least (RFC 8030, 7.2), and ours is one record of.
const MAX_BODY_BYTES: usize = 4096;

const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Salt, size of a record, length of the key's name, and the key as its own name.
const HEADER_BYTES: usize = SALT_BYTES + 4 + 1 + PUBLIC_BYTES;

/// Ends the last record's content (RFC 8188, 2). No zeros follow: lengths are the caller's business.
const LAST: u8 = 2;

/// The longest message, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = MAX_BODY_BYTES - HEADER_BYTES - 1 - TAG_BYTES;

/// The body of a push, with a key and a salt that are used this once.
pub(crate) fn encrypt(
    payload: &[u8],
    to: &Recipient,
    rng: &mut impl CryptoRngCore,
) -> Result<Vec<u8>, Unsendable> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Unsendable::TooLong(payload.len()));
    }
    let ours = EphemeralSecret::random(rng);
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);

    let secret = agree(&ours, to).ok_or(Unsendable::Unmade)?;
    let mut record = payload.to_vec();
    record.push(LAST);
    seal(&*secret, &salt, &mut record).ok_or(Unsendable::Unmade)?;
    Ok([&header(&salt, &ours)[..], &record[..]].concat())
}

/// RFC 8291, 3.3 and 3.4: what only the browser and we know.
fn agree(ours: &EphemeralSecret, to: &Recipient) -> Option<Zeroizing<[u8; 32]>> {
    let shared = ours.diffie_hellman(&to.key);
    let info = [
        b"WebPush: info\0",
        &uncompressed(&to.key)[..],
        &uncompressed(&ours.public_key())[..],
    ]
    .concat();
    let mut secret = Zeroizing::new([0; 32]);
    shared
        .extract::<Sha256>(Some(&to.auth))
        .expand(&info, &mut *secret)
        .ok()?;
    Some(secret)
}

/// RFC 8188, 2.2 and 2.3, for the first and only record: its number, 0, changes nothing of the nonce.
fn seal(secret: &[u8], salt: &[u8; SALT_BYTES], record: &mut Vec<u8>) -> Option<()> {
    let derived = Hkdf::<Sha256>::new(Some(salt), secret);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let mut nonce = [0; NONCE_BYTES];
    derived
        .expand(b"Content-Encoding: aes128gcm\0", &mut *key)
        .ok()?;
    derived
        .expand(b"Content-Encoding: nonce\0", &mut nonce)
        .ok()?;
    Aes128Gcm::new((&*key).into())
        .encrypt_in_place(&nonce.into(), b"", record)
        .ok()
}

/// RFC 8188, 2.1.
fn header(salt: &[u8; SALT_BYTES], ours: &EphemeralSecret) -> Vec<u8> {
    let record_size = 4096_u32.to_be_bytes();
    let name = uncompressed(&ours.public_key());
    [&salt[..], &record_size[..], &[65], &name[..]].concat()
}

/// Why there is no push for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// It has that many bytes.
    TooLong(usize),
    /// It could not be encrypted or written down, which is so for no message that short.
    Unmade,
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(
                f,
                "a message of {bytes} bytes is too long for Web Push, which takes {MAX_PAYLOAD_BYTES}"
            ),
            Self::Unmade => f.write_str("the message could not be made into a push"),
        }
    }
}

impl std::error::Error for Unsendable {}

#[cfg(test)]
mod tests;
