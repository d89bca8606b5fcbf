//! Requests and the audit log in SQLite. Write-ahead log, synchronous: a commit that returned is
//! on the disk.

mod error;
mod migrations;
mod prompts;
mod prune;
mod rows;
#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use aisudo_core::{
    audit::{GENESIS, seal},
    state::Ticket,
    wire::{Head, Standing},
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use serde_json::Value;
use uuid::Uuid;

pub use self::{error::StoreError, prompts::Prompted, prune::Oldest};
use crate::{
    broker::{History, Stored},
    record::Record,
};

/// How long another program may hold the database. All requests wait meanwhile.
const BUSY_TIMEOUT: Duration = Duration::from_millis(1000);

/// A database up to this size is read through when it is opened.
const MAX_CHECKED_BYTES: u64 = 64 << 20;

/// The open database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    ends: Ends,
    boot_id: String,
}

/// Where the audit log begins and ends.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ends {
    /// The entry before the oldest.
    start: Head,
    /// The newest entry.
    head: Head,
}

/// One transaction: all of it will be on disk, or none.
#[derive(Debug)]
pub struct Writing<'a> {
    transaction: Transaction<'a>,
    kept: &'a mut Ends,
    ends: Ends,
    boot_id: &'a str,
}

impl Store {
    /// Opens the database, creating it or bringing it up to date. `boot_id` is written beside
    /// each request: its deadline means something only in this run of the host.
    ///
    /// # Errors
    /// When it cannot be opened, a newer version wrote it, or its content is damaged.
    pub fn open(path: &Path, boot_id: &str) -> Result<Self, StoreError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;
             PRAGMA journal_size_limit = 16777216;",
        )?;
        check(&connection)?;
        migrations::migrate(&mut connection)?;
        let ends = read_ends(&connection)?;
        Ok(Self {
            connection,
            ends,
            boot_id: boot_id.to_owned(),
        })
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// When the database is locked or cannot be read.
    pub fn begin(&mut self) -> Result<Writing<'_>, StoreError> {
        Ok(Writing {
            transaction: self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?,
            ends: self.ends.clone(),
            kept: &mut self.ends,
            boot_id: &self.boot_id,
        })
    }

    /// The audit log's newest entry, as this process wrote it.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.ends.head
    }

    /// The entry before the audit log's oldest, number 0 when there was none.
    #[must_use]
    pub fn start(&self) -> &Head {
        &self.ends.start
    }

    /// The live requests, after a failure; also makes sure that the audit log still begins and ends
    /// where this process left it.
    ///
    /// # Errors
    /// When it does not, or the database cannot be read.
    pub fn reload(&self) -> Result<Vec<Stored>, StoreError> {
        if read_ends(&self.connection)? == self.ends {
            self.live()
        } else {
            Err(StoreError::Corrupt(
                "the audit log was changed by another program".to_owned(),
            ))
        }
    }

    /// The requests that are not over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn live(&self) -> Result<Vec<Stored>, StoreError> {
        self.select(
            "WHERE state IN ('pending', 'approved') ORDER BY asked_at_ms",
            [],
        )
    }

    /// The latest requests, newest first; of one user, or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn latest(&self, uid: Option<u32>, limit: u32) -> Result<Vec<Stored>, StoreError> {
        match uid {
            Some(uid) => self.select(
                "WHERE uid = ?1 ORDER BY asked_at_ms DESC, id DESC LIMIT ?2",
                params![uid, limit],
            ),
            None => self.select(
                "ORDER BY asked_at_ms DESC, id DESC LIMIT ?1",
                params![limit],
            ),
        }
    }

    /// One request.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find(&self, id: Uuid) -> Result<Option<Stored>, StoreError> {
        Ok(self.select("WHERE id = ?1", params![id.to_string()])?.pop())
    }

    /// The latest request with this code.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_code(&self, code: &str) -> Result<Option<Stored>, StoreError> {
        let mut found = self.select(
            "WHERE code = ?1 ORDER BY asked_at_ms DESC LIMIT 1",
            params![code],
        )?;
        Ok(found.pop())
    }

    /// The frozen bytes of a request.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn body(&self, id: Uuid) -> Result<Option<String>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT body FROM requests WHERE id = ?1")?;
        Ok(statement
            .query_row([id.to_string()], |row| row.get(0))
            .optional()?)
    }

    /// Audit entries after a sequence number, until `limit` of them or `max_bytes` as a JSON
    /// string; at least one, if there is one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn audit(
        &self,
        after: u64,
        limit: u32,
        max_bytes: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT entry FROM audit WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        )?;
        let mut rows = statement.query(params![after, limit])?;
        let mut entries: Vec<String> = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let entry: String = row.get(0)?;
            bytes += as_json_string(&entry);
            if bytes > max_bytes && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn select(
        &self,
        which: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<Stored>, StoreError> {
        rows::select(&self.connection, which, parameters)
    }
}

impl Writing<'_> {
    /// Writes one record: its audit entry, and the state row that it changes.
    ///
    /// # Errors
    /// When it cannot be written. The transaction must then be dropped.
    pub fn write(&mut self, record: &Record, at_ms: u64) -> Result<(), StoreError> {
        match record {
            Record::Requested { ticket, body, .. } => {
                self.insert(ticket, body, at_ms, &rows::pending())?;
            }
            Record::Ruled {
                ticket, body, end, ..
            } => self.insert(ticket, body, at_ms, &Standing::Ended(end.clone()))?,
            Record::Moved {
                ticket, standing, ..
            } => self.update(ticket, standing)?,
            Record::Pruned { through, at_ms, .. } => self.prune(through, *at_ms)?,
            Record::Prompted { prompt, .. } => self.open_prompt(prompt)?,
            Record::PromptClosed(prompt) => return self.close_prompt(prompt),
            _ => {}
        }
        let sequence = self.ends.head.sequence + 1;
        let (entry, hash) = record.entry(sequence, at_ms, &self.ends.head.hash);
        self.transaction
            .prepare_cached("INSERT INTO audit (sequence, hash, entry) VALUES (?1, ?2, ?3)")?
            .execute(params![sequence, hash, entry])?;
        self.ends.head = Head { sequence, hash };
        Ok(())
    }

    /// Brings it all to disk.
    ///
    /// # Errors
    /// When that fails: then nothing of it happened.
    pub fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit()?;
        *self.kept = self.ends;
        Ok(())
    }

    fn insert(
        &self,
        ticket: &Ticket,
        body: &str,
        at_ms: u64,
        standing: &Standing,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO requests (id, digest, nonce, code, uid, pid, start_time, body, asked_at_ms, boot_id,
                    deadline_tick, state, standing, fingerprint)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                ticket.id.to_string(),
                ticket.digest.to_string(),
                ticket.nonce.to_string(),
                ticket.code,
                ticket.uid,
                ticket.pid,
                ticket.start_time,
                body,
                at_ms,
                self.boot_id,
                ticket.deadline.0,
                standing.name(),
                rows::json(standing)?,
                ticket.fingerprint.to_string(),
            ])?;
        Ok(())
    }

    fn update(&self, ticket: &Ticket, standing: &Standing) -> Result<(), StoreError> {
        let changed = self
            .transaction
            .prepare_cached("UPDATE requests SET state = ?2, standing = ?3 WHERE id = ?1")?
            .execute(params![
                ticket.id.to_string(),
                standing.name(),
                rows::json(standing)?
            ])?;
        if changed == 1 {
            Ok(())
        } else {
            Err(StoreError::Corrupt(format!(
                "request {} is gone",
                ticket.id
            )))
        }
    }
}

impl History for Writing<'_> {
    fn find(&self, id: Uuid) -> Result<Option<Stored>, StoreError> {
        Ok(rows::select(&self.transaction, "WHERE id = ?1", params![id.to_string()])?.pop())
    }

    fn code_used_since(&self, code: &str, since_ms: u64) -> Result<bool, StoreError> {
        let mut statement = self
            .transaction
            .prepare_cached("SELECT 1 FROM requests WHERE code = ?1 AND asked_at_ms >= ?2")?;
        Ok(statement.exists(params![code, since_ms])?)
    }
}

/// How long a line is as a JSON string.
fn as_json_string(line: &str) -> usize {
    let escapes = line
        .bytes()
        .filter(|byte| matches!(byte, b'"' | b'\\'))
        .count();
    line.len() + escapes + 3
}

/// A look through the pages, where that does not hold up the start.
fn check(connection: &Connection) -> Result<(), StoreError> {
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, u64>(0))
    };
    if pragma("page_count")?.saturating_mul(pragma("page_size")?) > MAX_CHECKED_BYTES {
        return Ok(());
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::Corrupt(
            verdict.lines().collect::<Vec<_>>().join(" "),
        ))
    }
}

fn read_ends(connection: &Connection) -> Result<Ends, StoreError> {
    let (start, head) = (prune::read_start(connection)?, read_head(connection)?);
    if start.sequence > 0 && head.sequence <= start.sequence {
        return Err(StoreError::Corrupt(
            "the audit log ends before it begins".to_owned(),
        ));
    }
    Ok(Ends { start, head })
}

/// The last audit entry, its hash worked out again.
fn read_head(connection: &Connection) -> Result<Head, StoreError> {
    let last: Option<(u64, String, String)> = connection
        .query_row(
            "SELECT sequence, hash, entry FROM audit ORDER BY sequence DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let Some((sequence, hash, entry)) = last else {
        return Ok(Head {
            sequence: 0,
            hash: GENESIS.to_owned(),
        });
    };
    if sealed_again(&entry, sequence).is_some_and(|again| again == (entry, hash.clone())) {
        Ok(Head { sequence, hash })
    } else {
        Err(StoreError::Corrupt(format!(
            "audit entry {sequence} was changed"
        )))
    }
}

fn sealed_again(entry: &str, sequence: u64) -> Option<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::from_str(entry) else {
        return None;
    };
    let previous = fields.get("previous_hash")?.as_str()?.to_owned();
    (fields.get("sequence")?.as_u64()? == sequence).then(|| seal(fields, &previous))
}
