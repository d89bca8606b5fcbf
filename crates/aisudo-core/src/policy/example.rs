//! Examples beside a policy, `policy-tests.toml`: a command, and what the policy is to say of it.

use serde::{Deserialize, Deserializer, de};
use toml::Spanned;
use uuid::Uuid;

use super::{
    LocalTime, Policy, Ruling,
    read::{Many, Text},
    rule::{StreamKind, Verb},
};
use crate::{
    config::{at, one_line},
    raw::{Hex32, Raw},
    request::{
        Call, Content, Found, Host, Operand, Program, REQUEST_VERSION, Request, Role, Stream, Sudo,
        User,
    },
    sudo_argv::{self, Mode},
};

/// One example: `[[example]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    #[serde(default)]
    line: usize,
    user: Text,
    groups: Option<Vec<String>>,
    host: Option<Text>,
    command: Vec<String>,
    program: Option<Text>,
    cwd: Option<Text>,
    stdin: Option<StreamKind>,
    #[serde(default)]
    tty: bool,
    agent: Option<Many<Text>>,
    #[serde(default)]
    changeable: Vec<String>,
    #[serde(default)]
    at: When,
    expect: Verb,
    rule: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    example: Vec<Spanned<Example>>,
}

/// `mon 09:30`.
#[derive(Clone, Copy, Debug)]
struct When(LocalTime);

impl Example {
    /// Reads the file's text.
    ///
    /// # Errors
    /// One line: where, what, and what to do.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let file: File = toml::from_str(text).map_err(|error| one_line(text, &error))?;
        if file.version != 1 {
            return Err(format!(
                "version is {}, this program reads version = 1",
                file.version
            ));
        }
        file.example
            .into_iter()
            .map(|example| {
                let place = example.span().start;
                let mut example = example.into_inner();
                if example.command.is_empty() {
                    return Err(at(
                        text,
                        place,
                        "command is empty; give the words after sudo",
                    ));
                }
                example.line = text.get(..place).unwrap_or_default().matches('\n').count() + 1;
                Ok(example)
            })
            .collect()
    }

    /// The line at which it begins in its file.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The words after sudo.
    #[must_use]
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// What the policy says of it.
    #[must_use]
    pub fn ruling(&self, policy: &Policy) -> Ruling {
        policy.judge(&self.request(), self.now())
    }

    /// What it expects and does not get, in one short phrase; nothing when all is as expected.
    #[must_use]
    pub fn failure(&self, policy: &Policy) -> Option<String> {
        let ruling = self.ruling(policy);
        let got = ruling.rule.as_deref();
        let other_rule = self
            .rule
            .as_ref()
            .is_some_and(|rule| Some(rule.0.as_str()) != got);
        if ruling.effect.word() == self.expect.word() && !other_rule {
            return None;
        }
        let by = |rule: Option<&str>| match rule {
            Some(rule) => format!(" by rule \"{rule}\""),
            None => " by default".to_owned(),
        };
        let expected = self.rule.as_ref();
        Some(format!(
            "expected {}{}, got {}{}",
            self.expect.word(),
            expected.map_or_else(String::new, |rule| by(Some(&rule.0))),
            ruling.effect.word(),
            by(got)
        ))
    }

    /// When it takes place.
    #[must_use]
    pub fn now(&self) -> LocalTime {
        self.at.0
    }

    /// The request that a gate in C sudo would make of it. A program that is not given is the
    /// command's first word if that is an absolute path, else the file of that name in `/usr/bin`.
    #[must_use]
    pub fn request(&self) -> Request {
        let argv: Vec<Vec<u8>> = ["sudo"]
            .into_iter()
            .chain(self.command.iter().map(String::as_str))
            .map(|word| word.as_bytes().to_vec())
            .collect();
        let (call, unreadable) = match sudo_argv::parse_c_sudo(&argv) {
            Ok(call) => (Some(Call::from(call)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let login = call
            .as_ref()
            .is_some_and(|call| call.mode == Mode::LoginShell);
        let program = self.program(call.as_ref());
        let text = |text: &Option<Text>, or: &str| {
            Raw::from(text.as_ref().map_or(or, |text| text.0.as_str()))
        };
        Request {
            version: REQUEST_VERSION,
            id: Uuid::nil(),
            nonce: Hex32([0; 32]),
            asked_at_ms: 0,
            timeout_ms: 120_000,
            host: Host {
                name: text(&self.host, "localhost"),
                machine_id: String::new(),
            },
            requester: User {
                uid: 1000,
                name: Raw::from(self.user.0.as_str()),
                groups: match &self.groups {
                    Some(groups) => groups.iter().map(|name| Raw::from(name.as_str())).collect(),
                    None => vec![Raw::from(self.user.0.as_str())],
                },
            },
            sudo: Sudo {
                pid: 1,
                start_time: 1,
                argv: argv.into_iter().map(Raw).collect(),
                service: Raw::from(if login { "sudo-i" } else { "sudo" }),
            },
            operands: self.operands(&program),
            call,
            unreadable,
            program,
            cwd: text(&self.cwd, "/"),
            stdio: [
                stream(self.stdin.unwrap_or(StreamKind::Null)),
                Stream::Null,
                Stream::Null,
            ],
            tty: self.tty.then(|| Raw::from("/dev/pts/0")),
            parents: Vec::new(),
            agents: self
                .agent
                .iter()
                .flat_map(|agents| &agents.0)
                .map(|agent| agent.0.clone())
                .collect(),
            variables: Vec::new(),
            reason: None,
        }
    }

    fn program(&self, call: Option<&Call>) -> Program {
        let guess = || {
            let call = call?;
            match call.mode {
                Mode::Run => {
                    let word = call.argv.first()?;
                    if word.0.starts_with(b"/") {
                        Some(word.clone())
                    } else {
                        Some(Raw([b"/usr/bin/", word.as_ref()].concat()))
                    }
                }
                Mode::Shell | Mode::LoginShell => Some(Raw::from("/bin/bash")),
                Mode::Edit | Mode::List | Mode::Validate => None,
            }
        };
        let path = match &self.program {
            Some(path) => Some(Raw::from(path.0.as_str())),
            None => guess(),
        };
        Program {
            found: if path.is_some() {
                Found::Sudo
            } else {
                Found::Unknown
            },
            real: path.clone(),
            path,
        }
    }

    fn operands(&self, program: &Program) -> Vec<Operand> {
        self.changeable
            .iter()
            .map(|path| Raw::from(path.as_str()))
            .map(|path| Operand {
                role: if program.path.as_ref() == Some(&path) {
                    Role::Program
                } else {
                    Role::Argument
                },
                path,
                content: Content::Hashed {
                    sha256: Hex32([0; 32]),
                    size: 0,
                },
            })
            .collect()
    }
}

fn stream(kind: StreamKind) -> Stream {
    let path = Raw::default();
    match kind {
        StreamKind::Terminal => Stream::Terminal { path },
        StreamKind::Pipe => Stream::Pipe,
        StreamKind::Socket => Stream::Socket,
        StreamKind::Null => Stream::Null,
        StreamKind::File => Stream::File { path },
        StreamKind::Other => Stream::Other { path },
        StreamKind::Closed => Stream::Closed,
    }
}

impl Default for When {
    /// Noon of a Monday.
    fn default() -> Self {
        Self(LocalTime {
            weekday: 0,
            minute: 12 * 60,
        })
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        LocalTime::parse(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom("a time is written \"mon 09:30\""))
    }
}
