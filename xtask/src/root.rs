//! Being root, or becoming it.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use crate::sh::{Result, run, which};

/// Whether we are root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Starts this program again as root, with these arguments, through the `sudo` of this machine. `why` ends
/// the sentence "needs root …".
pub(crate) fn again_as_root(arguments: &[String], why: &str) -> Result<()> {
    let this =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    run(as_root(this, why)?.args(arguments))
}

/// A command that runs as root: itself if we are root, otherwise through `sudo`, saying why.
pub(crate) fn as_root(program: impl AsRef<OsStr>, why: &str) -> Result<Command> {
    if is_root() {
        return Ok(Command::new(program));
    }
    let Some(sudo) = which("sudo") else {
        return Err(format!(
            "this needs root {why}, and there is no sudo: run it as root"
        ));
    };
    eprintln!("xtask: this needs root {why}; sudo may ask for your password");
    let mut command = Command::new(sudo);
    command.arg(program);
    Ok(command)
}
