//! The phones in root's list, as it is now: read again when the file is another one.

use std::sync::{Arc, Mutex, PoisonError};

use aisudo_core::{
    approvers::{Approvers, Device},
    device::{DeviceKey, KeyId},
    paths::Paths,
};
use aisudo_seal::{envelope::PublicKey, message::DeviceSeen};
use aisudo_sys::trusted::read_approvers;
use tracing::warn;

use crate::settings::{Stamp, stamp};

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
        let phone = |(approver, device): (&str, &Device)| {
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

    /// Whether it is the same phone of the same person, whatever they call it.
    pub(super) fn is(&self, other: &Self) -> bool {
        (&self.approver, &self.key, &self.seal) == (&other.approver, &other.key, &other.seal)
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

/// Root's list. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Phones {
    paths: Paths,
    read: Arc<Mutex<Option<Read>>>,
}

#[derive(Debug)]
struct Read {
    stamp: Stamp,
    phones: Result<Arc<[Phone]>, String>,
}

impl Phones {
    pub(super) fn new(paths: Paths) -> Self {
        Self {
            paths,
            read: Arc::default(),
        }
    }

    /// Those whom root lists now. Costs one call to the kernel while the file stays the same.
    ///
    /// # Errors
    /// One line, when the file is not trusted, or wrong: nobody is believed then.
    pub(super) fn now(&self) -> Result<Arc<[Phone]>, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        // Before it is read: what changes meanwhile is seen the next time.
        let seen = stamp(&self.paths.approvers());
        match &*read {
            Some(read) if read.stamp == seen => read.phones.clone(),
            _ => {
                let phones = self.anew();
                if let Err(why) = &phones {
                    warn!("no phone is believed: {why}");
                }
                *read = Some(Read {
                    stamp: seen,
                    phones: phones.clone(),
                });
                phones
            }
        }
    }

    /// The same from the file itself, as for each answer.
    ///
    /// # Errors
    /// As above.
    pub(super) fn anew(&self) -> Result<Arc<[Phone]>, String> {
        read_approvers(&self.paths).map(|approvers| Phone::all(&approvers).into())
    }

    /// Why nobody can be asked, in one short phrase that everybody may read.
    pub(super) fn nobody(&self) -> Option<String> {
        match self.now() {
            Ok(phones) if phones.is_empty() => {
                Some("no phone is paired; run: aisudo pair NAME".to_owned())
            }
            Ok(_) => None,
            Err(_) => Some("approvers.toml cannot be believed; see: aisudo status".to_owned()),
        }
    }
}
