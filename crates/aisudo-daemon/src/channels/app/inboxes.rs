//! Phones that listen: what is sealed for a device goes to each place where it does.

use std::collections::HashMap;

use aisudo_core::device::KeyId;
use tokio::sync::mpsc;

/// Messages that wait for a slow phone; then it is dropped, and comes back for what there is.
const MOST_WAITING: usize = 256;

/// Places where one device listens at once: its page in several windows, its worker.
const MOST_PER_DEVICE: usize = 8;

/// Where envelopes for one place come out.
pub(crate) type Envelopes = mpsc::Receiver<Vec<u8>>;

/// By the device's seal key.
#[derive(Debug, Default)]
pub(super) struct Inboxes {
    open: HashMap<KeyId, Vec<mpsc::Sender<Vec<u8>>>>,
}

impl Inboxes {
    /// A new place. The oldest one goes when there are too many.
    pub(super) fn open(&mut self, device: KeyId) -> Envelopes {
        let (sender, envelopes) = mpsc::channel(MOST_WAITING);
        let places = self.open.entry(device).or_default();
        places.retain(|place| !place.is_closed());
        if places.len() >= MOST_PER_DEVICE {
            places.remove(0);
        }
        places.push(sender);
        envelopes
    }

    /// To all places of a device; says whether there is one.
    pub(super) fn send(&mut self, device: KeyId, envelope: &[u8]) -> bool {
        let Some(places) = self.open.get_mut(&device) else {
            return false;
        };
        places.retain(|place| place.try_send(envelope.to_vec()).is_ok());
        !places.is_empty()
    }

    /// To the newest place only, which has just been opened.
    pub(super) fn send_newest(&mut self, device: KeyId, envelope: Vec<u8>) {
        if let Some(place) = self.open.get(&device).and_then(|places| places.last()) {
            let _ = place.try_send(envelope);
        }
    }

    /// Whether it listens anywhere.
    pub(super) fn listens(&self, device: KeyId) -> bool {
        let open = |places: &Vec<mpsc::Sender<Vec<u8>>>| places.iter().any(|one| !one.is_closed());
        self.open.get(&device).is_some_and(open)
    }

    /// Closes all places of a device.
    pub(super) fn close(&mut self, device: KeyId) {
        self.open.remove(&device);
    }
}
