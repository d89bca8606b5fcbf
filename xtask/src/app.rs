//! The phone app: built before the daemon, which carries its files, and tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::setup;
use crate::sh::{Result, checkout, output_of, run_quietly};
use crate::steps::Done;

/// The oldest Node that the app's tools run on: major and minor version.
const NODE: (u32, u32) = (20, 19);

/// What the built files are made from, in `app/`.
const SOURCES: [&str; 7] = [
    "index.html",
    "package-lock.json",
    "public",
    "src",
    "svelte.config.js",
    "vite",
    "vite.config.ts",
];

/// `cargo xtask app`: the app's files, in `app/dist`, for the daemon or for any place that serves files.
pub(crate) fn build() -> Result<Done> {
    setup::npm()?;
    let version = output_of(Command::new("node").arg("--version"))?;
    if !is_new_enough(&version) {
        let (major, minor) = NODE;
        return Ok(Done::Skipped(format!(
            "the app's tools need Node {major}.{minor}, here is {}; the daemon is built without the app",
            version.trim()
        )));
    }
    install()?;
    let app = checkout().join("app");
    let built = app.join("dist/index.html").metadata();
    let built = built.and_then(|meta| meta.modified()).ok();
    let newest = SOURCES.iter().filter_map(|name| newest(&app.join(name)));
    // A daemon is built anew for files that are new, even if they say the same.
    if built.is_none() || built < newest.max() {
        run_quietly(npm().args(["run", "build", "--silent"]))?;
    }
    Ok(Done::Yes)
}

/// Its types, its tests, and its screens in a real browser.
pub(crate) fn test() -> Result<Done> {
    if let Done::Skipped(why) = build()? {
        return Ok(Done::Skipped(why));
    }
    setup::chromium()?;
    for script in ["test", "test:ui", "size"] {
        run_quietly(npm().args(["run", script, "--silent"]))?;
    }
    Ok(Done::Yes)
}

/// When something in it was changed last.
fn newest(path: &Path) -> Option<SystemTime> {
    let meta = path.metadata().ok()?;
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>();
    paths
        .iter()
        .filter_map(|path| newest(path))
        .chain(meta.modified().ok())
        .max()
}

/// `npm ci`, unless it was done for this very lockfile. Needs the network then.
fn install() -> Result<()> {
    let read = |name: &str| {
        let path = checkout().join("app").join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let lockfile = read("package-lock.json")?;
    let stamp = "node_modules/.installed";
    if read(stamp).is_ok_and(|installed| installed == lockfile) {
        return Ok(());
    }
    // No package of it needs a script of its own to be installed.
    run_quietly(npm().args(["ci", "--ignore-scripts"]))?;
    let path = checkout().join("app").join(stamp);
    fs::write(&path, lockfile).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn npm() -> Command {
    let mut command = Command::new("npm");
    command.current_dir(checkout().join("app"));
    command
}

/// Of what `node --version` says, such as `v20.19.1`.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= NODE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_known() {
        for (version, expected) in [
            ("v20.19.0\n", true),
            ("v20.18.9", false),
            ("v18.19.0", false),
            ("v22.0.0", true),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

    /// Where somebody installs from is theirs to say.
    #[test]
    fn the_lockfile_names_no_registry() {
        let lockfile = fs::read_to_string(checkout().join("app/package-lock.json")).unwrap();
        assert!(!lockfile.contains("\"resolved\""));
    }
}
