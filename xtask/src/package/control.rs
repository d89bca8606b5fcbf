//! `DEBIAN/`: what the package says of itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::of_last_commit;
use super::tree::Tree;
use crate::sh::{Result, checkout, output_of};

/// Called by dpkg; see `packaging/debian/`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Version, architecture, and when.
pub(super) struct About {
    /// Debian's version.
    pub(super) version: String,
    /// Debian's name of the machine.
    pub(super) architecture: String,
    /// The name of its directory below `/usr/lib`.
    pub(super) multiarch: String,
    /// Seconds since 1970: of every file in the package.
    pub(super) time: u64,
    /// Who, for Debian's fields.
    maintainer: String,
}

impl About {
    /// By Debian's tools, and git's last commit.
    pub(super) fn of_checkout(version: Option<String>) -> Result<Self> {
        let ask = |name: &str| -> Result<String> {
            let told = output_of(Command::new("dpkg-architecture").args(["-q", name]))?;
            Ok(told.trim().to_owned())
        };
        let epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
        let time = epoch.or_else(|| of_last_commit(&["--format=%ct"]));
        let time = time.and_then(|time| time.parse().ok());
        let time = time.ok_or("this is no checkout of git's: set SOURCE_DATE_EPOCH")?;
        let maintainer = of_last_commit(&["--format=%cn <%ce>"]);
        Ok(Self {
            version: version.unwrap_or_else(version_of_checkout),
            architecture: ask("DEB_HOST_ARCH")?,
            multiarch: ask("DEB_HOST_MULTIARCH")?,
            time,
            maintainer: maintainer.unwrap_or_else(|| "root <root@localhost>".to_owned()),
        })
    }

    /// As Debian calls such files.
    pub(super) fn file_name(&self) -> String {
        format!("aisudo_{}_{}.deb", self.version, self.architecture)
    }

    /// Debian's own changelog: one entry, as the project's is beside it.
    pub(super) fn changelog(&self) -> String {
        let date = output_of(
            Command::new("date")
                .args(["-u", "-R", "-d"])
                .arg(format!("@{}", self.time))
                .env("LC_ALL", "C"),
        );
        format!(
            "aisudo ({}) unstable; urgency=medium\n\n  * What is new is in changelog.gz.\n\n -- {}  {}\n",
            self.version,
            self.maintainer,
            date.unwrap_or_default().trim()
        )
    }

    fn control(&self, needs: &Needs, size: usize) -> String {
        format!(
            "\
Package: aisudo
Version: {}
Architecture: {}
Maintainer: {}
Installed-Size: {size}
Depends: {}
Recommends: sudo | sudo-rs
Suggests: systemd
Section: admin
Priority: optional
Description: asks a person before an agent's command gets root
 A PAM module stops sudo, a daemon asks the owner's phone, and sudo goes on with
 exactly the bytes that the owner has approved.
 .
 Installing this package changes nothing: \"sudo aisudo setup\" does, and takes
 it back. Removing the package takes it back, too.
",
            self.version,
            self.architecture,
            self.maintainer,
            needs.depends()
        )
    }
}

/// Cargo's version if the last commit is tagged with it. Otherwise what comes before it, a later commit
/// after an earlier one: so that apt takes a later build for an upgrade.
fn version_of_checkout() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let tags = of_last_commit(&["--format=%D"]).unwrap_or_default();
    let released = tags
        .split(", ")
        .any(|tag| tag.strip_prefix("tag: v") == Some(version));
    let commit = of_last_commit(&["--format=%cd.%h", "--date=format-local:%Y%m%d%H%M%S"]);
    match commit {
        Some(commit) if !released => format!("{version}~git{commit}-1"),
        _ => format!("{version}-1"),
    }
}

/// What the programs need of others' packages.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    glibc: (u32, u32),
    libraries: BTreeSet<String>,
}

impl Needs {
    /// By what the linker wrote into them.
    pub(super) fn of(programs: &[&Path]) -> Result<Self> {
        let mut needs = Self::default();
        for program in programs {
            let mut readelf = Command::new("readelf");
            readelf.args(["--wide", "--dynamic", "--version-info"]);
            needs.add(&output_of(readelf.arg(program).env("LC_ALL", "C"))?);
        }
        match needs.unknown() {
            Some(library) => Err(format!("which package has {library}? See Needs::PACKAGES")),
            None => Ok(needs),
        }
    }

    /// The packages of the libraries that may be linked.
    const PACKAGES: [(&str, &str); 5] = [
        ("libc.so.6", "libc6"),
        ("libm.so.6", "libc6"),
        ("ld-linux-", "libc6"),
        ("libgcc_s.so.1", "libgcc-s1"),
        ("libpam.so.0", "libpam0g"),
    ];

    fn package_of(library: &str) -> Option<&'static str> {
        let mut packages = Self::PACKAGES.iter();
        packages
            .find(|(name, _)| library.starts_with(name))
            .map(|(_, package)| *package)
    }

    fn unknown(&self) -> Option<&String> {
        self.libraries
            .iter()
            .find(|name| Self::package_of(name).is_none())
    }

    fn add(&mut self, readelf: &str) {
        for line in readelf.lines() {
            if let Some((_, rest)) = line.split_once("(NEEDED)") {
                let name = rest.split(['[', ']']).nth(1);
                self.libraries.extend(name.map(str::to_owned));
            }
            let version = line.split_once("Name: GLIBC_").map(|(_, rest)| rest);
            let version = version.and_then(|rest| rest.split_whitespace().next());
            let version = version.and_then(|version| version.split_once('.'));
            if let Some((major, minor)) = version {
                // 2.2.5 is before all that Debian has.
                let number = |text: &str| text.split('.').next()?.parse().ok();
                if let (Some(major), Some(minor)) = (number(major), number(minor)) {
                    self.glibc = self.glibc.max((major, minor));
                }
            }
        }
    }

    /// With who makes users where systemd does not.
    fn depends(&self) -> String {
        let (major, minor) = self.glibc;
        let packages: BTreeSet<&str> = self
            .libraries
            .iter()
            .filter_map(|name| Self::package_of(name))
            .collect();
        let mut depends = String::new();
        for package in packages {
            let _ = match package {
                "libc6" => write!(depends, "libc6 (>= {major}.{minor}), "),
                other => write!(depends, "{other}, "),
            };
        }
        depends + "passwd"
    }
}

/// `control`, `md5sums`, and the scripts.
pub(super) fn files(about: &About, needs: &Needs, tree: &Tree) -> Result<Tree> {
    let mut control = Tree::default();
    control.add(
        "control",
        0o644,
        about.control(needs, tree.installed_size()),
    );
    control.add("md5sums", 0o644, tree.md5sums()?);
    for name in SCRIPTS {
        let path = checkout().join("packaging/debian").join(name);
        let script = std::fs::read(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        control.add(name, 0o755, script);
    }
    Ok(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const READELF: &str = "\
 0x0000000000000001 (NEEDED)             Shared library: [libpam.so.0]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
  0x0010:   Name: GLIBC_2.4  Flags: none  Version: 5
  0x0020:   Name: GLIBC_2.34  Flags: none  Version: 4
  0x0030:   Name: GLIBC_2.2.5  Flags: none  Version: 3
  0x0040:   Name: GCC_3.0  Flags: none  Version: 2
";

    #[test]
    fn the_newest_symbol_says_how_new_the_c_library_must_be() {
        let mut needs = Needs::default();
        needs.add(READELF);
        assert_eq!(needs.depends(), "libc6 (>= 2.34), libpam0g, passwd");
        assert_eq!(needs.unknown(), None);
        needs.add("(NEEDED) Shared library: [libssl.so.3]");
        assert_eq!(needs.unknown().map(String::as_str), Some("libssl.so.3"));
    }

    #[test]
    fn fields_are_as_debian_reads_them() {
        let about = About {
            version: "1-1".into(),
            architecture: "amd64".into(),
            multiarch: "x86_64-linux-gnu".into(),
            time: 86_400,
            maintainer: "M <m@example.org>".into(),
        };
        assert_eq!(about.file_name(), "aisudo_1-1_amd64.deb");
        let control = about.control(&Needs::default(), 7);
        for line in control.lines() {
            assert!(line.starts_with(' ') || line.contains(": "), "{line}");
            assert!(line.len() <= 80, "{line}");
        }
        assert!(control.ends_with('\n') && !control.contains("\n\n"));
        assert!(
            about
                .changelog()
                .ends_with("  Fri, 02 Jan 1970 00:00:00 +0000\n")
        );
    }
}
