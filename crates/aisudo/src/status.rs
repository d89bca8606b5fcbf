//! `aisudo status`.

use aisudo_core::{
    display,
    paths::Paths,
    wire::{self, FromAgent, FromControl, Row, ToAgent, ToControl},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    cli::Status,
    daemon::{Agent, Control, out_of_place},
    failure::Failure,
    list::{own, summary},
    output::Output,
    times,
};

pub(crate) fn run(paths: &Paths, arguments: &Status, output: &mut Output) -> Result<(), Failure> {
    let state = match whole(paths) {
        Err(Failure::NotPermitted(_)) => of_anyone(paths),
        state => state,
    };
    if arguments.json {
        return print_json(state, output);
    }
    match state? {
        State::Whole { status, .. } => print_whole(&status, output),
        State::OfAnyone {
            version, requests, ..
        } => print_own(&version, &requests, output),
    }
}

/// That nothing runs is an object too, beside the exit code.
fn print_json(state: Result<State, Failure>, output: &mut Output) -> Result<(), Failure> {
    if let Err(Failure::Unreachable(_)) = &state {
        output.json(&json!({"running": false}))?;
        output.flush()?;
    }
    output.json(&state?)
}

#[derive(Serialize)]
#[serde(untagged)]
enum State {
    /// What approvers see.
    Whole { running: bool, status: wire::Status },
    /// What everyone sees.
    OfAnyone {
        running: bool,
        version: String,
        requests: Vec<Row>,
    },
}

fn whole(paths: &Paths) -> Result<State, Failure> {
    match Control::open(paths)?.ask(&FromControl::Status)? {
        ToControl::Status { status } => Ok(State::Whole {
            running: true,
            status,
        }),
        _ => Err(out_of_place()),
    }
}

fn of_anyone(paths: &Paths) -> Result<State, Failure> {
    match Agent::open(paths)?.ask(&FromAgent::Status)? {
        ToAgent::Alive { version } => Ok(State::OfAnyone {
            running: true,
            version,
            requests: own(paths, false)?,
        }),
        _ => Err(out_of_place()),
    }
}

fn print_whole(status: &wire::Status, output: &mut Output) -> Result<(), Failure> {
    output.line(&format!(
        "aisudo-daemon {} runs, for {}",
        safe(&status.version),
        times::span(status.up_ms)
    ))?;
    output.line(&format!(
        "requests: {} waiting, {} approved and not yet let through",
        status.pending, status.approved
    ))?;
    output.line(&format!("policy: {}", safe(&status.policy)))?;
    for (name, health) in &status.channels {
        // How the audit log is kept comes the same way.
        let what = if name.starts_with("audit ") {
            ""
        } else {
            "channel "
        };
        output.line(&format!("{what}{}: {}", safe(name), safe(health)))?;
    }
    output.line(&format!(
        "audit log: {} entries, checkpoint {}:{}",
        status.head.sequence,
        status.head.sequence,
        safe(&status.head.hash)
    ))
}

fn print_own(version: &str, requests: &[Row], output: &mut Output) -> Result<(), Failure> {
    output.line(&format!("aisudo-daemon {} runs", safe(version)))?;
    output.line(&format!("your own requests: {} waiting", requests.len()))?;
    for row in requests {
        output.line(summary(row).trim_end())?;
    }
    Ok(())
}

fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
}
