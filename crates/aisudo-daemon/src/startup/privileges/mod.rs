//! Which user the daemon is.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(target_os = "macos", path = "macos.rs")]
mod platform;

use aisudo_sys::users::{Account, account_named};
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit};
use tracing::warn;

/// The user that the daemon is from now on.
#[derive(Debug)]
pub(super) enum Identity {
    /// Started as root: becomes this user.
    Becomes(Account),
    /// Started as somebody else: stays.
    Stays(u32),
}

impl Identity {
    /// Who it will be.
    pub(super) fn choose(user: &str) -> Result<Self, String> {
        if !geteuid().is_root() {
            return Ok(Self::Stays(geteuid().as_raw()));
        }
        let account = account_named(user).ok_or_else(|| {
            format!(
                "the user {user} does not exist; create it, or set user in [daemon] of aisudo.toml"
            )
        })?;
        if account.uid == 0 {
            warn!("aisudo-daemon runs as root; give it a user of its own");
        }
        Ok(Self::Becomes(account))
    }

    pub(super) fn uid(&self) -> u32 {
        match self {
            Self::Becomes(account) => account.uid,
            Self::Stays(uid) => *uid,
        }
    }

    pub(super) fn was_root(&self) -> bool {
        matches!(self, Self::Becomes(_))
    }

    /// Becomes it, with no way back.
    pub(super) fn assume(&self) -> Result<(), String> {
        if let Self::Becomes(account) = self {
            platform::become_user(account).map_err(|error| {
                format!("cannot become the daemon's user: {error}; start it as root")
            })?;
        }
        platform::no_new_privileges()
    }
}

/// Files are the daemon's own, there may be many sockets, and no core dump holds a request.
pub(super) fn harden() -> Result<(), String> {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let failed = |error| format!("limits cannot be set: {error}; see getrlimit(2)");
    let files = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: platform::most_files(files.maximum),
        ..files
    };
    setrlimit(Resource::Nofile, most).map_err(failed)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(failed)
}
