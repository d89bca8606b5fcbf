//! Where everything lives, under one root.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use std::path::{Path, PathBuf};

/// The files of one installation. `--root DIR` (and `root=DIR` for the module) moves all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    root: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self::under("/")
    }
}

impl Paths {
    /// The paths below `root`.
    #[must_use]
    pub fn under(root: impl AsRef<Path>) -> Self {
        Self {
            root: root.as_ref().to_path_buf(),
        }
    }

    /// Root's configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("etc/aisudo/aisudo.toml")
    }

    /// Root's rules: what runs without a question, and what never does.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.root.join("etc/aisudo/policy.toml")
    }

    /// Who may approve from afar, and by what they are known.
    #[must_use]
    pub fn approvers(&self) -> PathBuf {
        self.root.join("etc/aisudo/approvers.toml")
    }

    /// The directory of the three sockets, owned by root.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.root.join(platform::RUN)
    }

    /// Where gates ask: root only.
    #[must_use]
    pub fn gate_socket(&self) -> PathBuf {
        self.run_dir().join("gate.sock")
    }

    /// Where anyone sees their own requests.
    #[must_use]
    pub fn agent_socket(&self) -> PathBuf {
        self.run_dir().join("agent.sock")
    }

    /// Where local approvers list and decide.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.run_dir().join("control.sock")
    }

    /// The daemon's directory.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.root.join(platform::STATE)
    }

    /// The database: requests and the audit log.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.state_dir().join("state.db")
    }

    /// Audit entries that have left the database.
    #[must_use]
    pub fn archive_dir(&self) -> PathBuf {
        self.state_dir().join("archive")
    }

    /// How far the audit log has been copied.
    #[must_use]
    pub fn copied(&self) -> PathBuf {
        self.state_dir().join("copied")
    }

    /// The host's secret key, which messages to phones are sealed with.
    #[must_use]
    pub fn host_key(&self) -> PathBuf {
        self.state_dir().join("host.key")
    }

    /// The key that the host is known by to push services.
    #[must_use]
    pub fn push_key(&self) -> PathBuf {
        self.state_dir().join("push.key")
    }

    /// Where pushes to each device go.
    #[must_use]
    pub fn subscriptions(&self) -> PathBuf {
        self.state_dir().join("push.json")
    }

    /// Where systemd's journal takes entries.
    #[must_use]
    pub fn journal_socket(&self) -> PathBuf {
        self.root.join("run/systemd/journal/socket")
    }

    /// A path that root's configuration names.
    #[must_use]
    pub fn of(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}
