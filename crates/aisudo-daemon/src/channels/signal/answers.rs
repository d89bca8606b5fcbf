//! An answer is checked against the sender's key as it is now, and brought to the ledger.

use aisudo_core::{
    evidence::{Decision, Evidence, SignalEvidence},
    state::Tick,
    wire::{LiveState, Standing},
};
use aisudo_signal::{Client, Failure};
use uuid::Uuid;

use super::{
    believe::Answered,
    keys,
    prompt::Help,
    worker::{Block, Worker},
};
use crate::{broker::Answer, channels::Port, record::Record};

/// What became of an answer.
#[derive(Debug)]
pub(super) enum Checked {
    /// It was brought to the ledger. What was not taken of it, and why.
    Decided(Answered, Vec<(Uuid, String)>),
    /// Its sender's key is not the one that root pinned.
    OtherKey(Answered, &'static str),
    /// Its sender is no approver any more.
    NoApprover(Answered),
    /// The key could not be looked at: the connection is of no use, the answer still is.
    Unsure(Answered, Failure),
}

pub(super) async fn check(
    client: Client,
    port: Port,
    account: String,
    answered: Answered,
) -> Checked {
    let sender = answered.account.aci;
    let still = port.approvers().is_ok_and(|approvers| {
        approvers
            .on_signal()
            .any(|(name, account)| name == answered.approver && *account == answered.account)
    });
    if !still {
        return Checked::NoApprover(answered);
    }
    match client.identities(Some(sender)).await {
        Err(failure) => return Checked::Unsure(answered, failure),
        Ok(listed) => {
            if let Err(why) = keys::check(&listed, &answered.account) {
                return Checked::OtherKey(answered, why);
            }
        }
    }
    let mut not_taken = Vec::new();
    for target in &answered.targets {
        let answer = Answer {
            id: target.id,
            digest: target.digest,
            nonce: None,
            verdict: answered.verdict,
            approver: answered.approver.clone(),
            note: answered.note.clone(),
            evidence: Evidence::Signal(Box::new(SignalEvidence {
                account: account.clone(),
                sender,
                identity: answered.account.identity.to_string(),
                device: answered.device,
                asked_at_ms: target.asked_at_ms,
                answered_at_ms: answered.answered_at_ms,
                received_at_ms: answered.received_at_ms,
                form: answered.form,
            })),
            decider: None,
        };
        match port.decide(answer).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => not_taken.push((target.id, why)),
            Err(failure) => not_taken.push((target.id, failure.to_string())),
        }
    }
    Checked::Decided(answered, not_taken)
}

impl Answered {
    /// Whether this decision is that answer.
    fn is(&self, decision: &Decision) -> bool {
        matches!(&decision.evidence, Evidence::Signal(evidence)
            if evidence.sender == self.account.aci && evidence.answered_at_ms == self.answered_at_ms)
    }
}

impl Worker {
    /// # Errors
    /// When the connection is of no use any more.
    pub(super) async fn checked(&mut self, checked: Checked) -> Result<(), Failure> {
        match checked {
            Checked::Decided(answered, not_taken) => {
                // What the ledger did is in the mailbox by now.
                self.collect().await;
                for (id, why) in not_taken {
                    self.help_after(&answered, id, why);
                }
            }
            Checked::OtherKey(answered, why) => {
                self.blocked.insert(answered.account.aci, Block::Key(why));
                self.look_at = Tick(0);
                self.refuse_answer(&answered, why).await;
            }
            Checked::NoApprover(answered) => {
                self.refuse_answer(&answered, "the sender is no approver any more")
                    .await;
            }
            Checked::Unsure(answered, failure) => {
                self.answers.push_front(answered);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// A line for whoever answered in vain; none for an answer that was heard twice.
    fn help_after(&mut self, answered: &Answered, id: Uuid, why: String) {
        let Some(row) = self.desk.case(id).map(|case| &case.row) else {
            return;
        };
        let code = row.code.clone();
        let help = match &row.state {
            Standing::Live(LiveState::Pending) => Help::NotTaken { code, why },
            standing if standing.decision().is_some_and(|one| answered.is(one)) => return,
            standing => Help::Over {
                code,
                standing: Box::new(standing.clone()),
            },
        };
        self.help_out(answered.account.aci, help);
    }

    async fn refuse_answer(&mut self, answered: &Answered, why: &str) {
        for target in &answered.targets {
            let record = Record::DecisionRefused {
                id: target.id,
                uid: None,
                who: answered.approver.clone(),
                why: why.to_owned(),
            };
            let _ = self.port.note(record).await;
        }
    }
}
