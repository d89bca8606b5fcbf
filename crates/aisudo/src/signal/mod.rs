//! `aisudo signal`: who is asked on Signal, and through which account. For root.

mod asker;
mod edit;
mod pair;
mod remove;
mod setup;
mod show;
mod signal_cli;
mod trust;

use std::time::Duration;

use aisudo_core::paths::Paths;

use crate::{cli::Signal, failure::Failure, output::Output, root};

/// How long a call to signal-cli may take.
const CALL: Duration = Duration::from_secs(30);

pub(crate) fn run(paths: &Paths, command: &Signal, output: &mut Output) -> Result<(), Failure> {
    root::needed(paths)?;
    match command {
        Signal::Setup(arguments) => setup::run(paths, arguments, output),
        Signal::Trust(arguments) => trust::run(paths, arguments, output),
        Signal::Remove(arguments) => remove::run(paths, arguments, output),
    }
}
