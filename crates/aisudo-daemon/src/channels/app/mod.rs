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

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aisudo_core::{config, evidence::EvidenceKind, wire::Row};
use aisudo_seal::envelope::SecretKey;
use tracing::warn;

use self::phones::Phone;
pub(crate) use self::{
    answers::Named,
    hub::Hub,
    inboxes::Envelopes,
    pairing::{Pairing, Pairs},
    ring::Ring,
};
use super::{Announcement, Channel, Port, Reach, Work, mailbox::Mailbox};
use crate::http;

/// How often root's list is looked at, for devices that come and go.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is read and opened while the daemon starts.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) config: config::App,
    pub(crate) key: SecretKey,
    pub(crate) ring: Ring,
    pub(crate) http: http::Opened,
}

/// The channel, as the writer sees it.
#[derive(Debug)]
pub(super) struct App {
    mailbox: Mailbox,
    health: Health,
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

/// How the channel is. Clones are the same.
#[derive(Clone, Debug, Default)]
struct Health {
    reach: Reach,
    text: Arc<Mutex<String>>,
}

impl Health {
    fn set(&self, text: String, why_not: Option<String>) {
        *self.text.lock().unwrap_or_else(PoisonError::into_inner) = text;
        self.reach.set(why_not);
    }
}

impl App {
    /// The channel, what must run for it, and the door for root's commands.
    pub(super) fn new(opened: Opened) -> (Self, Work, Door) {
        let (mailbox, health, door) = <(Mailbox, Health, Door)>::default();
        let channel = Self {
            mailbox: mailbox.clone(),
            health: health.clone(),
        };
        // Until root's list was looked at.
        health.set("starts".to_owned(), Some(NO_PHONE.to_owned()));
        let opened_door = door.clone();
        let work: Work =
            Box::new(move |port| Box::pin(run(opened, mailbox, health, opened_door, port)));
        (channel, work, door)
    }
}

/// Why nobody can be asked.
const NO_PHONE: &str = "no phone is paired; root runs: aisudo pair NAME";

async fn run(opened: Opened, mailbox: Mailbox, health: Health, door: Door, port: Port) {
    let Opened {
        config,
        key,
        ring,
        http,
    } = opened;
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let hub = Hub::new(host, key, port, ring.clone(), Pairing::default());
    door.open(hub.clone());
    let served = http::serve(http, &config, hub.clone());
    let watched = watch(&hub, &mailbox, &health);
    tokio::select! {
        served = served => {
            if let Err(error) = served {
                warn!(%error, "the app's port failed");
            }
        }
        () = watched => {}
        () = ring.run() => {}
    }
}

/// Brings to the hub what comes from the writer, and what root has changed in the list.
async fn watch(hub: &Hub, mailbox: &Mailbox, health: &Health) {
    let mut phones: Vec<Phone> = hub.phones();
    loop {
        let why_not = phones.is_empty().then(|| NO_PHONE.to_owned());
        health.set(hub.health(&phones), why_not);
        tokio::select! {
            () = mailbox.came() => hub.take(mailbox.take()),
            () = hub.pairing().ended() => phones = hub.let_go(&phones),
            () = tokio::time::sleep(LOOK_AGAIN) => phones = hub.let_go(&phones),
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
        self.health.reach.clone()
    }

    fn health(&self) -> String {
        self.health
            .text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
