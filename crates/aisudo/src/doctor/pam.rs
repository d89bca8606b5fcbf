//! Our lines in PAM's services of sudo, and the module that they name.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    gate::Sudos,
    report::{Repair, Report},
    view::{View, not_roots},
};
use crate::host::{
    module::{self, Trouble},
    os::Family,
    pam_file::{self, Call, Facility, Standing},
};

const SETUP: &str = "run: aisudo setup";

/// Where services are: the administrator's own files count before the distribution's.
const DIRECTORIES: [&str; 2] = ["/etc/pam.d", "/usr/lib/pam.d"];

pub(super) fn check(view: &View<'_>, sudos: &Sudos, report: &mut Report) {
    report.looked_at("pam.");
    report.looked_at("module.");
    let mut named = BTreeSet::new();
    for service in services(view, sudos) {
        let Some(file) = file_of(view, service) else {
            report.add(
                "pam.service_missing",
                format!("there is no /etc/pam.d/{service}: PAM takes the service other for it"),
                "reinstall sudo's package, then run: aisudo setup",
            );
            continue;
        };
        for facility in facilities(sudos) {
            named.extend(look(view, service, &file, *facility, report));
        }
    }
    for module in named {
        file(view, sudos, &module, report);
    }
    files(view, report);
}

/// The services by which sudo gives root here.
fn services(view: &View<'_>, sudos: &Sudos) -> Vec<&'static str> {
    let all = sudos.os.services();
    let used = |service: &&&str| {
        **service == "sudo"
            || sudos.own_login_service
            || sudos.os.family == Family::MacOs
            || file_of(view, service).is_some()
    };
    all.iter().filter(used).copied().collect()
}

fn facilities(sudos: &Sudos) -> &'static [Facility] {
    match sudos.os.family {
        // What stands there is included for auth alone.
        Family::MacOs => &[Facility::Auth],
        _ => &[Facility::Auth, Facility::Account],
    }
}

fn file_of(view: &View<'_>, service: &str) -> Option<PathBuf> {
    DIRECTORIES
        .iter()
        .map(|directory| Path::new(directory).join(service))
        .find(|path| view.exists(path))
}

/// Looks how our lines stand. Returns the module that they name.
fn look(
    view: &View<'_>,
    service: &str,
    file: &Path,
    facility: Facility,
    report: &mut Report,
) -> Option<String> {
    let text_of = |name: &str| file_of(view, name).and_then(|path| view.text(path));
    let shown = file.display();
    let calls = match pam_file::calls(service, facility, &text_of) {
        Ok(calls) => calls,
        Err(why) => {
            report.add("pam.unreadable", why, "correct that file");
            return None;
        }
    };
    let (word, ids) = match facility {
        Facility::Auth => (
            "auth",
            ["pam.auth_missing", "pam.auth_order", "pam.auth_control"],
        ),
        _ => (
            "account",
            [
                "pam.account_missing",
                "pam.account_order",
                "pam.account_control",
            ],
        ),
    };
    let [missing, order, control] = ids;
    match pam_file::standing(&calls, facility) {
        Standing::Missing => report.add(
            missing,
            format!("{shown} has no {word} line that calls pam_aisudo.so"),
            SETUP,
        ),
        Standing::Behind(before) => report.add(
            order,
            format!(
                "in {shown}, {} is called for {word} before pam_aisudo.so ({}, line {})",
                before.module, before.service, before.line
            ),
            format!("move aisudo's lines above everything else of {shown}, or {SETUP}"),
        ),
        Standing::Weak(ours) => report.add(
            control,
            format!(
                "in {shown}, the {word} line of pam_aisudo.so is {}: its no does not count",
                ours.control
            ),
            format!("give it the control that docs/doctor.md shows, or {SETUP}"),
        ),
        Standing::First(_) => {}
    }
    let ours = calls.into_iter().find(Call::is_ours)?;
    of_line(word, file, &ours, report);
    Some(ours.module)
}

/// What one line of ours says besides where it stands.
fn of_line(word: &str, file: &Path, ours: &Call, report: &mut Report) {
    let shown = file.display();
    if ours.control.starts_with('[') || ours.control == "required" || ours.control == "requisite" {
        let lets_through = ours
            .control
            .trim_matches(['[', ']'])
            .split_whitespace()
            .any(|pair| pair == "module_unknown=ignore");
        if !lets_through {
            report.add(
                "pam.module_unknown",
                format!(
                    "in {shown}, the {word} line of pam_aisudo.so has no module_unknown=ignore"
                ),
                SETUP,
            );
        }
    }
    let wrong: Vec<&str> = ours
        .arguments
        .iter()
        .map(String::as_str)
        .filter(|option| !option.starts_with("root="))
        .collect();
    if !wrong.is_empty() {
        report.add(
            "pam.options",
            format!(
                "in {shown}, the {word} line gives pam_aisudo.so what it does not know: {}",
                wrong.join(" ")
            ),
            "take it out: root=DIR is the only option",
        );
    }
}

/// The module's file, as a line names it.
fn file(view: &View<'_>, sudos: &Sudos, named: &str, report: &mut Report) {
    let path = if named.starts_with('/') {
        view.at(named)
    } else if let Some(directory) = &sudos.modules {
        directory.join(named)
    } else {
        return;
    };
    let sudo = match sudos.first() {
        Some(sudo) => sudo.path.clone(),
        None => view.at("/usr/bin/sudo"),
    };
    let shown = view.shown(&path).display().to_string();
    match module::check(view.root(), &path, &sudo) {
        Ok(()) => {}
        Err(Trouble::Missing(_)) => report.add(
            "module.missing",
            format!("{shown} is not there: sudo asks for a password and nobody else"),
            "install aisudo's package again, or take the lines out: aisudo setup --uninstall",
        ),
        Err(Trouble::OtherMachine(_)) => report.add(
            "module.wrong_machine",
            format!("{shown} is not made for the machine that sudo is made for"),
            "install the package for this machine",
        ),
        Err(Trouble::NotTrusted(why)) => {
            let (what, fix) = why.split_once("; ").unwrap_or((&why, "check it"));
            match of_file_itself(&path) {
                Some(repair) => report.add_fixable("module.writable", what, fix, repair),
                None => report.add("module.writable", what, fix),
            }
        }
    }
}

/// The repair, where it is the file that is writable and not a directory above it.
fn of_file_itself(path: &Path) -> Option<Repair> {
    use std::os::unix::fs::MetadataExt as _;
    let real = path.canonicalize().ok()?;
    let meta = real.metadata().ok()?;
    let closed = not_roots(&meta)?;
    (!closed.is_empty()).then(|| Repair {
        path: real,
        owner: Some((0, None)),
        mode: meta.mode() & 0o7777 & !0o022,
    })
}

/// PAM's files and their directory are root's alone.
fn files(view: &View<'_>, report: &mut Report) {
    for directory in DIRECTORIES {
        let all = std::iter::once(PathBuf::from(directory)).chain(view.list(directory));
        for path in all {
            let Some(why) = view.meta(&path).as_ref().and_then(not_roots) else {
                continue;
            };
            let shown = path.display();
            let what = format!("{shown} {why}");
            let fix = format!("chown root {shown} && chmod go-w {shown}");
            match of_file_itself(&view.at(&path)) {
                Some(repair) => report.add_fixable("pam.file_writable", what, fix, repair),
                None => report.add("pam.file_writable", what, fix),
            }
        }
    }
}
