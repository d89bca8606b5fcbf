//! A host: its files and its daemon.

use std::{
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    process::{Child, Command, Stdio},
    thread,
};

use aisudo_core::{
    audit::Verifier,
    paths::Paths,
    wire::{FromControl, Hello, ToControl},
};
use aisudo_seal::envelope::{PublicKey, SecretKey};
use aisudo_sys::{clock, frames};
use serde_json::Value;

use crate::{
    phone::Phone,
    web::{Answer, PATIENCE, call},
};

const CONFIG: &str = "version = 1
[daemon]
user = \"nobody\"
[limits]
requests_per_minute = 10000
requests_per_minute_all = 10000
cooldown = 0
";

/// The channel where nothing else is said of it.
pub(crate) const CHANNEL: &str =
    "[channels.app]\nurl = \"https://box.example\"\nlisten = \"127.0.0.1:0\"\n";

/// Names and texts.
pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

/// The evidence that root accepts where nothing else is said.
const BOTH: &str = "[\"terminal\", \"app\"]";

/// It ends with the test.
pub(crate) struct Place {
    pub(crate) paths: Paths,
    directory: tempfile::TempDir,
    daemon: Option<Running>,
}

struct Running {
    process: Child,
    address: SocketAddr,
}

impl Place {
    /// With these phones, all of one approver.
    pub(crate) fn with(phones: &[&Phone]) -> Self {
        Self::configured(CHANNEL, phones)
    }

    pub(crate) fn configured(channel: &str, phones: &[&Phone]) -> Self {
        Self::accepting(BOTH, channel, phones)
    }

    /// Where root accepts these kinds of evidence.
    pub(crate) fn accepting(kinds: &str, channel: &str, phones: &[&Phone]) -> Self {
        let mut place = Self::made(kinds, channel, phones);
        place.start();
        place
    }

    /// With these files beside root's configuration.
    pub(crate) fn holding(files: Files<'_>, channel: &str, phones: &[&Phone]) -> Self {
        let mut place = Self::made(BOTH, channel, phones);
        place.keep(files);
        place.start();
        place
    }

    /// The one line with which the daemon refuses to start.
    pub(crate) fn refusal(files: Files<'_>, channel: &str) -> String {
        let place = Self::made(BOTH, channel, &[]);
        place.keep(files);
        place.refuses()
    }

    pub(crate) fn refuses(&self) -> String {
        let output = self.command().output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        text.trim_end().to_owned()
    }

    fn keep(&self, files: Files<'_>) {
        let directory = self.paths.config().parent().unwrap().to_path_buf();
        for (name, text) in files {
            fs::write(directory.join(name), text).unwrap();
        }
    }

    fn made(kinds: &str, channel: &str, phones: &[&Phone]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        let paths = Paths::under(directory.path());
        fs::create_dir_all(paths.config().parent().unwrap()).unwrap();
        let gate = format!("[gate]\ntimeout = 20\naccept = {kinds}\n");
        fs::write(paths.config(), format!("{CONFIG}{gate}{channel}")).unwrap();
        let place = Self {
            paths,
            directory,
            daemon: None,
        };
        place.list(phones);
        place
    }

    /// Root lists these phones, and no others.
    pub(crate) fn list(&self, phones: &[&Phone]) {
        let devices: String = phones.iter().map(|phone| phone.lines()).collect();
        let text = format!("version = 1\n[[approver]]\nname = \"owner\"\n{devices}");
        let beside = self.directory.path().join("approvers.new");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.paths.approvers()).unwrap();
    }

    pub(crate) fn start(&mut self) {
        let mut process = self.command().spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, rest)) = line.trim_end().split_once("phones are listened to at ") {
                break rest.parse().unwrap();
            }
        };
        // Read on, or the daemon would wait for room.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        self.daemon = Some(Running { process, address });
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aisudo-daemon"));
        command.arg("--root").arg(self.directory.path());
        command.stderr(Stdio::piped());
        command
    }

    /// As by a crash.
    pub(crate) fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.process.kill().unwrap();
            daemon.process.wait().unwrap();
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.daemon.as_ref().expect("a daemon").address
    }

    /// The host's key, which pairing tells to phones.
    pub(crate) fn host(&self) -> PublicKey {
        let bytes = fs::read(self.paths.host_key()).unwrap();
        *SecretKey::from_bytes(&bytes).unwrap().public()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        call(self.address(), "GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Answer {
        call(self.address(), "POST", path, body)
    }

    /// The one answer to whatever is wrong.
    pub(crate) fn not_found(&self) -> Answer {
        let answer = self.get("/nothing");
        assert_eq!(
            (answer.status, answer.text()),
            (404, r#"{"error":"not found"}"#.to_owned())
        );
        answer
    }

    pub(crate) fn control(&self) -> Control {
        let mut stream = UnixStream::connect(self.paths.control_socket()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        frames::send(&mut stream, &Hello::default()).unwrap();
        Control(stream)
    }

    /// The audit log's entries of this event; the log is verified on the way.
    pub(crate) fn entries(&self, event: &str) -> Vec<Value> {
        let ToControl::Audit { entries, .. } = self.control().ask(&FromControl::Audit {
            after: 0,
            limit: 10_000,
            wait: false,
        }) else {
            panic!("no entries");
        };
        let mut verifier = Verifier::default();
        let verified = entries.iter().map(|entry| {
            verifier.next(entry).unwrap();
            serde_json::from_str(entry).unwrap()
        });
        verified
            .filter(|entry: &Value| entry["event"] == event)
            .collect()
    }

    /// The channel's health, as root sees it.
    pub(crate) fn health(&self) -> String {
        let ToControl::Status { status } = self.control().ask(&FromControl::Status) else {
            panic!("no status");
        };
        let app = status.channels.into_iter().find(|(name, _)| name == "app");
        app.expect("the channel").1
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Root's command.
pub(crate) struct Control(UnixStream);

impl Control {
    pub(crate) fn ask(&mut self, message: &FromControl) -> ToControl {
        frames::send(&mut self.0, message).unwrap();
        self.hear()
    }

    pub(crate) fn hear(&mut self) -> ToControl {
        frames::receive(&mut self.0).unwrap().expect("an answer")
    }
}

/// Waits for what happens in its own time.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = clock::boottime().0 + 10_000;
    while !is_so() {
        assert!(clock::boottime().0 < deadline, "not in time: {what}");
        std::thread::yield_now();
    }
}
