//! `cargo xtask docs`: pages that are made from the programs. The tests that write them here are
//! those that compare them elsewhere.

use crate::sh::{Result, cargo, run};

/// Writes docs/cli.md.
pub(crate) fn docs() -> Result<()> {
    let mut command = cargo();
    command
        .args(["test", "--quiet", "--package", "aisudo", "--test", "help"])
        .arg("the_reference")
        .env("AISUDO_WRITE_DOCS", "1");
    run(&mut command)
}
