//! Files that root runs, or takes orders from, and that a gated user could change.

mod programs;

use std::{
    collections::BTreeSet,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use aisudo_sys::changeable::Who;

use super::{report::Report, users::Subject, view::View};

/// Who is logged in, and by what.
const ACCOUNTS: [&str; 9] = [
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/etc/gshadow",
    "/etc/nsswitch.conf",
    "/etc/login.defs",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/security",
];

/// What root's shells read.
const SHELLS: [&str; 19] = [
    "/etc/profile",
    "/etc/profile.d",
    "/etc/bash.bashrc",
    "/etc/bashrc",
    "/etc/environment",
    "/etc/zsh",
    "/etc/zshenv",
    "/etc/fish",
    "/root",
    "/root/.bashrc",
    "/root/.bash_profile",
    "/root/.bash_login",
    "/root/.profile",
    "/root/.zshrc",
    "/root/.zshenv",
    "/root/.vimrc",
    "/root/.ssh",
    "/root/.ssh/authorized_keys",
    "/root/.config",
];

/// What the dynamic linker reads for every program.
const LOADER: [&str; 8] = [
    "/etc/ld.so.preload",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/lib",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
];

/// What systems run, or read orders from, as root.
const HOOKS: [&str; 29] = [
    "/etc/logrotate.conf",
    "/etc/logrotate.d",
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/etc/tmpfiles.d",
    "/etc/sysctl.conf",
    "/etc/sysctl.d",
    "/etc/modprobe.d",
    "/etc/modules-load.d",
    "/etc/binfmt.d",
    "/etc/apt/apt.conf.d",
    "/etc/dpkg/dpkg.cfg.d",
    "/etc/dnf/plugins",
    "/etc/kernel/postinst.d",
    "/etc/initramfs-tools/hooks",
    "/etc/network/if-up.d",
    "/etc/network/interfaces",
    "/etc/NetworkManager/dispatcher.d",
    "/etc/init.d",
    "/etc/rc.local",
    "/etc/dhcp/dhclient-exit-hooks.d",
    "/etc/ppp/ip-up.d",
    "/etc/update-motd.d",
    "/etc/polkit-1/rules.d",
    "/usr/share/polkit-1/rules.d",
    "/etc/dbus-1/system.d",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d",
];

/// Where root's programs are, whatever sudoers says.
const PATH: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

pub(super) fn check(
    view: &View<'_>,
    subjects: &[Subject],
    secure_path: &BTreeSet<PathBuf>,
    report: &mut Report,
) {
    for id in [
        "door.account_file",
        "door.shadow_readable",
        "door.root_shell",
        "door.loader",
        "door.hook",
        "door.path",
        "door.pam_module",
        "door.sudo_plugin",
        "door.cron",
        "door.unit",
    ] {
        report.looked(id);
    }
    let families: Vec<(&'static str, BTreeSet<PathBuf>)> = vec![
        ("door.account_file", with_entries(view, &ACCOUNTS)),
        ("door.root_shell", with_entries(view, &SHELLS)),
        ("door.loader", loader(view)),
        ("door.hook", with_entries(view, &HOOKS)),
        ("door.path", path(view, secure_path)),
        ("door.pam_module", modules(view)),
        (
            "door.sudo_plugin",
            with_entries(view, &["/usr/lib/sudo", "/usr/libexec/sudo"]),
        ),
        ("door.cron", programs::of_cron(view)),
        ("door.unit", programs::of_units(view)),
    ];
    for subject in subjects {
        let who = subject.who();
        for (id, paths) in &families {
            changeable(view, subject, &who, (id, paths), report);
        }
        if reads(view, subject, "/etc/shadow") {
            report.add(
                "door.shadow_readable",
                format!("{} can read /etc/shadow", subject.name),
                "chown root:shadow /etc/shadow && chmod 0640 /etc/shadow",
            );
        }
    }
}

/// One finding for each directory that is open; its entries follow from it.
fn changeable(
    view: &View<'_>,
    subject: &Subject,
    who: &Who,
    (id, paths): (&'static str, &BTreeSet<PathBuf>),
    report: &mut Report,
) {
    let mut open: Vec<&Path> = Vec::new();
    // A directory comes before what is in it.
    for path in paths {
        if open.iter().any(|above| path.starts_with(above)) || !can_change(view, who, path) {
            continue;
        }
        open.push(path);
        let shown = path.display();
        report.add(
            id,
            format!("{} can change {shown}", subject.name),
            format!("ls -ld {shown} and each directory above it, then: chown root, chmod go-w"),
        );
    }
}

/// Whether the user comes as far as to what they could change on the way to this path.
fn can_change(view: &View<'_>, who: &Who, path: &Path) -> bool {
    let mut way = PathBuf::from("/");
    for part in path.components().skip(1) {
        if !who.can_search(&view.at(&way)) {
            return false;
        }
        way.push(part);
        let place = view.at(&way);
        // Masked units are links to what everybody can write to.
        let is_null = place
            .canonicalize()
            .is_ok_and(|end| end == Path::new("/dev/null"));
        if !is_null && who.can_change(&place) {
            return true;
        }
        // What stands behind a link has a way of its own.
        if let Ok(real) = place.canonicalize()
            && let Some(above) = real.parent()
            && !above.ancestors().all(|above| who.can_search(above))
        {
            return false;
        }
    }
    false
}

/// Root's programs: where everybody's are, and where sudo looks.
fn path(view: &View<'_>, secure_path: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let usual = PATH.iter().map(PathBuf::from);
    let directories = view.distinct(usual.chain(secure_path.iter().cloned()));
    let entries = directories
        .iter()
        .flat_map(|directory| view.list(directory));
    let mut found: BTreeSet<PathBuf> = entries.collect();
    found.extend(directories);
    // One that does not exist can be made.
    found.extend(secure_path.iter().cloned());
    found
}

fn reads(view: &View<'_>, subject: &Subject, path: &str) -> bool {
    view.meta(path).is_some_and(|meta| {
        let in_group = subject.groups.iter().any(|(_, gid)| *gid == meta.gid());
        // That membership of shadow is a door is told by itself.
        meta.uid() == subject.uid
            || meta.mode() & 0o004 != 0
            || (in_group && meta.mode() & 0o040 != 0 && !subject.is_in("shadow"))
    })
}

/// These, and the entries of those that are directories. What does not exist counts where its directory
/// does: who can write there can make it.
fn with_entries(view: &View<'_>, paths: &[&str]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in paths {
        let path = Path::new(path);
        let parent = path.parent().unwrap_or(path);
        if view.exists(path) || view.exists(parent) {
            found.insert(path.to_path_buf());
        }
        // What else is in root's home need not be run.
        if path != Path::new("/root") {
            found.extend(view.list(path));
        }
    }
    found
}

/// What the linker's configuration leads to, too.
fn loader(view: &View<'_>) -> BTreeSet<PathBuf> {
    let mut found: BTreeSet<PathBuf> = LOADER
        .iter()
        .map(PathBuf::from)
        .filter(|path| view.exists(path) || path.extension().is_some())
        .collect();
    let parts = view.list("/etc/ld.so.conf.d");
    let texts = parts.iter().map(PathBuf::as_path).chain([
        Path::new("/etc/ld.so.conf"),
        Path::new("/etc/ld.so.preload"),
    ]);
    for path in texts {
        found.insert(path.to_path_buf());
        let text = view.text(path).unwrap_or_default();
        let named = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(str::split_whitespace)
            .filter(|word| word.starts_with('/'));
        found.extend(named.map(PathBuf::from).filter(|path| view.exists(path)));
    }
    found
}

fn modules(view: &View<'_>) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let libraries = ["/lib", "/usr/lib", "/usr/local/lib"];
    let multiarch = libraries.iter().flat_map(|library| view.list(library));
    let plain = ["/lib64", "/usr/lib64"].map(PathBuf::from);
    let all = libraries
        .iter()
        .map(PathBuf::from)
        .chain(plain)
        .chain(multiarch);
    for directory in view.distinct(all.map(|directory| directory.join("security"))) {
        found.extend(view.list(&directory));
        found.insert(directory);
    }
    found
}
