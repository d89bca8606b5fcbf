//! The texts of the files that setup writes.

use aisudo_core::config::{Config, When};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::choice::Gated;
use crate::host::{block, sudo::Sudo};

/// `aisudo.toml` where there is none yet.
const CONFIG: &str = r#"# aisudo: who is asked for, and by what a yes counts. All fields: aisudo.toml(5).
# Read again when it changes. Owned by root, writable by root alone, or it is refused.

version = 1

# Who is asked for stands in [[gate.who]], below: one entry for each user or group, and the first that
# names the user, or a group of theirs, counts.
#   when = "always"      each sudo of theirs: for a user that is an agent's alone
#   when = "unattended"  only a sudo without a terminal: for an agent under its owner's own user
[gate]
# Seconds until no answer means no.
timeout = 120
# What happens when aisudo-daemon cannot be reached: "password" asks for one, "deny" refuses.
fallback = "password"
# By what a yes counts: answers at a terminal, rules of policy.toml, Signal, aisudo's app.
accept = ["terminal", "policy", "signal", "app"]

[channels.terminal]
# Root, and the members of this group, may approve at a terminal: usermod -aG aisudo-approvers NAME
group = "aisudo-approvers"
"#;

/// `aisudo.toml` with these users gated; all else stays as it is.
pub(super) fn config(before: Option<&str>, gated: &[Gated]) -> Result<String, String> {
    let before = before.unwrap_or(CONFIG);
    let known = Config::parse(before)?;
    let mut document: DocumentMut = before
        .parse()
        .map_err(|_| "the file is no TOML; correct it".to_owned())?;
    for one in gated {
        if known.gate.when(&one.name, &one.groups) != Some(one.when) {
            gate(&mut document, one)?;
        }
    }
    let text = document.to_string();
    let after = Config::parse(&text)?;
    for one in gated {
        if after.gate.when(&one.name, &one.groups) != Some(one.when) {
            return Err(format!(
                "an entry of gate.who before that of {} names a group of theirs; put theirs first",
                one.name
            ));
        }
    }
    Ok(text)
}

fn gate(document: &mut DocumentMut, one: &Gated) -> Result<(), String> {
    let when = match one.when {
        When::Always => "always",
        When::Unattended => "unattended",
    };
    let table = document
        .entry("gate")
        .or_insert_with(toml_edit::table)
        .as_table_mut()
        .ok_or("gate is no table; write it as one")?;
    let entries = table
        .entry("who")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or("gate.who is no list of [[gate.who]] tables; write it as such")?;
    let own = entries
        .iter_mut()
        .find(|entry| entry.get("user").and_then(Item::as_str) == Some(&one.name));
    match own {
        Some(entry) => {
            entry.insert("when", value(when));
        }
        None => {
            let mut entry = Table::new();
            entry.insert("user", value(one.name.as_str()));
            entry.insert("when", value(when));
            entries.push(entry);
        }
    }
    Ok(())
}

/// The first line of the drop-in: it is ours as long as it stands there.
pub(super) const SUDOERS_MARK: &str =
    "# Written by aisudo setup. To take it out: aisudo setup --uninstall";

/// What stands in the drop-in for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    gets_rule: bool,
}

/// What a rule of ours says behind the user's name.
const RULE: &str = "ALL=(ALL:ALL) ALL";

/// `/etc/sudoers.d/aisudo`: what of sudo's own settings would let a command by unasked. Users that
/// are in it already stay.
pub(super) fn sudoers(before: Option<&str>, gated: &[Gated], sudos: &[Sudo]) -> String {
    // A sudo that does not know it says so on each run.
    let noninteractive = match sudos.iter().all(Sudo::knows_noninteractive_auth) {
        true => ", noninteractive_auth",
        false => "",
    };
    let mut entries = entries(before.unwrap_or_default());
    for one in gated {
        let entry = Entry {
            name: one.name.clone(),
            gets_rule: one.gets_rule,
        };
        match entries.iter_mut().find(|own| own.name == one.name) {
            Some(own) => *own = entry,
            None => entries.push(entry),
        }
    }
    let mut text = format!(
        "{SUDOERS_MARK}\n\
         # No ticket lets the next command by; a no is final; sudo -n asks as well.\n"
    );
    for Entry { name, gets_rule } in entries {
        text.push_str(&format!(
            "Defaults:{name} timestamp_timeout=0, passwd_tries=1{noninteractive}\n"
        ));
        if gets_rule {
            text.push_str(&format!("{name} {RULE}\n"));
        }
    }
    text
}

/// Whom a drop-in of ours is about.
fn entries(text: &str) -> Vec<Entry> {
    let has_rule = |name: &str| text.lines().any(|line| line == format!("{name} {RULE}"));
    text.lines()
        .filter_map(|line| line.strip_prefix("Defaults:")?.split_whitespace().next())
        .map(|name| Entry {
            name: name.to_owned(),
            gets_rule: has_rule(name),
        })
        .collect()
}

/// The name of the symbol by which sudo knows the plugin.
const PLUGIN: &str = "aisudo_approval";

/// `sudo.conf` with our plugin.
pub(super) fn sudo_conf(before: &str, module: &str) -> String {
    let mut text = without_plugin(before);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&block::marked(&format!("Plugin {PLUGIN} {module}")));
    text
}

/// `sudo.conf` without it.
pub(super) fn without_plugin(text: &str) -> String {
    block::without(text, |line| {
        let mut words = line.split_whitespace();
        words.next() == Some("Plugin") && words.next() == Some(PLUGIN)
    })
}

/// The daemon's units, as they are packaged.
const UNITS: [(&str, &str); 4] = [
    (
        "aisudo-daemon.service",
        include_str!("../../../../packaging/systemd/aisudo-daemon.service"),
    ),
    (
        "aisudo-daemon.socket",
        include_str!("../../../../packaging/systemd/aisudo-daemon.socket"),
    ),
    (
        "aisudo-daemon-agent.socket",
        include_str!("../../../../packaging/systemd/aisudo-daemon-agent.socket"),
    ),
    (
        "aisudo-daemon-control.socket",
        include_str!("../../../../packaging/systemd/aisudo-daemon-control.socket"),
    ),
];

/// Name and text of each unit, for a daemon that is at this place.
pub(super) fn units(daemon: &str) -> Vec<(&'static str, String)> {
    UNITS
        .iter()
        .map(|(name, text)| {
            let own = format!("ExecStart={daemon}\n");
            (
                *name,
                text.replace("ExecStart=/usr/sbin/aisudo-daemon\n", &own),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn agent() -> Gated {
        Gated {
            name: "agent".to_owned(),
            groups: vec!["agent".to_owned(), "staff".to_owned()],
            when: When::Always,
            gets_rule: true,
        }
    }

    fn owner() -> Gated {
        Gated {
            name: "owner".to_owned(),
            groups: vec!["owner".to_owned()],
            when: When::Unattended,
            gets_rule: false,
        }
    }

    #[test]
    fn a_new_configuration_gates_who_was_chosen_and_says_why() {
        let text = config(None, &[agent(), owner()]).unwrap();
        let read = Config::parse(&text).unwrap();
        assert_eq!(read.gate.who.len(), 2);
        assert_eq!(read.gate.when("agent", &[]), Some(When::Always));
        assert_eq!(read.gate.when("owner", &[]), Some(When::Unattended));
        assert_eq!(
            read.channels.terminal.group.as_deref(),
            Some("aisudo-approvers")
        );
        assert!(text.contains("\n# What happens when aisudo-daemon cannot be reached"));
        assert_eq!(config(Some(&text), &[owner(), agent()]).unwrap(), text);
    }

    #[test]
    fn a_configuration_that_is_there_keeps_what_it_says() {
        let before = "# mine\nversion = 1 # one\n\n[gate]\ntimeout = 60\n\n[[gate.who]]\nuser = \"agent\"\nwhen = \"unattended\" # why\n\n[limits]\ncooldown = 0\n";
        let text = config(Some(before), &[agent()]).unwrap();
        assert_eq!(
            text.replace("\"always\"", "\"unattended\"")
                .replace(" # why", ""),
            before.replace(" # why", "")
        );
        let text = config(Some(before), &[owner()]).unwrap();
        assert!(text.contains("timeout = 60\n") && text.contains("user = \"owner\"\n"));
        let early = "version = 1\n[[gate.who]]\ngroup = \"staff\"\nwhen = \"unattended\"\n";
        assert!(
            config(Some(early), &[agent()])
                .unwrap_err()
                .contains("put theirs first")
        );
        assert!(
            config(Some("version = 2\n"), &[agent()])
                .unwrap_err()
                .contains("version")
        );
    }

    #[test]
    fn sudoers_holds_what_each_sudo_knows() {
        let sudo = |said: &str| Sudo::parse(said, Path::new("/usr/bin/sudo")).unwrap();
        let new = sudo("Sudo version 1.9.13p3");
        let old = sudo("sudo-rs 0.2.8");
        let text = sudoers(None, &[agent(), owner()], std::slice::from_ref(&new));
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            lines,
            [
                "Defaults:agent timestamp_timeout=0, passwd_tries=1, noninteractive_auth",
                "agent ALL=(ALL:ALL) ALL",
                "Defaults:owner timestamp_timeout=0, passwd_tries=1, noninteractive_auth",
            ]
        );
        // Both read the same file.
        assert!(!sudoers(None, &[agent()], &[new.clone(), old]).contains("noninteractive"));
        // Who is in it stays, in a second run too.
        assert_eq!(
            sudoers(Some(&text), &[owner()], std::slice::from_ref(&new)),
            text
        );
        let first = sudoers(None, &[agent()], std::slice::from_ref(&new));
        assert_eq!(sudoers(Some(&first), &[owner()], &[new]), text);
    }

    #[test]
    fn sudos_own_file_takes_the_plugin_and_gives_it_back() {
        for before in [
            "",
            "# Nothing.\n",
            "Plugin other other.so\nSet disable_coredump true\n",
        ] {
            let after = sudo_conf(before, "/usr/lib/security/pam_aisudo.so");
            assert!(after.contains("\nPlugin aisudo_approval /usr/lib/security/pam_aisudo.so\n"));
            assert_eq!(without_plugin(&after), before);
            assert_eq!(sudo_conf(&after, "/usr/lib/security/pam_aisudo.so"), after);
        }
        assert_eq!(without_plugin("Plugin aisudo_approval /x.so\na\n"), "a\n");
    }

    #[test]
    fn the_unit_starts_the_daemon_that_is_there() {
        let units = units("/usr/local/sbin/aisudo-daemon");
        assert_eq!(units.len(), 4);
        let starts: Vec<&str> = units
            .iter()
            .flat_map(|(_, text)| text.lines())
            .filter(|line| line.starts_with("ExecStart="))
            .collect();
        assert_eq!(starts, ["ExecStart=/usr/local/sbin/aisudo-daemon"]);
    }
}
