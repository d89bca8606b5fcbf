//! `aisudo signal`: who is asked on Signal, and through which account. For root.

mod asker;
mod console;
mod edit;
mod file;
mod pair;
mod qr;
mod remove;
mod setup;
mod show;
mod signal_cli;
mod trust;

use std::time::Duration;

use aisudo_core::paths::Paths;
use rustix::process::geteuid;

use crate::{cli::Signal, failure::Failure, output::Output};

/// How long a call to signal-cli may take.
const CALL: Duration = Duration::from_secs(30);

pub(crate) fn run(paths: &Paths, command: &Signal, output: &mut Output) -> Result<(), Failure> {
    if !geteuid().is_root() {
        return Err(Failure::NotPermitted(
            "only root may say who approves; run this as root".to_owned(),
        ));
    }
    match command {
        Signal::Setup(arguments) => setup::run(paths, arguments, output),
        Signal::Trust(arguments) => trust::run(paths, arguments, output),
        Signal::Remove(arguments) => remove::run(paths, arguments, output),
    }
}
