//! The policy answers in a person's place: the request is over with the record of it.

use aisudo_core::{
    evidence::{Decision, Evidence, Verdict},
    policy::Effect,
    state::{End, Tick},
};

use super::{
    Broker,
    ask::{ticket, too_many},
    refuse,
    types::{Ask, Effects, History, Moment, Outcome},
};
use crate::{limits::Rate, record::Record, store::StoreError};

impl Broker {
    /// Allowed and released in one record; or denied; or left to the password.
    pub(super) fn ruled(
        &mut self,
        ask: Ask,
        now: Moment,
        history: &impl History,
    ) -> Result<Effects, StoreError> {
        let rate = Rate::per_minute(self.caps.ruled_per_minute);
        if let Err(wait_ms) = self.ruled.take(ask.uid, rate, now.tick) {
            return Ok(self.too_many_ruled(&ask, wait_ms, now));
        }
        let rule = ask.ruling.rule.clone();
        if ask.ruling.effect == Effect::Password {
            let record = Record::LeftToPassword {
                id: ask.id,
                uid: ask.uid,
                facts: ask.facts,
                rule: rule.clone(),
            };
            return Ok(Effects {
                records: vec![record],
                ..Effects::only(Outcome::Password { rule })
            });
        }
        let decision = decision(&ask, now);
        let (outcome, end) = if decision.verdict == Verdict::Approve {
            let end = End::Released {
                decision: decision.clone(),
                token: ask.token,
            };
            (Outcome::Allowed(Box::new(decision)), end)
        } else {
            let end = End::Denied {
                decision: decision.clone(),
            };
            (Outcome::Rejected(Box::new(decision)), end)
        };
        let code = self.free_code(&ask.digest, now, history)?;
        let longest = ask.timeout_ms.min(self.caps.timeout_ms);
        let deadline = Tick(now.tick.0.saturating_add(longest));
        let record = Record::Ruled {
            ticket: ticket(&ask, code, deadline),
            body: ask.body,
            facts: ask.facts,
            end,
        };
        Ok(Effects {
            records: vec![record],
            ..Effects::only(outcome)
        })
    }

    /// What the policy denies stays denied; what it would let through meets the fallback.
    fn too_many_ruled(&self, ask: &Ask, wait_ms: u64, now: Moment) -> Effects {
        let why = too_many(self.caps.ruled_per_minute, "this user's", wait_ms);
        let mut effects = self.turn_away(ask, why.clone(), now);
        if matches!(ask.ruling.effect, Effect::Deny { .. }) {
            effects.outcome = refuse(why);
        }
        effects
    }
}

fn decision(ask: &Ask, now: Moment) -> Decision {
    let (verdict, note) = match &ask.ruling.effect {
        Effect::Allow => (Verdict::Approve, None),
        Effect::Deny { text } => (Verdict::Deny, text.clone()),
        // Not decided by the policy: whoever comes here by mistake gets a no.
        Effect::Ask { .. } | Effect::Password => (Verdict::Deny, None),
    };
    Decision {
        id: ask.id,
        digest: ask.digest,
        nonce: ask.nonce,
        verdict,
        approver: match &ask.ruling.rule {
            Some(rule) => format!("policy rule {rule}"),
            None => "the policy's default".to_owned(),
        },
        note,
        at_ms: now.unix_ms,
        evidence: Evidence::Policy {
            rule: ask.ruling.rule.clone(),
            sha256: ask.policy,
        },
    }
}
