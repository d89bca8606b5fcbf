//! `aisudo`: the command an owner and an agent use.

fn main() -> std::process::ExitCode {
    aisudo::main()
}
