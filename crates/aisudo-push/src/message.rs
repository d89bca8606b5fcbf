//! What is sent, and how urgent it is.

use aisudo_core::base64url;
use sha2::{Digest, Sha256};

/// How much of a digest a topic is: 24 bytes are the 32 letters that it may have (RFC 8030, 5.4).
const TOPIC_BYTES: usize = 24;

/// A message for one browser.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// What only the browser reads. Its length can be seen by the push service.
    pub payload: &'a [u8],
    /// For how many seconds the push service keeps it for a browser that is not there.
    pub ttl_s: u32,
    /// Whether a sleeping phone is woken for it.
    pub urgency: Urgency,
    /// Of messages that wait for the browser with the same topic, only the last is delivered.
    pub topic: Option<Topic>,
}

/// How urgent a message is (RFC 8030, 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// On power and Wi-Fi.
    VeryLow,
    /// On power or Wi-Fi.
    Low,
    /// Neither.
    Normal,
    /// On low battery, too: a call, an alert, somebody who waits.
    High,
}

impl Urgency {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::VeryLow => "very-low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

/// What a message is about, by a name that says nothing: a part of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic(String);

impl Topic {
    /// Of what has this id. Whoever guesses the id can tell, so let it be a long random one.
    #[must_use]
    pub fn of(id: &[u8]) -> Self {
        let digest = Sha256::digest(id);
        let part: Vec<u8> = digest.into_iter().take(TOPIC_BYTES).collect();
        Self(base64url::encode(&part))
    }

    /// As the header has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc" (FIPS 180-2) begins ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c.
    #[test]
    fn a_topic_is_32_letters_of_a_digest() {
        let topic = Topic::of(b"abc");
        assert_eq!(
            base64url::decode(topic.as_str()).unwrap(),
            [
                0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
                0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c
            ]
        );
        assert_eq!(topic.as_str().len(), 32);
    }
}
