//! Whether sudo does now what it is to do: tried with real sudos, right after they were told.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use aisudo_core::{
    evidence::Verdict,
    paths::Paths,
    raw::hex,
    wire::{FromControl, ToControl},
};
use aisudo_sys::{clock::boottime, random::random_bytes, users::Account};

use super::{
    choice::Gated,
    daemon::pause,
    record::DIRECTORY,
    system::{System, plain},
    visudo,
};
use crate::{
    daemon::Control,
    decide::decide,
    fetch::fetch,
    host::{below, sudo::Sudo},
};

/// How long one try may take.
const PATIENCE_MS: u64 = 20_000;

/// What sudo answers to somebody whom aisudo leaves alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Usual {
    name: String,
    sudo: PathBuf,
    code: Option<i32>,
    stderr: String,
}

/// What it answers to root, and to those who may use it and are not gated.
pub(super) fn usual(
    gated: &[Gated],
    sudos: &[Sudo],
    system: &dyn System,
    invoker: Option<&str>,
) -> Vec<Usual> {
    let mut names = vec!["root".to_owned()];
    names.extend(invoker.map(str::to_owned));
    names.extend(sudoers_by_group());
    let mut seen: Vec<String> = Vec::new();
    names.retain(|name| {
        let is_new = !seen.contains(name);
        seen.push(name.clone());
        is_new && !gated.iter().any(|one| one.name == *name)
    });
    let accounts = names
        .iter()
        .take(MOST_USUAL)
        .filter_map(|name| Some((name, system.account(name)?)));
    let mut usual = Vec::new();
    for (name, account) in accounts {
        for sudo in sudos {
            let words = [&sudo.path.to_string_lossy(), "-n", "true"];
            if let Some((code, stderr)) = end_of(as_user(&account, &words)) {
                usual.push(Usual {
                    name: name.clone(),
                    sudo: sudo.path.clone(),
                    code,
                    stderr,
                });
            }
        }
    }
    usual
}

/// Those besides root who are let through without a password.
pub(super) fn without_password(usual: &[Usual]) -> Vec<&str> {
    let mut names: Vec<&str> = usual
        .iter()
        .filter(|one| one.code == Some(0) && one.name != "root")
        .map(|one| one.name.as_str())
        .collect();
    names.dedup();
    names
}

/// So many of them are enough.
const MOST_USUAL: usize = 4;

/// Members of the groups that distributions let use sudo.
fn sudoers_by_group() -> Vec<String> {
    let text = std::fs::read_to_string("/etc/group").unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            matches!(name, "sudo" | "wheel" | "admin").then(|| fields.nth(2))?
        })
        .flat_map(|members| members.split(','))
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// All of it; what went wrong first.
pub(super) fn run(
    root: &Path,
    gated: &[Gated],
    sudos: &[Sudo],
    usual_before: &[Usual],
    system: &dyn System,
    invoker: Option<&str>,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    for sudo in sudos {
        system
            .run(&[&sudo.path.to_string_lossy(), "-V"])
            .map_err(|why| format!("sudo does not even say its version: {why}"))?;
    }
    visudo::check_all(root, sudos, system)?;
    for one in gated {
        let account = system
            .account(&one.name)
            .ok_or_else(|| format!("there is no user {}", one.name))?;
        for sudo in sudos {
            is_stopped(root, one, &account, sudo)?;
            say(&format!(
                "{sudo}: stops {}, and aisudo-daemon is asked",
                one.name
            ));
        }
    }
    let now = usual(gated, sudos, system, invoker);
    for (before, now) in usual_before.iter().zip(&now) {
        if before != now {
            return Err(format!(
                "sudo -n true of {} was {}, and is now {}",
                before.name,
                said(before),
                said(now)
            ));
        }
        say(&format!("sudo of {} is as it was", before.name));
    }
    if now.len() != usual_before.len() {
        return Err("sudo -n true hangs for a user whom aisudo leaves alone".to_owned());
    }
    Ok(())
}

fn said(usual: &Usual) -> String {
    match usual.code {
        Some(0) => "let through".to_owned(),
        _ => format!("refused ({})", usual.stderr.trim()),
    }
}

/// A sudo of a gated user without a terminal: the daemon must hear of it, and it must not run.
fn is_stopped(root: &Path, one: &Gated, account: &Account, sudo: &Sudo) -> Result<(), String> {
    let name = &one.name;
    let random: [u8; 8] = random_bytes().map_err(|error| format!("no randomness: {error}"))?;
    let mark = below(root, DIRECTORY).join(format!("trial-{}", hex(&random)));
    let mark_text = mark.to_string_lossy().into_owned();
    let words = [
        &sudo.path.to_string_lossy(),
        "-k",
        "--",
        "/usr/bin/touch",
        &mark_text,
    ];
    let mut child = as_user(account, &words)
        .spawn()
        .map_err(|error| format!("sudo cannot be tried as {name}: {error}"))?;
    let heard = heard_of(root, account.uid, &mark_text, &mut child);
    let ended = end(child);
    let ran = mark.exists();
    let _ = std::fs::remove_file(&mark);
    match (heard?, ran) {
        // A rule of root's policy let it through.
        (Heard::Ruled, _) | (Heard::Denied, false) => Ok(()),
        (Heard::Denied, true) => Err(format!("a sudo of {name} ran although it was denied")),
        (Heard::Nothing, true) => Err(format!("a sudo of {name} ran, and nobody was asked")),
        (Heard::Nothing, false) => Err(format!(
            "a sudo of {name} did not reach aisudo-daemon; it said: {}",
            ended.map_or_else(String::new, |(_, stderr)| stderr.trim().replace('\n', "; "))
        )),
    }
}

/// What the daemon has to say of the try.
enum Heard {
    Nothing,
    Denied,
    Ruled,
}

/// Waits until the daemon has it, and denies it.
fn heard_of(root: &Path, uid: u32, mark: &str, child: &mut Child) -> Result<Heard, String> {
    let why = |failure: crate::failure::Failure| failure.message().unwrap_or_default().to_owned();
    let mut control = Control::open(&Paths::under(root)).map_err(why)?;
    let begun = boottime().0;
    let mut is_over = false;
    loop {
        let listed = control.ask(&FromControl::List { all: true }).map_err(why)?;
        let ToControl::Requests { requests, .. } = listed else {
            return Err("aisudo-daemon is of another version; install the same".to_owned());
        };
        for row in requests.iter().filter(|row| row.uid == uid) {
            let fetched = fetch(&mut control, &row.id.to_string()).map_err(why)?;
            if !fetched.frozen.contains(mark) {
                continue;
            }
            if !fetched.is_pending() {
                return Ok(Heard::Ruled);
            }
            let note = Some("aisudo setup tries whether sudo is stopped".to_owned());
            decide(&mut control, &fetched, Verdict::Deny, note).map_err(why)?;
            return Ok(Heard::Denied);
        }
        if is_over || boottime().0.saturating_sub(begun) > PATIENCE_MS {
            return Ok(Heard::Nothing);
        }
        // Once more after its end: it may have come in between.
        is_over = matches!(child.try_wait(), Ok(Some(_)));
        pause(50);
    }
}

/// A program as this user, in a session of its own: without a terminal.
fn as_user(account: &Account, words: &[&str]) -> Command {
    let mut command = plain("setsid");
    command
        .args(["--wait", "setpriv"])
        .arg(format!("--reuid={}", account.uid))
        .arg(format!("--regid={}", account.gid))
        .args(["--init-groups", "--"])
        .args(words)
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Its exit code and what it said on standard error; nothing if it does not end.
fn end_of(mut command: Command) -> Option<(Option<i32>, String)> {
    command.spawn().ok().and_then(end)
}

fn end(mut child: Child) -> Option<(Option<i32>, String)> {
    let begun = boottime().0;
    let patience = Duration::from_millis(PATIENCE_MS).as_millis();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let mut stderr = String::new();
                if let Some(pipe) = child.stderr.as_mut() {
                    // What it started may hold the pipe open: no more than is there is read.
                    let _ = pipe.take(64 * 1024).read_to_string(&mut stderr);
                }
                return Some((status.code(), stderr));
            }
            Ok(None) if u128::from(boottime().0.saturating_sub(begun)) < patience => pause(20),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}
