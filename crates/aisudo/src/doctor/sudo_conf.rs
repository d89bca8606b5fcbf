//! sudo.conf(5): which plugins sudo loads.

use std::{fs, path::Path};

use super::{
    gate::Sudos,
    report::Report,
    view::{View, not_roots},
};
use crate::host::{
    module::{self, Trouble},
    sudo::Kind,
};

const FILE: &str = "/etc/sudo.conf";

/// The symbol by which sudo finds our plugin.
const OURS: &str = "aisudo_approval";

const RESTORE: &str = "take that line out of /etc/sudo.conf, or install aisudo's package again";

pub(super) fn check(view: &View<'_>, sudos: &Sudos, report: &mut Report) {
    report.looked("sudo.missing");
    if sudos.all.is_empty() {
        report.add(
            "sudo.missing",
            "there is no sudo, or it does not say its version",
            "install sudo",
        );
    }
    if !sudos.has_c() {
        // sudo-rs reads no sudo.conf.
        return;
    }
    report.looked_at("plugin.");
    report.looked_at("sudo_conf.");
    if let Some(why) = view.meta(FILE).as_ref().and_then(not_roots) {
        report.add(
            "sudo_conf.writable",
            format!("{FILE} {why}"),
            format!("look at what it says, then: chown root {FILE} && chmod go-w {FILE}"),
        );
    }
    let text = view.text(FILE).unwrap_or_default();
    let mut ours = false;
    for line in plugins(&text) {
        match line {
            Plugin { symbol, path: None } => report.add(
                "sudo_conf.malformed",
                format!("{FILE}: the line Plugin {symbol} names no file"),
                "correct or remove it",
            ),
            Plugin {
                symbol,
                path: Some(path),
            } => {
                if symbol == OURS {
                    ours = true;
                } else if !symbol.starts_with("sudoers_") {
                    report.add(
                        "sudo_conf.other_plugin",
                        format!("sudo also loads {symbol} from {path}"),
                        "look whether you put it there",
                    );
                }
                plugin(view, sudos, symbol, path, report);
            }
        }
    }
    if !ours {
        report.add(
            "plugin.absent",
            "sudo does not load aisudo's approval plugin",
            "if you want it: aisudo setup --plugin",
        );
    }
}

struct Plugin<'a> {
    symbol: &'a str,
    path: Option<&'a str>,
}

fn plugins(text: &str) -> impl Iterator<Item = Plugin<'_>> {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        // sudo compares without regard to case.
        if !words.next()?.eq_ignore_ascii_case("plugin") {
            return None;
        }
        Some(Plugin {
            symbol: words.next().unwrap_or_default(),
            path: words.next(),
        })
    })
}

/// A plugin's file. What is relative is in sudo's own directory, whose files come with it.
fn plugin(view: &View<'_>, sudos: &Sudos, symbol: &str, path: &str, report: &mut Report) {
    if !path.starts_with('/') {
        if symbol == OURS {
            report.add(
                "plugin.missing",
                format!("{FILE} names {path} for {OURS}, which is no absolute path"),
                RESTORE,
            );
        }
        return;
    }
    let place = view.at(path);
    let sudo = sudos.all.first().map(|sudo| sudo.path.as_path());
    match module::check(view.root(), &place, sudo.unwrap_or(Path::new("/"))) {
        Err(Trouble::Missing(_)) => report.add(
            "plugin.missing",
            format!("{path}, which {FILE} names, is not there: sudo refuses everything"),
            RESTORE,
        ),
        Err(Trouble::OtherMachine(_)) => report.add(
            "plugin.wrong_machine",
            format!(
                "{path} is not made for the machine that sudo is made for: sudo refuses everything"
            ),
            RESTORE,
        ),
        Err(Trouble::NotTrusted(why)) => {
            let (what, fix) = why.split_once("; ").unwrap_or((&why, "check it"));
            report.add("plugin.writable", what, fix);
        }
        Ok(()) if symbol == OURS => of_ours(sudos, &place, path, report),
        Ok(()) => {}
    }
}

fn of_ours(sudos: &Sudos, place: &Path, path: &str, report: &mut Report) {
    let has_symbol = fs::read(place).is_ok_and(|bytes| {
        bytes
            .windows(OURS.len())
            .any(|window| window == OURS.as_bytes())
    });
    if !has_symbol {
        report.add(
            "plugin.no_symbol",
            format!("{path} has no {OURS}: sudo refuses everything"),
            RESTORE,
        );
    }
    // sudo-rs reads no sudo.conf.
    let mut of_c = sudos.all.iter().filter(|sudo| sudo.kind == Kind::C);
    if let Some(old) = of_c.find(|sudo| !sudo.has_approval_plugins()) {
        report.add(
            "plugin.sudo_too_old",
            format!("{old} loads no approval plugins, and {FILE} names one"),
            "take that line out: aisudo setup --uninstall, then aisudo setup",
        );
    }
}
