//! Root's policy, `policy.toml`: which commands run without a question, which never do, and which
//! are asked about.
//!
//! The first rule that matches decides ([`Policy::judge`]). A stricter rule matches when in doubt,
//! an allow rule does not: what is not known, or could be read in two ways, never loosens anything.
//! In this order: [`word`] (what a word may be), [`rule`] (what a rule holds), [`read`] (the file),
//! [`matching`], [`certain`], [`possible`] and [`allow`] (whether a rule is about a request). What is for people only, and
//! never called in sudo: [`explain`], [`example`] and [`lint`].

mod allow;
mod certain;
mod example;
mod explain;
pub mod lint;
mod matching;
mod possible;
mod read;
mod rule;
mod word;

use crate::request::Request;
use matching::Facts;
use rule::{Rule, Verb};

pub use example::Example;
pub use explain::{Considered, Explanation, Part};
pub use matching::{Answer, Why};

/// The rules, in order: the first that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    default: Verb,
    rules: Vec<Rule>,
}

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

impl Effect {
    /// The word for it in the file.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask { .. } => "ask",
            Self::Deny { .. } => "deny",
            Self::Password => "password",
        }
    }
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

impl Default for Policy {
    /// No rules: everything is asked about.
    fn default() -> Self {
        Self {
            default: Verb::Ask,
            rules: Vec::new(),
        }
    }
}

impl Policy {
    /// Reads the file's text.
    ///
    /// # Errors
    /// One line: where, what, and what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        read::policy(text)
    }

    /// What is to be done with this request at this time.
    #[must_use]
    pub fn judge(&self, request: &Request, now: LocalTime) -> Ruling {
        self.search(request, now, &mut |_, _| {})
    }

    /// How many rules it has.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules.len()
    }

    /// What it is, in one short phrase.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = self.rules.len();
        let rules = if count == 1 { "rule" } else { "rules" };
        format!("{count} {rules}, otherwise {}", self.default.word())
    }

    /// The first rule that matches for certain ends the search. Those before it that may match, or
    /// that rest on what a process claims to be, count only where they are stricter.
    fn search(
        &self,
        request: &Request,
        now: LocalTime,
        see: &mut dyn FnMut(&Rule, Answer),
    ) -> Ruling {
        let facts = Facts::new(request, now);
        let mut end = None;
        let mut stricter: Option<&Rule> = None;
        for rule in &self.rules {
            let answer = matching::answer(rule, &facts);
            see(rule, answer);
            match answer {
                Answer::No(_) => {}
                Answer::Yes if rule.agent.is_none() => {
                    end = Some(rule);
                    break;
                }
                Answer::Yes | Answer::Perhaps(_) => {
                    if stricter.is_none_or(|other| rule.effect > other.effect) {
                        stricter = Some(rule);
                    }
                }
            }
        }
        let otherwise = end.map_or(self.default, |rule| rule.effect);
        match stricter.filter(|rule| rule.effect > otherwise).or(end) {
            Some(rule) => Ruling {
                effect: rule.effect(),
                rule: Some(rule.name.0.clone()),
            },
            None => Ruling {
                effect: match self.default {
                    Verb::Deny => Effect::Deny { text: None },
                    Verb::Password => Effect::Password,
                    Verb::Ask | Verb::Allow => Effect::Ask { timeout: None },
                },
                rule: None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
