//! What became of what was sent: it is remembered, tried again, or given up, and what Signal says of
//! the account counts until it says something else.

use aisudo_core::state::Tick;
use aisudo_signal::Failure;
use uuid::Uuid;

use super::{
    desk::Key,
    health::Pause,
    outbox::{Errand, NotSent, Returned},
    worker::{Block, Worker},
};
use crate::record::{Prompt, PromptForm, Record};

/// The pause when Signal does not say how long it wants one, in milliseconds.
const RATE_PAUSE_MS: u64 = 60_000;

/// The same when it wants a captcha.
const CAPTCHA_PAUSE_MS: u64 = 3_600_000;

/// How long an account that Signal does not know is left alone, in milliseconds.
const UNREGISTERED_MS: u64 = 600_000;

/// The pause when the account cannot send at all until root has mended that, in milliseconds.
const ACCOUNT_PAUSE_MS: u64 = 60_000;

/// The pause after a failure of the network, and the longest, in milliseconds.
const FIRST_REST_MS: u64 = 1_000;
const LONGEST_REST_MS: u64 = 30_000;

/// From so many failures of the network in a row on, nobody can be asked.
const FAILING: u32 = 2;

/// Times that a question is sent whose sending is not confirmed.
const MAX_ATTEMPTS: u8 = 2;

impl Worker {
    /// Takes in what became of a call.
    ///
    /// # Errors
    /// When the connection is of no use any more.
    pub(super) async fn returned(&mut self, returned: Returned) -> Result<(), Failure> {
        let Returned { errand, result } = returned;
        let on_its_way = match &errand {
            Errand::Ask { requests, .. } => requests.clone(),
            _ => Vec::new(),
        };
        let done = self.take_in(errand, result).await;
        self.desk.on_its_way(&on_its_way, false);
        done
    }

    async fn take_in(
        &mut self,
        errand: Errand,
        result: Result<u64, NotSent>,
    ) -> Result<(), Failure> {
        match result {
            Ok(sent_at_ms) => {
                self.failures = 0;
                self.sent(errand, sent_at_ms).await;
                Ok(())
            }
            Err(NotSent::OtherKey(why)) => {
                self.blocked.insert(errand.to(), Block::Key(why));
                self.look_at = Tick(0);
                self.give_up(errand).await;
                Ok(())
            }
            Err(NotSent::Failed(failure)) => self.failed(errand, failure).await,
        }
    }

    async fn sent(&mut self, errand: Errand, sent_at_ms: u64) {
        match errand {
            Errand::Ask {
                requests,
                name,
                account,
                form,
                ..
            } => {
                let to = account.aci;
                let key = Key { sent_at_ms, to };
                self.desk.asked_by(&requests, key, form);
                self.unreceived.insert(key, self.port.now().tick);
                self.remember(&requests, key, form, &name).await;
            }
            Errand::Poll { question, .. } => {
                let to = question.to;
                let key = Key { sent_at_ms, to };
                let asked = self.desk.message(question);
                let requests = asked.map(|message| message.requests.clone());
                self.desk.polled(question, Some(key));
                let name = self.name_of(to);
                self.remember(&requests.unwrap_or_default(), key, PromptForm::Poll, &name)
                    .await;
            }
            Errand::Tell { key, .. } | Errand::EndPoll(key) => self.told(key, true).await,
            Errand::Help { .. } => {}
        }
    }

    async fn remember(&self, requests: &[Uuid], key: Key, form: PromptForm, name: &str) {
        for request in requests {
            let Some(case) = self.desk.case(*request) else {
                continue;
            };
            let record = Record::Prompted {
                code: case.row.code.clone(),
                approver: name.to_owned(),
                prompt: prompt_of(*request, key, form),
            };
            // Without it, an answer to this message does not count after a restart.
            let _ = self.port.note(record).await;
        }
    }

    async fn told(&mut self, key: Key, done: bool) {
        let Some(message) = self.desk.told(key, done) else {
            return;
        };
        for request in message.requests {
            let closed = Record::PromptClosed(prompt_of(request, key, message.form));
            let _ = self.port.note(closed).await;
        }
    }

    fn name_of(&self, aci: Uuid) -> String {
        let approvers = self.port.approvers().unwrap_or_default();
        let name = approvers
            .on_signal()
            .find(|(_, account)| account.aci == aci)
            .map(|(name, _)| name.to_owned());
        name.unwrap_or_else(|| aci.to_string())
    }

    async fn failed(&mut self, errand: Errand, failure: Failure) -> Result<(), Failure> {
        let now = self.port.now().tick;
        let kind = failure.kind();
        let pause = |why: String| Pause { why, remedy: None };
        match &failure {
            Failure::RateLimited { retry_after } => {
                let ms = retry_after.map_or(RATE_PAUSE_MS, millis);
                let why = format!("Signal lets this account send nothing for {} s", ms / 1000);
                self.pause(ms, kind, pause(why)).await;
            }
            Failure::Captcha { token, retry_after } => {
                let ms = retry_after.map_or(CAPTCHA_PAUSE_MS, millis);
                let remedy = format!(
                    "solve one as docs/signal.md says, and run: signal-cli -a {} submitRateLimitChallenge --challenge {token} --captcha CAPTCHA",
                    self.config.account
                );
                let why = "Signal wants a captcha to be solved first".to_owned();
                let remedy = Some(remedy);
                self.pause(ms, kind, Pause { why, remedy }).await;
            }
            Failure::Unregistered | Failure::Untrusted => {
                if let Errand::Ask { account, .. } = &errand {
                    let block = match failure {
                        Failure::Untrusted => Block::Key("its identity key has changed"),
                        _ => Block::Unregistered(Tick(now.0.saturating_add(UNREGISTERED_MS))),
                    };
                    self.blocked.insert(account.aci, block);
                    self.look_at = Tick(0);
                }
                self.give_up(errand).await;
            }
            Failure::Network(_) | Failure::Refused { .. } => {
                self.failures = self.failures.saturating_add(1);
                let rest = FIRST_REST_MS << self.failures.saturating_sub(1).min(5);
                let rest = rest.min(LONGEST_REST_MS);
                self.rest_until = Tick(now.0.saturating_add(rest));
                if self.failures >= FAILING {
                    self.pause(rest, kind, pause(failure.to_string())).await;
                }
                self.give_up(errand).await;
            }
            Failure::TooOld(_) if matches!(errand, Errand::Poll { .. }) => {
                self.give_up(errand).await;
            }
            Failure::Timeout => {
                if let Errand::Ask {
                    requests, account, ..
                } = &errand
                {
                    self.no_answer(requests, account.aci).await;
                }
                return Err(failure);
            }
            // Linked no more, or turned away by Signal: connecting anew would not help.
            Failure::NoAccount(_) | Failure::TooOld(_) => {
                let why = failure.to_string();
                self.pause(ACCOUNT_PAUSE_MS, kind, pause(why)).await;
                self.give_up(errand).await;
            }
            Failure::Unreachable(_) => return Err(failure),
        }
        Ok(())
    }

    /// A question whose sending was not confirmed may have been sent. It is sent once more, and then
    /// no more: an approver must not be asked the same again and again by a signal-cli that is slow.
    async fn no_answer(&mut self, requests: &[Uuid], to: Uuid) {
        for id in requests {
            if self.desk.attempted(*id, to) >= MAX_ATTEMPTS {
                self.desk.tried(&[*id], to);
                let why = "signal-cli does not answer".to_owned();
                self.give_back(*id, why, true).await;
            }
        }
    }

    /// A question is tried again as long as it waits; the rest is not worth many attempts.
    async fn give_up(&mut self, errand: Errand) {
        match errand {
            Errand::Ask { .. } | Errand::Help { .. } => {}
            Errand::Poll { question, .. } => self.desk.polled(question, None),
            Errand::Tell { key, .. } | Errand::EndPoll(key) => self.told(key, false).await,
        }
    }
}

fn prompt_of(request: Uuid, key: Key, form: PromptForm) -> Prompt {
    Prompt {
        channel: Worker::KIND,
        request,
        address: key.to.to_string(),
        reference: key.sent_at_ms,
        form,
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
