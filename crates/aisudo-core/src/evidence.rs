//! Why a decision may be believed.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    device::{KeyId, Proof},
    raw::Hex32,
};

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The command may run, once.
    Approve,
    /// It may not.
    Deny,
}

/// What kind of evidence root accepts (`accept` in `[gate]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// A local approver on `control.sock`.
    Terminal,
    /// A rule of root's policy.
    Policy,
    /// A message from an approver's Signal account.
    Signal,
    /// A signature by an approver's device, which the gate verifies itself.
    App,
}

impl EvidenceKind {
    /// The word used in the configuration and in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Policy => "policy",
            Self::Signal => "signal",
            Self::App => "app",
        }
    }
}

/// Why a decision may be believed: each kind carries what can be checked of it later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Evidence {
    /// The kernel's word (`SO_PEERCRED`) on who sat at the other end of `control.sock`.
    Terminal {
        /// The approver's uid.
        uid: u32,
        /// The process that sent the decision.
        pid: i32,
    },
    /// Root's policy. The gate does not take the daemon's word for it: it applies the policy itself.
    Policy {
        /// The rule's name; nothing when none matched and the policy's default applies.
        rule: Option<String>,
        /// SHA-256 of the policy's text.
        sha256: Hex32,
    },
    /// Signal's word on who sent a message.
    Signal(Box<SignalEvidence>),
    /// A device's signature over the decision. Whoever carries it need not be believed.
    App(Box<AppEvidence>),
}

/// What an approver's device signed besides what the decision says, and its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppEvidence {
    /// The device's key, by its name in `approvers.toml`.
    pub device: KeyId,
    /// When, in milliseconds since 1970, by the device's clock.
    pub signed_at_ms: u64,
    /// The signature.
    pub proof: Proof,
}

/// Who sent an answer on Signal, and what in it named the request. Times are in milliseconds since
/// 1970; by the first two, Signal tells messages of one sender apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalEvidence {
    /// Our own account, which received it.
    pub account: String,
    /// The sender's account identity (ACI).
    pub sender: Uuid,
    /// The identity key that is pinned for it, and was looked at again.
    pub identity: String,
    /// Which of the sender's devices; 1 is the phone.
    pub device: u32,
    /// The question: our own message's timestamp.
    pub asked_at_ms: u64,
    /// The answer: its timestamp.
    pub answered_at_ms: u64,
    /// When Signal's server took the answer.
    pub received_at_ms: u64,
    /// How it was given.
    pub form: SignalForm,
}

/// How an answer was given on Signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalForm {
    /// A message that holds the request's code.
    Code,
    /// A message that quotes the question.
    Quote,
    /// A reaction on the question.
    Reaction,
    /// A vote in the question's poll.
    Poll,
}

impl Evidence {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> EvidenceKind {
        match self {
            Self::Terminal { .. } => EvidenceKind::Terminal,
            Self::Policy { .. } => EvidenceKind::Policy,
            Self::Signal(_) => EvidenceKind::Signal,
            Self::App(_) => EvidenceKind::App,
        }
    }
}

/// One approver's answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Which request.
    pub id: Uuid,
    /// Its digest: the decision is for these bytes and no others.
    pub digest: Hex32,
    /// Its nonce.
    pub nonce: Hex32,
    /// Yes or no.
    pub verdict: Verdict,
    /// Who decided, as the host knows them.
    pub approver: String,
    /// The approver's own words, with a denial.
    pub note: Option<String>,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Why it may be believed.
    pub evidence: Evidence,
}
