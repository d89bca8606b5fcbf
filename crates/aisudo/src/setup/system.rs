//! The machine that setup changes: users, programs, the service manager. Behind a trait, so that a
//! folder can stand for it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use aisudo_sys::users::{Account, account_named, group_id, group_names};

use super::record::Service;
use crate::host::{
    below,
    os::{Family, Os},
};

/// What setup asks of the machine, and what it has it do.
pub(super) trait System {
    fn account(&self, name: &str) -> Option<Account>;
    fn group(&self, name: &str) -> Option<u32>;
    /// The names of a user's groups.
    fn groups_of(&self, account: &Account) -> Vec<String>;
    /// Whoever starts daemons here.
    fn service_manager(&self) -> Service;
    /// Runs a program to its end; what it printed.
    fn run(&self, words: &[&str]) -> Result<String, String>;
    /// Whether programs of this machine can be run: not in a folder that only stands for one.
    fn is_live(&self) -> bool;
}

/// This machine.
#[derive(Clone, Debug)]
pub(super) struct Real {
    os: Os,
}

impl Real {
    pub(super) fn new(os: &Os) -> Self {
        Self { os: os.clone() }
    }
}

impl System for Real {
    fn account(&self, name: &str) -> Option<Account> {
        account_named(name)
    }

    fn group(&self, name: &str) -> Option<u32> {
        group_id(name)
    }

    fn groups_of(&self, account: &Account) -> Vec<String> {
        group_names(account.uid)
    }

    fn service_manager(&self) -> Service {
        match self.os.family {
            Family::MacOs => Service::Launchd,
            // sd_booted(3).
            _ if Path::new("/run/systemd/system").is_dir() => Service::Systemd,
            _ => Service::Process,
        }
    }

    fn run(&self, words: &[&str]) -> Result<String, String> {
        run(words)
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// Runs a program to its end, in a plain environment.
pub(super) fn run(words: &[&str]) -> Result<String, String> {
    let line = words.join(" ");
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| "no program to run".to_owned())?;
    let output = plain(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{line}: {error}; install it"))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().replace('\n', "; ");
    if output.status.success() {
        return Ok(said(&output.stdout));
    }
    let why = match said(&output.stderr) {
        why if why.is_empty() => said(&output.stdout),
        why => why,
    };
    Err(format!("{line} failed: {why}"))
}

/// A program with root's usual path and nothing else of this environment.
pub(super) fn plain(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// A folder that stands for a machine: an image that is being made. Its users are those of its own
/// files, and nothing is started.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
    os: Os,
}

impl Folder {
    pub(super) fn new(root: &Path, os: &Os) -> Self {
        Self {
            root: root.to_path_buf(),
            os: os.clone(),
        }
    }

    /// The fields of the line of this name.
    fn line(&self, file: &str, name: &str) -> Option<Vec<String>> {
        let text = fs::read_to_string(below(&self.root, file)).ok()?;
        text.lines()
            .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>())
            .find(|fields| fields.first().map(String::as_str) == Some(name))
    }
}

impl System for Folder {
    fn account(&self, name: &str) -> Option<Account> {
        let fields = self.line("/etc/passwd", name)?;
        Some(Account {
            name: name.as_bytes().to_vec(),
            uid: fields.get(2)?.parse().ok()?,
            gid: fields.get(3)?.parse().ok()?,
            shell: fields
                .get(6)
                .map(|shell| shell.as_bytes().to_vec())
                .unwrap_or_default(),
        })
    }

    fn group(&self, name: &str) -> Option<u32> {
        self.line("/etc/group", name)?.get(2)?.parse().ok()
    }

    fn groups_of(&self, account: &Account) -> Vec<String> {
        let name = String::from_utf8_lossy(&account.name);
        let text = fs::read_to_string(below(&self.root, "/etc/group")).unwrap_or_default();
        let is_in = |line: &&str| {
            let fields: Vec<&str> = line.split(':').collect();
            let gid = fields.get(2).and_then(|gid| gid.parse().ok());
            let members = fields.get(3).copied().unwrap_or_default();
            gid == Some(account.gid) || members.split(',').any(|member| member == name)
        };
        text.lines()
            .filter(is_in)
            .filter_map(|line| line.split(':').next().map(str::to_owned))
            .collect()
    }

    fn service_manager(&self) -> Service {
        match self.os.family {
            Family::MacOs => Service::Launchd,
            _ => Service::Systemd,
        }
    }

    fn run(&self, words: &[&str]) -> Result<String, String> {
        Err(format!(
            "{} would be run, and this is a folder",
            words.join(" ")
        ))
    }

    fn is_live(&self) -> bool {
        false
    }
}
