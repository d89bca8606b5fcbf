//! The oldest entries leave the database: what they become is still one chain.

use std::fs;

use aisudo_core::audit::{GENESIS, seal};
use aisudo_e2e::{PATIENCE, agent, approved, audit, denied};
use aisudo_testbed::{DEFAULT_CONFIG, World};
use rusqlite::{Connection, params};
use serde_json::{Map, Value};

const DATABASE: &str = "/var/lib/aisudo/state.db";

/// Makes all that the daemon has written old, as if it had been written in January 2025: each entry
/// is sealed anew. The triggers are away meanwhile.
fn age() {
    let mut database = Connection::open(DATABASE).unwrap();
    let change = database.transaction().unwrap();
    let triggers: Vec<(String, String)> = change
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        change.execute(&format!("DROP TRIGGER {name}"), []).unwrap();
    }
    let entries: Vec<(i64, String)> = change
        .prepare("SELECT sequence, entry FROM audit ORDER BY sequence")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut previous = GENESIS.to_owned();
    for (sequence, entry) in entries {
        let mut fields: Map<String, Value> = serde_json::from_str(&entry).unwrap();
        let at = fields["at"].as_str().unwrap();
        let old = format!("2025-01{}", &at[7..]);
        fields.insert("at".to_owned(), old.into());
        let (line, hash) = seal(fields, &previous);
        change
            .execute(
                "UPDATE audit SET entry = ?2, hash = ?3 WHERE sequence = ?1",
                params![sequence, line, hash],
            )
            .unwrap();
        previous = hash;
    }
    for (_, sql) in &triggers {
        change.execute(sql, []).unwrap();
    }
    change.commit().unwrap();
}

#[test]
fn a39_archives_and_an_export_are_one_chain_for_an_independent_verifier_too() {
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/agent-sudo-mcp/bin/agent-sudo"
    );
    let world = World::new();
    let mut daemon = world.start_daemon();
    denied(&world, agent(&world).shell("sudo echo '\u{e4}\u{1f600}'"));
    approved(&world, agent(&world).shell("sudo true")).expect_success();
    let before = audit(&world).len();
    daemon.terminate();
    age();

    world.config(&format!("{DEFAULT_CONFIG}\n[audit]\nkeep_days = 30\n"));
    let daemon = world.start_daemon();
    approved(&world, agent(&world).shell("sudo echo after")).expect_success();
    let left = audit(&world);
    assert_eq!(left[0]["event"], "started", "{}", daemon.log());
    // The stop was the last of the old ones.
    assert_eq!(left[0]["sequence"], before + 2);

    let said = world.approver(["audit", "verify"]).expect_success();
    assert!(
        said.stdout.contains("those before were pruned, as entry"),
        "{said}"
    );
    let archive = format!(
        "/var/lib/aisudo/archive/audit-{:010}-{:010}.jsonl",
        1,
        before + 1
    );
    let export = "/tmp/export.jsonl";
    world.approver(["audit", "export", export]).expect_success();
    let said = world
        .approver(["audit", "verify", &archive, export])
        .expect_success();
    assert!(
        said.stdout.contains(" entries, chain intact, checkpoint "),
        "{said}"
    );

    let whole = "/tmp/whole.jsonl";
    let text = fs::read_to_string(&archive).unwrap() + &fs::read_to_string(export).unwrap();
    fs::write(whole, &text).unwrap();
    let verify = || {
        world
            .run_as("root")
            .spawn([program, "verify-audit", whole])
            .wait(PATIENCE)
    };
    verify().expect_success();
    fs::write(whole, text.replace("\"denied\"", "\"approved\"")).unwrap();
    assert_ne!(verify().code(), Some(0));
}

#[test]
fn a39_entries_that_are_pruned_behind_the_daemons_back_are_missed() {
    let world = World::new();
    let daemon = world.start_daemon();
    denied(&world, agent(&world).shell("sudo true"));
    let database = Connection::open(DATABASE).unwrap();
    let cut = "DELETE FROM audit WHERE sequence <= 2";
    assert!(database.execute(cut, []).is_err());
    // With the beginning moved, the triggers see nothing wrong; but no entry tells of it.
    database
        .execute(
            "UPDATE audit_start SET sequence = 2, hash = (SELECT hash FROM audit WHERE sequence = 2)",
            [],
        )
        .unwrap();
    database.execute(cut, []).unwrap();
    let verdict = world.approver(["audit", "verify"]);
    assert_eq!(verdict.code(), Some(1), "{verdict}");
    drop(daemon);
    let _daemon = world.start_daemon();
    let verdict = world.approver(["audit", "verify"]);
    assert_eq!(verdict.code(), Some(1), "{verdict}");
    assert!(
        verdict
            .stderr
            .contains("entries before 3 are gone without a record"),
        "{verdict}"
    );
}

#[test]
fn the_log_can_be_followed_across_a_restart() {
    let world = World::new();
    let mut daemon = world.start_daemon();
    let tail = world
        .run_as("root")
        .shell(&format!("{}/aisudo audit tail -f", aisudo_testbed::BUILD));
    tail.wait_for_stdout("config_loaded", PATIENCE);
    denied(&world, agent(&world).shell("sudo echo one"));
    tail.wait_for_stdout("denied", PATIENCE);
    daemon.kill9();
    tail.wait_for_stderr("waiting for it to come back", PATIENCE);
    let _daemon = world.start_daemon();
    denied(&world, agent(&world).shell("sudo echo two"));
    let is_denied = |text: &str| text.matches(" denied ").count() == 2;
    aisudo_e2e::eventually("the second no is shown", || is_denied(&tail.stdout()));
    assert_eq!(
        tail.stdout().lines().count(),
        audit(&world).len(),
        "each once: {}",
        tail.stdout()
    );
}
