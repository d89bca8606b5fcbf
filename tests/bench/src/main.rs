//! `cargo xtask bench`: what a gated sudo costs. Each number is a ratio to the same machine without
//! aisudo, or stands beside a goal; what is compared is measured in turns within one run.
//!
//! Runs as root, in a private world with the real setuid sudo. Nothing is asserted.

mod app;
mod approver;
mod ledger;
mod machine;
mod pending;
mod seal;
mod signal;
mod sodium;
mod sudo;
mod table;
mod verify;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use aisudo_testbed::{DEFAULT_CONFIG, World};

use crate::table::Table;

/// How much of each is measured.
#[derive(Clone, Copy, Debug)]
struct Scale {
    pairs: usize,
    decisions: usize,
    cycles: usize,
    few_waiting: usize,
    many_waiting: usize,
    idle_seconds: u64,
    audit_rows: u64,
    entries: usize,
    phones: usize,
}

const WHOLE: Scale = Scale {
    pairs: 250,
    decisions: 300,
    cycles: 3000,
    few_waiting: 1000,
    many_waiting: 10_000,
    idle_seconds: 10,
    audit_rows: 1_000_000,
    entries: 100_000,
    phones: 1000,
};

/// To see that it works.
const QUICK: Scale = Scale {
    pairs: 5,
    decisions: 5,
    cycles: 64,
    few_waiting: 10,
    many_waiting: 50,
    idle_seconds: 1,
    audit_rows: 3000,
    entries: 300,
    phones: 20,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut scale, mut json, mut only) = (WHOLE, None, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => scale = QUICK,
            "--json" => json = arguments.next().map(PathBuf::from),
            "--only" => only = arguments.next(),
            _ => {
                eprintln!(
                    "usage: aisudo-bench [--quick] [--json FILE] [--only PART,…]: verify, seal, ledger, sudo, waiting, signal, app"
                );
                return ExitCode::FAILURE;
            }
        }
    }
    // Before the world: its `/tmp` is another.
    let json = json.map(|file| std::path::absolute(file).expect("the path of the JSON file"));
    let table = measure(scale, only.as_deref());
    print!("{table}");
    if let Some(file) = json {
        std::fs::write(&file, table.json()).expect("write the JSON file");
    }
    ExitCode::SUCCESS
}

/// All of it, or the named parts.
fn measure(scale: Scale, only: Option<&str>) -> Table {
    let wanted = |part: &str| only.is_none_or(|only| only.split(',').any(|one| one == part));
    let state = State::new();
    let mut table = Table::new(machine::describe(&state.directory));
    if wanted("verify") {
        verify::measure(scale, &mut table);
    }
    if wanted("seal") {
        seal::measure(scale, &mut table);
    }
    if wanted("ledger") {
        ledger::measure(scale, &state.directory, &mut table);
    }
    let world = World::new();
    state.show();
    world.config(&config());
    if wanted("sudo") {
        sudo::against_plain(&world, scale, &mut table);
        sudo::loaded(&world, &mut table);
    }
    if wanted("waiting") {
        pending::measure(&world, scale, &mut table);
    }
    if wanted("signal") {
        signal::measure(&world, &config(), scale, &mut table);
    }
    if wanted("app") {
        app::measure(&world, &config(), scale, &mut table);
    }
    if wanted("ledger") {
        state.take_big_database();
        sudo::with_long_log(&world, scale, &mut table);
    }
    table
}

/// Limits that nothing here reaches, and people who are patient.
fn config() -> String {
    let config = DEFAULT_CONFIG.replace("timeout = 20", "timeout = 900");
    let (config, _) = config.split_once("[limits]").expect("limits at the end");
    format!(
        "{config}
[limits]
pending_per_uid = 20000
pending = 20000
requests_per_minute = 10000000
requests_per_minute_all = 10000000
ruled_per_minute = 10000000
cooldown = 0
connections = 20000
connections_per_uid = 20000
"
    )
}

/// The daemon's directory on this machine's disk: a world's own `/var` is memory, where a commit costs
/// nothing.
struct State {
    directory: PathBuf,
}

impl State {
    fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        let directory = root.expect("the checkout").join("target/bench");
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(directory.join("state")).expect("make the state directory");
        Self { directory }
    }

    /// In a world, where the daemon looks for it.
    fn show(&self) {
        let state = self.directory.join("state");
        let state = state.to_str().expect("a path in UTF-8");
        run("chown", &["aisudo:aisudo", state]);
        run("chmod", &["0700", state]);
        run("mount", &["--bind", state, "/var/lib/aisudo"]);
    }

    /// Puts the long log in the place of the daemon's own.
    fn take_big_database(&self) {
        for name in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(Path::new("/var/lib/aisudo").join(name));
        }
        let big = self.directory.join(ledger::BIG);
        std::fs::rename(big, "/var/lib/aisudo/state.db")
            .or_else(|_| {
                std::fs::copy(self.directory.join(ledger::BIG), "/var/lib/aisudo/state.db")
                    .map(drop)
            })
            .expect("take the big database");
        run("chown", &["aisudo:aisudo", "/var/lib/aisudo/state.db"]);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status();
    assert!(
        status.expect("start a program").success(),
        "{program} {arguments:?}"
    );
}
