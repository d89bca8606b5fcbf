//! `cargo xtask test`: everything that can go wrong, in the order in which it is quickest to see.

use std::process::Command;

use crate::app;
use crate::fuzz;
use crate::mac;
use crate::package;
use crate::root::is_root;
use crate::roots::{self, BOOKWORM, Release, TRIXIE};
use crate::setup;
use crate::sh::{Result, cargo, checkout, host, run, run_quietly, which};
use crate::steps::{Done, Steps};
use crate::workflows;

/// These start real setuid programs in a private world, so they run as root and apart from the others.
const AS_ROOT: [&str; 2] = ["aisudo-testbed", "aisudo-e2e"];

/// What sudo loads or starts, and what people and agents call.
const ARTEFACTS: [&str; 3] = ["pam-aisudo", "aisudo-daemon", "aisudo"];

/// The stories that are about sudo, whichever it is.
const STORIES: [&str; 6] = [
    "forms",
    "attacks",
    "gates",
    "invariants",
    "policy",
    "sealed",
];

/// What a release brings beside its sudo counts in these; they choose their sudo themselves.
const STORIES_OF_A_RELEASE: [&str; 3] = ["setup", "doctor", "su_doas"];

/// One more run of [`STORIES`].
struct InRoot {
    step: &'static str,
    release: Release,
    /// As the test bed reads `AISUDO_TEST_SUDO`.
    sudo: &'static str,
}

const ROOTS: [InRoot; 4] = [
    InRoot {
        step: "Debian 12",
        release: BOOKWORM,
        sudo: "c",
    },
    InRoot {
        step: "Debian 13",
        release: TRIXIE,
        sudo: "c",
    },
    InRoot {
        step: "Debian 13 with the plugin",
        release: TRIXIE,
        sudo: "plugin",
    },
    InRoot {
        step: "Debian 13 with sudo-rs",
        release: TRIXIE,
        sudo: "rs",
    },
];

/// What was asked for on the command line.
struct Options {
    all: bool,
    filters: Vec<String>,
}

/// Checks and tests everything, or the tests that a filter names.
pub(crate) fn test(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let mut steps = Steps::default();
    steps.step("setup", || {
        setup::setup()?;
        setup::verifier()?;
        setup::signal_cli()?;
        setup::chromium()?;
        setup::http_ece()?;
        setup::packaging()?;
        Ok(Done::Yes)
    })?;
    // Before anything is compiled: the daemon carries its files.
    steps.step("app, built", app::build)?;
    steps.step("format", || {
        done(run(cargo().args(["fmt", "--all", "--check"])))
    })?;
    steps.step("clippy", || {
        let mut command = cargo();
        command.args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]);
        done(run(&mut command))
    })?;
    steps.step("licences", licences)?;
    steps.step("unit tests", || done(run(&mut unit_tests(&options))))?;
    steps.step("app", || {
        if options.filters.is_empty() {
            return app::test();
        }
        Ok(Done::Skipped("a filter names tests".to_owned()))
    })?;
    steps.step("fuzz", || {
        if options.filters.is_empty() {
            return done(fuzz::step());
        }
        Ok(Done::Skipped("a filter names tests".to_owned()))
    })?;
    steps.step("macOS, compiled", || {
        if options.all && options.filters.is_empty() {
            return done(mac::check());
        }
        Ok(Done::Skipped("only with --all, and all tests".to_owned()))
    })?;
    steps.step("workflows", || {
        if options.all && options.filters.is_empty() {
            return done(workflows::check());
        }
        Ok(Done::Skipped("only with --all, and all tests".to_owned()))
    })?;
    steps.step("build", || done(build_artefacts()))?;
    if options.all {
        steps.step("releases and packages", || {
            roots::make()?;
            done(package::for_tests())
        })?;
    }
    steps.step("end to end", || done(run(&mut root_tests(&options)?)))?;
    steps.step("with the plugin", || {
        done(run(&mut plugin_tests(&options)?))
    })?;
    if options.all {
        for root in &ROOTS {
            steps.step(root.step, || done(run(&mut stories_in(&options, root)?)))?;
        }
    }
    eprint!("{}", steps.table());
    Ok(())
}

/// The stories about sudo in a root of another release, with one of its sudos.
fn stories_in(options: &Options, root: &InRoot) -> Result<Command> {
    let others: &[&str] = match root.sudo {
        "c" => &STORIES_OF_A_RELEASE,
        "plugin" => &["plugin"],
        _ => &[],
    };
    let mut command = stories(options, root.sudo, others);
    // About the log alone, by a program that was installed for this machine's Python.
    command.args(["--skip", "a39_an_independent_verifier"]);
    command.env(runner_variable()?, roots::runner(&root.release)?);
    Ok(command)
}

/// Builds what runs in a world.
pub(crate) fn build_artefacts() -> Result<()> {
    let mut command = cargo();
    command.args(["build", "--quiet"]);
    for package in ARTEFACTS {
        command.args(["--package", package]);
    }
    run(&mut command)
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            all: false,
            filters: Vec::new(),
        };
        for argument in arguments {
            match argument.as_str() {
                "--all" => options.all = true,
                flag if flag.starts_with('-') => {
                    return Err(format!("no such option: {flag} (test [--all] [filter…])"));
                }
                filter => options.filters.push(filter.to_owned()),
            }
        }
        Ok(options)
    }

    fn pass_to(&self, command: &mut Command) {
        command.arg("--").args(&self.filters);
        if self.all {
            command.arg("--include-ignored");
        }
    }
}

fn licences() -> Result<Done> {
    let skipped = |why: &str| Ok(Done::Skipped(why.to_owned()));
    if !checkout().join("deny.toml").exists() {
        return skipped("there is no deny.toml");
    }
    if which("cargo-deny").is_none() {
        return skipped("cargo-deny is not installed");
    }
    done(run_quietly(
        cargo().args(["deny", "check", "bans", "licenses", "sources"]),
    ))
}

fn unit_tests(options: &Options) -> Command {
    let mut command = cargo();
    command.args(["test", "--quiet", "--workspace"]);
    for package in AS_ROOT {
        command.args(["--exclude", package]);
    }
    options.pass_to(&mut command);
    command
}

fn root_tests(options: &Options) -> Result<Command> {
    let mut command = cargo();
    command.arg("test");
    for package in AS_ROOT {
        command.args(["--package", package]);
    }
    options.pass_to(&mut command);
    as_root(command)
}

/// The stories that are about sudo, once more with the approval plugin in each world.
fn plugin_tests(options: &Options) -> Result<Command> {
    as_root(stories(options, "plugin", &[]))
}

fn stories(options: &Options, sudo: &str, others: &[&str]) -> Command {
    let mut command = cargo();
    command.args(["test", "--package", "aisudo-e2e"]);
    for story in STORIES.iter().chain(others) {
        command.args(["--test", story]);
    }
    command.env("AISUDO_TEST_SUDO", sudo);
    options.pass_to(&mut command);
    command
}

fn as_root(mut command: Command) -> Result<Command> {
    if !is_root() {
        eprintln!(
            "xtask: these run as root, to mount a private world for each test; sudo may ask for your password"
        );
        // Cargo builds as you; only the test programs themselves are started through sudo.
        command.env(runner_variable()?, "sudo -E");
    }
    Ok(command)
}

/// The variable that names the program by which cargo starts others.
fn runner_variable() -> Result<String> {
    let name = host()?.replace('-', "_").to_uppercase();
    Ok(format!("CARGO_TARGET_{name}_RUNNER"))
}

fn done(result: Result<()>) -> Result<Done> {
    result.map(|()| Done::Yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_in_a_root_choose_their_sudo_and_leave_out_what_is_not_about_it() {
        let options = Options::parse(&["--all".into(), "a01".into()]).unwrap();
        let command = stories_in(&options, &ROOTS[2]).unwrap();
        let arguments: Vec<_> = command.get_args().map(|a| a.to_str().unwrap()).collect();
        let end = ["--test", "plugin", "--", "a01", "--include-ignored"];
        let after = ["--skip", "a39_an_independent_verifier"];
        assert!(
            arguments.ends_with(&[&end[..], &after[..]].concat()),
            "{arguments:?}"
        );
        let mut variables = command.get_envs();
        assert!(variables.any(|(name, value)| name == "AISUDO_TEST_SUDO"
            && value.is_some_and(|value| value == "plugin")));
    }

    #[test]
    fn filters_and_all_reach_the_test_programs() {
        let options = Options::parse(&["--all".into(), "deadline".into()]).unwrap();
        let command = unit_tests(&options);
        let arguments: Vec<_> = command.get_args().map(|a| a.to_str().unwrap()).collect();
        assert!(
            arguments.ends_with(&["--", "deadline", "--include-ignored"]),
            "{arguments:?}"
        );
        assert!(Options::parse(&["--al".into()]).is_err());
    }
}
