//! `cargo xtask package`: a Debian package of what was built here.
//!
//! By `dpkg-deb`, from a tree of ours: what is in the package is then one list in one file, its
//! maintainer scripts are the files in `packaging/debian/`, and nothing has to be installed for it.

mod contents;
mod control;
mod licences;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app;
use crate::setup;
use crate::sh::{Result, cargo, checkout, output_of, run, run_quietly};
use control::{About, Needs};
use tree::Tree;

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// Debug builds: for tests, which then need no second build of everything.
    debug: bool,
    /// What is in this directory already, instead of building.
    from: Option<PathBuf>,
    /// Another version than the checkout's.
    version: Option<String>,
    /// Where the package goes.
    directory: PathBuf,
}

/// `cargo xtask package [--debug | --from D] [--version V] [--directory D]`.
pub(crate) fn package(arguments: &[String]) -> Result<()> {
    let (tree, file) = make(&Options::parse(arguments)?)?;
    print!("{}", tree.table());
    let size = std::fs::metadata(&file).map_or(0, |meta| meta.len());
    println!("{} ({size} bytes)", file.display());
    Ok(())
}

/// What is in the package, and where it is.
fn make(options: &Options) -> Result<(Tree, PathBuf)> {
    setup::setup()?;
    setup::packaging()?;
    let programs = match &options.from {
        Some(directory) => Programs::in_directory(directory),
        None => build(options.debug)?,
    };
    let about = About::of_checkout(options.version.clone())?;
    let tree = contents::tree(&programs, &about)?;
    let needs = Needs::of(&programs.all())?;
    let stage = options.directory.join("stage");
    tree.write(&stage, about.time)?;
    let control = control::files(&about, &needs, &tree)?;
    control.write(&stage.join("DEBIAN"), about.time)?;
    let file = options.directory.join(about.file_name());
    let mut pack = Command::new("dpkg-deb");
    pack.args(["--root-owner-group", "--threads-max=1"])
        .env("SOURCE_DATE_EPOCH", about.time.to_string());
    if options.debug || options.from.is_some() {
        // For tests: quick, not small.
        pack.args(["-Zgzip", "-z1"]);
    }
    run_quietly(pack.arg("--build").args([&stage, &file]))?;
    Ok((tree, file))
}

/// Two versions of what was built for the tests, for those that install and upgrade.
pub(crate) fn for_tests() -> Result<()> {
    let target = checkout().join("target");
    let directory = target.join("package/test");
    if directory.exists() {
        std::fs::remove_dir_all(&directory)
            .map_err(|error| format!("cannot remove {}: {error}", directory.display()))?;
    }
    for version in ["0.0.1-1", "0.0.2-1"] {
        make(&Options {
            debug: true,
            from: Some(target.join("debug")),
            version: Some(version.to_owned()),
            directory: directory.clone(),
        })?;
    }
    Ok(())
}

/// The files that cargo made.
struct Programs {
    module: PathBuf,
    daemon: PathBuf,
    command: PathBuf,
}

impl Programs {
    fn in_directory(directory: &Path) -> Self {
        Self {
            module: directory.join("libpam_aisudo.so"),
            daemon: directory.join("aisudo-daemon"),
            command: directory.join("aisudo"),
        }
    }

    fn all(&self) -> [&Path; 3] {
        [&self.module, &self.daemon, &self.command]
    }
}

fn build(debug: bool) -> Result<Programs> {
    if !debug {
        // The daemon carries the app's files.
        app::build()?;
    }
    // The module by itself: together, it would get the features that others need of its crates.
    for packages in [&["pam-aisudo"][..], &["aisudo-daemon", "aisudo"]] {
        let mut build = cargo();
        build.args(["build", "--quiet"]);
        if !debug {
            build.arg("--release");
        }
        for package in packages {
            build.args(["--package", package]);
        }
        run(&mut build)?;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| checkout().join("target"));
    let profile = if debug { "debug" } else { "release" };
    Ok(Programs::in_directory(&target.join(profile)))
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            debug: false,
            from: None,
            version: None,
            directory: checkout().join("target/package"),
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || {
                let value = words.next().cloned();
                value.ok_or_else(|| format!("{word} needs a value"))
            };
            match word.as_str() {
                "--debug" => options.debug = true,
                "--from" => options.from = Some(PathBuf::from(value()?)),
                "--version" => options.version = Some(value()?),
                "--directory" => options.directory = PathBuf::from(value()?),
                other => {
                    return Err(format!(
                        "no such option: {other} (package [--debug | --from D] [--version V] [--directory D])"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// One value that git tells of the last commit, if this is a checkout of git's.
fn of_last_commit(format: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["log", "-1"]).args(format);
    git.current_dir(checkout()).env("TZ", "UTC0");
    let told = output_of(git.stderr(std::process::Stdio::null())).ok()?;
    Some(told.trim().to_owned()).filter(|told| !told.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_understood_and_nothing_else() {
        let words = ["--debug", "--version", "2", "--directory", "/x"].map(str::to_owned);
        let options = Options::parse(&words).unwrap();
        assert!(options.debug);
        assert_eq!(options.version.as_deref(), Some("2"));
        assert_eq!(options.directory, Path::new("/x"));
        assert!(Options::parse(&["--version".to_owned()]).is_err());
        assert!(Options::parse(&["--rpm".to_owned()]).is_err());
    }
}
