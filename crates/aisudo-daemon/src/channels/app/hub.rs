//! Where carriers, the ledger and root's commands meet: what is said to phones, and what they say.
//!
//! Nothing here knows how an envelope travels. A carrier brings what phones send ([`Hub::listen`],
//! [`Hub::message`], [`Hub::decide`], [`Hub::state_of`]), and takes what is for them: from an inbox that a
//! phone has opened ([`Letters`]), or from the [`Ring`].

mod hear;
mod say;
mod trial;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::{device::KeyId, evidence::EvidenceKind, raw::Hex32, wire::DeviceReach};
use aisudo_seal::envelope::SecretKey;
use tokio::sync::oneshot;
use tracing::warn;
use uuid::Uuid;

pub(crate) use self::{hear::No, say::Letters, trial::Confirmed};
use super::{
    desk::{Desk, MOST_OVER, News},
    inboxes::{Inboxes, Notice},
    pairing::Pairing,
    phones::{Phone, Phones},
    ring::Ring,
    seen::Seen,
};
use crate::{
    channels::{Port, mailbox::Mailbox},
    limits::Refusals,
};

/// The hub. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Inner>);

/// What it is made of.
#[derive(Debug)]
pub(super) struct Parts {
    /// As people know this host.
    pub(super) host: String,
    pub(super) key: SecretKey,
    pub(super) port: Port,
    pub(super) mailbox: Mailbox,
    pub(super) phones: Phones,
    pub(super) inboxes: Inboxes,
    pub(super) ring: Ring,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    pairing: Pairing,
    state: Mutex<State>,
    refusals: Refusals<KeyId>,
}

#[derive(Debug, Default)]
struct State {
    desk: Desk,
    /// What phones have said.
    seen: Seen,
    /// When something came from a phone last, in milliseconds since 1970.
    heard: HashMap<KeyId, u64>,
    /// Tests that wait to be confirmed.
    tests: HashMap<Hex32, oneshot::Sender<()>>,
}

impl Hub {
    pub(super) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            pairing: Pairing::default(),
            state: Mutex::default(),
            refusals: Refusals::default(),
        }))
    }

    /// Takes in what has changed in the ledger, and tells every phone.
    pub(super) fn collect(&self) {
        let now = self.parts().port.now();
        for letter in self.parts().mailbox.take() {
            let news = self.state().desk.take(letter, now);
            let phones = self.phones();
            match news {
                None => {}
                Some(News::Waits(id) | News::WaitsNoMore(id)) => self.tell(&phones, id, true),
                Some(News::Changed(id)) => self.tell(&phones, id, false),
            }
        }
    }

    fn tell(&self, phones: &[Phone], id: Uuid, rings: bool) {
        let notice = Notice::Request(id);
        for phone in phones {
            self.parts().inboxes.put(phone.address(), &notice);
            if rings {
                self.ring(phone, &notice);
            }
        }
    }

    /// What ended before this daemon started, for phones that come back.
    pub(super) async fn recall(&self) {
        let most = u32::try_from(MOST_OVER).unwrap_or(u32::MAX);
        match self.parts().port.latest(most).await {
            Ok(latest) => {
                let mut state = self.state();
                for (row, nonce) in latest.iter().rev() {
                    state.desk.recall(row, *nonce);
                }
            }
            Err(failure) => warn!(%failure, "phones do not hear what ended before"),
        }
    }

    /// Tells phones that are no longer listed, and closes their inboxes. While root's file cannot be read
    /// nobody is believed, but nobody was removed, either.
    pub(super) fn let_go(&self, known: &mut Vec<Phone>) {
        let Ok(now) = self.parts().phones.now() else {
            return;
        };
        for gone in known.iter() {
            if !now.iter().any(|phone| phone.is(gone)) {
                let address = gone.address();
                self.parts().inboxes.revoke(address);
                self.parts().ring.subscribe(address, None);
                self.state().heard.remove(&address);
            }
        }
        // One that came and went between two looks was never known.
        for address in self.parts().inboxes.addresses() {
            if !now.iter().any(|phone| phone.address() == address) {
                self.parts().inboxes.revoke(address);
            }
        }
        *known = now.to_vec();
    }

    /// Gives back what nobody can answer here any more.
    pub(super) async fn give_back(&self, given_back: &mut Vec<Uuid>) {
        let Some(why) = self.parts().phones.nobody() else {
            given_back.clear();
            return;
        };
        let waiting = self.state().desk.waiting();
        given_back.retain(|id| waiting.contains(id));
        for id in waiting {
            if !given_back.contains(&id) {
                given_back.push(id);
                let why = format!("nobody can be asked any more (app: {why})");
                let port = &self.parts().port;
                port.unreached(id, EvidenceKind::App, why, true).await;
            }
        }
    }

    /// Sends what is to be pushed, until the daemon ends.
    pub(super) async fn push(&self) {
        self.parts().ring.run().await;
    }

    /// Where a request stands, for whoever knows its nonce.
    pub(crate) fn state_of(&self, id: Uuid, nonce: &Hex32) -> Option<String> {
        self.state().desk.standing(id, nonce).map(str::to_owned)
    }

    /// How each device is reached.
    pub(crate) fn reach(&self) -> Vec<DeviceReach> {
        let reach = |phone: &Phone| DeviceReach {
            device: phone.key.id(),
            listens: self.parts().inboxes.listens(phone.address()),
            heard_at_ms: self.state().heard.get(&phone.address()).copied(),
            push: self.parts().ring.health(phone.address()),
        };
        self.phones().iter().map(reach).collect()
    }

    /// Root's command and phones that pair.
    pub(crate) fn pairing(&self) -> &Pairing {
        &self.0.pairing
    }

    /// Those whom root lists now. When the file cannot be read, nobody.
    fn phones(&self) -> Arc<[Phone]> {
        self.parts().phones.now().unwrap_or_default()
    }

    fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
