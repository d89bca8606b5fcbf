//! Commands that a person has just denied: the same is not asked about again at once (a21).

use std::collections::HashMap;

use aisudo_core::{raw::Hex32, state::Tick};

/// Denials that are remembered. More would have to come from many uids: each has its own rate.
const MAX_DENIALS: usize = 4096;

/// Until when each command of each uid rests.
#[derive(Debug, Default)]
pub(super) struct Denials {
    until: HashMap<(u32, Hex32), Tick>,
}

impl Denials {
    /// From now on it rests.
    pub(super) fn note(&mut self, uid: u32, command: Hex32, now: Tick, cooldown_ms: u64) {
        self.until.retain(|_, until| *until > now);
        if self.until.len() < MAX_DENIALS {
            let until = Tick(now.0.saturating_add(cooldown_ms));
            self.until.insert((uid, command), until);
        }
    }

    /// For how many milliseconds it still rests, if it does.
    pub(super) fn rests(&self, uid: u32, command: Hex32, now: Tick) -> Option<u64> {
        let until = self.until.get(&(uid, command))?;
        until.0.checked_sub(now.0).filter(|left| *left > 0)
    }
}
