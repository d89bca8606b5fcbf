//! The worker: connects to signal-cli, stays connected, and between connections says so.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use aisudo_core::{
    config::{self, Endpoint, Receive},
    evidence::EvidenceKind,
    state::Tick,
};
use aisudo_signal::{Client, Events, Failure, Incoming, Options};
use jiff::tz::TimeZone;
use tracing::{info, warn};
use uuid::Uuid;

use super::{
    believe::{Answered, Own},
    desk::{Desk, Key},
    health::{Health, Link, Pause},
    prompt::{self, Help, Question},
    versions,
    words::Words,
};
use crate::{
    channels::{Port, mailbox::Mailbox},
    limits::{Bucket, Rate, Refusals},
    record::Record,
};

/// How long signal-cli may take to answer a call: it waits for Signal's servers.
const CALL: Duration = Duration::from_secs(15);

/// The pause before the first attempt to connect again, and the longest, in milliseconds.
const FIRST_RETRY_MS: u64 = 250;
const LONGEST_RETRY_MS: u64 = 30_000;

/// A connection that lasted so long was a good one, in milliseconds.
const LASTED_MS: u64 = 60_000;

/// How long a lost connection may take to come back before nobody can be asked, in milliseconds:
/// signal-cli starts in less.
const GRACE_MS: u64 = 12_000;

/// A question that waits for the budget is given back while there is so much time left, in
/// milliseconds: a person could no longer answer it.
const LEAST_TO_ANSWER_MS: u64 = 15_000;

/// What the worker holds, connected or not.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) config: config::Signal,
    pub(super) port: Port,
    pub(super) mailbox: Mailbox,
    pub(super) health: Health,
    pub(super) words: Words,
    pub(super) own: Own,
    /// The host's time zone, for people.
    pub(super) zone: TimeZone,
    pub(super) desk: Desk,
    pub(super) rate: Rate,
    pub(super) bucket: Bucket,
    /// Answers whose sender's key has still to be checked, in the order in which they came.
    pub(super) answers: VecDeque<Answered>,
    /// The one that is being checked.
    pub(super) checked_now: Option<Answered>,
    /// Lines of help to send.
    pub(super) help: VecDeque<(Uuid, Help)>,
    /// When each approver was last helped.
    pub(super) helped: BTreeMap<Uuid, Tick>,
    /// Approvers who cannot be asked now.
    pub(super) blocked: BTreeMap<Uuid, Block>,
    /// Messages about a message of ours that is not known yet.
    pub(super) stash: Vec<Incoming>,
    /// Messages that were heard, by sender and timestamp.
    pub(super) heard: VecDeque<(Uuid, u64)>,
    /// Questions that no phone has received yet, and since when.
    pub(super) unreceived: BTreeMap<Key, Tick>,
    /// Questions in a row that none received in time.
    pub(super) silent: u32,
    /// Until when nothing is sent, after a failure that is not Signal's word.
    pub(super) rest_until: Tick,
    /// Failures of the network in a row.
    pub(super) failures: u32,
    /// Until when nothing is sent because Signal said so.
    pub(super) paused_until: Option<Tick>,
    /// When the approvers' keys are looked at again.
    pub(super) look_at: Tick,
    /// Whether a question waits for the budget.
    pub(super) over_budget: bool,
    /// Requests that were given back: nobody could be asked here.
    given_back: BTreeSet<Uuid>,
    /// How the channel was, as it was last recorded.
    recorded: (&'static str, Option<&'static str>),
    pub(super) refusals: Refusals,
}

/// Why an approver cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// Their key is not the one that root pinned.
    Key(&'static str),
    /// Signal does not know the account; asked again then.
    Unregistered(Tick),
}

/// A line of the audit log when the channel changes.
pub(super) const UP: &str = "up";
pub(super) const DOWN: &str = "down";
pub(super) const PAUSED: &str = "paused";
pub(super) const SUSPENDED: &str = "suspended";

impl Worker {
    pub(super) fn new(
        config: config::Signal,
        mailbox: Mailbox,
        health: Health,
        port: Port,
    ) -> Self {
        Self {
            words: Words::new(&config),
            own: Own {
                account: config.account.clone(),
                aci: None,
                note_to_self: config.note_to_self,
            },
            zone: TimeZone::system(),
            rate: Rate::per_minute(config.messages_per_minute),
            config,
            port,
            mailbox,
            health,
            desk: Desk::default(),
            bucket: Bucket::default(),
            answers: VecDeque::new(),
            checked_now: None,
            help: VecDeque::new(),
            helped: BTreeMap::new(),
            blocked: BTreeMap::new(),
            stash: Vec::new(),
            heard: VecDeque::new(),
            unreceived: BTreeMap::new(),
            silent: 0,
            rest_until: Tick::default(),
            failures: 0,
            paused_until: None,
            look_at: Tick::default(),
            over_budget: false,
            given_back: BTreeSet::new(),
            recorded: ("", None),
            refusals: Refusals::default(),
        }
    }

    /// Until the daemon ends.
    pub(super) async fn run(mut self) {
        match self.port.prompts(EvidenceKind::Signal).await {
            Ok(prompts) => self.desk.restore(prompts, self.port.now().unix_ms),
            Err(failure) => warn!(%failure, "what was asked on Signal before is not known"),
        }
        let mut retry_ms = FIRST_RETRY_MS;
        // Before the first connection there is nothing to come back.
        let mut lost_at: Option<Tick> = None;
        loop {
            let began = self.port.now().tick;
            let why = match self.connect().await {
                Err(failure) => failure,
                Ok((client, events)) => {
                    let why = self.talk(client, events).await;
                    let now = self.port.now().tick;
                    if now.0.saturating_sub(began.0) >= LASTED_MS {
                        retry_ms = FIRST_RETRY_MS;
                    }
                    lost_at = Some(now);
                    why
                }
            };
            info!(%why, "not connected to signal-cli");
            self.wait(&why, lost_at, retry_ms).await;
            retry_ms = retry_ms.saturating_mul(2).min(LONGEST_RETRY_MS);
        }
    }

    /// Between two attempts. Those who ask meanwhile are not left waiting for nothing.
    async fn wait(&mut self, why: &Failure, lost_at: Option<Tick>, retry_ms: u64) {
        let until = Tick(self.port.now().tick.0.saturating_add(retry_ms));
        let grace_until = lost_at.map_or(Tick(0), |at| Tick(at.0.saturating_add(GRACE_MS)));
        loop {
            let now = self.port.now().tick;
            if now < grace_until {
                self.health.link(Link::Lost(why.to_string()));
            } else {
                self.health.link(Link::Down(why.to_string()));
                self.record(DOWN, Some(why.kind()), &why.to_string()).await;
            }
            self.collect().await;
            if now >= until {
                return;
            }
            let next = if now < grace_until {
                until.min(grace_until)
            } else {
                until
            };
            let nap = Duration::from_millis(next.0.saturating_sub(now.0).max(1));
            tokio::select! {
                () = self.mailbox.came() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    /// Connects, and makes sure that it may be believed who answers.
    async fn connect(&mut self) -> Result<(Client, Events), Failure> {
        if let Endpoint::Unix(path) = &self.config.connect {
            let path = self.port.paths().of(path);
            self.looked_up(move |port| port.socket_is_closed(&path))
                .await
                .map_err(Failure::Unreachable)?;
        }
        let endpoint = match &self.config.connect {
            Endpoint::Unix(path) => Endpoint::Unix(self.port.paths().of(path)),
            port => port.clone(),
        };
        let options = Options {
            account: Some(self.config.account.clone()),
            manual_receive: self.config.receive == Receive::Manual,
            timeout: CALL,
        };
        let (client, events) = Client::connect(&endpoint, options).await?;
        if let Some(uid) = client.peer_uid() {
            let not_gated = self.looked_up(move |port| port.not_gated(uid)).await;
            not_gated.map_err(|why| {
                let why =
                    format!("signal-cli runs as a user who is not believed: {why}; run it as a user of its own");
                Failure::Unreachable(why)
            })?;
        }
        let identities = self.look(&client).await?;
        self.health.link(Link::Up(client.version().to_owned()));
        self.health.advice(versions::advice(
            &self.port.paths().state_dir(),
            client.version(),
            self.port.now().unix_ms,
        ));
        self.compare(&identities).await;
        Ok((client, events))
    }

    /// What is asked of the user database, behind which there may be a network. A question that fails is
    /// answered with no.
    async fn looked_up(
        &self,
        question: impl FnOnce(Port) -> Result<(), String> + Send + 'static,
    ) -> Result<(), String> {
        let port = self.port.clone();
        tokio::task::spawn_blocking(move || question(port))
            .await
            .unwrap_or_else(|_| Err("who can reach signal-cli cannot be looked up".to_owned()))
    }

    /// Takes in what the writer says, and gives back what cannot be asked about here.
    pub(super) async fn collect(&mut self) {
        let now_ms = self.port.now().unix_ms;
        for letter in self.mailbox.take() {
            self.desk.take(letter, now_ms);
        }
        if let Some(why) = self.health.reach().why_not() {
            for id in self.desk.unasked() {
                if !self.given_back.contains(&id) {
                    let why = format!("nobody can be asked any more (signal: {why})");
                    self.give_back(id, why, true).await;
                }
            }
        }
        if self.over_budget {
            let late = |id: &Uuid| {
                let deadline = self.desk.case(*id).map(|case| case.deadline_ms);
                deadline.is_some_and(|at_ms| at_ms < now_ms.saturating_add(LEAST_TO_ANSWER_MS))
            };
            let late: Vec<Uuid> = self.desk.unasked().into_iter().filter(late).collect();
            for id in late {
                if !self.given_back.contains(&id) {
                    let why = "more is asked on Signal than messages_per_minute lets through";
                    self.give_back(id, why.to_owned(), true).await;
                }
            }
        }
        let desk = &self.desk;
        self.given_back.retain(|id| desk.case(*id).is_some());
    }

    pub(super) async fn give_back(&mut self, id: Uuid, why: String, fallback: bool) {
        self.given_back.insert(id);
        let kind = EvidenceKind::Signal;
        self.port.unreached(id, kind, why, fallback).await;
    }

    /// Gives back what cannot be shown whole here. Says whether that is new: then some of it may be
    /// over by now.
    pub(super) async fn give_back_too_long(&mut self, requests: &[Uuid]) -> bool {
        let mut any = false;
        for id in requests {
            if !self.given_back.contains(id) {
                let why = "the request is too long to be shown on Signal; shorten the command";
                self.give_back(*id, why.to_owned(), false).await;
                any = true;
            }
        }
        any
    }

    /// The text that asks about these, which are alike.
    pub(super) fn question(&self, requests: &[Uuid]) -> Option<Question> {
        let cases: Vec<_> = requests
            .iter()
            .filter_map(|id| self.desk.case(*id))
            .collect();
        let first = cases.first()?;
        let codes: Vec<String> = cases.iter().map(|case| case.row.code.clone()).collect();
        let asked = prompt::Asked {
            body: first.body.as_deref()?,
            codes: &codes,
            asked_at_ms: first.row.asked_at_ms,
            deadline_ms: first.deadline_ms,
            zone: &self.zone,
        };
        Some(prompt::question(&asked, &self.words, &self.config.accept))
    }

    /// Records that the channel is another than it was.
    pub(super) async fn record(
        &mut self,
        state: &'static str,
        kind: Option<&'static str>,
        why: &str,
    ) {
        if std::mem::replace(&mut self.recorded, (state, kind)) == (state, kind) {
            return;
        }
        let record = Record::ChannelChanged {
            channel: EvidenceKind::Signal.name(),
            state,
            kind,
            why: why.to_owned(),
        };
        if self.port.note(record).await.is_err() {
            // It is recorded next time.
            self.recorded = ("", None);
        }
    }

    /// Nothing is sent for a while.
    pub(super) async fn pause(&mut self, ms: u64, kind: &'static str, pause: Pause) {
        self.paused_until = Some(Tick(self.port.now().tick.0.saturating_add(ms)));
        self.record(PAUSED, Some(kind), &pause.why).await;
        self.health.pause(Some(pause));
    }
}
