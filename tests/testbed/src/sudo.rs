//! Which sudo the stories run against.

use std::fs;

use rustix::mount::mount_bind;

use crate::artefacts::BUILD;

/// The environment variable that chooses: `c` (also when it is not set), `plugin` or `rs`.
const CHOICE: &str = "AISUDO_TEST_SUDO";

/// Where a world's `sudo` is.
const SUDO: &str = "/usr/bin/sudo";

/// Where Debian's package of sudo-rs has it.
const SUDO_RS: &str = "/usr/bin/sudo-rs";

/// What `sudo` is in a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sudo {
    /// The C one, with the PAM module alone.
    C,
    /// The C one, with the approval plugin of the same file in sudo.conf(5).
    Plugin,
    /// sudo-rs, in the place of the C one.
    Rs,
}

impl Sudo {
    /// By `AISUDO_TEST_SUDO`.
    #[track_caller]
    pub(crate) fn chosen() -> Self {
        let choice = std::env::var_os(CHOICE).unwrap_or_default();
        match choice.to_str() {
            Some("" | "c") => Self::C,
            Some("plugin") => Self::Plugin,
            Some("rs") => Self::Rs,
            _ => panic!("{CHOICE} is {choice:?}, and not c, plugin or rs"),
        }
    }

    /// Puts it in place, after the world's `/etc` was filled and the module copied.
    #[track_caller]
    pub(crate) fn install(self) {
        match self {
            Self::C => {}
            Self::Plugin => write_conf(&plugin_line(&[])),
            // A mount, as everything in a world: setuid as the package made it.
            Self::Rs => {
                mount_bind(SUDO_RS, SUDO).unwrap_or_else(|error| {
                    panic!("put {SUDO_RS} in the place of {SUDO}: {error}")
                });
            }
        }
    }
}

/// The line of sudo.conf(5) that loads the plugin with these options.
pub(crate) fn plugin_line(options: &[&str]) -> String {
    let words = ["Plugin", "aisudo_approval"].map(str::to_owned);
    let path = format!("{BUILD}/pam_aisudo.so");
    let options = options.iter().map(|option| (*option).to_owned());
    let words: Vec<String> = words.into_iter().chain([path]).chain(options).collect();
    words.join(" ")
}

/// Replaces the world's sudo.conf(5).
#[track_caller]
pub(crate) fn write_conf(text: &str) {
    fs::write("/etc/sudo.conf", format!("{text}\n")).expect("write the world's sudo.conf");
}
