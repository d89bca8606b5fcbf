//! What can be wrong with the database, in words a person can act on.

use std::fmt;

use rusqlite::ErrorCode;

/// Why something could not be read from the database, or written to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// No room.
    Full,
    /// It cannot be written.
    ReadOnly,
    /// Another program holds it.
    Locked,
    /// Its bytes make no sense.
    Corrupt(String),
    /// A newer version of this program wrote it.
    Newer(usize),
    /// Anything else.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the disk is full; make room"),
            Self::ReadOnly => {
                f.write_str("the database is read-only; make it writable for the daemon's user")
            }
            Self::Locked => {
                f.write_str("the database is locked by another program; stop that program")
            }
            Self::Corrupt(why) => write!(
                f,
                "the database is damaged ({why}); restore it, or move it away"
            ),
            Self::Newer(version) => write!(
                f,
                "the database has version {version}, from a newer aisudo; install that version again"
            ),
            Self::Failed(why) => write!(f, "the database failed ({why}); see the daemon's log"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}
