//! What the phone says.

use aisudo_core::{
    base64url::Base64,
    device::{DeviceKey, Proof},
    raw::Hex32,
};
use hmac::{Hmac, Mac, digest::KeyInit};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{ANSWER_DOMAIN, Link, MAX_NAME_BYTES, Why, key_message};
use crate::{
    envelope::PublicKey,
    statement::{check_key, verify_bytes},
};

/// A phone that has answered: what goes into root's file once the words were the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What messages to it are sealed to.
    pub seal: PublicKey,
    /// What it signs its decisions with.
    pub key: DeviceKey,
    /// Its own name for itself, to be shown through a safe display.
    pub label: String,
}

/// The answer proper. Its bytes are what the MAC, the signature and the words are made from.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) seal: PublicKey,
    pub(crate) key: DeviceKey,
    pub(crate) label: String,
    /// Drawn by the phone, so that its words cannot be known before it has answered.
    pub(crate) nonce: Hex32,
}

/// The body of the phone's message.
#[derive(Serialize, Deserialize)]
pub(crate) struct Frame {
    /// An [`Answer`] in JSON.
    pub(crate) answer: Base64,
    /// HMAC-SHA256 under the link's secret.
    pub(crate) mac: Hex32,
    /// That the phone has the key it names, and that it does what a decision needs.
    pub(crate) proof: Proof,
}

impl Frame {
    /// The answer in it, if whoever sent it has seen the link and holds the keys.
    pub(super) fn check(&self, link: &Link, sender: &PublicKey) -> Result<Device, Why> {
        mac(link, &self.answer.0)
            .verify(&self.mac.0.into())
            .map_err(|_| Why::Secret)?;
        let answer: Answer =
            serde_json::from_slice(&self.answer.0).map_err(|_| Why::NotAnAnswer)?;
        if answer.seal != *sender {
            return Err(Why::OtherSender);
        }
        if answer.label.is_empty() || answer.label.len() > MAX_NAME_BYTES {
            return Err(Why::Name);
        }
        let message = key_message(&link.hash(), &self.answer.0);
        check_key(&answer.key)
            .and_then(|()| verify_bytes(&message, &self.proof, &answer.key))
            .map_err(Why::Key)?;
        Ok(Device {
            seal: answer.seal,
            key: answer.key,
            label: answer.label,
        })
    }
}

/// That whoever says this has seen the link.
pub(crate) fn mac(link: &Link, answer: &[u8]) -> Hmac<Sha256> {
    // A block of the hash holds any shorter key, filled up with zeros: RFC 2104.
    let mut block = Zeroizing::new([0; 64]);
    for (place, byte) in block.iter_mut().zip(link.secret.iter()) {
        *place = *byte;
    }
    let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
    mac.update(ANSWER_DOMAIN);
    mac.update(&link.hash().0);
    mac.update(answer);
    mac
}
