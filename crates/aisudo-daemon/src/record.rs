//! What the broker wants on disk. Each record becomes an audit entry, and those that change a
//! request its state row as well, in one transaction: the two cannot tell different stories.

use aisudo_core::{
    audit::seal,
    evidence::EvidenceKind,
    raw::Hex32,
    state::{End, Ticket},
    wire::{Head, LiveState, Standing},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The daemon started.
    Started,
    /// The daemon stops.
    Stopped,
    /// Root's configuration was read.
    ConfigLoaded {
        /// SHA-256 of the file, in hexadecimal.
        sha256: String,
    },
    /// The oldest audit entries leave the database, and with them the requests that are as old and
    /// over.
    Pruned {
        /// The newest of them.
        through: Head,
        /// How many.
        entries: u64,
        /// When that was written, in milliseconds since 1970.
        at_ms: u64,
        /// Where they are now; nothing when root wants no archive.
        archive: Option<Archived>,
    },
    /// A new request waits.
    Requested {
        /// What it is.
        ticket: Ticket,
        /// Its frozen bytes.
        body: String,
        /// The same, parsed, for the audit log.
        facts: Value,
    },
    /// Root's configuration could not be read again; the one before stays in force.
    ConfigRefused {
        /// Why, in one line.
        why: String,
    },
    /// Root's policy was read.
    PolicyLoaded {
        /// SHA-256 of the file, in hexadecimal; nothing when there is none.
        sha256: Option<String>,
        /// How many rules it has.
        rules: usize,
    },
    /// Root's policy could not be read; nothing is allowed by it until it can.
    PolicyRefused {
        /// Why, in one line.
        why: String,
    },
    /// A request that the policy answered: it is over at once.
    Ruled {
        /// What it is.
        ticket: Ticket,
        /// Its frozen bytes.
        body: String,
        /// The same, parsed, for the audit log.
        facts: Value,
        /// Let through, or denied.
        end: End,
    },
    /// A request that the policy leaves to the password.
    LeftToPassword {
        /// Its id.
        id: Uuid,
        /// Who asked.
        uid: u32,
        /// What was asked for.
        facts: Value,
        /// The rule; nothing when it is the policy's default.
        rule: Option<String>,
    },
    /// An approver was asked about a request, by a message.
    Prompted {
        /// The request's code.
        code: String,
        /// Who was asked, as the host knows them.
        approver: String,
        /// The message.
        prompt: Prompt,
    },
    /// An approver was told what became of all that a message asked about. Not an entry of the audit
    /// log: nothing is decided by it.
    PromptClosed(Prompt),
    /// A channel is another than it was: it can ask again, or it cannot.
    ChannelChanged {
        /// Its name.
        channel: &'static str,
        /// A word for how it is.
        state: &'static str,
        /// A word for what kind of failure that is, where it is one.
        kind: Option<&'static str>,
        /// The same, in one short phrase.
        why: String,
    },
    /// A request changed its state.
    Moved {
        /// What it is.
        ticket: Ticket,
        /// When it was asked, in milliseconds since 1970.
        asked_at_ms: u64,
        /// Where it stands now.
        standing: Standing,
    },
    /// A gate was turned away.
    Refused {
        /// Its request, when that could be read.
        id: Option<Uuid>,
        /// Who asked, when that could be read.
        uid: Option<u32>,
        /// Why.
        why: String,
    },
    /// An answer was turned away.
    DecisionRefused {
        /// For which request.
        id: Uuid,
        /// The local uid that gave it, where there is one.
        uid: Option<u32>,
        /// Who gave it, as the host knows them.
        who: String,
        /// Why.
        why: String,
    },
}

/// A message by which somebody was asked about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// On which channel.
    pub channel: EvidenceKind,
    /// About which request. One message can ask about several that are alike.
    pub request: Uuid,
    /// To whom, as the channel knows them.
    pub address: String,
    /// The channel's name for the message; on Signal, its timestamp.
    pub reference: u64,
    /// What it is.
    pub form: PromptForm,
}

/// What a message asks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptForm {
    /// It shows the whole request.
    Whole,
    /// It says that the request is too long to be shown there.
    Pointer,
    /// A poll behind a message that shows the whole request.
    Poll,
}

impl PromptForm {
    /// As it is stored and audited.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Pointer => "pointer",
            Self::Poll => "poll",
        }
    }

    /// The form of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Whole, Self::Pointer, Self::Poll]
            .into_iter()
            .find(|form| form.name() == name)
    }
}

/// A file of audit entries that have left the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// Its name, without a directory.
    pub name: String,
    /// Of its content.
    pub sha256: Hex32,
}

impl Record {
    /// The audit entry after `previous_hash`: its line and its hash.
    #[must_use]
    pub fn entry(&self, sequence: u64, at_ms: u64, previous_hash: &str) -> (String, String) {
        let mut fields = self.fields();
        fields.insert("event".to_owned(), self.event().into());
        fields.insert("sequence".to_owned(), sequence.into());
        fields.insert("at".to_owned(), rfc3339(at_ms).into());
        seal(fields, previous_hash)
    }

    fn event(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::ConfigLoaded { .. } => "config_loaded",
            Self::ConfigRefused { .. } => "config_refused",
            Self::PolicyLoaded { .. } => "policy_loaded",
            Self::PolicyRefused { .. } => "policy_refused",
            Self::Ruled {
                end: End::Released { .. },
                ..
            } => "allowed",
            Self::Ruled { .. } => "rejected",
            Self::LeftToPassword { .. } => "password",
            Self::Pruned { .. } => "pruned",
            Self::Requested { .. } => "requested",
            Self::Prompted { .. } => "prompted",
            Self::PromptClosed(_) => "prompt_closed",
            Self::ChannelChanged { .. } => "channel",
            Self::Moved { standing, .. } => standing.name(),
            Self::Refused { .. } => "refused",
            Self::DecisionRefused { .. } => "decision_refused",
        }
    }

    fn fields(&self) -> Map<String, Value> {
        let fields = match self {
            Self::Started => json!({"version": env!("CARGO_PKG_VERSION")}),
            Self::Stopped => json!({}),
            Self::ConfigLoaded { sha256 } => json!({ "sha256": sha256 }),
            Self::Pruned {
                through,
                entries,
                archive,
                ..
            } => {
                let (archive, sha256) = archive
                    .as_ref()
                    .map(|archive| (&archive.name, archive.sha256))
                    .unzip();
                json!({"through": through.sequence, "hash": through.hash, "entries": entries, "archive": archive, "sha256": sha256})
            }
            Self::ConfigRefused { why } | Self::PolicyRefused { why } => json!({ "why": why }),
            Self::PolicyLoaded { sha256, rules } => json!({"sha256": sha256, "rules": rules}),
            Self::Requested { ticket, facts, .. } => with(named(ticket), asked(facts)),
            Self::Ruled {
                ticket, facts, end, ..
            } => with(with(named(ticket), asked(facts)), ruled(end)),
            Self::LeftToPassword {
                id,
                uid,
                facts,
                rule,
            } => with(json!({"id": id, "uid": uid, "rule": rule}), asked(facts)),
            Self::Prompted {
                code,
                approver,
                prompt,
            } => with(json!({"code": code, "approver": approver}), message(prompt)),
            Self::PromptClosed(prompt) => message(prompt),
            Self::ChannelChanged {
                channel,
                state,
                kind,
                why,
            } => json!({"channel": channel, "state": state, "kind": kind, "why": why}),
            Self::Moved {
                ticket, standing, ..
            } => with(named(ticket), outcome(standing)),
            Self::Refused { id, uid, why } => json!({"id": id, "uid": uid, "why": why}),
            Self::DecisionRefused { id, uid, who, why } => {
                json!({"id": id, "uid": uid, "who": who, "why": why})
            }
        };
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

/// By what a request is recognised in every entry about it.
fn named(ticket: &Ticket) -> Value {
    json!({"id": ticket.id, "digest": ticket.digest, "code": ticket.code, "uid": ticket.uid})
}

fn message(prompt: &Prompt) -> Value {
    json!({
        "id": prompt.request,
        "channel": prompt.channel.name(),
        "address": prompt.address,
        "reference": prompt.reference,
        "form": prompt.form.name(),
    })
}

/// What was asked, and by whom.
fn asked(facts: &Value) -> Value {
    let user = facts
        .pointer("/requester/name")
        .cloned()
        .unwrap_or_default();
    json!({"user": user, "request": facts})
}

/// An end that came with the request itself: both the decision and what became of it.
fn ruled(end: &End) -> Value {
    match end {
        End::Released { decision, token } => json!({"decision": decision, "token": token}),
        other => outcome(&Standing::Ended(other.clone())),
    }
}

fn outcome(standing: &Standing) -> Value {
    match standing {
        Standing::Live(LiveState::Pending) | Standing::Ended(End::Expired) => json!({}),
        Standing::Live(LiveState::Approved { decision })
        | Standing::Ended(End::Denied { decision }) => {
            json!({ "decision": decision })
        }
        Standing::Ended(End::Cancelled { why }) => json!({ "why": why }),
        Standing::Ended(End::Released { decision, token }) => {
            json!({"approver": decision.approver, "token": token})
        }
        Standing::Ended(End::Unused { decision, why }) => {
            json!({"approver": decision.approver, "why": why})
        }
    }
}

fn with(mut fields: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut fields, more) {
        fields.extend(more);
    }
    fields
}

fn rfc3339(at_ms: u64) -> String {
    let at = i64::try_from(at_ms)
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok())
        .unwrap_or(Timestamp::MAX);
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use aisudo_core::audit::{GENESIS, Verifier};

    use super::*;

    #[test]
    fn records_make_a_chain_with_readable_times() {
        let (first, hash) = Record::Started.entry(1, 1_700_000_000_007, GENESIS);
        assert!(
            first.contains(r#""at":"2023-11-14T22:13:20.007Z""#),
            "{first}"
        );
        let (second, _) = Record::Stopped.entry(2, u64::MAX, &hash);
        let mut verifier = Verifier::default();
        verifier.next(&first).unwrap();
        verifier.next(&second).unwrap();
    }
}
