//! When the oldest audit entries leave the database, and what becomes of them.

use std::path::PathBuf;

use aisudo_core::state::Tick;
use tracing::{info, warn};

use super::archive::Archive;
use crate::{
    broker::Moment,
    record::Record,
    store::{Oldest, Store, StoreError},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// When all old ones have left, or could not, that is looked at again this much later, in
/// milliseconds.
const EVERY_MS: u64 = 60 * 60 * 1000;

/// Who sees to it.
#[derive(Debug)]
pub(super) struct Pruner {
    days: u32,
    archive: Option<Archive>,
    next: Tick,
    trouble: Option<String>,
}

impl Pruner {
    pub(super) fn new(days: u32, archive: Option<PathBuf>, now: Tick) -> Self {
        Self {
            days,
            archive: archive.map(Archive::new),
            next: now,
            trouble: None,
        }
    }

    pub(super) fn is_due(&self, now: Tick) -> bool {
        self.days > 0 && now >= self.next
    }

    /// Moves as many as may leave at once. When it fails, all stays as it is, and is tried again
    /// later.
    pub(super) fn prune(&mut self, store: &mut Store, now: Moment) {
        let later = Tick(now.tick.0.saturating_add(EVERY_MS));
        match self.part(store, now) {
            Ok(Some(entries)) => {
                info!(entries, "the oldest audit entries have left the database");
                self.trouble = None;
                // Perhaps there are more.
                self.next = now.tick;
            }
            Ok(None) => {
                self.trouble = None;
                self.next = later;
            }
            Err(why) => {
                warn!("the oldest audit entries stay in the database: {why}");
                self.trouble = Some(why);
                self.next = later;
            }
        }
    }

    /// What approvers should know, by its name.
    pub(super) fn health(&self) -> Vec<(String, String)> {
        let trouble = self.trouble.iter();
        trouble
            .map(|why| {
                let why = format!("old entries stay in the database: {why}");
                ("audit archive".to_owned(), why)
            })
            .collect()
    }

    fn part(&self, store: &mut Store, now: Moment) -> Result<Option<u64>, String> {
        let Some(oldest) = self.oldest(store, now)? else {
            return Ok(None);
        };
        // On disk in its new place before it leaves the old one: a crash in between leaves both.
        let archive = match &self.archive {
            Some(archive) => Some(archive.keep(&oldest)?),
            None => None,
        };
        let entries = u64::try_from(oldest.entries.len()).unwrap_or(u64::MAX);
        let record = Record::Pruned {
            through: oldest.through,
            entries,
            at_ms: oldest.at_ms,
            archive,
        };
        let written = store.begin().and_then(|mut writing| {
            writing.write(&record, now.unix_ms)?;
            writing.commit()
        });
        written.map_err(|error| error.to_string())?;
        Ok(Some(entries))
    }

    fn oldest(&self, store: &Store, now: Moment) -> Result<Option<Oldest>, String> {
        let today = now.unix_ms - now.unix_ms % DAY_MS;
        let before_ms = today.saturating_sub(u64::from(self.days) * DAY_MS);
        let said = |error: StoreError| error.to_string();
        // Of what a crash left behind, nothing is written again in other pieces.
        let last = match &self.archive {
            Some(archive) => archive.last_of(store.start().sequence + 1)?,
            None => None,
        };
        let oldest = store.oldest(before_ms, last).map_err(said)?;
        Ok(oldest.filter(|oldest| last.is_none_or(|last| oldest.through.sequence == last)))
    }
}
