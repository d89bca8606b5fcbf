//! What the simulator's threads share.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use uuid::Uuid;

use crate::builder::ReceiveMode;
use crate::faults::Faults;
use crate::lines::Connection;
use crate::people::{Account, Known, Person, UNVERIFIED, VERIFIED};
use crate::record::{Call, Message};

/// What does not change.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) version: String,
    pub(crate) receive: ReceiveMode,
    pub(crate) several: bool,
    pub(crate) trusts_new_keys: bool,
    pub(crate) keep_alive: Duration,
    pub(crate) socket_mode: u32,
    pub(crate) socket_uid: Option<u32>,
    pub(crate) socket_gid: Option<u32>,
}

impl Setup {
    /// Whether the version is at least this one.
    pub(crate) fn is_since(&self, version: [u32; 3]) -> bool {
        let mut own = [0; 3];
        for (place, part) in own.iter_mut().zip(self.version.split('.')) {
            *place = part.parse().unwrap_or(0);
        }
        own >= version
    }
}

/// One thing that waits on Signal's server for our account.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) account: String,
    /// By whose key it is encrypted; nothing: by that of one of our own devices.
    pub(crate) sender: Option<Uuid>,
    /// `{"envelope":…,"account":…}`.
    pub(crate) params: Value,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) accounts: Vec<Account>,
    pub(crate) known: Vec<Known>,
    pub(crate) calls: Vec<Call>,
    pub(crate) sent: Vec<Message>,
    pub(crate) faults: Faults,
    /// On the server.
    pub(crate) mail: VecDeque<Mail>,
    /// Taken from the server, but from a key that is not trusted.
    pub(crate) withheld: Vec<Mail>,
    /// Overtaken by the next one.
    pub(crate) held_back: Option<Mail>,
    /// The deliverer is writing.
    pub(crate) delivering: bool,
    pub(crate) connections: Vec<Arc<Connection>>,
    pub(crate) next_subscription: i64,
    pub(crate) listening: bool,
    pub(crate) over: bool,
    last_timestamp: u64,
    /// Where a phone scanned the linking code: the number of its account.
    pub(crate) linked: Option<String>,
    pub(crate) link_uri: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) setup: Setup,
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(setup: Setup, accounts: Vec<Account>, known: Vec<Known>) -> Arc<Self> {
        let mut state = State {
            known,
            ..State::default()
        };
        for account in &accounts {
            state.know_own(account);
        }
        state.accounts = accounts;
        Arc::new(Self {
            setup,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something that others may wait for.
    pub(crate) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `found` finds something. Nothing: the time is over.
    pub(crate) fn wait<T>(
        &self,
        patience: Duration,
        mut found: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(result) = found(&mut state) {
                return Some(result);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits while the process is stopped.
    pub(crate) fn wait_while_it_hangs(&self) {
        let _ = self.wait(Duration::from_secs(3600), |state| {
            (!state.faults.hang || !state.listening).then_some(())
        });
    }
}

impl State {
    /// An account knows its own identity key.
    pub(crate) fn know_own(&mut self, account: &Account) {
        let known = self.known(&account.owner());
        known.trust = VERIFIED;
        known.met = Some(now_ms());
    }

    /// A timestamp for a message: now, and later than each before.
    pub(crate) fn next_timestamp(&mut self) -> u64 {
        self.last_timestamp = now_ms().max(self.last_timestamp + 1);
        self.last_timestamp
    }

    /// The number of a new subscription.
    pub(crate) fn take_subscription(&mut self) -> i64 {
        self.next_subscription += 1;
        self.next_subscription - 1
    }

    /// The account that people write to where nobody says another.
    #[track_caller]
    pub(crate) fn first_account(&self) -> Account {
        self.accounts
            .first()
            .expect("the simulator has an account")
            .clone()
    }

    /// The person as the account knows them; a stranger is somebody on Signal, too.
    pub(crate) fn known(&mut self, person: &Person) -> &mut Known {
        let found = self
            .known
            .iter()
            .position(|known| known.person.aci == person.aci);
        let index = found.unwrap_or_else(|| {
            self.known.push(Known {
                person: person.clone(),
                key: 0,
                trust: UNVERIFIED,
                met: None,
            });
            self.known.len() - 1
        });
        &mut self.known[index]
    }

    /// Whom a recipient's name names.
    pub(crate) fn named(&mut self, recipient: &str) -> Option<&mut Known> {
        self.known
            .iter_mut()
            .rev()
            .find(|known| known.person.is_named(recipient))
    }

    pub(crate) fn knows(&self, aci: Uuid) -> Option<&Known> {
        self.known.iter().find(|known| known.person.aci == aci)
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.expect("a clock after 1970").as_millis()).expect("a clock before 2500")
}

/// Nanoseconds of `CLOCK_MONOTONIC`.
pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).expect("a clock that began at 0")
}
