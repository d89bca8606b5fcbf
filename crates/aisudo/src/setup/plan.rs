//! What setup will do, in its order. Made without changing anything.
//!
//! The order is the one in which nothing can lock anybody out: what the gate needs comes first, the
//! daemon answers before sudo is told of it, and sudo's own files come last.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{
    choice::Choice,
    record::{Before, FileRecord, Kind, Record, Service, Store},
    system::System,
    texts,
};
use crate::{
    host::{
        below,
        os::{Family, Os},
        pam_file::{self, Dialect},
        sudo::Sudo,
    },
    root::file::Owned,
};

/// A user to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewUser {
    /// The daemon's.
    Daemon,
    /// An agent's, by this name, without a password.
    Agent(String),
}

impl NewUser {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Daemon => DAEMON,
            Self::Agent(name) => name,
        }
    }
}

/// The daemon's user and group.
pub(super) const DAEMON: &str = "aisudo";

/// Those who may approve at a terminal.
const APPROVERS: &str = "aisudo-approvers";

/// A directory to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewDirectory {
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    /// Its owner; root's otherwise.
    pub(super) owner: Option<&'static str>,
}

/// One file's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// On the machine.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) before: Option<(String, Owned)>,
    pub(super) after: String,
    pub(super) owned: Owned,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) groups: Vec<&'static str>,
    pub(super) users: Vec<NewUser>,
    pub(super) directories: Vec<NewDirectory>,
    /// Before the daemon is started: its configuration, its units.
    pub(super) early: Vec<Edit>,
    /// How it is started; nothing: it answers already, or root sees to it.
    pub(super) service: Option<Service>,
    /// Once it answers: sudoers, PAM, and `sudo.conf`, in this order.
    pub(super) late: Vec<Edit>,
}

/// What a plan is made from.
pub(super) struct Findings<'a> {
    pub(super) root: &'a Path,
    pub(super) os: &'a Os,
    pub(super) sudos: &'a [Sudo],
    /// What stands in PAM's files for the module.
    pub(super) module: &'a str,
    /// The module's path on the machine, if sudo is to load it as a plugin as well.
    pub(super) plugin: Option<&'a Path>,
    /// The daemon's program on the machine.
    pub(super) daemon: Option<&'a Path>,
    /// Whether the daemon is to be started.
    pub(super) start: bool,
    /// Whether it has to answer before sudo is told of it.
    pub(super) must_answer: bool,
}

impl Plan {
    /// Looks at what is there.
    pub(super) fn make(
        findings: &Findings<'_>,
        choice: &Choice,
        system: &dyn System,
    ) -> Result<Self, String> {
        let root = findings.root;
        let is_macos = findings.os.family == Family::MacOs;
        let mut users = Vec::new();
        if system.account(DAEMON).is_none() && !is_macos {
            users.push(NewUser::Daemon);
        }
        users.extend(choice.new_user.clone().map(NewUser::Agent));
        let mut plan = Self {
            groups: [APPROVERS]
                .into_iter()
                .filter(|name| system.group(name).is_none() && !is_macos)
                .collect(),
            users,
            directories: directories(root, is_macos),
            early: Vec::new(),
            service: findings.start.then(|| system.service_manager()),
            late: Vec::new(),
        };
        plan.early.extend(config(root, choice)?);
        if plan.service == Some(Service::Systemd) {
            plan.early.extend(units(findings)?);
        }
        plan.late.extend(sudoers(findings, choice)?);
        for (index, service) in findings.os.services().iter().enumerate() {
            plan.late.extend(pam(findings, service, index == 0)?);
        }
        if let Some(module) = findings.plugin {
            plan.late.extend(sudo_conf(root, module)?);
        }
        Ok(plan)
    }

    /// Whether nothing is to be done; in a folder nothing is started anyway.
    pub(super) fn is_empty(&self, system: &dyn System) -> bool {
        self.groups.is_empty()
            && self.users.is_empty()
            && self.directories.is_empty()
            && (self.service.is_none() || !system.is_live())
            && self.edits().next().is_none()
    }

    /// In their order.
    pub(super) fn edits(&self) -> impl Iterator<Item = &Edit> {
        self.early.iter().chain(&self.late)
    }

    /// What has to be undone if this is done; the contents are kept in the store.
    pub(super) fn record(&self, store: &Store) -> Result<Record, String> {
        let mut record = Record::new();
        record.groups = self.groups.iter().map(|name| (*name).to_owned()).collect();
        record.users = self
            .users
            .iter()
            .map(|user| user.name().to_owned())
            .collect();
        let is_new_home = |name: &&String| {
            let home = below(store.root(), format!("/home/{name}"));
            name.as_str() != DAEMON && home.symlink_metadata().is_err()
        };
        record.homes = record.users.iter().filter(is_new_home).cloned().collect();
        record.directories = self
            .directories
            .iter()
            .map(|one| one.path.clone())
            .collect();
        record.service = self.service;
        for edit in self.edits() {
            let before = match &edit.before {
                None => None,
                Some((text, owned)) => Some(Before {
                    sha256: store.keep_content(text.as_bytes())?,
                    mode: owned.mode,
                    uid: owned.uid.unwrap_or(0),
                    gid: owned.gid.unwrap_or(0),
                }),
            };
            record.files.push(FileRecord {
                path: edit.path.clone(),
                kind: edit.kind,
                before,
                after: store.keep_content(edit.after.as_bytes())?,
            });
        }
        Ok(record)
    }
}

impl Edit {
    /// Nothing if it would change nothing. A file that is there keeps its owner and mode.
    fn new(
        root: &Path,
        path: &str,
        kind: Kind,
        after: &str,
        mode: u32,
    ) -> Result<Option<Self>, String> {
        let before = read(&below(root, path))?;
        if before.as_ref().is_some_and(|(text, _)| text == after) {
            return Ok(None);
        }
        let owned = before
            .as_ref()
            .map_or_else(|| Owned::roots(mode), |(_, owned)| *owned);
        Ok(Some(Self {
            path: PathBuf::from(path),
            kind,
            before,
            after: after.to_owned(),
            owned,
        }))
    }
}

/// A file's text, whose it is and who may do what with it; nothing if there is none.
pub(super) fn read(path: &Path) -> Result<Option<(String, Owned)>, String> {
    let shown = path.display();
    let meta = match path.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown} cannot be looked at: {error}; check it")),
        Ok(meta) if !meta.is_file() => {
            return Err(format!(
                "{shown} is no plain file; edit by hand what it stands for, see docs/install.md"
            ));
        }
        Ok(meta) => meta,
    };
    let text = fs::read_to_string(path)
        .map_err(|error| format!("{shown} cannot be read: {error}; check it"))?;
    let owned = Owned {
        mode: meta.mode() & 0o7777,
        uid: Some(meta.uid()),
        gid: Some(meta.gid()),
    };
    Ok(Some((text, owned)))
}

fn text_of(path: &Path) -> Result<Option<String>, String> {
    Ok(read(path)?.map(|(text, _)| text))
}

fn directories(root: &Path, is_macos: bool) -> Vec<NewDirectory> {
    let mut wanted = vec![NewDirectory {
        path: "/etc/aisudo".into(),
        mode: 0o755,
        owner: None,
    }];
    if !is_macos {
        wanted.push(NewDirectory {
            path: "/var/lib/aisudo".into(),
            mode: 0o700,
            owner: Some(DAEMON),
        });
    }
    wanted.retain(|one| !below(root, &one.path).is_dir());
    wanted
}

const CONFIG: &str = "/etc/aisudo/aisudo.toml";

fn config(root: &Path, choice: &Choice) -> Result<Option<Edit>, String> {
    let before = text_of(&below(root, CONFIG))?;
    let after = texts::config(before.as_deref(), &choice.gated)
        .map_err(|why| format!("{CONFIG}: {why}"))?;
    Edit::new(root, CONFIG, Kind::Config, &after, 0o644)
}

/// Where packages put units, and where root does.
const UNIT_DIRECTORIES: [&str; 3] = [
    "/etc/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The daemon's units, if no package brought them.
fn units(findings: &Findings<'_>) -> Result<Vec<Edit>, String> {
    let packaged = UNIT_DIRECTORIES.iter().skip(1).any(|directory| {
        below(findings.root, directory)
            .join("aisudo-daemon.service")
            .exists()
    });
    let Some(daemon) = findings.daemon.filter(|_| !packaged) else {
        return Ok(Vec::new());
    };
    let mut edits = Vec::new();
    for (name, text) in texts::units(&daemon.to_string_lossy()) {
        let path = format!("/etc/systemd/system/{name}");
        edits.extend(Edit::new(findings.root, &path, Kind::Unit, &text, 0o644)?);
    }
    Ok(edits)
}

/// Our file among those of sudoers.
pub(super) const DROP_IN: &str = "/etc/sudoers.d/aisudo";

fn sudoers(findings: &Findings<'_>, choice: &Choice) -> Result<Option<Edit>, String> {
    // sudo-rs reads a file of its own, if there is one.
    for path in ["/etc/sudoers", "/etc/sudoers-rs"] {
        if let Some(text) = text_of(&below(findings.root, path))?
            && !includes_drop_ins(&text)
        {
            return Err(format!(
                "{path} does not include /etc/sudoers.d; nothing was changed; add this line by visudo: @includedir /etc/sudoers.d"
            ));
        }
    }
    let before = text_of(&below(findings.root, DROP_IN))?;
    let text = texts::sudoers(before.as_deref(), &choice.gated, findings.sudos);
    if before.is_some_and(|before| !before.starts_with(texts::SUDOERS_MARK)) {
        return Err(format!(
            "{DROP_IN} is not of aisudo setup; nothing was changed; move it away"
        ));
    }
    Edit::new(findings.root, DROP_IN, Kind::Sudoers, &text, 0o440)
}

fn includes_drop_ins(sudoers: &str) -> bool {
    sudoers.lines().any(|line| {
        let mut words = line.split_whitespace();
        matches!(words.next(), Some("@includedir" | "#includedir"))
            && words.next().is_some_and(|path| {
                let path = path.trim_matches('"').trim_end_matches('/');
                path == "/etc/sudoers.d" || path == "/private/etc/sudoers.d"
            })
    })
}

fn pam(findings: &Findings<'_>, service: &str, is_needed: bool) -> Result<Option<Edit>, String> {
    let root = findings.root;
    let path = format!("/etc/pam.d/{service}");
    let is_macos = findings.os.family == Family::MacOs;
    let before = match text_of(&below(root, &path))? {
        Some(text) => text,
        // Some systems have their own files there, and root's only take their place.
        None => match text_of(&below(root, format!("/usr/lib/pam.d/{service}")))? {
            Some(text) => text,
            None if is_macos => String::new(),
            None if is_needed => {
                return Err(format!(
                    "{path} is not there; nothing was changed; sudo must be one that uses PAM"
                ));
            }
            None => return Ok(None),
        },
    };
    let dialect = match is_macos {
        true => Dialect::OpenPam,
        false => Dialect::Linux,
    };
    let after = pam_file::with_ours(&before, dialect, findings.module);
    Edit::new(root, &path, Kind::Pam, &after, 0o644)
}

/// sudo's own configuration.
pub(super) const SUDO_CONF: &str = "/etc/sudo.conf";

fn sudo_conf(root: &Path, module: &Path) -> Result<Option<Edit>, String> {
    let before = text_of(&below(root, SUDO_CONF))?.unwrap_or_default();
    let after = texts::sudo_conf(&before, &module.to_string_lossy());
    Edit::new(root, SUDO_CONF, Kind::SudoConf, &after, 0o644)
}
