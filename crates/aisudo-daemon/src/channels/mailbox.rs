//! From the writer to the worker: the latest of each request that the worker has not seen yet. It
//! holds no more than the requests that are live, however far the worker is behind.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aisudo_core::wire::Row;
use tokio::sync::Notify;
use uuid::Uuid;

use super::Announcement;

/// Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mailbox {
    letters: Arc<Mutex<BTreeMap<Uuid, Letter>>>,
    came: Arc<Notify>,
}

/// The latest of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) row: Row,
    /// Its frozen bytes, when it is new.
    pub(crate) body: Option<String>,
}

impl Mailbox {
    pub(crate) fn announce(&self, announcement: &Announcement<'_>) {
        self.put(announcement.row, Some(announcement.body.to_owned()));
    }

    pub(crate) fn update(&self, row: &Row) {
        self.put(row, None);
    }

    fn put(&self, row: &Row, body: Option<String>) {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let unseen = letters.remove(&row.id).and_then(|letter| letter.body);
        let letter = Letter {
            row: row.clone(),
            body: body.or(unseen),
        };
        letters.insert(row.id, letter);
        self.came.notify_one();
    }

    /// What is new, the oldest request first.
    pub(crate) fn take(&self) -> Vec<Letter> {
        let mut letters = self.letters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut letters: Vec<Letter> = std::mem::take(&mut *letters).into_values().collect();
        letters.sort_by_key(|letter| (letter.row.asked_at_ms, letter.row.id));
        letters
    }

    /// Until there is something to take, perhaps.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }
}
