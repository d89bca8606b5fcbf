//! Pushes: what rings at phones that do not listen. What is pushed is sealed like everything else.

mod file;
mod send;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::{
    base64url::{self, Base64},
    config::App,
    device::KeyId,
    paths::Paths,
    state::Tick,
};
use aisudo_push::{Allowed, Client, Contact, Sender, Vapid};
use aisudo_seal::message::Subscription;
use aisudo_sys::clock::boottime;
use rand_core::OsRng;
use tokio::sync::Notify;
use tracing::warn;
use uuid::Uuid;

use self::file::Subscriptions;
use super::key;
use crate::private_file;

/// How long the push about a request's end may be delivered, in milliseconds.
pub(super) const WITHDRAWN_MS: u64 = 600_000;

/// Whom push services can write to when root names nobody and the host has no public name.
const NOBODY: &str = "https://aisudo.invalid";

/// Pushes that wait to be sent.
const MOST_WAITING: usize = 4096;

/// What a push is about: a later one takes the place of one that was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Topic([u8; 16]);

impl Topic {
    /// A request.
    pub(super) fn of(id: Uuid) -> Self {
        Self(id.into_bytes())
    }

    /// A test.
    pub(super) fn of_test() -> Self {
        Self([0; 16])
    }
}

/// Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Ring(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    sender: Sender,
    client: Client,
    allowed: Allowed,
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug)]
struct State {
    subscriptions: Subscriptions,
    waiting: BTreeMap<(KeyId, Topic), Push>,
    /// Those on their way: what is newer about the same waits for them, or it could be overtaken.
    sending: BTreeSet<(KeyId, Topic)>,
    /// What push services said of the last push to each, where they took it not and never will.
    refused: BTreeMap<KeyId, String>,
}

/// Something to be pushed.
#[derive(Clone, Debug)]
struct Push {
    envelope: Vec<u8>,
    until: Tick,
    not_before: Tick,
    tries: u32,
}

impl Ring {
    /// As root wants it, with the host's own key.
    ///
    /// # Errors
    /// One line that says what to do.
    pub(crate) fn open(config: &App, paths: &Paths) -> Result<Self, String> {
        if !config.push.enabled {
            return Ok(Self(None));
        }
        let contact = config.push.contact.as_ref().unwrap_or(&config.url);
        let contact = match Contact::new(contact) {
            Ok(contact) => contact,
            // Push services want to be able to write to somebody; they need not know where this is.
            Err(_) if config.push.contact.is_none() => {
                Contact::new(NOBODY).map_err(|error| error.to_string())?
            }
            Err(error) => return Err(format!("channels.app.push.contact: {error}")),
        };
        let mut allowed = Allowed::services();
        for origin in &config.push.services {
            let added = allowed.add(origin);
            added.map_err(|error| format!("channels.app.push.services: {origin}: {error}"))?;
        }
        let client = Client::with_system_roots().or_else(|error| {
            warn!(%error, "push services cannot be reached by TLS");
            Client::trusting(Vec::new())
        });
        let client = client.map_err(|error| error.to_string())?;
        let inner = Inner {
            sender: Sender::new(read_or_make(&paths.push_key())?, contact),
            client,
            allowed,
            state: Mutex::new(State {
                subscriptions: Subscriptions::read(paths.subscriptions()),
                waiting: BTreeMap::new(),
                sending: BTreeSet::new(),
                refused: BTreeMap::new(),
            }),
            came: Notify::new(),
        };
        Ok(Self(Some(Arc::new(inner))))
    }

    /// What a browser subscribes with.
    pub(super) fn public_key(&self) -> Option<Base64> {
        let inner = self.0.as_ref()?;
        Some(Base64(inner.sender.vapid().public().to_vec()))
    }

    /// Whether pushes to a device work; nothing when it has not subscribed.
    pub(super) fn works(&self, device: KeyId) -> Option<bool> {
        self.0.as_ref()?.state().subscriptions.works(device)
    }

    /// Whether a push to it can be tried.
    pub(super) fn reaches(&self, device: KeyId) -> bool {
        self.works(device) == Some(true)
    }

    /// In one short phrase.
    pub(super) fn health(&self, device: KeyId) -> String {
        let Some(inner) = &self.0 else {
            return "not offered".to_owned();
        };
        let state = inner.state();
        match (
            state.subscriptions.works(device),
            state.refused.get(&device),
        ) {
            (None, _) => "off".to_owned(),
            (Some(true), None) => "on".to_owned(),
            (Some(true), Some(why)) => format!("refused by the push service: {why}"),
            (Some(false), _) => "expired: turn notifications on again on the phone".to_owned(),
        }
    }

    /// How pushes are in all, in one short phrase.
    pub(super) fn health_of_all(&self, devices: impl Iterator<Item = KeyId>) -> String {
        if self.0.is_none() {
            return "push not offered".to_owned();
        }
        let works: Vec<Option<bool>> = devices.map(|device| self.works(device)).collect();
        let count = |wanted| works.iter().filter(|works| **works == wanted).count();
        let on = match count(Some(true)) {
            0 => "push off".to_owned(),
            all if all == works.len() => "push on".to_owned(),
            some => format!("push on for {some}"),
        };
        match count(Some(false)) {
            0 => on,
            gone => format!("{on}, expired for {gone}"),
        }
    }

    /// From now on pushes to this device go there, or nowhere.
    pub(super) fn subscribe(&self, device: KeyId, subscription: Option<Subscription>) {
        let Some(inner) = &self.0 else { return };
        if let Some(wanted) = &subscription
            && let Err(why) = subscription_of(wanted).check(&inner.allowed)
        {
            warn!(device = %device, %why, "a push subscription is not taken");
            return;
        }
        let mut state = inner.state();
        if let Err(why) = state.subscriptions.set(device, subscription) {
            warn!(%why, "push subscriptions are not kept");
        }
        state.waiting.retain(|(to, _), _| *to != device);
        state.refused.remove(&device);
    }

    /// Pushes, for so long as it makes sense.
    pub(super) fn push(&self, device: KeyId, envelope: Vec<u8>, topic: Topic, for_ms: u64) {
        let Some(inner) = &self.0 else { return };
        let now = boottime();
        let push = Push {
            envelope,
            until: Tick(now.0.saturating_add(for_ms)),
            not_before: now,
            tries: 0,
        };
        let mut state = inner.state();
        if state.waiting.len() < MOST_WAITING {
            state.waiting.insert((device, topic), push);
            inner.came.notify_one();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn subscription_of(subscription: &Subscription) -> aisudo_push::Subscription {
    aisudo_push::Subscription {
        endpoint: subscription.endpoint.clone(),
        p256dh: base64url::encode(&subscription.p256dh.0),
        auth: base64url::encode(&subscription.auth.0),
    }
}

/// The key that push services and browsers know this host by.
fn read_or_make(path: &Path) -> Result<Vapid, String> {
    if let Some(bytes) = private_file::read(path, key::LENGTH)? {
        return Vapid::from_bytes(&bytes).map_err(|_| {
            format!(
                "{} is no key; remove it, and turn notifications on again on each phone",
                path.display()
            )
        });
    }
    let vapid = Vapid::generate(&mut OsRng);
    private_file::write(path, &*vapid.to_bytes())?;
    Ok(vapid)
}
