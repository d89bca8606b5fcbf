//! The programs of others that are asked.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// What a program said.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Whether its exit code was 0.
    pub(super) done: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// To run programs of the host, or in tests: to know what they would say.
pub(super) trait Commands {
    /// Nothing: there is no such program, or it could not be run.
    fn run(&self, program: &str, arguments: &[&str]) -> Option<Said>;
}

/// Those of this host.
pub(super) struct Real;

/// Where root's programs are. `PATH` is not believed.
const DIRECTORIES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

impl Commands for Real {
    fn run(&self, program: &str, arguments: &[&str]) -> Option<Said> {
        let path = if program.starts_with('/') {
            Path::new(program).to_path_buf()
        } else {
            DIRECTORIES
                .iter()
                .map(|directory| Path::new(directory).join(program))
                .find(|path| path.is_file())?
        };
        let output = Command::new(path)
            .args(arguments)
            .env_clear()
            .env("PATH", DIRECTORIES.join(":"))
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        Some(Said {
            done: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
