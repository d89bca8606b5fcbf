//! The lines that the gate writes to standard error: fixed wording, one plain line each.
//!
//! An agent reads these and nothing else. Each says what happened, and what not to try.

use std::fmt;

use crate::display;

/// One line on standard error, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The wait begins.
    Waiting {
        /// The name by which people answer.
        code: String,
        /// Where they were asked.
        channels: Vec<String>,
        /// Until no answer means no.
        seconds: u64,
    },
    /// Yes.
    Approved {
        /// Who said it.
        approver: String,
    },
    /// No.
    Denied {
        /// Who said it.
        approver: String,
        /// Their words.
        note: Option<String>,
    },
    /// No answer.
    Expired {
        /// How long the wait was.
        seconds: u64,
    },
    /// The daemon cannot be reached, and a password may take its place.
    UnreachablePassword {
        /// Why.
        why: String,
    },
    /// The daemon cannot be reached, and nothing takes its place.
    UnreachableDenied {
        /// Why.
        why: String,
    },
    /// Not asked, because root's policy wants the password.
    PolicyPassword {
        /// The rule's name; nothing when it is the policy's default.
        rule: Option<String>,
    },
    /// Not asked, because of a limit; a password may take its place.
    RefusedPassword {
        /// Why.
        why: String,
    },
    /// Will not run.
    Refused {
        /// Why.
        why: String,
    },
    /// The wait was ended from this side.
    Cancelled {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Words of others pass through the safe display: what a denial says must not drive the
        // terminal of the one who reads it.
        let safe = |text: &str| display::plain_text(text.as_bytes());
        f.write_str("aisudo: ")?;
        match self {
            Self::Waiting {
                code,
                channels,
                seconds,
            } => write!(
                f,
                "waiting for a person to approve this command, code {} (asked on: {}); no answer within {seconds} s means no; do not start it again meanwhile",
                safe(code),
                safe(&channels.join(", "))
            ),
            Self::Approved { approver } => write!(f, "approved by {}", safe(approver)),
            Self::Denied { approver, note } => {
                write!(f, "denied by {}", safe(approver))?;
                if let Some(note) = note {
                    write!(f, ": {}", safe(note))?;
                }
                f.write_str(" (do not retry or look for another way; ask the person)")
            }
            Self::Expired { seconds } => write!(
                f,
                "expired: nobody answered within {seconds} s, nothing was run (do not retry at once; ask the person)"
            ),
            Self::UnreachablePassword { why } => {
                write!(
                    f,
                    "unreachable: {}; a password is asked for instead",
                    safe(why)
                )
            }
            Self::UnreachableDenied { why } => write!(
                f,
                "unreachable: {}; nothing was run (do not retry; the person must repair aisudo)",
                safe(why)
            ),
            Self::RefusedPassword { why } => {
                write!(f, "refused: {}; a password is asked for instead", safe(why))
            }
            Self::PolicyPassword { rule: Some(rule) } => write!(
                f,
                "the policy's rule {} wants the password for this; nobody is asked",
                safe(rule)
            ),
            Self::PolicyPassword { rule: None } => {
                f.write_str("root's policy wants the password for this; nobody is asked")
            }
            Self::Refused { why } => write!(f, "refused: {}; nothing was run", safe(why)),
            Self::Cancelled { why } => write!(f, "cancelled: {}; nothing was run", safe(why)),
        }
    }
}
