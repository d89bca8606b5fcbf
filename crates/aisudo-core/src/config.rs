//! Root's configuration, `aisudo.toml`.

mod app;
mod signal;

use std::path::PathBuf;

use serde::Deserialize;

pub use self::app::{App, Push, Tls};
pub use self::signal::{Endpoint, Forms, Language, Receive, Signal};

use crate::{display::plain_text, evidence::EvidenceKind};

/// The form of the file that this version reads.
pub const CONFIG_VERSION: u32 = 1;

/// `aisudo.toml`. Unknown fields are refused: a misspelt rule must not silently be no rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// [`CONFIG_VERSION`].
    pub version: u32,
    /// What the module in sudo does.
    #[serde(default)]
    pub gate: Gate,
    /// How the daemon runs.
    #[serde(default)]
    pub daemon: Daemon,
    /// Ways to reach approvers.
    #[serde(default)]
    pub channels: Channels,
    /// Caps.
    #[serde(default)]
    pub limits: Limits,
    /// How the audit log is kept.
    #[serde(default)]
    pub audit: Audit,
}

/// `[gate]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gate {
    /// Seconds until no answer means no. 5 to 3600.
    pub timeout: u32,
    /// What happens when the daemon cannot be reached.
    pub fallback: Fallback,
    /// The kinds of evidence that let a command run. Empty: nothing does.
    pub accept: Vec<EvidenceKind>,
    /// What becomes of programs and scripts that the requester could change.
    pub changeable: Changeable,
    /// Who is asked for. The first entry that names the user counts.
    pub who: Vec<Who>,
}

/// `[[gate.who]]`: one user or one group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Who {
    /// A user's name …
    pub user: Option<String>,
    /// … or a group's.
    pub group: Option<String>,
    /// When they are gated.
    pub when: When,
}

/// When a user is gated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Each time.
    Always,
    /// When standard input or standard error is not the controlling terminal: for an agent that
    /// works under its owner's own uid.
    Unattended,
}

/// What takes the place of an answer when the daemon cannot be reached. Never "allow".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The rest of the PAM stack asks for a password.
    #[default]
    Password,
    /// The command does not run.
    Deny,
}

/// What becomes of a command that would execute a file which the requester could change until then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changeable {
    /// It is asked about, with a warning, and the file is looked at again until the command starts.
    #[default]
    Mark,
    /// It is refused before anyone is asked.
    Refuse,
    /// It is refused, unless it is `aisudo run --sealed`.
    Seal,
}

/// `[daemon]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Daemon {
    /// The user it becomes when it is started as root.
    pub user: String,
}

/// `[channels]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Channels {
    /// `[channels.terminal]`.
    pub terminal: Terminal,
    /// `[channels.signal]`; nothing: not used.
    pub signal: Option<Signal>,
    /// `[channels.app]`; nothing: not used.
    pub app: Option<App>,
}

/// `[channels.terminal]`: approvers at a shell of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terminal {
    /// The group that may connect to `control.sock`, beside root. Nothing: root alone.
    pub group: Option<String>,
}

/// `[limits]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests that one uid may have waiting at once.
    pub pending_per_uid: usize,
    /// Requests that may wait at once, of all users.
    pub pending: usize,
    /// Requests of one uid that people may be asked about in a minute.
    pub requests_per_minute: u32,
    /// Requests of all users that people may be asked about in a minute.
    pub requests_per_minute_all: u32,
    /// Requests of one uid that the policy may answer in a minute.
    pub ruled_per_minute: u32,
    /// Seconds after a person's no in which the same command of the same uid is not asked about
    /// again. 0: none.
    pub cooldown: u32,
    /// Connections to each of the sockets at once; `gate.sock` is bounded by `pending` besides.
    pub connections: usize,
    /// Connections of one uid to `agent.sock` and to `control.sock`.
    pub connections_per_uid: usize,
}

/// `[audit]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Whole days (UTC) for which entries stay in the database, at least. 0: for ever.
    pub keep_days: u32,
    /// Whether entries that leave the database are written to a file first.
    pub archive: bool,
    /// Where each entry is copied to, beside the database.
    pub copy: Option<AuditCopy>,
}

/// Where audit entries are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditCopy {
    /// systemd's journal.
    Journald,
    /// A file, by its absolute path: JSON lines, as they are stored.
    File(PathBuf),
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            keep_days: 0,
            archive: true,
            copy: None,
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            timeout: 120,
            fallback: Fallback::default(),
            accept: vec![
                EvidenceKind::Terminal,
                EvidenceKind::Policy,
                EvidenceKind::Signal,
                EvidenceKind::App,
            ],
            changeable: Changeable::default(),
            who: Vec::new(),
        }
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            user: "aisudo".to_owned(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending_per_uid: 5,
            pending: 10_000,
            requests_per_minute: 10,
            requests_per_minute_all: 240,
            ruled_per_minute: 600,
            cooldown: 60,
            connections: 256,
            connections_per_uid: 16,
        }
    }
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// One line: where, what, and what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| one_line(text, &error))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        if self.version != CONFIG_VERSION {
            return Err(format!(
                "version is {}, this program reads version = {CONFIG_VERSION}",
                self.version
            ));
        }
        if !(5..=3600).contains(&self.gate.timeout) {
            return Err(format!(
                "gate.timeout is {}, it must be 5 to 3600 seconds",
                self.gate.timeout
            ));
        }
        for (index, who) in self.gate.who.iter().enumerate() {
            if who.user.is_some() == who.group.is_some() {
                return Err(format!(
                    "gate.who entry {}: give either user or group",
                    index + 1
                ));
            }
        }
        if let Some(AuditCopy::File(file)) = &self.audit.copy
            && !file.is_absolute()
        {
            return Err("audit.copy: the file must have an absolute path".to_owned());
        }
        if let Some(signal) = &self.channels.signal {
            signal.check()?;
        }
        if let Some(app) = &self.channels.app {
            app.check()?;
        }
        let limits = &self.limits;
        let counts = [
            limits.pending_per_uid,
            limits.pending,
            limits.connections,
            limits.connections_per_uid,
        ];
        let rates = [
            limits.requests_per_minute,
            limits.requests_per_minute_all,
            limits.ruled_per_minute,
        ];
        if counts.contains(&0) || rates.contains(&0) {
            return Err("limits: a limit of 0 would refuse everything; give at least 1".to_owned());
        }
        Ok(())
    }
}

impl Gate {
    /// When this user is gated, if at all: the first entry that names them or one of their groups.
    #[must_use]
    pub fn when(&self, user: &str, groups: &[String]) -> Option<When> {
        self.who
            .iter()
            .find(|who| match (&who.user, &who.group) {
                (Some(name), _) => name == user,
                (None, Some(name)) => groups.contains(name),
                (None, None) => false,
            })
            .map(|who| who.when)
    }
}

/// A TOML error as one line with its place: the usual display draws a picture over several lines.
pub(crate) fn one_line(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    // It may quote a value with whatever is in it.
    let message = plain_text(message.as_bytes());
    match error.span() {
        Some(span) => at(text, span.start, &message),
        None => message,
    }
}

/// A message with the line and column of a place in the text, given in bytes.
pub(crate) fn at(text: &str, place: usize, message: &str) -> String {
    match text.get(..place) {
        Some(before) => format!(
            "line {}, column {}: {message}",
            before.matches('\n').count() + 1,
            before.chars().rev().take_while(|c| *c != '\n').count() + 1
        ),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_read_and_the_defaults_are_strict() {
        let config = Config::parse(
            "version = 1\n[[gate.who]]\nuser = \"agent\"\nwhen = \"always\"\n[[gate.who]]\ngroup = \"staff\"\nwhen = \"unattended\"\n",
        )
        .unwrap();
        assert_eq!(config.gate.timeout, 120);
        assert_eq!(config.gate.fallback, Fallback::Password);
        assert_eq!(config.gate.changeable, Changeable::Mark);
        assert_eq!(
            config.gate.when("agent", &["staff".into()]),
            Some(When::Always)
        );
        assert_eq!(
            config.gate.when("eve", &["staff".into()]),
            Some(When::Unattended)
        );
        assert_eq!(config.gate.when("eve", &[]), None);
        assert_eq!(config.channels.terminal.group, None);
    }

    #[test]
    fn the_audit_log_is_kept_for_ever_unless_root_says_otherwise() {
        let audit = |text: &str| {
            Config::parse(&format!("version = 1\n[audit]\n{text}"))
                .unwrap()
                .audit
        };
        let kept = audit("");
        assert_eq!((kept.keep_days, kept.archive, kept.copy), (0, true, None));
        assert_eq!(audit("copy = \"journald\"").copy, Some(AuditCopy::Journald));
        assert_eq!(
            audit("copy = { file = \"/var/log/a\" }").copy,
            Some(AuditCopy::File("/var/log/a".into()))
        );
    }

    #[test]
    fn each_mistake_is_one_line_that_says_where() {
        let cases = [
            ("", "line 1, column 1: missing field `version`"),
            (
                "version = 2",
                "version is 2, this program reads version = 1",
            ),
            (
                "version = 1\n[gate]\ntimout = 3",
                "line 3, column 1: unknown field `timout`",
            ),
            (
                "version = 1\n[gate]\ntimeout = 4",
                "gate.timeout is 4, it must be 5 to 3600 seconds",
            ),
            (
                "version = 1\n[gate]\nfallback = \"allow\"",
                "line 3, column 12: unknown variant `allow`",
            ),
            (
                "version = 1\n[gate]\nchangeable = \"allow\"",
                "line 3, column 14: unknown variant `allow`, expected one of `mark`, `refuse`, `seal`",
            ),
            (
                "version = 1\n[gate]\naccept = [\"telegram\"]",
                "line 3, column 11: unknown variant `telegram`",
            ),
            (
                "version = 1\n[[gate.who]]\nwhen = \"always\"",
                "gate.who entry 1: give either user or group",
            ),
            ("version = 1\n[limits]\npending = 0", "limits: a limit of 0"),
            (
                "version = 1\n[audit]\nkeep_days = -1",
                "line 3, column 13: invalid value",
            ),
            (
                "version = 1\n[audit]\ncopy = \"syslog\"",
                "line 3, column 8: unknown variant `syslog`",
            ),
            (
                "version = 1\n[audit]\ncopy = { file = \"log\" }",
                "audit.copy: the file must have an absolute path",
            ),
            (
                "version = 1\n[channels.signal]\naccount = \"+15550001111\"",
                "line 2, column 1: missing field `connect`",
            ),
            (
                "version = 1\n[gate]\nfallback = \"\\r\\u001b[2J\"",
                r"line 3, column 12: unknown variant `\r\x1b[2J`",
            ),
        ];
        for (text, expected) in cases {
            let error = Config::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert!(!error.contains(char::is_control), "{error:?}");
        }
    }
}
