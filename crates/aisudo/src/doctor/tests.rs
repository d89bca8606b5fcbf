//! Families on a folder that stands for a host, with programs that say what a test wants.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use aisudo_core::config::When;

use super::{
    catalogue::CHECKS,
    commands::{Commands, Said},
    doors, gate,
    report::Report,
    sudo_conf, sudoers,
    users::Subject,
    view::View,
};

/// A sudo that says this of itself, and a visudo that finds nothing.
struct Scripted {
    sudo: &'static str,
    /// What `sudo -l` says.
    list: &'static str,
    synchronised: &'static str,
}

impl Commands for Scripted {
    fn run(&self, program: &str, arguments: &[&str]) -> Option<Said> {
        let name = program.rsplit('/').next()?;
        let stdout = match (name, arguments) {
            ("sudo", ["-V"]) => self.sudo,
            ("sudo", ["-n", "-l", ..]) => self.list,
            ("timedatectl", _) => self.synchronised,
            _ => return None,
        };
        Some(Said {
            done: true,
            stdout: stdout.to_owned(),
            stderr: String::new(),
        })
    }
}

const C: &str = "Sudo version 1.9.13p3\nConfigure options: --with-pam\n";

fn scripted(sudo: &'static str) -> Scripted {
    Scripted {
        sudo,
        list: "",
        synchronised: "yes",
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let this = Self(folder);
        this.put("/usr/bin/sudo", "");
        for (path, text) in files {
            this.put(path, text);
        }
        this
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn view<'a>(&self, commands: &'a dyn Commands) -> View<'a> {
        View::scripted(self.0.path(), commands)
    }
}

fn agent(when: When) -> Subject {
    Subject {
        name: "agent".to_owned(),
        uid: 7001,
        home: "/home/agent".into(),
        groups: vec![("agent".to_owned(), 7001)],
        when,
    }
}

const GOOD: &str = "Defaults secure_path=\"/usr/bin\"\n\
    Defaults:agent timestamp_timeout=0, passwd_tries=1, noninteractive_auth\n\
    agent ALL=(ALL:ALL) ALL\n";

fn of_sudoers(sudo: &Scripted, files: &[(&str, &str)]) -> Vec<&'static str> {
    let folder = Folder::new(files);
    let view = folder.view(sudo);
    let mut report = Report::default();
    let sudos = gate::sudos(&view);
    assert!(sudos.first().is_some());
    sudoers::check(&view, &sudos, &[agent(When::Always)], &mut report);
    // Tests need not run as root.
    let mut ids = report.ids();
    ids.retain(|id| *id != "sudoers.writable");
    ids
}

#[test]
fn what_is_right_depends_on_the_sudo_and_its_version() {
    let good = [("/etc/sudoers", GOOD)];
    let without = GOOD.replace(", noninteractive_auth", "");
    let without = [("/etc/sudoers", without.as_str())];
    for (sudo, with, expected_without) in [
        (C, &[][..], &["sudoers.noninteractive_auth_missing"][..]),
        (
            "Sudo version 1.9.9\n",
            &["sudoers.noninteractive_auth_unknown"],
            &[],
        ),
        (
            "sudo-rs 0.2.8\n",
            &["sudoers.noninteractive_auth_unknown"],
            &[],
        ),
        (
            "sudo-rs 0.2.14\n",
            &[],
            &["sudoers.noninteractive_auth_missing"],
        ),
    ] {
        assert_eq!(of_sudoers(&scripted(sudo), &good), with, "{sudo}");
        assert_eq!(
            of_sudoers(&scripted(sudo), &without),
            expected_without,
            "{sudo}"
        );
    }
}

/// sudo-rs before 0.2.14 calls no PAM at all for it.
#[test]
fn a02_an_old_sudo_rs_that_edits_without_asking_is_found() {
    let text = format!("{GOOD}agent ALL=(ALL) NOPASSWD: sudoedit /etc/hosts\n");
    let files = [("/etc/sudoers", text.as_str())];
    let old = of_sudoers(&scripted("sudo-rs 0.2.13\n"), &files);
    assert_eq!(old, ["sudoers.nopasswd", "sudoers.nopasswd_sudoedit"]);
    let new = of_sudoers(&scripted("sudo-rs 0.2.14\n"), &files);
    assert_eq!(new, ["sudoers.nopasswd"]);
}

#[test]
fn a_sudo_rs_with_sudoers_of_its_own_is_judged_by_those() {
    let bad = format!("{GOOD}Defaults !authenticate\n");
    let files = [("/etc/sudoers", bad.as_str()), ("/etc/sudoers-rs", GOOD)];
    assert_eq!(
        of_sudoers(&scripted("sudo-rs 0.2.14\n"), &files),
        Vec::<&str>::new()
    );
    assert_eq!(
        of_sudoers(&scripted(C), &files),
        ["sudoers.authenticate_off"]
    );
}

#[test]
fn rules_that_are_in_no_file_are_seen_by_what_sudo_says() {
    let files = [
        ("/etc/sudoers", GOOD),
        ("/etc/nsswitch.conf", "sudoers: files sss\n"),
    ];
    let with = |list| {
        let sudo = Scripted {
            list,
            ..scripted(C)
        };
        of_sudoers(&sudo, &files)
    };
    let listed = "User agent may run the following commands on here:\n    (ALL) NOPASSWD: ALL\n";
    assert_eq!(with(listed), ["sudoers.nopasswd", "sudoers.other_source"]);
    let covered = "User agent may run the following commands on here:\n    (root) NOPASSWD: /bin/x\n    (ALL : ALL) ALL\n";
    assert_eq!(with(covered), ["sudoers.other_source"]);
    assert_eq!(
        with("User agent is not allowed to run sudo on here.\n"),
        ["sudoers.other_source"]
    );
}

#[test]
fn a_plugin_for_a_sudo_that_knows_none_is_found() {
    let folder = Folder::new(&[("/etc/sudo.conf", "Plugin aisudo_approval /usr/lib/p.so\n")]);
    // A library by its first bytes, with the symbol's name in it.
    let mut library = vec![0; 64];
    library[..6].copy_from_slice(b"\x7fELF\x02\x01");
    library[18] = 62;
    let path = folder.0.path().join("usr/lib/p.so");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(folder.0.path().join("usr/bin/sudo"), &library).unwrap();
    library.extend_from_slice(b"aisudo_approval\0");
    fs::write(&path, library).unwrap();
    let found = |sudo| {
        let commands = scripted(sudo);
        let view = folder.view(&commands);
        let mut report = Report::default();
        sudo_conf::check(&view, &gate::sudos(&view), &mut report);
        let mut ids = report.ids();
        // Tests need not run as root.
        ids.retain(|id| *id != "sudo_conf.writable");
        ids
    };
    assert_eq!(found("Sudo version 1.8.31\n"), ["plugin.sudo_too_old"]);
    assert_eq!(found(C), Vec::<&str>::new());
    assert_eq!(found("sudo-rs 0.2.14\n"), Vec::<&str>::new());
}

#[test]
fn an_agent_with_its_owners_uid_can_reach_the_owners_terminals() {
    let folder = Folder::new(&[
        ("/proc/sys/dev/tty/legacy_tiocsti", "1\n"),
        ("/proc/sys/kernel/yama/ptrace_scope", "0\n"),
        ("/tmp/tmux-7001/default", ""),
        ("/var/lib/systemd/linger/agent", ""),
        ("/usr/bin/pkexec", ""),
    ]);
    let commands = scripted(C);
    let view = folder.view(&commands);
    let found = |when| {
        let mut report = Report::default();
        doors::check(&view, &[agent(when)], &mut report);
        report.ids()
    };
    assert_eq!(
        found(When::Unattended),
        [
            "door.lingering",
            "door.pkexec",
            "door.shared_terminals",
            "door.tiocsti"
        ]
    );
    assert_eq!(found(When::Always), ["door.lingering", "door.pkexec"]);
}

#[test]
fn a_gated_administrator_of_polkits_with_a_password_is_found() {
    let folder = Folder::new(&[
        ("/usr/bin/pkexec", ""),
        ("/etc/shadow", "agent:$6$x$y:1::::::\n"),
    ]);
    let commands = scripted(C);
    let view = folder.view(&commands);
    let found = |group: &str, when| {
        let mut subject = agent(when);
        subject.groups.push((group.to_owned(), 27));
        let mut report = Report::default();
        doors::check(&view, &[subject], &mut report);
        report.ids()
    };
    assert_eq!(
        found("sudo", When::Always),
        ["door.pkexec", "door.polkit_admin"]
    );
    assert_eq!(
        found("adm", When::Always),
        ["door.group_reads", "door.pkexec"]
    );
    // An owner knows the password, and the agent with the owner's uid does not.
    assert_eq!(found("sudo", When::Unattended), ["door.pkexec"]);
    folder.put("/etc/shadow", "agent:!:1::::::\n");
    assert_eq!(found("sudo", When::Always), ["door.pkexec"]);
}

#[test]
fn what_was_not_looked_at_is_not_called_shut() {
    let folder = Folder::new(&[("/etc/sudoers", GOOD)]);
    let commands = scripted(C);
    let report = super::examine(&folder.view(&commands), None).unwrap();
    let shut: Vec<&str> = report.shut().map(|check| check.id).collect();
    assert!(
        report.ids().contains(&"config.untrusted"),
        "{:?}",
        report.ids()
    );
    for id in [
        "config.untrusted",
        "config.malformed",
        "door.group",
        "sudoers.nopasswd",
        "daemon.unreachable",
    ] {
        assert!(!shut.contains(&id), "{id}");
    }
    for id in ["door.second_root", "sudoers.check_failed", "pam.options"] {
        assert!(shut.contains(&id), "{id}: {shut:?}");
    }
}

#[test]
fn a_clock_that_nobody_sets_is_noted() {
    let folder = Folder::new(&[]);
    let commands = Scripted {
        synchronised: "no\n",
        ..scripted(C)
    };
    let found = |view: &View<'_>| {
        let mut report = Report::default();
        super::daemon::synchronised(view, &mut report);
        report.ids()
    };
    assert_eq!(
        found(&folder.view(&commands)),
        ["daemon.clock_unsynchronised"]
    );
    folder.put("/run/systemd/timesync/synchronized", "");
    assert_eq!(found(&folder.view(&commands)), Vec::<&str>::new());
}

/// `docs/doctor.md` explains each check, with its severity, and no other.
#[test]
fn the_page_has_each_check() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
    let text = fs::read_to_string(page).unwrap();
    let explained: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
            Some((cells.next()?.trim_end_matches('`'), cells.next()?))
        })
        .filter(|(word, _)| is_id(word))
        .collect();
    let made: Vec<(&str, &str)> = CHECKS
        .iter()
        .map(|check| (check.id, check.severity.name()))
        .collect();
    assert_eq!(explained, made);
}

/// A misspelt id would be an unknown check, and an id without a check would be shut for ever.
#[test]
fn each_id_in_the_code_is_in_the_catalogue_and_the_other_way_round() {
    let mut files = vec![PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/doctor"
    ))];
    let mut used = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if !path.ends_with("catalogue.rs") && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let plain = code.replace("\\\"", "").replace("'\"'", "");
            let quoted = plain.split('"').skip(1).step_by(2);
            used.extend(quoted.filter(|word| is_id(word)).map(str::to_owned));
        }
    }
    let made: BTreeSet<String> = CHECKS.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(made.len(), CHECKS.len(), "an id comes twice");
    assert_eq!(used, made);
}

fn is_id(word: &str) -> bool {
    let families: BTreeSet<&str> = CHECKS
        .iter()
        .filter_map(|check| check.id.split('.').next())
        .collect();
    word.split_once('.').is_some_and(|(family, rest)| {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        // Prefixes of ids, and names of files and programs, are none.
        families.contains(family)
            && !rest.is_empty()
            && plain(rest)
            && !["door.polkit", "door.doas", "sudo.conf", "sudo.ws"].contains(&word)
    })
}
