//! Debian's releases under `target/roots/`, to run the same stories with other sudos and to install in.
//!
//! A root is made once by debootstrap and never changed: what runs in it sees an overlay of it.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use aisudo_testbed::enter_release;

use crate::root::{as_root, is_root};
use crate::setup::{self, Need};
use crate::sh::{Result, checkout, run_quietly, which};

/// A release, and what is in its root beside the smallest set: the sudos, and what stories run.
pub(crate) struct Release {
    /// Debian's name of it.
    pub(crate) name: &'static str,
    packages: &'static [&'static str],
}

/// What every root has. The packages that ours depends on are among these: to install it needs no network.
const PACKAGES: &[&str] = &[
    "acl",
    "ca-certificates",
    "libcap2-bin",
    "libpam-modules",
    "libpam0g",
    "opendoas",
    "procps",
    "python3",
    "sudo",
    "systemd",
    "util-linux",
];

/// Debian 12: sudo 1.9.13.
pub(crate) const BOOKWORM: Release = Release {
    name: "bookworm",
    packages: &[],
};

/// Debian 13: sudo 1.9.16, and sudo-rs 0.2.5 beside it.
pub(crate) const TRIXIE: Release = Release {
    name: "trixie",
    packages: &["sudo-rs"],
};

/// Where Debian is; `AISUDO_DEBIAN_MIRROR` names another one.
const MIRROR: &str = "http://deb.debian.org/debian";

impl Release {
    fn root(&self) -> PathBuf {
        checkout().join("target/roots").join(self.name)
    }

    /// Makes the root, or leaves it as it is if it was made with the same packages.
    pub(crate) fn make(&self) -> Result<()> {
        let root = self.root();
        let stamp = root.with_extension("made");
        let include = [PACKAGES, self.packages].concat().join(",");
        if fs::read_to_string(&stamp).is_ok_and(|made| made == include) {
            return Ok(());
        }
        setup::install(&[Need {
            package: "debootstrap",
            is_there: || which("debootstrap").is_some(),
        }])?;
        eprintln!("xtask: making a root of {} (some minutes, once)", self.name);
        let why = "to make a root of Debian under target/roots";
        // Ours and not root's: the stamp is written by who runs this.
        let roots = checkout().join("target/roots");
        fs::create_dir_all(&roots)
            .map_err(|error| format!("cannot make {}: {error}", roots.display()))?;
        run_quietly(as_root("rm", why)?.arg("-rf").arg(&root))?;
        let mirror = std::env::var("AISUDO_DEBIAN_MIRROR").unwrap_or_else(|_| MIRROR.to_owned());
        run_quietly(
            as_root("debootstrap", why)?
                .args(["--variant=minbase", &format!("--include={include}")])
                .arg(self.name)
                .arg(&root)
                .arg(mirror),
        )?;
        fs::write(&stamp, include)
            .map_err(|error| format!("cannot write {}: {error}", stamp.display()))
    }
}

/// Makes those that are not there.
pub(crate) fn make() -> Result<()> {
    BOOKWORM.make()?;
    TRIXIE.make()
}

/// `xtask in-root RELEASE PROGRAM ARGUMENTS…`: how cargo starts test programs there. As root.
pub(crate) fn run_inside(arguments: &[String]) -> Result<()> {
    let [release, program @ ..] = arguments else {
        return Err("in-root needs the name of a release and a program".to_owned());
    };
    let release = [BOOKWORM, TRIXIE]
        .into_iter()
        .find(|one| one.name == release)
        .ok_or_else(|| format!("no such release: {release}"))?;
    let here = std::env::current_dir()
        .map_err(|error| format!("the working directory cannot be told: {error}"))?;
    let mut command = enter_release(&release.root(), &checkout(), &here, program);
    Err(format!("cannot start unshare(1): {}", command.exec()))
}

/// Cargo's runner for test programs that run in this release.
pub(crate) fn runner(release: &Release) -> Result<String> {
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let this = this.display().to_string();
    if this.contains(' ') {
        return Err(format!("cargo cannot run {this}: it has a blank in it"));
    }
    let sudo = if is_root() { "" } else { "sudo -E " };
    Ok(format!("{sudo}{this} in-root {}", release.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_releases_that_are_made_here_are_entered() {
        assert!(run_inside(&[]).is_err());
        assert!(run_inside(&["../etc".to_owned()]).is_err());
    }
}
