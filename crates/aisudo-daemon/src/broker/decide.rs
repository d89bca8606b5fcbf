//! An approver answers: the first answer in time counts, every other is turned away and recorded.

use aisudo_core::{
    evidence::Decision,
    state::{Decided, End},
    wire::{LiveState, Standing},
};

use super::{
    Broker,
    live::{Live, State},
    moved,
    types::{Answer, Effects, History, Moment, News, Outcome},
};
use crate::{record::Record, store::StoreError};

impl Broker {
    pub(super) fn decide(
        &mut self,
        answer: &Answer,
        now: Moment,
        history: &impl History,
    ) -> Result<Effects, StoreError> {
        if let Some(uid) = answer.decider.filter(|uid| self.asks(*uid)) {
            let why = "whoever has a request waiting may not answer; ask another approver";
            let mut effects = turn_away(answer, why.to_owned());
            if !self.refusals.may_record(uid, now.tick) {
                effects.records.clear();
            }
            return Ok(effects);
        }
        let Some(live) = self.live.take(answer.id) else {
            return Ok(match history.find(answer.id)? {
                Some(past) => turn_away(answer, already(&past.standing)),
                None => Effects::only(Outcome::NotTaken(
                    "there is no request with this id; list the requests again".to_owned(),
                )),
            });
        };
        let asked_at_ms = live.asked_at_ms;
        let pending = match live.state {
            State::Pending(pending) => pending,
            state @ State::Approved(_) => {
                let live = Live { state, ..live };
                let why = already(&live.standing());
                self.live.put(live);
                return Ok(turn_away(answer, why));
            }
        };
        let decision = Decision {
            id: answer.id,
            digest: answer.digest,
            nonce: answer.nonce.unwrap_or(pending.ticket().nonce),
            verdict: answer.verdict,
            approver: answer.approver.clone(),
            note: answer.note.clone(),
            at_ms: now.unix_ms,
            evidence: answer.evidence.clone(),
        };
        let record = match pending.decide(decision.clone(), answer.decider, now.tick) {
            Err(refused) => {
                self.live.put(Live {
                    state: State::Pending(refused.state),
                    ..live
                });
                return Ok(turn_away(answer, refused.why.to_string()));
            }
            Ok(Decided::Denied(ended)) => {
                if let Some(command) = live.command {
                    let uid = ended.ticket().uid;
                    self.denials
                        .note(uid, command, now.tick, self.caps.cooldown_ms);
                }
                moved(&ended, asked_at_ms)
            }
            Ok(Decided::Approved(approved)) => {
                let live = Live {
                    state: State::Approved(approved),
                    ..live
                };
                let record = Record::Moved {
                    ticket: live.ticket().clone(),
                    asked_at_ms,
                    standing: live.standing(),
                };
                self.live.put(live);
                record
            }
        };
        Ok(Effects {
            outcome: Outcome::Done,
            records: vec![record],
            news: vec![(answer.id, News::Decided(Box::new(decision)))],
        })
    }
}

fn turn_away(answer: &Answer, why: String) -> Effects {
    let record = Record::DecisionRefused {
        id: answer.id,
        uid: answer.decider,
        who: answer.approver.clone(),
        why: why.clone(),
    };
    Effects {
        records: vec![record],
        ..Effects::only(Outcome::NotTaken(why))
    }
}

fn already(standing: &Standing) -> String {
    match standing {
        Standing::Live(LiveState::Pending) => "it still waits; answer again".to_owned(),
        Standing::Live(LiveState::Approved { decision })
        | Standing::Ended(End::Released { decision, .. } | End::Unused { decision, .. }) => {
            format!("already approved by {}", decision.approver)
        }
        Standing::Ended(End::Denied { decision }) => {
            format!("already denied by {}", decision.approver)
        }
        Standing::Ended(End::Expired) => "already expired: nobody answered in time".to_owned(),
        Standing::Ended(End::Cancelled { why }) => format!("already cancelled: {why}"),
    }
}
