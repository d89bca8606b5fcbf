//! What changeable files hold, asked of the gates that wait: on demand, and kept nowhere.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aisudo_core::{
    raw::Hex32,
    request::{Content, Request},
    wire::MAX_CONTENT_BYTES,
};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// How long a gate may take to read a file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Questions that wait for one gate, at most.
const MOST_WAITING: usize = 4;

/// The gates that can be asked. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Contents(Arc<Mutex<HashMap<Uuid, mpsc::Sender<Wanted>>>>);

/// A question to a gate.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) sha256: Hex32,
    pub(crate) answer: oneshot::Sender<Option<Vec<u8>>>,
}

impl Contents {
    /// What the file with this hash holds that the request names; nothing when its gate does not have
    /// it or is gone.
    pub async fn of(&self, id: Uuid, sha256: Hex32) -> Option<Vec<u8>> {
        let gate = self.gates().get(&id).cloned()?;
        let (answer, content) = oneshot::channel();
        gate.try_send(Wanted { sha256, answer }).ok()?;
        tokio::time::timeout(PATIENCE, content).await.ok()?.ok()?
    }

    /// A gate that can be asked from now on; nothing when its request names no such file, as most do.
    pub(crate) fn offer(&self, request: &Request) -> Option<Offer> {
        let shows = |content: &Content| match content {
            Content::Hashed { size, .. } => {
                usize::try_from(*size).is_ok_and(|size| size <= MAX_CONTENT_BYTES)
            }
            Content::Directory | Content::Unpinned { .. } => false,
        };
        if !request.operands.iter().any(|one| shows(&one.content)) {
            return None;
        }
        let (sender, wanted) = mpsc::channel(MOST_WAITING);
        self.gates().insert(request.id, sender.clone());
        Some(Offer {
            contents: self.clone(),
            id: request.id,
            sender,
            wanted,
            asked: None,
        })
    }

    fn gates(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, mpsc::Sender<Wanted>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A gate's end. Dropped with its connection.
#[derive(Debug)]
pub(crate) struct Offer {
    contents: Contents,
    id: Uuid,
    sender: mpsc::Sender<Wanted>,
    wanted: mpsc::Receiver<Wanted>,
    /// What it is reading.
    asked: Option<Wanted>,
}

impl Offer {
    /// What is wanted next, once the one before was answered.
    pub(crate) async fn next(&mut self) -> Hex32 {
        let given_up = |wanted: &Wanted| wanted.answer.is_closed();
        if self.asked.as_ref().is_some_and(|wanted| !given_up(wanted)) {
            return std::future::pending().await;
        }
        match self.wanted.recv().await {
            Some(wanted) => self.asked.insert(wanted).sha256,
            // It holds a sender itself.
            None => std::future::pending().await,
        }
    }

    /// What the gate says.
    pub(crate) fn answered(&mut self, sha256: Hex32, content: Option<Vec<u8>>) {
        if self
            .asked
            .as_ref()
            .is_some_and(|wanted| wanted.sha256 == sha256)
            && let Some(wanted) = self.asked.take()
        {
            let _ = wanted.answer.send(content);
        }
    }
}

impl Drop for Offer {
    /// Unless the gate has come back on another connection.
    fn drop(&mut self) {
        let mut gates = self.contents.gates();
        if gates
            .get(&self.id)
            .is_some_and(|gate| gate.same_channel(&self.sender))
        {
            gates.remove(&self.id);
        }
    }
}
