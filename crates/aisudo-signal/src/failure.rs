//! What can go wrong, by what can be done about it.

use std::{fmt, time::Duration};

use aisudo_core::display::plain_text;
use serde_json::Value;

/// The longest text of signal-cli's that is passed on, in bytes.
const MAX_TEXT_BYTES: usize = 300;

/// The longest that anybody is told to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 3600);

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
            // "The user +1555… is not registered.": a number that was never met.
            -1 if message.ends_with("is not registered.") => Self::Unregistered,
            -3 => Self::Network(message),
            -4 => Self::Untrusted,
            -5 => Self::RateLimited { retry_after: None },
            -32601 => Self::TooOld(format!("it does not know {method}")),
            -32602 if message.contains("account") => Self::NoAccount(message),
            -32603 => Self::of_exception(message),
            _ => Self::Refused { code, message },
        }
    }

    /// What a Java exception means, named in brackets: "Failed to send message: Connection refused
    /// (IOException) (UnexpectedErrorException)".
    fn of_exception(message: String) -> Self {
        let is = |name: &str| message.contains(&format!("({name})"));
        if is("AuthorizationFailedException") {
            return Self::NoAccount(
                "Signal no longer lets it in: unlinked, or registered anew".to_owned(),
            );
        }
        if is("DeprecatedVersionException") {
            return Self::TooOld("Signal's servers turn this version away".to_owned());
        }
        if is("RateLimitException") {
            return Self::RateLimited { retry_after: None };
        }
        // The recipient's keys are used up: it is neither the network nor soon over.
        if message.contains("No prekeys available") {
            return Self::Refused {
                code: -32603,
                message,
            };
        }
        // What cannot be sent at all is an IOException of some kind, and no attachments are sent here.
        if message.starts_with("Failed to send message:") || is("IOException") {
            return Self::Network(message);
        }
        Self::Refused {
            code: -32603,
            message,
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
        let retry_after = seconds.map(|seconds| Duration::from_secs(seconds).min(LONGEST_WAIT));
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(error: &Value) -> Failure {
        Failure::of_error("send", error)
    }

    fn of_result(code: i64, result: &Value) -> Failure {
        let results =
            json!({"response": {"results": [result], "timestamp": 1_795_471_737_637_u64}});
        of(&json!({"code": code, "message": "Failed to send message", "data": results}))
    }

    #[test]
    fn what_became_of_the_recipient_counts_more_than_the_code() {
        let kind =
            |code, kind: &str| of_result(code, &json!({"recipientAddress": {}, "type": kind}));
        assert_eq!(kind(-1, "UNREGISTERED_FAILURE"), Failure::Unregistered);
        assert_eq!(kind(-4, "IDENTITY_FAILURE"), Failure::Untrusted);
        assert_eq!(kind(-1, "NETWORK_FAILURE").kind(), "network");
        assert_eq!(
            kind(-5, "RATE_LIMIT_FAILURE"),
            Failure::RateLimited { retry_after: None }
        );
        assert_eq!(kind(-1, "INVALID_PRE_KEY_FAILURE").kind(), "refused");
        assert_eq!(kind(-1, "A_NEW_FAILURE").kind(), "refused");
    }

    #[test]
    fn a_token_asks_for_a_captcha_and_without_one_it_is_only_a_pause() {
        let limited = json!({"type": "RATE_LIMIT_FAILURE", "retryAfterSeconds": 86_400});
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(
            of_result(-5, &limited),
            Failure::RateLimited { retry_after: day }
        );
        let token = "2fc05128-0000-4000-8000-000000000000";
        let captcha =
            json!({"type": "RATE_LIMIT_FAILURE", "token": token, "retryAfterSeconds": 86_400});
        let expected = Failure::Captcha {
            token: token.to_owned(),
            retry_after: day,
        };
        assert_eq!(of_result(-5, &captcha), expected);
        let null = json!({"type": "RATE_LIMIT_FAILURE", "token": null});
        assert_eq!(
            of_result(-5, &null),
            Failure::RateLimited { retry_after: None }
        );
        let forever = json!({"type": "RATE_LIMIT_FAILURE", "retryAfterSeconds": u64::MAX});
        assert_eq!(
            of_result(-5, &forever),
            Failure::RateLimited {
                retry_after: Some(LONGEST_WAIT)
            }
        );
    }

    #[test]
    fn each_code_is_what_can_be_done_about_it() {
        for (code, message, kind) in [
            (
                -1,
                "The user +15550002222 is not registered.",
                "unregistered",
            ),
            (-1, "No recipients given", "refused"),
            (-3, "Link request error: Connection closed!", "network"),
            (
                -4,
                "Failed to send message due to untrusted identities",
                "untrusted",
            ),
            (
                -5,
                "Failed to send message due to rate limiting",
                "rate_limited",
            ),
            (-6, "Captcha rejected", "refused"),
            (-32601, "Method not implemented", "too_old"),
            (-32602, "Specified account does not exist", "no_account"),
            (
                -32602,
                "Method requires valid account parameter",
                "no_account",
            ),
            (-32600, "invalid request", "refused"),
            (-32603, "null (NullPointerException)", "refused"),
        ] {
            let failure = of(&json!({"code": code, "message": message, "data": null}));
            assert_eq!(failure.kind(), kind, "{code} {message}");
        }
    }

    #[test]
    fn an_exception_is_the_network_unless_it_is_known_better() {
        for (exception, kind) in [
            ("Connection refused (IOException)", "network"),
            ("chat.signal.org (UnknownHostException)", "network"),
            ("Connect timed out (SocketTimeoutException)", "network"),
            (
                "Authorization failed! (AuthorizationFailedException)",
                "no_account",
            ),
            ("[499] (DeprecatedVersionException)", "too_old"),
            ("Rate Limited: 429 (RateLimitException)", "rate_limited"),
            (
                "No prekeys available (IOException), maybe one of the devices",
                "refused",
            ),
        ] {
            let message = format!("Failed to send message: {exception} (UnexpectedErrorException)");
            let failure = of(&json!({"code": -32603, "message": message, "data": null}));
            assert_eq!(failure.kind(), kind, "{message}");
        }
    }

    #[test]
    fn words_of_others_are_one_short_line() {
        let message = format!("a\n\u{1b}[31m{}", "\u{202e}".repeat(1000));
        for error in [
            json!({"code": -1, "message": message}),
            json!({"code": -3, "message": message}),
            json!({"code": -32602, "message": format!("account {message}")}),
            json!({"code": 7}),
            json!([]),
            json!(null),
        ] {
            let line = of(&error).to_string();
            assert!(!line.is_empty() && line.len() < 1500, "{line}");
            assert!(
                line.chars().all(|c| !c.is_control() && c != '\u{202e}'),
                "{line}"
            );
        }
    }
}
