//! How a host and a phone learn each other's keys, with a daemon and carriers in between that are
//! trusted for nothing.
//!
//! 1. The host (root's own command) draws a *secret* and a *reveal*, and shows a [`link`](Link): its
//!    name, public key and address, the secret, and a commitment to the reveal (its hash). The link goes
//!    from the terminal to the phone as a QR code; its content is in the URL's fragment, which browsers
//!    send to no server.
//! 2. The phone answers, sealed to the host's key: its public keys, a label, a nonce, a MAC of it all
//!    under the secret, and a signature by the key that it wants to decide with.
//! 3. The host accepts one answer. Then, and not before, it sends the reveal, sealed. The phone checks
//!    it against the commitment.
//! 4. Both show the same four words: the first 32 bits of a hash over the link, the answer and the
//!    reveal. A person compares, and says so to root's command.
//!
//! Who does not know the secret (128 bits) cannot answer. Who does (it was on a screen) can answer in
//! the phone's place, or stand in the middle with a link of their own; then the words differ, unless
//! they are lucky: once in 2³² tries, and a person sees each try. They cannot search for an answer that
//! yields the same words, because words depend on the reveal: towards the phone it is fixed by the
//! commitment before the phone draws its nonce, and towards the host it is unknown until an answer was
//! accepted, which happens once.
//!
//! An offer ends after [`LIFETIME_MS`], by the host's monotonic clock. The time in the link is for the
//! phone to show.

mod answer;
mod host;
mod link;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

use aisudo_core::raw::Hex32;
use sha2::{Digest, Sha256};

#[cfg(feature = "device")]
pub(crate) use self::answer::{Answer, Frame, mac};
pub use self::{
    answer::Device,
    host::{Answered, FromHost, Host, Offer, Paired, Refused},
    link::{FRAGMENT, Link},
    words::{ALL_WORDS, Words},
};
use crate::statement;

/// How long a link can be answered and the words confirmed, in milliseconds.
pub const LIFETIME_MS: u64 = 10 * 60 * 1000;

/// The longest name of a host or label of a device, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

const REVEAL_DOMAIN: &[u8] = b"aisudo pairing reveal v1\0";
const ANSWER_DOMAIN: &[u8] = b"aisudo pairing answer v1\0";
const KEY_DOMAIN: &[u8] = b"aisudo pairing key v1\0";
const WORDS_DOMAIN: &[u8] = b"aisudo pairing words v1\0";

/// What the host promises to reveal.
pub(crate) fn commitment(reveal: &[u8; 32]) -> Hex32 {
    hash(&[REVEAL_DOMAIN, reveal])
}

/// What both show: of the link's hash, the answer and the reveal.
pub(crate) fn words(link: &Hex32, answer: &[u8], reveal: &[u8; 32]) -> Words {
    let answer = hash(&[answer]);
    Words::of(&hash(&[WORDS_DOMAIN, &link.0, &answer.0, reveal]))
}

/// What the phone's key signs when it is paired.
pub(crate) fn key_message(link: &Hex32, answer: &[u8]) -> Vec<u8> {
    [KEY_DOMAIN, &link.0, answer].concat()
}

fn hash(parts: &[&[u8]]) -> Hex32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    Hex32(hash.finalize().into())
}

/// Why a step of pairing was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The host's or the device's name is empty or too long.
    Name,
    /// The address is too long.
    Address,
    /// The app's URL is none that passkeys and links can use.
    App,
    /// Its time is over.
    TooLate,
    /// It is no answer to a link, or not sealed to this host.
    NotAnAnswer,
    /// Whoever answered does not know the link's secret.
    Secret,
    /// It answers in the name of another key than it was sealed with.
    OtherSender,
    /// Its key does not do what it must do later.
    Key(statement::Why),
    /// Its passkey belongs to another address than the app's.
    Place,
    /// What the host reveals is not what it had committed itself to.
    Reveal,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "a name must have 1 to {MAX_NAME_BYTES} bytes"),
            Self::Address => write!(
                f,
                "the host's address is longer than {} bytes",
                link::MAX_ADDRESS_BYTES
            ),
            Self::App => f.write_str(
                "the app's address must be like https://host.example or https://host.example:8443/app, in lower case, without :443, ? or #",
            ),
            Self::TooLate => f.write_str("the link has expired; start again"),
            Self::NotAnAnswer => f.write_str("this is no answer to the link"),
            Self::Secret => f.write_str("an answer came from somebody who has not seen the link"),
            Self::OtherSender => f.write_str("an answer came under another key than its own"),
            Self::Key(why) => write!(f, "the phone's key cannot be used: {why}"),
            Self::Place => {
                f.write_str("the phone's passkey belongs to another address than the app's")
            }
            Self::Reveal => {
                f.write_str("the host broke its commitment: somebody may be in between")
            }
        }
    }
}
