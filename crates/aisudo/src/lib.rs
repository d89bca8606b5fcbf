//! What the command `aisudo` does. [`main`] reads the command line and hands over to the module of
//! the command; each talks to the daemon by [`daemon`], and shows requests by
//! `aisudo_core::render`.
//!
//! What a command prints is its own on standard output, remarks and errors are one line each on
//! standard error, and the exit code says the kind of error ([`failure::Failure`]).

mod audit;
mod cli;
mod daemon;
mod decide;
mod devices;
mod doctor;
mod failure;
mod fetch;
mod group;
#[allow(dead_code, reason = "doctor looks at more of it than setup")]
mod host;
mod keys;
mod list;
mod manual;
mod output;
mod policy;
mod reload;
mod root;
mod run;
mod setup;
mod show;
mod signal;
mod signals;
mod simulate;
mod status;
mod times;
mod wait;
mod watch;

use std::process::ExitCode;

use aisudo_core::{evidence::Verdict, paths::Paths};
use clap::{CommandFactory as _, Parser as _};

use cli::{Cli, Command};
use failure::Failure;
use output::{Output, remark};

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output, with exit code 0.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut output = Output::default();
    let done = run(&cli, &mut output).and_then(|()| output.flush());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                remark(message);
            }
            failure.exit_code()
        }
    }
}

/// The command line, for whoever documents it.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

fn run(cli: &Cli, output: &mut Output) -> Result<(), Failure> {
    let paths = Paths::under(&cli.root);
    match &cli.command {
        Command::List(arguments) => list::run(&paths, arguments, output),
        Command::Show(arguments) => show::run(&paths, arguments, output),
        Command::Approve(arguments) => {
            decide::run(&paths, &arguments.common, Verdict::Approve, None, output)
        }
        Command::Deny(arguments) => {
            let reason = arguments.reason.as_deref();
            decide::run(&paths, &arguments.common, Verdict::Deny, reason, output)
        }
        Command::Watch(arguments) => watch::run(&paths, arguments, output),
        Command::WaitForRequests(arguments) => wait::run(&paths, arguments, output),
        Command::Status(arguments) => status::run(&paths, arguments, output),
        Command::Reload => reload::run(&paths, output),
        Command::Audit { command } => audit::run(&paths, command, output),
        Command::Setup(arguments) => setup::run(&cli.root, arguments, output),
        Command::Simulate(arguments) => simulate::run(&paths, arguments, output),
        Command::Run(arguments) => run::run(arguments).map(|never| match never {}),
        Command::Policy { command } => policy::run(&paths, command, output),
        Command::Signal { command } => signal::run(&paths, command, output),
        Command::Pair(arguments) => devices::pair(&paths, arguments, output),
        Command::Devices(arguments) => devices::list(&paths, arguments, output),
        Command::Revoke(arguments) => devices::revoke(&paths, arguments, output),
        Command::Rename(arguments) => devices::rename(&paths, arguments, output),
        Command::Test(arguments) => devices::test(&paths, arguments, output),
        Command::Doctor(arguments) => doctor::run(&paths, arguments, output),
        Command::Completions { shell } => manual::completions(*shell, output),
        Command::Man { directory } => manual::pages(directory),
    }
}
