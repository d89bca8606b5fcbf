//! What [`Policy::judge`] does, told rule by rule.

use std::fmt;

use super::{Answer, LocalTime, Policy, Ruling, rule::Rule};
use crate::request::Request;

/// How a policy comes to its ruling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Every rule, in order.
    pub rules: Vec<Considered>,
    /// What [`Policy::judge`] says.
    pub ruling: Ruling,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its name.
    pub name: String,
    /// Its effect, as the file has it.
    pub effect: &'static str,
    /// What came of it.
    pub part: Part,
}

/// The part of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It is about the request or not.
    Answered {
        /// Which of the two, and why.
        answer: Answer,
        /// It has `agent`: it can make things stricter, and does not end the search.
        only_stricter: bool,
    },
    /// An earlier rule ended the search.
    NotReached,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached => f.write_str("not reached"),
            Self::Answered {
                answer: Answer::Yes,
                only_stricter: true,
            } => f.write_str("matches; it counts if it is stricter than the rest"),
            Self::Answered {
                answer: Answer::Yes,
                ..
            } => f.write_str("matches"),
            Self::Answered {
                answer: Answer::Perhaps(why),
                ..
            } => write!(
                f,
                "cannot be told; it counts if it is stricter than the rest ({why})"
            ),
            Self::Answered {
                answer: Answer::No(why),
                ..
            } => write!(f, "does not match ({why})"),
        }
    }
}

impl Policy {
    /// [`Policy::judge`], with what each rule had to say.
    #[must_use]
    pub fn explain(&self, request: &Request, now: LocalTime) -> Explanation {
        let mut parts = Vec::with_capacity(self.rules.len());
        let ruling = self.search(request, now, &mut |rule: &Rule, answer| {
            parts.push(Part::Answered {
                answer,
                only_stricter: rule.agent.is_some(),
            });
        });
        parts.resize(self.rules.len(), Part::NotReached);
        let rules = self.rules.iter().zip(parts).map(|(rule, part)| Considered {
            name: rule.name.0.clone(),
            effect: rule.effect.word(),
            part,
        });
        Explanation {
            rules: rules.collect(),
            ruling,
        }
    }
}
