//! What is written for others' machines and is not run here: looked at by programs that know the form.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::setup;
use crate::sh::{Result, checkout, run_quietly};

/// Knows the form of GitHub's workflows, and their usual holes.
const ZIZMOR: &str = "zizmor==1.32.0";

/// The workflows, and the script that they run on a Mac.
pub(crate) fn check() -> Result<()> {
    let root = checkout();
    let home = root.join("target/zizmor");
    install(&home)?;
    run_quietly(
        Command::new(home.join("bin/zizmor"))
            .args(["--offline", "--no-progress"])
            .args(["--config", ".github/zizmor.yml", ".github/workflows"])
            .current_dir(&root),
    )?;
    setup::shellcheck()?;
    run_quietly(
        Command::new("shellcheck")
            .arg("packaging/macos/first-try.sh")
            .current_dir(&root),
    )
}

fn install(home: &Path) -> Result<()> {
    let stamp = home.join(format!("{ZIZMOR}.installed"));
    if stamp.exists() {
        return Ok(());
    }
    setup::make_venv(home, &[ZIZMOR])?;
    fs::write(&stamp, "").map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}
