//! The ledger against SQLite alone: the same rows, brought to disk in the same groups.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aisudo_core::{
    audit::seal,
    config,
    digest::request_digest,
    evidence::{Evidence, EvidenceKind, Verdict},
    policy::Ruling,
    raw::Hex32,
};
use aisudo_daemon::{
    broker::{Answer, Ask, Caps, Command, ConnectionId, Moment, Outcome},
    channels::Channels,
    ledger::{Ledger, Setup},
    store::Store,
};
use aisudo_sys::{clock, random};
use rusqlite::{Connection, params_from_iter, types::Value as Cell};
use serde_json::{Map, Value, json};
use tokio::{
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinSet,
};
use uuid::Uuid;

use crate::Scale;
use crate::table::{Samples, Table};

/// The database with the long log, in the state directory's parent.
pub(crate) const BIG: &str = "big.db";

/// In how many pieces the two are measured in turns.
const TURNS: usize = 15;

/// A request as a gate would ask it.
pub(crate) fn facts() -> Value {
    serde_json::from_str(include_str!("request.json")).expect("a request")
}

pub(crate) fn measure(scale: Scale, directory: &Path, table: &mut Table) {
    let small = directory.join("small.db");
    for group in [1, 64] {
        let pair = Pair::new(&small, directory, group);
        let [ours, raw, commits] = pair.in_turns(scale.cycles / if group == 1 { 8 } else { 1 });
        let ratio = ours.median() / raw.median();
        table.row(
            &format!("(c) decisions a second, {group} at once, against SQLite"),
            format!("{ratio:.2}x ({:.0} against {:.0}/s)", ours.median(), raw.median()),
            Some((">= 0.8x", ratio >= 0.8)),
            json!({"ratio": ratio, "ledger_per_second": ours.json(), "sqlite_per_second": raw.json(), "rows_per_commit": commits.json()}),
        );
    }
    let big = directory.join(BIG);
    let [before, ..] = Pair::new(&small, directory, 64).in_turns(scale.cycles);
    grow(&big, scale.audit_rows);
    let [after, ..] = Pair::new(&big, directory, 64).in_turns(scale.cycles);
    table.row(
        &format!(
            "(g) decisions a second, with {} audit rows",
            scale.audit_rows
        ),
        format!("{:.0}/s, with few {:.0}/s", after.median(), before.median()),
        None,
        json!({"few": before.json(), "many": after.json()}),
    );
}

/// A ledger, and a database that gets the same rows without one.
struct Pair {
    runtime: Runtime,
    ledger: Ledger,
    /// A second look at what the ledger wrote.
    written: Connection,
    raw: Connection,
    raw_path: PathBuf,
    group: usize,
}

impl Pair {
    fn new(path: &Path, directory: &Path, group: usize) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let setup = Setup {
            store: Store::open(path, "bench").expect("open the store"),
            caps: Caps {
                pending_per_uid: 100_000,
                pending: 100_000,
                timeout_ms: 600_000,
                requests_per_minute: u32::MAX,
                requests_per_minute_all: u32::MAX,
                ruled_per_minute: u32::MAX,
                cooldown_ms: 0,
            },
            channels: Channels::new(&config::Channels::default()).0,
            boot_id: "bench".to_owned(),
            first: Vec::new(),
            clock: numbered,
        };
        let (ledger, _) = Ledger::start(setup).expect("start the ledger");
        let raw_path = directory.join("raw.db");
        let _ = std::fs::remove_file(&raw_path);
        drop(Store::open(&raw_path, "bench").expect("make the same tables"));
        let raw = Connection::open(&raw_path).expect("open the other database");
        raw.set_prepared_statement_cache_capacity(32);
        // As the store has it.
        raw.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 16777216;",
        )
        .expect("set it up alike");
        Self {
            runtime,
            ledger,
            written: Connection::open(path).expect("look at the database"),
            raw,
            raw_path,
            group,
        }
    }

    /// Decisions a second of the ledger and of SQLite alone, and rows of the log in one commit.
    fn in_turns(mut self, cycles: usize) -> [Samples; 3] {
        let (mut ours, mut raw, mut commits) = <(Samples, Samples, Samples)>::default();
        let each = (cycles / TURNS).max(1).div_ceil(self.group) * self.group;
        for _ in 0..TURNS {
            let audit_before = self.count("SELECT ifnull(max(sequence), 0) FROM audit");
            let rows_before = self.count("SELECT ifnull(max(rowid), 0) FROM requests");
            let asks = asks(each);
            let start = Instant::now();
            self.through_ledger(asks);
            ours.0.push(each as f64 / start.elapsed().as_secs_f64());
            let requests = self.rows("SELECT * FROM requests WHERE rowid > ?1", rows_before);
            let entries = self.rows("SELECT * FROM audit WHERE sequence > ?1", audit_before);
            assert_eq!((requests.len(), entries.len()), (each, 3 * each));
            let groups = groups(&requests, &entries);
            commits.0.push(each as f64 * 3.0 / groups.len() as f64);
            let start = Instant::now();
            self.through_sqlite(&groups);
            raw.0.push(each as f64 / start.elapsed().as_secs_f64());
        }
        self.runtime.block_on(self.ledger.stop());
        drop(self.raw);
        let _ = std::fs::remove_file(self.raw_path);
        [ours, raw, commits]
    }

    fn through_ledger(&self, asks: Vec<Ask>) {
        let each = asks.len().div_ceil(self.group);
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            let mut asks = asks.into_iter();
            for _ in 0..self.group {
                let (ledger, mine) = (
                    self.ledger.clone(),
                    asks.by_ref().take(each).collect::<Vec<_>>(),
                );
                tasks.spawn(async move {
                    for ask in mine {
                        cycle(&ledger, ask).await;
                    }
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.expect("a cycle");
            }
        });
    }

    /// The same statements in the same transactions.
    fn through_sqlite(&mut self, groups: &[Vec<Change<'_>>]) {
        let columns = groups.iter().flatten().map(|change| change.row.len()).max();
        let marks = vec!["?"; columns.unwrap_or(0)].join(", ");
        let insert = format!("INSERT INTO requests VALUES ({marks})");
        for group in groups {
            let transaction = self.raw.transaction().expect("begin");
            for change in group {
                let sql = match change.row.len() {
                    3 => "UPDATE requests SET state = ?2, standing = ?3 WHERE id = ?1",
                    _ => &insert,
                };
                let mut statement = transaction.prepare_cached(sql).expect("prepare");
                let changed = statement.execute(params_from_iter(&change.row));
                assert_eq!(changed.expect("change a request"), 1);
                let sql = "INSERT INTO audit (sequence, hash, entry) VALUES (?1, ?2, ?3)";
                let mut statement = transaction.prepare_cached(sql).expect("prepare");
                let entry = params_from_iter(change.entry);
                statement.execute(entry).expect("insert an entry");
            }
            transaction.commit().expect("commit");
        }
    }

    fn count(&self, sql: &str) -> i64 {
        self.written
            .query_row(sql, [], |row| row.get(0))
            .expect("count")
    }

    fn rows(&self, sql: &str, after: i64) -> Vec<Vec<Cell>> {
        let mut statement = self.written.prepare(sql).expect("prepare");
        let columns = statement.column_count();
        let rows = statement.query_map([after], |row| {
            (0..columns).map(|index| row.get(index)).collect()
        });
        rows.expect("read").map(|row| row.expect("a row")).collect()
    }
}

/// The column `state` of `requests`; `standing` is the next.
const STATE: usize = 11;

/// One change of a request and the log's entry about it.
struct Change<'a> {
    /// A whole row, or id, state and standing.
    row: Vec<Cell>,
    entry: &'a [Cell],
}

/// The time of day goes on by a millisecond whenever the writer looks, which it does once for a
/// transaction: what has the same time was committed together.
fn numbered() -> Moment {
    static LOOKS: AtomicU64 = AtomicU64::new(1_763_158_400_000);
    Moment {
        tick: clock::boottime(),
        unix_ms: LOOKS.fetch_add(1, Ordering::Relaxed),
    }
}

/// What the ledger wrote, transaction by transaction.
fn groups<'a>(requests: &[Vec<Cell>], entries: &'a [Vec<Cell>]) -> Vec<Vec<Change<'a>>> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        _ => String::new(),
    };
    let by_id: HashMap<String, &Vec<Cell>> =
        requests.iter().map(|row| (text(&row[0]), row)).collect();
    let mut groups: Vec<(Value, Vec<Change<'_>>)> = Vec::new();
    for entry in entries {
        let fields: Value = serde_json::from_str(&text(&entry[2])).expect("an entry");
        let whole = by_id[fields["id"].as_str().expect("an id")];
        let state = match fields["event"].as_str() {
            Some("requested") => "pending".to_owned(),
            other => other.expect("an event").to_owned(),
        };
        let row = if state == "pending" {
            let mut row = whole.clone();
            row[STATE] = Cell::Text(state);
            row
        } else {
            vec![
                whole[0].clone(),
                Cell::Text(state),
                whole[STATE + 1].clone(),
            ]
        };
        let change = Change { row, entry };
        match groups.last_mut() {
            Some((at, group)) if *at == fields["at"] => group.push(change),
            _ => groups.push((fields["at"].clone(), vec![change])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// So many questions, as the daemon has them once it has read and checked them.
fn asks(count: usize) -> Vec<Ask> {
    (0..count).map(|_| ask()).collect()
}

fn ask() -> Ask {
    let mut facts = facts();
    let id = Uuid::from_bytes(random::random_bytes().expect("randomness"));
    facts["id"] = id.to_string().into();
    let body = facts.to_string();
    let digest = request_digest(body.as_bytes());
    Ask {
        connection: ConnectionId(1),
        id,
        digest,
        nonce: Hex32([7; 32]),
        fingerprint: digest,
        command: digest,
        ruling: Ruling::default(),
        policy: Hex32([0; 32]),
        token: Hex32([8; 32]),
        uid: 1001,
        pid: 4242,
        start_time: 9912,
        reached: Ok(vec![EvidenceKind::Terminal]),
        timeout_ms: 600_000,
        body,
        facts,
    }
}

/// Asked, approved, released.
async fn cycle(ledger: &Ledger, ask: Ask) {
    let (id, digest, connection, token) = (ask.id, ask.digest, ask.connection, ask.token);
    let (news, _heard) = watch::channel(aisudo_daemon::broker::News::None);
    let asked = ledger.ask(ask, news).await.expect("asked");
    assert!(matches!(asked, Outcome::Waiting { .. }), "{asked:?}");
    let answer = Answer {
        id,
        digest,
        nonce: None,
        verdict: Verdict::Approve,
        approver: "owner".to_owned(),
        note: None,
        evidence: Evidence::Terminal {
            uid: 1000,
            pid: 4711,
        },
        decider: Some(1000),
    };
    let decided = ledger.command(Command::Decide(Box::new(answer))).await;
    assert_eq!(decided, Ok(Outcome::Done));
    let release = Command::Release {
        id,
        connection,
        token,
    };
    assert_eq!(ledger.command(release).await, Ok(Outcome::Released));
}

/// A database with so many audit rows and a third as many requests, ended long ago.
fn grow(path: &Path, audit_rows: u64) {
    let pair = Pair::new(path, path.parent().expect("a directory"), 1);
    pair.through_ledger(asks(1));
    pair.runtime.block_on(pair.ledger.stop());
    drop(pair);
    let connection = Connection::open(path).expect("open the big database");
    let columns: Vec<String> = connection
        .prepare("SELECT * FROM requests")
        .expect("prepare")
        .column_names()
        .map(|name| match name {
            "id" | "code" => "lower(hex(randomblob(16)))".to_owned(),
            "asked_at_ms" => "asked_at_ms - 7200000 - n.i".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let first = connection.query_row("SELECT max(sequence) FROM audit", [], |row| {
        row.get::<_, i64>(0)
    });
    let first = first.expect("the entries that are there");
    let last = i64::try_from(audit_rows).expect("a number of rows");
    let numbers = |from: i64, to: i64| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i < {to})"
        )
    };
    connection
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             CREATE TEMP TABLE one AS SELECT * FROM requests LIMIT 1;
             CREATE TEMP TABLE entry AS SELECT entry FROM audit ORDER BY length(entry) LIMIT 1;
             {} INSERT INTO requests SELECT {} FROM one, n;
             {} INSERT INTO audit SELECT i, lower(hex(randomblob(32))), entry FROM entry, n;",
            numbers(1, last / 3),
            columns.join(", "),
            numbers(first + 1, last - 1),
        ))
        .expect("fill the big database");
    // The daemon looks at the last entry when it starts.
    let fields = Map::from_iter([
        ("sequence".to_owned(), last.into()),
        ("event".to_owned(), "stopped".into()),
    ]);
    let (entry, hash) = seal(fields, aisudo_core::audit::GENESIS);
    connection
        .execute("INSERT INTO audit VALUES (?1, ?2, ?3)", (last, hash, entry))
        .expect("seal the big database");
    connection
        .execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
        .expect("bring it to disk");
}
