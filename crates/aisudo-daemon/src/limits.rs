//! Caps on what strangers can make the daemon hold or write.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aisudo_core::state::Tick;

/// Entries about refusals that one uid can cause at once …
const REFUSAL_BURST: u64 = 10;

/// … and the time until it can cause one more, in milliseconds: the log must not be a way to fill
/// the disk.
const REFUSAL_EVERY_MS: u64 = 10_000;

/// Uids that are counted at once, of each kind.
const MAX_COUNTED: usize = 1024;

/// The connections of one socket, told apart by who is at the other end: a uid, an address.
#[derive(Debug)]
pub(crate) struct Connections<K: Eq + Hash> {
    max: usize,
    max_each: usize,
    open: Mutex<Open<K>>,
}

#[derive(Debug)]
struct Open<K: Eq + Hash> {
    all: usize,
    each: HashMap<K, usize>,
}

/// One connection that was let in; it counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Admission<K: Eq + Hash> {
    connections: Arc<Connections<K>>,
    who: K,
}

impl<K: Eq + Hash + Clone> Connections<K> {
    pub(crate) fn new(max: usize, max_each: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            max_each,
            open: Mutex::new(Open {
                all: 0,
                each: HashMap::new(),
            }),
        })
    }

    /// Lets one in, unless there are too many.
    pub(crate) fn admit(self: &Arc<Self>, who: K) -> Option<Admission<K>> {
        let mut open = lock(&self.open);
        let theirs = open.each.get(&who).copied().unwrap_or_default();
        if open.all >= self.max || theirs >= self.max_each {
            return None;
        }
        open.all += 1;
        open.each.insert(who.clone(), theirs + 1);
        Some(Admission {
            connections: Arc::clone(self),
            who,
        })
    }
}

impl<K: Eq + Hash> Drop for Admission<K> {
    fn drop(&mut self) {
        let mut open = lock(&self.connections.open);
        open.all = open.all.saturating_sub(1);
        let left = open.each.get_mut(&self.who).map(|count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == Some(0) {
            open.each.remove(&self.who);
        }
    }
}

/// How fast something may go on: so many at once, and one more every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    burst: u64,
    every_ms: u64,
}

impl Rate {
    /// So many within a minute.
    pub(crate) fn per_minute(count: u32) -> Self {
        let burst = u64::from(count.max(1));
        Self {
            burst,
            every_ms: 60_000_u64.div_ceil(burst),
        }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    /// When it will be full again.
    full_at: Tick,
}

impl Bucket {
    /// Takes one token, if so many are left then; or gives the milliseconds until that is so.
    pub(crate) fn take(&mut self, rate: Rate, leave: u64, now: Tick) -> Result<(), u64> {
        let then = Tick(self.full_at.max(now).0.saturating_add(rate.every_ms));
        let ahead = then.0.saturating_sub(now.0);
        let most = rate
            .burst
            .saturating_sub(leave)
            .saturating_mul(rate.every_ms);
        match ahead.checked_sub(most) {
            Some(wait @ 1..) => Err(wait),
            _ => {
                self.full_at = then;
                Ok(())
            }
        }
    }
}

/// Token buckets, one for each: a uid, an address.
#[derive(Debug)]
pub(crate) struct Buckets<K: Eq + Hash> {
    of: HashMap<K, Bucket>,
}

impl<K: Eq + Hash> Default for Buckets<K> {
    fn default() -> Self {
        Self { of: HashMap::new() }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// Takes one token; or gives the milliseconds until there is one.
    pub(crate) fn take(&mut self, who: K, rate: Rate, now: Tick) -> Result<(), u64> {
        if self.of.len() >= MAX_COUNTED {
            self.of.retain(|_, bucket| bucket.full_at > now);
        }
        if self.of.len() >= MAX_COUNTED && !self.of.contains_key(&who) {
            return Err(rate.every_ms);
        }
        self.of.entry(who).or_default().take(rate, 0, now)
    }
}

/// How much of the audit log each (a uid, a phone) may fill by being turned away.
#[derive(Debug)]
pub(crate) struct Refusals<K: Eq + Hash = u32> {
    buckets: Mutex<Buckets<K>>,
}

impl<K: Eq + Hash> Default for Refusals<K> {
    fn default() -> Self {
        Self {
            buckets: Mutex::default(),
        }
    }
}

impl<K: Eq + Hash> Refusals<K> {
    /// Whether a refusal of this one may be recorded.
    pub(crate) fn may_record(&self, who: K, now: Tick) -> bool {
        const RATE: Rate = Rate {
            burst: REFUSAL_BURST,
            every_ms: REFUSAL_EVERY_MS,
        };
        lock(&self.buckets).take(who, RATE, now).is_ok()
    }
}

/// Counters stay usable whatever happened to a thread that held them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_in_all_and_per_uid() {
        let connections = Connections::new(3, 2);
        let first = connections.admit(1).unwrap();
        let _second = connections.admit(1).unwrap();
        assert!(connections.admit(1).is_none(), "per uid");
        let _third = connections.admit(2).unwrap();
        assert!(connections.admit(3).is_none(), "in all");
        drop(first);
        assert!(connections.admit(1).is_some());
    }

    #[test]
    fn a_bucket_says_when_it_has_a_token_again() {
        let mut buckets = Buckets::default();
        let rate = Rate::per_minute(3);
        for _ in 0..3 {
            assert_eq!(buckets.take(7, rate, Tick(5_000)), Ok(()));
        }
        assert_eq!(buckets.take(7, rate, Tick(5_000)), Err(20_000));
        assert_eq!(buckets.take(7, rate, Tick(24_000)), Err(1_000));
        assert_eq!(buckets.take(7, rate, Tick(25_000)), Ok(()));
        assert_eq!(buckets.take(8, rate, Tick(25_000)), Ok(()), "another uid");
    }

    #[test]
    fn a_token_can_be_left_for_others() {
        let mut bucket = Bucket::default();
        let rate = Rate::per_minute(3);
        assert_eq!(bucket.take(rate, 1, Tick(0)), Ok(()));
        assert_eq!(bucket.take(rate, 1, Tick(0)), Ok(()));
        assert_eq!(bucket.take(rate, 1, Tick(0)), Err(20_000));
        assert_eq!(bucket.take(rate, 0, Tick(0)), Ok(()), "that is left");
        assert_eq!(bucket.take(rate, 0, Tick(0)), Err(20_000));
    }

    #[test]
    fn a_sea_of_uids_takes_no_more_memory() {
        let mut buckets = Buckets::default();
        let rate = Rate::per_minute(1);
        for uid in 0..10_000 {
            let _ = buckets.take(uid, rate, Tick(1));
        }
        assert_eq!(buckets.of.len(), MAX_COUNTED);
        assert_eq!(buckets.take(9_999, rate, Tick(60_002)), Ok(()));
    }

    #[test]
    fn refusals_are_recorded_in_bounded_number() {
        let refusals = Refusals::default();
        let at = |ms| (0..50).filter(|_| refusals.may_record(7, Tick(ms))).count();
        assert_eq!(at(1_000), 10);
        assert_eq!(at(10_999), 0);
        assert_eq!(at(11_000), 1);
        assert!(
            refusals.may_record(8, Tick(11_000)),
            "others have their own"
        );
        assert_eq!(at(1_000_000), 10);
    }
}
