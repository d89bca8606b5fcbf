//! The daemon in a world.

use std::fs::{self, OpenOptions};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use crate::processes::{pid_of, wait_for_exit};
use crate::run::Run;

const GATE_SOCKET: &str = "/run/aisudo/gate.sock";
const START: Duration = Duration::from_secs(10);
const STOP: Duration = Duration::from_secs(10);

/// A running daemon. Killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
    ended: Option<ExitStatus>,
}

impl Daemon {
    #[track_caller]
    pub(crate) fn start(program: PathBuf, arguments: &[&str], run: &Run) -> Self {
        let log = PathBuf::from("/var/log/aisudo-daemon.log");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .expect("open the daemon's log");
        let mut command = Command::new(program);
        run.become_user(&mut command, None);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log, twice"))
            .stderr(file);
        let child = command.spawn().expect("start the daemon");
        let mut this = Self {
            child,
            log,
            ended: None,
        };
        this.wait_until_it_listens();
        this
    }

    #[track_caller]
    fn wait_until_it_listens(&mut self) {
        let deadline = Instant::now() + START;
        while UnixStream::connect(GATE_SOCKET).is_err() {
            self.ended = self.child.try_wait().expect("look at the daemon");
            if let Some(status) = self.ended {
                panic!(
                    "the daemon ended ({status}) instead of listening:\n{}",
                    self.log()
                );
            }
            assert!(
                Instant::now() < deadline,
                "the daemon does not listen:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it, and the daemons before it in this world, wrote.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until its log contains this, or panics.
    #[track_caller]
    pub fn wait_for_log(&self, needle: &str, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.log().contains(needle) {
            assert!(
                Instant::now() < deadline,
                "{needle:?} did not come into the log:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            kill_process(pid_of(self.pid()), signal).expect("send a signal to the daemon");
        }
    }

    /// Kills it, as a crash would. It is gone when this returns.
    pub fn kill9(&mut self) -> ExitStatus {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// Asks it to end, as systemd would, and waits for that.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    #[track_caller]
    fn wait(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        let in_time = wait_for_exit(self.pid(), Instant::now() + STOP);
        assert!(in_time, "the daemon does not end:\n{}", self.log());
        let status = self.child.wait().expect("reap the daemon");
        self.ended = Some(status);
        status
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
