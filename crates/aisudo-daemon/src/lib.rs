//! The broker between gates and approvers, its store and its audit log.
//!
//! ```text
//! gate.sock    ─▶ server::gate    ─┐                    ┌─▶ store (SQLite: state row + audit row)
//! control.sock ─▶ server::control ─┼─▶ ledger (1 thread) ┼─▶ broker (pure)
//! agent.sock   ─▶ server::agent   ─┘                    └─▶ channels
//! ```

mod args;
pub mod broker;
pub mod channels;
pub mod contents;
pub mod copy;
mod http;
pub mod ledger;
mod limits;
mod private_file;
pub mod record;
pub mod server;
mod settings;
mod startup;
pub mod store;

use std::{ffi::OsString, io::Write as _, process::ExitCode, sync::Arc};

use aisudo_core::{
    config::{AuditCopy, Config},
    digest::sha256,
    paths::Paths,
};
use aisudo_sys::clock;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::JoinSet,
};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

use crate::{
    args::Args,
    broker::{Caps, Moment},
    channels::{Channels, Port},
    contents::Contents,
    copy::{Copier, CopyFile, Copying, Journal, Target},
    ledger::{Keep, Ledger, Setup},
    record::Record,
    server::{Doors, Shared},
    settings::Settings,
    startup::Started,
    store::Store,
};

/// Threads for look-ups in the user database.
const MAX_LOOKUPS: usize = 8;

/// The program. Fails with one line on standard error that says what to do.
pub fn main(args: impl Iterator<Item = OsString>) -> ExitCode {
    match start(args) {
        Ok(text) => {
            let _ = write!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "aisudo-daemon: {why}");
            ExitCode::FAILURE
        }
    }
}

fn start(args: impl Iterator<Item = OsString>) -> Result<String, String> {
    let paths = match Args::parse(args)? {
        Args::Say(text) => return Ok(text),
        Args::Run(paths) => paths,
    };
    log_to_stderr();
    // Sockets are opened and privileges dropped while there is one thread only.
    let started = startup::start(&paths)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MAX_LOOKUPS)
        .build()
        .map_err(|error| format!("no runtime: {error}; see the system's limits"))?;
    runtime.block_on(run(&paths, started))?;
    // A look-up in a slow user database must not hold up the stop.
    runtime.shutdown_background();
    Ok(String::new())
}

async fn run(paths: &Paths, started: Started) -> Result<(), String> {
    let Started {
        config,
        config_text,
        config_stamp,
        listeners,
        stand_in,
        lock: _lock,
        copy_file,
        app,
    } = started;
    let (settings, policy_read) = Settings::new(paths.clone(), config.clone(), config_stamp);
    let first = vec![
        Record::Started,
        Record::ConfigLoaded {
            sha256: sha256(config_text.as_bytes()).to_string(),
        },
        policy_read,
    ];
    let (mut channels, mut works) = Channels::new(&config.channels);
    if let Some(app) = app {
        channels.add_app(app, &mut works);
    }
    let (reach, door) = (channels.reachable(), channels.door());
    let (ledger, ended) = open(paths, &config, channels, first, copy_file)?;
    let mut terminate = watch_signal(SignalKind::terminate())?;
    let mut interrupt = watch_signal(SignalKind::interrupt())?;
    let mut hang_up = watch_signal(SignalKind::hangup())?;
    let contents = Contents::default();
    let shared = Shared::new(
        settings,
        ledger.clone(),
        reach,
        Doors {
            contents: contents.clone(),
            app: door,
        },
        stand_in,
    );
    let port = Port::new(ledger.clone(), paths.clone(), contents, now);
    let mut working = JoinSet::new();
    for work in works {
        working.spawn(work(port.clone()));
    }
    let served = server::serve(Arc::clone(&shared), listeners);
    tell_manager(NotifyState::Ready);
    info!("ready");
    let reload = async {
        while hang_up.recv().await.is_some() {
            shared.reload().await;
        }
    };
    let result = tokio::select! {
        served = served => served.map_err(|error| format!("a socket failed: {error}; restart aisudo-daemon")),
        () = reload => Ok(()),
        Some(_) = working.join_next() => Err("a channel failed, see the log; restart aisudo-daemon".to_owned()),
        _ = ended => Err("the writer failed, see the log; restart aisudo-daemon".to_owned()),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    // The connections are closed by now: gates see it, and come back to the next daemon.
    tell_manager(NotifyState::Stopping);
    ledger.stop().await;
    info!("stopped");
    result
}

/// Opens the database and starts the writer.
fn open(
    paths: &Paths,
    config: &Config,
    channels: Channels,
    first: Vec<Record>,
    copy_file: Option<CopyFile>,
) -> Result<(Ledger, oneshot::Receiver<()>), String> {
    let path = paths.database();
    let boot_id = clock::boot_id();
    let store =
        Store::open(&path, &boot_id).map_err(|error| format!("{}: {error}", path.display()))?;
    let keep = Keep {
        days: config.audit.keep_days,
        archive: config.audit.archive.then(|| paths.archive_dir()),
        copy: copier(paths, config, copy_file, store.head().sequence)?,
    };
    let setup = Setup {
        store,
        caps: Caps::from(config),
        channels,
        boot_id,
        first,
        clock: now,
    };
    Ledger::start_keeping(setup, keep).map_err(|error| format!("{}: {error}", path.display()))
}

/// Who copies the audit log, if root wants that.
fn copier(
    paths: &Paths,
    config: &Config,
    file: Option<CopyFile>,
    after: u64,
) -> Result<Option<Copier>, String> {
    let target: Box<dyn Target> = match (&config.audit.copy, file) {
        (Some(AuditCopy::Journald), _) => Box::new(Journal::new(paths.journal_socket())),
        (Some(AuditCopy::File(_)), Some(file)) => Box::new(file),
        _ => return Ok(None),
    };
    let copying = Copying {
        target,
        database: paths.database(),
        copied: paths.copied(),
        after,
    };
    let copier = Copier::start(copying);
    copier
        .map(Some)
        .map_err(|error| format!("no thread: {error}; see the system's limits"))
}

fn now() -> Moment {
    Moment {
        tick: clock::boottime(),
        unix_ms: clock::unix_ms(),
    }
}

fn watch_signal(kind: SignalKind) -> Result<tokio::signal::unix::Signal, String> {
    signal(kind)
        .map_err(|error| format!("signals cannot be handled: {error}; see the system's limits"))
}

fn tell_manager(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "the service manager cannot be told");
    }
}

/// `AISUDO_LOG` sets the level. What is asked for is logged at none.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("AISUDO_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}
