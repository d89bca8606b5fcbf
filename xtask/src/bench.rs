//! `cargo xtask bench`: builds what is measured, as it is shipped, and measures it as root.

use crate::app;
use crate::root::as_root;
use crate::setup;
use crate::sh::{Result, cargo, checkout, run};

/// `cargo xtask bench [--quick] [--json FILE]`. What is measured and how: `tests/bench`.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    setup::setup()?;
    setup::sodium()?;
    app::build()?;
    // The module by itself, as it is shipped: together, it would get the features that others need of its crates.
    for packages in [
        &["pam-aisudo"][..],
        &["aisudo-daemon", "aisudo", "aisudo-bench"],
    ] {
        let mut build = cargo();
        build.args(["build", "--quiet", "--release"]);
        for package in packages {
            build.args(["--package", package]);
        }
        run(&mut build)?;
    }
    // The world takes what it runs from beside the program.
    let program = checkout().join("target/release/aisudo-bench");
    run(as_root(program, "to mount a private world with a real sudo")?.args(arguments))
}
