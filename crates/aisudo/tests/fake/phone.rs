//! A phone that pairs.

use aisudo_core::{approvers, raw::Hex32, wire::FromControl};
use aisudo_seal::{
    device::{Ed25519, Signer, pairing as phone},
    envelope::{Envelope, SecretKey},
    pairing::{FRAGMENT, FromHost, Link, Words},
};
use rand_core::OsRng;

pub(crate) struct Phone {
    pub(crate) key: SecretKey,
    pub(crate) signer: Box<dyn Signer>,
    pub(crate) label: String,
}

/// A phone that has answered.
pub(crate) struct Answered {
    waiting: phone::Waiting,
    pub(crate) message: Vec<u8>,
}

impl Phone {
    /// One with keys of its own for each seed.
    pub(crate) fn new(seed: u8) -> Self {
        Self::with(seed, Box::new(Ed25519::from_seed(&[seed; 32])))
    }

    pub(crate) fn with(seed: u8, signer: Box<dyn Signer>) -> Self {
        Self {
            key: SecretKey::from_bytes(&[seed; 32]).unwrap(),
            signer,
            label: format!("phone {seed}"),
        }
    }

    pub(crate) fn answers(&self, url: &str) -> Answered {
        let link = link(url);
        let signer = self.signer.as_ref();
        let (waiting, message) =
            phone::answer(&link, &self.key, signer, &self.label, &mut OsRng).unwrap();
        Answered { waiting, message }
    }

    /// The words, from the first message that was to be sent to it.
    pub(crate) fn words(&self, answered: Answered, sent: &FromControl) -> Words {
        answered
            .waiting
            .hear(&self.taken(sent, false), &self.key)
            .unwrap()
    }

    /// The last that it is told.
    pub(crate) fn told(&self, url: &str, sent: &FromControl) -> FromHost {
        let message = self.taken(sent, true);
        let envelope = Envelope::parse(&message).unwrap();
        let opened = envelope.open(&self.key, &link(url).key).unwrap();
        serde_json::from_slice(&opened.body).unwrap()
    }

    /// As root's file has it.
    pub(crate) fn listed(&self, since_ms: u64) -> approvers::Device {
        approvers::Device {
            label: self.label.clone(),
            key: self.signer.key(),
            seal: Hex32(self.key.public().to_bytes()),
            since_ms,
        }
    }

    fn taken(&self, sent: &FromControl, expected: bool) -> Vec<u8> {
        match sent {
            FromControl::PairSend { to, message, last } => {
                assert_eq!((*to, *last), (self.key.public().id(), expected));
                message.0.clone()
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn link(url: &str) -> Link {
    let (_, fragment) = url.split_once(FRAGMENT).unwrap();
    Link::from_fragment(&[FRAGMENT, fragment].concat()).unwrap()
}
