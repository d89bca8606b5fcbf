//! Says when it runs: nanoseconds of `CLOCK_MONOTONIC`, on standard output or into a file.

use std::io::Write;

fn main() {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let text = format!(
        "{}\n",
        i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
    );
    let written = match std::env::args_os().nth(1) {
        Some(file) => std::fs::write(file, text),
        None => std::io::stdout().write_all(text.as_bytes()),
    };
    written.expect("say when");
}
