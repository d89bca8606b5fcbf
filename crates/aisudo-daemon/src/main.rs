//! `aisudo-daemon`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    aisudo_daemon::main(std::env::args_os().skip(1))
}
