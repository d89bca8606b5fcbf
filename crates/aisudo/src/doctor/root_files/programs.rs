//! What cron and systemd run as root.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::super::view::View;

/// Tables in which each line names a user.
const SYSTEM_TABLES: [&str; 2] = ["/etc/crontab", "/etc/anacrontab"];

/// Directories of tables, and of programs.
const TABLES: &str = "/etc/cron.d";
const CRON_PROGRAMS: [&str; 5] = [
    "/etc/cron.hourly",
    "/etc/cron.daily",
    "/etc/cron.weekly",
    "/etc/cron.monthly",
    "/etc/cron.yearly",
];

/// Root's own table.
const ROOTS: [&str; 3] = [
    "/var/spool/cron/crontabs/root",
    "/var/spool/cron/root",
    "/etc/cron.root",
];

/// What cron runs as root, and where that is written.
pub(super) fn of_cron(view: &View<'_>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for directory in std::iter::once(TABLES).chain(CRON_PROGRAMS) {
        if view.exists(directory) {
            found.insert(PathBuf::from(directory));
            found.extend(view.list(directory));
        }
    }
    let tables: Vec<PathBuf> = SYSTEM_TABLES
        .iter()
        .map(PathBuf::from)
        .chain(view.list(TABLES))
        .collect();
    for (table, has_user) in tables
        .iter()
        .map(|path| (path.as_path(), true))
        .chain(ROOTS.iter().map(|path| (Path::new(*path), false)))
    {
        let Some(text) = view.text(table) else {
            continue;
        };
        found.insert(table.to_path_buf());
        found.extend(text.lines().flat_map(|line| of_table(line, has_user)));
    }
    found
}

/// The programs of one line of crontab(5), if root runs it.
fn of_table(line: &str, has_user: bool) -> Vec<PathBuf> {
    let line = line.trim();
    let is_setting = line
        .split(|c: char| c.is_whitespace() || c == '=')
        .next()
        .is_some_and(|word| word.chars().all(|c| c.is_ascii_alphabetic() || c == '_'));
    if line.starts_with('#') || is_setting {
        return Vec::new();
    }
    let times = if line.starts_with('@') { 1 } else { 5 };
    let mut words = line.split_whitespace().skip(times);
    if has_user && words.next() != Some("root") {
        return Vec::new();
    }
    let command: Vec<&str> = words.collect();
    of_shell(&command.join(" "))
}

/// Programs and scripts by their absolute paths in a line for the shell: the first word of each command,
/// and what is given to an interpreter.
fn of_shell(line: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for command in line.split([';', '&', '|', '(', ')', '{', '}']) {
        let mut words = command
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .skip_while(|word| word.contains('=') && !word.starts_with('/'));
        let Some(first) = words.next() else { continue };
        if first.starts_with('/') {
            found.push(PathBuf::from(first));
        }
        if runs_others(first) {
            found.extend(words.find(|word| word.starts_with('/')).map(PathBuf::from));
        }
    }
    found
}

fn runs_others(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        name,
        "sh" | "bash"
            | "dash"
            | "zsh"
            | "ksh"
            | "python"
            | "perl"
            | "ruby"
            | "node"
            | "php"
            | "env"
            | "nice"
            | "ionice"
            | "chronic"
            | "flock"
            | "timeout"
            | "exec"
            | "source"
            | "run-parts"
            | "nohup"
            | "setsid"
            | "test"
            | "["
            | "if"
            | "then"
            | "!"
    ) || program == "."
}

/// Where units are.
const UNITS: [&str; 6] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
    "/etc/systemd/system.control",
];

/// Units, what is dropped into them, and what services run as root.
pub(super) fn of_units(view: &View<'_>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for directory in view.distinct(UNITS) {
        for path in view.list(&directory) {
            if view.meta(&path).is_some_and(|meta| meta.is_dir()) {
                for part in view.list(&path) {
                    found.extend(of_unit(view, &part));
                    found.insert(part);
                }
            } else {
                found.extend(of_unit(view, &path));
            }
            found.insert(path);
        }
        found.insert(directory);
    }
    found
}

fn of_unit(view: &View<'_>, path: &Path) -> Vec<PathBuf> {
    let text = view.text(path).unwrap_or_default();
    let value = |line: &str| -> Option<(String, String)> {
        let (key, value) = line.split_once('=')?;
        Some((key.trim().to_owned(), value.trim().to_owned()))
    };
    let values: Vec<(String, String)> = text
        .replace("\\\n", " ")
        .lines()
        .filter(|line| !line.trim_start().starts_with(['#', ';']))
        .filter_map(value)
        .collect();
    let as_other = values.iter().any(|(key, value)| {
        (key == "User" && value != "root" && value != "0" && !value.is_empty())
            || (key == "DynamicUser" && value == "yes")
    });
    let mut found = Vec::new();
    for (key, value) in &values {
        if key == "EnvironmentFile" && !as_other {
            let file = value.trim_start_matches('-');
            found.extend(file.starts_with('/').then(|| PathBuf::from(file)));
        }
        if !key.starts_with("Exec") {
            continue;
        }
        let command = value.trim_start_matches(['@', '-', ':', '+', '!', '|']);
        let prefix = value.get(..value.len() - command.len()).unwrap_or_default();
        // `+` and `!` run as root whatever the unit's user is.
        if !as_other || prefix.contains(['+', '!']) {
            found.extend(of_shell(command));
        }
    }
    // Specifiers and patterns name no file.
    found.retain(|path| !path.to_string_lossy().contains(['%', '*', '$']));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(paths: &[PathBuf]) -> Vec<&str> {
        paths.iter().filter_map(|path| path.to_str()).collect()
    }

    #[test]
    fn what_root_runs_by_cron_is_read_from_its_tables() {
        for (line, has_user, programs) in [
            ("*/5 * * * * root /opt/a/run x", true, vec!["/opt/a/run"]),
            (
                "@daily root cd / && /opt/b >/dev/null 2>&1",
                true,
                vec!["/opt/b"],
            ),
            ("* * * * * www /opt/c", true, vec![]),
            (
                "* * * * * /bin/sh /home/x/y.sh",
                false,
                vec!["/bin/sh", "/home/x/y.sh"],
            ),
            (
                "17 * * * * root cd / && run-parts --report /etc/cron.hourly",
                true,
                vec!["/etc/cron.hourly"],
            ),
            ("* * * * * root A=b python3.11 /x.py", true, vec!["/x.py"]),
            ("PATH=/home/x:/bin", true, vec![]),
            ("# * * * * * root /opt/d", true, vec![]),
        ] {
            assert_eq!(said(&of_table(line, has_user)), programs, "{line}");
        }
    }
}
