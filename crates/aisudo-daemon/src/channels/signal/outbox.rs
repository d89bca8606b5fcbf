//! What is sent, one call after another: questions first, then polls, outcomes and help. Signal slows
//! down accounts that send much, so each takes from one budget, and a part of it is for questions
//! alone.

use std::{future::Future, pin::Pin};

use aisudo_core::{approvers::SignalAccount, state::Tick};
use aisudo_signal::{Client, Failure, Message, Recipient};
use uuid::Uuid;

use super::{
    desk::{Key, Todo},
    keys,
    prompt::{self, Asked, Help, Question, Text},
    worker::Worker,
};
use crate::{broker::Moment, record::PromptForm};

/// Messages of the budget that are kept for questions.
const FOR_QUESTIONS: u64 = 4;

/// Lines of help that wait, at most.
const MAX_HELP: usize = 8;

/// An approver is helped at most so often, in milliseconds.
const HELP_EVERY_MS: u64 = 5_000;

/// How often the questions that wait for the budget are looked at, in milliseconds.
const LOOK_AT_QUEUE_MS: u64 = 1_000;

/// The options of a poll, in the order that `believe` knows.
const OPTIONS: [&str; 2] = ["Approve", "Deny"];

/// One call that sends.
#[derive(Clone, Debug)]
pub(super) enum Errand {
    Ask {
        requests: Vec<Uuid>,
        name: String,
        account: SignalAccount,
        text: Text,
        form: PromptForm,
    },
    Poll {
        question: Key,
        text: String,
    },
    /// The outcome, in place of the question.
    Tell {
        key: Key,
        text: Text,
    },
    EndPoll(Key),
    Help {
        to: Uuid,
        text: String,
    },
}

impl Errand {
    /// Whose account it is for.
    pub(super) fn to(&self) -> Uuid {
        match self {
            Self::Ask { account, .. } => account.aci,
            Self::Poll { question: key, .. } | Self::Tell { key, .. } | Self::EndPoll(key) => {
                key.to
            }
            Self::Help { to, .. } => *to,
        }
    }
}

/// What became of it: the new message's timestamp, where there is one.
#[derive(Debug)]
pub(super) struct Returned {
    pub(super) errand: Errand,
    pub(super) result: Result<u64, NotSent>,
}

#[derive(Debug)]
pub(super) enum NotSent {
    Failed(Failure),
    /// The recipient's key is not the one that root pinned: nothing was sent to it.
    OtherKey(&'static str),
}

impl Worker {
    /// The next thing to send; or when there may be one, if nothing happens before.
    pub(super) fn next_errand(&mut self, client: &Client, now: Moment) -> Result<Errand, Tick> {
        let Moment {
            tick: now,
            unix_ms: now_ms,
        } = now;
        self.over_budget = false;
        if let Some(until) = self.paused_until {
            return Err(until);
        }
        if now < self.rest_until {
            return Err(self.rest_until);
        }
        let later = |wait_ms| Tick(now.0.saturating_add(wait_ms));
        let approvers = self.askable();
        let to: Vec<Uuid> = approvers.iter().map(|(_, account)| account.aci).collect();
        let mut wake = Tick(u64::MAX);
        let question = self.desk.next_question(&to, now_ms);
        if let Err(at_ms) = question {
            wake = later(at_ms.saturating_sub(now_ms));
        }
        if let Ok(Some(Todo::Ask { requests, to })) = question {
            let taken = self.bucket.take(self.rate, 0, now);
            self.over_budget = taken.is_err();
            // What comes too late by then is given back before.
            taken.map_err(|wait_ms| later(wait_ms.min(LOOK_AT_QUEUE_MS)))?;
            let asked = approvers.into_iter().find(|(_, account)| account.aci == to);
            if let (Some((name, account)), Some(question)) = (asked, self.question(&requests)) {
                let (text, form) = match question {
                    Question::Whole(text) => (text, PromptForm::Whole),
                    Question::TooLong(text) => (text, PromptForm::Pointer),
                };
                return Ok(Errand::Ask {
                    requests,
                    name,
                    account,
                    text,
                    form,
                });
            }
            // What cannot be read is not asked about.
            self.desk.tried(&requests, to);
        }
        if self.config.accept.poll
            && let Some(Todo::Poll(question)) = self.desk.next_poll()
        {
            let code = self.desk.message(question).and_then(|message| {
                let first = self.desk.case(*message.requests.first()?)?;
                Some(first.row.code.clone())
            });
            match code.filter(|_| client.has_polls()) {
                None => self.desk.polled(question, None),
                Some(code) => {
                    self.spare(now).map_err(later)?;
                    let text = format!("Request {code}");
                    return Ok(Errand::Poll { question, text });
                }
            }
        }
        if let Some(Todo::Tell(key)) = self.desk.next_outcome() {
            self.spare(now).map_err(later)?;
            return Ok(match self.outcome(key) {
                Some(text) => Errand::Tell { key, text },
                None => Errand::EndPoll(key),
            });
        }
        if !self.help.is_empty() {
            self.spare(now).map_err(later)?;
            if let Some((to, help)) = self.help.pop_front() {
                let text = help.line(&self.words);
                return Ok(Errand::Help { to, text });
            }
        }
        Err(wake)
    }

    fn spare(&mut self, now: Tick) -> Result<(), u64> {
        // Of a small budget half.
        let half = u64::from(self.config.messages_per_minute / 2);
        self.bucket.take(self.rate, FOR_QUESTIONS.min(half), now)
    }

    /// The approvers who can be asked now.
    fn askable(&mut self) -> Vec<(String, SignalAccount)> {
        let approvers = self.port.approvers().unwrap_or_default();
        let askable: Vec<_> = approvers
            .on_signal()
            .filter(|(_, account)| !self.blocked.contains_key(&account.aci))
            .filter(|(_, account)| !self.own.note_to_self || self.own.aci == Some(account.aci))
            .map(|(name, account)| (name.to_owned(), account.clone()))
            .collect();
        if askable.is_empty() && self.health.reach().why_not().is_none() {
            // Root has just changed the file.
            self.look_soon();
        }
        askable
    }

    /// What became of all that a message asks about; nothing for a poll.
    fn outcome(&self, key: Key) -> Option<Text> {
        let message = self.desk.message(key)?;
        if message.form == PromptForm::Poll {
            return None;
        }
        let ends: Vec<_> = message
            .requests
            .iter()
            .filter_map(|id| self.desk.case(*id))
            .collect();
        let first = ends.first()?;
        let codes: Vec<String> = ends.iter().map(|case| case.row.code.clone()).collect();
        let standings: Vec<_> = ends
            .iter()
            .map(|case| (case.row.code.as_str(), &case.row.state))
            .collect();
        let asked = Asked {
            body: first.body.as_deref().unwrap_or_default(),
            codes: &codes,
            asked_at_ms: first.row.asked_at_ms,
            deadline_ms: first.deadline_ms,
            zone: &self.zone,
        };
        let (words, forms) = (&self.words, &self.config.accept);
        Some(prompt::outcome(&asked, &standings, words, forms))
    }

    pub(super) fn run_errand(
        &mut self,
        client: &Client,
        errand: Errand,
    ) -> Pin<Box<dyn Future<Output = Returned> + Send>> {
        if let Errand::Ask { requests, .. } = &errand {
            self.desk.on_its_way(requests, true);
        }
        let client = client.clone();
        let note_to_self = self.own.note_to_self;
        let to = errand.to();
        let approvers = self.port.approvers().unwrap_or_default();
        let account = approvers
            .on_signal()
            .find(|(_, account)| account.aci == to)
            .map(|(_, account)| account.clone());
        Box::pin(async move {
            let result = match account {
                Some(account) => run(&client, &errand, &account, note_to_self).await,
                None => Err(NotSent::OtherKey("it is no approver's any more")),
            };
            Returned { errand, result }
        })
    }

    /// A line of help for an approver, unless they were helped a moment ago.
    pub(super) fn help_out(&mut self, to: Uuid, help: Help) {
        let now = self.port.now().tick;
        let is_soon = |at: &Tick| now.0.saturating_sub(at.0) < HELP_EVERY_MS;
        if self.helped.get(&to).is_some_and(is_soon) || self.help.len() >= MAX_HELP {
            return;
        }
        self.helped.insert(to, now);
        self.help.push_back((to, help));
    }
}

/// Nothing is sent to a key that root has not pinned: the outcome holds the request as well.
async fn run(
    client: &Client,
    errand: &Errand,
    account: &SignalAccount,
    note_to_self: bool,
) -> Result<u64, NotSent> {
    let listed = client.identities(Some(account.aci)).await?;
    keys::check(&listed, account).map_err(NotSent::OtherKey)?;
    let to = match note_to_self {
        true => Recipient::NoteToSelf,
        false => Recipient::Account(account.aci),
    };
    let sent = match errand {
        Errand::Ask { text, .. } => client.send(&to, &message(text, None)).await?,
        Errand::Poll { text, .. } => client.send_poll(&to, text, &OPTIONS).await?,
        Errand::Tell { key, text } => {
            let edit = message(text, Some(key.sent_at_ms));
            client.send(&to, &edit).await?
        }
        Errand::EndPoll(key) => {
            client.end_poll(&to, key.sent_at_ms).await?;
            return Ok(key.sent_at_ms);
        }
        Errand::Help { text, .. } => {
            let message = Message {
                text: text.clone(),
                ..Message::default()
            };
            client.send(&to, &message).await?
        }
    };
    Ok(sent.timestamp)
}

fn message(text: &Text, edits: Option<u64>) -> Message {
    Message {
        text: text.text.clone(),
        monospace: text.monospace.clone(),
        bold: text.bold.clone(),
        edits,
    }
}

impl From<Failure> for NotSent {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
