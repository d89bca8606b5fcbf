//! Where carriers, the ledger and root's commands meet: what is said to phones, and what they say.
//!
//! Nothing here knows how an envelope travels. A carrier brings what phones send ([`Hub::listen`],
//! [`Hub::message`], [`Hub::decide`], [`Hub::state`]), and takes what is for them: from an inbox that a phone
//! has opened, or from the [`Ring`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::{
    device::KeyId,
    raw::Hex32,
    wire::{DeviceReach, Head, Row},
};
use aisudo_seal::{
    envelope::{Envelope, SecretKey, seal},
    message::{DeviceSays, HostSays, ToDevice},
};
use rand_core::OsRng;
use tokio::sync::oneshot;
use tracing::debug;
use uuid::Uuid;

use super::{
    answers::{self, Named, No},
    desk::Desk,
    inboxes::{Envelopes, Inboxes},
    pairing::Pairing,
    phones::Phone,
    ring::{Ring, Topic},
};
use crate::{
    channels::{Port, mailbox::Letter},
    limits::Refusals,
    record::Record,
};

/// How long a test may wait for its confirmation.
const TEST_PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// The hub. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    host: String,
    key: SecretKey,
    port: Port,
    ring: Ring,
    pairing: Pairing,
    state: Mutex<State>,
    refusals: Refusals,
}

#[derive(Debug, Default)]
struct State {
    desk: Desk,
    inboxes: Inboxes,
    /// When something came from a device last, in milliseconds since 1970.
    heard: HashMap<KeyId, u64>,
    /// Tests that wait to be confirmed.
    tests: HashMap<Hex32, oneshot::Sender<()>>,
}

impl Hub {
    pub(crate) fn new(
        host: String,
        key: SecretKey,
        port: Port,
        ring: Ring,
        pairing: Pairing,
    ) -> Self {
        Self(Arc::new(Inner {
            host,
            key,
            port,
            ring,
            pairing,
            state: Mutex::default(),
            refusals: Refusals::default(),
        }))
    }

    /// What has changed in the ledger.
    pub(crate) fn take(&self, letters: Vec<Letter>) {
        let phones = self.phones();
        for Letter { row, body } in letters {
            if let Some(body) = body {
                self.ask(&phones, row.clone(), body);
            }
            self.tell(&phones, &row);
        }
    }

    /// A request waits: every phone is asked.
    fn ask(&self, phones: &[Phone], row: Row, body: String) {
        let Some(nonce) = answers::nonce_of(&body, &row.digest) else {
            return;
        };
        let now = self.0.port.now();
        let id = row.id;
        let waits = HostSays::Waits {
            id,
            code: row.code.clone(),
        };
        let mut state = self.state();
        state.desk.add(row, body, nonce, now.tick);
        for phone in phones {
            let address = phone.address();
            let asked = state.desk.question(id, address, now.tick, &mut OsRng);
            let ms = state.desk.case(id).map(|case| case.remaining_ms(now.tick));
            let (Some(asked), Some(ms)) = (asked, ms) else {
                continue;
            };
            self.send(&mut state, phone, &asked);
            self.ring(phone, &[&asked, &waits], Topic::of(id), ms);
        }
    }

    /// A request has changed: every phone hears of it.
    fn tell(&self, phones: &[Phone], row: &Row) {
        let now = self.0.port.now();
        let mut state = self.state();
        let was_waiting = state.desk.waiting().contains(&row.id);
        let Some(changed) = state.desk.change(row, now.unix_ms) else {
            return;
        };
        let waits = state.desk.waiting().contains(&row.id);
        if waits {
            return;
        }
        for phone in phones {
            self.send(&mut state, phone, &changed);
            if was_waiting {
                // In place of the question, if that was not delivered yet.
                self.ring(
                    phone,
                    &[&changed],
                    Topic::of(row.id),
                    super::ring::WITHDRAWN_MS,
                );
            }
        }
    }

    /// To wherever the phone listens; says whether it does.
    fn send(&self, state: &mut State, phone: &Phone, said: &HostSays) -> bool {
        let Some(envelope) = self.seal(phone, said) else {
            return false;
        };
        state.inboxes.send(phone.address(), &envelope)
    }

    /// The first of these that a push can hold.
    fn ring(&self, phone: &Phone, said: &[&HostSays], topic: Topic, for_ms: u64) {
        if !self.0.ring.reaches(phone.address()) {
            return;
        }
        let sealed = said.iter().filter_map(|said| self.seal(phone, said));
        let fits = |envelope: &Vec<u8>| envelope.len() <= aisudo_seal::envelope::PUSH;
        if let Some(envelope) = sealed.into_iter().find(fits) {
            self.0.ring.push(phone.address(), envelope, topic, for_ms);
        }
    }

    fn seal(&self, phone: &Phone, said: &HostSays) -> Option<Vec<u8>> {
        let body = ToDevice {
            log: self.0.port.head(),
            sent_at_ms: self.0.port.now().unix_ms,
            said: said.clone(),
        };
        let body = zeroize::Zeroizing::new(serde_json::to_vec(&body).ok()?);
        seal(said.kind(), &self.0.key, &phone.seal, &body, &mut OsRng).ok()
    }

    /// A phone listens from now on: it hears what there is, and what comes.
    pub(crate) async fn listen(&self, envelope: &[u8]) -> Option<Envelopes> {
        let phones = self.phones();
        let (phone, DeviceSays::Listen { known }) = self.open(&phones, envelope)? else {
            return None;
        };
        let known = match known {
            Some(number) => self.0.port.entry(number).await,
            None => None,
        };
        Some(self.begin(&phones, phone, known))
    }

    fn begin(&self, phones: &[Phone], phone: &Phone, known: Option<Head>) -> Envelopes {
        let now = self.0.port.now();
        let address = phone.address();
        let mut state = self.state();
        let envelopes = state.inboxes.open(address);
        let waiting = state.desk.waiting();
        let seen = |one: &Phone| one.seen(state.inboxes.listens(one.address()));
        let inbox = HostSays::Inbox {
            host: self.0.host.clone(),
            pending: waiting.clone(),
            known,
            push: self.0.ring.public_key(),
            pushing: self.0.ring.works(address),
            devices: phones.iter().map(seen).collect(),
        };
        let ended: Vec<HostSays> = state.desk.ended().cloned().collect();
        let asked: Vec<HostSays> = waiting
            .into_iter()
            .filter_map(|id| state.desk.question(id, address, now.tick, &mut OsRng))
            .collect();
        for said in std::iter::once(&inbox).chain(&ended).chain(&asked) {
            if let Some(envelope) = self.seal(phone, said) {
                state.inboxes.send_newest(address, envelope);
            }
        }
        envelopes
    }

    /// Whatever else a phone says. Nothing comes back but that it was heard.
    pub(crate) async fn message(&self, envelope: &[u8]) -> Option<()> {
        let phones = self.phones();
        let (phone, said) = self.open(&phones, envelope)?;
        match said {
            // It would have to be answered in another way.
            DeviceSays::Listen { .. } => return None,
            DeviceSays::Delivered { id } => debug!(%id, device = %phone.key.id(), "delivered"),
            DeviceSays::Shown { id } => debug!(%id, device = %phone.key.id(), "shown"),
            DeviceSays::Tested { nonce } => {
                if let Some(waits) = self.state().tests.remove(&nonce) {
                    let _ = waits.send(());
                }
            }
            DeviceSays::Content { id, sha256 } => {
                // Only of what waits: the gate is asked.
                self.state().desk.case(id)?;
                let content = self.0.port.contents().of(id, sha256).await;
                let content = content.map(aisudo_core::base64url::Base64);
                let said = HostSays::Content {
                    id,
                    sha256,
                    content,
                };
                self.send(&mut self.state(), phone, &said);
            }
            DeviceSays::Push { subscription } => {
                self.0.ring.subscribe(phone.address(), subscription);
            }
        }
        Some(())
    }

    /// An answer: taken, and on disk.
    pub(crate) async fn decide(&self, named: Named, envelope: &[u8]) -> Option<()> {
        let phones = self.phones();
        let read = answers::read(&self.state().desk, &phones, named, envelope);
        match read {
            Ok((answer, phone)) => {
                self.heard(phone);
                match self.0.port.decide(answer).await {
                    Ok(Ok(())) => Some(()),
                    Ok(Err(_)) | Err(_) => None,
                }
            }
            Err(No::Noise) => None,
            Err(No::Refused { who, why }) => {
                self.refused(named.id, who, why).await;
                None
            }
        }
    }

    /// Only who holds a paired phone can cause such entries, and so many of them.
    async fn refused(&self, id: Uuid, who: String, why: String) {
        let now = self.0.port.now();
        if self.0.refusals.may_record(u32::MAX, now.tick) {
            let record = Record::DecisionRefused {
                id,
                uid: None,
                who,
                why,
            };
            let _ = self.0.port.note(record).await;
        }
    }

    /// Where a request stands, for whoever knows its nonce.
    pub(crate) fn state_of(&self, id: Uuid, nonce: &Hex32) -> Option<&'static str> {
        self.state().desk.state(id, nonce)
    }

    /// Root's command and phones that pair.
    pub(crate) fn pairing(&self) -> &Pairing {
        &self.0.pairing
    }

    /// How each device is reached.
    pub(crate) fn reach(&self) -> Vec<DeviceReach> {
        let phones = self.phones();
        let state = self.state();
        let reach = |phone: &Phone| DeviceReach {
            device: phone.key.id(),
            listens: state.inboxes.listens(phone.address()),
            heard_at_ms: state.heard.get(&phone.address()).copied(),
            push: self.0.ring.health(phone.address()),
        };
        phones.iter().map(reach).collect()
    }

    /// Sends a test; after how many milliseconds it was confirmed, and whether a push had to ring.
    ///
    /// # Errors
    /// One line that says what to try.
    pub(crate) async fn test(&self, device: KeyId) -> Result<(u64, bool), String> {
        let phones = self.phones();
        let phone = phones
            .iter()
            .find(|phone| phone.key.id() == device)
            .ok_or("no such device is listed; see: aisudo devices")?;
        let nonce = aisudo_sys::random::random_bytes().map_err(|error| error.to_string())?;
        let said = HostSays::Test {
            nonce: Hex32(nonce),
        };
        let (confirm, confirmed) = oneshot::channel();
        let began = self.0.port.now().tick;
        let listens = {
            let mut state = self.state();
            state.tests.insert(Hex32(nonce), confirm);
            self.send(&mut state, phone, &said)
        };
        if !listens {
            if !self.0.ring.reaches(phone.address()) {
                self.state().tests.remove(&Hex32(nonce));
                return Err("it does not listen and takes no pushes; open the app on it".to_owned());
            }
            let for_ms = u64::try_from(TEST_PATIENCE.as_millis()).unwrap_or_default();
            self.ring(phone, &[&said], Topic::of_test(), for_ms);
        }
        let heard = tokio::time::timeout(TEST_PATIENCE, confirmed).await;
        self.state().tests.remove(&Hex32(nonce));
        match heard {
            Ok(Ok(())) => Ok((self.0.port.now().tick.0.saturating_sub(began.0), !listens)),
            _ => Err(format!(
                "no answer within {} s; open the app on it, and look at its notifications",
                TEST_PATIENCE.as_secs()
            )),
        }
    }

    /// Tells phones that are no longer listed, and closes their inboxes.
    pub(crate) fn let_go(&self, before: &[Phone]) -> Vec<Phone> {
        let now = self.phones();
        let mut state = self.state();
        for gone in before {
            if now.iter().any(|phone| phone.address() == gone.address()) {
                continue;
            }
            self.send(&mut state, gone, &HostSays::Revoked);
            state.inboxes.close(gone.address());
            self.0.ring.subscribe(gone.address(), None);
        }
        now
    }

    /// Those whom root lists now. When the file cannot be read, nobody.
    pub(crate) fn phones(&self) -> Vec<Phone> {
        self.0
            .port
            .approvers()
            .map_or_else(|_| Vec::new(), |approvers| Phone::all(&approvers))
    }

    /// How many listen, and how pushes are.
    pub(crate) fn health(&self, phones: &[Phone]) -> String {
        let state = self.state();
        let listen = phones
            .iter()
            .filter(|phone| state.inboxes.listens(phone.address()))
            .count();
        let pushed = phones
            .iter()
            .filter(|phone| self.0.ring.reaches(phone.address()))
            .count();
        let plural = if phones.len() == 1 { "" } else { "s" };
        format!(
            "{} device{plural}, {listen} listening, {pushed} with pushes",
            phones.len()
        )
    }

    /// What a listed device says, if it is really from it.
    fn open<'a>(&self, phones: &'a [Phone], envelope: &[u8]) -> Option<(&'a Phone, DeviceSays)> {
        let envelope = Envelope::parse(envelope).ok()?;
        let phone = phones
            .iter()
            .find(|phone| phone.address() == envelope.sender())?;
        let opened = envelope.open(&self.0.key, &phone.seal).ok()?;
        let said: DeviceSays = serde_json::from_slice(&opened.body).ok()?;
        (said.kind() == opened.kind).then_some(())?;
        self.heard(phone);
        Some((phone, said))
    }

    fn heard(&self, phone: &Phone) {
        let now = self.0.port.now().unix_ms;
        self.state().heard.insert(phone.address(), now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
