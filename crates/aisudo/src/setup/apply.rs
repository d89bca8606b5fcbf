//! Carrying out a plan, in its order.

use std::{
    fs::{self, DirBuilder, Permissions},
    os::unix::{
        fs::{DirBuilderExt as _, PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Stdio,
};

use super::{
    daemon,
    plan::{Edit, Findings, NewDirectory, NewUser, Plan},
    record::{DIRECTORY, Kind, LOG, Service},
    system::{System, plain},
    visudo,
};
use crate::{host::below, root::file};

/// Does all of it, or stops at what fails. The record is on disk already.
pub(super) fn apply(
    plan: &Plan,
    findings: &Findings<'_>,
    system: &dyn System,
) -> Result<(), String> {
    let root = findings.root;
    for group in &plan.groups {
        system.run(&["groupadd", "--system", group])?;
    }
    for user in &plan.users {
        make_user(user, system)?;
    }
    for directory in &plan.directories {
        make_directory(root, directory, system)?;
    }
    for edit in &plan.early {
        write(root, edit)?;
    }
    if let Some(service) = plan.service
        && system.is_live()
    {
        start(service, findings, system)?;
    }
    if findings.must_answer {
        daemon::wait_until_it_answers(root)?;
    }
    for edit in &plan.late {
        match edit.kind {
            Kind::Sudoers => {
                visudo::check_text(root, findings.sudos, &edit.after)?;
                write(root, edit)?;
                visudo::check_all(root, findings.sudos, system)?;
            }
            _ => write(root, edit)?,
        }
    }
    Ok(())
}

fn make_user(user: &NewUser, system: &dyn System) -> Result<(), String> {
    let name = user.name();
    // A group of that name may be there.
    let group = match system.group(name) {
        Some(_) => ["--gid", name],
        None => ["--user-group", "--no-log-init"],
    };
    let kind: &[&str] = match user {
        NewUser::Daemon => &[
            "--system",
            "--home-dir",
            "/var/lib/aisudo",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
        ],
        // Without a password: nobody logs in as it, and its sudo has no password to fall back on.
        NewUser::Agent(_) => &["--create-home", "--shell", "/bin/bash"],
    };
    system
        .run(&[&["useradd"], kind, &group, &[name]].concat())
        .map(|_| ())
}

fn make_directory(root: &Path, wanted: &NewDirectory, system: &dyn System) -> Result<(), String> {
    let path = below(root, &wanted.path);
    let failed = |error: std::io::Error| format!("{} cannot be made: {error}", path.display());
    DirBuilder::new()
        .recursive(true)
        .mode(wanted.mode)
        .create(&path)
        .map_err(failed)?;
    // The umask took some of it.
    fs::set_permissions(&path, Permissions::from_mode(wanted.mode)).map_err(failed)?;
    let owner = wanted.owner.and_then(|owner| system.account(owner));
    if let Some(owner) = owner {
        chown(&path, Some(owner.uid), Some(owner.gid)).map_err(failed)?;
    }
    Ok(())
}

/// Puts a new text in a file's place, if it is still what was looked at.
fn write(root: &Path, edit: &Edit) -> Result<(), String> {
    let path = below(root, &edit.path);
    let now = super::plan::read(&path)?;
    if now != edit.before {
        return Err(format!(
            "{} was changed by somebody else just now; start again",
            path.display()
        ));
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)
            .map_err(|error| format!("{} cannot be made: {error}", directory.display()))?;
    }
    file::place(&path, edit.after.as_bytes(), edit.owned)
}

/// The units that are started and enabled: the sockets, and the daemon for the channels.
pub(super) const UNITS: [&str; 4] = [
    "aisudo-daemon.socket",
    "aisudo-daemon-agent.socket",
    "aisudo-daemon-control.socket",
    "aisudo-daemon.service",
];

/// launchd's file of the daemon.
pub(super) const PLIST: &str = "/Library/LaunchDaemons/aisudo.daemon.plist";

fn start(service: Service, findings: &Findings<'_>, system: &dyn System) -> Result<(), String> {
    match service {
        Service::Systemd => {
            system.run(&["systemctl", "daemon-reload"])?;
            let words = [&["systemctl", "enable", "--now"][..], &UNITS[..]].concat();
            system.run(&words).map(|_| ())
        }
        Service::Launchd => system
            .run(&["launchctl", "bootstrap", "system", PLIST])
            .map(|_| ()),
        Service::Process => start_process(findings),
    }
}

/// In the background, with its log beside the records: there is nothing else that would start it.
fn start_process(findings: &Findings<'_>) -> Result<(), String> {
    let daemon = findings
        .daemon
        .ok_or("aisudo-daemon is not there; install it")?;
    let log = below(findings.root, DIRECTORY).join(LOG);
    let failed = |error: std::io::Error| format!("{}: {error}; check it", daemon.display());
    let file = fs::File::create(&log).map_err(failed)?;
    fs::set_permissions(&log, Permissions::from_mode(0o600)).map_err(failed)?;
    plain(&daemon.to_string_lossy())
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file)
        .spawn()
        .map(|_| ())
        .map_err(failed)
}
