//! `aisudo policy explain`.

use std::ffi::OsString;

use aisudo_core::{
    display,
    paths::Paths,
    policy::{Answer, Considered, Effect, Explanation, LocalTime, Part, Policy, Ruling},
    request::{Found, Request},
    sudo_argv::Mode,
};
use aisudo_sys::{clock, users};
use serde::Serialize;

use super::safe;
use crate::{failure::Failure, output::Output};

/// What is asked.
pub(super) struct Question<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) at: Option<LocalTime>,
    pub(super) words: &'a [OsString],
}

pub(super) fn run(
    paths: &Paths,
    policy: &Policy,
    question: &Question<'_>,
    json: bool,
    output: &mut Output,
) -> Result<(), Failure> {
    let request = request(paths, question)?;
    let now = question
        .at
        .unwrap_or_else(|| clock::local_time(clock::unix_ms()));
    let by_search = policy.judge(&request, now);
    let explanation = policy.explain(&by_c_sudo(&request), now);
    let other = (by_search != explanation.ruling).then_some(by_search);
    let notes = notes(question, &request);
    if json {
        return output.json(&Explained::of(&explanation, other.as_ref(), &notes));
    }
    output.line(&format!(
        "{}, by {}",
        display::words(&request.sudo.argv).text,
        safe(&String::from_utf8_lossy(&request.requester.name.0))
    ))?;
    if let Some(path) = &request.program.path {
        output.line(&format!("the program is {}", display::word(&path.0).text))?;
    }
    for (index, rule) in explanation.rules.iter().enumerate() {
        output.line(&format!(
            "{:3}. {} \"{}\": {}",
            index + 1,
            rule.effect,
            safe(&rule.name),
            rule.part
        ))?;
    }
    output.line(&says(&explanation.ruling))?;
    if let Some(other) = &other {
        output.line(&format!(
            "under sudo-rs, which does not say what program it has found: {}",
            says(other)
        ))?;
    }
    for note in notes {
        output.line(&format!("note: {note}"))?;
    }
    Ok(())
}

fn request(paths: &Paths, question: &Question<'_>) -> Result<Request, Failure> {
    let frozen = match question.user {
        None => aisudo_gate::simulate(question.words, paths),
        Some(name) => users::uid_of(name)
            .ok_or_else(|| format!("the user database has no user {name}"))
            .and_then(|uid| aisudo_gate::simulate_as(uid, question.words, paths)),
    };
    frozen
        .and_then(|frozen| Request::parse(&frozen))
        .map_err(|error| Failure::refused_by(&error))
}

/// The same, from a sudo that says which program it has found.
fn by_c_sudo(request: &Request) -> Request {
    let mut request = request.clone();
    if request.program.path.is_some() {
        request.program.found = Found::Sudo;
    }
    request
}

/// What is not as it would be.
fn notes(question: &Question<'_>, request: &Request) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if question.user.is_some() {
        notes.push(
            "directory, terminal, standard input and parent processes are those of this command, not of that user",
        );
    }
    let mode = request.call.as_ref().map(|call| call.mode);
    if matches!(mode, Some(Mode::Shell | Mode::LoginShell)) {
        notes.push("which shell it is, only sudo knows");
    }
    if request.requester.uid == 0 {
        notes.push("root is not gated, and can change everything");
    }
    if request.call.is_none() {
        notes.push("the command line cannot be read in one way only");
    }
    notes
}

fn says(ruling: &Ruling) -> String {
    let by = match &ruling.rule {
        Some(rule) => format!("by rule \"{}\"", safe(rule)),
        None => "since no rule decides".to_owned(),
    };
    let more = match &ruling.effect {
        Effect::Ask {
            timeout: Some(seconds),
        } => format!(", within {seconds} s"),
        Effect::Deny { text: Some(text) } => format!(": {}", safe(text)),
        _ => String::new(),
    };
    format!("{}, {by}{more}", ruling.effect.word())
}

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    ruling: Said<'a>,
    rules: Vec<Rule<'a>>,
    sudo_rs: Option<Said<'a>>,
    notes: &'a [&'static str],
}

#[derive(Serialize)]
struct Said<'a> {
    effect: &'static str,
    rule: Option<&'a str>,
    timeout: Option<u32>,
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    effect: &'static str,
    matches: &'static str,
    why: Option<String>,
}

impl<'a> Explained<'a> {
    fn of(
        explanation: &'a Explanation,
        other: Option<&'a Ruling>,
        notes: &'a [&'static str],
    ) -> Self {
        Self {
            ruling: Said::of(&explanation.ruling),
            rules: explanation.rules.iter().map(Rule::of).collect(),
            sudo_rs: other.map(Said::of),
            notes,
        }
    }
}

impl<'a> Said<'a> {
    fn of(ruling: &'a Ruling) -> Self {
        let (timeout, text) = match &ruling.effect {
            Effect::Ask { timeout } => (*timeout, None),
            Effect::Deny { text } => (None, text.as_deref()),
            Effect::Allow | Effect::Password => (None, None),
        };
        Self {
            effect: ruling.effect.word(),
            rule: ruling.rule.as_deref(),
            timeout,
            text,
        }
    }
}

impl<'a> Rule<'a> {
    fn of(considered: &'a Considered) -> Self {
        let (matches, why) = match considered.part {
            Part::NotReached => ("not_reached", None),
            Part::Answered { answer, .. } => match answer {
                Answer::Yes => ("yes", None),
                Answer::Perhaps(why) => ("perhaps", Some(why.to_string())),
                Answer::No(why) => ("no", Some(why.to_string())),
            },
        };
        Self {
            name: &considered.name,
            effect: considered.effect,
            matches,
            why,
        }
    }
}
