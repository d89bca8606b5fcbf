//! Phones that listen: each has an inbox here, from which its connection takes. An inbox holds what is to be
//! said and not the messages: they are sealed one by one, as they are taken, and say how things are then.
//! So it is never larger than what is live, however slow the phone is.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::{base64url::Base64, device::KeyId, raw::Hex32, wire::Head};
use tokio::sync::Notify;
use uuid::Uuid;

use super::phones::Phone;

#[cfg(test)]
mod tests;

/// Inboxes at once.
const MOST: usize = 1024;

/// Inboxes of one phone: its page in several windows, its worker. The oldest is closed for one more.
const MOST_PER_PHONE: usize = 8;

/// What waits in one inbox besides requests: contents of files, tests.
const MOST_OTHERS: usize = 8;

/// What a phone is to be told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Notice {
    /// What there is; with the audit log's entry that it asked about.
    Inbox(Option<Head>),
    /// A request that came, changed or ended.
    Request(Uuid),
    /// What a file held, if the gate still knows.
    Content {
        id: Uuid,
        sha256: Hex32,
        content: Option<Base64>,
    },
    /// A test.
    Test(Hex32),
    /// Root has removed it.
    Revoked,
}

/// The inboxes. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Inboxes(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// In the order in which they were opened.
    open: BTreeMap<u64, Waiting>,
    opened: u64,
}

#[derive(Debug)]
struct Waiting {
    address: KeyId,
    queue: VecDeque<Notice>,
    /// Those in the queue.
    requests: HashSet<Uuid>,
    /// Nothing comes after the queue.
    last: bool,
    came: Arc<Notify>,
}

/// A phone's end of one. Closed when it is dropped.
#[derive(Debug)]
pub(super) struct Inbox {
    inboxes: Inboxes,
    number: u64,
    pub(super) phone: Phone,
    came: Arc<Notify>,
}

impl Inboxes {
    /// Opens one that holds this; nothing when there are too many.
    pub(super) fn open(&self, phone: Phone, first: impl Iterator<Item = Notice>) -> Option<Inbox> {
        let mut inner = self.lock();
        let address = phone.address();
        let own: Vec<u64> = inner.of(address).collect();
        if let Some(oldest) = own.first().filter(|_| own.len() >= MOST_PER_PHONE) {
            inner.close(*oldest);
        }
        if inner.open.len() >= MOST {
            return None;
        }
        let came = Arc::new(Notify::new());
        let mut waiting = Waiting {
            address,
            queue: VecDeque::new(),
            requests: HashSet::new(),
            last: false,
            came: Arc::clone(&came),
        };
        first.for_each(|notice| waiting.put(notice));
        inner.opened += 1;
        let number = inner.opened;
        inner.open.insert(number, waiting);
        Some(Inbox {
            inboxes: self.clone(),
            number,
            phone,
            came,
        })
    }

    /// Into each inbox of a phone; says whether there is one.
    pub(super) fn put(&self, address: KeyId, notice: &Notice) -> bool {
        let mut inner = self.lock();
        let mut any = false;
        for waiting in inner.open.values_mut().filter(|one| one.address == address) {
            waiting.put(notice.clone());
            any = true;
        }
        any
    }

    /// The last word to a phone; said once.
    pub(super) fn revoke(&self, address: KeyId) {
        let mut inner = self.lock();
        let its = |one: &&mut Waiting| one.address == address && !one.last;
        for waiting in inner.open.values_mut().filter(its) {
            waiting.queue.clear();
            waiting.requests.clear();
            waiting.put(Notice::Revoked);
            waiting.last = true;
        }
    }

    /// The phones that listen.
    pub(super) fn addresses(&self) -> HashSet<KeyId> {
        self.lock().open.values().map(|one| one.address).collect()
    }

    /// Whether a phone listens anywhere.
    pub(super) fn listens(&self, address: KeyId) -> bool {
        self.lock().of(address).next().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn of(&self, address: KeyId) -> impl Iterator<Item = u64> {
        let own = self
            .open
            .iter()
            .filter(move |(_, one)| one.address == address);
        own.map(|(number, _)| *number)
    }

    fn close(&mut self, number: u64) {
        if let Some(waiting) = self.open.remove(&number) {
            waiting.came.notify_one();
        }
    }
}

impl Inbox {
    /// The next that is to be said; nothing when it was closed. Loses nothing when it is dropped half-way.
    pub(super) async fn next(&self) -> Option<Notice> {
        loop {
            match self.inboxes.lock().open.get_mut(&self.number) {
                None => return None,
                Some(waiting) => match waiting.take() {
                    None if waiting.last => return None,
                    None => {}
                    some => return some,
                },
            }
            self.came.notified().await;
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.inboxes.lock().open.remove(&self.number);
    }
}

impl Waiting {
    fn put(&mut self, notice: Notice) {
        let others = self.queue.len().saturating_sub(self.requests.len());
        let fits = match &notice {
            Notice::Request(id) => self.requests.insert(*id),
            _ => others < MOST_OTHERS,
        };
        if fits && !self.last {
            self.queue.push_back(notice);
            self.came.notify_one();
        }
    }

    fn take(&mut self) -> Option<Notice> {
        let notice = self.queue.pop_front()?;
        if let Notice::Request(id) = &notice {
            self.requests.remove(id);
        }
        Some(notice)
    }
}
