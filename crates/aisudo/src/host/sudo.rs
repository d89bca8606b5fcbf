//! Which sudos there are: Todd Miller's in C, sudo-rs, or both.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::below;

/// Whose sudo it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    C,
    Rs,
}

/// `1.9.13p3` or `0.2.8`: three numbers, and a patch level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(
    pub(crate) u32,
    pub(crate) u32,
    pub(crate) u32,
    pub(crate) u32,
);

/// A sudo that is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sudo {
    pub(crate) kind: Kind,
    pub(crate) version: Version,
    /// Where it is, below the directory that stands for `/`.
    pub(crate) path: PathBuf,
}

/// Where sudos are. The first that is there is what the word `sudo` means.
const PLACES: [&str; 6] = [
    "/usr/local/bin/sudo",
    "/usr/bin/sudo",
    // Both at once: Debian's and Ubuntu's names for the other one.
    "/usr/bin/sudo-rs",
    "/usr/bin/sudo.ws",
    "/usr/lib/cargo/bin/sudo",
    "/bin/sudo",
];

impl Sudo {
    /// All of them, each once; the first is the one that the word `sudo` means.
    pub(crate) fn all(root: &Path) -> Vec<Self> {
        let mut seen: Vec<PathBuf> = Vec::new();
        let mut found = Vec::new();
        for place in PLACES {
            let path = below(root, place);
            let Ok(file) = path.canonicalize() else {
                continue;
            };
            if !seen.contains(&file) {
                seen.push(file);
                found.extend(Self::ask(&path));
            }
        }
        found
    }

    /// What the program says of itself.
    fn ask(path: &Path) -> Option<Self> {
        let output = Command::new(path)
            .arg("-V")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        // sudo-rs 0.2.5 says it on standard error.
        [output.stdout, output.stderr]
            .iter()
            .find_map(|said| Self::parse(&String::from_utf8_lossy(said), path))
    }

    /// Reads what `sudo -V` prints first.
    pub(crate) fn parse(said: &str, path: &Path) -> Option<Self> {
        let first = said.lines().next()?.trim();
        let (kind, version) = match first.strip_prefix("Sudo version ") {
            Some(version) => (Kind::C, version),
            None => (Kind::Rs, first.strip_prefix("sudo-rs ")?),
        };
        Some(Self {
            kind,
            version: Version::parse(version)?,
            path: path.to_path_buf(),
        })
    }

    /// Whether `Defaults noninteractive_auth` is known. Others print an error on every run.
    pub(crate) fn knows_noninteractive_auth(&self) -> bool {
        match self.kind {
            Kind::C => self.version >= Version(1, 9, 10, 0),
            Kind::Rs => self.version >= Version(0, 2, 9, 0),
        }
    }

    /// Whether it loads approval plugins.
    pub(crate) fn has_approval_plugins(&self) -> bool {
        self.kind == Kind::C && self.version >= Version(1, 9, 0, 0)
    }

    /// The program that checks its sudoers.
    pub(crate) fn visudo(&self, root: &Path) -> Option<PathBuf> {
        let name = self.path.file_name()?.to_str()?;
        // `-rs`, `.ws`, or nothing.
        let name = format!("visudo{}", name.strip_prefix("sudo")?);
        let beside = self.path.with_file_name(&name);
        let elsewhere = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/sbin"]
            .map(|directory| below(root, directory).join(&name));
        std::iter::once(beside)
            .chain(elsewhere)
            .find(|path| path.exists())
    }
}

impl Version {
    fn parse(text: &str) -> Option<Self> {
        // Betas and release candidates count as what they are of.
        let text = text.split_whitespace().next()?;
        let numbers = |c: char| c.is_ascii_digit() || c == '.' || c == 'p';
        let end = text.find(|c| !numbers(c)).unwrap_or(text.len());
        let (main, patch) = match text.get(..end)?.split_once('p') {
            Some((main, patch)) => (main, patch.parse().ok()?),
            None => (text.get(..end)?, 0),
        };
        let mut parts = main.split('.');
        let major = parts.next()?.parse().ok()?;
        let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
        Some(Self(major, next()?, next()?, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(major, minor, micro, patch) = self;
        write!(f, "{major}.{minor}.{micro}")?;
        match patch {
            0 => Ok(()),
            patch => write!(f, "p{patch}"),
        }
    }
}

impl fmt::Display for Sudo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            Kind::C => "sudo",
            Kind::Rs => "sudo-rs",
        };
        write!(f, "{name} {}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn sudo(said: &str) -> Option<Sudo> {
        Sudo::parse(said, Path::new("/usr/bin/sudo"))
    }

    #[test]
    fn what_a_sudo_says_of_itself_is_read() {
        let c = sudo("Sudo version 1.9.13p3\nConfigure options: --with-pam\n").unwrap();
        assert_eq!((c.kind, c.version), (Kind::C, Version(1, 9, 13, 3)));
        assert_eq!(c.to_string(), "sudo 1.9.13p3");
        let rs = sudo("sudo-rs 0.2.8\n").unwrap();
        assert_eq!((rs.kind, rs.version), (Kind::Rs, Version(0, 2, 8, 0)));
        assert_eq!(rs.to_string(), "sudo-rs 0.2.8");
        assert_eq!(
            sudo("Sudo version 1.9.17rc1\n").unwrap().version,
            Version(1, 9, 17, 0)
        );
        assert_eq!(
            sudo("Sudo version 1.8\n").unwrap().version,
            Version(1, 8, 0, 0)
        );
        for other in ["", "OpenDoas 6.8", "Sudo version x", "run0 258"] {
            assert_eq!(sudo(other), None, "{other}");
        }
    }

    #[test]
    fn settings_are_known_from_a_version_on() {
        let knows = |said: &str| sudo(said).unwrap().knows_noninteractive_auth();
        assert!(!knows("Sudo version 1.9.9"));
        assert!(knows("Sudo version 1.9.10"));
        assert!(knows("Sudo version 1.9.13p3"));
        assert!(!knows("sudo-rs 0.2.8"));
        assert!(knows("sudo-rs 0.2.9"));
        let plugins = |said: &str| sudo(said).unwrap().has_approval_plugins();
        assert!(!plugins("Sudo version 1.8.31p2") && plugins("Sudo version 1.9.0"));
        assert!(!plugins("sudo-rs 1.9.0"));
    }

    #[test]
    fn both_sudos_are_found_each_once_and_with_its_own_visudo() {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, said: &str| {
            let path = below(root.path(), path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Version 0.2.5 says it on standard error.
            let to = if said.starts_with("sudo-rs") {
                "2"
            } else {
                "1"
            };
            fs::write(&path, format!("#!/bin/sh\necho '{said}' >&{to}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        // As Ubuntu has it: sudo is sudo-rs, and the other one has a name of its own.
        put("/usr/lib/cargo/bin/sudo", "sudo-rs 0.2.8");
        put("/usr/lib/cargo/bin/visudo", "");
        put("/usr/bin/sudo.ws", "Sudo version 1.9.17p2");
        put("/usr/sbin/visudo.ws", "");
        put("/usr/sbin/visudo", "");
        let usual = below(root.path(), "/usr/bin/sudo");
        std::os::unix::fs::symlink("../lib/cargo/bin/sudo", &usual).unwrap();

        let all = Sudo::all(root.path());
        let said: Vec<String> = all.iter().map(Sudo::to_string).collect();
        assert_eq!(said, ["sudo-rs 0.2.8", "sudo 1.9.17p2"]);
        assert_eq!(all[0].path, usual);
        let visudo = |index: usize| all[index].visudo(root.path()).unwrap();
        assert_eq!(visudo(0), below(root.path(), "/usr/sbin/visudo"));
        assert_eq!(visudo(1), below(root.path(), "/usr/sbin/visudo.ws"));
        assert_eq!(Sudo::all(Path::new("/nowhere")), []);
    }
}
