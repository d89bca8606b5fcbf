//! `aisudo approve` and `aisudo deny`.

use aisudo_core::{
    digest::normalize_code,
    display,
    evidence::Verdict,
    paths::Paths,
    raw::Hex32,
    wire::{FromControl, MAX_NOTE_BYTES, ToControl},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    cli::Answer,
    daemon::{Control, out_of_place},
    failure::Failure,
    fetch::{Fetched, Json, fetch, standing},
    group::{Group, asked_times, waiting},
    output::{Output, remark},
};

/// Shows the request, then sends the answer to what was shown.
pub(crate) fn run(
    paths: &Paths,
    arguments: &Answer,
    verdict: Verdict,
    note: Option<&str>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut control = Control::open(paths)?;
    let fetched = fetch(&mut control, &arguments.which)?;
    may_be_decided(&fetched, arguments)?;
    // Before the answer: one that comes later was not meant.
    let alike = alike(&mut control, &fetched)?;
    if !arguments.json {
        show(&alike, arguments.identical, output)?;
    }
    let answered = if arguments.identical { usize::MAX } else { 1 };
    let mut failed = 0;
    for (index, one) in alike.members.iter().take(answered).enumerate() {
        match decide(&mut control, one, verdict, note.map(str::to_owned)) {
            Ok(()) => say(one, verdict, arguments, output)?,
            Err(failure) if index == 0 => return Err(failure),
            Err(failure) => {
                output.flush()?;
                failed += 1;
                let why = failure.message().unwrap_or_default();
                remark(&format!("{} was not decided: {why}", one.row.code));
            }
        }
    }
    output.flush()?;
    match alike.others() {
        Some(others) if !arguments.identical => remark(&format!(
            "{} identical still waiting: {others} (--identical answers them too)",
            alike.members.len() - 1
        )),
        _ => {}
    }
    if failed > 0 {
        let all = alike.members.len();
        let some = format!("{failed} of {all} identical requests were not decided");
        return Err(Failure::Refused(some));
    }
    Ok(())
}

/// This one, and behind it those that ask the same and wait.
fn alike(control: &mut Control, fetched: &Fetched) -> Result<Group, Failure> {
    let others = waiting(control, &[])?
        .requests
        .into_iter()
        .filter(|other| other.fingerprint == fetched.fingerprint && other.row.id != fetched.row.id);
    Ok(Group {
        fingerprint: fetched.fingerprint,
        members: std::iter::once(fetched.clone()).chain(others).collect(),
    })
}

fn say(
    fetched: &Fetched,
    verdict: Verdict,
    arguments: &Answer,
    output: &mut Output,
) -> Result<(), Failure> {
    if arguments.json {
        return output.json(&Outcome {
            verdict,
            request: fetched.json()?,
        });
    }
    output.line(&outcome(verdict, fetched))
}

/// Sends one answer, for the bytes that were shown.
pub(crate) fn decide(
    control: &mut Control,
    fetched: &Fetched,
    verdict: Verdict,
    note: Option<String>,
) -> Result<(), Failure> {
    let answer = FromControl::Decide {
        id: fetched.row.id,
        digest: fetched.row.digest,
        verdict,
        note,
    };
    match control.ask(&answer) {
        Ok(ToControl::Decided) => Ok(()),
        Ok(_) => Err(out_of_place()),
        Err(Failure::Unreachable(why)) => Err(Failure::Unreachable(format!(
            "{why}; whether the answer was taken is not known, see: aisudo show {}",
            fetched.row.code
        ))),
        Err(failure) => Err(failure),
    }
}

/// What is said when an answer was taken.
pub(crate) fn outcome(verdict: Verdict, fetched: &Fetched) -> String {
    let code = &fetched.row.code;
    match verdict {
        Verdict::Approve => format!("approved {code}; sudo goes on"),
        Verdict::Deny => format!("denied {code}; nothing is run"),
    }
}

/// An approver's words, as clap and the prompt take them.
pub(crate) fn note(text: &str) -> Result<String, String> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(format!(
            "these are {} bytes, at most {MAX_NOTE_BYTES} are possible; shorten them",
            text.len()
        ));
    }
    Ok(text.to_owned())
}

fn may_be_decided(fetched: &Fetched, arguments: &Answer) -> Result<(), Failure> {
    if !fetched.is_pending() {
        let which = match arguments.which.trim().parse::<Uuid>() {
            Ok(id) => id.to_string(),
            Err(_) => display::word(normalize_code(&arguments.which).as_bytes()).text,
        };
        return Err(Failure::Refused(format!(
            "no request {which} is waiting (it {})",
            standing(&fetched.row.state)
        )));
    }
    match arguments.digest {
        Some(expected) if expected != fetched.row.digest => Err(other_digest(fetched.row.digest)),
        _ => Ok(()),
    }
}

fn other_digest(digest: Hex32) -> Failure {
    Failure::Refused(format!(
        "nothing was decided: the request has another digest, {digest}; look at it again before you answer"
    ))
}

/// What could not be shown is not decided.
fn show(alike: &Group, identical: bool, output: &mut Output) -> Result<(), Failure> {
    let view = alike.first().map(|first| first.view().plain());
    let times = asked_times(alike).filter(|_| identical);
    let times = times.map(|times| format!("{times}\n\n"));
    let shown = output
        .text(&view.unwrap_or_default())
        .and_then(|()| output.line(""))
        .and_then(|()| output.text(&times.unwrap_or_default()))
        .and_then(|()| output.flush());
    shown.map_err(|_| {
        Failure::Refused(
            "nothing was decided: the request could not be shown; give it a standard output that can be written".to_owned(),
        )
    })
}

#[derive(Serialize)]
struct Outcome<'a> {
    verdict: Verdict,
    #[serde(flatten)]
    request: Json<'a>,
}
