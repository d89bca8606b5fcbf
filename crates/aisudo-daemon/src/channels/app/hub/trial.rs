//! Whether a phone can be reached, tried by root.

use std::time::Duration;

use aisudo_core::{device::KeyId, raw::Hex32};
use aisudo_sys::random::random_bytes;
use tokio::sync::oneshot;

use super::{super::inboxes::Notice, Hub};

/// How long a test may wait to be confirmed, in milliseconds.
pub(super) const PATIENCE_MS: u64 = 60_000;

/// A confirmed test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Confirmed {
    /// After how many milliseconds.
    pub(crate) after_ms: u64,
    /// Whether a push had to ring.
    pub(crate) pushed: bool,
}

impl Hub {
    /// Sends a test, and waits until it is confirmed.
    ///
    /// # Errors
    /// One line that says what to try.
    pub(crate) async fn test(&self, device: KeyId) -> Result<Confirmed, String> {
        let phones = self.phones();
        let phone = phones
            .iter()
            .find(|phone| phone.key.id() == device)
            .ok_or("no such device is listed; see: aisudo devices")?;
        let nonce = Hex32(random_bytes().map_err(|error| error.to_string())?);
        let (confirm, confirmed) = oneshot::channel();
        let began = self.parts().port.now().tick;
        self.state().tests.insert(nonce, confirm);
        let _forgotten = Waits { hub: self, nonce };
        let notice = Notice::Test(nonce);
        let listens = self.parts().inboxes.put(phone.address(), &notice);
        if !listens {
            if !self.parts().ring.reaches(phone.address()) {
                return Err("it does not listen and takes no pushes; open the app on it".to_owned());
            }
            self.ring(phone, &notice);
        }
        let patience = Duration::from_millis(PATIENCE_MS);
        match tokio::time::timeout(patience, confirmed).await {
            Ok(Ok(())) => Ok(Confirmed {
                after_ms: self.parts().port.now().tick.0.saturating_sub(began.0),
                pushed: !listens,
            }),
            _ => Err(format!(
                "no answer within {} s; open the app on it, and look at its notifications",
                patience.as_secs()
            )),
        }
    }

    /// A phone says that a test has arrived: only it could know the nonce.
    pub(super) fn confirm(&self, nonce: Hex32) {
        if let Some(waits) = self.state().tests.remove(&nonce) {
            let _ = waits.send(());
        }
    }
}

/// A test that waits, until it is dropped: root's command may go away.
struct Waits<'a> {
    hub: &'a Hub,
    nonce: Hex32,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.hub.state().tests.remove(&self.nonce);
    }
}
