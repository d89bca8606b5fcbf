use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use aisudo_core::{evidence::Verdict, raw::Hex32, wire::Head};
use rusqlite::Connection;

use super::*;
use crate::broker::{
    Answer,
    model::{answer, at, question},
};

const CAPS: Caps = Caps {
    pending_per_uid: 1000,
    pending: 1000,
    timeout_ms: 30_000,
    requests_per_minute: u32::MAX,
    requests_per_minute_all: u32::MAX,
    ruled_per_minute: u32::MAX,
    cooldown_ms: 0,
};

/// The clock of one test, in its own cell: tests run side by side.
macro_rules! clock {
    ($cell:ident, $clock:ident) => {
        static $cell: AtomicU64 = AtomicU64::new(0);
        fn $clock() -> Moment {
            at($cell.load(Ordering::SeqCst))
        }
    };
}

// It uses the macro.
mod prune;

fn standing_clock() -> Moment {
    at(0)
}

fn start(path: &Path, boot_id: &str, clock: fn() -> Moment) -> Ledger {
    Ledger::start(Setup {
        store: Store::open(path, boot_id).unwrap(),
        caps: CAPS,
        channels: Channels::new(&aisudo_core::config::Channels::default()).0,
        boot_id: boot_id.to_owned(),
        first: vec![Record::Started],
        clock,
    })
    .unwrap()
    .0
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    (directory, path)
}

/// The way of a gate: the answer, and where it hears more.
async fn ask(
    ledger: &Ledger,
    slot: u8,
    connection: u64,
) -> (Result<Outcome, Unavailable>, watch::Receiver<News>) {
    let (sender, news) = watch::channel(News::None);
    let outcome = ledger.ask(question(slot, connection), sender).await;
    (outcome, news)
}

async fn decide(ledger: &Ledger, answer: Answer) -> Result<Outcome, Unavailable> {
    ledger.command(Command::Decide(Box::new(answer))).await
}

async fn release(
    ledger: &Ledger,
    slot: u8,
    connection: u64,
    token: u8,
) -> Result<Outcome, Unavailable> {
    let release = Command::Release {
        id: question(slot, 0).id,
        connection: ConnectionId(connection),
        token: Hex32([token; 32]),
    };
    ledger.command(release).await
}

async fn states(ledger: &Ledger) -> Vec<&'static str> {
    let what = What::List { all: true };
    match ledger.look(Query::Approver { uid: 0, what }).await {
        Ok(View::Rows(rows, _)) => rows.iter().map(|row| row.state.name()).collect(),
        other => panic!("{other:?}"),
    }
}

async fn head(ledger: &Ledger) -> Head {
    match ledger
        .look(Query::Approver {
            uid: 0,
            what: What::Status,
        })
        .await
    {
        Ok(View::Status(status)) => status.head,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_answer_reaches_the_gate_and_a_repeated_release_is_answered_alike() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", standing_clock);
    let (outcome, mut news) = ask(&ledger, 0, 1).await;
    assert!(matches!(outcome, Ok(Outcome::Waiting { .. })));
    assert_eq!(
        decide(&ledger, answer(0, Verdict::Approve, 0, 0)).await,
        Ok(Outcome::Done)
    );
    news.changed().await.unwrap();
    assert!(
        matches!(&*news.borrow_and_update(), News::Decided(decision) if decision.verdict == Verdict::Approve)
    );
    assert_eq!(release(&ledger, 0, 1, 7).await, Ok(Outcome::Released));
    assert_eq!(
        release(&ledger, 0, 2, 7).await,
        Ok(Outcome::Released),
        "after a lost answer"
    );
    assert!(matches!(
        release(&ledger, 0, 1, 8).await,
        Ok(Outcome::Refused {
            fallback: false,
            ..
        })
    ));
    assert!(news.changed().await.is_err(), "nothing more is heard");
}

#[tokio::test]
async fn a29_a30_of_many_answers_at_once_one_counts() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", standing_clock);
    let _gate = ask(&ledger, 0, 1).await;
    let mut answers = tokio::task::JoinSet::new();
    for number in 0..40 {
        let ledger = ledger.clone();
        let verdict = if number % 2 == 0 {
            Verdict::Approve
        } else {
            Verdict::Deny
        };
        answers.spawn(async move { decide(&ledger, answer(0, verdict, 0, 0)).await.unwrap() });
    }
    let outcomes = answers.join_all().await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| **outcome == Outcome::Done)
            .count(),
        1
    );
    // started, requested, one outcome, 39 refusals
    assert_eq!(head(&ledger).await.sequence, 42);
}

#[tokio::test]
async fn a29_a_restart_keeps_what_waits_and_what_is_over() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", standing_clock);
    for slot in 0..3 {
        ask(&ledger, slot, 1).await.0.unwrap();
    }
    decide(&ledger, answer(0, Verdict::Approve, 0, 0))
        .await
        .unwrap();
    decide(&ledger, answer(1, Verdict::Deny, 1, 0))
        .await
        .unwrap();
    ledger.stop().await;

    let ledger = start(&path, "boot", standing_clock);
    let mut found = states(&ledger).await;
    found.sort_unstable();
    assert_eq!(found, ["approved", "denied", "pending"]);
    for slot in 0..2 {
        let again = decide(&ledger, answer(slot, Verdict::Approve, slot, 0)).await;
        assert!(matches!(again, Ok(Outcome::NotTaken(_))));
    }
    assert!(
        matches!(release(&ledger, 0, 1, 7).await, Ok(Outcome::Refused { .. })),
        "its gate is not back yet"
    );
    let (outcome, _news) = ask(&ledger, 0, 2).await;
    assert!(matches!(
        outcome,
        Ok(Outcome::Waiting {
            news: News::Decided(_),
            ..
        })
    ));
    assert_eq!(release(&ledger, 0, 2, 7).await, Ok(Outcome::Released));
    ledger.stop().await;

    let ledger = start(&path, "another boot", standing_clock);
    let mut found = states(&ledger).await;
    found.sort_unstable();
    assert_eq!(
        found,
        ["cancelled", "denied", "released"],
        "deadlines mean nothing after a boot"
    );
}

#[tokio::test]
async fn a_gate_that_does_not_come_back_loses_its_request() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start(&path, "boot", clock);
    ask(&ledger, 2, 1).await.0.unwrap();
    ledger.stop().await;
    let ledger = start(&path, "boot", clock);
    NOW.store(crate::broker::GRACE_MS - 1, Ordering::SeqCst);
    release(&ledger, 4, 1, 1).await.unwrap();
    assert_eq!(states(&ledger).await, ["pending"]);
    NOW.store(crate::broker::GRACE_MS, Ordering::SeqCst);
    release(&ledger, 4, 1, 1).await.unwrap();
    assert_eq!(states(&ledger).await, ["cancelled"]);
}

#[tokio::test]
async fn i5_silence_ends_without_anybody_asking() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", crate::now);
    let (sender, mut news) = watch::channel(News::None);
    let mut short = question(0, 1);
    short.timeout_ms = 80;
    ledger.ask(short, sender).await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), news.changed())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*news.borrow_and_update(), News::Expired);
    assert_eq!(states(&ledger).await, ["expired"]);
}

#[tokio::test]
async fn a33_i6_when_nothing_can_be_recorded_nothing_is_approved_and_later_all_goes_on() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", standing_clock);
    let (outcome, mut news) = ask(&ledger, 0, 1).await;
    outcome.unwrap();
    let before = head(&ledger).await;

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failure = decide(&ledger, answer(0, Verdict::Approve, 0, 0))
        .await
        .unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the audit log cannot be written: the database is locked by another program; stop that program"
    );
    assert!(ask(&ledger, 1, 2).await.0.is_err());
    assert_eq!(
        states(&ledger).await,
        ["pending"],
        "what is on disk can be looked at"
    );
    assert!(
        !news.has_changed().unwrap(),
        "the gate hears nothing that is not on disk"
    );
    other.execute_batch("ROLLBACK").unwrap();

    assert!(
        matches!(release(&ledger, 0, 1, 7).await, Ok(Outcome::Refused { .. })),
        "it was not approved"
    );
    assert_eq!(head(&ledger).await, before);
    assert_eq!(
        decide(&ledger, answer(0, Verdict::Approve, 0, 0)).await,
        Ok(Outcome::Done)
    );
    news.changed().await.unwrap();
    assert_eq!(
        release(&ledger, 0, 1, 7).await,
        Ok(Outcome::Released),
        "the gate kept its request"
    );
}

#[tokio::test]
async fn a33_a_gate_that_left_while_nothing_could_be_recorded_is_not_forgotten() {
    clock!(NOW, clock);
    let (_keep, path) = place();
    let ledger = start(&path, "boot", clock);
    let (outcome, news) = ask(&ledger, 2, 1).await;
    outcome.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let id = question(2, 1).id;
    assert!(
        ledger
            .leave(id, ConnectionId(1), "gone".to_owned())
            .await
            .is_err()
    );
    drop(news);
    other.execute_batch("ROLLBACK").unwrap();
    release(&ledger, 4, 1, 1).await.unwrap();
    NOW.store(crate::broker::GRACE_MS, Ordering::SeqCst);
    release(&ledger, 4, 1, 1).await.unwrap();
    assert_eq!(states(&ledger).await, ["cancelled"]);
}

#[tokio::test]
async fn a_newer_connection_takes_the_request_over() {
    let (_keep, path) = place();
    let ledger = start(&path, "boot", standing_clock);
    let (_, mut old) = ask(&ledger, 0, 1).await;
    let (outcome, _new) = ask(&ledger, 0, 2).await;
    assert!(matches!(
        outcome,
        Ok(Outcome::Waiting {
            news: News::None,
            ..
        })
    ));
    assert!(
        old.changed().await.is_err(),
        "the old one hears that it was replaced"
    );
    ledger
        .leave(question(0, 1).id, ConnectionId(1), "gone".to_owned())
        .await
        .unwrap();
    assert_eq!(
        states(&ledger).await,
        ["pending"],
        "and can no longer cancel"
    );
}
