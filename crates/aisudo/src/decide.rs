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
    output::Output,
};

/// Shows the request, then sends the answer to what was shown.
pub(crate) fn run(
    paths: &Paths,
    arguments: &Answer,
    verdict: Verdict,
    note: Option<String>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut control = Control::open(paths)?;
    let fetched = fetch(&mut control, &arguments.which)?;
    may_be_decided(&fetched, arguments)?;
    if !arguments.json {
        show(&fetched, output)?;
    }
    decide(&mut control, &fetched, verdict, note)?;
    if arguments.json {
        return output.json(&Outcome {
            verdict,
            request: fetched.json()?,
        });
    }
    output.line(&outcome(verdict, &fetched))
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
            "these are {} bytes, at most {MAX_NOTE_BYTES} are possible",
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
        "nothing was decided: the request has another digest, {digest}"
    ))
}

/// What could not be shown is not decided.
fn show(fetched: &Fetched, output: &mut Output) -> Result<(), Failure> {
    let shown = output
        .text(&fetched.view().plain())
        .and_then(|()| output.line(""))
        .and_then(|()| output.flush());
    shown.map_err(|_| {
        Failure::Refused(
            "nothing was decided: the request could not be shown on standard output".to_owned(),
        )
    })
}

#[derive(Serialize)]
struct Outcome<'a> {
    verdict: Verdict,
    #[serde(flatten)]
    request: Json<'a>,
}
