//! The oldest entries leave the database.

use std::fs;

use aisudo_core::{audit::Verifier, digest::sha256};
use serde_json::Value;

use super::*;

const DAY: u64 = 24 * 60 * 60 * 1000;
const HOUR: u64 = 60 * 60 * 1000;

async fn start_keeping(path: &Path, days: u32, clock: fn() -> Moment) -> Ledger {
    let setup = Setup {
        store: Store::open(path, "boot").unwrap(),
        caps: CAPS,
        channels: Channels::new(&aisudo_core::config::Channels::default()).0,
        boot_id: "boot".to_owned(),
        first: vec![Record::Started],
        clock,
    };
    let keep = Keep {
        days,
        archive: Some(archive(path)),
        copy: None,
    };
    let ledger = Ledger::start_keeping(setup, keep).unwrap().0;
    // Now it has written what it starts with, at this time.
    head(&ledger).await;
    ledger
}

fn archive(path: &Path) -> PathBuf {
    path.with_file_name("archive")
}

/// The names of the files, in order.
fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(archive(path))
        .into_iter()
        .flatten()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Something that is written, and after it perhaps something that leaves.
async fn note(ledger: &Ledger) {
    let record = Record::Refused {
        id: None,
        uid: None,
        why: "a test".to_owned(),
    };
    ledger
        .command(Command::Note(Box::new(record)))
        .await
        .unwrap();
}

/// The start, and the entries after it; they are one chain.
async fn log(ledger: &Ledger) -> (Head, Vec<Value>) {
    let what = What::Audit {
        after: 0,
        limit: 10_000,
    };
    match ledger.look(Query::Approver { uid: 0, what }).await {
        Ok(View::Audit { entries, start, .. }) => {
            let mut chain = Verifier::after(start.clone());
            entries.iter().for_each(|entry| chain.next(entry).unwrap());
            let entries = entries
                .iter()
                .map(|entry| serde_json::from_str(entry).unwrap());
            (start, entries.collect())
        }
        other => panic!("{other:?}"),
    }
}

fn events(entries: &[Value]) -> Vec<&str> {
    entries
        .iter()
        .map(|entry| entry["event"].as_str().unwrap())
        .collect()
}

async fn trouble(ledger: &Ledger) -> Option<String> {
    let what = What::Status;
    match ledger.look(Query::Approver { uid: 0, what }).await {
        Ok(View::Status(status)) => status
            .channels
            .into_iter()
            .find(|(name, _)| name == "audit archive")
            .map(|(_, why)| why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn old_entries_go_to_the_archive_with_the_requests_that_are_over() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    let _gate = ask(&ledger, 0, 1).await;
    decide(&ledger, answer(0, Verdict::Deny, 0, 0))
        .await
        .unwrap();
    let (_, before) = log(&ledger).await;

    NOW.store(3 * DAY, Ordering::SeqCst);
    assert_eq!(states(&ledger).await, ["denied"]);
    assert!(files(&path).is_empty(), "a look moves nothing");
    let (outcome, _other) = ask(&ledger, 1, 2).await;
    outcome.unwrap();

    let (start, entries) = log(&ledger).await;
    assert_eq!(start.sequence, 3);
    assert_eq!(events(&entries), ["requested", "pruned"]);
    assert_eq!(
        states(&ledger).await,
        ["pending"],
        "only what was over left"
    );
    let name = "audit-0000000001-0000000003.jsonl";
    assert_eq!(files(&path), [name]);
    let text = fs::read_to_string(archive(&path).join(name)).unwrap();
    let archived: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(archived, before, "as they were stored");
    let pruned = &entries[1];
    assert_eq!(
        (&pruned["through"], &pruned["entries"], &pruned["archive"]),
        (&3.into(), &3.into(), &name.into())
    );
    assert_eq!(pruned["hash"], before[2]["entry_hash"]);
    assert_eq!(pruned["sha256"], sha256(text.as_bytes()).to_string());

    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(archive(&path)), mode(archive(&path).join(name))),
        (0o700, 0o600)
    );
    ledger.stop().await;
    let again = start_keeping(&path, 1, clock).await;
    assert_eq!(
        log(&again).await.0,
        start,
        "the next daemon begins where this one did"
    );
}

#[tokio::test]
async fn days_are_whole_and_none_means_for_ever() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    // The test begins at 22:13:20 UTC; two midnights later the day before the last is old.
    let second_midnight = DAY + 106 * 60 * 1000 + 40 * 1000;
    NOW.store(second_midnight - 1, Ordering::SeqCst);
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 0);
    NOW.store(second_midnight - 1 + HOUR, Ordering::SeqCst);
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 1);
    ledger.stop().await;

    NOW.store(1000 * DAY, Ordering::SeqCst);
    let ledger = start_keeping(&path, 0, clock).await;
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 1);
}

#[tokio::test]
async fn many_old_entries_leave_bit_by_bit() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let mut store = Store::open(&path, "boot").unwrap();
    let mut writing = store.begin().unwrap();
    for _ in 0..2500 {
        writing.write(&Record::Started, at(0).unix_ms).unwrap();
    }
    writing.commit().unwrap();
    drop(store);
    NOW.store(9 * DAY, Ordering::SeqCst);
    let ledger = start_keeping(&path, 1, clock).await;
    let mut starts = Vec::new();
    for _ in 0..4 {
        starts.push(log(&ledger).await.0.sequence);
        note(&ledger).await;
    }
    assert_eq!(starts, [1000, 2000, 2500, 2500]);
    assert_eq!(files(&path).len(), 3);
}

#[tokio::test]
async fn a34_what_a_crash_left_in_the_archive_is_used_again() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    note(&ledger).await;
    NOW.store(DAY, Ordering::SeqCst);
    note(&ledger).await;
    ledger.stop().await;

    // The archive is written and the database is not, as when the daemon dies in between.
    let mut store = Store::open(&path, "boot").unwrap();
    let old = store.oldest(at(DAY).unix_ms, None).unwrap().unwrap();
    assert_eq!(old.through.sequence, 2);
    crate::ledger::archive::Archive::new(archive(&path))
        .keep(&old)
        .unwrap();
    let left = fs::read(archive(&path).join("audit-0000000001-0000000002.jsonl")).unwrap();
    fs::write(archive(&path).join("unfinished"), "half an ent").unwrap();
    assert_eq!(store.begin().map(drop), Ok(()));
    drop(store);

    // Many more are old by now.
    NOW.store(9 * DAY, Ordering::SeqCst);
    let ledger = start_keeping(&path, 1, clock).await;
    note(&ledger).await;
    let (start, entries) = log(&ledger).await;
    assert_eq!(start.sequence, 4);
    assert_eq!(
        files(&path),
        [
            "audit-0000000001-0000000002.jsonl",
            "audit-0000000003-0000000004.jsonl"
        ],
        "no entry is in two files, none in none"
    );
    assert_eq!(
        fs::read(archive(&path).join("audit-0000000001-0000000002.jsonl")).unwrap(),
        left
    );
    assert_eq!(events(&entries), ["started", "pruned", "refused", "pruned"]);
    assert_eq!(entries[1]["sha256"], sha256(&left).to_string());
}

#[tokio::test]
async fn a33_what_cannot_be_archived_stays_and_nothing_else_suffers() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    NOW.store(9 * DAY, Ordering::SeqCst);
    fs::create_dir(archive(&path)).unwrap();
    let other = archive(&path).join("audit-0000000001-0000000001.jsonl");
    fs::write(&other, "precious").unwrap();
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 0);
    let why = trouble(&ledger).await.unwrap();
    assert!(
        why.ends_with("0000000001.jsonl is there with other content; move it away"),
        "{why}"
    );
    assert_eq!(fs::read_to_string(&other).unwrap(), "precious");

    fs::remove_file(&other).unwrap();
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 0, "not at once again");
    NOW.store(9 * DAY + HOUR, Ordering::SeqCst);
    note(&ledger).await;
    assert_eq!(log(&ledger).await.0.sequence, 1);
    assert_eq!(trouble(&ledger).await, None);
}

#[tokio::test]
async fn a33_entries_stay_while_the_database_cannot_be_written() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    NOW.store(9 * DAY, Ordering::SeqCst);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let record = Record::Stopped;
    assert!(
        ledger
            .command(Command::Note(Box::new(record)))
            .await
            .is_err()
    );
    other.execute_batch("ROLLBACK").unwrap();
    note(&ledger).await;
    let (start, entries) = log(&ledger).await;
    assert_eq!(
        (start.sequence, events(&entries)),
        (1, vec!["refused", "pruned"])
    );
}

#[tokio::test]
async fn a39_an_old_entry_that_was_changed_is_not_moved_away() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    note(&ledger).await;
    ledger.stop().await;
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch("DROP TRIGGER audit_is_not_edited; UPDATE audit SET entry = replace(entry, 'a test', 'nothing') WHERE sequence = 2")
        .unwrap();
    NOW.store(9 * DAY, Ordering::SeqCst);
    let ledger = start_keeping(&path, 1, clock).await;
    let why = trouble(&ledger).await.unwrap();
    assert!(
        why.contains("audit entry 2 is bad: it was changed"),
        "{why}"
    );
    assert!(files(&path).is_empty());
}

/// The wall clock jumps, as when it is set; the host's own goes on.
#[tokio::test]
async fn a_live_request_keeps_its_row_and_its_entries() {
    static WALL: AtomicU64 = AtomicU64::new(0);
    fn clock() -> Moment {
        Moment {
            tick: at(0).tick,
            unix_ms: at(WALL.load(Ordering::SeqCst)).unix_ms,
        }
    }
    let (_keep, path) = place();
    let ledger = start_keeping(&path, 1, clock).await;
    WALL.store(5, Ordering::SeqCst);
    let _gate = ask(&ledger, 0, 1).await;
    ledger.stop().await;
    WALL.store(9 * DAY, Ordering::SeqCst);
    let ledger = start_keeping(&path, 1, clock).await;
    let (start, entries) = log(&ledger).await;
    assert_eq!(start.sequence, 1);
    assert_eq!(
        events(&entries),
        ["requested", "stopped", "started", "pruned"]
    );
    assert_eq!(
        decide(&ledger, answer(0, Verdict::Approve, 0, 0)).await,
        Ok(Outcome::Done)
    );
}
