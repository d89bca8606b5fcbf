//! The database's form, version by version. A released migration is never edited: add another.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Each brings the database from the version that is its index to the next.
const MIGRATIONS: &[&str] = &[
    // 1: requests, and the audit log.
    "CREATE TABLE requests (
        id TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        nonce TEXT NOT NULL,
        code TEXT NOT NULL,
        uid INTEGER NOT NULL,
        pid INTEGER NOT NULL,
        start_time INTEGER NOT NULL,
        body TEXT NOT NULL,
        asked_at_ms INTEGER NOT NULL,
        boot_id TEXT NOT NULL,
        deadline_tick INTEGER NOT NULL,
        state TEXT NOT NULL,
        standing TEXT NOT NULL
    ) STRICT;
    CREATE INDEX requests_live ON requests (state) WHERE state IN ('pending', 'approved');
    CREATE INDEX requests_by_code ON requests (code, asked_at_ms);
    CREATE INDEX requests_by_uid ON requests (uid, asked_at_ms);
    CREATE INDEX requests_by_time ON requests (asked_at_ms);
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY,
        hash TEXT NOT NULL,
        entry TEXT NOT NULL
    ) STRICT;
    -- Against accidents, not against root: the hash chain shows the rest.
    CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    -- What was decided about a request is not decided again.
    CREATE TRIGGER requests_end_once BEFORE UPDATE ON requests
        WHEN OLD.state NOT IN ('pending', 'approved')
        BEGIN SELECT RAISE(ABORT, 'the request is over'); END;",
    // 2: which requests are alike.
    "ALTER TABLE requests ADD COLUMN fingerprint TEXT NOT NULL
        DEFAULT '0000000000000000000000000000000000000000000000000000000000000000';",
    // 3: an audit log that begins later than with its first entry. What is cut off is only ever what
    // stands before the new beginning, and that moves in the same transaction.
    "CREATE TABLE audit_start (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
        sequence INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT;
    INSERT INTO audit_start (only_row, sequence, hash)
        VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
    DROP TRIGGER audit_is_not_cut;
    CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
        WHEN OLD.sequence > coalesce((SELECT sequence FROM audit_start), 0)
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_is_not_overwritten BEFORE INSERT ON audit
        WHEN NEW.sequence <= coalesce((SELECT max(sequence) FROM audit), 0)
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
    CREATE TRIGGER audit_begins_after_an_entry BEFORE UPDATE ON audit_start
        WHEN NEW.sequence <= OLD.sequence OR NOT EXISTS
            (SELECT 1 FROM audit WHERE sequence = NEW.sequence AND hash = NEW.hash)
        BEGIN SELECT RAISE(ABORT, 'the audit log begins after an entry that it has'); END;
    CREATE TRIGGER audit_begins_somewhere BEFORE DELETE ON audit_start
        BEGIN SELECT RAISE(ABORT, 'the audit log begins somewhere'); END;
    CREATE TRIGGER audit_begins_once BEFORE INSERT ON audit_start
        BEGIN SELECT RAISE(ABORT, 'the audit log begins once'); END;",
    // 4: who was asked about what, by which message of ours.
    "CREATE TABLE prompts (
        channel TEXT NOT NULL,
        address TEXT NOT NULL,
        reference INTEGER NOT NULL,
        request TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
        form TEXT NOT NULL,
        open INTEGER NOT NULL,
        PRIMARY KEY (channel, address, reference, request)
    ) STRICT;
    CREATE INDEX prompts_by_request ON prompts (request);",
];

/// Brings the database to this program's version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: usize = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let Some(missing) = MIGRATIONS.get(version..) else {
        return Err(StoreError::Newer(version));
    };
    for migration in missing {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    Ok(transaction.commit()?)
}
