//! Which system this is.

use std::{fs, path::Path};

use super::below;

/// Systems that differ in where things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Debian, Ubuntu and what comes of them: `@include`, multiarch.
    Debian,
    /// Fedora, RHEL and what comes of them, and SUSE: `/usr/lib64`.
    Fedora,
    /// Arch and what comes of it.
    Arch,
    /// macOS: OpenPAM, launchd.
    MacOs,
    /// Another Linux.
    Other,
}

/// The system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Os {
    pub(crate) family: Family,
    /// As os-release has it: `debian`, `fedora`; `macos` there.
    pub(crate) id: String,
    /// Its version, if it has one: `12`.
    pub(crate) version: String,
    /// For people, not safe to show: `Debian GNU/Linux 12 (bookworm)`.
    pub(crate) name: String,
}

/// What only macOS has.
const MACOS: &str = "/System/Library/CoreServices/SystemVersion.plist";

impl Os {
    /// The system below this directory.
    pub(crate) fn of(root: &Path) -> Self {
        if let Ok(plist) = fs::read_to_string(below(root, MACOS)) {
            return Self::macos(&plist);
        }
        let text = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|path| fs::read_to_string(below(root, path)).ok());
        Self::linux(&text.unwrap_or_default())
    }

    /// By os-release(5).
    fn linux(text: &str) -> Self {
        let id = value(text, "ID").unwrap_or_else(|| "linux".to_owned());
        let like = value(text, "ID_LIKE").unwrap_or_default();
        let family = std::iter::once(id.as_str())
            .chain(like.split_whitespace())
            .find_map(family);
        Self {
            family: family.unwrap_or(Family::Other),
            version: value(text, "VERSION_ID").unwrap_or_default(),
            name: value(text, "PRETTY_NAME").unwrap_or_else(|| id.clone()),
            id,
        }
    }

    fn macos(plist: &str) -> Self {
        let version = plist
            .split_once("<key>ProductVersion</key>")
            .and_then(|(_, behind)| behind.split_once("<string>"))
            .and_then(|(_, behind)| behind.split_once("</string>"))
            .map_or("", |(version, _)| version.trim());
        Self {
            family: Family::MacOs,
            id: "macos".to_owned(),
            version: version.to_owned(),
            name: format!("macOS {version}").trim_end().to_owned(),
        }
    }

    /// The services of PAM that sudo uses and an owner may edit: the first has to be there or is
    /// made, the others are edited if they are there.
    pub(crate) fn services(&self) -> &'static [&'static str] {
        match self.family {
            // An update of the system leaves this one alone, and `sudo` includes it.
            Family::MacOs => &["sudo_local"],
            _ => &["sudo", "sudo-i"],
        }
    }
}

fn family(id: &str) -> Option<Family> {
    match id {
        "debian" | "ubuntu" => Some(Family::Debian),
        "fedora" | "rhel" | "centos" | "suse" | "opensuse" => Some(Family::Fedora),
        "arch" => Some(Family::Arch),
        _ => None,
    }
}

/// A variable of os-release(5): shell's quotes at most.
fn value(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let value = line.trim().strip_prefix(key)?.strip_prefix('=')?.trim();
        let quoted = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        Some(quoted.unwrap_or(value).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_what_they_say_or_what_they_are_like() {
        let os = Os::linux(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=x\nVERSION_ID=\"12\"\nID=debian\n",
        );
        assert_eq!(os.family, Family::Debian);
        assert_eq!(
            (os.id.as_str(), os.version.as_str(), os.name.as_str()),
            ("debian", "12", "Debian GNU/Linux 12 (bookworm)")
        );
        for (text, family) in [
            ("ID=ubuntu\nID_LIKE=debian\n", Family::Debian),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", Family::Debian),
            (
                "ID='rocky'\nID_LIKE=\"rhel centos fedora\"\n",
                Family::Fedora,
            ),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                Family::Fedora,
            ),
            ("ID=manjaro\nID_LIKE=arch\n", Family::Arch),
            ("ID=alpine\n", Family::Other),
            ("VERSION_ID=1\n", Family::Other),
            ("", Family::Other),
        ] {
            assert_eq!(Os::linux(text).family, family, "{text:?}");
        }
    }

    #[test]
    fn macos_is_known_by_its_own_file() {
        let root = tempfile::tempdir().unwrap();
        let file = below(root.path(), MACOS);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let plist = "<dict>\n<key>ProductVersion</key>\n\t<string>14.5</string>\n</dict>\n";
        fs::write(file, plist).unwrap();
        let os = Os::of(root.path());
        assert_eq!((os.family, os.name.as_str()), (Family::MacOs, "macOS 14.5"));
        assert_eq!(os.services(), ["sudo_local"]);
    }
}
