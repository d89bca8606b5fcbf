//! Debian's releases under `target/roots/`, to run the same stories with other sudos and to install in.
//!
//! A root is made once by debootstrap and never changed: what runs in it sees an overlay that is in
//! memory, in namespaces of its own, and nothing of it remains.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    "libpam-modules",
    "libpam0g",
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

/// The path inside, where it is not the machine's.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs `"$@"` in the root `$1`, in the directory `$3`; the checkout `$2` is there, too, read-only.
///
/// The script is process 1 of what it starts: when it ends, so does all that is in there, and its mounts go.
const ENTER: &str = r#"
root=$1 checkout=$2 directory=$3
shift 3
# A directory that is always there; nobody else sees what is mounted on it.
base=/mnt
mount -t tmpfs -o mode=0755 tmpfs $base
mkdir $base/upper $base/work $base/root
mount -t overlay -o "lowerdir=$root,upperdir=$base/upper,workdir=$base/work" overlay $base/root
cd $base/root
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
# A name that its own files know: sudo looks for it.
echo debian >/proc/sys/kernel/hostname
echo debian >etc/hostname
echo 127.0.0.1 localhost debian >etc/hosts
mkdir -p "./$checkout"
mount --bind "$checkout" "./$checkout"
mount -o remount,bind,ro "./$checkout"
pivot_root . .
umount -l .
cd "$directory"
"$@" && code=0 || code=$?
exit $code
"#;

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
    let mut command = enter(&release.root(), &checkout(), &here, program);
    Err(format!("cannot start unshare(1): {}", command.exec()))
}

fn enter(root: &Path, checkout: &Path, directory: &Path, program: &[String]) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "--uts"])
        .args(["--pid", "--fork", "--kill-child"])
        .args(["sh", "-euc", ENTER, "in-root"])
        .args([root, checkout, directory])
        .args(program)
        .env("PATH", PATH);
    command
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
    fn what_is_run_inside_keeps_its_words_and_its_directory() {
        let [root, checkout, here] = ["/r", "/c", "/c/x"].map(Path::new);
        let program = ["t", "a b", "--ignored"].map(str::to_owned);
        let command = enter(root, checkout, here, &program);
        let words: Vec<_> = command.get_args().map(|w| w.to_str().unwrap()).collect();
        let after = words.iter().position(|word| *word == "in-root").unwrap() + 1;
        assert_eq!(
            words[after..],
            ["/r", "/c", "/c/x", "t", "a b", "--ignored"]
        );
    }

    #[test]
    fn only_releases_that_are_made_here_are_entered() {
        assert!(run_inside(&[]).is_err());
        assert!(run_inside(&["../etc".to_owned()]).is_err());
    }
}
