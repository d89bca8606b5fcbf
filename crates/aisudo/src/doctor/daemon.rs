//! The daemon: its user, directories and sockets, and what it says of itself.

use std::{fs::Metadata, os::unix::fs::MetadataExt as _, path::Path};

use aisudo_core::{
    config::Config,
    display,
    evidence::EvidenceKind,
    wire::{self, FromControl, ToControl},
};
use aisudo_sys::{clock, users::group_id};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    doors::ROOT_GROUPS,
    report::{Repair, Report},
    users::{self, Account, Subject},
    view::{View, not_roots},
};
use crate::{daemon::Control, failure::Failure};

/// Less room than this for the audit log is said.
const LITTLE_ROOM: u64 = 64 * 1024 * 1024;

/// The clock may be set back by so much without a word.
const CLOCK_TOLERANCE_MS: i64 = 5_000;

pub(super) fn check(view: &View<'_>, config: &Config, subjects: &[Subject], report: &mut Report) {
    report.looked_at("daemon.");
    let account = account(view, config, subjects, report);
    run_dir(view, config, report);
    if let Some(account) = &account {
        state_dir(view, account.uid, report);
    }
    room(view, report);
    reached(view, config, report);
    synchronised(view, report);
}

/// The user it becomes.
fn account(
    view: &View<'_>,
    config: &Config,
    subjects: &[Subject],
    report: &mut Report,
) -> Option<Account> {
    let name = &config.daemon.user;
    let shown = display::word(name.as_bytes()).text;
    let found = users::accounts(view)
        .into_iter()
        .find(|account| account.name == *name);
    let Some(account) = found else {
        report.add(
            "daemon.user_missing",
            format!("the daemon's user {shown} does not exist"),
            format!("useradd --system {shown}, or run: aisudo setup"),
        );
        return None;
    };
    if account.uid == 0 {
        report.add(
            "daemon.user_root",
            "the daemon runs as root",
            "name a user of its own in [daemon] of aisudo.toml",
        );
    }
    if subjects.iter().any(|subject| subject.uid == account.uid) {
        report.add(
            "daemon.user_gated",
            format!("the daemon runs as {shown}, who is gated"),
            "name a user of its own in [daemon] of aisudo.toml",
        );
    }
    let groups = users::groups_of(view, &account, &users::groups(view));
    let too_much: Vec<&str> = groups
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| ROOT_GROUPS.iter().any(|(group, _)| group == name) || *name == "root")
        .collect();
    if !too_much.is_empty() {
        report.add(
            "daemon.user_groups",
            format!("the daemon's user {shown} is in {}", too_much.join(", ")),
            "take it out of these groups: gpasswd --delete USER GROUP",
        );
    }
    Some(account)
}

/// The sockets and their directory.
fn run_dir(view: &View<'_>, config: &Config, report: &mut Report) {
    let directory = view.paths.run_dir();
    let Ok(meta) = directory.symlink_metadata() else {
        // That nobody listens is said elsewhere.
        return;
    };
    if let Some(why) = not_roots(&meta) {
        let shown = view.shown(&directory).display().to_string();
        report.add_fixable(
            "daemon.run_dir",
            format!("{shown} {why}"),
            format!("chown root {shown} && chmod 0755 {shown}"),
            Repair {
                path: directory,
                owner: Some((0, Some(0))),
                mode: 0o755,
            },
        );
    }
    let group = config.channels.terminal.group.as_deref();
    let gid = group.and_then(|name| gid_of(view, name));
    let control = if group.is_some() { 0o660 } else { 0o600 };
    let sockets = [
        ("daemon.gate_socket", view.paths.gate_socket(), 0o600, None),
        (
            "daemon.agent_socket",
            view.paths.agent_socket(),
            0o666,
            None,
        ),
        (
            "daemon.control_socket",
            view.paths.control_socket(),
            control,
            gid,
        ),
    ];
    for (id, path, mode, gid) in sockets {
        if let Ok(meta) = path.symlink_metadata()
            && let Some(why) = wrong(&meta, mode, gid)
        {
            let shown = view.shown(&path).display().to_string();
            report.add_fixable(
                id,
                format!("{shown} {why}"),
                format!("chmod {mode:04o} {shown}, or restart aisudo-daemon"),
                Repair {
                    path,
                    owner: Some((0, gid)),
                    mode,
                },
            );
        }
    }
}

fn gid_of(view: &View<'_>, name: &str) -> Option<u32> {
    let groups = users::groups(view);
    let listed = groups.iter().find(|one| one.name == name);
    match listed {
        Some(group) => Some(group.gid),
        None if view.is_host() => group_id(name),
        None => None,
    }
}

fn wrong(meta: &Metadata, mode: u32, gid: Option<u32>) -> Option<String> {
    if meta.uid() != 0 {
        return Some(format!("belongs to uid {}", meta.uid()));
    }
    if meta.mode() & 0o777 != mode {
        return Some(format!(
            "has mode {:04o}, not {mode:04o}",
            meta.mode() & 0o777
        ));
    }
    match gid {
        Some(gid) if meta.gid() != gid => {
            Some(format!("belongs to group {}, not {gid}", meta.gid()))
        }
        _ => None,
    }
}

/// The database and its directory are the daemon's alone.
fn state_dir(view: &View<'_>, uid: u32, report: &mut Report) {
    let private = [
        ("daemon.state_dir", view.paths.state_dir(), 0o700),
        ("daemon.database", view.paths.database(), 0o600),
        ("daemon.host_key", view.paths.host_key(), 0o600),
    ];
    for (id, path, mode) in private {
        let Ok(meta) = path.symlink_metadata() else {
            continue;
        };
        let shown = view.shown(&path).display().to_string();
        if meta.uid() != uid && meta.uid() != 0 {
            report.add(
                id,
                format!(
                    "{shown} belongs to uid {}, not to the daemon's user",
                    meta.uid()
                ),
                format!("find out who put it there; then: chown {uid} {shown}"),
            );
        } else if meta.mode() & 0o077 & !mode != 0 {
            report.add_fixable(
                id,
                format!(
                    "{shown} has mode {:04o}: others get at it",
                    meta.mode() & 0o777
                ),
                format!("chmod go= {shown}"),
                Repair {
                    path,
                    owner: None,
                    mode,
                },
            );
        }
    }
}

fn room(view: &View<'_>, report: &mut Report) {
    let directory = view.paths.state_dir();
    let Ok(file_system) = rustix::fs::statvfs(&directory) else {
        return;
    };
    let room = file_system.f_bavail.saturating_mul(file_system.f_frsize);
    if room < LITTLE_ROOM {
        report.add(
            "daemon.disk_space",
            format!(
                "{} MiB are free for the audit log in {}",
                room / (1024 * 1024),
                view.shown(&directory).display()
            ),
            "make room: what cannot be recorded is not approved",
        );
    }
}

/// What the daemon says of itself.
fn reached(view: &View<'_>, config: &Config, report: &mut Report) {
    let mut control = match Control::open(&view.paths) {
        Ok(control) => control,
        Err(why) => {
            unreachable(&why, report);
            return;
        }
    };
    let status = match control.ask(&FromControl::Status) {
        Ok(ToControl::Status { status }) => status,
        Ok(_) => {
            unreachable(&crate::daemon::out_of_place(), report);
            return;
        }
        Err(why) => {
            unreachable(&why, report);
            return;
        }
    };
    if status.version != env!("CARGO_PKG_VERSION") {
        report.add(
            "daemon.version",
            format!(
                "aisudo-daemon {} runs, and this is aisudo {}",
                status.version,
                env!("CARGO_PKG_VERSION")
            ),
            "install the same version of both, then: systemctl restart aisudo-daemon",
        );
    }
    // What is wrong with the file itself is told already.
    if status.policy.starts_with("refused") && !report.has("policy.") {
        report.add(
            "daemon.policy_refused",
            format!("the daemon's policy: {}", status.policy),
            "see: aisudo policy check",
        );
    }
    for (name, health) in channels(config, &status) {
        if !is_well(name, health) {
            report.add(
                "daemon.channel",
                format!("{name}: {health}"),
                "do what it says; see: aisudo status",
            );
        }
    }
    let newest = FromControl::Audit {
        after: status.head.sequence.saturating_sub(1),
        limit: 1,
        wait: false,
    };
    if let Ok(ToControl::Audit { entries, .. }) = control.ask(&newest)
        && let Some(entry) = entries.first()
        && let Some(back) = set_back(entry, clock::unix_ms())
    {
        report.add(
            "daemon.clock_before_log",
            format!("the clock is {back} s before the audit log's newest entry"),
            "set the clock right: timedatectl set-ntp true",
        );
    }
}

/// Those by which root accepts answers, and how the log is kept.
fn channels<'a>(
    config: &'a Config,
    status: &'a wire::Status,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let accepted = |name: &str| {
        name.starts_with("audit ") || config.gate.accept.iter().any(|kind| kind.name() == name)
    };
    status
        .channels
        .iter()
        .map(|(name, health)| (name.as_str(), health.as_str()))
        .filter(move |(name, _)| accepted(name))
}

/// By the phrases that the daemon says when all is well.
fn is_well(name: &str, health: &str) -> bool {
    if name == EvidenceKind::Signal.name() {
        let mut parts = health.split("; ");
        let connected = parts
            .next()
            .is_some_and(|part| part.starts_with("connected to signal-cli"));
        return connected
            && parts.all(|part| part.ends_with(" approver") || part.ends_with(" approvers"));
    }
    if name == EvidenceKind::App.name() {
        return health.contains(" device") && !health.contains("expired for");
    }
    match name {
        "audit copy" => !health.contains(": "),
        "audit archive" => false,
        _ => true,
    }
}

fn unreachable(why: &Failure, report: &mut Report) {
    let why = why.message().unwrap_or("it cannot be reached").to_owned();
    let (what, fix) = why
        .split_once("; ")
        .unwrap_or((&why, "systemctl restart aisudo-daemon"));
    report.add("daemon.unreachable", what, fix);
}

#[derive(Deserialize)]
struct Dated<'a> {
    at: &'a str,
}

/// By how many seconds the clock is before this entry, if that is more than can be by chance.
fn set_back(entry: &str, now_ms: u64) -> Option<i64> {
    let dated: Dated<'_> = serde_json::from_str(entry).ok()?;
    let at: Timestamp = dated.at.parse().ok()?;
    let now = i64::try_from(now_ms).ok()?;
    let back = at.as_millisecond().saturating_sub(now);
    (back > CLOCK_TOLERANCE_MS).then_some(back / 1000)
}

/// systemd-timesyncd and chrony say so by a file or the kernel; timedatectl knows both.
pub(super) fn synchronised(view: &View<'_>, report: &mut Report) {
    if view.exists(Path::new("/run/systemd/timesync/synchronized")) {
        return;
    }
    let said = view.run(
        "timedatectl",
        &["show", "--property=NTPSynchronized", "--value"],
    );
    if said.is_some_and(|said| said.done && said.stdout.trim() == "no") {
        report.add(
            "daemon.clock_unsynchronised",
            "the clock is not synchronised",
            "timedatectl set-ntp true, or install an NTP client",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_newest_entry_is_told() {
        let entry = r#"{"at":"2023-11-14T22:13:20.007Z","event":"started"}"#;
        let at = 1_700_000_000_007;
        assert_eq!(set_back(entry, at + 1), None);
        assert_eq!(set_back(entry, at - 5_000), None);
        assert_eq!(set_back(entry, at - 60_000), Some(60));
        assert_eq!(set_back("{}", 0), None);
    }

    #[test]
    fn a_channel_is_well_by_the_daemons_own_words() {
        for (name, health, well) in [
            ("terminal", "nobody watches", true),
            (
                "signal",
                "connected to signal-cli 0.13.19; 1 approver",
                true,
            ),
            (
                "signal",
                "connected to signal-cli 0.13.19; bob's key has changed",
                false,
            ),
            ("signal", "not connected: refused", false),
            ("signal", "connecting to signal-cli", false),
            ("app", "2 devices, none listens, push on", true),
            (
                "app",
                "1 device, none listens, push off, expired for 1",
                false,
            ),
            ("app", "no phone is paired; run: aisudo pair NAME", false),
            (
                "audit archive",
                "old entries stay in the database: x",
                false,
            ),
        ] {
            assert_eq!(is_well(name, health), well, "{name}: {health}");
        }
    }
}
