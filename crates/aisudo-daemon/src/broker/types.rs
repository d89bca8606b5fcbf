//! What goes into the broker and what comes out of it.

use aisudo_core::{
    config::Config,
    evidence::{Decision, Evidence, EvidenceKind, Verdict},
    policy::Ruling,
    raw::Hex32,
    state::{Tick, Ticket},
    wire::Standing,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{record::Record, store::StoreError};

/// One connection of a gate, told apart from those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// The two clocks, read once per batch of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// What deadlines run on.
    pub tick: Tick,
    /// What people read, in milliseconds since 1970.
    pub unix_ms: u64,
}

/// What the broker never exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Live requests of one uid.
    pub pending_per_uid: usize,
    /// Live requests of all.
    pub pending: usize,
    /// The longest wait for an answer, in milliseconds.
    pub timeout_ms: u64,
    /// Requests of one uid that people may be asked about in a minute.
    pub requests_per_minute: u32,
    /// The same of all uids.
    pub requests_per_minute_all: u32,
    /// Requests of one uid that the policy may answer in a minute.
    pub ruled_per_minute: u32,
    /// How long a command that was denied is not asked about again, in milliseconds.
    pub cooldown_ms: u64,
}

impl From<&Config> for Caps {
    fn from(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            pending_per_uid: limits.pending_per_uid,
            pending: limits.pending,
            timeout_ms: u64::from(config.gate.timeout) * 1000,
            requests_per_minute: limits.requests_per_minute,
            requests_per_minute_all: limits.requests_per_minute_all,
            ruled_per_minute: limits.ruled_per_minute,
            cooldown_ms: u64::from(limits.cooldown) * 1000,
        }
    }
}

/// What is asked of the broker.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// A gate asks, for the first time or again.
    Ask(Box<Ask>),
    /// A gate is about to let its command through.
    Release {
        /// The request.
        id: Uuid,
        /// Whose gate it is.
        connection: ConnectionId,
        /// Drawn by the gate for this run.
        token: Hex32,
    },
    /// A gate went away, or gave up.
    Leave {
        /// The request.
        id: Uuid,
        /// Whose gate it was.
        connection: ConnectionId,
        /// Why, in one short phrase.
        why: String,
    },
    /// An approver answers.
    Decide(Box<Answer>),
    /// A channel found that it cannot ask about a request after all.
    Unreached {
        /// The request.
        id: Uuid,
        /// The channel.
        by: EvidenceKind,
        /// Why, in one short phrase.
        why: String,
        /// Whether root's fallback may take the place of an answer, if no other channel asks.
        fallback: bool,
    },
    /// Something to be recorded that changes no request.
    Note(Box<Record>),
    /// Root has changed the limits.
    Limit(Caps),
}

/// A gate's question.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The gate's connection.
    pub connection: ConnectionId,
    /// The request.
    pub id: Uuid,
    /// The digest of its bytes.
    pub digest: Hex32,
    /// Its nonce.
    pub nonce: Hex32,
    /// What it has in common with others like it.
    pub fingerprint: Hex32,
    /// What it shares with every request to run the same, wherever and why ever.
    pub command: Hex32,
    /// What root's policy says of it.
    pub ruling: Ruling,
    /// SHA-256 of that policy.
    pub policy: Hex32,
    /// Drawn by the gate for this run.
    pub token: Hex32,
    /// Who asks.
    pub uid: u32,
    /// The waiting sudo.
    pub pid: i32,
    /// Its start time.
    pub start_time: u64,
    /// How long the gate waits.
    pub timeout_ms: u64,
    /// The channels on which somebody can be asked now, or why there is none.
    pub reached: Result<Vec<EvidenceKind>, NotReached>,
    /// The frozen bytes.
    pub body: String,
    /// The same, parsed.
    pub facts: Value,
}

/// Why nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReached {
    /// In one short phrase.
    pub why: String,
    /// Whether root's fallback may take the place of an answer.
    pub fallback: bool,
}

/// An approver's answer, from whatever channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which request.
    pub id: Uuid,
    /// The digest of what the approver saw.
    pub digest: Hex32,
    /// The nonce that came back with the answer, on channels where it does.
    pub nonce: Option<Hex32>,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who, as the host knows them.
    pub approver: String,
    /// Their own words.
    pub note: Option<String>,
    /// Why it may be believed.
    pub evidence: Evidence,
    /// The local uid behind it, where there is one.
    pub decider: Option<u32>,
}

/// What a command came to. Told to nobody before it is on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The gate waits, or hears at once what was decided while it was away.
    Waiting {
        /// The name by which people answer.
        code: String,
        /// How long an answer is waited for, in seconds.
        seconds: u64,
        /// What it hears first.
        news: News,
    },
    /// The gate hears an end that it missed; nothing follows but the repeated release.
    Ended {
        /// The name by which people answered.
        code: String,
        /// The end.
        news: News,
    },
    /// The policy allows it, and its release is recorded: the command may run, once.
    Allowed(Box<Decision>),
    /// The policy denies it.
    Rejected(Box<Decision>),
    /// The policy wants the password for it.
    Password {
        /// The rule; nothing when it is the policy's default.
        rule: Option<String>,
    },
    /// The command may run, once.
    Released,
    /// No.
    Refused {
        /// Why, in one short phrase.
        why: String,
        /// Whether root's fallback may take the place of an answer.
        fallback: bool,
    },
    /// Done.
    Done,
    /// An answer that was not taken: one line that says why.
    NotTaken(String),
}

/// What a waiting gate hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing yet.
    None,
    /// An answer.
    Decided(Box<Decision>),
    /// Nobody answered in time.
    Expired,
    /// Nobody could be asked after all.
    NotReached(Box<NotReached>),
}

/// All that one command brings about.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// The answer to whoever gave the command.
    pub outcome: Outcome,
    /// What must be on disk before anything of this counts.
    pub records: Vec<Record>,
    /// What the gates of these requests hear, if they are here.
    pub news: Vec<(Uuid, News)>,
}

impl Effects {
    /// An answer, and nothing else.
    #[must_use]
    pub fn only(outcome: Outcome) -> Self {
        Self {
            outcome,
            records: Vec::new(),
            news: Vec::new(),
        }
    }
}

/// A request as it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it is.
    pub ticket: Ticket,
    /// Where it stands.
    pub standing: Standing,
    /// When it was recorded, in milliseconds since 1970.
    pub asked_at_ms: u64,
    /// The run of the host in which its deadline means something.
    pub boot_id: String,
}

/// What the broker must know of requests that it no longer holds.
pub trait History {
    /// A request, live or over.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn find(&self, id: Uuid) -> Result<Option<Stored>, StoreError>;

    /// Whether a request was known by this code since then.
    ///
    /// # Errors
    /// When the database cannot be read.
    fn code_used_since(&self, code: &str, since_ms: u64) -> Result<bool, StoreError>;
}
