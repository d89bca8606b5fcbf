//! `control.sock`: local approvers look and decide.

use std::{sync::Arc, time::Duration};

use aisudo_core::{
    base64url::Base64,
    config::Config,
    device::KeyId,
    evidence::Evidence,
    wire::{FromControl, Head, MAX_NOTE_BYTES, Row, Status, ToControl},
};
use aisudo_sys::users;
use tokio::sync::{mpsc, watch};

use super::{Broken, Peer, Service, Shared, Wire, control_refusal};
use crate::{
    broker::{Answer, Command, Outcome},
    channels::app::{Confirmed, Hub, Pairs},
    ledger::{Query, View, What},
    record::Record,
    settings::Change,
};

/// How long an approver's program may say nothing, unless it watches.
const IDLE: Duration = Duration::from_secs(600);

/// The longest frame, in bytes: a decision with a note, escaped as far as can be.
const MAX_FRAME: usize = 8192;

/// Events that wait for a screen, at most.
const MAX_EVENTS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Control;

impl Service for Control {
    type Refusal = ToControl;

    fn refusal(why: String) -> ToControl {
        control_refusal(why)
    }

    async fn serve(shared: Arc<Shared>, mut wire: Wire, peer: Peer) {
        shared.refreshed().await;
        let looked_up = Arc::clone(&shared);
        // Behind the user database there may be a network.
        let known = tokio::task::spawn_blocking(move || approver(&looked_up, peer.uid)).await;
        let Approver { name, groups } = match known {
            Ok(Ok(approver)) => approver,
            Ok(Err(why)) => return turn_away(&shared, &mut wire, peer, why).await,
            Err(_) => return,
        };
        let mut client = Client {
            shared: &shared,
            peer,
            name,
            groups,
            events: None,
            follows: None,
            pairs: None,
        };
        if let Err(Broken::Frame(error)) = client.talk(&mut wire).await {
            let _ = wire.send(&control_refusal(error.to_string())).await;
        }
    }
}

/// Somebody who may approve, as the user database knows them.
#[derive(Debug)]
struct Approver {
    name: String,
    groups: Vec<String>,
}

/// An approver, or why this uid is none (I2).
fn approver(shared: &Shared, uid: u32) -> Result<Approver, String> {
    let name = users::user_name(uid).and_then(|name| String::from_utf8(name).ok());
    if uid == 0 {
        return Ok(Approver {
            name: name.unwrap_or_else(|| "root".to_owned()),
            groups: Vec::new(),
        });
    }
    let name = name.ok_or("your uid has no name in the user database; ask another approver")?;
    let groups = users::group_names(uid);
    may_approve(
        &shared.settings.config(),
        &name,
        &groups,
        shared.is_root(uid),
    )?;
    Ok(Approver { name, groups })
}

fn may_approve(
    config: &Config,
    name: &str,
    groups: &[String],
    stand_in: bool,
) -> Result<(), String> {
    if config.gate.when(name, groups).is_some() {
        return Err(format!(
            "{name} is asked for by aisudo and may not approve; use root or another user"
        ));
    }
    match &config.channels.terminal.group {
        _ if stand_in => Ok(()),
        Some(group) if groups.contains(group) => Ok(()),
        Some(group) => Err(format!(
            "only root and the group {group} may approve; log in as one of them"
        )),
        None => Err("only root may approve; use root".to_owned()),
    }
}

/// Hears what was wanted, for the record, and refuses it.
async fn turn_away(shared: &Shared, wire: &mut Wire, peer: Peer, why: String) {
    if let Ok((FromControl::Decide { id, .. }, _)) =
        wire.message_within(super::FIRST_FRAME, MAX_FRAME).await
    {
        let record = Record::DecisionRefused {
            id,
            uid: Some(peer.uid),
            who: format!("uid {}", peer.uid),
            why: why.clone(),
        };
        shared.note(peer.uid, record).await;
    }
    let _ = wire.send(&ToControl::NotPermitted { message: why }).await;
}

/// One approver's program.
struct Client<'a> {
    shared: &'a Shared,
    peer: Peer,
    name: String,
    groups: Vec<String>,
    /// Since it watches.
    events: Option<mpsc::Receiver<Row>>,
    /// While it waits for audit entries.
    follows: Option<Follows>,
    /// While it pairs.
    pairs: Option<Pairs>,
}

/// A question for audit entries that are not there yet.
struct Follows {
    after: u64,
    limit: u32,
    /// The newest entry on disk.
    heads: watch::Receiver<Head>,
}

impl Client<'_> {
    async fn talk(&mut self, wire: &mut Wire) -> Result<(), Broken> {
        loop {
            let idle = if self.events.is_some() || self.follows.is_some() || self.pairs.is_some() {
                Duration::MAX
            } else {
                IDLE
            };
            tokio::select! {
                row = next_event(&mut self.events) => {
                    let Some(row) = row else {
                        let behind = "this screen fell behind, or its user asks now; watch again";
                        return wire.send(&control_refusal(behind.to_owned())).await;
                    };
                    wire.send(&ToControl::Changed { row: Some(row) }).await?;
                }
                answer = next_answer(&mut self.pairs) => {
                    let message = Base64(answer);
                    wire.send(&ToControl::PairAnswer { message }).await?;
                }
                (after, limit) = grown(&mut self.follows) => {
                    self.follows = None;
                    let answer = self.look(What::Audit { after, limit }).await;
                    wire.send(&answer).await?;
                }
                message = wire.message_within(idle, MAX_FRAME) => {
                    let (message, _) = message?;
                    if let Some(Follows { after, limit, .. }) = self.follows.take() {
                        // Answers come in the order of the questions.
                        wire.send(&self.look(What::Audit { after, limit }).await).await?;
                    }
                    if let Some(answer) = self.answer(message).await {
                        wire.send(&answer).await?;
                    }
                }
            }
        }
    }

    /// The answer; nothing when it comes later.
    async fn answer(&mut self, message: FromControl) -> Option<ToControl> {
        if let FromControl::Audit {
            after,
            limit,
            wait: true,
        } = message
        {
            return self.follow(after, limit).await;
        }
        Some(self.answer_now(message).await)
    }

    /// Entries that are there, or else those that come.
    async fn follow(&mut self, after: u64, limit: u32) -> Option<ToControl> {
        // Before the look: no entry comes in between unseen.
        let heads = self.shared.ledger.heads();
        let answer = self.look(What::Audit { after, limit }).await;
        match &answer {
            ToControl::Audit { head, .. } if head.sequence == after => {
                self.follows = Some(Follows {
                    after,
                    limit,
                    heads,
                });
                None
            }
            _ => Some(answer),
        }
    }

    async fn answer_now(&mut self, message: FromControl) -> ToControl {
        if let Err(message) = self.still_may_approve().await {
            return ToControl::NotPermitted { message };
        }
        match message {
            FromControl::List { all } => self.look(What::List { all }).await,
            FromControl::Show { which } => self.look(What::Show { which }).await,
            FromControl::Status => self.look(What::Status).await,
            FromControl::Audit { after, limit, .. } => {
                self.look(What::Audit { after, limit }).await
            }
            FromControl::Reload => self.reload().await,
            FromControl::Watch => self.watch().await,
            FromControl::Pair => self.for_root(Self::pair),
            FromControl::PairSend { to, message, last } => {
                let sent = self
                    .pairs
                    .as_ref()
                    .map(|pairs| pairs.send(to, message.0, last));
                match sent {
                    Some(true) => ToControl::PairSent,
                    _ => control_refusal("no such phone has answered; start again".to_owned()),
                }
            }
            FromControl::Devices => self.for_root(|_, hub| ToControl::Devices {
                devices: hub.reach(),
            }),
            FromControl::TestDevice { device } => self.test(device).await,
            FromControl::Decide {
                id,
                digest,
                verdict,
                note,
            } => {
                let answer = Answer {
                    id,
                    digest,
                    nonce: None,
                    verdict,
                    approver: self.name.clone(),
                    note,
                    evidence: Evidence::Terminal {
                        uid: self.peer.uid,
                        pid: self.peer.pid,
                    },
                    decider: Some(self.peer.uid),
                };
                self.decide(answer).await
            }
        }
    }

    /// Root may have changed who is asked for, and who may approve, since this connection began.
    async fn still_may_approve(&self) -> Result<(), String> {
        let config = self.shared.refreshed().await.config();
        match self.peer.uid {
            0 => Ok(()),
            uid => may_approve(&config, &self.name, &self.groups, self.shared.is_root(uid)),
        }
    }

    async fn decide(&self, answer: Answer) -> ToControl {
        if answer
            .note
            .as_ref()
            .is_some_and(|note| note.len() > MAX_NOTE_BYTES)
        {
            return control_refusal(format!(
                "the note is longer than {MAX_NOTE_BYTES} bytes; shorten it"
            ));
        }
        match self
            .shared
            .ledger
            .command(Command::Decide(Box::new(answer)))
            .await
        {
            Ok(Outcome::Done) => ToControl::Decided,
            Ok(Outcome::NotTaken(why)) => control_refusal(why),
            Ok(_) => control_refusal("this cannot be decided".to_owned()),
            Err(failure) => control_refusal(failure.to_string()),
        }
    }

    /// What only root may do, with the phones' hub, if there is one.
    fn for_root(&mut self, act: impl FnOnce(&mut Self, &Hub) -> ToControl) -> ToControl {
        if !self.shared.is_root(self.peer.uid) {
            let message = "only root may do this; use root".to_owned();
            return ToControl::NotPermitted { message };
        }
        match self.shared.doors.app.hub() {
            Some(hub) => act(self, &hub),
            None => control_refusal(
                "the daemon has no [channels.app]; set it up, then: systemctl restart aisudo-daemon"
                    .to_owned(),
            ),
        }
    }

    fn pair(&mut self, hub: &Hub) -> ToControl {
        // A second try on the same connection starts anew.
        self.pairs = None;
        match hub.pairing().begin() {
            Some(pairs) => {
                self.pairs = Some(pairs);
                ToControl::Pairing
            }
            None => control_refusal(
                "another `aisudo pair` runs; end that one, or wait until it has".to_owned(),
            ),
        }
    }

    async fn test(&mut self, device: KeyId) -> ToControl {
        let mut found = None;
        let refused = self.for_root(|_, hub| {
            found = Some(hub.clone());
            ToControl::PairSent
        });
        let Some(hub) = found else { return refused };
        match hub.test(device).await {
            Ok(Confirmed { after_ms, pushed }) => ToControl::Tested { after_ms, pushed },
            Err(why) => control_refusal(why),
        }
    }

    async fn reload(&self) -> ToControl {
        if !self.shared.is_root(self.peer.uid) {
            return ToControl::NotPermitted {
                message: "only root may have the configuration read again; use root".to_owned(),
            };
        }
        let changes = self.shared.reload().await;
        let refused: Vec<&str> = changes.iter().filter_map(Change::refusal).collect();
        if refused.is_empty() {
            let policy = self.shared.settings.policy().health();
            ToControl::Reloaded {
                changes: vec![
                    "configuration: in force".to_owned(),
                    format!("policy: {policy}"),
                ],
            }
        } else {
            control_refusal(format!(
                "{}; what was in force before stays so, but nothing is allowed by a policy that was refused",
                refused.join("; ")
            ))
        }
    }

    async fn watch(&mut self) -> ToControl {
        let (sender, events) = mpsc::channel(MAX_EVENTS);
        match self.shared.ledger.watch(self.peer.uid, sender).await {
            Ok(true) => {
                self.events = Some(events);
                ToControl::Changed { row: None }
            }
            Ok(false) => refused(),
            Err(failure) => control_refusal(failure.to_string()),
        }
    }

    async fn look(&self, what: What) -> ToControl {
        let uid = self.peer.uid;
        match self.shared.ledger.look(Query::Approver { uid, what }).await {
            Ok(View::Rows(requests, left_out)) => ToControl::Requests { requests, left_out },
            Ok(View::Request(row, request)) => ToControl::Request { row: *row, request },
            Ok(View::Status(status)) => ToControl::Status {
                status: Status {
                    policy: self.shared.settings.policy().health(),
                    ..*status
                },
            },
            Ok(View::Audit {
                entries,
                head,
                start,
            }) => ToControl::Audit {
                entries,
                head,
                start,
            },
            Ok(View::NotFound | View::Prompts(_) | View::Latest(_)) => {
                control_refusal("there is no such request; list the requests again".to_owned())
            }
            Ok(View::Refused) => refused(),
            Err(failure) => control_refusal(failure.to_string()),
        }
    }
}

fn refused() -> ToControl {
    ToControl::NotPermitted {
        message: "whoever has a request waiting may not use this socket; ask another approver"
            .to_owned(),
    }
}

/// When there are entries after the one that is known, or the writer has stopped; never, while
/// nobody waits for them.
async fn grown(follows: &mut Option<Follows>) -> (u64, u32) {
    let Some(Follows {
        after,
        limit,
        heads,
    }) = follows
    else {
        return std::future::pending().await;
    };
    let _ = heads.wait_for(|head| head.sequence != *after).await;
    (*after, *limit)
}

/// Never, while it does not pair.
async fn next_answer(pairs: &mut Option<Pairs>) -> Vec<u8> {
    if let Some(answer) = match pairs {
        Some(pairs) => pairs.answers.recv().await,
        None => None,
    } {
        return answer;
    }
    std::future::pending().await
}

/// Never, while it does not watch.
async fn next_event(events: &mut Option<mpsc::Receiver<Row>>) -> Option<Row> {
    match events {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}
