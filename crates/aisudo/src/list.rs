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
    fetch::{Fetched, fetch, who_as_whom},
    group::{Group, groups},
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
    control: Option<&mut Control>,
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
    for line in lines(rows, control) {
        output.line(line.trim_end())?;
    }
    Ok(())
}

fn lines(rows: &[Row], control: Option<&mut Control>) -> Vec<String> {
    let Some(control) = control else {
        return rows
            .iter()
            .map(|row| format!("{} {}", summary(row), own_name(row)))
            .collect();
    };
    // The rows have no command: it is asked for.
    let fetched: Vec<Result<Fetched, Failure>> = rows
        .iter()
        .map(|row| fetch(control, &row.id.to_string()))
        .collect();
    let waiting = fetched.iter().flatten().filter(|one| one.is_pending());
    let groups = groups(waiting.cloned().collect());
    let mut lines = Vec::new();
    for (row, fetched) in rows.iter().zip(&fetched) {
        match fetched {
            Ok(one) if one.is_pending() => {
                // The others stand with the first of their group.
                let mut groups = groups.iter();
                let first = |group: &&Group| group.first().is_some_and(|f| f.row.id == one.row.id);
                if let Some(group) = groups.find(first) {
                    lines.push(format!("{} {}{}", summary(row), times(group), what(one)));
                }
            }
            Ok(one) => lines.push(format!("{} {}", summary(row), what(one))),
            Err(failure) => {
                let why = failure.message().unwrap_or_default();
                let name = own_name(row);
                lines.push(format!("{} {name}: (not shown: {why})", summary(row)));
            }
        }
    }
    lines
}

/// How often a question is asked, and by which others.
fn times(group: &Group) -> String {
    match group.others() {
        None => String::new(),
        Some(others) => format!("×{} (also {others}) ", group.members.len()),
    }
}

fn what(fetched: &Fetched) -> String {
    let name = who(fetched.request.requester.name.as_ref(), fetched.row.uid);
    let view = fetched.view();
    let command = shortened(&view.command, &fetched.row.code);
    format!("{}: {command}", who_as_whom(&name, &view))
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
