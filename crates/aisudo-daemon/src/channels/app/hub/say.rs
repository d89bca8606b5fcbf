//! What is said to phones, sealed.

use aisudo_core::state::Tick;
use aisudo_seal::{
    envelope::{PUSH, seal},
    message::{DeviceSeen, HostSays, ToDevice},
};
use rand_core::OsRng;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    super::{
        inboxes::{Inbox, Notice},
        phones::Phone,
        ring::{Topic, WITHDRAWN_MS},
    },
    Hub,
};

/// Requests that a phone is told of by name at once: about as many as a message holds.
const MOST_NAMED: usize = 10_000;

/// Devices that a phone hears of: a list of a thousand would make every inbox as large.
const MOST_SEEN: usize = 64;

/// What comes out of a phone's inbox, sealed as it is taken.
#[derive(Debug)]
pub(crate) struct Letters {
    hub: Hub,
    inbox: Inbox,
}

impl Letters {
    pub(super) fn new(hub: Hub, inbox: Inbox) -> Self {
        Self { hub, inbox }
    }

    /// The next envelope; nothing when the inbox was closed. Loses nothing when it is dropped half-way.
    pub(crate) async fn next(&self) -> Option<Vec<u8>> {
        loop {
            let notice = self.inbox.next().await?;
            let phone = &self.inbox.phone;
            let said = self.hub.says(phone, &notice);
            // What there is nothing to be said of any more is skipped.
            if let Some(envelope) = said.and_then(|said| self.hub.seal(phone, said)) {
                return Some(envelope);
            }
        }
    }
}

impl Hub {
    /// The devices that this one hears of: itself first, then those of the list, as far as there is room.
    fn others(&self, phone: &Phone) -> Vec<DeviceSeen> {
        let phones = self.phones();
        let (own, others): (Vec<_>, Vec<_>) = phones.iter().partition(|one| one.is(phone));
        own.into_iter()
            .chain(others)
            .take(MOST_SEEN)
            .map(|one| one.seen(self.parts().inboxes.listens(one.address())))
            .collect()
    }

    /// Rings at a phone, if it takes pushes: with all of it, or as much as a push holds.
    pub(super) fn ring(&self, phone: &Phone, notice: &Notice) {
        let ring = &self.parts().ring;
        if !ring.reaches(phone.address()) {
            return;
        }
        let Some(said) = self.says(phone, notice) else {
            return;
        };
        let (topic, for_ms, pointer) = match (&said, notice) {
            (
                HostSays::Ask {
                    remaining_ms, code, ..
                },
                Notice::Request(id),
            ) => {
                let (id, code) = (*id, code.clone());
                (
                    Topic::of(id),
                    *remaining_ms,
                    Some(HostSays::Waits { id, code }),
                )
            }
            // In place of the question, if that was not delivered yet.
            (_, Notice::Request(id)) => (Topic::of(*id), WITHDRAWN_MS, None),
            _ => (Topic::of_test(), super::trial::PATIENCE_MS, None),
        };
        let whole = self.seal(phone, said);
        let fits = |envelope: &Vec<u8>| envelope.len() <= PUSH;
        let envelope = whole
            .filter(fits)
            .or_else(|| self.seal(phone, pointer?).filter(fits));
        if let Some(envelope) = envelope {
            ring.push(phone.address(), envelope, topic, for_ms);
        }
    }

    /// A notice, as things are now; nothing when there is nothing to be said any more.
    fn says(&self, phone: &Phone, notice: &Notice) -> Option<HostSays> {
        let now = self.parts().port.now().tick;
        Some(match notice {
            Notice::Inbox(known) => HostSays::Inbox {
                host: self.parts().host.clone(),
                pending: self.waiting(),
                known: known.clone(),
                push: self.parts().ring.public_key(),
                pushing: self.parts().ring.works(phone.address()),
                devices: self.others(phone),
            },
            Notice::Request(id) => self.request(phone, *id, now)?,
            Notice::Content {
                id,
                sha256,
                content,
            } => HostSays::Content {
                id: *id,
                sha256: *sha256,
                content: content.clone(),
            },
            Notice::Test(nonce) => HostSays::Test { nonce: *nonce },
            Notice::Revoked => HostSays::Revoked,
        })
    }

    fn waiting(&self) -> Vec<Uuid> {
        let waiting = self.state().desk.waiting();
        waiting.into_iter().take(MOST_NAMED).collect()
    }

    fn request(&self, phone: &Phone, id: Uuid, now: Tick) -> Option<HostSays> {
        let mut state = self.state();
        state.desk.says(id, phone.address(), now, &mut OsRng)
    }

    fn seal(&self, phone: &Phone, said: HostSays) -> Option<Vec<u8>> {
        let kind = said.kind();
        let message = ToDevice {
            log: self.parts().port.head(),
            sent_at_ms: self.parts().port.now().unix_ms,
            said,
        };
        let body = Zeroizing::new(serde_json::to_vec(&message).ok()?);
        seal(kind, &self.parts().key, &phone.seal, &body, &mut OsRng).ok()
    }
}
