//! What will run, by sudo's own word: sudo_plugin(5), "Approval plugin API".

use std::path::{Path, PathBuf};

use aisudo_core::{
    raw::Raw,
    request::{Call, Environment, Found, Program},
    sudo_argv::Mode,
    variables::seldom_there_by_chance,
};

/// The vectors that sudo gives to `open()` and `check()`, copied.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// `settings`: what sudo's command line asked for.
    pub settings: Vec<Vec<u8>>,
    /// `user_info`: who runs sudo.
    pub user_info: Vec<Vec<u8>>,
    /// `command_info`: what sudoers made of it.
    pub command_info: Vec<Vec<u8>>,
    /// `run_argv`: the words that are executed.
    pub run_argv: Vec<Vec<u8>>,
    /// `run_envp`: the environment that they get.
    pub run_envp: Vec<Vec<u8>>,
}

impl Said {
    /// The real user id of the one who runs sudo, in `user_info`.
    pub(crate) fn requester(&self) -> Option<u32> {
        number(value(&self.user_info, b"uid=")?)
    }

    /// Whether sudo was started as `sudo -i`, which is a PAM service of its own.
    pub(crate) fn login_shell(&self) -> bool {
        value(&self.settings, b"login_shell=") == Some(b"true")
    }
}

/// What will run, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exact {
    /// `command=`: absolute, or relative to where it runs.
    pub(crate) command: PathBuf,
    /// `run_argv`, whole; for an edit its last words are the files.
    pub(crate) argv: Vec<Raw>,
    /// For an edit: the files.
    pub(crate) edits: Option<Vec<Raw>>,
    /// `cwd=`, or `runcwd=` of a command that an intercepted one starts: where it runs, if not where sudo
    /// was started.
    pub(crate) directory: Option<Raw>,
    /// `chroot=`.
    pub(crate) chroot: Option<Raw>,
    /// `runas_user=`; what it is good for is to be shown.
    pub(crate) user: Option<Raw>,
    /// `runas_uid=`.
    pub(crate) uid: u32,
    /// `runas_group=`: only with `-g`.
    pub(crate) group: Option<Raw>,
    /// `runas_gid=`.
    pub(crate) gid: u32,
    /// Names in `run_envp` by which programs run other code.
    pub(crate) variables: Vec<Raw>,
}

impl Exact {
    /// Reads it.
    ///
    /// # Errors
    /// One short phrase, when something is missing that must be there.
    pub(crate) fn read(said: &Said) -> Result<Self, String> {
        let info = |key: &[u8]| value(&said.command_info, key);
        let raw = |key: &[u8]| info(key).map(|value| Raw(value.to_vec()));
        let id = |key: &[u8]| {
            info(key)
                .and_then(number)
                .ok_or_else(|| "sudo does not say as whom it runs this".to_owned())
        };
        let argv: Vec<Raw> = said.run_argv.iter().cloned().map(Raw).collect();
        let command = raw(b"command=").filter(|command| !command.as_ref().is_empty());
        let edits = match info(b"sudoedit=") {
            Some(b"true") => Some(files(&argv, info(b"sudoedit_nfiles="))?),
            _ => None,
        };
        let mut variables: Vec<Raw> = said
            .run_envp
            .iter()
            .filter_map(|entry| entry.split(|byte| *byte == b'=').next())
            .filter(|name| seldom_there_by_chance(name))
            .map(|name| Raw(name.to_vec()))
            .collect();
        variables.sort_unstable();
        variables.dedup();
        Ok(Self {
            command: PathBuf::from(command.ok_or("sudo does not say what it runs")?.as_os()),
            argv,
            edits,
            directory: raw(b"cwd=").or_else(|| raw(b"runcwd=")),
            chroot: raw(b"chroot="),
            user: raw(b"runas_user="),
            uid: id(b"runas_uid=")?,
            group: raw(b"runas_group="),
            gid: id(b"runas_gid=")?,
            variables,
        })
    }

    /// As a call, for a question of the plugin's own where sudo's command line says something else.
    pub(crate) fn call(&self) -> Call {
        let (mode, argv) = match &self.edits {
            Some(files) => (Mode::Edit, files),
            None => (Mode::Run, &self.argv),
        };
        let number = || Raw(format!("#{}", self.uid).into_bytes());
        Call {
            mode,
            argv: argv.clone(),
            user: Some(self.user.clone().unwrap_or_else(number)),
            group: self.group.clone(),
            chdir: self.directory.clone(),
            chroot: self.chroot.clone(),
            environment: Environment::default(),
            background: false,
        }
    }

    /// The program of a command that starts in `directory`; the editor of an edit is none, as it runs as
    /// the one who asks.
    pub(crate) fn program(&self, directory: &Path) -> Program {
        if self.edits.is_some() {
            return Program {
                path: None,
                real: None,
                found: Found::Unknown,
            };
        }
        let path = directory.join(&self.command);
        Program {
            real: std::fs::canonicalize(&path)
                .ok()
                .map(|real| Raw::from(real.as_os_str())),
            path: Some(Raw::from(path.as_os_str())),
            found: Found::Sudo,
        }
    }
}

/// The files at the end of an edit's words.
fn files(argv: &[Raw], count: Option<&[u8]>) -> Result<Vec<Raw>, String> {
    let files = match count.and_then(number) {
        Some(count) => usize::try_from(count)
            .ok()
            .and_then(|count| argv.len().checked_sub(count))
            .and_then(|at| argv.get(at..)),
        // Before API version 1.21 sudo edits what follows the first `--`, also one that an editor of the
        // requester's brought along (CVE-2023-22809).
        None => argv.splitn(2, |word| word.as_ref() == b"--").nth(1),
    };
    files
        .filter(|files| !files.is_empty())
        .map(<[Raw]>::to_vec)
        .ok_or_else(|| "sudo does not say which files are edited".to_owned())
}

/// The value of the first entry that begins with `key`, which has its `=`.
fn value<'a>(entries: &'a [Vec<u8>], key: &[u8]) -> Option<&'a [u8]> {
    entries.iter().find_map(|entry| entry.strip_prefix(key))
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
