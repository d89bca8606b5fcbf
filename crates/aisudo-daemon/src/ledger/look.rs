//! Answers to those who only look.

use aisudo_core::{
    digest::normalize_code,
    evidence::EvidenceKind,
    raw::Hex32,
    state::Tick,
    wire::{Head, MAX_FRAME_BYTES, Row, Status},
};
use uuid::Uuid;

use crate::{
    broker::{Broker, Stored, stored_row},
    channels::Channels,
    store::{Prompted, Store, StoreError},
};

/// Rows of the past in one answer.
const MAX_ROWS: u32 = 500;

/// Rows that anyone sees of their own.
const MAX_OWN_ROWS: u32 = 20;

/// Messages that a channel remembers after a restart.
const MAX_PROMPTS: u32 = 500;

/// What an answer's rows or entries may take of a frame.
const MAX_PAGE_BYTES: usize = MAX_FRAME_BYTES - 4096;

/// What somebody wants to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// An approver's question; refused while this uid has a request waiting.
    Approver {
        /// Who looks.
        uid: u32,
        /// At what.
        what: What,
    },
    /// The newest messages of a channel, for that channel.
    Prompts {
        /// Which.
        channel: EvidenceKind,
    },
    /// The latest of all requests with their nonces, for a channel.
    Latest {
        /// How many at most.
        limit: u32,
    },
    /// The latest requests of one user, for that user.
    Mine {
        /// Who looks.
        uid: u32,
    },
}

/// What an approver looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Those waiting, oldest first, or the latest of all, newest first.
    List {
        /// The latest of all.
        all: bool,
    },
    /// One request, by id or code.
    Show {
        /// Which.
        which: String,
    },
    /// How the daemon is.
    Status,
    /// A page of the audit log.
    Audit {
        /// Those after this sequence number.
        after: u64,
        /// At most so many.
        limit: u32,
    },
}

/// What they see.
#[derive(Clone, Debug, PartialEq)]
pub enum View {
    /// Rows, and how many more there are than one frame holds.
    Rows(Vec<Row>, usize),
    /// One request, whole.
    Request(Box<Row>, String),
    /// The daemon's state.
    Status(Box<Status>),
    /// A page of the audit log.
    Audit {
        /// The entries.
        entries: Vec<String>,
        /// The newest of all.
        head: Head,
        /// The entry before the oldest of all.
        start: Head,
    },
    /// Messages, newest first, and where the requests stand.
    Prompts(Vec<(Prompted, Row)>),
    /// Requests, newest first, and their nonces.
    Latest(Vec<(Row, Hex32)>),
    /// No such request.
    NotFound,
    /// Not for this uid.
    Refused,
}

/// What there is to look at.
#[derive(Debug)]
pub(super) struct Here<'a> {
    pub(super) store: &'a Store,
    pub(super) broker: &'a Broker,
    pub(super) channels: &'a Channels,
    pub(super) now: Tick,
    pub(super) started: Tick,
    pub(super) keeping: Vec<(String, String)>,
}

pub(super) fn look(here: &Here<'_>, query: &Query) -> Result<View, StoreError> {
    match query {
        Query::Prompts { channel } => {
            let prompts = here.store.prompts(*channel, MAX_PROMPTS)?;
            let with_row = |one: Prompted| {
                let row = stored_row(one.request.clone(), here.now);
                (one, row)
            };
            Ok(View::Prompts(prompts.into_iter().map(with_row).collect()))
        }
        Query::Latest { limit } => {
            let latest = here.store.latest(None, *limit)?.into_iter();
            let with_nonce = |one: Stored| {
                let nonce = one.ticket.nonce;
                (stored_row(one, here.now), nonce)
            };
            Ok(View::Latest(latest.map(with_nonce).collect()))
        }
        Query::Mine { uid } => here.latest(Some(*uid), MAX_OWN_ROWS),
        Query::Approver { uid, .. } if here.broker.asks(*uid) => Ok(View::Refused),
        Query::Approver { what, .. } => match what {
            What::List { all: true } => here.latest(None, MAX_ROWS),
            What::List { all: false } => Ok(fitting(here.broker.rows(here.now))),
            What::Show { which } => here.show(which),
            What::Status => Ok(View::Status(Box::new(here.status()))),
            What::Audit { after, limit } => {
                let entries = here.store.audit(*after, *limit, MAX_PAGE_BYTES)?;
                Ok(View::Audit {
                    entries,
                    head: here.store.head().clone(),
                    start: here.store.start().clone(),
                })
            }
        },
    }
}

impl Here<'_> {
    fn latest(&self, uid: Option<u32>, limit: u32) -> Result<View, StoreError> {
        let stored = self.store.latest(uid, limit)?;
        let rows = stored.into_iter().map(|one| stored_row(one, self.now));
        Ok(fitting(rows.collect()))
    }

    fn show(&self, which: &str) -> Result<View, StoreError> {
        let Some(stored) = self.find(which)? else {
            return Ok(View::NotFound);
        };
        let id = stored.ticket.id;
        Ok(match self.store.body(id)? {
            Some(body) => View::Request(Box::new(stored_row(stored, self.now)), body),
            None => View::NotFound,
        })
    }

    /// A live request goes before an old one of the same code.
    fn find(&self, which: &str) -> Result<Option<Stored>, StoreError> {
        if let Ok(id) = which.trim().parse::<Uuid>() {
            return self.store.find(id);
        }
        let code = normalize_code(which);
        match self.broker.id_of(&code) {
            Some(id) => self.store.find(id),
            None => self.store.find_code(&code),
        }
    }

    fn status(&self) -> Status {
        let (pending, approved) = self.broker.counts();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pending,
            approved,
            head: self.store.head().clone(),
            channels: [self.channels.health(), self.keeping.clone()].concat(),
            policy: String::new(),
            up_ms: self.now.0.saturating_sub(self.started.0),
        }
    }
}

/// As many as one frame holds.
fn fitting(mut rows: Vec<Row>) -> View {
    let mut left = Some(MAX_PAGE_BYTES);
    let fits = |row: &&Row| {
        let bytes = serde_json::to_vec(row).map_or(usize::MAX, |json| json.len());
        left = left.and_then(|left| left.checked_sub(bytes.saturating_add(1)));
        left.is_some()
    };
    let count = rows.iter().take_while(fits).count();
    let left_out = rows.len() - count;
    rows.truncate(count);
    View::Rows(rows, left_out)
}
