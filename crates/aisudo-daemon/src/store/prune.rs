//! The oldest audit entries leave the database.

use aisudo_core::{audit::Verifier, wire::Head};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::{Store, StoreError, Writing};

/// Entries that leave at once, at most …
const MAX_ENTRIES: u32 = 1000;

/// … and their bytes, unless there is only one: a request must not wait for long behind them.
const MAX_BYTES: usize = 8 << 20;

/// The oldest entries of the audit log, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// The number of the first.
    pub first: u64,
    /// The last.
    pub through: Head,
    /// When that was written, in milliseconds since 1970.
    pub at_ms: u64,
    /// As they are stored.
    pub entries: Vec<String>,
}

impl Store {
    /// The oldest entries, of those that were written before this time, in milliseconds since 1970,
    /// and before any request that is still live. None beyond number `last`, if that is given.
    ///
    /// # Errors
    /// When the database cannot be read, or an entry is not what was written: evidence is left
    /// where it is.
    pub fn oldest(&self, before_ms: u64, last: Option<u64>) -> Result<Option<Oldest>, StoreError> {
        let before_ms = before_ms.min(self.first_live_ms()?.unwrap_or(u64::MAX));
        let start = self.start();
        let mut chain = Verifier::after(start.clone());
        let mut oldest: Option<Oldest> = None;
        let mut bytes = 0;
        let mut statement = self.connection.prepare_cached(
            "SELECT entry FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )?;
        let mut rows = statement.query(params![start.sequence, MAX_ENTRIES])?;
        while let Some(row) = rows.next()? {
            let entry: String = row.get(0)?;
            bytes += entry.len();
            let is_much = bytes > MAX_BYTES && oldest.is_some();
            if is_much || last.is_some_and(|last| chain.count() >= last) {
                break;
            }
            chain.next(&entry).map_err(|broken| {
                StoreError::Corrupt(format!(
                    "audit entry {} is bad: {}",
                    broken.entry, broken.why
                ))
            })?;
            let Some(at_ms) = written_at(&entry).filter(|at_ms| *at_ms < before_ms) else {
                break;
            };
            let oldest = oldest.get_or_insert_with(|| Oldest {
                first: chain.count(),
                through: Head::default(),
                at_ms,
                entries: Vec::new(),
            });
            oldest.entries.push(entry);
            oldest.at_ms = oldest.at_ms.max(at_ms);
            oldest.through = Head {
                sequence: chain.count(),
                hash: chain.hash().to_owned(),
            };
        }
        Ok(oldest)
    }

    fn first_live_ms(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.connection.query_row(
            "SELECT min(asked_at_ms) FROM requests WHERE state IN ('pending', 'approved')",
            [],
            |row| row.get(0),
        )?)
    }
}

impl Writing<'_> {
    /// Moves the beginning of the log, and deletes what stands before it.
    pub(super) fn prune(&mut self, through: &Head, at_ms: u64) -> Result<(), StoreError> {
        let run = |sql: &str, parameters: &[&dyn rusqlite::ToSql]| {
            self.transaction
                .prepare_cached(sql)
                .and_then(|mut statement| statement.execute(parameters))
        };
        run(
            "UPDATE audit_start SET sequence = ?1, hash = ?2",
            &[&through.sequence, &through.hash],
        )?;
        run(
            "DELETE FROM audit WHERE sequence <= ?1",
            &[&through.sequence],
        )?;
        run(
            "DELETE FROM requests WHERE asked_at_ms <= ?1 AND state NOT IN ('pending', 'approved')",
            &[&at_ms],
        )?;
        self.ends.start = through.clone();
        Ok(())
    }
}

/// The entry before the first.
pub(super) fn read_start(connection: &Connection) -> Result<Head, StoreError> {
    let start = connection
        .query_row("SELECT sequence, hash FROM audit_start", [], |row| {
            Ok(Head {
                sequence: row.get(0)?,
                hash: row.get(1)?,
            })
        })
        .optional()?;
    start.ok_or_else(|| StoreError::Corrupt("where the audit log begins is not known".to_owned()))
}

fn written_at(entry: &str) -> Option<u64> {
    let entry: Value = serde_json::from_str(entry).ok()?;
    let at: Timestamp = entry.get("at")?.as_str()?.parse().ok()?;
    u64::try_from(at.as_millisecond()).ok()
}
