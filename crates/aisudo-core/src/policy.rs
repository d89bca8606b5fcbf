//! Root's policy, `policy.toml`: which commands run without a question, which never do, and which
//! are asked about.

use crate::request::Request;

/// The rules, in order: the first that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {}

/// What the policy says of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What is to be done.
    pub effect: Effect,
    /// The name of the rule that says so; nothing when none matched.
    pub rule: Option<String>,
}

/// What is to be done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It runs, and nobody is asked.
    Allow,
    /// An approver is asked.
    Ask {
        /// Seconds until no answer means no, if sooner than the configuration says.
        timeout: Option<u32>,
    },
    /// It does not run.
    Deny {
        /// For whoever asked.
        text: Option<String>,
    },
    /// sudo asks for the password, as without aisudo.
    Password,
}

/// The time of day at the host, by its own time zone (never by the requester's `TZ`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// 0 is Monday, 6 is Sunday.
    pub weekday: u8,
    /// Minutes since midnight, 0 to 1439.
    pub minute: u16,
}

impl Default for Ruling {
    /// Nothing is known of it: a person is asked.
    fn default() -> Self {
        Self {
            effect: Effect::Ask { timeout: None },
            rule: None,
        }
    }
}

impl Policy {
    /// Reads the file's text.
    ///
    /// # Errors
    /// One line: where, what, and what to do.
    pub fn parse(_text: &str) -> Result<Self, String> {
        Ok(Self {})
    }

    /// How many rules it has.
    #[must_use]
    pub fn rules(&self) -> usize {
        0
    }

    /// What is to be done with this request at this time.
    #[must_use]
    pub fn judge(&self, _request: &Request, _now: LocalTime) -> Ruling {
        Ruling::default()
    }
}
