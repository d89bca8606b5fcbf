//! The simulator's handle.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::builder::{Builder, Endpoint};
use crate::deliver::deliver;
use crate::faults::Faults;
use crate::listen::{Address, Listener};
use crate::people::{Account, Known, Person};
use crate::record::{Call, Message};
use crate::state::{Setup, Shared, State};

/// How long a test waits for something to happen.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A running simulator. It ends when this is dropped.
#[derive(Debug)]
pub struct Sim {
    shared: Arc<Shared>,
    address: Address,
    /// Keeps others from its port while it does not listen.
    _port: Option<OwnedFd>,
    listener: Mutex<Option<Listener>>,
    deliverer: Option<JoinHandle<()>>,
}

impl Sim {
    /// To set one up.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    #[track_caller]
    pub(crate) fn start(
        setup: Setup,
        accounts: Vec<Account>,
        known: Vec<Known>,
        endpoint: Endpoint,
    ) -> Self {
        assert!(
            setup.several || accounts.len() == 1,
            "with -a there is one account"
        );
        let shared = Shared::new(setup, accounts, known);
        let delivering = Arc::clone(&shared);
        let (address, port) = Address::of(endpoint);
        let sim = Self {
            shared,
            address,
            _port: port,
            listener: Mutex::default(),
            deliverer: Some(std::thread::spawn(move || deliver(&delivering))),
        };
        sim.start_again();
        sim
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Where it listens, as `connect` in `aisudo.toml` has it.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Changes what goes wrong.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        self.shared.change(|state| change(&mut state.faults))
    }

    /// Nothing goes wrong any more.
    pub fn no_faults(&self) {
        self.faults(|faults| *faults = Faults::default());
    }

    /// Ends at once, as by SIGKILL: nobody listens, connections are closed, a socket's file stays. The
    /// account and what was not delivered stay, too.
    pub fn stop(&self) {
        self.shared.change(|state| state.listening = false);
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(listener) = listener {
            listener.stop();
        }
        self.close_connections();
    }

    /// Listens again, in the same place.
    ///
    /// # Panics
    /// It cannot listen there.
    #[track_caller]
    pub fn start_again(&self) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(listener.is_none(), "the simulator is running");
        self.shared.change(|state| state.listening = true);
        *listener = Some(Listener::start(&self.address, &self.shared));
    }

    /// Closes each connection; new ones are accepted.
    pub fn close_connections(&self) {
        self.shared.change(|state| {
            for connection in state.connections.drain(..) {
                connection.close();
            }
        });
    }

    /// How many are connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.lock().connections.len()
    }

    /// Waits until somebody is connected and receives.
    #[track_caller]
    pub fn wait_for_receiver(&self) {
        let account = self.shared.lock().first_account().number;
        self.wait("somebody who receives", |state| {
            let receives =
                |connection: &Arc<crate::lines::Connection>| connection.receives(&account);
            state.connections.iter().any(receives).then_some(())
        });
    }

    /// Waits until nobody is connected: what people write now waits for whoever comes.
    #[track_caller]
    pub fn wait_until_alone(&self) {
        self.wait("the end of each connection", |state| {
            state.connections.is_empty().then_some(())
        });
    }

    /// Each call so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// Each message that went out so far.
    #[must_use]
    pub fn sent(&self) -> Vec<Message> {
        answered(&self.shared.lock()).cloned().collect()
    }

    /// Waits for a message, or finds it among those of before.
    ///
    /// # Panics
    /// It does not come; says what came.
    #[track_caller]
    pub fn wait_for_message(&self, is_it: impl Fn(&Message) -> bool) -> Message {
        self.wait("that message", |state| {
            answered(state).find(|message| is_it(message)).cloned()
        })
    }

    /// Waits until so many messages went out, and gives all there are.
    #[track_caller]
    pub fn wait_for_messages(&self, count: usize) -> Vec<Message> {
        self.wait(&format!("{count} messages"), |state| {
            let sent: Vec<Message> = answered(state).cloned().collect();
            (sent.len() >= count).then_some(sent)
        })
    }

    /// Waits for a call, or finds it among those of before.
    #[track_caller]
    pub fn wait_for_call(&self, is_it: impl Fn(&Call) -> bool) -> Call {
        self.wait("that call", |state| {
            state.calls.iter().find(|call| is_it(call)).cloned()
        })
    }

    /// What a phone shows now in the place of this message: its text after all edits.
    #[must_use]
    pub fn text_of(&self, timestamp: u64) -> String {
        text_of(&self.shared.lock(), timestamp)
    }

    /// Waits until a message's text, after its edits, is as wanted.
    #[track_caller]
    pub fn wait_for_text(&self, timestamp: u64, is_it: impl Fn(&str) -> bool) -> String {
        self.wait("that text", |state| {
            let text = text_of(state, timestamp);
            is_it(&text).then_some(text)
        })
    }

    /// Waits until all that people wrote so far was handed over, or lost.
    #[track_caller]
    pub fn flush(&self) {
        self.wait("the delivery of all there is", |state| {
            (state.mail.is_empty() && !state.delivering).then_some(())
        });
    }

    /// How many messages wait on the server.
    #[must_use]
    pub fn undelivered(&self) -> usize {
        self.shared.lock().mail.len()
    }

    /// The first account's owner, on their phone.
    #[must_use]
    pub fn owner(&self) -> Person {
        self.shared.lock().first_account().owner()
    }

    /// A phone scans the code of `startLink`: its account is linked.
    pub fn scan_link(&self, number: &str) {
        self.shared
            .change(|state| state.linked = Some(number.to_owned()));
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, found: impl FnMut(&mut State) -> Option<T>) -> T {
        let result = self.shared.wait(PATIENCE, found);
        result.unwrap_or_else(|| {
            let state = self.shared.lock();
            let calls: Vec<String> = state
                .calls
                .iter()
                .map(|call| format!("{} {}", call.method, call.params))
                .collect();
            panic!(
                "{what}: not within {PATIENCE:?}; {} connections, {} undelivered; calls:\n{}",
                state.connections.len(),
                state.mail.len(),
                calls.join("\n")
            )
        })
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.shared.change(|state| state.over = true);
        self.stop();
        if let Some(deliverer) = self.deliverer.take() {
            let _ = deliverer.join();
        }
    }
}

fn answered(state: &State) -> impl Iterator<Item = &Message> {
    state.sent.iter().filter(|message| message.answered)
}

/// An edit may name the original or the edit before it.
fn text_of(state: &State, timestamp: u64) -> String {
    let (mut names, mut text) = (vec![timestamp], String::new());
    for message in answered(state) {
        let is_edit = message.edits.is_some_and(|edits| names.contains(&edits));
        if is_edit || message.timestamp == timestamp {
            names.push(message.timestamp);
            text.clone_from(&message.text);
        }
    }
    text
}
