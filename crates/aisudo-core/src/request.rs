//! The facts of one attempt to run one command.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    digest::{COMMAND_DOMAIN, FINGERPRINT_DOMAIN, sha256},
    display::plain_text,
    raw::{Hex32, Raw},
    sudo_argv::{Mode, SudoCall},
};

/// The form of [`Request`] that this version writes.
pub const REQUEST_VERSION: u32 = 1;

/// The longest request, in bytes of JSON. What is longer cannot be shown whole to a person, and
/// is refused by the gate before anyone is asked.
pub const MAX_REQUEST_BYTES: usize = 128 * 1024;

/// One attempt to run one command, gathered by the gate.
///
/// The gate serialises it once. Those bytes are what is hashed, stored and shown; nobody
/// serialises it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// [`REQUEST_VERSION`].
    pub version: u32,
    /// UUID version 7 (RFC 9562).
    pub id: Uuid,
    /// Fresh randomness: a decision carries it back.
    pub nonce: Hex32,
    /// When it was asked, in milliseconds since 1970, by the host's clock. For people; deadlines
    /// run on the monotonic clock.
    pub asked_at_ms: u64,
    /// How long the gate waits for an answer, in milliseconds.
    pub timeout_ms: u64,
    /// Where.
    pub host: Host,
    /// Who asks, from the kernel.
    pub requester: User,
    /// The sudo process that waits.
    pub sudo: Sudo,
    /// What sudo was asked to do. Nothing when its command line could not be read with certainty.
    pub call: Option<Call>,
    /// Why `call` is missing, in one short phrase. The request is then shown raw, and marked.
    pub unreadable: Option<String>,
    /// The program that will run.
    pub program: Program,
    /// Where sudo was started.
    pub cwd: Raw,
    /// What descriptors 0, 1 and 2 are.
    pub stdio: [Stream; 3],
    /// The controlling terminal, if there is one.
    pub tty: Option<Raw>,
    /// The processes above sudo, nearest first. *Claimed*: a process can rename itself.
    pub parents: Vec<Process>,
    /// AI agents that the parents look like. *Claimed*.
    pub agents: Vec<String>,
    /// Files named by the command which the requester could change until it runs.
    pub operands: Vec<Operand>,
    /// Variables of the requester's environment by which programs run other code. sudo drops them
    /// unless sudoers keeps them (`env_keep`), which the gate cannot see.
    #[serde(default)]
    pub variables: Vec<Raw>,
    /// `AISUDO_REASON` from the requester's environment: the agent's own words.
    pub reason: Option<Raw>,
}

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// `gethostname(2)`.
    pub name: Raw,
    /// machine-id(5); empty where there is none.
    pub machine_id: String,
}

/// A user of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The real user id of the sudo process.
    pub uid: u32,
    /// Its name in the user database; empty when it has none.
    pub name: Raw,
    /// The names of its groups in the user database.
    #[serde(default)]
    pub groups: Vec<Raw>,
}

/// The waiting sudo itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sudo {
    /// Process id.
    pub pid: i32,
    /// Start time in the kernel's own unit (Linux: clock ticks since boot): with the pid, a name
    /// that is not used twice.
    pub start_time: u64,
    /// Its words, whole. The first is the caller's to choose (`exec -a`).
    pub argv: Vec<Raw>,
    /// PAM service: `sudo`, `sudo-i`, or that of another program which asks (`su`, `doas`).
    pub service: Raw,
}

/// What sudo's command line asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Run, edit, list …
    pub mode: Mode,
    /// The words of the command: for a shell, those given to it; for an edit, the files.
    pub argv: Vec<Raw>,
    /// `-u`. Nothing means root, with a `-g` alone the requester; sudoers may say otherwise.
    pub user: Option<Raw>,
    /// `-g`.
    pub group: Option<Raw>,
    /// `-D`.
    pub chdir: Option<Raw>,
    /// `-R`.
    pub chroot: Option<Raw>,
    /// The environment changes asked for; sudoers may refuse some.
    pub environment: Environment,
    /// `-b`: sudo does not wait for the command.
    pub background: bool,
}

/// Environment changes asked for on sudo's command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// `-E`: the whole environment of the requester.
    pub preserve_all: bool,
    /// `--preserve-env=A,B`.
    pub preserve: Vec<Raw>,
    /// `VAR=value` words.
    pub set: Vec<Raw>,
}

/// The program that will run, and how the gate knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Absolute path; nothing when it is not known (edit, list, validate, or not found).
    pub path: Option<Raw>,
    /// The file behind it, with every symbolic link followed; nothing when that is not known.
    #[serde(default)]
    pub real: Option<Raw>,
    /// How it was found.
    pub found: Found,
}

/// How the gate learnt which program will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// sudo's own resolution.
    Sudo,
    /// The gate's: a search in the usual secure path. sudo may be configured otherwise.
    Gate,
    /// Not found, or there is none.
    Unknown,
}

/// What one of the first three descriptors is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stream {
    /// A terminal.
    Terminal {
        /// Its device file.
        path: Raw,
    },
    /// A pipe: somebody else writes or reads.
    Pipe,
    /// A socket.
    Socket,
    /// `/dev/null`.
    Null,
    /// A regular file.
    File {
        /// Its path when it was looked at.
        path: Raw,
    },
    /// Anything else.
    Other {
        /// What the kernel calls it.
        path: Raw,
    },
    /// Not open.
    Closed,
}

/// A process above sudo. All of it can be forged by the process itself but pid and uid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// Start time, in the kernel's own unit.
    pub start_time: u64,
    /// Real user id.
    pub uid: u32,
    /// Name (`comm`).
    pub name: Raw,
    /// Executable, where it may be read.
    pub exe: Option<Raw>,
}

/// A file that the command names and that the requester could change until it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operand {
    /// Absolute path, as it will be opened.
    pub path: Raw,
    /// Which part it plays.
    pub role: Role,
    /// Its content when the question was asked.
    pub content: Content,
}

/// Which part a changeable file plays in the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The program itself.
    Program,
    /// The interpreter named on the program's first line.
    Interpreter,
    /// A word of the command, or the value of a `--name=value` word.
    Argument,
    /// What standard input was redirected from.
    Stdin,
}

/// What is known of a changeable file's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A regular file that was read whole. It is hashed again before the command is released.
    Hashed {
        /// SHA-256.
        sha256: Hex32,
        /// Bytes.
        size: u64,
    },
    /// A directory: what is below it is not pinned.
    Directory,
    /// Not read: too large, too many, or not readable. Its content is not pinned.
    Unpinned {
        /// Why, in one short phrase.
        why: String,
    },
}

impl From<SudoCall> for Call {
    fn from(call: SudoCall) -> Self {
        let raw = |words: Vec<Vec<u8>>| words.into_iter().map(Raw).collect();
        Self {
            mode: call.mode,
            argv: raw(call.command),
            user: call.user.map(Raw),
            group: call.group.map(Raw),
            chdir: call.chdir.map(Raw),
            chroot: call.chroot.map(Raw),
            environment: Environment {
                preserve_all: call.preserve_all,
                preserve: raw(call.preserve),
                set: raw(call.set),
            },
            background: call.background,
        }
    }
}

impl Request {
    /// Reads a frozen request.
    ///
    /// # Errors
    /// One line that says what is wrong with it.
    pub fn parse(bytes: &str) -> Result<Self, String> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(format!(
                "the request is longer than {MAX_REQUEST_BYTES} bytes"
            ));
        }
        let request: Self = serde_json::from_str(bytes).map_err(|error| {
            // It may quote what was read.
            let error = plain_text(error.to_string().as_bytes());
            format!("the request cannot be read: {error}")
        })?;
        if request.version == REQUEST_VERSION {
            Ok(request)
        } else {
            Err(format!(
                "the request has version {}, this program reads version {REQUEST_VERSION}; restart aisudo-daemon after an upgrade",
                request.version
            ))
        }
    }

    /// A digest of all that would make a difference to the person who is asked: two requests with
    /// the same are the same question, asked twice. What only tells two runs apart (ids, times,
    /// process numbers) is left out.
    #[must_use]
    pub fn fingerprint(&self) -> Hex32 {
        let mut alike = self.clone();
        alike.id = Uuid::nil();
        alike.nonce = Hex32([0; 32]);
        alike.asked_at_ms = 0;
        alike.timeout_ms = 0;
        alike.sudo.pid = 0;
        alike.sudo.start_time = 0;
        for parent in &mut alike.parents {
            parent.pid = 0;
            parent.start_time = 0;
        }
        // A request always becomes JSON; one that did not would be like no other.
        let json = serde_json::to_vec(&alike).unwrap_or_else(|_| self.id.as_bytes().to_vec());
        sha256(&[FINGERPRINT_DOMAIN, &json].concat())
    }

    /// A digest of what is to be run as whom: the same for each attempt at the same command, wherever
    /// it is made and whatever reason is given.
    #[must_use]
    pub fn command_digest(&self) -> Hex32 {
        let words = self.call.is_none().then_some(&self.sudo.argv);
        // These always become JSON; if not, it is like no other.
        let json = serde_json::to_vec(&(&self.call, words, &self.program.path))
            .unwrap_or_else(|_| self.id.as_bytes().to_vec());
        sha256(&[COMMAND_DOMAIN, &json].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        serde_json::from_value(serde_json::json!({
            "version": 1, "id": Uuid::from_u128(1), "nonce": "07".repeat(32), "asked_at_ms": 1, "timeout_ms": 2,
            "host": {"name": "h", "machine_id": ""}, "requester": {"uid": 1, "name": "a"},
            "sudo": {"pid": 1, "start_time": 1, "argv": ["sudo", "id"], "service": "sudo"},
            "call": {
                "mode": "run", "argv": ["id"], "user": null, "group": null, "chdir": null, "chroot": null,
                "environment": {"preserve_all": false, "preserve": [], "set": []}, "background": false,
            },
            "unreadable": null, "program": {"path": "/usr/bin/id", "found": "sudo"}, "cwd": "/",
            "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}], "tty": null,
            "parents": [{"pid": 2, "start_time": 3, "uid": 1, "name": "sh", "exe": null}],
            "agents": [], "operands": [], "reason": null,
        }))
        .unwrap()
    }

    #[test]
    fn what_only_tells_two_runs_apart_makes_no_other_question() {
        let one = request();
        let mut other = one.clone();
        other.id = Uuid::from_u128(2);
        other.nonce = Hex32([8; 32]);
        other.asked_at_ms = 9;
        other.sudo.pid = 9;
        other.sudo.start_time = 9;
        other.parents[0].pid = 9;
        other.parents[0].start_time = 9;
        assert_eq!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn whatever_a_person_might_mind_makes_another_question() {
        let one = request();
        let changes: [fn(&mut Request); 8] = [
            |r| r.call.as_mut().unwrap().argv.push(Raw::from("")),
            |r| r.cwd = Raw::from("/tmp"),
            |r| r.reason = Some(Raw::from("x")),
            |r| r.stdio[0] = Stream::Pipe,
            |r| r.program.path = Some(Raw::from("/bin/id")),
            |r| r.requester.uid = 2,
            |r| r.parents[0].name = Raw::from("bash"),
            |r| r.agents.push("Codex".to_owned()),
        ];
        for (index, change) in changes.into_iter().enumerate() {
            let mut other = one.clone();
            change(&mut other);
            assert_ne!(one.fingerprint(), other.fingerprint(), "{index}");
        }
    }

    #[test]
    fn the_same_command_is_recognised_from_elsewhere_and_with_other_reasons() {
        let one = request();
        let mut other = one.clone();
        other.cwd = Raw::from("/tmp");
        other.reason = Some(Raw::from("please"));
        other.parents.clear();
        assert_eq!(one.command_digest(), other.command_digest());
        other.call.as_mut().unwrap().user = Some(Raw::from("bob"));
        assert_ne!(one.command_digest(), other.command_digest());
    }

    #[test]
    fn a17_an_error_that_quotes_the_request_is_one_safe_line() {
        let error = Request::parse(r#"{"program":{"found":"\u001b[2J\r\n"}}"#).unwrap_err();
        assert!(error.contains(r"\x1b[2J\r\n"), "{error}");
        assert!(error.chars().all(|c| matches!(c, ' '..='~')), "{error:?}");
    }
}
