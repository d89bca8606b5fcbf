//! Approvers at their phones, with aisudo's own app.
//!
//! ```text
//! writer ─▶ mailbox ─▶ hub ─▶ desk (what waits, and its reply keys)
//!                       │ ▲
//!                 sealed│ │sealed
//!                       ▼ │
//!      carriers: http (inboxes), ring (Web Push) ◀─▶ phone
//! ```
//!
//! With `accept = ["app"]` this is a courier: the phone shows the request from its own bytes and signs their
//! digest, and the gate verifies that itself.

mod answers;
mod desk;
mod hub;
mod inboxes;
pub(crate) mod key;
mod pairing;
mod phones;
mod ring;
#[cfg(test)]
mod sample;
mod seen;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aisudo_core::{config, evidence::EvidenceKind, paths::Paths, wire::Row};
use aisudo_seal::envelope::SecretKey;
use tracing::warn;

pub(crate) use self::{
    answers::Named,
    hub::{Confirmed, Hub, Letters, No},
    pairing::{Messages, Pairs},
    ring::Ring,
};
use self::{hub::Parts, inboxes::Inboxes, phones::Phones};
use super::{Announcement, Channel, Reach, Work, mailbox::Mailbox};
use crate::http;

/// How often root's list is looked at, for devices that come and go.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is read and opened while the daemon starts.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) paths: Paths,
    pub(crate) config: config::App,
    pub(crate) key: SecretKey,
    pub(crate) ring: Ring,
    pub(crate) http: http::Opened,
}

/// The channel, as the writer sees it.
#[derive(Debug)]
pub(super) struct App {
    mailbox: Mailbox,
    phones: Phones,
    inboxes: Inboxes,
    ring: Ring,
    reach: Reach,
}

/// For root's commands, once the work has begun. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<Mutex<Option<Hub>>>);

impl Door {
    /// The hub, if the channel is set up.
    pub(crate) fn hub(&self) -> Option<Hub> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn open(&self, hub: Hub) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(hub);
    }
}

impl App {
    /// The channel, what must run for it, and the door for root's commands.
    pub(super) fn new(opened: Opened) -> (Self, Work, Door) {
        let phones = Phones::new(opened.paths.clone());
        let looked_at = phones.clone();
        let channel = Self {
            mailbox: Mailbox::default(),
            phones,
            inboxes: Inboxes::default(),
            ring: opened.ring.clone(),
            reach: Reach::looked_up(move || looked_at.nobody()),
        };
        let door = Door::default();
        let (mailbox, opened_door) = (channel.mailbox.clone(), door.clone());
        let (phones, inboxes) = (channel.phones.clone(), channel.inboxes.clone());
        let work: Work = Box::new(move |port| {
            let parts = Parts {
                host: host_name(),
                key: opened.key,
                port,
                mailbox: mailbox.clone(),
                phones,
                inboxes,
                ring: opened.ring,
            };
            let hub = Hub::new(parts);
            opened_door.open(hub.clone());
            Box::pin(run(hub, mailbox, opened.http, opened.config))
        });
        (channel, work, door)
    }
}

fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

async fn run(hub: Hub, mailbox: Mailbox, http: http::Opened, config: config::App) {
    hub.recall().await;
    tokio::select! {
        served = http::serve(http, &config, hub.clone()) => {
            if let Err(error) = served {
                warn!(%error, "the app's port failed");
            }
        }
        () = watch(&hub, &mailbox) => {}
        () = hub.push() => {}
    }
}

/// Brings to the hub what comes from the writer, and what root has changed in the list.
async fn watch(hub: &Hub, mailbox: &Mailbox) {
    let (mut known, mut given_back) = (Vec::new(), Vec::new());
    loop {
        hub.let_go(&mut known);
        hub.collect();
        hub.give_back(&mut given_back).await;
        tokio::select! {
            () = mailbox.came() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

impl Channel for App {
    fn kind(&self) -> EvidenceKind {
        EvidenceKind::App
    }

    fn announce(&mut self, announcement: &Announcement<'_>) {
        self.mailbox.announce(announcement);
    }

    fn update(&mut self, row: &Row) {
        self.mailbox.update(row);
    }

    fn reach(&self) -> Reach {
        self.reach.clone()
    }

    /// How many there are, how many listen, and how pushes are.
    fn health(&self) -> String {
        let phones = match self.phones.now() {
            Ok(phones) if phones.is_empty() => return self.phones.nobody().unwrap_or_default(),
            Ok(phones) => phones,
            Err(why) => return format!("no phone is believed: {why}"),
        };
        let addresses = || phones.iter().map(phones::Phone::address);
        let listen = addresses().filter(|one| self.inboxes.listens(*one)).count();
        let devices = match phones.len() {
            1 => "1 device".to_owned(),
            count => format!("{count} devices"),
        };
        let listen = match listen {
            0 => "none listens".to_owned(),
            1 => "1 listens".to_owned(),
            count => format!("{count} listen"),
        };
        format!(
            "{devices}, {listen}, {}",
            self.ring.health_of_all(addresses())
        )
    }
}
