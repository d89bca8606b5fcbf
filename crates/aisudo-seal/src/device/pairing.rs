//! The phone's half of pairing.

use std::fmt;

use aisudo_core::{base64url::Base64, raw::Hex32};
use hmac::Mac;
use rand_core::CryptoRngCore;

use super::Signer;
use crate::{
    envelope::{Envelope, Kind, PublicKey, SecretKey, seal},
    pairing::{Answer, Frame, FromHost, Link, Why, Words, commitment, key_message, mac, words},
};

/// A phone that has answered and waits for the reveal.
pub struct Waiting {
    host: PublicKey,
    commitment: Hex32,
    link: Hex32,
    answer: Vec<u8>,
}

/// Answers a link: the message to the host, and what to do with what it says.
///
/// # Errors
/// When the label is far too long.
pub fn answer(
    link: &Link,
    key: &SecretKey,
    signer: &dyn Signer,
    label: &str,
    rng: &mut impl CryptoRngCore,
) -> Result<(Waiting, Vec<u8>), Why> {
    let mut nonce = Hex32([0; 32]);
    rng.fill_bytes(&mut nonce.0);
    let answer = Answer {
        seal: *key.public(),
        key: signer.key(),
        label: label.to_owned(),
        nonce,
    };
    let answer = serde_json::to_vec(&answer).map_err(|_| Why::NotAnAnswer)?;
    let hash = link.hash();
    let frame = Frame {
        mac: Hex32(mac(link, &answer).finalize().into_bytes().into()),
        proof: signer.sign(&key_message(&hash, &answer)),
        answer: Base64(answer.clone()),
    };
    let body = serde_json::to_vec(&frame).map_err(|_| Why::NotAnAnswer)?;
    let envelope = seal(Kind::Pairing, key, &link.key, &body, rng).map_err(|_| Why::NotAnAnswer)?;
    let waiting = Waiting {
        host: link.key,
        commitment: link.commitment,
        link: hash,
        answer,
    };
    Ok((waiting, [&key.public().to_bytes()[..], &envelope].concat()))
}

impl Waiting {
    /// The words, once the host has revealed what it had committed itself to.
    ///
    /// # Errors
    /// When the message is not from the host, or breaks the commitment.
    pub fn hear(self, message: &[u8], key: &SecretKey) -> Result<Words, Why> {
        let envelope = Envelope::parse(message).map_err(|_| Why::NotAnAnswer)?;
        let opened = envelope
            .open(key, &self.host)
            .map_err(|_| Why::NotAnAnswer)?;
        let Ok(FromHost::Reveal { reveal }) = serde_json::from_slice(&opened.body) else {
            return Err(Why::NotAnAnswer);
        };
        if opened.kind != Kind::Pairing {
            return Err(Why::NotAnAnswer);
        }
        if commitment(&reveal.0) != self.commitment {
            return Err(Why::Reveal);
        }
        Ok(words(&self.link, &self.answer, &reveal.0))
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}
