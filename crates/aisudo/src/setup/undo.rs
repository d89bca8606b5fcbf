//! Undoing: what a run on trial has done, or all that setup has ever done.

use std::{
    fs,
    path::{Path, PathBuf},
};

use aisudo_core::{digest::sha256, paths::Paths};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    apply::{PLIST, UNITS},
    daemon::pause,
    plan::{self, DROP_IN, SUDO_CONF},
    record::{Before, FileRecord, Kind, Record, Service, Store, remove},
    system::System,
    texts,
};
use crate::{
    host::{below, pam_file},
    root::file::{self, Owned},
};

/// How far it goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// To where a run began: also the configuration, users and directories.
    Run,
    /// Nothing of aisudo is left in sudo's way; its configuration and its state stay.
    Uninstall,
    /// These go as well.
    Purge,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// What was done, and what was left, a line each.
    pub(super) said: Vec<String>,
    /// What could not be done.
    pub(super) failed: Vec<String>,
}

impl Undone {
    fn take(&mut self, done: Result<Option<String>, String>) {
        match done {
            Ok(said) => self.said.extend(said),
            Err(why) => self.failed.push(why),
        }
    }
}

/// Takes back the run that is on trial, if there is one.
pub(super) fn roll_back(store: &Store, system: &dyn System) -> Result<Undone, String> {
    let Some(record) = store.on_trial()? else {
        return Ok(Undone::default());
    };
    let mut undone = undo(&record, store, system, Extent::Run);
    if undone.failed.is_empty() {
        undone.take(store.end().map(|()| None));
    }
    Ok(undone)
}

/// Undoes a record, last things first. Goes on after a failure: each thing less is a help.
pub(super) fn undo(record: &Record, store: &Store, system: &dyn System, extent: Extent) -> Undone {
    let mut undone = Undone::default();
    let is_late =
        |file: &&FileRecord| matches!(file.kind, Kind::Pam | Kind::Sudoers | Kind::SudoConf);
    for file in record.files.iter().rev().filter(is_late) {
        undone.take(restore(file, store, extent));
    }
    if let Some(service) = record.service {
        // One that cannot be stopped is in nobody's way.
        let stopped = stop(service, store, system);
        undone.said.extend(
            stopped.unwrap_or_else(|why| Some(format!("aisudo-daemon was not stopped: {why}"))),
        );
    }
    for file in record.files.iter().rev().filter(|file| !is_late(file)) {
        undone.take(restore(file, store, extent));
    }
    if record.service == Some(Service::Systemd) && system.is_live() {
        undone.take(system.run(&["systemctl", "daemon-reload"]).map(|_| None));
    }
    if extent != Extent::Uninstall {
        for directory in record.directories.iter().rev() {
            undone.take(remove_directory(store.root(), directory, extent));
        }
        remove_users(record, system, extent, &mut undone);
    }
    undone
}

/// One file: as it was, if it is as it was left; else without what is ours.
fn restore(file: &FileRecord, store: &Store, extent: Extent) -> Result<Option<String>, String> {
    if file.kind == Kind::Config && extent != Extent::Run {
        return Ok(None);
    }
    let path = below(store.root(), &file.path);
    let shown = file.path.display();
    // Half written, when it was killed.
    remove(&file::beside(&path))?;
    let Some((text, owned)) = plan::read(&path)? else {
        return Ok(None);
    };
    let now = sha256(text.as_bytes());
    if now == file.after {
        return match file.before {
            None => remove(&path).map(|()| Some(format!("removed {shown}"))),
            Some(before) => {
                put_back(file, before, &path, store, extent)?;
                Ok(Some(format!("{shown} is as it was")))
            }
        };
    }
    if extent == Extent::Run && file.before.is_some_and(|before| before.sha256 == now) {
        return Ok(None);
    }
    edited(file, &path, &text, owned, store)
}

fn put_back(
    file: &FileRecord,
    before: Before,
    path: &Path,
    store: &Store,
    extent: Extent,
) -> Result<(), String> {
    let content = store.content(&before.sha256)?;
    let content = match (extent, String::from_utf8(content)) {
        (Extent::Run, Ok(text)) => text,
        // What was there before may have had lines of ours, by hand; the module may go now.
        (_, Ok(text)) => without_ours(file.kind, &text),
        (_, Err(_)) => return Err(format!("{} was no text", file.path.display())),
    };
    let owned = Owned {
        mode: before.mode,
        uid: Some(before.uid),
        gid: Some(before.gid),
    };
    file::place(path, content.as_bytes(), owned)
}

/// Somebody has changed it since: theirs stays, ours goes.
fn edited(
    file: &FileRecord,
    path: &Path,
    text: &str,
    owned: Owned,
    store: &Store,
) -> Result<Option<String>, String> {
    let shown = file.path.display();
    let rest = match file.kind {
        Kind::Pam | Kind::SudoConf => without_ours(file.kind, text),
        Kind::Sudoers => {
            let ours = store.content(&file.after)?;
            let ours = String::from_utf8_lossy(&ours).into_owned();
            let is_ours = |line: &str| ours.lines().any(|own| own == line.trim_end());
            text.split_inclusive('\n')
                .filter(|line| !is_ours(line))
                .collect()
        }
        Kind::Unit | Kind::Config => {
            return Ok(Some(format!("{shown} was changed since, and stays")));
        }
    };
    if file.before.is_none() && is_blank(&rest) {
        return remove(path).map(|()| Some(format!("removed {shown}")));
    }
    if rest == text {
        return Ok(None);
    }
    file::place(path, rest.as_bytes(), owned)?;
    Ok(Some(format!(
        "{shown} was changed since: only aisudo's lines were taken out"
    )))
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

fn without_ours(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Pam => pam_file::without_ours(text),
        Kind::SudoConf => texts::without_plugin(text),
        Kind::Sudoers | Kind::Unit | Kind::Config => text.to_owned(),
    }
}

/// What is in sudo's way and in no record: written by hand, or by a record that was lost.
pub(super) fn sweep(store: &Store, services: &[&str]) -> Undone {
    let mut undone = Undone::default();
    let root = store.root();
    let pam = services
        .iter()
        .map(|service| (format!("/etc/pam.d/{service}"), Kind::Pam));
    let files = pam.chain([(SUDO_CONF.to_owned(), Kind::SudoConf)]);
    for (shown, kind) in files {
        let path = below(root, &shown);
        let swept = plan::read(&path).and_then(|found| match found {
            Some((text, owned)) if without_ours(kind, &text) != text => {
                let rest = without_ours(kind, &text);
                file::place(&path, rest.as_bytes(), owned)?;
                Ok(Some(format!("{shown}: aisudo's lines were taken out")))
            }
            _ => Ok(None),
        });
        undone.take(swept);
    }
    let path = below(root, DROP_IN);
    let swept = plan::read(&path).and_then(|found| match found {
        Some((text, _)) if text.starts_with(texts::SUDOERS_MARK) => {
            remove(&path).map(|()| Some(format!("removed {DROP_IN}")))
        }
        _ => Ok(None),
    });
    undone.take(swept);
    undone
}

fn stop(service: Service, store: &Store, system: &dyn System) -> Result<Option<String>, String> {
    if !system.is_live() {
        return Ok(None);
    }
    match service {
        Service::Systemd => {
            let words = [&["systemctl", "disable", "--now"][..], &UNITS[..]].concat();
            system.run(&words)?;
        }
        Service::Launchd => {
            system.run(&["launchctl", "bootout", "system", PLIST])?;
        }
        Service::Process => stop_process(store),
    }
    Ok(Some("stopped aisudo-daemon".to_owned()))
}

/// The daemon writes its process into its lock; a moment after it was started.
fn stop_process(store: &Store) {
    let lock = Paths::under(store.root()).run_dir().join("daemon.lock");
    let running = || {
        let text = fs::read_to_string(&lock).ok()?;
        text.trim()
            .parse::<i32>()
            .ok()
            .filter(|pid| is_daemon(*pid))
    };
    let mut pid = running();
    for _ in 0..60 {
        if pid.is_some() || !store.log().exists() {
            break;
        }
        pause(50);
        pid = running();
    }
    let Some(pid) = pid.and_then(Pid::from_raw) else {
        return;
    };
    let _ = kill_process(pid, Signal::TERM);
    for _ in 0..100 {
        if !is_daemon(pid.as_raw_nonzero().get()) {
            return;
        }
        pause(50);
    }
}

fn is_daemon(pid: i32) -> bool {
    let says = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    // What has ended and was not waited for has no command line.
    says("comm") == b"aisudo-daemon\n" && !says("cmdline").is_empty()
}

fn remove_directory(root: &Path, path: &Path, extent: Extent) -> Result<Option<String>, String> {
    let full = below(root, path);
    let removed = match extent {
        Extent::Purge => fs::remove_dir_all(&full),
        // Of a run: with what the daemon put there since.
        _ if path == Path::new("/var/lib/aisudo") => fs::remove_dir_all(&full),
        _ => fs::remove_dir(&full),
    };
    match removed {
        Ok(()) => Ok(Some(format!("removed {}", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Ok(Some(format!("{} stays: {error}", path.display()))),
    }
}

fn remove_users(record: &Record, system: &dyn System, extent: Extent, undone: &mut Undone) {
    for name in record.users.iter().rev() {
        if system.account(name).is_none() {
            continue;
        }
        // Their files may be wanted.
        if extent == Extent::Purge && name != plan::DAEMON {
            let said = format!("the user {name} and their files stay: userdel -r {name}");
            undone.said.push(said);
            continue;
        }
        let home: &[&str] = match extent {
            Extent::Run if record.homes.contains(name) => &["--remove"],
            _ => &[],
        };
        let words = [&["userdel"], home, &[name.as_str()]].concat();
        undone.take(
            system
                .run(&words)
                .map(|_| Some(format!("removed the user {name}"))),
        );
    }
    for name in record.groups.iter().rev() {
        if system.group(name).is_some() {
            let removed = system.run(&["groupdel", name]);
            undone.take(removed.map(|_| Some(format!("removed the group {name}"))));
        }
    }
}

/// Removes what root may want to keep: configuration, state, logs.
pub(super) fn purge(root: &Path) -> Undone {
    let mut undone = Undone::default();
    for path in ["/etc/aisudo", "/var/lib/aisudo", "/run/aisudo"] {
        undone.take(remove_directory(root, &PathBuf::from(path), Extent::Purge));
    }
    undone
}
