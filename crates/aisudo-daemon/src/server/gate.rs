//! `gate.sock`: a gate asks, waits, and has its release recorded.

use std::sync::Arc;

use aisudo_core::{
    digest::request_digest,
    evidence::{Decision, Verdict},
    policy::Ruling,
    raw::Hex32,
    request::{REQUEST_VERSION, Request},
    wire::{FromGate, MAX_ASK_BYTES, MAX_CONTENT_FRAME, ToGate},
};
use aisudo_sys::{clock, process::start_time};
use serde_json::Value;
use tokio::sync::watch;
use tracing::debug;
use uuid::Uuid;

use super::{Broken, FIRST_FRAME, Peer, Service, Shared, Wire, gate_refusal, said_wrong};
use crate::{
    broker::{Ask, Command, ConnectionId, News, NotReached, Outcome},
    contents::Offer,
    ledger::Unavailable,
    record::Record,
};

/// The longest frame after the question, in bytes.
const MAX_LATER: usize = 4096;

#[derive(Clone, Copy, Debug)]
pub(super) struct Gate;

impl Service for Gate {
    type Refusal = ToGate;

    fn refusal(why: String) -> ToGate {
        gate_refusal(why)
    }

    async fn serve(shared: Arc<Shared>, mut wire: Wire, peer: Peer) {
        if !shared.is_root(peer.uid) {
            let _ = wire.send(&no("only sudo may ask here".to_owned())).await;
            return;
        }
        // Boxed: what asking needs is not held while the gate waits.
        match Box::pin(ask(&shared, &mut wire, peer)).await {
            Ok(Asked::Waiting(waiting)) => waiting.wait(&shared, wire).await,
            Ok(Asked::Allowed(allowed)) => Box::pin(allowed.finish(&shared, wire)).await,
            Err(Some(refusal)) => {
                let _ = Box::pin(wire.send(&refusal)).await;
            }
            Err(None) => {}
        }
    }
}

/// A gate that is not turned away.
#[derive(Debug)]
enum Asked {
    Waiting(Waiting),
    Allowed(Allowed),
}

/// A gate whose command the policy lets through; its release is on disk.
#[derive(Debug)]
struct Allowed {
    uid: u32,
    decision: Box<Decision>,
}

/// A gate whose request is on disk.
#[derive(Debug)]
struct Waiting {
    id: Uuid,
    connection: ConnectionId,
    /// What it is told at first; not held while it waits.
    opening: Option<Box<Opening>>,
    news: watch::Receiver<News>,
    /// Where it is asked what files hold, if it names any.
    offer: Option<Box<Offer>>,
    /// Whether the request is over: the connection is not its gate then.
    over: bool,
}

/// Reads and records the question; or what to answer instead, if anything.
async fn ask(shared: &Shared, wire: &mut Wire, peer: Peer) -> Result<Asked, Option<ToGate>> {
    let (message, frame) = match wire.message_within(FIRST_FRAME, MAX_ASK_BYTES).await {
        Ok(asked) => asked,
        Err(Broken::Closed) => return Err(None),
        Err(broken) => return Err(Some(gate_refusal(said_wrong(&broken)))),
    };
    let FromGate::Ask {
        request: body,
        token,
    } = message
    else {
        return Err(Some(no("nothing was asked yet".to_owned())));
    };
    // The frame's bytes go, its share of the budget stays until the question is on disk.
    let share = frame.into_share();
    let connection = shared.connection_id();
    let (ask, offer) = match question(body, token, peer, connection) {
        Ok((mut ask, request)) => {
            let offer = shared.doors.contents.offer(&request).map(Box::new);
            let settings = shared.refreshed().await;
            let policy = settings.policy();
            let now = clock::local_time(clock::unix_ms());
            ask.ruling = policy.judge(&request, now, &settings.config());
            ask.policy = policy.sha256();
            ask.reached = shared.reach.among(&settings.config().gate.accept);
            (ask, offer)
        }
        Err(refused) => {
            let Refused {
                id,
                uid,
                why,
                fallback,
            } = *refused;
            let record = Record::Refused {
                id,
                uid,
                why: why.clone(),
            };
            shared.note(uid.unwrap_or(peer.uid), record).await;
            return Err(Some(ToGate::Refused { why, fallback }));
        }
    };
    let (id, uid) = (ask.id, ask.uid);
    let channels = ask.reached.iter().flatten();
    let channels = channels.map(|kind| kind.name().to_owned()).collect();
    let (sender, news) = watch::channel(News::None);
    let outcome = shared.ledger.ask(ask, sender).await;
    drop(share);
    let (code, seconds, first, over) = match outcome {
        Ok(Outcome::Waiting {
            code,
            seconds,
            news,
        }) => (code, seconds, news, false),
        Ok(Outcome::Ended { code, news }) => (code, 0, news, true),
        Ok(Outcome::Allowed(decision)) => {
            return Ok(Asked::Allowed(Allowed { uid, decision }));
        }
        other => return Err(Some(answer(other))),
    };
    let waiting = ToGate::Waiting {
        code,
        channels,
        seconds,
    };
    Ok(Asked::Waiting(Waiting {
        id,
        connection,
        opening: Some(Box::new(Opening { waiting, first })),
        news,
        offer,
        over,
    }))
}

/// What a gate is told before it waits.
#[derive(Debug)]
struct Opening {
    /// That it waits.
    waiting: ToGate,
    /// What is already known.
    first: News,
}

/// Why a question is not taken.
#[derive(Debug)]
struct Refused {
    id: Option<Uuid>,
    uid: Option<u32>,
    why: String,
    fallback: bool,
}

/// Checks the question against what the kernel says of the one who asks.
fn question(
    body: String,
    token: Hex32,
    peer: Peer,
    connection: ConnectionId,
) -> Result<(Ask, Request), Box<Refused>> {
    let refused = |why: String| Refused {
        id: None,
        uid: None,
        why,
        fallback: false,
    };
    let facts: Value =
        serde_json::from_str(&body).map_err(|_| refused("the request is not JSON".to_owned()))?;
    let other_version =
        facts.get("version").and_then(Value::as_u64) != Some(u64::from(REQUEST_VERSION));
    let request = Request::parse(&body).map_err(|why| Refused {
        // An upgrade that is half done must leave a working sudo (I9).
        fallback: other_version,
        ..refused(why)
    })?;
    let refused = |why: &str, fallback| Refused {
        id: Some(request.id),
        uid: Some(request.requester.uid),
        why: why.to_owned(),
        fallback,
    };
    // The audit log's independent verifier reads no fractions alike.
    if has_fractions(&facts) {
        return Err(refused("the request holds a number that is not an integer", false).into());
    }
    if request.sudo.pid != peer.pid {
        return Err(refused(
            "the request is for another process than the one that asks",
            false,
        )
        .into());
    }
    match start_time(peer.pid) {
        Some(since) if since == request.sudo.start_time => {}
        Some(_) => {
            return Err(refused(
                "the request is for an earlier process of the same number",
                false,
            )
            .into());
        }
        None => {
            let why = "the asking process cannot be seen in /proc; mount it without hidepid for aisudo-daemon";
            return Err(refused(why, true).into());
        }
    }
    let ask = Ask {
        connection,
        id: request.id,
        digest: request_digest(body.as_bytes()),
        nonce: request.nonce,
        fingerprint: request.fingerprint(),
        command: request.command_digest(),
        ruling: Ruling::default(),
        policy: Hex32([0; 32]),
        token,
        uid: request.requester.uid,
        pid: request.sudo.pid,
        start_time: request.sudo.start_time,
        timeout_ms: request.timeout_ms,
        reached: Ok(Vec::new()),
        body,
        facts,
    };
    Ok((ask, request))
}

impl Allowed {
    /// Tells the gate both the decision and that its release is recorded. It may still find that
    /// the command must not run: that is recorded too.
    async fn finish(self, shared: &Shared, mut wire: Wire) {
        let Self { uid, decision } = self;
        let id = decision.id;
        let decided = ToGate::Decided {
            decision: *decision,
        };
        // A gate that gives up may have closed before it heard the second: why is still to be read.
        let _ = wire.send(&decided).await;
        let _ = wire.send(&ToGate::Released).await;
        let heard = wire.message_within(FIRST_FRAME, MAX_LATER).await;
        if let Ok((FromGate::GiveUp { why }, _)) = heard {
            let record = Record::Refused {
                id: Some(id),
                uid: Some(uid),
                why: format!("allowed by the policy, and not run: {why}"),
            };
            shared.note(uid, record).await;
        }
    }
}

impl Waiting {
    /// Until the gate has its answer, or is gone.
    async fn wait(mut self, shared: &Shared, mut wire: Wire) {
        let why = match self.talk(shared, &mut wire).await {
            Ok(End::Told) => return,
            Ok(End::GaveUp(why)) => why,
            // The gate's connection is another one now.
            Ok(End::Replaced) => return,
            Err(Broken::Closed) => "sudo went away".to_owned(),
            Err(broken) => said_wrong(&broken),
        };
        if self.over {
            return;
        }
        let leave = shared.ledger.leave(self.id, self.connection, why);
        if let Err(failure) = Box::pin(leave).await {
            debug!(%failure, id = %self.id, "a gate left unrecorded; its request ends later");
        }
    }

    /// What is done once is boxed: only the waiting itself is held for each of thousands.
    async fn talk(&mut self, shared: &Shared, wire: &mut Wire) -> Result<End, Broken> {
        if Box::pin(self.begin(wire)).await? {
            return Ok(End::Told);
        }
        let longest = match self.offer {
            Some(_) => MAX_CONTENT_FRAME,
            None => MAX_LATER,
        };
        loop {
            tokio::select! {
                changed = self.news.changed(), if !self.over => {
                    if changed.is_err() {
                        return Ok(End::Replaced);
                    }
                    let news = self.news.borrow_and_update().clone();
                    if Box::pin(tell(wire, news)).await? {
                        return Ok(End::Told);
                    }
                }
                sha256 = wanted(&mut self.offer) => {
                    Box::pin(wire.send(&ToGate::Show { sha256 })).await?;
                }
                frame = wire.next(longest) => match frame?.message()? {
                    FromGate::Content { sha256, content } => {
                        if let Some(offer) = &mut self.offer {
                            offer.answered(sha256, content.map(|content| content.0));
                        }
                    }
                    FromGate::Ask { .. } => {
                        let no = no("one question per connection".to_owned());
                        Box::pin(wire.send(&no)).await?;
                    }
                    FromGate::GiveUp { why } => return Ok(End::GaveUp(why)),
                    FromGate::Release { token } => {
                        if Box::pin(self.release(shared, wire, token)).await? {
                            return Ok(End::Told);
                        }
                    }
                },
            }
        }
    }

    /// Says that people are asked, and what is known already; says whether that was the last word.
    async fn begin(&mut self, wire: &Wire) -> Result<bool, Broken> {
        let Some(opening) = self.opening.take() else {
            return Ok(false);
        };
        wire.send(&opening.waiting).await?;
        tell(wire, opening.first).await
    }

    /// Has the release recorded; says whether it was.
    async fn release(&self, shared: &Shared, wire: &Wire, token: Hex32) -> Result<bool, Broken> {
        let release = Command::Release {
            id: self.id,
            connection: self.connection,
            token,
        };
        let outcome = shared.ledger.command(release).await;
        let released = outcome == Ok(Outcome::Released);
        wire.send(&answer(outcome)).await?;
        Ok(released)
    }
}

/// How a conversation with a gate ends.
#[derive(Debug)]
enum End {
    Told,
    GaveUp(String),
    Replaced,
}

/// Never, for a gate that names no file that could be shown.
async fn wanted(offer: &mut Option<Box<Offer>>) -> Hex32 {
    match offer {
        Some(offer) => offer.next().await,
        None => std::future::pending().await,
    }
}

/// Tells a gate the news; says whether that was the last word.
async fn tell(wire: &Wire, news: News) -> Result<bool, Broken> {
    match news {
        News::None => Ok(false),
        News::Expired => wire.send(&ToGate::Expired).await.map(|()| true),
        News::NotReached(not) => {
            let NotReached { why, fallback } = *not;
            let refused = ToGate::Refused { why, fallback };
            wire.send(&refused).await.map(|()| true)
        }
        News::Decided(decision) => {
            let last = decision.verdict == Verdict::Deny;
            let decision = *decision;
            wire.send(&ToGate::Decided { decision })
                .await
                .map(|()| last)
        }
    }
}

fn answer(outcome: Result<Outcome, Unavailable>) -> ToGate {
    match outcome {
        Ok(Outcome::Released) => ToGate::Released,
        Ok(Outcome::Rejected(decision)) => ToGate::Decided {
            decision: *decision,
        },
        Ok(Outcome::Password { rule }) => ToGate::Password { rule },
        Ok(Outcome::Refused { why, fallback }) => ToGate::Refused { why, fallback },
        Ok(_) => no("this request cannot go on".to_owned()),
        Err(failure) => gate_refusal(failure.to_string()),
    }
}

fn no(why: String) -> ToGate {
    ToGate::Refused {
        why,
        fallback: false,
    }
}

fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_fractions),
        Value::Object(fields) => fields.values().any(has_fractions),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
