//! Which sudo the stories run against.

use std::fs;
use std::path::Path;

use rustix::mount::mount_bind;

use crate::artefacts::BUILD;

/// The environment variable that chooses: `c` (also when it is not set), `plugin` or `rs`.
const CHOICE: &str = "AISUDO_TEST_SUDO";

/// Where a world's `sudo` is.
const SUDO: &str = "/usr/bin/sudo";

/// A file of root's that is no program.
const NO_PROGRAM: &str = "/usr/lib/os-release";

/// Where Debian's package of sudo-rs has it.
const SUDO_RS: &str = "/usr/bin/sudo-rs";

/// Where a world's `visudo` is, and the other one's.
const VISUDO: [&str; 2] = ["/usr/sbin/visudo", "/usr/bin/visudo-rs"];

/// Settings of sudoers(5) that sudo-rs 0.2.5 does not know. It says so whenever it runs, and goes on.
const UNKNOWN_TO_RS: [&str; 9] = [
    "closefrom_override",
    "env_delete",
    "intercept",
    "intercept_authenticate",
    "log_subcmds",
    "mailerpath",
    "noninteractive_auth",
    "pam_acct_mgmt",
    "runcwd",
];

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
        // The C one alone: what is said of a machine depends on whether another one is beside it.
        if self != Self::Rs && Path::new(SUDO_RS).exists() {
            mount_bind(NO_PROGRAM, SUDO_RS)
                .unwrap_or_else(|error| panic!("hide {SUDO_RS}: {error}"));
        }
        match self {
            Self::C => {}
            Self::Plugin => write_conf(&plugin_line(&[])),
            // A mount, as everything in a world: setuid as the package made it.
            Self::Rs => {
                for (its, place) in [(SUDO_RS, SUDO), (VISUDO[1], VISUDO[0])] {
                    mount_bind(its, place).unwrap_or_else(|error| {
                        panic!("put {its} in the place of {place}: {error}")
                    });
                }
                for path in ["/etc/sudoers", "/etc/sudoers.d/aisudo"] {
                    let text = fs::read_to_string(path).expect("read the world's sudoers");
                    fs::write(path, self.sudoers(&text)).expect("write the world's sudoers");
                }
            }
        }
    }

    /// These lines of sudoers(5), less the settings that this sudo does not know.
    pub(crate) fn sudoers(self, text: &str) -> String {
        if self != Self::Rs {
            return text.to_owned();
        }
        let lines = text.lines().filter_map(known_to_rs);
        lines.map(|line| line + "\n").collect()
    }
}

/// A line of sudoers(5) as sudo-rs knows it, if there is something left of it.
fn known_to_rs(line: &str) -> Option<String> {
    let is_blank = |character: char| character == ' ' || character == '\t';
    let (word, settings) = match line.split_once(is_blank) {
        Some((word, settings)) if word.starts_with("Defaults") => (word, settings),
        _ => return Some(line.to_owned()),
    };
    let known: Vec<&str> = settings
        .split(',')
        .map(str::trim)
        .filter(|setting| {
            let name = setting.trim_start_matches('!').split('=').next();
            !UNKNOWN_TO_RS.contains(&name.unwrap_or_default())
        })
        .collect();
    (!known.is_empty()).then(|| format!("{word} {}", known.join(", ")))
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

#[cfg(test)]
mod tests {
    use super::Sudo;

    #[test]
    fn sudo_rs_gets_only_the_settings_that_it_knows() {
        let text = "\
agent ALL=(ALL:ALL) ALL
Defaults:agent timestamp_timeout=0, noninteractive_auth, passwd_tries=1
Defaults\t!mailerpath
Defaults\tsecure_path=\"/bin:/sbin\"
";
        let known = "\
agent ALL=(ALL:ALL) ALL
Defaults:agent timestamp_timeout=0, passwd_tries=1
Defaults secure_path=\"/bin:/sbin\"
";
        assert_eq!(Sudo::Rs.sudoers(text), known);
        assert_eq!(Sudo::C.sudoers(text), text);
    }
}
