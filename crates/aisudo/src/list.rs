//! `aisudo list`.

use aisudo_core::{
    display,
    paths::Paths,
    wire::{FromAgent, FromControl, LiveState, Row, Standing, ToAgent, ToControl},
};
use aisudo_sys::users;
use serde::Serialize;

use crate::{
    cli::List,
    daemon::{Agent, Control, out_of_place},
    failure::Failure,
    fetch::{fetch, who_as_whom},
    output::{Output, remark},
    times,
};

/// A longer command is not shown whole in a list; how to see it is said.
const MOST_CHARACTERS: usize = 100;

pub(crate) fn run(paths: &Paths, arguments: &List, output: &mut Output) -> Result<(), Failure> {
    match of_all(paths, arguments, output) {
        Err(Failure::NotPermitted(why)) => {
            let rows = own(paths, arguments.all)?;
            remark(&format!("{why}; these are your own requests"));
            print(&rows, None, arguments, output)
        }
        result => result,
    }
}

/// The caller's own requests, from the socket that is for everyone.
pub(crate) fn own(paths: &Paths, all: bool) -> Result<Vec<Row>, Failure> {
    match Agent::open(paths)?.ask(&FromAgent::Mine)? {
        ToAgent::Requests { requests } => Ok(requests
            .into_iter()
            .filter(|row| all || matches!(row.state, Standing::Live(_)))
            .collect()),
        _ => Err(out_of_place()),
    }
}

/// One line about one request, without its command.
pub(crate) fn summary(row: &Row) -> String {
    let code = display::word(row.code.as_bytes()).text;
    let when = match (&row.state, row.remaining_ms) {
        (Standing::Live(LiveState::Pending), Some(ms)) => format!("{} left", times::span(ms)),
        _ => times::local(row.asked_at_ms),
    };
    format!("{code:<6} {:<9} {when:<20}", row.state.name())
}

fn of_all(paths: &Paths, arguments: &List, output: &mut Output) -> Result<(), Failure> {
    let mut control = Control::open(paths)?;
    match control.ask(&FromControl::List { all: arguments.all })? {
        ToControl::Requests { requests, left_out } => {
            print(&requests, Some(&mut control), arguments, output)?;
            if left_out > 0 {
                remark(&format!("{left_out} more are not listed"));
            }
            Ok(())
        }
        _ => Err(out_of_place()),
    }
}

fn print(
    rows: &[Row],
    mut control: Option<&mut Control>,
    arguments: &List,
    output: &mut Output,
) -> Result<(), Failure> {
    if arguments.json {
        return output.json(&Listed {
            requests: rows,
            own_only: control.is_none(),
        });
    }
    if rows.is_empty() {
        let none = if arguments.all {
            "there are no requests"
        } else {
            "no request is waiting"
        };
        return output.line(none);
    }
    for row in rows {
        let what = match &mut control {
            Some(control) => who_and_command(control, row),
            None => own_name(row),
        };
        output.line(format!("{} {what}", summary(row)).trim_end())?;
    }
    Ok(())
}

/// The caller knows their own name from the user database.
fn own_name(row: &Row) -> String {
    who(&users::user_name(row.uid).unwrap_or_default(), row.uid)
}

fn who(name: &[u8], uid: u32) -> String {
    match name {
        b"" => format!("uid {uid}"),
        name => format!("{} (uid {uid})", display::word(name).text),
    }
}

/// The rows have no command: it is asked for.
fn who_and_command(control: &mut Control, row: &Row) -> String {
    match fetch(control, &row.id.to_string()) {
        Ok(fetched) => {
            let who = who(fetched.request.requester.name.as_ref(), row.uid);
            let view = fetched.view();
            let command = shortened(&view.command, &row.code);
            format!("{}: {command}", who_as_whom(&who, &view))
        }
        Err(failure) => {
            let why = failure.message().unwrap_or_default();
            format!("{}: (not shown: {why})", own_name(row))
        }
    }
}

fn shortened(command: &str, code: &str) -> String {
    let count = command.chars().count();
    if count <= MOST_CHARACTERS {
        return command.to_owned();
    }
    let beginning: String = command.chars().take(MOST_CHARACTERS).collect();
    format!(
        "{beginning} … AND {} MORE CHARACTERS, see: aisudo show {code}",
        count - MOST_CHARACTERS
    )
}

#[derive(Serialize)]
struct Listed<'a> {
    requests: &'a [Row],
    own_only: bool,
}
