//! What the two PAM phases answer: the decision table of the gate.
//!
//! `auth` asks a person in place of a password. `account` is called by sudo for every command,
//! also where `auth` was skipped (a live ticket, NOPASSWD, `-u self`), and asks only there. The two
//! share one [`Verdict`] within the process, so that a command is asked for once.

use aisudo_core::{
    config::{Config, Fallback, When},
    evidence::EvidenceKind,
    messages::Line,
    request::Operand,
    state::Tick,
};

/// What a phase answers to PAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `PAM_SUCCESS`: a person said yes.
    Allow,
    /// `PAM_IGNORE`: not ours; the rest of the stack asks for a password.
    Ignore,
    /// `PAM_ABORT`: no. C sudo stops at once and does not ask three times.
    Abort,
}

/// What one phase leaves for the next in the same process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not gated, or a password takes the place of an answer: PAM's other modules decide.
    Password,
    /// A person said yes to this command.
    Approved(Approval),
    /// No.
    Denied,
}

/// A yes that was released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What it rests on.
    pub by: EvidenceKind,
    /// Who said it.
    pub approver: String,
    /// From then on it is worth nothing.
    pub deadline: Tick,
    /// The changeable files as they were when the question was asked.
    pub operands: Vec<Operand>,
}

/// How asking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes, recorded and released.
    Approved(Approval),
    /// No.
    Denied {
        /// Who said it.
        approver: String,
        /// Their words.
        note: Option<String>,
    },
    /// Nobody answered.
    Expired {
        /// How long the wait was.
        seconds: u64,
    },
    /// Root's policy wants the password for this.
    Password {
        /// The rule's name; nothing when it is the policy's default.
        rule: Option<String>,
    },
    /// It may not run at all.
    Refused(String),
    /// A limit was reached: root's fallback applies.
    Limited(String),
    /// The daemon cannot be reached, or fell silent: root's fallback applies.
    Unreachable(String),
    /// The wait was ended from this side: a signal, a dead parent, a closed pipe.
    Cancelled(&'static str),
}

/// What the table is applied to: the real sudo process, or a script in tests.
pub trait Surroundings {
    /// The kernel's word on who runs sudo.
    fn uid(&self) -> u32;
    /// Root's configuration.
    ///
    /// # Errors
    /// One line, when it is missing, not trusted or wrong.
    fn config(&self) -> Result<Config, String>;
    /// When this user is gated, if at all.
    ///
    /// # Errors
    /// One line, when the user database does not know them: their groups are unknown then.
    fn gated(&self, config: &Config) -> Result<Option<When>, String>;
    /// Whether standard input and standard error are the controlling terminal.
    fn attended(&self) -> bool;
    /// Asks, and waits for the end.
    fn ask(&mut self, config: &Config) -> Outcome;
    /// Whether an approval still holds: in time, and the changeable files as they were.
    ///
    /// # Errors
    /// One short phrase, when it does not.
    fn still_holds(&self, approval: &Approval) -> Result<(), String>;
    /// One line for the person or agent behind standard error.
    fn say(&mut self, line: &Line);
    /// What an earlier phase of this process left.
    fn recall(&self) -> Option<Verdict>;
    /// Leaves a verdict for later phases.
    fn remember(&mut self, verdict: Verdict);
}

/// `pam_sm_authenticate`.
pub fn authenticate(here: &mut impl Surroundings) -> Answer {
    phase(here, Skipped::Nothing)
}

/// `pam_sm_acct_mgmt`.
pub fn account(here: &mut impl Surroundings) -> Answer {
    phase(here, Skipped::Password)
}

/// The approval plugin, where no PAM phase has left a verdict.
pub(crate) fn unasked(here: &mut impl Surroundings) -> Answer {
    phase(here, Skipped::Module)
}

/// What sudo left out before a phase that finds no verdict of an earlier one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skipped {
    /// Nothing: the modules after this one can still ask for a password.
    Nothing,
    /// The password: no fallback to it is possible any more.
    Password,
    /// The PAM module, altogether: whether others asked for a password is not known.
    Module,
}

impl Skipped {
    /// Why no password takes the place of an answer, where `why` is in the way of one.
    fn no_password(self, why: &str) -> String {
        match self {
            Self::Nothing => why.to_owned(),
            // A user with a password gets one asked for by `sudo -k`.
            Self::Password => format!(
                "{why}; and no password was asked for (a live ticket or NOPASSWD): try sudo -k first"
            ),
            Self::Module => format!(
                "{why}; and sudo did not call aisudo's PAM module for this command, so that no password counts"
            ),
        }
    }
}

fn phase(here: &mut impl Surroundings, skipped: Skipped) -> Answer {
    if here.uid() == 0 {
        return Answer::Ignore;
    }
    let verdict = here.recall().unwrap_or_else(|| judge(here, skipped));
    conclude(here, verdict)
}

/// The first look at this run.
fn judge(here: &mut impl Surroundings, skipped: Skipped) -> Verdict {
    match (standing(here), skipped) {
        // A broken configuration must leave a sudo that works with a password (I9).
        (Err(why), Skipped::Nothing) => {
            here.say(&Line::UnreachablePassword { why });
            Verdict::Password
        }
        // Who is gated cannot be known, and no password was asked for: fail closed.
        (Err(why), Skipped::Password | Skipped::Module) => {
            here.say(&Line::Refused {
                why: skipped.no_password(&why),
            });
            Verdict::Denied
        }
        (Ok((_, None)), _) => Verdict::Password,
        // Attended or not: where sudo asks for no password, none protects the command.
        (Ok((_, Some(When::Unattended))), Skipped::Nothing) if here.attended() => Verdict::Password,
        (Ok((config, Some(_))), _) => {
            let outcome = here.ask(&config);
            settle(here, &config, outcome, skipped)
        }
    }
}

/// Root's configuration, and when it gates this user.
fn standing(here: &impl Surroundings) -> Result<(Config, Option<When>), String> {
    let config = here.config()?;
    let when = here.gated(&config)?;
    Ok((config, when))
}

/// Turns an outcome into a verdict and says it.
fn settle(
    here: &mut impl Surroundings,
    config: &Config,
    outcome: Outcome,
    skipped: Skipped,
) -> Verdict {
    let password = config.gate.fallback == Fallback::Password && skipped == Skipped::Nothing;
    let no_password = |why: String| match config.gate.fallback {
        Fallback::Password => skipped.no_password(&why),
        Fallback::Deny => why,
    };
    let (verdict, line) = match outcome {
        // What root's policy lets through runs as if there were no gate: nobody waited, and nothing
        // is said.
        Outcome::Approved(approval) if approval.by == EvidenceKind::Policy => {
            return Verdict::Approved(approval);
        }
        Outcome::Approved(approval) => {
            let approver = approval.approver.clone();
            (Verdict::Approved(approval), Line::Approved { approver })
        }
        Outcome::Password { rule } => match skipped {
            Skipped::Nothing => (Verdict::Password, Line::PolicyPassword { rule }),
            Skipped::Password | Skipped::Module => (
                Verdict::Denied,
                Line::Refused {
                    why: skipped.no_password("root's policy wants the password for this"),
                },
            ),
        },
        Outcome::Denied { approver, note } => (Verdict::Denied, Line::Denied { approver, note }),
        Outcome::Expired { seconds } => (Verdict::Denied, Line::Expired { seconds }),
        Outcome::Refused(why) => (Verdict::Denied, Line::Refused { why }),
        Outcome::Cancelled(why) => (
            Verdict::Denied,
            Line::Cancelled {
                why: why.to_owned(),
            },
        ),
        Outcome::Limited(why) if password => (Verdict::Password, Line::RefusedPassword { why }),
        Outcome::Limited(why) => (
            Verdict::Denied,
            Line::Refused {
                why: no_password(why),
            },
        ),
        Outcome::Unreachable(why) if password => {
            (Verdict::Password, Line::UnreachablePassword { why })
        }
        Outcome::Unreachable(why) => (
            Verdict::Denied,
            Line::UnreachableDenied {
                why: no_password(why),
            },
        ),
    };
    here.say(&line);
    verdict
}

/// Leaves the verdict for the next phase and answers PAM. A yes is looked at again each time: the
/// last look, in `account`, is the one nearest to the command.
fn conclude(here: &mut impl Surroundings, verdict: Verdict) -> Answer {
    let verdict = match verdict {
        Verdict::Approved(approval) => match here.still_holds(&approval) {
            Ok(()) => Verdict::Approved(approval),
            Err(why) => {
                here.say(&Line::Refused { why });
                Verdict::Denied
            }
        },
        other => other,
    };
    let answer = match verdict {
        Verdict::Password => Answer::Ignore,
        Verdict::Approved(_) => Answer::Allow,
        Verdict::Denied => Answer::Abort,
    };
    here.remember(verdict);
    answer
}

#[cfg(test)]
mod tests;
