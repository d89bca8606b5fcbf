//! Other ways to root than sudo: groups, sockets, polkit, su, doas, accounts.

use std::{
    os::unix::fs::{FileTypeExt as _, MetadataExt as _},
    path::Path,
};

use aisudo_core::config::When;

use super::{
    report::Report,
    users::{self, Subject},
    view::View,
};
use crate::host::pam_file::{self, Facility, Standing};

/// Groups whose members are root if they want to, and by what.
pub(super) const ROOT_GROUPS: [(&str, &str); 11] = [
    ("docker", "containers with the host's files in them"),
    ("podman", "containers with the host's files in them"),
    ("lxd", "containers with the host's files in them"),
    ("incus", "containers with the host's files in them"),
    ("incus-admin", "containers with the host's files in them"),
    ("libvirt", "machines with the host's disks in them"),
    ("libvirtd", "machines with the host's disks in them"),
    ("disk", "the disks themselves"),
    ("kmem", "the kernel's memory"),
    ("mem", "the kernel's memory"),
    ("shadow", "the hashes of all passwords"),
];

/// Groups that read what others should not, or get at hardware.
const READERS: [&str; 4] = ["adm", "systemd-journal", "kvm", "input"];

/// Sockets behind which somebody acts as root.
const SOCKETS: [&str; 14] = [
    "/run/docker.sock",
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/buildkit/buildkitd.sock",
    "/var/lib/lxd/unix.socket",
    "/var/snap/lxd/common/lxd/unix.socket",
    "/var/lib/incus/unix.socket",
    "/run/incus/unix.socket",
    "/run/libvirt/libvirt-sock",
    "/run/libvirt/virtqemud-sock",
    "/run/snapd.socket.root",
];

pub(super) fn check(view: &View<'_>, subjects: &[Subject], report: &mut Report) {
    for family in [
        "door.group",
        "door.socket",
        "door.polkit",
        "door.su",
        "door.doas",
    ] {
        report.looked_at(family);
    }
    for id in [
        "door.pkexec",
        "door.root_password_empty",
        "door.second_root",
        "door.ssh_root",
        "door.lingering",
        "door.tiocsti",
        "door.shared_terminals",
    ] {
        report.looked(id);
    }
    accounts(view, report);
    for subject in subjects {
        groups(subject, report);
        su(view, subject, report);
        sockets(view, subject, report);
        polkit(view, subject, report);
        doas(view, subject, report);
        ssh(view, subject, report);
        lingering(view, subject, report);
        own_uid(view, subject, report);
    }
    pkexec(view, subjects, report);
}

fn groups(subject: &Subject, report: &mut Report) {
    for (group, by) in ROOT_GROUPS {
        if subject.is_in(group) {
            report.add(
                "door.group",
                format!("{} is in the group {group}: {by}", subject.name),
                format!(
                    "gpasswd --delete {} {group}, and end their sessions",
                    subject.name
                ),
            );
        }
    }
    for group in READERS {
        if subject.is_in(group) {
            report.add(
                "door.group_reads",
                format!("{} is in the group {group}", subject.name),
                "leave it only if it is needed",
            );
        }
    }
}

fn sockets(view: &View<'_>, subject: &Subject, report: &mut Report) {
    let groups: Vec<u32> = subject.groups.iter().map(|(_, gid)| *gid).collect();
    for socket in SOCKETS {
        let path = view.at(socket);
        let Ok(real) = path.canonicalize() else {
            continue;
        };
        let Ok(meta) = real.metadata() else { continue };
        if !meta.file_type().is_socket() {
            continue;
        }
        // Whoever may write may connect, if they come so far.
        let passes = real.ancestors().skip(1).all(|directory| {
            directory
                .metadata()
                .is_ok_and(|meta| may(&meta, subject.uid, &groups, 1))
        });
        let writes = may(&meta, subject.uid, &groups, 2) || listed(subject, &real);
        if passes && writes {
            report.add(
                "door.socket",
                format!("{} can use {socket}", subject.name),
                format!("chmod o-rw {socket}, and take the user out of its group"),
            );
        }
    }
}

/// Whether an access control list lets the user write.
fn listed(subject: &Subject, path: &Path) -> bool {
    let who = subject.who();
    path.parent()
        .is_some_and(|directory| !who.can_change(directory))
        && who.can_change(path)
}

/// As path_resolution(7) has it: `bit` is 1 to pass a directory, 2 to write.
fn may(meta: &std::fs::Metadata, uid: u32, groups: &[u32], bit: u32) -> bool {
    let shift = if meta.uid() == uid {
        6
    } else if groups.contains(&meta.gid()) {
        3
    } else {
        0
    };
    (meta.mode() >> shift) & bit != 0
}

/// Rules that say yes for the user's groups, name, or for everybody.
fn polkit(view: &View<'_>, subject: &Subject, report: &mut Report) {
    for directory in [
        "/etc/polkit-1/rules.d",
        "/usr/local/share/polkit-1/rules.d",
        "/run/polkit-1/rules.d",
    ] {
        for path in view.list(directory) {
            if path.extension().is_none_or(|kind| kind != "rules") {
                continue;
            }
            let text = view.text(&path).unwrap_or_default();
            if let Some(why) = says_yes(&text, subject) {
                report.add(
                    "door.polkit_rule",
                    format!("{} answers YES {why} {}", path.display(), subject.name),
                    "take that rule out, or let it answer AUTH_ADMIN",
                );
            }
        }
    }
    let authorities = "/etc/polkit-1/localauthority";
    for directory in view.list(authorities) {
        for path in view.list(&directory) {
            let text = view.text(&path).unwrap_or_default();
            if pkla(&text, subject) {
                report.add(
                    "door.polkit_rule",
                    format!("{} answers yes to {}", path.display(), subject.name),
                    "take that section out",
                );
            }
        }
    }
}

/// JavaScript is not run: a rule that can say YES and names the user, one of their groups, or nobody.
fn says_yes(text: &str, subject: &Subject) -> Option<&'static str> {
    let code: String = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    for rule in code.split("addRule").skip(1) {
        if !rule.contains("Result.YES") && !rule.contains("\"yes\"") {
            continue;
        }
        let quoted = |name: &str| {
            rule.contains(&format!("\"{name}\"")) || rule.contains(&format!("'{name}'"))
        };
        if subject
            .groups
            .iter()
            .any(|(group, _)| rule.contains("isInGroup") && quoted(group))
        {
            return Some("for a group of");
        }
        if rule.contains(".user") && quoted(&subject.name) {
            return Some("for");
        }
        let asks_who = [".user", "isInGroup", "isInNetGroup"];
        if !asks_who.iter().any(|word| rule.contains(word)) {
            return Some("for everybody, and so for");
        }
    }
    None
}

fn pkla(text: &str, subject: &Subject) -> bool {
    text.split('[').skip(1).any(|section| {
        let value = |key: &str| {
            section
                .lines()
                .find_map(|line| line.trim().strip_prefix(key)?.trim().strip_prefix('='))
                .map(str::trim)
        };
        let names = value("Identity").unwrap_or_default();
        let is_meant = names.split(';').any(|name| match name.split_once(':') {
            Some(("unix-user", user)) => user == subject.name || user == "*",
            Some(("unix-group", group)) => subject.is_in(group) || group == "*",
            _ => false,
        });
        let results = ["ResultAny", "ResultInactive", "ResultActive"];
        is_meant && results.iter().any(|key| value(key) == Some("yes"))
    })
}

fn pkexec(view: &View<'_>, subjects: &[Subject], report: &mut Report) {
    let there: Vec<&str> = ["/usr/bin/pkexec", "/usr/bin/run0"]
        .into_iter()
        .filter(|path| view.exists(path))
        .collect();
    for subject in subjects {
        let group = ADMINISTRATORS.iter().find(|group| subject.is_in(group));
        if let Some(group) = group
            && !there.is_empty()
            && subject.when == When::Always
            && has_password(view, &subject.name)
        {
            report.add(
                "door.polkit_admin",
                format!(
                    "{} is in the group {group}, an administrator for polkit: {} asks for their own password",
                    subject.name,
                    there.join(", ")
                ),
                format!("gpasswd --delete {} {group}: a rule in sudoers is enough", subject.name),
            );
        }
    }
    if !there.is_empty() && !subjects.is_empty() {
        report.add(
            "door.pkexec",
            format!(
                "{} is there: polkit asks for a password, and not aisudo",
                there.join(", ")
            ),
            "be sure that no gated user knows an administrator's password",
        );
    }
}

/// Groups whose members are administrators for polkit, as distributions set it up.
const ADMINISTRATORS: [&str; 3] = ["sudo", "wheel", "admin"];

/// shadow(5): what begins with `!` or `*` is no hash.
fn has_password(view: &View<'_>, user: &str) -> bool {
    let shadow = view.text("/etc/shadow").unwrap_or_default();
    shadow.lines().any(|line| {
        let mut fields = line.split(':');
        fields.next() == Some(user)
            && fields
                .next()
                .is_some_and(|hash| !hash.starts_with(['!', '*']))
    })
}

/// Who is root without being called so, or without a password.
fn accounts(view: &View<'_>, report: &mut Report) {
    for account in users::accounts(view) {
        if account.uid == 0 && account.name != "root" {
            report.add(
                "door.second_root",
                format!("{} has the uid 0", account.name),
                "remove that account, or be sure that it has no password",
            );
        }
    }
    let shadow = view.text("/etc/shadow").unwrap_or_default();
    let passwd = view.text("/etc/passwd").unwrap_or_default();
    let empty = |text: &str| {
        text.lines().any(|line| {
            let mut fields = line.split(':');
            fields.next() == Some("root") && fields.next() == Some("")
        })
    };
    if empty(&shadow) || empty(&passwd) {
        report.add(
            "door.root_password_empty",
            "root has an empty password: su asks for nothing",
            "passwd --lock root",
        );
    }
}

/// su lets somebody in without a password of root's.
fn su(view: &View<'_>, subject: &Subject, report: &mut Report) {
    let text_of = |name: &str| view.text(Path::new("/etc/pam.d").join(name));
    for service in ["su", "su-l", "runuser", "runuser-l"] {
        let Ok(calls) = pam_file::calls(service, Facility::Auth, &text_of) else {
            continue;
        };
        for call in calls {
            let module = call.module.rsplit('/').next().unwrap_or_default();
            let lets_in = match module {
                "pam_wheel.so" => is_trusted(view, subject, &call.arguments),
                "pam_permit.so" => call.control == "sufficient",
                _ => false,
            };
            if lets_in {
                report.add(
                    "door.su",
                    format!(
                        "{service} asks {} for no password: {module} (/etc/pam.d/{}, line {})",
                        subject.name, call.service, call.line
                    ),
                    "take that line out",
                );
            }
        }
    }
}

/// pam_wheel(8): members of its group pass. Without a group of that name it is root's.
fn is_trusted(view: &View<'_>, subject: &Subject, arguments: &[String]) -> bool {
    let has = |word: &str| arguments.iter().any(|one| one == word);
    let named = arguments.iter().find_map(|one| one.strip_prefix("group="));
    let is_member = match named {
        Some(group) => subject.is_in(group),
        None if users::groups(view)
            .iter()
            .any(|group| group.name == "wheel") =>
        {
            subject.is_in("wheel")
        }
        None => subject.groups.iter().any(|(_, gid)| *gid == 0),
    };
    has("trust") && is_member != has("deny")
}

/// doas.conf(5): the last rule that matches counts.
fn doas(view: &View<'_>, subject: &Subject, report: &mut Report) {
    let places = ["/etc/doas.conf", "/usr/local/etc/doas.conf"];
    let Some((path, text)) = places
        .iter()
        .find_map(|path| Some((*path, view.text(path)?)))
    else {
        return;
    };
    let mut rule: Option<(usize, &str)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if applies(line, subject) {
            rule = Some((index + 1, line));
        }
    }
    let Some((number, line)) = rule.filter(|(_, line)| line.starts_with("permit")) else {
        return;
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    if words.contains(&"nopass") || words.contains(&"persist") {
        report.add(
            "door.doas_nopass",
            format!(
                "{} may use doas without a password: {line} ({path}, line {number})",
                subject.name
            ),
            "take nopass and persist out of that rule",
        );
    }
    let text_of = |name: &str| view.text(Path::new("/etc/pam.d").join(name));
    let first = |facility| {
        pam_file::calls("doas", facility, &text_of)
            .is_ok_and(|calls| matches!(pam_file::standing(&calls, facility), Standing::First(_)))
    };
    if !(first(Facility::Auth) && first(Facility::Account)) {
        report.add(
            "door.doas_ungated",
            format!("{} may use doas ({path}, line {number}), and /etc/pam.d/doas has no lines of aisudo", subject.name),
            "give /etc/pam.d/doas the lines that docs/doctor.md shows, or take the rule out",
        );
    }
}

fn applies(line: &str, subject: &Subject) -> bool {
    let mut words = line.split_whitespace();
    if !matches!(words.next(), Some("permit" | "deny")) {
        return false;
    }
    let mut within = false;
    for word in words {
        if word == "{" || word == "setenv" {
            within = true;
            continue;
        }
        if within {
            within = word != "}" && !word.ends_with('}');
            continue;
        }
        if matches!(word, "nopass" | "persist" | "keepenv" | "nolog") || word.starts_with('{') {
            within = word.starts_with('{') && !word.ends_with('}');
            continue;
        }
        return match word.strip_prefix(':') {
            Some(group) => subject.is_in(group),
            None => word == subject.name || word.parse() == Ok(subject.uid),
        };
    }
    false
}

/// A key of the user's opens root's account.
fn ssh(view: &View<'_>, subject: &Subject, report: &mut Report) {
    let keys = |home: &Path| -> Vec<String> {
        let texts = ["authorized_keys", "authorized_keys2"]
            .iter()
            .filter_map(|name| view.text(home.join(".ssh").join(name)));
        texts.flat_map(|text| public_keys(&text)).collect()
    };
    let of_root = keys(Path::new("/root"));
    if of_root.is_empty() {
        return;
    }
    for path in view.list(subject.home.join(".ssh")) {
        if path.extension().is_none_or(|kind| kind != "pub") {
            continue;
        }
        let text = view.text(&path).unwrap_or_default();
        if public_keys(&text).iter().any(|key| of_root.contains(key)) {
            report.add(
                "door.ssh_root",
                format!(
                    "{} opens root's account by ssh: it is in /root/.ssh/authorized_keys",
                    path.display()
                ),
                "take it out of /root/.ssh/authorized_keys",
            );
        }
    }
}

/// The keys themselves, without options and comments.
fn public_keys(text: &str) -> Vec<String> {
    let is_key = |word: &&str| word.starts_with("AAAA") && word.len() > 40;
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_whitespace().find(is_key))
        .map(str::to_owned)
        .collect()
}

fn lingering(view: &View<'_>, subject: &Subject, report: &mut Report) {
    if view.exists(Path::new("/var/lib/systemd/linger").join(&subject.name)) {
        report.add(
            "door.lingering",
            format!("{}'s services run when nobody is logged in", subject.name),
            format!(
                "if it is not needed: loginctl disable-linger {}",
                subject.name
            ),
        );
    }
}

/// An agent with its owner's uid can reach into the owner's terminals.
fn own_uid(view: &View<'_>, subject: &Subject, report: &mut Report) {
    if subject.when != When::Unattended {
        return;
    }
    let setting = |path: &str| view.text(path).map(|text| text.trim().to_owned());
    if setting("/proc/sys/dev/tty/legacy_tiocsti").as_deref() == Some("1") {
        report.add(
            "door.tiocsti",
            format!(
                "an agent with {}'s uid can type into their terminals (TIOCSTI)",
                subject.name
            ),
            "sysctl -w dev.tty.legacy_tiocsti=0, and the same in /etc/sysctl.d",
        );
    }
    let mut ways = Vec::new();
    if setting("/proc/sys/kernel/yama/ptrace_scope").as_deref() == Some("0") {
        ways.push("trace their programs (kernel.yama.ptrace_scope is 0)".to_owned());
    }
    for place in [
        format!("/tmp/tmux-{}", subject.uid),
        format!("/run/screen/S-{}", subject.name),
    ] {
        if !view.list(&place).is_empty() {
            ways.push(format!("use what listens in {place}"));
        }
    }
    if !ways.is_empty() {
        report.add(
            "door.shared_terminals",
            format!(
                "an agent with {}'s uid can {}",
                subject.name,
                ways.join(" and ")
            ),
            "give the agent a user of its own: aisudo setup",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent() -> Subject {
        Subject {
            name: "agent".to_owned(),
            uid: 7001,
            home: "/home/agent".into(),
            groups: vec![("agent".to_owned(), 7001), ("dev".to_owned(), 8000)],
            when: When::Always,
        }
    }

    #[test]
    fn a_polkit_rule_that_says_yes_to_the_user_is_seen() {
        let rule = |condition: &str, answer: &str| {
            format!(
                "polkit.addRule(function(action, subject) {{ if ({condition}) {{ return polkit.Result.{answer}; }} }});"
            )
        };
        for (condition, answer, open) in [
            ("subject.isInGroup(\"dev\")", "YES", true),
            ("subject.isInGroup('dev')", "YES", true),
            ("subject.isInGroup(\"dev\")", "AUTH_ADMIN", false),
            ("subject.isInGroup(\"wheel\")", "YES", false),
            ("subject.user == \"agent\"", "YES", true),
            ("subject.user == \"bob\"", "YES", false),
            ("action.id == \"x\"", "YES", true),
        ] {
            let text = rule(condition, answer);
            assert_eq!(says_yes(&text, &agent()).is_some(), open, "{text}");
        }
        assert!(says_yes("// addRule Result.YES", &agent()).is_none());
        let section = "[x]\nIdentity=unix-group:dev\nAction=*\nResultAny=yes\n";
        assert!(pkla(section, &agent()));
        assert!(!pkla(&section.replace("dev", "wheel"), &agent()));
        assert!(!pkla(&section.replace("yes", "auth_admin"), &agent()));
    }

    #[test]
    fn a_rule_of_doas_names_a_user_or_a_group() {
        for (line, is_meant) in [
            ("permit nopass agent", true),
            ("permit keepenv :dev as root", true),
            ("permit setenv { A B=1 } agent", true),
            ("permit :wheel", false),
            ("deny agent", true),
            ("permit bob as agent", false),
            ("", false),
        ] {
            assert_eq!(applies(line, &agent()), is_meant, "{line}");
        }
    }

    #[test]
    fn keys_are_compared_without_options_and_comments() {
        let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx7tY8mC2vS1n3Zb1aZ0Qn2pB8m5dYf3kq";
        let both = format!("command=\"x\" ssh-ed25519 {key} a@b\n# ssh-ed25519 {key}\n");
        assert_eq!(public_keys(&both), [key]);
    }
}
