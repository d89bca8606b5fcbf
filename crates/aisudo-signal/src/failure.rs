//! What can go wrong, by what can be done about it.

use std::{fmt, time::Duration};

use aisudo_core::display::plain_text;
use serde_json::Value;

/// The longest text of signal-cli's that is passed on, in bytes.
const MAX_TEXT_BYTES: usize = 300;

/// Why a call or a connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no connection to signal-cli (any more).
    Unreachable(String),
    /// It does not answer in time. What was asked for may still happen.
    Timeout,
    /// Signal takes no more messages of this account for now.
    RateLimited {
        /// For how long, if Signal said so.
        retry_after: Option<Duration>,
    },
    /// Signal takes none until somebody has solved a captcha.
    Captcha {
        /// What the solution is for.
        token: String,
        /// How long it would take without, if Signal said so.
        retry_after: Option<Duration>,
    },
    /// The recipient has no account.
    Unregistered,
    /// The recipient's identity key is not trusted.
    Untrusted,
    /// Signal's servers cannot be reached.
    Network(String),
    /// signal-cli has no such account.
    NoAccount(String),
    /// signal-cli is too old for what was asked.
    TooOld(String),
    /// Anything else that signal-cli refused.
    Refused {
        /// JSON-RPC's error code.
        code: i64,
        /// signal-cli's words.
        message: String,
    },
}

impl Failure {
    /// A word for its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Timeout => "timeout",
            Self::RateLimited { .. } => "rate_limited",
            Self::Captcha { .. } => "captcha",
            Self::Unregistered => "unregistered",
            Self::Untrusted => "untrusted",
            Self::Network(_) => "network",
            Self::NoAccount(_) => "no_account",
            Self::TooOld(_) => "too_old",
            Self::Refused { .. } => "refused",
        }
    }

    /// What a JSON-RPC error object means, as an answer to a call of this method.
    pub(crate) fn of_error(method: &str, error: &Value) -> Self {
        let code = error
            .get("code")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let message = error
            .get("message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let results = error.pointer("/data/response/results");
        if let Some(failure) = results.and_then(Self::of_results) {
            return failure;
        }
        let message = shortened(message);
        match code {
            -3 => Self::Network(message),
            -4 => Self::Untrusted,
            -5 => Self::RateLimited { retry_after: None },
            -32601 => Self::TooOld(format!("it does not know {method}")),
            -32602 if message.contains("account") => Self::NoAccount(message),
            // As a send without a network: "… Connection refused (IOException) …".
            -32603 if message.contains("IOException") => Self::Network(message),
            _ => Self::Refused { code, message },
        }
    }

    /// The failure in the results of a send, if nobody received it.
    pub(crate) fn of_results(results: &Value) -> Option<Self> {
        let results = results.as_array()?;
        let kind = |result: &Value| {
            result
                .get("type")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        if results
            .iter()
            .any(|result| kind(result).as_deref() == Some("SUCCESS"))
        {
            return None;
        }
        let result = results.first()?;
        let seconds = result.get("retryAfterSeconds").and_then(Value::as_u64);
        let retry_after = seconds.map(Duration::from_secs);
        let token = result.get("token").and_then(Value::as_str);
        Some(match (kind(result)?.as_str(), token) {
            (_, Some(token)) => Self::Captcha {
                token: shortened(token),
                retry_after,
            },
            ("RATE_LIMIT_FAILURE", None) => Self::RateLimited { retry_after },
            ("UNREGISTERED_FAILURE", None) => Self::Unregistered,
            ("IDENTITY_FAILURE", None) => Self::Untrusted,
            ("NETWORK_FAILURE", None) => Self::Network("the message was not sent".to_owned()),
            (other, None) => Self::Refused {
                code: -1,
                message: shortened(other),
            },
        })
    }
}

/// Words of others, safe to show and not long.
pub(crate) fn shortened(text: &str) -> String {
    let end = (0..=MAX_TEXT_BYTES.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end))
        .unwrap_or_default();
    plain_text(text.get(..end).unwrap_or_default().as_bytes())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => f.write_str(why),
            Self::Timeout => f.write_str("signal-cli does not answer; look at its log, restart it"),
            Self::RateLimited {
                retry_after: Some(after),
            } => write!(
                f,
                "Signal takes no more messages of this account for {} s; wait",
                after.as_secs()
            ),
            Self::RateLimited { retry_after: None } => {
                f.write_str("Signal takes no more messages of this account for now; wait")
            }
            Self::Captcha { token, .. } => write!(
                f,
                "Signal wants a captcha to be solved, for {token}; see docs/signal.md"
            ),
            Self::Unregistered => {
                f.write_str("the recipient has no account at Signal; check the number")
            }
            Self::Untrusted => f.write_str(
                "the recipient's identity key has changed; compare it, then: aisudo signal trust NAME",
            ),
            Self::Network(why) => write!(
                f,
                "Signal's servers cannot be reached ({why}); check this host's network"
            ),
            Self::NoAccount(why) => write!(
                f,
                "signal-cli has no such account ({why}); see: aisudo signal setup"
            ),
            Self::TooOld(why) => write!(f, "signal-cli is too old: {why}; upgrade it"),
            Self::Refused { code, message } => {
                write!(f, "signal-cli refused it ({code}: {message}); see its log")
            }
        }
    }
}

impl std::error::Error for Failure {}
