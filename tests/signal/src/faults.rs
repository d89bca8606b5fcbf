//! What can go wrong. Nothing does by default.

use std::collections::VecDeque;
use std::time::Duration;

/// What goes wrong now and next. See [`Sim::faults`](crate::Sim::faults).
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Each answer is late by this much; what was asked for is done at once.
    pub latency: Duration,
    /// Lateness of the next answers, one each, in place of `latency`: answers then overtake each other.
    pub next_latencies: VecDeque<Duration>,
    /// This many of the next calls are done and never answered.
    pub answers_lost: usize,
    /// The same of the next calls that send something, after those of `answers_lost`.
    pub sends_unanswered: usize,
    /// What people write never arrives, and nothing shows it.
    pub deaf: bool,
    /// This many of the next notifications are lost.
    pub notifications_lost: usize,
    /// Each notification is delivered twice.
    pub twice: bool,
    /// A notification waits for the next one and comes after it.
    pub reordered: bool,
    /// Connections are accepted; nothing is read, done or answered. What was said meanwhile is done
    /// after it, as by a process that was stopped.
    pub hang: bool,
    /// The next calls that send something fail, one each.
    pub sends_fail: VecDeque<SendFailure>,
    /// Each call that sends something fails, after those of `sends_fail`.
    pub every_send_fails: Option<SendFailure>,
    /// No phone confirms that a message arrived.
    pub phones_are_off: bool,
    /// Each object is written in two pieces with this pause between them.
    pub torn: Duration,
}

/// How sending fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendFailure {
    /// -5, `RATE_LIMIT_FAILURE`. Since 0.14.3 it may say for how many seconds.
    RateLimit(Option<u64>),
    /// -5, `RATE_LIMIT_FAILURE` with a token: Signal wants a captcha, or so many seconds of waiting.
    Captcha(String, u64),
    /// -1, `UNREGISTERED_FAILURE`.
    Unregistered,
    /// -4, `IDENTITY_FAILURE`.
    Identity,
    /// -1, `NETWORK_FAILURE`.
    Network,
    /// -1, `INVALID_PRE_KEY_FAILURE`.
    InvalidPreKey,
    /// -1 with this message.
    User(String),
    /// -3 with this message.
    Io(String),
    /// -32603: no connection to Signal.
    Offline,
}
