//! The three sockets.

mod agent;
mod codec;
mod control;
mod gate;
#[cfg(test)]
mod tests;

use std::{
    os::unix::net::UnixListener as StdListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aisudo_core::wire::{Hello, ToAgent, ToControl, ToGate, WIRE_VERSION, encode};
use aisudo_sys::clock;
use serde::Serialize;
use tokio::{
    net::{UnixListener, UnixStream, unix::UCred},
    task::JoinSet,
};
use tracing::warn;

use self::codec::{Broken, Budget, Wire};
use crate::{
    broker::{Caps, Command, ConnectionId},
    channels::{Reachable, app::Door},
    contents::Contents,
    ledger::Ledger,
    limits::{Connections, Refusals},
    record::Record,
    settings::{Change, Settings},
};

/// How long a client may take to say who it is and what it wants.
const FIRST_FRAME: Duration = Duration::from_secs(5);

/// The longest first frame, in bytes.
const MAX_HELLO: usize = 1024;

/// The pause when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listening sockets.
#[derive(Debug)]
pub struct Listeners {
    /// For gates.
    pub gate: StdListener,
    /// For everybody.
    pub agent: StdListener,
    /// For local approvers.
    pub control: StdListener,
}

/// Ways from a connection past the ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doors {
    /// To the gates that can be asked what files hold.
    pub(crate) contents: Contents,
    /// To the phones.
    pub(crate) app: Door,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    settings: Settings,
    ledger: Ledger,
    /// On which channels somebody can be asked.
    reach: Reachable,
    doors: Doors,
    /// The uid that counts as root besides root: the daemon's own, when it was started by somebody
    /// else than root, for tests.
    stand_in: Option<u32>,
    budget: Budget,
    refusals: Refusals,
    next_connection: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        ledger: Ledger,
        reach: Reachable,
        doors: Doors,
        stand_in: Option<u32>,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings,
            ledger,
            reach,
            doors,
            stand_in,
            budget: Budget::default(),
            refusals: Refusals::default(),
            next_connection: AtomicU64::new(1),
        })
    }

    fn is_root(&self, uid: u32) -> bool {
        uid == 0 || self.stand_in == Some(uid)
    }

    fn connection_id(&self) -> ConnectionId {
        ConnectionId(self.next_connection.fetch_add(1, Ordering::Relaxed))
    }

    /// What root has written, as it is now.
    async fn refreshed(&self) -> &Settings {
        self.put_in_force(&self.settings.refresh()).await;
        &self.settings
    }

    /// Reads everything root has written again.
    pub(crate) async fn reload(&self) -> Vec<Change> {
        let changes = self.settings.reload();
        self.put_in_force(&changes).await;
        changes
    }

    /// Records what was read, and passes on what others must know of it.
    async fn put_in_force(&self, changes: &[Change]) {
        for change in changes {
            let note = Command::Note(Box::new(change.record().clone()));
            // Without a record it is in force all the same: root wrote it.
            let _ = self.ledger.command(note).await;
            if matches!(change, Change::Config(_)) {
                let caps = Caps::from(&*self.settings.config());
                let _ = self.ledger.command(Command::Limit(caps)).await;
            }
        }
    }

    /// Records a refusal, unless this uid has caused too many.
    async fn note(&self, uid: u32, record: Record) {
        if self.refusals.may_record(uid, clock::boottime()) {
            // Without a record it is refused all the same.
            let _ = self.ledger.command(Command::Note(Box::new(record))).await;
        }
    }
}

/// Serves until it is dropped.
///
/// # Errors
/// When a socket cannot be taken over.
pub(crate) async fn serve(shared: Arc<Shared>, listeners: Listeners) -> std::io::Result<()> {
    let limits = shared.settings.config().limits.clone();
    let (most, per_uid) = (limits.connections, limits.connections_per_uid);
    // Each waiting gate holds a connection.
    let gates = Connections::new(most.saturating_add(limits.pending), usize::MAX);
    let agents = Connections::new(most, per_uid);
    let controls = Connections::new(most, per_uid);

    let mut sockets = JoinSet::new();
    sockets.spawn(accept(
        listen(listeners.gate)?,
        gates,
        Arc::clone(&shared),
        gate::Gate,
    ));
    sockets.spawn(accept(
        listen(listeners.agent)?,
        agents,
        Arc::clone(&shared),
        agent::Agent,
    ));
    sockets.spawn(accept(
        listen(listeners.control)?,
        controls,
        shared,
        control::Control,
    ));
    while sockets.join_next().await.is_some() {}
    Ok(())
}

/// What a socket does with its clients.
trait Service: Copy + Send + Sync + 'static {
    /// What is said to a client that is not served.
    type Refusal: Serialize + Send + Sync;

    fn refusal(why: String) -> Self::Refusal;

    fn serve(shared: Arc<Shared>, wire: Wire, peer: Peer) -> impl Future<Output = ()> + Send;
}

/// Who sits at the other end, from the kernel (`SO_PEERCRED`).
#[derive(Clone, Copy, Debug)]
struct Peer {
    uid: u32,
    /// 0 when it is not seen from here.
    pid: i32,
}

impl From<UCred> for Peer {
    fn from(credentials: UCred) -> Self {
        Self {
            uid: credentials.uid(),
            pid: credentials.pid().unwrap_or_default(),
        }
    }
}

fn listen(listener: StdListener) -> std::io::Result<UnixListener> {
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

async fn accept<S: Service>(
    listener: UnixListener,
    connections: Arc<Connections<u32>>,
    shared: Arc<Shared>,
    _service: S,
) {
    let mut clients = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
        };
        let (stream, _) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(peer) = stream.peer_cred().map(Peer::from) else {
            continue;
        };
        let Some(admission) = connections.admit(peer.uid) else {
            turn_away::<S>(&stream);
            continue;
        };
        let shared = Arc::clone(&shared);
        clients.spawn(async move {
            let _counted = admission;
            let mut wire = Wire::new(stream, shared.budget.clone());
            match greet(&mut wire).await {
                Ok(()) => S::serve(shared, wire, peer).await,
                Err(Broken::Closed) => {}
                Err(broken) => {
                    let _ = wire.send(&S::refusal(said_wrong(&broken))).await;
                }
            }
        });
    }
}

/// Nobody waits for a client that is one too many.
fn turn_away<S: Service>(stream: &UnixStream) {
    let refusal = S::refusal("aisudo-daemon has too many connections; try again later".to_owned());
    if let Ok(frame) = encode(&refusal) {
        let _ = stream.try_write(&frame);
    }
}

async fn greet(wire: &mut Wire) -> Result<(), Broken> {
    let (hello, _) = wire.message_within::<Hello>(FIRST_FRAME, MAX_HELLO).await?;
    if hello.aisudo == WIRE_VERSION {
        return Ok(());
    }
    let why = format!(
        "it has version {}, this daemon speaks version {WIRE_VERSION}; restart aisudo-daemon after an upgrade",
        hello.aisudo
    );
    Err(Broken::Frame(aisudo_core::wire::FrameError::Malformed(why)))
}

fn said_wrong(broken: &Broken) -> String {
    match broken {
        Broken::Closed => "the connection was closed".to_owned(),
        Broken::Slow => "nothing was asked in time".to_owned(),
        Broken::Frame(error) => error.to_string(),
    }
}

/// A refusal of the protocol itself: root's fallback may take over, so that an upgrade leaves a
/// working sudo (I9).
fn gate_refusal(why: String) -> ToGate {
    ToGate::Refused {
        why,
        fallback: true,
    }
}

fn agent_refusal(message: String) -> ToAgent {
    ToAgent::Error { message }
}

fn control_refusal(message: String) -> ToControl {
    ToControl::Error { message }
}
