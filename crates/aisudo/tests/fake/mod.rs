//! A daemon that does what a test wants, behind real sockets, and the command run against it.

pub(crate) mod data;
pub(crate) mod full_screen;
pub(crate) mod host;
pub(crate) mod phone;
pub(crate) mod screen;

use std::{
    fs,
    io::Write,
    net::Shutdown,
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use aisudo_core::{
    audit::GENESIS,
    base64url::Base64,
    device::KeyId,
    digest::{code, request_digest},
    evidence::Verdict,
    paths::Paths,
    request::Request,
    state::End,
    wire::{
        DeviceReach, FromAgent, FromControl, Head, Hello, LiveState, Row, Standing, Status,
        ToAgent, ToControl,
    },
};
use aisudo_sys::frames;
use tempfile::TempDir;

use data::{decision, hash_of, id, request};

/// What the daemon knows and has heard.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) requests: Vec<(Row, String)>,
    pub(crate) decided: Vec<FromControl>,
    pub(crate) audit: Vec<String>,
    pub(crate) head: Option<Head>,
    /// The entry before the oldest of `audit`.
    pub(crate) start: Head,
    /// Audit entries that were handed out.
    pub(crate) given: usize,
    /// Said to everything on `control.sock`.
    pub(crate) refuses: Option<String>,
    /// What was to be sent to phones.
    pub(crate) sent: Vec<FromControl>,
    /// What it knows of devices; nothing: the app's channel is not set up.
    pub(crate) reached: Option<Vec<DeviceReach>>,
    /// What becomes of a device's test.
    pub(crate) tested: Vec<(KeyId, ToControl)>,
    /// Where the answers of phones go.
    pairing: Option<UnixStream>,
    watchers: Vec<UnixStream>,
    open: Vec<UnixStream>,
    stopped: bool,
}

pub(crate) struct Fake {
    pub(crate) directory: TempDir,
    state: Arc<Mutex<State>>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(Paths::under(directory.path()).run_dir()).unwrap();
        let fake = Self {
            directory,
            state: Arc::default(),
        };
        fake.listen();
        fake
    }

    /// A directory in which nothing listens.
    pub(crate) fn stopped() -> Self {
        let fake = Self::start();
        fake.stop();
        fake
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn listen(&self) {
        self.state().stopped = false;
        let paths = self.paths();
        serve(
            UnixListener::bind(paths.control_socket()).unwrap(),
            &self.state,
            control,
        );
        serve(
            UnixListener::bind(paths.agent_socket()).unwrap(),
            &self.state,
            agent,
        );
    }

    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.watchers.clear();
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        for socket in [self.paths().control_socket(), self.paths().agent_socket()] {
            // Wakes the thread that accepts.
            let _ = UnixStream::connect(&socket);
            fs::remove_file(socket).unwrap();
        }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths::under(self.directory.path())
    }

    /// A new request that waits.
    pub(crate) fn ask(&self, words: &[&str]) -> Row {
        add(&mut self.state(), words)
    }

    /// The same; then it answers nobody for as long as this is held.
    pub(crate) fn ask_and_hang(&self, words: &[&str]) -> (Row, MutexGuard<'_, State>) {
        let mut state = self.state();
        let row = add(&mut state, words);
        (row, state)
    }

    /// A request ends.
    pub(crate) fn end(&self, row: &Row, end: End) {
        let mut state = self.state();
        let (known, _) = state
            .requests
            .iter_mut()
            .find(|(known, _)| known.id == row.id)
            .unwrap();
        known.state = Standing::Ended(end);
        known.remaining_ms = None;
        let known = known.clone();
        tell(&mut state, &known);
    }

    /// Those who watch are told that they fell behind, and nothing more.
    pub(crate) fn fall_behind(&self) {
        let behind = ToControl::Error {
            message: "this screen fell behind; watch again".to_owned(),
        };
        for mut watcher in self.state().watchers.drain(..) {
            frames::send(&mut watcher, &behind).unwrap();
            watcher.shutdown(Shutdown::Both).unwrap();
        }
    }

    /// A phone answers, or whoever says so.
    pub(crate) fn phone_says(&self, message: Vec<u8>) {
        let message = Base64(message);
        let mut state = self.state();
        let pairing = state.pairing.as_mut().unwrap();
        frames::send(pairing, &ToControl::PairAnswer { message }).unwrap();
    }

    /// Waits until so many messages were to be sent to phones.
    pub(crate) fn wait_for_sent(&self, count: usize) -> Vec<FromControl> {
        until(|| self.state().sent.len() >= count);
        self.state().sent.clone()
    }

    pub(crate) fn wait_for_watcher(&self) {
        until(|| !self.state().watchers.is_empty());
    }

    /// The command, with this directory as its root.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aisudo"));
        command
            .arg("--root")
            .arg(self.directory.path())
            .args(arguments)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(arguments).spawn().unwrap())
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        self.ran(child)
    }

    pub(crate) fn ran(&self, child: Child) -> Ran {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(self.directory.path().to_str().unwrap(), "/ROOT")
        };
        Ran {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Waits for something that will be so soon.
pub(crate) fn until(is_so: impl FnMut() -> bool) {
    assert!(
        within(Duration::from_secs(20), is_so),
        "it did not happen in time"
    );
}

/// Whether something is so within two seconds.
#[allow(dead_code, reason = "not every test's program needs it")]
pub(crate) fn soon(is_so: impl FnMut() -> bool) -> bool {
    within(Duration::from_secs(2), is_so)
}

fn within(patience: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let (never, condition) = (Mutex::new(()), std::sync::Condvar::new());
    #[allow(
        clippy::disallowed_methods,
        reason = "a test waits for another process"
    )]
    let deadline = Instant::now() + patience;
    while !is_so() {
        #[allow(clippy::disallowed_methods, reason = "as above")]
        let now = Instant::now();
        if now >= deadline {
            return false;
        }
        drop(condition.wait_timeout(never.lock().unwrap(), Duration::from_millis(5)));
    }
    true
}

type Handler = fn(&Arc<Mutex<State>>, UnixStream);

fn serve(listener: UnixListener, state: &Arc<Mutex<State>>, handler: Handler) {
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut locked = state.lock().unwrap();
            if locked.stopped {
                return;
            }
            locked.open.push(stream.try_clone().unwrap());
            drop(locked);
            let state = Arc::clone(&state);
            std::thread::spawn(move || handler(&state, stream));
        }
    });
}

fn control(state: &Arc<Mutex<State>>, mut stream: UnixStream) {
    let hello: Option<Hello> = frames::receive(&mut stream).unwrap_or_default();
    if hello != Some(Hello::default()) {
        return;
    }
    while let Ok(Some(message)) = frames::receive::<FromControl>(&mut stream) {
        if let FromControl::Audit {
            after, wait: true, ..
        } = message
        {
            until(|| {
                let state = state.lock().unwrap();
                state.stopped || state.head().sequence != after
            });
        }
        let mut state = state.lock().unwrap();
        let answer = match &state.refuses {
            Some(why) => ToControl::NotPermitted {
                message: why.clone(),
            },
            None => answer(&mut state, &message),
        };
        if frames::send(&mut stream, &answer).is_err() {
            return;
        }
        match (message, answer) {
            (FromControl::Watch, _) => state.watchers.push(stream.try_clone().unwrap()),
            (FromControl::Pair, ToControl::Pairing) => {
                state.pairing = Some(stream.try_clone().unwrap());
            }
            _ => {}
        }
    }
}

impl State {
    fn head(&self) -> Head {
        self.head.clone().unwrap_or_else(|| Head {
            sequence: self.start.sequence + self.audit.len() as u64,
            hash: self
                .audit
                .last()
                .map_or(GENESIS.to_owned(), |line| hash_of(line)),
        })
    }

    /// Three at a time, so that there are pages.
    fn page(&mut self, after: u64, limit: u32) -> Vec<String> {
        let skipped = after.saturating_sub(self.start.sequence);
        let page: Vec<String> = self
            .audit
            .iter()
            .skip(usize::try_from(skipped).unwrap())
            .take(limit.min(3) as usize)
            .cloned()
            .collect();
        self.given += page.len();
        page
    }
}

fn answer(state: &mut State, message: &FromControl) -> ToControl {
    let head = state.head();
    match message {
        FromControl::List { all } => ToControl::Requests {
            left_out: 0,
            requests: state
                .requests
                .iter()
                .map(|(row, _)| row.clone())
                .filter(|row| *all || matches!(row.state, Standing::Live(_)))
                .collect(),
        },
        FromControl::Show { which } => {
            let found = state
                .requests
                .iter()
                .find(|(row, _)| row.code == *which || row.id.to_string() == *which);
            match found {
                Some((row, request)) => ToControl::Request {
                    row: row.clone(),
                    request: request.clone(),
                },
                None => ToControl::Error {
                    message: "there is no such request; list the requests again".to_owned(),
                },
            }
        }
        FromControl::Decide {
            id, verdict, note, ..
        } => {
            state.decided.push(message.clone());
            let (row, _) = state
                .requests
                .iter_mut()
                .find(|(row, _)| row.id == *id)
                .unwrap();
            let decision = decision(row, *verdict, note.as_deref());
            row.state = match verdict {
                Verdict::Approve => Standing::Live(LiveState::Approved { decision }),
                Verdict::Deny => Standing::Ended(End::Denied { decision }),
            };
            let row = row.clone();
            tell(state, &row);
            ToControl::Decided
        }
        FromControl::Watch => ToControl::Changed { row: None },
        FromControl::Reload => ToControl::Reloaded {
            changes: Vec::new(),
        },
        FromControl::Status => ToControl::Status {
            status: Status {
                policy: "in force, 2 rules".to_owned(),
                version: "0.1.0".to_owned(),
                pending: state.requests.len(),
                approved: 0,
                head,
                channels: vec![("terminal".to_owned(), "ready, 1 watches".to_owned())],
                up_ms: 185_000,
            },
        },
        FromControl::Audit { after, limit, .. } => ToControl::Audit {
            entries: state.page(*after, *limit),
            head,
            start: state.start.clone(),
        },
        FromControl::Pair
        | FromControl::PairSend { .. }
        | FromControl::Devices
        | FromControl::TestDevice { .. } => of_phones(state, message),
    }
}

fn of_phones(state: &mut State, message: &FromControl) -> ToControl {
    let Some(devices) = state.reached.clone() else {
        return ToControl::Error {
            message: "[channels.app] is not set up; see docs/app.md".to_owned(),
        };
    };
    match message {
        FromControl::Pair => ToControl::Pairing,
        FromControl::Devices => ToControl::Devices { devices },
        FromControl::TestDevice { device } => {
            let mut all = state.tested.iter();
            let known = all.find(|(tested, _)| tested == device);
            known.unwrap().1.clone()
        }
        other => {
            state.sent.push(other.clone());
            ToControl::PairSent
        }
    }
}

fn agent(state: &Arc<Mutex<State>>, mut stream: UnixStream) {
    let _: Option<Hello> = frames::receive(&mut stream).unwrap_or_default();
    while let Ok(Some(message)) = frames::receive::<FromAgent>(&mut stream) {
        let answer = match message {
            FromAgent::Mine => ToAgent::Requests {
                requests: state
                    .lock()
                    .unwrap()
                    .requests
                    .iter()
                    .map(|(row, _)| row.clone())
                    .collect(),
            },
            FromAgent::Status => ToAgent::Alive {
                version: "0.1.0".to_owned(),
            },
        };
        if frames::send(&mut stream, &answer).is_err() {
            return;
        }
    }
}

fn add(state: &mut State, words: &[&str]) -> Row {
    let number = state.requests.len();
    let frozen = request(number, words);
    let digest = request_digest(frozen.as_bytes());
    let row = Row {
        id: id(number),
        code: code(&digest, 5),
        digest,
        fingerprint: Request::parse(&frozen).unwrap().fingerprint(),
        uid: 1001,
        asked_at_ms: 1_700_000_000_000,
        remaining_ms: Some(97_900),
        state: Standing::Live(LiveState::Pending),
    };
    state.requests.push((row.clone(), frozen));
    tell(state, &row);
    row
}

fn tell(state: &mut State, row: &Row) {
    let event = ToControl::Changed {
        row: Some(row.clone()),
    };
    for watcher in &mut state.watchers {
        let _ = frames::send(watcher, &event);
    }
}

pub(crate) fn mode_of(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
