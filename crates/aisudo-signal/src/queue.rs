//! Events on their way from the reader, which never waits, to whoever takes them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{Event, event_of};

/// Events that wait for whoever takes them, at most.
const MAX_WAITING: usize = 4096;

/// What those may take together, in bytes of what signal-cli sent.
const MAX_WAITING_BYTES: usize = 8 << 20;

/// Events as they come. Dropping it closes the connection.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::Receiver<(Event, usize)>,
    room: Arc<Room>,
    reader: AbortHandle,
}

/// The reader's end of [`Events`]: it never waits.
#[derive(Debug)]
pub(crate) struct Sink {
    queue: mpsc::Sender<(Event, usize)>,
    room: Arc<Room>,
}

/// What both ends count.
#[derive(Debug, Default)]
struct Room {
    bytes: AtomicUsize,
    dropped: AtomicUsize,
}

/// A queue, and its two ends.
pub(crate) fn queue() -> (Sink, impl FnOnce(AbortHandle) -> Events) {
    let (sender, queue) = mpsc::channel(MAX_WAITING);
    let room = Arc::new(Room::default());
    let sink = Sink {
        queue: sender,
        room: Arc::clone(&room),
    };
    let events = |reader| Events {
        queue,
        room,
        reader,
    };
    (sink, events)
}

impl Events {
    /// The next event; nothing once the connection is lost. Given up half-way, it loses none.
    pub async fn next(&mut self) -> Option<Event> {
        match self.room.dropped.swap(0, Ordering::Relaxed) {
            0 => {
                let (event, bytes) = self.queue.recv().await?;
                self.room.bytes.fetch_sub(bytes, Ordering::Relaxed);
                Some(event)
            }
            count => Some(Event::Lost(count)),
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Sink {
    /// Takes in the parameters of a notification, and how many bytes it came in.
    pub(crate) fn report(&self, parameters: &Value, bytes: usize) {
        let Some(event) = event_of(parameters) else {
            return;
        };
        // Only this end adds, so there is never less room than it sees.
        let held = self.room.bytes.load(Ordering::Relaxed);
        if held.saturating_add(bytes) > MAX_WAITING_BYTES {
            return self.lose();
        }
        self.room.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.queue.try_send((event, bytes)).is_err() {
            self.room.bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.lose();
        }
    }

    /// One event was dropped.
    pub(crate) fn lose(&self) {
        self.room.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_nobody_takes_is_dropped_by_number_and_by_size() {
        let untrusted =
            json!({"exception": {"type": "UntrustedIdentityException"}, "envelope": {}});
        let event = || Event::Untrusted { sender: None };
        for (bytes, room) in [(1, MAX_WAITING), (MAX_WAITING_BYTES / 3, 3)] {
            let (sink, events) = queue();
            let mut events = events(tokio::spawn(async {}).abort_handle());
            for _ in 0..room + 2 {
                sink.report(&untrusted, bytes);
            }
            assert_eq!(events.next().await, Some(Event::Lost(2)));
            for _ in 0..room {
                assert_eq!(events.next().await, Some(event()));
            }
            // There is room again.
            sink.report(&untrusted, bytes);
            assert_eq!(events.next().await, Some(event()));
            drop(sink);
            assert_eq!(events.next().await, None);
        }
    }
}
