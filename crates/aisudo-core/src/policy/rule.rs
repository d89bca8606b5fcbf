//! A rule as it is kept.

use std::fmt;

use serde::Deserialize;

use super::{
    Effect, LocalTime,
    read::{AgentLabel, Many, Name, Text, Variable},
    word::{self, Arg},
};
use crate::{request::Stream, sudo_argv::Mode};

/// `[[rule]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub(super) name: Name,
    pub(super) effect: Verb,

    pub(super) user: Option<Many<Text>>,
    pub(super) group: Option<Many<Text>>,
    pub(super) host: Option<Many<Text>>,
    pub(super) target: Option<Many<Text>>,
    pub(super) target_group: Option<Many<Text>>,
    pub(super) mode: Option<Many<Mode>>,
    pub(super) program: Option<Many<Place>>,
    pub(super) args: Option<Vec<Arg>>,
    pub(super) cwd: Option<Many<Place>>,
    pub(super) tty: Option<bool>,
    pub(super) stdin: Option<Many<StreamKind>>,
    pub(super) agent: Option<Many<AgentLabel>>,
    pub(super) hours: Option<Many<Hours>>,
    pub(super) days: Option<Many<Day>>,

    pub(super) timeout: Option<u32>,
    pub(super) text: Option<String>,
    pub(super) env: Option<Many<Variable>>,
    #[serde(default)]
    pub(super) dangerous: bool,
    pub(super) reason: Option<Text>,
}

/// What a rule does. The order is that of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verb {
    Allow,
    Password,
    Ask,
    Deny,
}

/// A file, or all files below a directory. Absolute and normal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path(String),
    Under(String),
}

/// What a descriptor is, by the names of [`Stream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StreamKind {
    Terminal,
    Pipe,
    Socket,
    Null,
    File,
    Other,
    Closed,
}

/// Minutes of the day, from the first and before the last; over midnight when the last is sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) from: u16,
    pub(super) until: u16,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Rule {
    pub(super) fn effect(&self) -> Effect {
        match self.effect {
            Verb::Allow => Effect::Allow,
            Verb::Password => Effect::Password,
            Verb::Ask => Effect::Ask {
                timeout: self.timeout,
            },
            Verb::Deny => Effect::Deny {
                text: self.text.clone(),
            },
        }
    }

    /// The modes that it is about; nothing when it is about all.
    pub(super) fn modes(&self) -> Option<&[Mode]> {
        match &self.mode {
            Some(modes) => Some(&modes.0),
            None if self.effect == Verb::Allow => Some(&[Mode::Run]),
            None => None,
        }
    }
}

impl Verb {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Password => "password",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl Place {
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Path(path) | Self::Under(path) => path,
        }
    }

    /// Whether it is this very path, read strictly.
    pub(super) fn holds(&self, path: &[u8]) -> bool {
        match self {
            Self::Path(own) => own.as_bytes() == path,
            Self::Under(directory) => word::is_below(directory.as_bytes(), path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(path),
            Self::Under(directory) => write!(f, "under {directory}"),
        }
    }
}

impl StreamKind {
    pub(super) fn of(stream: &Stream) -> Self {
        match stream {
            Stream::Terminal { .. } => Self::Terminal,
            Stream::Pipe => Self::Pipe,
            Stream::Socket => Self::Socket,
            Stream::Null => Self::Null,
            Stream::File { .. } => Self::File,
            Stream::Other { .. } => Self::Other,
            Stream::Closed => Self::Closed,
        }
    }
}

impl Hours {
    pub(super) fn hold(self, now: LocalTime) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&now.minute)
        } else {
            now.minute >= self.from || now.minute < self.until
        }
    }
}

impl Day {
    pub(super) fn holds(self, now: LocalTime) -> bool {
        now.weekday == self as u8
    }
}
