//! The phones in root's list, as the channel needs them.

use aisudo_core::{
    approvers::Approvers,
    device::{DeviceKey, KeyId},
};
use aisudo_seal::{envelope::PublicKey, message::DeviceSeen};

/// A device that root has listed, with a seal key that is one.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) approver: String,
    pub(crate) label: String,
    pub(crate) key: DeviceKey,
    pub(crate) seal: PublicKey,
}

impl Phone {
    /// All of root's list. A seal key that is none was written by hand: nothing can be sent to it.
    pub(crate) fn all(approvers: &Approvers) -> Vec<Self> {
        let phone = |(approver, device): (&str, &aisudo_core::approvers::Device)| {
            Some(Self {
                approver: approver.to_owned(),
                label: device.label.clone(),
                key: device.key.clone(),
                seal: PublicKey::from_bytes(device.seal.0).ok()?,
            })
        };
        approvers.devices().filter_map(phone).collect()
    }

    /// By what it is addressed.
    pub(crate) fn address(&self) -> KeyId {
        self.seal.id()
    }

    /// As others may know of it.
    pub(crate) fn seen(&self, listens: bool) -> DeviceSeen {
        DeviceSeen {
            key: self.key.id(),
            approver: self.approver.clone(),
            label: self.label.clone(),
            kind: match self.key {
                DeviceKey::Ed25519 { .. } => "ed25519",
                DeviceKey::Passkey { .. } => "passkey",
            }
            .to_owned(),
            listens,
        }
    }
}
