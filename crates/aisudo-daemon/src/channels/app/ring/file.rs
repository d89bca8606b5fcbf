//! The subscriptions, in a file that is ours alone: who knows an endpoint can ring there.

use std::{collections::BTreeMap, path::PathBuf};

use aisudo_core::device::KeyId;
use aisudo_seal::message::Subscription;
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::private_file;

/// Devices that are remembered, at most.
const MOST: usize = 1024;

/// The longest file, in bytes: so many of the longest subscriptions.
const MAX_BYTES: usize = 2 * 1024 * MOST;

/// Of each device, by its seal key's name.
#[derive(Debug)]
pub(super) struct Subscriptions {
    path: PathBuf,
    by_device: BTreeMap<String, Kept>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    subscription: Subscription,
    /// The push service says that it is over.
    #[serde(default)]
    gone: bool,
}

impl Subscriptions {
    /// What the file has. One that cannot be read is worth a warning: phones subscribe again.
    pub(super) fn read(path: PathBuf) -> Self {
        let parsed = |text: &[u8]| {
            serde_json::from_slice(text).map_err(|error| format!("{}: {error}", path.display()))
        };
        let by_device = match private_file::read(&path, MAX_BYTES) {
            Ok(Some(text)) => parsed(&text),
            Ok(None) => Ok(BTreeMap::new()),
            Err(why) => Err(why),
        };
        let by_device = by_device.unwrap_or_else(|why| {
            warn!(%why, "phones have to turn notifications on again");
            BTreeMap::new()
        });
        Self { path, by_device }
    }

    pub(super) fn of(&self, device: KeyId) -> Option<&Subscription> {
        let kept = self.by_device.get(&device.to_string());
        kept.filter(|kept| !kept.gone)
            .map(|kept| &kept.subscription)
    }

    /// Whether it is still good; nothing when there is none.
    pub(super) fn works(&self, device: KeyId) -> Option<bool> {
        self.by_device
            .get(&device.to_string())
            .map(|kept| !kept.gone)
    }

    pub(super) fn set(
        &mut self,
        device: KeyId,
        subscription: Option<Subscription>,
    ) -> Result<(), String> {
        let name = device.to_string();
        match subscription {
            None if !self.by_device.contains_key(&name) => return Ok(()),
            None => drop(self.by_device.remove(&name)),
            Some(_) if self.by_device.len() >= MOST && !self.by_device.contains_key(&name) => {
                return Err("there are too many; revoke devices that are not used".to_owned());
            }
            Some(subscription) => {
                let gone = false;
                self.by_device.insert(name, Kept { subscription, gone });
            }
        }
        self.write()
    }

    pub(super) fn gone(&mut self, device: KeyId) {
        if let Some(kept) = self.by_device.get_mut(&device.to_string()) {
            kept.gone = true;
            if let Err(why) = self.write() {
                warn!(%why, "push subscriptions are not kept");
            }
        }
    }

    fn write(&self) -> Result<(), String> {
        let text = serde_json::to_vec(&self.by_device).map_err(|error| error.to_string())?;
        private_file::write(&self.path, &text)
    }
}
