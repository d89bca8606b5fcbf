//! Root's own files: configuration, policy, approvers, and who may decide by them.

use std::path::Path;

use aisudo_core::{config::Config, display, evidence::EvidenceKind, policy::lint};
use aisudo_sys::{trusted, writers};

use super::{
    report::Report,
    users::{self, Subject},
    view::View,
};

/// Reads the configuration, as gate and daemon do.
pub(super) fn check(view: &View<'_>, report: &mut Report) -> Option<Config> {
    report.looked("config.untrusted");
    let path = view.paths.config();
    match trusted::read_config(&view.paths) {
        Ok((config, _)) => {
            report.looked("config.malformed");
            Some(config)
        }
        Err(why) => {
            told(
                report,
                ["config.untrusted", "config.malformed"],
                &path,
                &why,
            );
            None
        }
    }
}

/// Whether the text of a trusted file was wrong, or the file was not to be believed.
fn told(report: &mut Report, [untrusted, malformed]: [&'static str; 2], path: &Path, why: &str) {
    // What is wrong in the text begins with the file's path and a colon.
    if why.starts_with(&format!("{}: ", path.display())) {
        report.add(malformed, why, format!("correct {}", path.display()));
    } else {
        let (what, fix) = why.split_once("; ").unwrap_or((why, "check it"));
        report.add(untrusted, what, format!("look at what it says, then {fix}"));
    }
}

/// Policy and approvers, and who is named in them.
pub(super) fn check_people(
    view: &View<'_>,
    config: &Config,
    subjects: &[Subject],
    report: &mut Report,
) {
    report.looked_at("policy.");
    report.looked_at("approvers.");
    report.looked_at("config.");
    known_users(view, config, report);
    policy(view, report);
    approvers(view, config, subjects, report);
}

/// `who` names users and groups that exist.
fn known_users(view: &View<'_>, config: &Config, report: &mut Report) {
    let accounts = users::accounts(view);
    let groups = users::groups(view);
    for who in &config.gate.who {
        let behind_nss = |known: bool| !known && view.is_host();
        let (kind, name, mut known) = match (&who.user, &who.group) {
            (Some(name), _) => ("user", name, accounts.iter().any(|one| one.name == *name)),
            (None, Some(name)) => ("group", name, groups.iter().any(|one| one.name == *name)),
            (None, None) => continue,
        };
        if behind_nss(known) {
            known = match kind {
                "user" => aisudo_sys::users::uid_of(name).is_some(),
                _ => aisudo_sys::users::group_id(name).is_some(),
            };
        }
        if !known {
            report.add(
                "config.unknown_user",
                format!(
                    "[[gate.who]] names the {kind} {}, which does not exist",
                    display::word(name.as_bytes()).text
                ),
                "correct the name in aisudo.toml",
            );
        }
        if who.user.as_deref() == Some("root") {
            report.add(
                "config.unknown_user",
                "[[gate.who]] names root, who is never asked for",
                "name the user of your agent",
            );
        }
    }
}

fn policy(view: &View<'_>, report: &mut Report) {
    let policy = match trusted::read_policy(&view.paths) {
        Ok((policy, _)) => policy,
        Err(why) => {
            let ids = ["policy.untrusted", "policy.malformed"];
            told(report, ids, &view.paths.policy(), &why);
            return;
        }
    };
    for finding in lint::findings(&policy, &writers::who_else) {
        if finding.accepted.is_none() {
            report.add(
                "policy.dangerous",
                finding.to_string(),
                "see: aisudo policy check",
            );
        }
    }
}

fn approvers(view: &View<'_>, config: &Config, subjects: &[Subject], report: &mut Report) {
    let approvers = match trusted::read_approvers(&view.paths) {
        Ok(approvers) => approvers,
        Err(why) => {
            let ids = ["approvers.untrusted", "approvers.malformed"];
            told(report, ids, &view.paths.approvers(), &why);
            return;
        }
    };
    let accepts = |kind| config.gate.accept.contains(&kind);
    let app = accepts(EvidenceKind::App)
        && config.channels.app.is_some()
        && approvers.devices().next().is_some();
    let signal = accepts(EvidenceKind::Signal)
        && config.channels.signal.is_some()
        && approvers.on_signal().next().is_some();
    // Root can always decide at a terminal.
    if !(accepts(EvidenceKind::Terminal) || app || signal) {
        let accepted: Vec<&str> = config.gate.accept.iter().map(|kind| kind.name()).collect();
        report.add(
            "approvers.none",
            format!(
                "nobody can approve: accept is [{}], and there is no approver who is reached so",
                accepted.join(", ")
            ),
            "pair a phone (aisudo pair NAME), or add \"terminal\" to accept in aisudo.toml",
        );
    }
    if let Some(group) = &config.channels.terminal.group {
        let groups = users::groups(view);
        let is_known = groups.iter().any(|one| one.name == *group)
            || (view.is_host() && aisudo_sys::users::group_id(group).is_some());
        let shown = display::word(group.as_bytes()).text;
        if !is_known {
            report.add(
                "approvers.group_unknown",
                format!("the approvers' group {shown} does not exist"),
                format!("groupadd --system {shown}, and add yourself to it"),
            );
        }
        for subject in subjects.iter().filter(|one| one.is_in(group)) {
            report.add(
                "approvers.gated",
                format!(
                    "{} is gated, and in the approvers' group {shown}",
                    subject.name
                ),
                format!("gpasswd --delete {} {shown}", subject.name),
            );
        }
    }
}
