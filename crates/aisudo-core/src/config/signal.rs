//! `[channels.signal]`: approvers at their phones, through a signal-cli daemon that root runs.

use std::{fmt, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

use crate::display::plain_text;

/// `[channels.signal]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Where signal-cli's daemon listens.
    pub connect: Endpoint,
    /// The account that asks: its number, as signal-cli lists it (`+` and digits).
    pub account: String,
    /// The approver asks themselves: signal-cli is linked to their own account, and both question
    /// and answer stand in their "note to self".
    #[serde(default)]
    pub note_to_self: bool,
    /// How signal-cli was told to receive (`--receive-mode`).
    #[serde(default)]
    pub receive: Receive,
    /// Root's word that no other user of this host can connect to a TCP or HTTP port: whoever can
    /// may edit what was asked. Not needed for a Unix socket.
    #[serde(default)]
    pub port_is_closed_to_others: bool,
    /// Whose words for yes and no are understood. The first is used in the question.
    #[serde(default = "english")]
    pub languages: Vec<Language>,
    /// More words for yes.
    #[serde(default)]
    pub yes: Vec<String>,
    /// More words for no.
    #[serde(default)]
    pub no: Vec<String>,
    /// In which ways an answer may be given.
    #[serde(default)]
    pub accept: Forms,
    /// Messages sent in a minute at most, on average. Signal slows down or stops accounts that
    /// send many.
    #[serde(default = "twelve")]
    pub messages_per_minute: u32,
}

/// Where signal-cli's daemon listens: `unix:/path`, `tcp:127.0.0.1:7583` or `http:127.0.0.1:8080`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Endpoint {
    /// `--socket`.
    Unix(PathBuf),
    /// `--tcp`.
    Tcp(SocketAddr),
    /// `--http`.
    Http(SocketAddr),
}

/// signal-cli's `--receive-mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receive {
    /// Messages that come while nobody is connected wait on Signal's server.
    #[default]
    OnConnection,
    /// Messages that come while nobody is connected are lost.
    OnStart,
    /// Messages come after they were subscribed to.
    Manual,
}

/// `accept` in `[channels.signal]`: in which ways an answer may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forms {
    /// A message: the request's code with a word for yes or no, or a quote with such a word.
    pub reply: bool,
    /// A thumb up or down on the question.
    pub reaction: bool,
    /// A vote in a poll that is sent after each question. Costs a second message; needs a signal-cli
    /// that has polls (0.13.23).
    pub poll: bool,
}

/// A language whose words for yes and no are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    En,
    /// Czech.
    Cs,
    /// German.
    De,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Italian.
    It,
    /// Japanese.
    Ja,
    /// Korean.
    Ko,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Portuguese.
    Pt,
    /// Chinese.
    Zh,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            reply: true,
            reaction: true,
            poll: false,
        }
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl std::str::FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{} is no place to connect to: give unix:/path, tcp:127.0.0.1:7583 or http:127.0.0.1:8080",
                plain_text(text.as_bytes())
            )
        };
        let (kind, place) = text.split_once(':').ok_or_else(wrong)?;
        let address = || {
            place
                .parse::<SocketAddr>()
                .ok()
                .filter(|address| address.ip().is_loopback())
                .ok_or_else(|| {
                    format!(
                        "{} is no loopback address with a port: signal-cli's port has no protection of its own",
                        plain_text(place.as_bytes())
                    )
                })
        };
        match kind {
            "unix" if place.starts_with('/') => Ok(Self::Unix(place.into())),
            "tcp" => Ok(Self::Tcp(address()?)),
            "http" => Ok(Self::Http(address()?)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Http(address) => write!(f, "http:{address}"),
        }
    }
}

impl Signal {
    pub(super) fn check(&self) -> Result<(), String> {
        let digits = self.account.strip_prefix('+').unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(
                "channels.signal.account: give the number as signal-cli lists it, such as +15550001111"
                    .to_owned(),
            );
        }
        let is_port = !matches!(self.connect, Endpoint::Unix(_));
        if is_port && !self.port_is_closed_to_others {
            return Err("channels.signal.connect: any user of this host can use that port, also to edit what you are asked; use a Unix socket, or close the port to others and set port_is_closed_to_others = true".to_owned());
        }
        let Forms {
            reply,
            reaction,
            poll,
        } = self.accept;
        if !(reply || reaction || poll) {
            return Err(
                "channels.signal.accept: no way to answer is left; leave at least one true"
                    .to_owned(),
            );
        }
        if self.languages.is_empty() {
            return Err(
                "channels.signal.languages: give at least one, such as [\"en\"]".to_owned(),
            );
        }
        if self.messages_per_minute == 0 {
            return Err(
                "channels.signal.messages_per_minute: 0 would ask nobody; give at least 1"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn english() -> Vec<Language> {
    vec![Language::En]
}

fn twelve() -> u32 {
    12
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn signal(text: &str) -> Result<Signal, String> {
        let text = format!("version = 1\n[channels.signal]\naccount = \"+15550001111\"\n{text}\n");
        Config::parse(&text).map(|config| config.channels.signal.unwrap())
    }

    #[test]
    fn the_defaults_are_a_dedicated_number_and_answers_that_cost_no_message() {
        let signal = signal("connect = \"unix:/run/signal/s\"").unwrap();
        assert_eq!(signal.connect, Endpoint::Unix("/run/signal/s".into()));
        assert_eq!(signal.connect.to_string(), "unix:/run/signal/s");
        assert!(!signal.note_to_self);
        assert_eq!(signal.receive, Receive::OnConnection);
        assert_eq!(signal.languages, [Language::En]);
        assert!(signal.accept.reply && signal.accept.reaction && !signal.accept.poll);
        assert_eq!(signal.messages_per_minute, 12);
    }

    #[test]
    fn a_port_that_others_can_reach_is_refused() {
        let error = signal("connect = \"tcp:127.0.0.1:7583\"").unwrap_err();
        assert!(error.contains("port_is_closed_to_others = true"), "{error}");
        let closed = "\nport_is_closed_to_others = true";
        assert!(signal(&format!("connect = \"tcp:127.0.0.1:7583\"{closed}")).is_ok());
        let error = signal(&format!("connect = \"http:192.0.2.1:8080\"{closed}")).unwrap_err();
        assert!(
            error.contains("192.0.2.1:8080 is no loopback address"),
            "{error}"
        );
    }

    #[test]
    fn each_mistake_is_named() {
        let unix = "connect = \"unix:/s\"\n";
        for (text, expected) in [
            (
                "connect = \"/s\"".to_owned(),
                "/s is no place to connect to",
            ),
            ("connect = \"unix:s\"".to_owned(), "unix:s is no place"),
            (
                format!("{unix}accept = {{ reply = false, reaction = false }}"),
                "no way to answer is left",
            ),
            (
                format!("{unix}languages = []"),
                "languages: give at least one",
            ),
            (
                format!("{unix}languages = [\"tlh\"]"),
                "unknown variant `tlh`",
            ),
            (
                format!("{unix}messages_per_minute = 0"),
                "0 would ask nobody",
            ),
        ] {
            let error = signal(&text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let error = Config::parse(
            "version = 1\n[channels.signal]\naccount = \"me\"\nconnect = \"unix:/s\"",
        );
        assert!(error.unwrap_err().contains("channels.signal.account"));
    }
}
