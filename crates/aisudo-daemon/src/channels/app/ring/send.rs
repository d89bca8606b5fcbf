//! What waits to be pushed is sent, and tried again until it is of no use.

use std::{sync::Arc, time::Duration};

use aisudo_core::{device::KeyId, state::Tick};
use aisudo_push::Sent;
use aisudo_sys::clock::{boottime, unix_ms};
use rand_core::OsRng;
use tracing::{info, warn};

use super::{Inner, Push, Ring, Topic, subscription_of};

/// Pushes on their way at once.
const MOST_AT_ONCE: usize = aisudo_push::MAX_AT_ONCE;

/// The pause before a push is tried again, at first and at most.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

impl Ring {
    /// Sends what is to be pushed, until the daemon ends.
    pub(in super::super) async fn run(&self) {
        let Some(inner) = &self.0 else {
            return std::future::pending().await;
        };
        let mut sending = tokio::task::JoinSet::new();
        loop {
            while sending.len() < MOST_AT_ONCE
                && let Some((device, topic, push)) = inner.next()
            {
                let inner = Arc::clone(inner);
                sending.spawn(async move {
                    inner.send(device, topic, push).await;
                    inner.state().sending.remove(&(device, topic));
                });
            }
            let pause = inner.pause();
            tokio::select! {
                () = inner.came.notified() => {}
                Some(_) = sending.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

impl Inner {
    /// The next push whose time has come.
    fn next(&self) -> Option<(KeyId, Topic, Push)> {
        let now = boottime();
        let mut state = self.state();
        state.waiting.retain(|_, push| push.until > now);
        let due = |(about, push): &(&(KeyId, Topic), &Push)| {
            push.not_before <= now && !state.sending.contains(about)
        };
        let about = *state.waiting.iter().find(due)?.0;
        let push = state.waiting.remove(&about)?;
        state.sending.insert(about);
        Some((about.0, about.1, push))
    }

    /// Until the next one is due.
    fn pause(&self) -> Duration {
        let now = boottime();
        let state = self.state();
        let free = |(about, _): &(&(KeyId, Topic), &Push)| !state.sending.contains(about);
        let waiting = state.waiting.iter().filter(free);
        let next = waiting.map(|(_, push)| push.not_before.0).min();
        match next {
            Some(then) => Duration::from_millis(then.saturating_sub(now.0).max(1)),
            None => LONGEST_RETRY,
        }
    }

    async fn send(&self, device: KeyId, topic: Topic, push: Push) {
        let Some(subscription) = self.state().subscriptions.of(device).map(subscription_of) else {
            return;
        };
        let seconds = push.until.0.saturating_sub(boottime().0).div_ceil(1000);
        let message = aisudo_push::Message {
            payload: &push.envelope,
            ttl_s: u32::try_from(seconds).unwrap_or(u32::MAX),
            urgency: aisudo_push::Urgency::High,
            topic: Some(aisudo_push::Topic::of(&topic.0)),
        };
        // Root may have changed whom pushes may go to since the phone subscribed.
        let Ok(recipient) = subscription.check(&self.allowed) else {
            self.state().subscriptions.gone(device);
            return;
        };
        let now_s = unix_ms() / 1000;
        let Ok(sealed) = self.sender.push(&recipient, &message, now_s, &mut OsRng) else {
            return;
        };
        let sent = self.client.send(&sealed).await;
        match sent {
            Sent::Accepted => drop(self.state().refused.remove(&device)),
            Sent::Gone => {
                info!(device = %device, "a push subscription has expired");
                self.state().subscriptions.gone(device);
            }
            Sent::Later { after } => self.again(device, topic, push, after),
            Sent::Unreachable(_) => self.again(device, topic, push, None),
            Sent::TooLarge => self.refused(device, "the message is too large".to_owned()),
            Sent::Refused { status, why } => self.refused(device, format!("{status} {why}")),
        }
    }

    fn refused(&self, device: KeyId, why: String) {
        warn!(%device, %why, "a push service refuses what is pushed");
        self.state().refused.insert(device, why);
    }

    /// Tries again later, unless something newer is to be said by then.
    fn again(&self, device: KeyId, topic: Topic, push: Push, after: Option<Duration>) {
        let pause = after.unwrap_or_else(|| FIRST_RETRY.saturating_mul(1 << push.tries.min(5)));
        let pause = u64::try_from(pause.min(LONGEST_RETRY).as_millis()).unwrap_or(u64::MAX);
        let again = Push {
            not_before: Tick(boottime().0.saturating_add(pause)),
            tries: push.tries + 1,
            ..push
        };
        self.state().waiting.entry((device, topic)).or_insert(again);
    }
}
