//! The life of a request as types: each state owns what only it knows, and a transition consumes
//! the state it leaves. "Release a denied request" does not compile.
//!
//! ```text
//! pending ─▶ approved ─▶ released
//!    │           └─────▶ unused
//!    └─▶ denied | expired | cancelled
//! ```
//!
//! `refused` is not here: what is refused never became a request.
#![allow(
    clippy::result_large_err,
    reason = "a refused transition gives the state back to whoever owns it"
)]

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    evidence::{Decision, Verdict},
    raw::Hex32,
};

/// Milliseconds on the host's monotonic clock that goes on while it sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tick(pub u64);

/// What every state knows of its request. Small: the request's bytes stay on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The request.
    pub id: Uuid,
    /// The digest of its bytes.
    pub digest: Hex32,
    /// Its nonce.
    pub nonce: Hex32,
    /// The name by which people answer.
    pub code: String,
    /// What it has in common with others like it.
    pub fingerprint: Hex32,
    /// Who asks.
    pub uid: u32,
    /// The waiting sudo.
    pub pid: i32,
    /// Its start time.
    pub start_time: u64,
    /// From then on, silence is no.
    pub deadline: Tick,
}

/// Waiting for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    ticket: Ticket,
}

/// A person said yes; the command has not been let through yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approved {
    ticket: Ticket,
    decision: Decision,
}

/// Over. Nothing follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    ticket: Ticket,
    end: End,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum End {
    /// A person said no.
    Denied {
        /// Their decision.
        decision: Decision,
    },
    /// Nobody answered in time.
    Expired,
    /// The gate went away, or gave up, before an answer.
    Cancelled {
        /// Why, in one short phrase.
        why: String,
    },
    /// Let through, once, to the gate that holds this token.
    Released {
        /// The decision that let it through.
        decision: Decision,
        /// Drawn by the gate: only it can repeat its own release after a lost answer.
        token: Hex32,
    },
    /// Approved, but never let through.
    Unused {
        /// The decision that was not used.
        decision: Decision,
        /// Why, in one short phrase.
        why: String,
    },
}

/// A transition that was refused: the state as it was, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused<S> {
    /// Unchanged.
    pub state: S,
    /// The reason.
    pub why: Why,
}

/// Why a transition was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The decision names other bytes than this request's.
    OtherRequest,
    /// It came at or after the deadline.
    TooLate,
    /// The requester may not decide.
    OwnRequest,
    /// The deadline has not come.
    TooEarly,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherRequest => "the decision is for another request",
            Self::TooLate => "the deadline has passed",
            Self::OwnRequest => "the requester may not decide its own request",
            Self::TooEarly => "the deadline has not come yet",
        })
    }
}

/// What a decision leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// Yes.
    Approved(Approved),
    /// No.
    Denied(Ended),
}

impl Pending {
    /// A request that has just been recorded, or was read back after a restart.
    #[must_use]
    pub fn new(ticket: Ticket) -> Self {
        Self { ticket }
    }

    /// What it is.
    #[must_use]
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// A person's answer. `decider` is the local uid behind it, where there is one.
    ///
    /// # Errors
    /// When the decision is for other bytes, too late, or the requester's own.
    pub fn decide(
        self,
        decision: Decision,
        decider: Option<u32>,
        now: Tick,
    ) -> Result<Decided, Refused<Self>> {
        let ticket = &self.ticket;
        let why = if (decision.id, decision.digest, decision.nonce)
            != (ticket.id, ticket.digest, ticket.nonce)
        {
            Some(Why::OtherRequest)
        } else if decider == Some(ticket.uid) {
            Some(Why::OwnRequest)
        } else if now >= ticket.deadline {
            Some(Why::TooLate)
        } else {
            None
        };
        match why {
            Some(why) => Err(Refused { state: self, why }),
            None => Ok(match decision.verdict {
                Verdict::Approve => Decided::Approved(Approved {
                    ticket: self.ticket,
                    decision,
                }),
                Verdict::Deny => Decided::Denied(Ended {
                    ticket: self.ticket,
                    end: End::Denied { decision },
                }),
            }),
        }
    }

    /// The deadline has come.
    ///
    /// # Errors
    /// When it has not.
    pub fn expire(self, now: Tick) -> Result<Ended, Refused<Self>> {
        if now < self.ticket.deadline {
            return Err(Refused {
                state: self,
                why: Why::TooEarly,
            });
        }
        Ok(Ended {
            ticket: self.ticket,
            end: End::Expired,
        })
    }

    /// The gate went away.
    #[must_use]
    pub fn cancel(self, why: &str) -> Ended {
        Ended {
            ticket: self.ticket,
            end: End::Cancelled {
                why: why.to_owned(),
            },
        }
    }
}

impl Approved {
    /// An approval that was read back after a restart.
    #[must_use]
    pub fn reload(ticket: Ticket, decision: Decision) -> Self {
        Self { ticket, decision }
    }

    /// What it is.
    #[must_use]
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// The yes.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The gate lets the command through, and says so with a token of its own.
    ///
    /// # Errors
    /// When the deadline has passed.
    pub fn release(self, token: Hex32, now: Tick) -> Result<Ended, Refused<Self>> {
        if now >= self.ticket.deadline {
            return Err(Refused {
                state: self,
                why: Why::TooLate,
            });
        }
        Ok(Ended {
            ticket: self.ticket,
            end: End::Released {
                decision: self.decision,
                token,
            },
        })
    }

    /// The command will not run after all.
    #[must_use]
    pub fn unuse(self, why: &str) -> Ended {
        Ended {
            ticket: self.ticket,
            end: End::Unused {
                decision: self.decision,
                why: why.to_owned(),
            },
        }
    }
}

impl Ended {
    /// What it was.
    #[must_use]
    pub fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// How it ended.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }
}

impl End {
    /// The state's name, as it is stored, shown and audited.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Expired => "expired",
            Self::Cancelled { .. } => "cancelled",
            Self::Released { .. } => "released",
            Self::Unused { .. } => "unused",
        }
    }
}
