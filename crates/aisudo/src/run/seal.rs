//! Behind sudo: copies what was approved by its hash, and runs the copies.

use std::{
    convert::Infallible,
    ffi::OsString,
    io,
    os::unix::{ffi::OsStringExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use aisudo_core::{
    raw::{Hex32, Raw},
    request::{Operand, Role},
};
use aisudo_gate::facts::plan::{Place, Plan};
use rustix::io::Errno;

use super::{cannot_run, copy::Copy, raw, too_large};
use crate::failure::Failure;

/// Copies, compares and runs.
pub(super) fn run(
    requester: u32,
    words: Vec<Vec<u8>>,
    hashes: &[Hex32],
) -> Result<Infallible, Failure> {
    let plan = Plan::of(requester, words.clone()).map_err(|why| Failure::refused_by(&why))?;
    let refused = |why: String| Failure::refused_by(&why);
    not_sealable(&plan.executed()).map_err(refused)?;
    let copies = copies(&plan, hashes).map_err(refused)?;
    become_copies(&plan, &raw(words), &copies)
}

/// What no copy helps against.
fn not_sealable(executed: &[&Operand]) -> Result<(), String> {
    let found = executed
        .iter()
        .find(|operand| matches!(operand.role, Role::Interpreter | Role::Stdin));
    match found {
        None => Ok(()),
        Some(operand) => Err(format!(
            "{} is executed, could be changed, and cannot be sealed; nothing was run",
            operand.path.as_os().display()
        )),
    }
}

/// A copy, and where in the words it belongs.
struct Sealed {
    place: Place,
    copy: Copy,
}

/// A copy of each file that has one of the hashes. Each hash must be there, and what the requester
/// could change must have one.
fn copies(plan: &Plan, hashes: &[Hex32]) -> Result<Vec<Sealed>, String> {
    let mut found: Vec<Sealed> = Vec::new();
    for place in plan.places() {
        let path = place.path.display();
        let is_there = found
            .iter()
            .any(|it| it.place.word == place.word && it.place.at == place.at);
        if is_there {
            continue;
        }
        match Copy::of(&place.path) {
            Ok(Some(copy)) if hashes.contains(&copy.sha256()) => {
                if let Some(interpreter) = plan.open_interpreter(copy.file()) {
                    return Err(format!(
                        "the interpreter {} could be changed; nothing was run",
                        interpreter.display()
                    ));
                }
                found.push(Sealed { place, copy });
            }
            _ if !place.changeable => {}
            Ok(Some(_)) => {
                return Err(format!(
                    "{path} is not what was approved: it changed; nothing was run; start again"
                ));
            }
            Ok(None) => return Err(too_large(path)),
            Err(error) => {
                return Err(format!("{path} cannot be copied: {error}; nothing was run"));
            }
        }
    }
    let is_there = |hash: &&Hex32| found.iter().any(|it| it.copy.sha256() == **hash);
    if hashes.iter().all(|hash| is_there(&hash)) {
        Ok(found)
    } else {
        Err(
            "a file that was approved is not there any more; nothing was run; start again"
                .to_owned(),
        )
    }
}

/// Runs the words with the copies in their places.
fn become_copies(plan: &Plan, words: &[Raw], copies: &[Sealed]) -> Result<Infallible, Failure> {
    let mut words = words.to_vec();
    let name = words.first().cloned().unwrap_or_default();
    for Sealed { place, copy } in copies {
        if let Some(word) = words.get_mut(place.word) {
            word.0.truncate(place.at);
            word.0.extend_from_slice(copy.path().as_bytes());
        }
        copy.keep_open().map_err(|error| {
            Failure::refused_by(&format!("a copy cannot be handed on: {error}"))
        })?;
    }
    let is_copy = copies.iter().any(|it| it.place.word == 0);
    let program = match (words.first(), plan.program()) {
        (Some(word), _) if is_copy => PathBuf::from(word.as_os()),
        (_, Some(program)) => program.to_path_buf(),
        (_, None) => return Err(Failure::refused_by("the program is not there")),
    };
    let rest: Vec<OsString> = words
        .into_iter()
        .skip(1)
        .map(|word| OsString::from_vec(word.0))
        .collect();
    let error = Command::new(&program).arg0(name.as_os()).args(&rest).exec();
    Err(cannot_run(
        Path::new(name.as_os()),
        &or_by_shell(error, &program, &rest),
    ))
}

/// A script without a first line that names its interpreter: as sudo and execvp(3) do.
fn or_by_shell(error: io::Error, program: &Path, rest: &[OsString]) -> io::Error {
    if Errno::from_io_error(&error) == Some(Errno::NOEXEC) {
        Command::new("/bin/sh").arg(program).args(rest).exec()
    } else {
        error
    }
}
