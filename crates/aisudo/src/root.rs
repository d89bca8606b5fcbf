//! What the commands share that write root's files: the files, questions to root, what a phone scans.

pub(crate) mod changes;
pub(crate) mod console;
pub(crate) mod edit;
pub(crate) mod file;
pub(crate) mod qr;

use std::{os::unix::fs::MetadataExt as _, path::Path};

use aisudo_core::{approvers::Approvers, config::Config, paths::Paths};
use aisudo_sys::users::account_named;
use rustix::process::geteuid;

use self::file::Access;
use crate::failure::Failure;

/// Refuses all but root. The files below another directory (`--root`) may have another owner.
pub(crate) fn needed(paths: &Paths) -> Result<(), Failure> {
    let own = geteuid();
    let owns_files = || {
        let meta = paths.config().symlink_metadata();
        meta.is_ok_and(|meta| meta.uid() == own.as_raw())
    };
    if own.is_root() || owns_files() {
        return Ok(());
    }
    Err(Failure::NotPermitted(
        "only root may say who approves; run this as root".to_owned(),
    ))
}

/// Root's files as they are.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) config: Config,
    pub(crate) config_text: String,
    pub(crate) approvers: Approvers,
    pub(crate) approvers_text: String,
}

impl Files {
    pub(crate) fn read(paths: &Paths) -> Result<Self, Failure> {
        let text = |path: &Path| file::read(path).map_err(|why| Failure::refused_by(&why));
        let config_text = text(&paths.config())?;
        if config_text.is_empty() {
            return Err(Failure::refused_by(&format!(
                "there is no {}; say there who is gated first, see docs/configuration.md",
                paths.config().display()
            )));
        }
        let config = Config::parse(&config_text).map_err(|why| mistake(&paths.config(), &why))?;
        let approvers_text = text(&paths.approvers())?;
        let approvers = match approvers_text.as_str() {
            "" => Approvers::default(),
            text => Approvers::parse(text).map_err(|why| mistake(&paths.approvers(), &why))?,
        };
        Ok(Self {
            config,
            config_text,
            approvers,
            approvers_text,
        })
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.approvers.approvers.iter().any(|one| one.name == name)
    }

    /// Writes `approvers.toml` anew.
    pub(crate) fn save_approvers(&self, paths: &Paths, after: &str) -> Result<(), Failure> {
        save_approvers(paths, &self.config, &self.approvers_text, after)
    }

    /// Writes `aisudo.toml` anew, if it is another.
    pub(crate) fn save_config(&self, paths: &Paths, after: &str) -> Result<(), Failure> {
        if after == self.config_text {
            return Ok(());
        }
        Access::of(&paths.config())
            .and_then(|access| file::replace(&paths.config(), &self.config_text, after, access))
            .map_err(|why| Failure::refused_by(&why))
    }
}

/// Writes `approvers.toml`, for root and the daemon to read.
pub(crate) fn save_approvers(
    paths: &Paths,
    config: &Config,
    before: &str,
    after: &str,
) -> Result<(), Failure> {
    let daemon = account_named(&config.daemon.user).map(|account| account.gid);
    file::replace(&paths.approvers(), before, after, Access::root_and(daemon))
        .map_err(|why| Failure::refused_by(&why))
}

/// An approver's name, if it can stand in the file: its own rules decide.
pub(crate) fn checked_name(name: &str) -> Result<String, String> {
    let file = format!(
        "version = 1\n[[approver]]\nname = {}\n",
        toml_edit::value(name)
    );
    Approvers::parse(&file).map(|_| name.to_owned())
}

/// This host's name, as the kernel has it. Not safe to show.
pub(crate) fn host_name() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

fn mistake(path: &Path, why: &str) -> Failure {
    Failure::refused_by(&format!("{}: {why}", path.display()))
}
