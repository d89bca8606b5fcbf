//! `aisudo run --sealed`: runs copies of programs and scripts, so that what was approved is what runs.
//!
//! Called by the user, it hashes the files that would be executed and calls sudo with itself and these
//! hashes: they are part of the words that are approved. Called so by sudo, it copies each file into
//! memory, compares the copy, and runs the copy.
#![cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, unused_variables, reason = "copies in memory are Linux's")
)]

#[cfg(target_os = "linux")]
mod copy;
#[cfg(target_os = "linux")]
mod seal;

use std::{
    convert::Infallible,
    ffi::{OsStr, OsString},
    io,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};

use aisudo_core::{
    raw::{Hex32, Raw},
    request::{Content, Operand, Role},
    sealed::{MOST_SEALED, MOST_SEALED_BYTES, WORDS},
};
use aisudo_gate::facts::plan::{Plan, can_change};
use rustix::process::{geteuid, getuid};

use crate::{cli::Run, failure::Failure};

/// Becomes the command. What comes back is why not.
pub(crate) fn run(arguments: &Run) -> Result<Infallible, Failure> {
    // A copy is a file without a name: memfd_create(2).
    if cfg!(not(target_os = "linux")) {
        return Err(Failure::refused_by(
            "sealed runs need Linux; have the script installed as root (ask the person)",
        ));
    }
    let words: Vec<Vec<u8>> = arguments
        .words
        .iter()
        .cloned()
        .map(OsString::into_vec)
        .collect();
    let behind_sudo = std::env::var("SUDO_UID").ok();
    if !arguments.sha256.is_empty() {
        let requester = match &behind_sudo {
            Some(uid) => uid.parse().map_err(|_| {
                Failure::refused_by("SUDO_UID is no user id; leave it as sudo sets it")
            })?,
            None => getuid().as_raw(),
        };
        #[cfg(target_os = "linux")]
        return seal::run(requester, words, &arguments.sha256);
    }
    match (geteuid().is_root(), behind_sudo) {
        (false, _) => ask(words),
        (true, None) => Err(become_command(&arguments.words)),
        (true, Some(_)) => Err(Failure::refused_by(
            "sudo gave no hashes, so nothing would be sealed; start it without sudo, as: aisudo run --sealed -- CMD ARGS",
        )),
    }
}

/// As the user: calls sudo.
fn ask(mut words: Vec<Vec<u8>>) -> Result<Infallible, Failure> {
    let uid = getuid().as_raw();
    let plan = Plan::of(uid, words.clone()).map_err(|why| Failure::refused_by(&why))?;
    let hashes = hashes(&plan.executed())?;
    let mut sudo: Vec<OsString> = vec!["sudo".into()];
    if hashes.is_empty() {
        // There is nothing that could be changed, and so nothing to seal.
        sudo.push("--".into());
    } else {
        sudo.push(own_path(uid)?.into());
        sudo.extend(WORDS.map(OsString::from));
        let hashes: Vec<String> = hashes.iter().map(ToString::to_string).collect();
        sudo.push(hashes.join(",").into());
        sudo.push("--".into());
        // A name is looked for once, here: what is approved is a path.
        if let Some(first) = words.first_mut().filter(|word| !word.contains(&b'/')) {
            *first = found(&plan)?;
        }
    }
    sudo.extend(words.into_iter().map(OsString::from_vec));
    Err(become_command(&sudo))
}

fn found(plan: &Plan) -> Result<Vec<u8>, Failure> {
    let path = plan.program().ok_or_else(|| {
        Failure::refused_by("the program is not where sudo looks for programs; give its path")
    })?;
    Ok(path.as_os_str().as_bytes().to_vec())
}

/// The hashes of what has to be sealed, each once.
fn hashes(executed: &[&Operand]) -> Result<Vec<Hex32>, Failure> {
    let mut hashes = Vec::new();
    for operand in executed {
        let path = operand.path.as_os().display();
        let why = match (operand.role, &operand.content) {
            (Role::Interpreter, _) => {
                format!("you can change the interpreter {path}; name one that root installed")
            }
            (Role::Stdin, _) => format!(
                "standard input is {path}, which you can change; name it as the script instead"
            ),
            (_, Content::Hashed { size, .. }) if *size > MOST_SEALED_BYTES => too_large(path),
            (_, Content::Hashed { sha256, .. }) => {
                if !hashes.contains(sha256) {
                    hashes.push(*sha256);
                }
                continue;
            }
            (_, Content::Directory) => format!(
                "{path} is a directory, which cannot be sealed; have it installed as root (ask the person)"
            ),
            (_, Content::Unpinned { why }) => format!("{path} cannot be sealed: {why}"),
        };
        return Err(Failure::refused_by(&why));
    }
    if hashes.len() > MOST_SEALED {
        return Err(Failure::refused_by(&format!(
            "this would execute {} files of yours, at most {MOST_SEALED} can be sealed",
            hashes.len()
        )));
    }
    Ok(hashes)
}

fn too_large(path: impl std::fmt::Display) -> String {
    format!(
        "{path} is larger than {} MiB, the most that can be sealed; have it installed as root (ask the person)",
        MOST_SEALED_BYTES / (1024 * 1024)
    )
}

/// This program, where root installed it. Another one the gate would not take for aisudo's own.
fn own_path(uid: u32) -> Result<PathBuf, Failure> {
    let path = std::env::current_exe().map_err(|error| {
        Failure::refused_by(&format!("this program's own path is not known: {error}"))
    })?;
    if can_change(uid, &path) || path.file_name() != Some(OsStr::new("aisudo")) {
        return Err(Failure::refused_by(&format!(
            "{} is not the aisudo that root installed, and could seal nothing; use that one",
            path.display()
        )));
    }
    Ok(path)
}

/// Becomes this command; returns only if that fails.
fn become_command(words: &[OsString]) -> Failure {
    let Some((program, rest)) = words.split_first() else {
        return Failure::refused_by("there is no command");
    };
    cannot_run(Path::new(program), &Command::new(program).args(rest).exec())
}

fn cannot_run(program: &Path, error: &io::Error) -> Failure {
    Failure::refused_by(&format!("{} cannot be run: {error}", program.display()))
}

fn raw(words: Vec<Vec<u8>>) -> Vec<Raw> {
    words.into_iter().map(Raw).collect()
}
