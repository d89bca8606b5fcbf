//! `aisudo policy`: no daemon is asked, and nothing is run.

mod check;
mod explain;
mod test;

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use aisudo_core::{
    display,
    paths::Paths,
    policy::{LocalTime, Policy},
};
use aisudo_sys::trusted;

use crate::{cli, failure::Failure, output::Output};

/// The longest policy or list of examples, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

pub(crate) fn run(
    paths: &Paths,
    command: &cli::Policy,
    output: &mut Output,
) -> Result<(), Failure> {
    match command {
        cli::Policy::Check { file } => check::run(paths, file.as_deref(), output),
        cli::Policy::Explain {
            user,
            at,
            policy,
            json,
            words,
        } => {
            let policy = installed_or(paths, policy.as_ref())?;
            let question = explain::Question {
                user: user.as_deref(),
                at: *at,
                words,
            };
            explain::run(paths, &policy, &question, *json, output)
        }
        cli::Policy::Test { file, policy } => {
            test::run(&installed_or(paths, policy.as_ref())?, file, output)
        }
    }
}

/// A time as it is given on the command line.
pub(crate) fn time(text: &str) -> Result<LocalTime, &'static str> {
    LocalTime::parse(text).ok_or("give a day and a time, as in \"mon 09:30\"")
}

/// The policy in this file, or the one that root has installed.
fn installed_or(paths: &Paths, file: Option<&PathBuf>) -> Result<Policy, Failure> {
    match file {
        Some(file) => parse(file),
        None => trusted::read_policy(paths)
            .map(|(policy, _)| policy)
            .map_err(|error| Failure::refused_by(&error)),
    }
}

fn parse(file: &Path) -> Result<Policy, Failure> {
    Policy::parse(&read(file)?).map_err(|error| in_file(file, &error))
}

/// The text of any file, whoever wrote it.
fn read(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| in_file(path, &format!("it cannot be read: {error}")))?;
    if text.len() as u64 > MAX_BYTES {
        return Err(in_file(
            path,
            &format!("it is longer than {MAX_BYTES} bytes"),
        ));
    }
    Ok(text)
}

fn in_file(path: &Path, error: &str) -> Failure {
    Failure::refused_by(&format!("{}: {error}", path.display()))
}

/// Words from a file, safe to show.
fn safe(text: &str) -> String {
    display::text(text.as_bytes()).text
}
