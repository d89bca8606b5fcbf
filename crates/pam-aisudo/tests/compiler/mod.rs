//! The C compiler as a judge.

use std::{
    io::Write,
    process::{Command, Stdio},
};

/// Fails unless the compiler takes this without a warning; `else_ask` is what may be missing.
#[track_caller]
pub(crate) fn accepts(source: &str, else_ask: &str) {
    let mut compiler = Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Werror",
            "-fsyntax-only",
            "-x",
            "c",
            "-",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    compiler
        .stdin
        .take()
        .unwrap()
        .write_all(source.as_bytes())
        .unwrap();
    assert!(
        compiler.wait().unwrap().success(),
        "see above; {else_ask} (cargo xtask setup)"
    );
}
