//! What sudoers says of each gated user.

mod judge;
mod read;

use std::{
    collections::BTreeSet,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use self::{
    judge::{Effective, matches_host},
    read::{Scope, Value},
};
use super::{
    gate::Sudos,
    report::Report,
    users::Subject,
    view::{View, not_roots},
};
use crate::{
    host::{
        pam_file::{self, Facility, Standing},
        sudo::{Kind, Sudo, Version},
    },
    root,
};

pub(super) use self::read::Sudoers;

/// Where sudo, and sudo-rs if it has one of its own, begins to read.
const FIRST: &str = "/etc/sudoers";
const FIRST_OF_RS: &str = "/etc/sudoers-rs";

const SETUP: &str = "run: aisudo setup";

/// Looks at all files. Returns where sudo looks for programs (`secure_path`).
pub(super) fn check(
    view: &View<'_>,
    sudos: &Sudos,
    subjects: &[Subject],
    report: &mut Report,
) -> BTreeSet<PathBuf> {
    let mut secure_path = BTreeSet::new();
    let Some(sudo) = sudos.first() else {
        return secure_path;
    };
    report.looked_at("sudoers.");
    let first = match sudo.kind {
        Kind::Rs if view.exists(FIRST_OF_RS) => FIRST_OF_RS,
        Kind::Rs | Kind::C => FIRST,
    };
    let host = host_name(view);
    let sudoers = read::read(view, Path::new(first), &host);
    files(view, &sudoers, report);
    syntax(view, sudo, report);
    elsewhere(view, report);
    for subject in subjects {
        let effective = Effective::of(&sudoers, subject, &host);
        settings(view, sudos, subject, &effective, report);
        dangerous_for_some(&sudoers, report);
        let passwordless = rules(sudo, subject, &sudoers, &host, report);
        if !passwordless {
            as_sudo_says(view, sudo, subject, report);
        }
        let directories = effective.text("secure_path").unwrap_or_default();
        let absolute = directories.split(':').filter(|path| path.starts_with('/'));
        secure_path.extend(absolute.map(PathBuf::from));
    }
    secure_path
}

fn host_name(view: &View<'_>) -> String {
    if view.is_host() {
        return root::host_name();
    }
    let text = view.text("/etc/hostname").unwrap_or_default();
    text.trim().to_owned()
}

/// Files and directories are root's alone.
fn files(view: &View<'_>, sudoers: &Sudoers, report: &mut Report) {
    for path in sudoers.files.iter().chain(&sudoers.directories) {
        let Some(meta) = view.meta(path) else {
            continue;
        };
        // Root's group is root.
        let open = match not_roots(&meta) {
            Some(_) if meta.uid() == 0 && meta.gid() == 0 && meta.mode() & 0o002 == 0 => None,
            open => open,
        };
        if let Some(why) = open {
            let shown = path.display();
            report.add(
                "sudoers.writable",
                format!("{shown} {why}"),
                format!("look at what it says, then: chown root {shown} && chmod go-w {shown}"),
            );
        }
    }
}

fn syntax(view: &View<'_>, sudo: &Sudo, report: &mut Report) {
    let program = sudo.visudo(view.root());
    let Some(program) = program else { return };
    let Some(said) = view.run(&program.to_string_lossy(), &["-c"]) else {
        return;
    };
    if !said.done {
        let both = format!("{}{}", said.stderr, said.stdout);
        let wrong = both
            .lines()
            .find(|line| !line.contains("parsed OK") && !line.trim().is_empty());
        report.add(
            "sudoers.check_failed",
            format!("visudo -c: {}", wrong.unwrap_or("it fails")),
            "correct that file with visudo",
        );
    }
}

/// Rules that are in no file are seen by sudo alone.
fn elsewhere(view: &View<'_>, report: &mut Report) {
    let text = view.text("/etc/nsswitch.conf").unwrap_or_default();
    let sources = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("sudoers:"))
        .flat_map(str::split_whitespace);
    let others: Vec<&str> = sources
        .filter(|source| !source.starts_with('[') && *source != "files")
        .collect();
    if !others.is_empty() {
        report.add(
            "sudoers.other_source",
            format!(
                "rules also come from {} (/etc/nsswitch.conf)",
                others.join(", ")
            ),
            "look at them there: doctor knows only what sudo -l says of NOPASSWD",
        );
    }
}

/// What settings are in force for this user.
fn settings(
    view: &View<'_>,
    sudos: &Sudos,
    subject: &Subject,
    effective: &Effective<'_>,
    report: &mut Report,
) {
    let who = &subject.name;
    let mut say = |id: &'static str, name: &str, what: String, fix: &str| {
        let at = effective.at(name);
        let at = at.map_or_else(String::new, |at| format!(" ({at})"));
        report.add(id, format!("{who}: {what}{at}"), fix);
    };
    let out = "take it out of that file with visudo -f";
    if effective.is_off("authenticate") {
        say(
            "sudoers.authenticate_off",
            "authenticate",
            "!authenticate".into(),
            out,
        );
    }
    if effective.is_off("pam_acct_mgmt") {
        say(
            "sudoers.pam_acct_mgmt_off",
            "pam_acct_mgmt",
            "!pam_acct_mgmt".into(),
            out,
        );
    }
    if effective.is_off("env_reset") {
        say(
            "sudoers.env_reset_off",
            "env_reset",
            "!env_reset".into(),
            out,
        );
    }
    if let Some(group) = effective.text("exempt_group")
        && subject.is_in(group.trim_start_matches('%'))
    {
        say(
            "sudoers.exempt_group",
            "exempt_group",
            format!("exempt_group={group}, of which the user is a member"),
            "take it out, or the user out of that group",
        );
    }
    ticket(effective, &mut say);
    match effective.text("passwd_tries") {
        Some("1") => {}
        other => say(
            "sudoers.passwd_tries",
            "passwd_tries",
            format!(
                "passwd_tries is {}, not 1",
                other.unwrap_or("3 (the default)")
            ),
            SETUP,
        ),
    }
    // All of them read the same files: one that does not know it complains to everybody.
    let stranger = sudos
        .all
        .iter()
        .find(|sudo| !sudo.knows_noninteractive_auth());
    match (stranger, effective.is_on("noninteractive_auth")) {
        (None, false) => say(
            "sudoers.noninteractive_auth_missing",
            "noninteractive_auth",
            "noninteractive_auth is not set".into(),
            SETUP,
        ),
        (Some(sudo), true) => say(
            "sudoers.noninteractive_auth_unknown",
            "noninteractive_auth",
            format!("noninteractive_auth is set, and {sudo} does not know it"),
            SETUP,
        ),
        _ => {}
    }
    for name in ["pam_service", "pam_login_service", "pam_askpass_service"] {
        if let Some(service) = effective.text(name)
            && !is_gated(view, service)
        {
            say(
                "sudoers.pam_service",
                name,
                format!("{name}={service}, a PAM service without aisudo's lines"),
                "take it out, or give that service aisudo's lines",
            );
        }
    }
    for name in ["rootpw", "runaspw", "targetpw"] {
        if effective.is_on(name) {
            say(
                "sudoers.other_password",
                name,
                format!("{name}: another user's password is asked for"),
                "take it out, or be sure that the user does not know that password",
            );
        }
    }
    if effective.is_on("setenv") {
        say("sudoers.setenv", "setenv", "setenv".into(), out);
    }
    if effective.text("secure_path").is_none() && sudos.has_c() {
        say(
            "sudoers.secure_path",
            "secure_path",
            "there is no secure_path: sudo takes the requester's PATH".into(),
            "add to sudoers: Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"",
        );
    }
    let kept = effective.kept_that_load_code();
    if !kept.is_empty() {
        say(
            "sudoers.env_keep",
            "env_keep",
            format!("env_keep lets through {}", kept.join(", ")),
            out,
        );
    }
}

fn ticket(effective: &Effective<'_>, say: &mut impl FnMut(&'static str, &str, String, &str)) {
    let minutes = match effective.value("timestamp_timeout") {
        Some(Value::Is(text)) => Some(text.as_str()),
        // `!timestamp_timeout` is 0, by sudoers(5).
        Some(Value::Off) => Some("0"),
        _ => None,
    };
    if minutes.and_then(|text| text.parse::<f64>().ok()) != Some(0.0) {
        say(
            "sudoers.ticket",
            "timestamp_timeout",
            format!(
                "timestamp_timeout is {}, not 0",
                minutes.unwrap_or("the default")
            ),
            SETUP,
        );
    }
}

/// Whether a PAM service has our lines where they must be.
fn is_gated(view: &View<'_>, service: &str) -> bool {
    let text_of = |name: &str| view.text(Path::new("/etc/pam.d").join(name));
    let first = |facility| {
        pam_file::calls(service, facility, &text_of)
            .map(|calls| pam_file::standing(&calls, facility))
    };
    let is_first = |facility| matches!(first(facility), Ok(Standing::First(_)));
    !service.contains('/') && is_first(Facility::Auth) && is_first(Facility::Account)
}

/// Settings for some commands or target users are not followed: that there are any is enough.
fn dangerous_for_some(sudoers: &Sudoers, report: &mut Report) {
    let of_some = sudoers
        .defaults
        .iter()
        .filter(|setting| setting.scope == Scope::Some);
    for setting in of_some {
        let id = match (setting.name.as_str(), &setting.value) {
            ("authenticate", Value::Off) => "sudoers.authenticate_off",
            ("pam_acct_mgmt", Value::Off) => "sudoers.pam_acct_mgmt_off",
            ("env_reset", Value::Off) => "sudoers.env_reset_off",
            ("setenv", Value::On) => "sudoers.setenv",
            ("timestamp_timeout", Value::Is(minutes)) if minutes != "0" => "sudoers.ticket",
            ("pam_service" | "pam_login_service", Value::Is(_)) => "sudoers.pam_service",
            _ => continue,
        };
        let off = if setting.value == Value::Off { "!" } else { "" };
        report.add(
            id,
            format!(
                "some commands or target users: {off}{} ({})",
                setting.name, setting.at
            ),
            "take it out of that file with visudo -f",
        );
    }
}

/// What the user's rules leave out. Returns whether one asks for no password.
fn rules(
    sudo: &Sudo,
    subject: &Subject,
    sudoers: &Sudoers,
    host: &str,
    report: &mut Report,
) -> bool {
    // The last rule that matches counts: one for all commands covers those before it.
    let mut open: Vec<(String, String)> = Vec::new();
    let mut keeps: Vec<(String, String)> = Vec::new();
    for rule in &sudoers.rules {
        let users = sudoers.expanded(&rule.users);
        let hosts = sudoers.expanded(&rule.hosts);
        if !judge::matches_user(&users, subject) || !matches_host(&hosts, host) {
            continue;
        }
        for command in &rule.commands {
            let covers_all = command.text == "ALL" && command.as_all;
            if covers_all {
                open.clear();
            }
            if command.no_password && !command.text.starts_with('!') {
                open.push((command.text.clone(), rule.at.clone()));
            }
            if command.setenv && command.text != "ALL" {
                keeps.push((command.text.clone(), rule.at.clone()));
            }
        }
    }
    let who = &subject.name;
    for (command, at) in &open {
        report.add(
            "sudoers.nopasswd",
            format!("{who}: NOPASSWD for {command} ({at})"),
            "take NOPASSWD: out with visudo -f: without it the same command is asked about",
        );
        let edits = command == "ALL" || command.starts_with("sudoedit");
        if edits && sudo.kind == Kind::Rs && sudo.version < Version(0, 2, 14, 0) {
            report.add(
                "sudoers.nopasswd_sudoedit",
                format!("{who}: {sudo} asks nobody before sudoedit with NOPASSWD ({at})"),
                "take NOPASSWD: out, and update sudo-rs to 0.2.14",
            );
        }
    }
    for (command, at) in &keeps {
        report.add(
            "sudoers.setenv",
            format!("{who}: SETENV for {command} ({at})"),
            "take SETENV: out with visudo -f",
        );
    }
    !open.is_empty()
}

/// sudo's own word, for rules that are in no file.
fn as_sudo_says(view: &View<'_>, sudo: &Sudo, subject: &Subject, report: &mut Report) {
    let program = sudo.path.to_string_lossy();
    let Some(said) = view.run(&program, &["-n", "-l", "-U", &subject.name]) else {
        return;
    };
    let rules = said.stdout.split("may run the following").nth(1);
    let open = rules
        .unwrap_or_default()
        .lines()
        .find(|line| line.contains("NOPASSWD:"));
    // The last rule that matches counts: what covers all by a password is below.
    let covered = rules.is_some_and(|rules| {
        let after = rules.rsplit("NOPASSWD:").next().unwrap_or_default();
        after.lines().skip(1).any(|line| {
            let line = line.trim();
            line.starts_with("(ALL") && line.ends_with(") ALL")
        })
    });
    if let Some(line) = open.filter(|_| !covered) {
        report.add(
            "sudoers.nopasswd",
            format!("{}: sudo -l says {}", subject.name, line.trim()),
            "take NOPASSWD: out where that rule comes from",
        );
    }
}
