//! Asks the daemon, waits for a person's answer, and has the release recorded.
//!
//! The daemon may restart meanwhile: the same request is asked again, with the same id and bytes,
//! until the deadline. Everything the daemon says is checked against what was asked.

use std::path::Path;

use aisudo_core::{
    approvers::Approvers,
    base64url::Base64,
    config::Gate,
    digest::request_digest,
    evidence::{AppEvidence, Decision, Evidence, Verdict},
    messages::Line,
    policy::{Effect, Ruling},
    raw::Hex32,
    request::Request,
    state::Tick,
    wire::{FromGate, ToGate},
};
use aisudo_seal::statement::{Statement, Why, verify};
use aisudo_sys::clock::boottime;

use crate::{
    cancel::{Watch, Woken},
    connection::{Connection, NoConnection},
    flow::{Approval, Outcome},
};

/// How long a first answer may take, in milliseconds: a daemon that starts again is back by then,
/// and one that hangs must not hold back the password.
const FIRST_ANSWER_MS: u64 = 4_000;

/// How much longer than the deadline the gate listens, in milliseconds: the daemon's clock began a
/// moment later, and its record should say "expired". Nothing is let through in this time.
const LAST_WORD_MS: u64 = 300;

/// How often the content of a file is given away while one request waits.
const MOST_CONTENTS: u32 = 64;

/// What is asked, frozen.
#[derive(Debug)]
pub struct Question<'a> {
    /// The facts.
    pub request: &'a Request,
    /// Their bytes: what is hashed, sent, stored and shown.
    pub bytes: &'a str,
    /// Drawn for this run; repeated when the answer to a release was lost.
    pub token: Hex32,
}

/// The parts of the process that asking needs.
pub trait Asker {
    /// One line on standard error.
    fn say(&mut self, line: &Line);
    /// The changeable files, looked at again.
    ///
    /// # Errors
    /// One short phrase, when they are not as they were asked about.
    fn operands_unchanged(&self, request: &Request) -> Result<(), String>;
    /// What the changeable file with this hash holds, for an approver to read.
    fn content_of(&self, request: &Request, sha256: &Hex32) -> Option<Vec<u8>>;
    /// Root's list of approvers, by the gate's own reading.
    ///
    /// # Errors
    /// One short phrase, when there is none that can be believed.
    fn approvers(&self) -> Result<Approvers, String>;
    /// What root's policy says of the request, by the gate's own reading.
    ///
    /// # Errors
    /// One short phrase, when there is no policy that can be believed.
    fn ruling(&self, request: &Request) -> Result<Ruling, String>;
}

/// Asks and waits; returns when it is over. Nothing is approved after the deadline.
pub fn ask(
    question: &Question<'_>,
    config: &Gate,
    socket: &Path,
    asker: &mut impl Asker,
) -> Outcome {
    let now = boottime();
    let mut conversation = Conversation {
        question,
        config,
        digest: request_digest(question.bytes.as_bytes()),
        deadline: Tick(now.0.saturating_add(question.request.timeout_ms)),
        first_answer_until: Tick(now.0.saturating_add(FIRST_ANSWER_MS)),
        waiting: false,
        seconds: question.request.timeout_ms / 1000,
        decision: None,
        contents: 0,
        watch: Watch::begin(),
        asker,
    };
    conversation.run(socket)
}

struct Conversation<'a, A> {
    question: &'a Question<'a>,
    config: &'a Gate,
    digest: Hex32,
    deadline: Tick,
    first_answer_until: Tick,
    /// The daemon has recorded the request.
    waiting: bool,
    /// How long an answer was waited for, as the daemon says.
    seconds: u64,
    /// A yes that was verified here, and whose release was asked for.
    decision: Option<Decision>,
    /// How often the content of a file was given away.
    contents: u32,
    watch: Watch,
    asker: &'a mut A,
}

/// What one message leads to.
enum Next {
    GoOn,
    Answer(FromGate),
    End(Outcome),
    /// Tells the daemon, then ends.
    GiveUp(String),
}

impl<A: Asker> Conversation<'_, A> {
    /// Reaches the daemon again and again until it is over.
    fn run(&mut self, socket: &Path) -> Outcome {
        loop {
            let lost = match Connection::open(socket) {
                Ok(connection) => match self.talk(connection) {
                    Ok(outcome) => return outcome,
                    Err(lost) => lost,
                },
                Err(NoConnection::Ever(why)) => return Outcome::Unreachable(why),
                Err(NoConnection::Now(why)) => why,
            };
            // Nobody could have answered: silence is no only where it could have been broken.
            let at_deadline = Outcome::Unreachable(lost);
            if let Some(over) = self.over(at_deadline).or_else(|| self.rest()) {
                return over;
            }
        }
    }

    /// The pause between two attempts.
    fn rest(&self) -> Option<Outcome> {
        match self.watch.pause(None) {
            Woken::Cancelled(why) => Some(Outcome::Cancelled(why)),
            Woken::Ready | Woken::Tick => None,
        }
    }

    /// One connection, until it is over or lost.
    fn talk(&mut self, mut connection: Connection) -> Result<Outcome, String> {
        let ask = FromGate::Ask {
            request: self.question.bytes.to_owned(),
            token: self.question.token,
        };
        if let Err(error) = connection.queue(&ask) {
            return Ok(Outcome::Refused(error.to_string()));
        }
        loop {
            // Before anything is heard: a daemon that never stops talking holds up nothing, either.
            if let Some(over) = self.over(self.silence()) {
                return Ok(over);
            }
            connection.pump();
            match connection.next() {
                Err(error) => {
                    return Ok(Outcome::Unreachable(format!(
                        "aisudo-daemon is not understood ({error})"
                    )));
                }
                Ok(Some(message)) => match self.hear(message) {
                    Next::GoOn => {}
                    Next::Answer(answer) => {
                        if let Err(error) = connection.queue(&answer) {
                            return Ok(Outcome::Refused(error.to_string()));
                        }
                    }
                    Next::End(outcome) => return Ok(outcome),
                    Next::GiveUp(why) => {
                        // Only for the record: a closed connection says no as well.
                        if connection
                            .queue(&FromGate::GiveUp { why: why.clone() })
                            .is_ok()
                        {
                            connection.pump();
                        }
                        return Ok(Outcome::Refused(why));
                    }
                },
                Ok(None) if connection.ended() => {
                    return Err("aisudo-daemon closed the connection".to_owned());
                }
                Ok(None) => {
                    if let Woken::Cancelled(why) = self.watch.pause(Some(connection.interest())) {
                        return Ok(Outcome::Cancelled(why));
                    }
                }
            }
        }
    }

    /// `outcome`, if time is up: that of a first answer, or of the request.
    fn over(&self, outcome: Outcome) -> Option<Outcome> {
        let now = boottime();
        let first_is_late = !self.waiting && now >= self.first_answer_until;
        (first_is_late || now.0 >= self.deadline.0.saturating_add(LAST_WORD_MS)).then_some(outcome)
    }

    /// What silence on an open connection means when time is up.
    fn silence(&self) -> Outcome {
        if self.waiting {
            self.expired()
        } else {
            Outcome::Unreachable("aisudo-daemon gives no answer".to_owned())
        }
    }

    fn hear(&mut self, message: ToGate) -> Next {
        match message {
            ToGate::Waiting {
                code,
                channels,
                seconds,
            } => {
                if !self.waiting {
                    self.waiting = true;
                    self.seconds = seconds;
                    self.asker.say(&Line::Waiting {
                        code,
                        channels,
                        seconds,
                    });
                }
                Next::GoOn
            }
            ToGate::Show { sha256 } => self.show(sha256),
            ToGate::Decided { decision } => self.decided(decision),
            ToGate::Expired => Next::End(self.expired()),
            ToGate::Released => self.released(),
            ToGate::Password { rule } => match self.policy_says(&Effect::Password) {
                Ok(()) => Next::End(Outcome::Password { rule }),
                Err(why) => Next::GiveUp(why),
            },
            ToGate::Refused {
                why,
                fallback: true,
            } => Next::End(Outcome::Limited(why)),
            ToGate::Refused {
                why,
                fallback: false,
            } => Next::End(Outcome::Refused(why)),
        }
    }

    /// Only what the request itself names with this hash, and only while it is asked about.
    fn show(&mut self, sha256: Hex32) -> Next {
        if self.contents >= MOST_CONTENTS {
            return Next::GoOn;
        }
        self.contents += 1;
        let content = self.asker.content_of(self.question.request, &sha256);
        Next::Answer(FromGate::Content {
            sha256,
            content: content.map(Base64),
        })
    }

    /// A decision is believed only for these bytes, on evidence that root accepts, and only while
    /// what it is about has not changed.
    fn decided(&mut self, decision: Decision) -> Next {
        let request = self.question.request;
        if (decision.id, decision.digest, decision.nonce)
            != (request.id, self.digest, request.nonce)
        {
            return Next::GiveUp("the decision is for another request".to_owned());
        }
        if boottime() >= self.deadline {
            return Next::End(self.expired());
        }
        match decision.verdict {
            Verdict::Deny => Next::End(Outcome::Denied {
                approver: decision.approver,
                note: decision.note,
            }),
            Verdict::Approve if !self.config.accept.contains(&decision.evidence.kind()) => {
                Next::GiveUp(format!(
                    "root does not accept decisions by {}",
                    decision.evidence.kind().name()
                ))
            }
            Verdict::Approve => match self.may_go_on(&decision) {
                Err(why) => Next::GiveUp(why),
                Ok(()) => {
                    self.decision = Some(decision);
                    Next::Answer(FromGate::Release {
                        token: self.question.token,
                    })
                }
            },
        }
    }

    /// The evidence that can be checked here, and what the decision is about as it is now.
    fn may_go_on(&self, decision: &Decision) -> Result<(), String> {
        match &decision.evidence {
            Evidence::Policy { .. } => self.policy_says(&Effect::Allow)?,
            Evidence::App(evidence) => self.device_signed(decision, evidence)?,
            // The daemon's word, which root chose to accept.
            Evidence::Terminal { .. } | Evidence::Signal(_) => {}
        }
        self.asker.operands_unchanged(self.question.request)
    }

    /// What is done in the policy's name is what the policy says: a daemon that was taken over
    /// cannot add a rule to it.
    fn policy_says(&self, effect: &Effect) -> Result<(), String> {
        let ruling = self.asker.ruling(self.question.request)?;
        if ruling.effect == *effect {
            Ok(())
        } else {
            Err("root's policy does not say what aisudo-daemon says it does; was it just changed? try once more".to_owned())
        }
    }

    /// A yes that was carried here was signed for this very request, by a device of that approver's
    /// which root has listed: a daemon that was taken over can neither make one nor change its words.
    fn device_signed(&self, decision: &Decision, evidence: &AppEvidence) -> Result<(), String> {
        let approvers = self.asker.approvers()?;
        let statement = Statement {
            digest: self.digest,
            nonce: self.question.request.nonce,
            verdict: decision.verdict,
            note: decision.note.clone().unwrap_or_default(),
            at_ms: evidence.signed_at_ms,
        };
        let listed = approvers
            .devices()
            .find(|(name, device)| *name == decision.approver && device.key.id() == evidence.device)
            .ok_or(Why::NotListed);
        listed
            .and_then(|(_, device)| verify(&statement, &evidence.proof, &device.key))
            .map_err(|why| format!("the approver's device did not sign this: {why}"))
    }

    fn expired(&self) -> Outcome {
        Outcome::Expired {
            seconds: self.seconds,
        }
    }

    /// The release is on disk. Without a decision verified here it means nothing.
    fn released(&mut self) -> Next {
        match self.decision.take() {
            None => Next::GiveUp("aisudo-daemon released what nobody decided".to_owned()),
            Some(_) if boottime() >= self.deadline => Next::End(self.expired()),
            Some(decision) => Next::End(Outcome::Approved(Approval {
                by: decision.evidence.kind(),
                approver: decision.approver,
                deadline: self.deadline,
                operands: self.question.request.operands.clone(),
            })),
        }
    }
}

#[cfg(test)]
mod tests;
