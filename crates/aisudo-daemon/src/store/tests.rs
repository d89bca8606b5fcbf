use std::{fs, path::PathBuf};

use aisudo_core::{audit::Verifier, evidence::EvidenceKind, state::Tick, wire::LiveState};
use tempfile::TempDir;

use super::*;
use crate::{
    broker::{Ask, model::question},
    record::{Prompt, PromptForm},
};

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    (directory, path)
}

fn open(path: &Path) -> Store {
    Store::open(path, "boot").unwrap()
}

fn requested(number: u8, body: &str) -> Record {
    let Ask {
        id,
        digest,
        nonce,
        uid,
        pid,
        start_time,
        ..
    } = question(number, 1);
    Record::Requested {
        ticket: Ticket {
            id,
            digest,
            nonce,
            code: format!("CODE{number}"),
            fingerprint: digest,
            uid,
            pid,
            start_time,
            deadline: Tick(5),
        },
        body: body.to_owned(),
        facts: Value::Null,
    }
}

fn write(store: &mut Store, records: &[Record]) -> Result<(), StoreError> {
    let mut writing = store.begin()?;
    for record in records {
        writing.write(record, 1_700_000_000_000)?;
    }
    writing.commit()
}

/// Changes the file behind the store's back.
fn tamper(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn what_is_written_is_read_back_by_the_next_daemon() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[Record::Started, requested(1, "{\"a\":1}")]).unwrap();
    let head = store.head().clone();
    assert_eq!(head.sequence, 2);
    drop(store);

    let mut store = open(&path);
    assert_eq!(store.head(), &head);
    let live = store.live().unwrap();
    let [stored] = live.as_slice() else {
        panic!("{live:?}")
    };
    assert_eq!(stored.standing, Standing::Live(LiveState::Pending));
    assert_eq!(
        (stored.boot_id.as_str(), stored.ticket.deadline),
        ("boot", Tick(5))
    );
    assert_eq!(store.body(stored.ticket.id).unwrap().unwrap(), "{\"a\":1}");
    write(&mut store, &[Record::Stopped]).unwrap();

    let mut verifier = Verifier::default();
    for entry in store.audit(0, 100, 1 << 20).unwrap() {
        verifier.next(&entry).unwrap();
    }
    assert_eq!(verifier.count(), 3);
    assert_eq!(verifier.hash(), store.head().hash);
}

#[test]
fn an_audit_page_is_bounded_but_never_empty() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(
        &mut store,
        &[Record::Started, Record::Started, Record::Stopped],
    )
    .unwrap();
    let count = |after, limit, bytes| store.audit(after, limit, bytes).unwrap().len();
    assert_eq!(count(0, 2, 1 << 20), 2);
    assert_eq!(count(1, 9, 1 << 20), 2);
    assert_eq!(count(0, 9, 1), 1);
    assert_eq!(count(3, 9, 1 << 20), 0);
}

#[test]
fn a_newer_version_is_refused() {
    let (_keep, path) = place();
    drop(open(&path));
    tamper(&path, "PRAGMA user_version = 99");
    let error = Store::open(&path, "boot").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database has version 99, from a newer aisudo; install that version again"
    );
}

#[test]
fn a33_a_full_disk_undoes_the_whole_transaction() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[Record::Started]).unwrap();
    let head = store.head().clone();
    let pages: u32 = store
        .connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    store
        .connection
        .pragma_update(None, "max_page_count", pages + 2)
        .unwrap();

    let full = write(
        &mut store,
        &[requested(1, "{}"), requested(2, &"x".repeat(100_000))],
    );
    assert_eq!(full, Err(StoreError::Full));
    assert_eq!(store.head(), &head);
    assert_eq!(store.reload().unwrap(), [], "neither of the two is there");

    store
        .connection
        .pragma_update(None, "max_page_count", 1_000_000)
        .unwrap();
    write(&mut store, &[requested(1, "{}")]).unwrap();
    assert_eq!(store.head().sequence, 2, "no gap");
}

#[test]
fn a33_a_locked_database_is_an_error_in_bounded_time() {
    let (_keep, path) = place();
    let mut store = open(&path);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(
        write(&mut store, &[Record::Started]),
        Err(StoreError::Locked)
    );
    other.execute_batch("ROLLBACK").unwrap();
    write(&mut store, &[Record::Started]).unwrap();
}

#[test]
fn a33_a_read_only_database_is_an_error() {
    let (_keep, path) = place();
    let mut store = open(&path);
    store
        .connection
        .pragma_update(None, "query_only", true)
        .unwrap();
    assert_eq!(
        write(&mut store, &[Record::Started]),
        Err(StoreError::ReadOnly)
    );
}

#[test]
fn a33_a_damaged_database_is_refused() {
    let (_keep, path) = place();
    fs::write(
        &path,
        "this is no database, and it is long enough to be taken for one".repeat(50),
    )
    .unwrap();
    assert!(matches!(
        Store::open(&path, "boot"),
        Err(StoreError::Corrupt(_))
    ));

    fs::remove_file(&path).unwrap();
    let mut store = open(&path);
    for number in 0..40 {
        write(&mut store, &[requested(number, &"y".repeat(5000))]).unwrap();
    }
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(
        Store::open(&path, "boot"),
        Err(StoreError::Corrupt(_))
    ));
}

#[test]
fn a39_a_changed_last_entry_is_found_when_the_database_is_opened() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[Record::Started, Record::Stopped]).unwrap();
    drop(store);
    tamper(
        &path,
        "DROP TRIGGER audit_is_not_edited; UPDATE audit SET entry = replace(entry, 'stopped', 'started') WHERE sequence = 2",
    );
    let error = Store::open(&path, "boot").unwrap_err().to_string();
    assert!(error.contains("audit entry 2 was changed"), "{error}");
}

#[test]
fn a39_an_audit_log_that_moved_under_a_running_daemon_is_not_continued() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[Record::Started, Record::Started]).unwrap();
    tamper(
        &path,
        "DROP TRIGGER audit_is_not_cut; DELETE FROM audit WHERE sequence = 2",
    );
    assert!(matches!(store.reload(), Err(StoreError::Corrupt(_))));
}

#[test]
fn entries_go_only_when_the_beginning_moves_behind_them() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(
        &mut store,
        &[Record::Started, Record::Started, Record::Stopped],
    )
    .unwrap();
    let oldest = store.oldest(u64::MAX, Some(2)).unwrap().unwrap();
    let pruned = Record::Pruned {
        through: oldest.through.clone(),
        entries: 2,
        at_ms: 0,
        archive: None,
    };
    write(&mut store, std::slice::from_ref(&pruned)).unwrap();
    assert_eq!(store.start(), &oldest.through);
    let mut chain = Verifier::after(store.start().clone());
    for entry in store.audit(0, 9, 1 << 20).unwrap() {
        chain.next(&entry).unwrap();
    }
    assert_eq!(chain.count(), 4);
    let fails = |sql: &str| assert!(store.connection.execute_batch(sql).is_err(), "{sql}");
    fails("DELETE FROM audit WHERE sequence = 3");
    fails("UPDATE audit_start SET sequence = 1");
    assert!(
        write(&mut store, &[pruned]).is_err(),
        "the beginning does not move twice to the same entry"
    );
    assert_eq!(store.head().sequence, 4);
}

/// As the version before left it.
#[test]
fn a_log_from_before_there_was_a_beginning_begins_with_its_first_entry() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[Record::Started, Record::Stopped]).unwrap();
    drop(store);
    tamper(
        &path,
        "DROP TABLE prompts;
         DROP TABLE audit_start;
         DROP TRIGGER audit_is_not_overwritten;
         DROP TRIGGER audit_is_not_cut;
         CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, ''); END;
         PRAGMA user_version = 2",
    );
    let mut store = open(&path);
    assert_eq!((store.start().sequence, store.head().sequence), (0, 2));
    write(&mut store, &[Record::Started]).unwrap();
    let cut = store.connection.execute_batch("DELETE FROM audit");
    assert!(cut.unwrap_err().to_string().contains("append-only"));
}

#[test]
fn accidents_with_the_audit_log_and_with_ended_requests_are_refused() {
    let (_keep, path) = place();
    let mut store = open(&path);
    write(&mut store, &[requested(1, "{}")]).unwrap();
    let fails = |sql: &str| assert!(store.connection.execute_batch(sql).is_err(), "{sql}");
    fails("UPDATE audit SET entry = ''");
    fails("DELETE FROM audit");
    fails("INSERT OR REPLACE INTO audit VALUES (1, '', '')");
    fails("INSERT OR REPLACE INTO audit_start VALUES (1, 1, '')");
    fails("UPDATE audit_start SET sequence = 1, hash = ''");
    fails("DELETE FROM audit_start");
    store
        .connection
        .execute_batch("UPDATE requests SET state = 'denied'")
        .unwrap();
    fails("UPDATE requests SET state = 'approved'");
}

fn prompt(request: u8, reference: u64) -> Prompt {
    Prompt {
        channel: EvidenceKind::Signal,
        request: question(request, 0).id,
        address: "somebody".to_owned(),
        reference,
        form: PromptForm::Whole,
    }
}

#[test]
fn messages_are_remembered_with_their_requests_and_only_the_question_is_audited() {
    let (_keep, path) = place();
    let mut store = open(&path);
    let prompted = |request, reference| Record::Prompted {
        code: "CODE".to_owned(),
        approver: "owner".to_owned(),
        prompt: prompt(request, reference),
    };
    let asked = [
        requested(1, "{1}"),
        requested(2, "{2}"),
        prompted(1, 70),
        prompted(2, 70),
        prompted(2, 80),
    ];
    write(&mut store, &asked).unwrap();
    assert_eq!(store.head().sequence, 5);
    write(&mut store, &[Record::PromptClosed(prompt(1, 70))]).unwrap();
    assert_eq!(store.head().sequence, 5, "bookkeeping is no entry");
    drop(store);

    let store = open(&path);
    let found = store.prompts(EvidenceKind::Signal, 9).unwrap();
    let short: Vec<_> = found
        .iter()
        .map(|one| (one.prompt.clone(), one.open, one.body.as_deref()))
        .collect();
    let expected = [
        (prompt(2, 80), true, Some("{2}")),
        (prompt(1, 70), false, None),
        (prompt(2, 70), true, Some("{2}")),
    ];
    assert_eq!(short, expected);
    assert_eq!(store.prompts(EvidenceKind::Signal, 1).unwrap().len(), 1);
    assert!(store.prompts(EvidenceKind::Terminal, 9).unwrap().is_empty());
}

#[test]
fn a_message_about_no_request_is_refused() {
    let (_keep, path) = place();
    let mut store = open(&path);
    let orphan = Record::Prompted {
        code: "CODE".to_owned(),
        approver: "owner".to_owned(),
        prompt: prompt(1, 70),
    };
    assert!(write(&mut store, &[orphan]).is_err());
}
