//! Running a command as somebody in the world.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Signal, ioctl_tiocsctty, kill_process, setsid};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::processes::{kill_group, pid_of, wait_for_exit};
use crate::transcript::Transcript;
use crate::world::User;

/// How a command is run. Made by [`World::run_as`](crate::World::run_as); may be used more than once.
///
/// In the user's home, in a session of its own, with a small clean environment, standard input from /dev/null,
/// standard output and error into pipes, and no terminal.
#[derive(Clone, Debug)]
pub struct Run {
    user: User,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    terminal: bool,
    stdin: Source,
    stdout: Sink,
    stderr: Sink,
}

#[derive(Clone, Debug)]
enum Source {
    Null,
    Text(Vec<u8>),
    Open,
    Terminal,
}

#[derive(Clone, Copy, Debug)]
enum Sink {
    Null,
    Pipe,
    Terminal,
}

impl Run {
    pub(crate) fn as_user(user: User) -> Self {
        let pairs = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/run/aisudo-build"),
            ("HOME", user.home),
            ("USER", user.name),
            ("LOGNAME", user.name),
            ("SHELL", "/bin/bash"),
            ("LANG", "C.UTF-8"),
        ];
        Self {
            user,
            environment: pairs
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            directory: user.home.into(),
            terminal: false,
            stdin: Source::Null,
            stdout: Sink::Pipe,
            stderr: Sink::Pipe,
        }
    }

    /// On a new terminal: its controlling one, and standard input, output and error.
    #[must_use]
    pub fn with_tty(mut self) -> Self {
        self.terminal = true;
        self.stdin = Source::Terminal;
        self.stdout = Sink::Terminal;
        self.stderr = Sink::Terminal;
        self.env("TERM", "xterm")
    }

    /// Standard input is this text, then it ends.
    #[must_use]
    pub fn stdin(mut self, text: impl AsRef<[u8]>) -> Self {
        self.stdin = Source::Text(text.as_ref().to_vec());
        self
    }

    /// Standard input is a pipe that stays open: see [`Running::type_in`] and [`Running::close_stdin`].
    #[must_use]
    pub fn stdin_open(mut self) -> Self {
        self.stdin = Source::Open;
        self
    }

    /// Standard input is /dev/null, also on a terminal.
    #[must_use]
    pub fn stdin_null(mut self) -> Self {
        self.stdin = Source::Null;
        self
    }

    /// Standard output goes into a pipe, also on a terminal.
    #[must_use]
    pub fn stdout_to_pipe(mut self) -> Self {
        self.stdout = Sink::Pipe;
        self
    }

    /// Standard output goes to /dev/null.
    #[must_use]
    pub fn stdout_null(mut self) -> Self {
        self.stdout = Sink::Null;
        self
    }

    /// Standard error goes into a pipe, also on a terminal.
    #[must_use]
    pub fn stderr_to_pipe(mut self) -> Self {
        self.stderr = Sink::Pipe;
        self
    }

    /// Standard error goes to /dev/null.
    #[must_use]
    pub fn stderr_null(mut self) -> Self {
        self.stderr = Sink::Null;
        self
    }

    /// Sets one variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .insert(name.as_ref().into(), value.as_ref().into());
        self
    }

    /// Takes one variable out of the environment.
    #[must_use]
    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// Runs it in this directory.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Starts a program, looked for in the command's own `PATH`, with its arguments.
    #[must_use]
    #[track_caller]
    pub fn spawn<S: AsRef<OsStr>>(&self, command: impl IntoIterator<Item = S>) -> Running {
        let mut words = command.into_iter().map(|word| word.as_ref().to_owned());
        let program = words.next().expect("a program to run");
        let words: Vec<OsString> = words.collect();
        let mut command = Command::new(&program);
        command.args(&words);
        self.start(command, &program)
    }

    /// Starts a line of shell.
    #[must_use]
    #[track_caller]
    pub fn shell(&self, line: &str) -> Running {
        self.spawn(["/bin/bash", "-c", line])
    }

    /// Starts a program under another `argv[0]`.
    #[must_use]
    #[track_caller]
    pub fn spawn_as<S: AsRef<OsStr>>(
        &self,
        argv0: impl AsRef<OsStr>,
        command: impl IntoIterator<Item = S>,
    ) -> Running {
        let mut words = command.into_iter().map(|word| word.as_ref().to_owned());
        let program = words.next().expect("a program to run");
        let mut command = Command::new(&program);
        command.args(words).arg0(argv0);
        self.start(command, &program)
    }

    #[track_caller]
    fn start(&self, mut command: Command, program: &OsStr) -> Running {
        let terminal = self.terminal.then(Terminal::new);
        let line = format!("{}: {command:?}", self.user.name);
        self.become_user(&mut command, terminal.as_ref());
        command.stdin(match self.stdin {
            Source::Null => Stdio::null(),
            Source::Text(_) | Source::Open => Stdio::piped(),
            Source::Terminal => on(terminal.as_ref()),
        });
        for (sink, end) in [
            (
                self.stdout,
                Command::stdout as fn(&mut Command, Stdio) -> &mut Command,
            ),
            (self.stderr, Command::stderr),
        ] {
            let to = match sink {
                Sink::Null => Stdio::null(),
                Sink::Pipe => Stdio::piped(),
                Sink::Terminal => on(terminal.as_ref()),
            };
            end(&mut command, to);
        }
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("start {} as {}: {error}", program.display(), self.user.name)
        });
        // With it go this side's copies of the terminal: it ends when the last process on it does.
        drop(command);

        let stdout = child.stdout.take().map(|pipe| Transcript::of(pipe.into()));
        let stderr = child.stderr.take().map(|pipe| Transcript::of(pipe.into()));
        let mut input = child
            .stdin
            .take()
            .map(|pipe| File::from(OwnedFd::from(pipe)));
        if let Source::Text(text) = &self.stdin {
            feed(input.take(), text.clone());
        }
        let tty = terminal.map(|terminal| {
            let reader = terminal
                .control
                .try_clone()
                .expect("a second descriptor of the terminal");
            (File::from(terminal.control), Transcript::of(reader))
        });
        let (keyboard, tty) = tty.unzip();
        Running {
            child,
            line,
            input,
            keyboard,
            stdout: stdout.unwrap_or_else(Transcript::empty),
            stderr: stderr.unwrap_or_else(Transcript::empty),
            tty: tty.unwrap_or_else(Transcript::empty),
            status: None,
        }
    }

    /// Everything of `command` but its three standard files.
    pub(crate) fn become_user(&self, command: &mut Command, terminal: Option<&Terminal>) {
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(&self.directory);
        let user = self.user;
        let terminal = terminal.map(Terminal::line);
        let prepare = move || {
            setsid()?;
            if let Some(terminal) = &terminal {
                ioctl_tiocsctty(terminal)?;
            }
            let (uid, gid) = (user.uid(), user.gid());
            set_thread_groups(&user.group_ids()[..user.groups.len()])?;
            set_thread_res_gid(gid, gid, gid)?;
            set_thread_res_uid(uid, uid, uid)?;
            Ok(())
        };
        #[allow(unsafe_code)]
        // SAFETY: between fork and exec it makes plain system calls, on the only thread there is then,
        // and allocates nothing.
        unsafe {
            command.pre_exec(prepare);
        }
    }
}

/// Both ends of a new pseudo-terminal.
pub(crate) struct Terminal {
    control: OwnedFd,
    line: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("open a terminal");
        grantpt(&control).expect("grant the terminal");
        unlockpt(&control).expect("unlock the terminal");
        let line = ioctl_tiocgptpeer(
            &control,
            OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC,
        )
        .expect("open the terminal's other end");
        Self { control, line }
    }

    fn line(&self) -> OwnedFd {
        self.line
            .try_clone()
            .expect("a second descriptor of the terminal")
    }
}

fn on(terminal: Option<&Terminal>) -> Stdio {
    terminal.expect("a terminal: with_tty()").line().into()
}

/// Writes from a thread: the reader may be slow, or never read.
fn feed(input: Option<File>, text: Vec<u8>) {
    std::thread::spawn(move || {
        // It may well close its input first.
        let _ = input.map(|mut input| input.write_all(&text));
    });
}

/// A command that was started. Killed, with its process group, when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    line: String,
    input: Option<File>,
    keyboard: Option<File>,
    stdout: Transcript,
    stderr: Transcript,
    tty: Transcript,
    status: Option<ExitStatus>,
}

impl Running {
    /// Its pid, which is also its process group and its session.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    #[must_use]
    pub fn is_running(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("look at the child");
        }
        self.status.is_none()
    }

    /// Writes to its standard input, or types on its terminal (a line ends with `\r` or `\n`).
    #[track_caller]
    pub fn type_in(&mut self, text: impl AsRef<[u8]>) {
        let input = self.input.as_mut().or(self.keyboard.as_mut());
        let input = input.expect("stdin_open() or with_tty()");
        input
            .write_all(text.as_ref())
            .expect("write to the command");
    }

    /// Ends its standard input.
    pub fn close_stdin(&mut self) {
        self.input = None;
    }

    /// Closes the reading end of its standard output.
    pub fn close_stdout(&mut self) {
        self.stdout.close();
    }

    /// Closes the reading end of its standard error.
    pub fn close_stderr(&mut self) {
        self.stderr.close();
    }

    /// Takes the terminal away.
    pub fn hang_up(&mut self) {
        self.keyboard = None;
        self.tty.close();
    }

    /// What it has written to its standard output.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it has written to its standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// What its terminal shows.
    #[must_use]
    pub fn tty(&self) -> String {
        self.tty.text()
    }

    /// Waits until its standard output contains this, or panics.
    #[track_caller]
    pub fn wait_for_stdout(&self, needle: &str, patience: Duration) {
        self.expect_in(&self.stdout, needle, patience);
    }

    /// Waits until its standard error contains this, or panics.
    #[track_caller]
    pub fn wait_for_stderr(&self, needle: &str, patience: Duration) {
        self.expect_in(&self.stderr, needle, patience);
    }

    /// Waits until its terminal shows this, or panics.
    #[track_caller]
    pub fn wait_for_tty(&self, needle: &str, patience: Duration) {
        self.expect_in(&self.tty, needle, patience);
    }

    #[track_caller]
    fn expect_in(&self, transcript: &Transcript, needle: &str, patience: Duration) {
        if !transcript.wait_for(needle, Instant::now() + patience) {
            panic!(
                "{needle:?} did not come within {patience:?} from {}",
                self.so_far()
            );
        }
    }

    /// Sends a signal to it, and to nothing else.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(self.status.is_none(), "it has ended: {}", self.so_far());
        kill_process(pid_of(self.pid()), signal).expect("send a signal");
    }

    /// Waits until it ends. When the time is over: kills it and its group, and panics with what there is.
    #[track_caller]
    pub fn wait(mut self, patience: Duration) -> Output {
        let deadline = Instant::now() + patience;
        if self.is_running() && !wait_for_exit(self.pid(), deadline) {
            kill_group(self.pid());
            panic!("it did not end within {patience:?}: {}", self.so_far());
        }
        let status = self.child.wait().expect("reap the child");
        self.status = Some(status);
        // What it wrote is there; somebody it left behind may keep the pipes open.
        let grace = Instant::now() + Duration::from_millis(500);
        for transcript in [&self.stdout, &self.stderr, &self.tty] {
            transcript.wait_for_end(grace);
        }
        Output {
            line: self.line.clone(),
            status,
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
            tty: self.tty.text(),
        }
    }

    fn so_far(&self) -> String {
        shown(
            &self.line,
            &self.stdout.text(),
            &self.stderr.text(),
            &self.tty.text(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            kill_group(self.pid());
            let _ = self.child.wait();
        }
    }
}

/// What a command left. Bytes that are not UTF-8 are shown as U+FFFD.
#[derive(Clone, Debug)]
pub struct Output {
    line: String,
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output, if that was a pipe.
    pub stdout: String,
    /// What it wrote to its standard error, if that was a pipe.
    pub stderr: String,
    /// What its terminal showed, if it had one.
    pub tty: String,
}

impl Output {
    /// Its exit code; nothing if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Panics, showing everything, if it failed.
    #[track_caller]
    pub fn expect_success(self) -> Self {
        self.expect_code(0)
    }

    /// Panics, showing everything, if its exit code is another.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(self.code() == Some(code), "wanted exit code {code}: {self}");
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = shown(&self.line, &self.stdout, &self.stderr, &self.tty);
        write!(formatter, "{}: {all}", self.status)
    }
}

fn shown(line: &str, stdout: &str, stderr: &str, tty: &str) -> String {
    let mut all = line.to_owned();
    for (name, text) in [("stdout", stdout), ("stderr", stderr), ("terminal", tty)] {
        if !text.is_empty() {
            all.push_str(&format!("\n--- {name}:\n{text}"));
        }
    }
    all
}
