//! Between the columns of `requests` and the types of the broker.

use std::str::FromStr;

use aisudo_core::{
    state::{Tick, Ticket},
    wire::{LiveState, Standing},
};
use rusqlite::{Connection, Params, Row};
use serde::Serialize;

use super::StoreError;
use crate::broker::Stored;

/// Requests by a condition; `which` is a constant of the caller.
pub(super) fn select(
    connection: &Connection,
    which: &str,
    parameters: impl Params,
) -> Result<Vec<Stored>, StoreError> {
    let query = format!(
        "SELECT id, digest, nonce, code, fingerprint, uid, pid, start_time, asked_at_ms, boot_id, deadline_tick, standing
         FROM requests {which}"
    );
    let mut statement = connection.prepare_cached(&query)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(stored(row)?);
    }
    Ok(found)
}

/// How a new request stands.
pub(super) fn pending() -> Standing {
    Standing::Live(LiveState::Pending)
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}

fn stored(row: &Row<'_>) -> Result<Stored, StoreError> {
    let standing: String = row.get("standing")?;
    Ok(Stored {
        ticket: Ticket {
            id: parsed(row, "id")?,
            digest: parsed(row, "digest")?,
            nonce: parsed(row, "nonce")?,
            fingerprint: parsed(row, "fingerprint")?,
            code: row.get("code")?,
            uid: row.get("uid")?,
            pid: row.get("pid")?,
            start_time: row.get("start_time")?,
            deadline: Tick(row.get("deadline_tick")?),
        },
        standing: serde_json::from_str(&standing)
            .map_err(|error| StoreError::Corrupt(error.to_string()))?,
        asked_at_ms: row.get("asked_at_ms")?,
        boot_id: row.get("boot_id")?,
    })
}

fn parsed<T: FromStr>(row: &Row<'_>, column: &str) -> Result<T, StoreError> {
    row.get::<_, String>(column)?
        .parse()
        .map_err(|_| StoreError::Corrupt(format!("the {column} of a request cannot be read")))
}
