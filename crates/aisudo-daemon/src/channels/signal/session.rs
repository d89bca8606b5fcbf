//! One connection to signal-cli: messages come in at any time, one call that sends is under way at
//! most, and one answer at a time is checked and brought to the ledger.

use std::{future::Future, pin::Pin, time::Duration};

use aisudo_core::{evidence::EvidenceKind, state::Tick};
use aisudo_signal::{Client, Event, Events, Failure, Identity, Incoming};

use super::{
    answers::{self, Checked},
    believe::{self, Heard, Known, Refused},
    desk::Key,
    outbox::{Errand, Returned},
    prompt::Help,
    worker::Worker,
};
use crate::record::{PromptForm, Record};

/// How often the approvers' keys are looked at, in milliseconds …
const LOOK_MS: u64 = 60_000;

/// … and how often while somebody cannot be asked: root may be mending it.
const LOOK_AGAIN_MS: u64 = 3_000;

/// … and how soon when something was found wrong.
const LOOK_SOON_MS: u64 = 500;

/// Messages that are remembered, so that one which is delivered twice is heard once.
const MAX_HEARD: usize = 1000;

/// Messages that wait for the end of a call, at most: they may be about what it sends.
const MAX_STASHED: usize = 16;

/// Answers that wait to be checked, at most.
const MAX_ANSWERS: usize = 64;

/// A phone that has not received a question after so long is off, or signal-cli is deaf, in
/// milliseconds.
const RECEIVED_WITHIN_MS: u64 = 90_000;

type Call<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

/// What is under way.
#[derive(Default)]
struct Calls {
    sending: Call<Returned>,
    checking: Call<Checked>,
    looking: Call<Result<Vec<Identity>, Failure>>,
}

impl Worker {
    /// Until the connection is lost. Gives why.
    pub(super) async fn talk(&mut self, client: Client, events: Events) -> Failure {
        let why = self.converse(client, events).await;
        self.desk.nothing_on_its_way();
        // An answer whose check was cut off is checked again over the next connection.
        if let Some(answered) = self.checked_now.take() {
            self.answers.push_front(answered);
        }
        why
    }

    async fn converse(&mut self, client: Client, mut events: Events) -> Failure {
        let mut calls = Calls::default();
        self.look_at = self.next_look();
        loop {
            self.collect().await;
            let now = self.port.now().tick;
            let wake = self.begin_calls(&mut calls, &client, now).await;
            let nap = Duration::from_millis(wake.0.saturating_sub(now.0).max(1));
            tokio::select! {
                // An answer that came before the connection ended is heard before its end.
                biased;
                returned = done(&mut calls.sending) => {
                    if let Err(failure) = self.returned(returned).await {
                        return failure;
                    }
                    for incoming in std::mem::take(&mut self.stash) {
                        self.hear_message(&incoming, false).await;
                    }
                }
                checked = done(&mut calls.checking) => {
                    self.checked_now = None;
                    if let Err(failure) = self.checked(checked).await {
                        return failure;
                    }
                }
                looked = done(&mut calls.looking) => match looked {
                    Ok(identities) => {
                        self.compare(&identities).await;
                        self.look_at = self.next_look();
                    }
                    Err(failure) => return failure,
                },
                event = events.next() => match event {
                    Some(event) => self.hear(event, calls.sending.is_some()).await,
                    None => return Failure::Unreachable("signal-cli closed the connection".to_owned()),
                },
                () = self.mailbox.came() => {}
                () = tokio::time::sleep(nap) => self.tick(),
            }
        }
    }

    /// Starts the calls that are due; gives when there is something to do next.
    async fn begin_calls(&mut self, calls: &mut Calls, client: &Client, now: Tick) -> Tick {
        let mut wake = self.look_at;
        if self.paused_until.is_some_and(|until| now >= until) {
            self.paused_until = None;
            self.health.pause(None);
            // Whether all is well again is for that to say.
            self.look_at = Tick(0);
        }
        if calls.sending.is_none() {
            match self.next_errand(client, self.port.now()) {
                Ok(Errand::Ask {
                    form: PromptForm::Pointer,
                    requests,
                    ..
                }) if self.give_back_too_long(&requests).await => wake = now,
                Ok(errand) => calls.sending = Some(self.run_errand(client, errand)),
                Err(at) => wake = wake.min(at),
            }
        }
        if calls.checking.is_none()
            && let Some(answered) = self.answers.pop_front()
        {
            self.checked_now = Some(answered.clone());
            let (client, port) = (client.clone(), self.port.clone());
            calls.checking = Some(Box::pin(answers::check(
                client,
                port,
                self.own.account.clone(),
                answered,
            )));
        }
        if calls.looking.is_none() && now >= self.look_at {
            calls.looking = Some(Box::pin(self.look(client)));
            self.look_at = Tick(now.0.saturating_add(LOOK_MS));
        }
        let received = self.unreceived.values().min();
        received.map_or(wake, |since| {
            wake.min(Tick(since.0.saturating_add(RECEIVED_WITHIN_MS)))
        })
    }

    async fn hear(&mut self, event: Event, sends: bool) {
        match event {
            Event::Message(incoming) => self.hear_message(&incoming, sends).await,
            Event::Receipt {
                sender, timestamps, ..
            } => {
                for sent_at_ms in timestamps {
                    let key = Key {
                        sent_at_ms,
                        to: sender,
                    };
                    if self.unreceived.remove(&key).is_some() {
                        self.silent = 0;
                        self.health.silent(0);
                    }
                }
            }
            // Soon: whose key it is, and whether it is one of the approvers', the list says.
            Event::Untrusted { .. } => self.look_at = Tick(0),
            Event::Lost(count) => {
                tracing::warn!(
                    count,
                    "messages from Signal were dropped: there were too many"
                );
            }
        }
    }

    /// Takes in a message. While something is being sent, one that may be about that is kept for
    /// later.
    async fn hear_message(&mut self, incoming: &Incoming, sends: bool) {
        let name = incoming.sender.map(|sender| (sender, incoming.timestamp));
        let heard = match self.port.approvers() {
            Ok(approvers) => believe::hear(
                &Known {
                    own: &self.own,
                    approvers: &approvers,
                    desk: &self.desk,
                    words: &self.words,
                    forms: self.config.accept,
                },
                incoming,
            ),
            Err(_) => {
                self.look_soon();
                Heard::Nothing
            }
        };
        // It may be faster than the answer to the call that sends what it is about.
        let not_yet = matches!(
            heard,
            Heard::Unknown(_) | Heard::Help(_, Help::NotAsked { .. })
        );
        if sends && not_yet && self.stash.len() < MAX_STASHED {
            self.stash.push(incoming.clone());
            return;
        }
        if name.is_some_and(|name| self.heard.contains(&name)) {
            return;
        }
        if heard != Heard::Nothing
            && let Some(name) = name
        {
            self.heard.push_back(name);
            if self.heard.len() > MAX_HEARD {
                self.heard.pop_front();
            }
        }
        match heard {
            Heard::Nothing => {}
            Heard::Refused(refused) => self.refuse(refused).await,
            Heard::Help(to, help) => self.help_out(to, help),
            Heard::Unknown(to) => self.help_out(to, Help::UnknownMessage),
            Heard::Answer(answered) if self.answers.len() < MAX_ANSWERS => {
                self.answers.push_back(*answered);
            }
            Heard::Answer(_) => {}
        }
    }

    /// Records an attempt to decide that does not count.
    async fn refuse(&mut self, refused: Refused) {
        let now = self.port.now().tick;
        for id in refused.requests {
            // Strangers share one share of the log.
            if self.refusals.may_record(0, now) {
                let record = Record::DecisionRefused {
                    id,
                    uid: None,
                    who: refused.who.clone(),
                    why: refused.why.to_owned(),
                };
                let _ = self.port.note(record).await;
            }
        }
        if let Some((to, help)) = refused.help {
            self.help_out(to, help);
        }
    }

    fn tick(&mut self) {
        let now = self.port.now().tick;
        let late = |since: &Tick| now.0.saturating_sub(since.0) >= RECEIVED_WITHIN_MS;
        let before = self.unreceived.len();
        self.unreceived.retain(|_, since| !late(since));
        let missed = u32::try_from(before - self.unreceived.len()).unwrap_or(u32::MAX);
        if missed > 0 {
            self.silent = self.silent.saturating_add(missed);
            self.health.silent(self.silent);
        }
    }

    /// Something is wrong that a look will show in `aisudo status`.
    pub(super) fn look_soon(&mut self) {
        let soon = Tick(self.port.now().tick.0.saturating_add(LOOK_SOON_MS));
        self.look_at = self.look_at.min(soon);
    }

    fn next_look(&self) -> Tick {
        let all_is_well = self.blocked.is_empty() && self.health.reach().why_not().is_none();
        let pause = if all_is_well { LOOK_MS } else { LOOK_AGAIN_MS };
        Tick(self.port.now().tick.0.saturating_add(pause))
    }

    /// The kind of evidence of this channel, for records.
    pub(super) const KIND: EvidenceKind = EvidenceKind::Signal;
}

/// The end of a call; never, while there is none.
async fn done<T>(call: &mut Call<T>) -> T {
    let Some(running) = call else {
        return std::future::pending().await;
    };
    let result = running.await;
    *call = None;
    result
}
