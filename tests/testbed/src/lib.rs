//! A private world in which the real parts run: setuid sudo, PAM, the module, the daemon.
//!
//! A [`World`] is a mount namespace of the thread that made it, with its own `/etc`, `/run`, `/var`, `/home`,
//! `/root` and `/tmp`; the rest of the machine is read-only in it. What the thread starts lives in there and is
//! ended with it. Another thread, and the machine itself, see nothing of it, so tests run side by side.
//!
//! ```no_run
//! # use std::time::Duration;
//! use aisudo_testbed::World;
//! let world = World::new();
//! let daemon = world.start_daemon();
//! let sudo = world.run_as("agent").spawn(["sudo", "id", "-u"]);
//! let code = world.wait_for_request();
//! world.approver(["approve", &code]).expect_success();
//! assert_eq!(sudo.wait(Duration::from_secs(10)).expect_success().stdout, "0\n");
//! # drop(daemon);
//! ```

mod artefacts;
mod daemon;
mod debian;
mod files;
mod namespace;
mod processes;
mod run;
mod sudo;
mod transcript;
mod world;

pub use artefacts::BUILD;
pub use daemon::Daemon;
pub use debian::enter_release;
pub use files::{AGENT_PASSWORD, DEFAULT_CONFIG, DEFAULT_SUDOERS, OWNER_PASSWORD, pam_text};
pub use run::{Output, Run, Running};
pub use rustix::process::Signal;
pub use sudo::Sudo;
pub use world::{User, World};
