//! Whether a rule is about a request.
//!
//! Two readings of the same conditions. An allow rule is about what is certain and has no other
//! side to it. A stricter rule is about what might be meant, too: where a fact is missing or can be
//! read in two ways, the answer is *perhaps*, and such a rule can only make things stricter.

use std::{cell::OnceCell, fmt};

use super::{
    LocalTime, allow, certain, possible,
    rule::{Rule, StreamKind, Verb},
    word::Fit,
};
use crate::{
    raw::Raw,
    request::{Call, Request},
    sudo_argv::{Mode, SudoCall},
};

/// How a rule and a request stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The rule is about it.
    Yes,
    /// It might be, and the rule is one that counts then.
    Perhaps(Why),
    /// It is not.
    No(Why),
}

/// The condition or requirement that a rule does not meet, or not for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is what its text says")]
pub enum Why {
    User,
    Group,
    Host,
    Target,
    TargetGroup,
    Mode,
    Program,
    Args,
    Cwd,
    Tty,
    Stdin,
    Agent,
    Hours,
    Days,
    NotSudo,
    Unreadable,
    SearchedProgram,
    ChangeableProgram,
    ChangeableArgument,
    WholeEnvironment,
    Environment,
    CodeVariable,
    Chdir,
    Chroot,
    RareOption(&'static str),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user: who asks",
            Self::Group => "group: the groups of who asks",
            Self::Host => "host: the name of this machine",
            Self::Target => "target: the user that it would run as (-u)",
            Self::TargetGroup => "target_group: the group that it would run as (-g)",
            Self::Mode => "mode: what sudo is asked to do",
            Self::Program => "program: what would run",
            Self::Args => "args: the words after the program, one by one",
            Self::Cwd => "cwd: where sudo was started",
            Self::Tty => "tty: whether there is a terminal",
            Self::Stdin => "stdin: where standard input comes from",
            Self::Agent => "agent: what the processes above claim to be",
            Self::Hours => "hours: the time of day",
            Self::Days => "days: the day of the week",
            Self::NotSudo => "an allow rule is for sudo's own PAM services",
            Self::Unreadable => "an allow rule needs a command line that can be read in one way only",
            Self::SearchedProgram => {
                "an allow rule needs to know the program for certain: sudo must say it, or the command must give its absolute path"
            }
            Self::ChangeableProgram => "the requester can change the program or its interpreter",
            Self::ChangeableArgument => {
                "the requester can change a file that args takes by its directory, or the way to it"
            }
            Self::WholeEnvironment => "an allow rule never takes -E",
            Self::Environment => "a variable is set or kept that env does not name",
            Self::CodeVariable => {
                "a variable that can make programs run other code is set or kept; only a rule with dangerous = true may name it"
            }
            Self::Chdir => "an allow rule never takes -D",
            Self::Chroot => "an allow rule never takes -R",
            Self::RareOption(option) => {
                return write!(f, "an allow rule never takes --{option} of sudo");
            }
        })
    }
}

/// A request, with what is worked out of it once and only when a rule needs it.
pub(super) struct Facts<'a> {
    pub(super) request: &'a Request,
    pub(super) now: LocalTime,
    pub(super) again: OnceCell<Option<SudoCall>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(request: &'a Request, now: LocalTime) -> Self {
        Self {
            request,
            now,
            again: OnceCell::new(),
        }
    }
}

/// The answer of one rule.
pub(super) fn answer(rule: &Rule, facts: &Facts<'_>) -> Answer {
    if rule.effect == Verb::Allow {
        return match allow::refuses(rule, facts) {
            Some(why) => Answer::No(why),
            None => Answer::Yes,
        };
    }
    let mut answer = Answer::Yes;
    for (condition, why) in conditions(false) {
        match condition(rule, facts.request, facts.now) {
            Fit::No => return Answer::No(*why),
            Fit::Perhaps if answer == Answer::Yes => answer = Answer::Perhaps(*why),
            Fit::Perhaps | Fit::Yes => {}
        }
    }
    answer
}

type Condition = fn(&Rule, &Request, LocalTime) -> Fit;

/// All conditions, in the order in which they are looked at.
pub(super) fn conditions(strictly: bool) -> &'static [(Condition, Why)] {
    const CERTAIN: &[(Condition, Why)] = &[
        (|r, q, _| user(r, q), Why::User),
        (|r, q, _| group(r, q), Why::Group),
        (|r, q, _| certain::host(r, q), Why::Host),
        (|r, q, _| certain::mode(r, q), Why::Mode),
        (|r, q, _| certain::target(r, q), Why::Target),
        (|r, q, _| certain::target_group(r, q), Why::TargetGroup),
        (|r, q, _| certain::program(r, q), Why::Program),
        (|r, q, _| certain::args(r, q), Why::Args),
        (|r, q, _| certain::cwd(r, q), Why::Cwd),
        (|r, q, _| tty(r, q), Why::Tty),
        (|r, q, _| stdin(r, q), Why::Stdin),
        (hours, Why::Hours),
        (days, Why::Days),
    ];
    const POSSIBLE: &[(Condition, Why)] = &[
        (|r, q, _| user(r, q), Why::User),
        (|r, q, _| group(r, q), Why::Group),
        (|r, q, _| possible::host(r, q), Why::Host),
        (|r, q, _| possible::mode(r, q), Why::Mode),
        (|r, q, _| possible::target(r, q), Why::Target),
        (|r, q, _| possible::target_group(r, q), Why::TargetGroup),
        (|r, q, _| possible::program(r, q), Why::Program),
        (|r, q, _| possible::args(r, q), Why::Args),
        (|r, q, _| possible::cwd(r, q), Why::Cwd),
        (|r, q, _| tty(r, q), Why::Tty),
        (|r, q, _| stdin(r, q), Why::Stdin),
        (|r, q, _| agent(r, q), Why::Agent),
        (hours, Why::Hours),
        (days, Why::Days),
    ];
    if strictly { CERTAIN } else { POSSIBLE }
}

pub(super) fn yes(holds: bool) -> Fit {
    if holds { Fit::Yes } else { Fit::No }
}

/// A user without a name in the database may be anyone.
fn user(rule: &Rule, request: &Request) -> Fit {
    let name = request.requester.name.as_ref();
    match &rule.user {
        None => Fit::Yes,
        Some(_) if name.is_empty() => Fit::Perhaps,
        Some(users) => yes(users.0.iter().any(|user| user.0.as_bytes() == name)),
    }
}

fn group(rule: &Rule, request: &Request) -> Fit {
    let held = &request.requester.groups;
    match &rule.group {
        None => Fit::Yes,
        Some(_) if held.is_empty() => Fit::Perhaps,
        Some(groups) => yes(groups
            .0
            .iter()
            .any(|group| held.iter().any(|held| held.as_ref() == group.0.as_bytes()))),
    }
}

fn tty(rule: &Rule, request: &Request) -> Fit {
    yes(rule.tty.is_none_or(|tty| tty == request.tty.is_some()))
}

fn stdin(rule: &Rule, request: &Request) -> Fit {
    let [stdin, ..] = &request.stdio;
    let kind = StreamKind::of(stdin);
    yes(rule
        .stdin
        .as_ref()
        .is_none_or(|kinds| kinds.0.contains(&kind)))
}

fn agent(rule: &Rule, request: &Request) -> Fit {
    yes(rule.agent.as_ref().is_none_or(|labels| {
        labels
            .0
            .iter()
            .any(|label| request.agents.contains(&label.0))
    }))
}

fn hours(rule: &Rule, _: &Request, now: LocalTime) -> Fit {
    yes(rule
        .hours
        .as_ref()
        .is_none_or(|hours| hours.0.iter().any(|hours| hours.hold(now))))
}

fn days(rule: &Rule, _: &Request, now: LocalTime) -> Fit {
    yes(rule
        .days
        .as_ref()
        .is_none_or(|days| days.0.iter().any(|day| day.holds(now))))
}

/// The words after the program; for a shell those given to it, for an edit the files.
pub(super) fn arguments(call: &Call) -> &[Raw] {
    let program = usize::from(matches!(call.mode, Mode::Run | Mode::List));
    call.argv.get(program..).unwrap_or_default()
}

/// The last part of a path.
pub(super) fn base(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}
