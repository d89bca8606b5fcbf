//! `cargo xtask`: what a stranger runs. Needs only Rust and a C compiler; it fetches the rest.

mod app;
mod bench;
mod demo;
mod docs;
mod fuzz;
mod mac;
mod package;
mod picture;
mod root;
mod roots;
mod setup;
mod sh;
mod steps;
mod test;
mod workflows;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [args…]              see aisudo at work, in a private world that leaves this machine alone
  picture                   take the README's picture of `aisudo watch` anew
  test [--all] [filter…]    every check and test; --all adds the slow ones
  fuzz [target…] [--seconds N] [--keep]
                            the fuzz targets for longer; --keep adds what is new to fuzz/corpus
  app                       build the phone app into app/dist, for the daemon to carry
  mac                       whether it compiles for macOS; downloads compilers into target/
  package [--debug | --from D] [--version V] [--directory D]
                            a Debian package in target/package
  roots                     Debian 12 and 13 below target/roots, for test --all (which makes them as well)
  docs                      write the pages that are made from the programs
  bench [--quick] [--json FILE]
                            what a gated sudo costs, against the same machine without aisudo
  setup                     install what is missing (done by the others as well)
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match command {
        "demo" => demo::prepare(rest),
        "demo-as-root" => demo::demo(rest),
        "picture" => picture::prepare(),
        "picture-as-root" => picture::alone(),
        "picture-alone" => picture::take(),
        "test" => test::test(rest),
        "package" => package::package(rest),
        "roots" => roots::make(),
        "in-root" => roots::run_inside(rest),
        "bench" => bench::bench(rest),
        "fuzz" => fuzz::fuzz(rest),
        "mac" => mac::check(),
        "docs" => docs::docs(),
        "app" => app::build().map(|_| ()),
        "setup" => setup::setup(),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no such command: {other}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
