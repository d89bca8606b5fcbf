//! A process of its own that undoes what is on trial, unless it is told to keep it: when setup ends
//! in whatever way, when the connection to root's terminal is lost, when time is up.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::fd::AsFd as _,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use aisudo_core::state::Tick;
use aisudo_sys::clock::boottime;

use super::{
    record::Store,
    system::System,
    undo::{self, Undone},
};
use crate::{failure::Failure, output::remark, root::console::refused, wait::events::ready};

/// All that goes on between the first change and the question whether to keep it, in seconds.
const LONGEST_RUN: u64 = 15 * 60;

/// What is said to it, a line each.
const KEEP: &str = "keep";
const UNTIL: &str = "until ";

/// What it says.
const READY: &str = "ready";
const KEPT: &str = "kept";
const UNDONE: &str = "undone";
const NOT_UNDONE: &str = "not undone";

/// Setup's end of it.
#[derive(Debug)]
pub(super) struct Watchdog {
    child: Child,
    /// Taken when it is let go.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Kept,
    /// All of it was undone.
    Undone,
    /// Not all of it; why was said.
    NotUndone,
}

impl Watchdog {
    /// Starts it. From now on, whatever is on trial is undone unless it is kept.
    pub(super) fn start(store: &Store) -> Result<Self, Failure> {
        let failed = |error: io::Error| {
            refused(&format!(
                "nothing was changed: the watchdog does not start: {error}"
            ))
        };
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .arg("--root")
            .arg(store.root())
            .args(["setup", "--watchdog"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .current_dir("/")
            .spawn()
            .map_err(failed)?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(refused("nothing was changed: the watchdog has no pipes"));
        };
        let mut this = Self {
            child,
            to: Some(to),
            from: BufReader::new(from),
        };
        match this.heard().as_str() {
            READY => Ok(this),
            _ => Err(refused(
                "nothing was changed: the watchdog ended at once; try again",
            )),
        }
    }

    /// So many seconds are left from now on.
    pub(super) fn until(&mut self, seconds: u64) {
        self.tell(&format!("{UNTIL}{seconds}"));
    }

    /// What is on trial is to stay.
    pub(super) fn keep(mut self) -> Ending {
        self.tell(KEEP);
        self.ending()
    }

    /// It is to be undone, now.
    pub(super) fn let_go(mut self) -> Ending {
        self.to = None;
        self.ending()
    }

    /// To wait on: it speaks first when time is up.
    pub(super) fn output(&self) -> &ChildStdout {
        self.from.get_ref()
    }

    fn tell(&mut self, line: &str) {
        if let Some(to) = &mut self.to {
            // That it is gone is seen by what it does not answer.
            let _ = writeln!(to, "{line}").and_then(|()| to.flush());
        }
    }

    fn heard(&mut self) -> String {
        let mut line = String::new();
        let _ = self.from.by_ref().take(256).read_line(&mut line);
        line.trim().to_owned()
    }

    fn ending(mut self) -> Ending {
        let ending = match self.heard().as_str() {
            KEPT => Ending::Kept,
            UNDONE => Ending::Undone,
            _ => Ending::NotUndone,
        };
        self.to = None;
        let _ = self.child.wait();
        ending
    }
}

/// The process itself.
pub(super) fn run(store: &Store, system: &dyn System) -> Result<(), Failure> {
    // Not ended with root's terminal or setup's group of processes.
    let _ = rustix::process::setsid();
    let _ = [
        signal_hook::consts::SIGHUP,
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
    ]
    .map(|signal| signal_hook::flag::register(signal, std::sync::Arc::default()));
    say(READY);
    if is_to_be_kept() {
        store.keep().map_err(|why| refused(&why))?;
        say(KEPT);
        return Ok(());
    }
    let undone = undo::roll_back(store, system);
    match undone {
        Ok(Undone { failed, .. }) if failed.is_empty() => {
            say(UNDONE);
            Ok(())
        }
        Ok(Undone { failed, .. }) => {
            for why in &failed {
                remark(&format!("not undone: {why}"));
            }
            say(NOT_UNDONE);
            Err(refused(
                "not all was undone; see to it, then: aisudo setup --uninstall",
            ))
        }
        Err(why) => {
            say(NOT_UNDONE);
            Err(refused(&why))
        }
    }
}

/// Waits for the word, the end of the other side, or the end of time.
fn is_to_be_kept() -> bool {
    let stdin = io::stdin();
    // Unbuffered, so that what is polled is what is read.
    let Ok(descriptor) = stdin.as_fd().try_clone_to_owned() else {
        return false;
    };
    let mut input = File::from(descriptor);
    let in_seconds = |seconds: u64| Tick(boottime().0.saturating_add(seconds.saturating_mul(1000)));
    let mut until = in_seconds(LONGEST_RUN);
    let mut line = Vec::new();
    loop {
        if boottime() >= until {
            return false;
        }
        let Ok([is_ready]) = ready([Some(input.as_fd())], Some(until)) else {
            return false;
        };
        if !is_ready {
            continue;
        }
        let mut byte = [0];
        match input.read(&mut byte) {
            Ok(1..) if byte != *b"\n" => line.extend(byte),
            Ok(1..) => {
                let said = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                if said == KEEP {
                    return true;
                }
                let seconds = said.strip_prefix(UNTIL).and_then(|text| text.parse().ok());
                until = seconds.map_or(until, in_seconds);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

fn say(word: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{word}").and_then(|()| stdout.flush());
}
