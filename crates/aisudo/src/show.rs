//! `aisudo show`.

use aisudo_core::{display, paths::Paths};

use crate::{
    cli::Show,
    daemon::Control,
    failure::Failure,
    fetch::{Fetched, fetch, standing},
    output::Output,
    times,
};

pub(crate) fn run(paths: &Paths, arguments: &Show, output: &mut Output) -> Result<(), Failure> {
    let fetched = fetch(&mut Control::open(paths)?, &arguments.which)?;
    if arguments.json {
        return output.json(&fetched.json()?);
    }
    output.text(&fetched.view().plain())?;
    output.line(&format!("\n{}", state_line(&fetched)))?;
    match note(&fetched) {
        Some(note) => output.line(&format!("in the approver's words: {note}")),
        None => Ok(()),
    }
}

/// When it was asked, and where it stands.
pub(crate) fn state_line(fetched: &Fetched) -> String {
    format!(
        "asked at {}; it {}",
        times::local(fetched.row.asked_at_ms),
        standing(&fetched.row.state)
    )
}

/// What the approver said with the decision.
pub(crate) fn note(fetched: &Fetched) -> Option<String> {
    let decision = fetched.row.state.decision()?;
    let note = decision.note.as_ref()?;
    Some(display::text(note.as_bytes()).text)
}
