//! Calls that wait for their answers, whatever the transport.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::{Failure, queue::Sink};

/// The longest line or body that is read, in bytes. `listIdentities` has some 430 for each account
/// that was ever met, which is every member of every group.
pub(crate) const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// Those under way.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    next: AtomicU64,
    /// Nothing any more once the connection is lost.
    waiting: Mutex<Option<HashMap<u64, oneshot::Sender<Value>>>>,
}

/// A call under way. Dropping it forgets it.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    calls: &'a Calls,
    id: u64,
    answer: oneshot::Receiver<Value>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        Self {
            next: AtomicU64::new(1),
            waiting: Mutex::new(Some(HashMap::new())),
        }
    }

    /// A new call.
    pub(crate) fn begin(&self) -> Result<Waiting<'_>, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        let mut waiting = self.lock();
        let Some(calls) = waiting.as_mut() else {
            return Err(closed());
        };
        calls.insert(id, sender);
        Ok(Waiting {
            calls: self,
            id,
            answer,
        })
    }

    /// Takes in a line: the answer to a call, or a notification.
    pub(crate) fn take_line(&self, line: &[u8], sink: &Sink) {
        let Ok(message) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        if message.get("method").and_then(Value::as_str) == Some("receive") {
            if let Some(parameters) = message.get("params") {
                sink.report(parameters, line.len());
            }
            return;
        }
        let id = message.get("id").and_then(Value::as_u64);
        let call = id.and_then(|id| self.lock().as_mut()?.remove(&id));
        if let Some(call) = call {
            let _ = call.send(message);
        }
    }

    /// Whether somebody still waits for the answer to this call.
    pub(crate) fn is_waiting(&self, id: u64) -> bool {
        self.lock()
            .as_ref()
            .is_some_and(|calls| calls.contains_key(&id))
    }

    /// The connection is lost: nobody waits any longer.
    pub(crate) fn close(&self) {
        self.lock().take();
    }

    fn lock(&self) -> MutexGuard<'_, Option<HashMap<u64, oneshot::Sender<Value>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) async fn answer(mut self) -> Result<Value, Failure> {
        (&mut self.answer).await.map_err(|_| closed())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(calls) = self.calls.lock().as_mut() {
            calls.remove(&self.id);
        }
    }
}

/// A call as it is sent.
pub(crate) fn request(id: u64, method: &str, parameters: &Map<String, Value>) -> Vec<u8> {
    let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": parameters});
    call.to_string().into_bytes()
}

/// What an answer says.
pub(crate) fn result(method: &str, answer: &Value) -> Result<Value, Failure> {
    match (answer.get("error"), answer.get("result")) {
        (Some(error), _) if !error.is_null() => Err(Failure::of_error(method, error)),
        (_, Some(result)) => Ok(result.clone()),
        _ => Err(Failure::Unreachable(
            "what answers is not signal-cli; check [channels.signal]".to_owned(),
        )),
    }
}

pub(crate) fn closed() -> Failure {
    Failure::Unreachable("signal-cli closed the connection; look at its log".to_owned())
}
