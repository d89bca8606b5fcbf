//! How a simulator is set up.

use std::path::PathBuf;
use std::time::Duration;

use crate::people::{Account, Known, Person, UNVERIFIED};
use crate::sim::Sim;
use crate::state::{Setup, now_ms};

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `--socket`.
    Unix(PathBuf),
    /// `--tcp`, on a free port of 127.0.0.1.
    Tcp,
    /// `--http`, on a free port of 127.0.0.1.
    Http,
}

/// `--receive-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiveMode {
    /// What comes while nobody is connected waits on the server.
    OnConnection,
    /// What comes while nobody is connected is lost.
    OnStart,
    /// As on-connection, for those who subscribed.
    Manual,
}

/// Made by [`Sim::builder`].
#[derive(Debug)]
pub struct Builder {
    setup: Setup,
    accounts: Vec<Account>,
    known: Vec<Known>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            setup: Setup {
                version: "0.14.6".to_owned(),
                receive: ReceiveMode::OnConnection,
                several: false,
                trusts_new_keys: false,
                keep_alive: Duration::from_secs(15),
                socket_mode: 0o600,
                socket_uid: None,
                socket_gid: None,
            },
            accounts: Vec::new(),
            known: Vec::new(),
        }
    }

    /// An account with a number of its own. With more than one, or [`Self::serves_several`], the daemon
    /// runs without `-a`.
    #[must_use]
    pub fn account(mut self, number: &str) -> Self {
        self.accounts.push(Account::new(number, false));
        self.setup.several |= self.accounts.len() > 1;
        self
    }

    /// An account that is linked to its owner's phone.
    #[must_use]
    pub fn linked_account(mut self, number: &str) -> Self {
        self.accounts.push(Account::new(number, true));
        self.setup.several |= self.accounts.len() > 1;
        self
    }

    /// Without `-a`: calls need `account` unless there is just one.
    #[must_use]
    pub fn serves_several(mut self) -> Self {
        self.setup.several = true;
        self
    }

    /// Somebody whom the account has met: their identity key is known.
    #[must_use]
    pub fn person(mut self, person: &Person) -> Self {
        self.known.push(Known {
            person: person.clone(),
            key: 0,
            trust: UNVERIFIED,
            met: Some(now_ms()),
        });
        self
    }

    /// Somebody on Signal whom the account has not met.
    #[must_use]
    pub fn stranger(mut self, person: &Person) -> Self {
        self.known.push(Known {
            person: person.clone(),
            key: 0,
            trust: UNVERIFIED,
            met: None,
        });
        self
    }

    /// What it calls its version. Polls came with 0.13.23; 0.14.6 otherwise.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.setup.version);
        self
    }

    /// `--receive-mode`.
    #[must_use]
    pub fn receive(mut self, mode: ReceiveMode) -> Self {
        self.setup.receive = mode;
        self
    }

    /// `--trust-new-identities=always`: a changed key is believed in silence.
    #[must_use]
    pub fn trusts_new_keys(mut self) -> Self {
        self.setup.trusts_new_keys = true;
        self
    }

    /// How often HTTP's events are kept alive; 15 s otherwise.
    #[must_use]
    pub fn keep_alive(mut self, every: Duration) -> Self {
        self.setup.keep_alive = every;
        self
    }

    /// The Unix socket's mode; 0600 otherwise.
    #[must_use]
    pub fn socket_mode(mut self, mode: u32) -> Self {
        self.setup.socket_mode = mode;
        self
    }

    /// Whose the Unix socket is, on disk and as `SO_PEERCRED` says. Needs root.
    #[must_use]
    pub fn socket_uid(mut self, uid: u32) -> Self {
        self.setup.socket_uid = Some(uid);
        self
    }

    /// The group of the Unix socket. Needs root.
    #[must_use]
    pub fn socket_gid(mut self, gid: u32) -> Self {
        self.setup.socket_gid = Some(gid);
        self
    }

    /// Starts to listen.
    ///
    /// # Panics
    /// It cannot listen there.
    #[must_use]
    #[track_caller]
    pub fn start(self, endpoint: Endpoint) -> Sim {
        Sim::start(self.setup, self.accounts, self.known, endpoint)
    }
}
