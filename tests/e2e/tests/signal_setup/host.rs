//! Where the command runs, and the command while it runs.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use aisudo_core::{
    approvers::{Approvers, SignalAccount},
    config::Config,
    paths::Paths,
};
use aisudo_signal_sim::{Builder, Endpoint, Sim};
use aisudo_testbed::{BUILD, World};

pub(crate) const CONFIG: &str = "# Ours.\nversion = 1\n\n[gate]\naccept = [\"terminal\"] # for now\n\n[daemon]\nuser = \"nobody\"\n\n[[gate.who]]\nuser = \"nobody\"\nwhen = \"always\"\n";

/// The command.
pub(crate) fn aisudo() -> Command {
    Command::new(Path::new(BUILD).join("aisudo"))
}

/// An installation, and signal-cli beside it, in a world of their own.
pub(crate) struct Host {
    pub(crate) root: PathBuf,
    pub(crate) sim: Sim,
    _world: World,
}

impl Host {
    pub(crate) fn new(sim: Builder) -> Self {
        let world = World::new();
        let root = PathBuf::from("/tmp/host");
        let paths = Paths::under(&root);
        for directory in ["etc/aisudo", "run/signal-cli"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        fs::write(paths.config(), CONFIG).unwrap();
        let socket = root.join("run/signal-cli/socket");
        Self {
            sim: sim.start(Endpoint::Unix(socket)),
            root,
            _world: world,
        }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths::under(&self.root)
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = aisudo();
        command.arg("--root").arg(&self.root).arg("signal");
        Running::start(command.args(arguments))
    }

    pub(crate) fn config(&self) -> Config {
        Config::parse(&fs::read_to_string(self.paths().config()).unwrap()).unwrap()
    }

    pub(crate) fn approver(&self, name: &str) -> Option<SignalAccount> {
        let text = fs::read_to_string(self.paths().approvers()).ok()?;
        let approvers = Approvers::parse(&text).unwrap();
        let mut all = approvers.on_signal();
        all.find(|(other, _)| *other == name)
            .map(|(_, account)| account.clone())
    }

    /// That nothing was written.
    pub(crate) fn untouched(&self) {
        assert_eq!(fs::read_to_string(self.paths().config()).unwrap(), CONFIG);
        let names = fs::read_dir(self.root.join("etc/aisudo")).unwrap();
        assert_eq!(names.count(), 1);
    }
}

/// The command while it runs.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    pub(crate) said: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            said: String::new(),
        }
    }

    pub(crate) fn types(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Reads until a line that holds this.
    #[track_caller]
    pub(crate) fn reads(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.stdout.read_line(&mut line).unwrap();
            self.said.push_str(&line);
            if line.contains(part) {
                return line;
            }
            if read == 0 {
                let mut errors = String::new();
                self.child
                    .stderr
                    .take()
                    .unwrap()
                    .read_to_string(&mut errors)
                    .unwrap();
                panic!("{part:?} did not come: {}{errors}", self.said);
            }
        }
    }

    /// The code, once it stands on the terminal.
    #[track_caller]
    pub(crate) fn code(&mut self) -> String {
        self.reads("with this code:");
        self.reads("\n");
        self.reads("\n").trim().to_owned()
    }

    /// Ends its input, and waits: the exit code, and what it said.
    pub(crate) fn ends(mut self) -> (i32, String, String) {
        self.stdin = None;
        self.stdout.read_to_string(&mut self.said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), self.said, errors)
    }

    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        let (code, said, errors) = self.ends();
        assert_eq!((code, errors.as_str()), (0, ""), "{said}");
        said
    }

    #[track_caller]
    pub(crate) fn fails(self, expected: i32) -> String {
        let (code, said, errors) = self.ends();
        assert_eq!(code, expected, "{said}{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
        errors
    }
}
