//! What was asked of whom, and what is to be sent next. Pure.

use std::collections::{BTreeMap, BTreeSet};

use aisudo_core::wire::{LiveState, Row, Standing};
use uuid::Uuid;

use crate::channels::mailbox::Letter;
use crate::{record::PromptForm, store::Prompted};

/// Requests that one message names at most.
const MAX_TOGETHER: usize = 8;

/// How long requests like one that was just asked about are gathered, in milliseconds.
const GATHER_MS: u64 = 2_000;

/// Messages that are remembered after their requests are over: for answers that come late.
const MAX_REMEMBERED: usize = 500;

/// Times that an outcome is tried to be shown.
const MAX_TRIES: u8 = 3;

/// By what Signal tells messages of ours apart: to whom, and its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) sent_at_ms: u64,
    pub(super) to: Uuid,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) row: Row,
    /// Its frozen bytes; nothing of one that is over and shown.
    pub(super) body: Option<String>,
    /// When it expires, in milliseconds since 1970: for people.
    pub(super) deadline_ms: u64,
    /// Whether there is a message about it, or one on its way.
    asked: bool,
    on_its_way: bool,
    /// Those who were sent a message, or cannot be.
    tried: BTreeSet<Uuid>,
    /// Messages to each that were perhaps sent.
    attempts: BTreeMap<Uuid, u8>,
}

/// A message of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) requests: Vec<Uuid>,
    pub(super) form: PromptForm,
    /// Whether its reader has still to be told what became of it.
    open: bool,
    /// Whether a poll was sent behind it, or will not be.
    polled: bool,
    tries: u8,
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Todo {
    /// A question about these, which are alike.
    Ask { requests: Vec<Uuid>, to: Uuid },
    /// A poll behind the question.
    Poll(Key),
    /// What became of all that the message asked about.
    Tell(Key),
}

#[derive(Debug, Default)]
pub(super) struct Desk {
    cases: BTreeMap<Uuid, Case>,
    messages: BTreeMap<Key, Message>,
}

impl Desk {
    /// Takes in what was asked before a restart.
    pub(super) fn restore(&mut self, prompts: Vec<(Prompted, Row)>, now_ms: u64) {
        for (
            Prompted {
                prompt, open, body, ..
            },
            row,
        ) in prompts
        {
            let Ok(to) = prompt.address.parse() else {
                continue;
            };
            let key = Key {
                sent_at_ms: prompt.reference,
                to,
            };
            let message = self.messages.entry(key).or_insert(Message {
                requests: Vec::new(),
                form: prompt.form,
                open,
                polled: true,
                tries: 0,
            });
            message.open |= open;
            message.requests.push(prompt.request);
            let case = self.cases.entry(prompt.request);
            let case = case.or_insert_with(|| case_of(row, None, now_ms));
            case.body = case.body.take().or(body);
            case.asked = true;
            case.tried.insert(to);
        }
    }

    /// Takes in what the writer says.
    pub(super) fn take(&mut self, letter: Letter, now_ms: u64) {
        let Letter { row, body } = letter;
        let id = row.id;
        match (self.cases.get_mut(&id), body) {
            // Nobody was asked about it here, and nobody will be.
            (Some(case), _) if !case.asked && !case.on_its_way && is_over(&row) => {
                self.cases.remove(&id);
            }
            (Some(case), body) => {
                case.row = row;
                case.body = case.body.take().or(body);
            }
            (None, body @ Some(_)) => {
                self.cases.insert(id, case_of(row, body, now_ms));
            }
            // Nobody was asked about it here.
            (None, None) => {}
        }
    }

    pub(super) fn case(&self, id: Uuid) -> Option<&Case> {
        self.cases.get(&id)
    }

    pub(super) fn message(&self, key: Key) -> Option<&Message> {
        self.messages.get(&key)
    }

    /// The request of this code: one that waits goes before one that is over.
    pub(super) fn by_code(&self, code: &str) -> Option<&Case> {
        self.cases
            .values()
            .filter(|case| case.row.code == code)
            .max_by_key(|case| (waits(&case.row), case.row.asked_at_ms))
    }

    /// The newest message that asked this approver about a request.
    pub(super) fn asked(&self, id: Uuid, to: Uuid) -> Option<(Key, &Message)> {
        self.messages
            .iter()
            .rev()
            .filter(|(key, message)| {
                key.to == to && message.form != PromptForm::Poll && message.requests.contains(&id)
            })
            .map(|(key, message)| (*key, message))
            .next()
    }

    /// The codes that wait, oldest first.
    pub(super) fn waiting(&self) -> Vec<String> {
        let mut rows: Vec<&Row> = self
            .cases
            .values()
            .map(|case| &case.row)
            .filter(|row| waits(row))
            .collect();
        rows.sort_by_key(|row| (row.asked_at_ms, row.id));
        rows.into_iter().map(|row| row.code.clone()).collect()
    }

    /// Requests that wait and about which nobody was asked here.
    pub(super) fn unasked(&self) -> Vec<Uuid> {
        self.cases
            .iter()
            .filter(|(_, case)| waits(&case.row) && !case.asked)
            .map(|(id, _)| *id)
            .collect()
    }

    /// The next question for one of these approvers, oldest request first; those that are alike are
    /// asked about together. Or the time, in milliseconds since 1970, from which on there is one:
    /// after a question, others like it are gathered for a moment.
    pub(super) fn next_question(
        &self,
        approvers: &[Uuid],
        now_ms: u64,
    ) -> Result<Option<Todo>, u64> {
        let mut queue: Vec<&Case> = self
            .cases
            .values()
            .filter(|case| waits(&case.row) && case.body.is_some())
            .collect();
        queue.sort_by_key(|case| (case.row.asked_at_ms, case.row.id));
        let mut later: Option<u64> = None;
        let found = queue.iter().find_map(|case| {
            let to = approvers.iter().find(|to| {
                if case.tried.contains(*to) {
                    return false;
                }
                let from_ms = self.gathered_at_ms(case, **to);
                if from_ms > now_ms {
                    later = Some(later.map_or(from_ms, |later| later.min(from_ms)));
                }
                from_ms <= now_ms
            })?;
            Some((*case, *to))
        });
        let Some((first, to)) = found else {
            return later.map_or(Ok(None), Err);
        };
        let alike = |case: &&&Case| {
            !case.tried.contains(&to)
                && (case.row.fingerprint, case.row.uid) == (first.row.fingerprint, first.row.uid)
        };
        let requests = queue
            .iter()
            .filter(alike)
            .take(MAX_TOGETHER)
            .map(|case| case.row.id)
            .collect();
        Ok(Some(Todo::Ask { requests, to }))
    }

    /// From when on this approver may be asked about a request like this.
    fn gathered_at_ms(&self, case: &Case, to: Uuid) -> u64 {
        let is_like = |id: &Uuid| {
            self.cases.get(id).is_some_and(|other| {
                (other.row.fingerprint, other.row.uid) == (case.row.fingerprint, case.row.uid)
            })
        };
        let last = self.messages.iter().rev().find(|(key, message)| {
            key.to == to && message.form != PromptForm::Poll && message.requests.iter().any(is_like)
        });
        last.map_or(0, |(key, _)| key.sent_at_ms.saturating_add(GATHER_MS))
    }

    /// The next poll.
    pub(super) fn next_poll(&self) -> Option<Todo> {
        self.messages
            .iter()
            .find(|(_, message)| {
                !message.polled
                    && message.form == PromptForm::Whole
                    && message.requests.iter().any(|id| self.waits(*id))
            })
            .map(|(key, _)| Todo::Poll(*key))
    }

    /// The next outcome to tell: of a message that asks about nothing any more.
    pub(super) fn next_outcome(&self) -> Option<Todo> {
        self.messages
            .iter()
            .find(|(_, message)| message.open && message.requests.iter().all(|id| self.over(*id)))
            .map(|(key, _)| Todo::Tell(*key))
    }

    /// A question is being sent, or no longer is.
    pub(super) fn on_its_way(&mut self, requests: &[Uuid], is: bool) {
        for id in requests {
            if let Some(case) = self.cases.get_mut(id) {
                case.on_its_way = is;
                if !is && !case.asked && is_over(&case.row) {
                    self.cases.remove(id);
                }
            }
        }
    }

    /// The connection was lost.
    pub(super) fn nothing_on_its_way(&mut self) {
        let all: Vec<Uuid> = self
            .cases
            .iter()
            .filter(|(_, case)| case.on_its_way)
            .map(|(id, _)| *id)
            .collect();
        self.on_its_way(&all, false);
    }

    /// A question was sent.
    pub(super) fn asked_by(&mut self, requests: &[Uuid], key: Key, form: PromptForm) {
        self.tried(requests, key.to);
        for id in requests {
            if let Some(case) = self.cases.get_mut(id) {
                case.asked = true;
            }
        }
        let message = Message {
            requests: requests.to_vec(),
            form,
            open: true,
            polled: false,
            tries: 0,
        };
        self.messages.insert(key, message);
        self.forget();
    }

    /// A poll was sent behind a question; or it will not be, when there is no key.
    pub(super) fn polled(&mut self, question: Key, poll: Option<Key>) {
        let Some(message) = self.messages.get_mut(&question) else {
            return;
        };
        message.polled = true;
        let requests = message.requests.clone();
        if let Some(key) = poll {
            let message = Message {
                requests,
                form: PromptForm::Poll,
                open: true,
                polled: true,
                tries: 0,
            };
            self.messages.insert(key, message);
        }
    }

    /// This approver will not be sent a question about these.
    pub(super) fn tried(&mut self, requests: &[Uuid], to: Uuid) {
        for id in requests {
            if let Some(case) = self.cases.get_mut(id) {
                case.tried.insert(to);
            }
        }
    }

    /// A question was perhaps sent. Gives how often.
    pub(super) fn attempted(&mut self, id: Uuid, to: Uuid) -> u8 {
        let Some(case) = self.cases.get_mut(&id) else {
            return 0;
        };
        let attempts = case.attempts.entry(to).or_default();
        *attempts = attempts.saturating_add(1);
        *attempts
    }

    /// An outcome was told, or will not be. Gives the requests whose message is closed by that.
    pub(super) fn told(&mut self, key: Key, done: bool) -> Option<Message> {
        let message = self.messages.get_mut(&key)?;
        message.tries += 1;
        if !done && message.tries < MAX_TRIES {
            return None;
        }
        message.open = false;
        let closed = message.clone();
        self.forget();
        Some(closed)
    }

    fn waits(&self, id: Uuid) -> bool {
        self.cases.get(&id).is_some_and(|case| waits(&case.row))
    }

    fn over(&self, id: Uuid) -> bool {
        self.cases.get(&id).is_none_or(|case| is_over(&case.row))
    }

    /// Keeps what may still be needed.
    fn forget(&mut self) {
        let spare = self.messages.len().saturating_sub(MAX_REMEMBERED);
        let closed: Vec<Key> = self
            .messages
            .iter()
            .filter(|(_, message)| !message.open)
            .map(|(key, _)| *key)
            .take(spare)
            .collect();
        for key in closed {
            self.messages.remove(&key);
        }
        let (mut known, mut open) = (BTreeSet::new(), BTreeSet::new());
        for message in self.messages.values() {
            known.extend(message.requests.iter().copied());
            if message.open {
                open.extend(message.requests.iter().copied());
            }
        }
        self.cases.retain(|id, case| {
            let over = is_over(&case.row);
            if over && !open.contains(id) {
                case.body = None;
            }
            !over || case.on_its_way || known.contains(id)
        });
    }
}

fn case_of(row: Row, body: Option<String>, now_ms: u64) -> Case {
    Case {
        deadline_ms: now_ms.saturating_add(row.remaining_ms.unwrap_or_default()),
        row,
        body,
        asked: false,
        on_its_way: false,
        tried: BTreeSet::new(),
        attempts: BTreeMap::new(),
    }
}

fn is_over(row: &Row) -> bool {
    matches!(row.state, Standing::Ended(_))
}

fn waits(row: &Row) -> bool {
    matches!(row.state, Standing::Live(LiveState::Pending))
}

#[cfg(test)]
pub(super) mod tests;
