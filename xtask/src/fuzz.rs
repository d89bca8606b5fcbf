//! `cargo xtask fuzz`, and the step of `cargo xtask test`: the fuzz targets of `fuzz/`, on whatever
//! toolchain builds the rest. They are instrumented for coverage as `cargo fuzz --sanitizer none`
//! does it; memory errors are not what they look for, as this is safe Rust.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};

use crate::sh::{Result, cargo, checkout, host, run, run_quietly};

/// What is fuzzed: the programs of `fuzz/Cargo.toml`.
const TARGETS: [&str; 10] = [
    "audit",
    "config",
    "display",
    "frames",
    "policy",
    "request",
    "seal",
    "signal",
    "sudo_argv",
    "words",
];

/// Seconds for each target in `cargo xtask test`.
const IN_TESTS: u32 = 9;

/// Seconds for each target in `cargo xtask fuzz`.
const ALONE: u32 = 60;

/// The longest input, in bytes: one with a few fields of each kind.
const MAX_LENGTH: u32 = 8192;

/// LLVM's coverage instrumentation, for libFuzzer to see which way an input went.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// The step of `cargo xtask test`: from the committed inputs, a few seconds each.
pub(crate) fn step() -> Result<()> {
    run(in_fuzz("fmt").arg("--check"))?;
    // No tests: the daemon's module among them brings its own, which need more than is here.
    run(in_fuzz("clippy")
        .args(BUILD_ARGUMENTS)
        .args(["--quiet", "--lib", "--bins", "--", "-D", "warnings"]))?;
    let places = build()?;
    hunt(&places, &TARGETS, IN_TESTS)
}

/// `cargo xtask fuzz [TARGET…] [--seconds N] [--keep]`: longer. What it finds stays in
/// `target/fuzz/found`, where the next run begins; with `--keep`, the few inputs that reach what the
/// committed ones do not are added to `fuzz/corpus`.
pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let places = build()?;
    let hunted = hunt(&places, &options.targets, options.seconds);
    if options.keep {
        for target in options.targets {
            keep(&places, target)?;
        }
    }
    hunted
}

#[derive(Debug, PartialEq)]
struct Options {
    targets: Vec<&'static str>,
    seconds: u32,
    keep: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let usage = || {
            format!(
                "usage: cargo xtask fuzz [{}] [--seconds N] [--keep]",
                TARGETS.join("|")
            )
        };
        let mut options = Self {
            targets: Vec::new(),
            seconds: ALONE,
            keep: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if word == "--seconds" {
                let number = words.next().and_then(|word| word.parse().ok());
                options.seconds = number.ok_or_else(usage)?;
            } else if word == "--keep" {
                options.keep = true;
            } else {
                let known = TARGETS.into_iter().find(|target| target == word);
                options.targets.push(known.ok_or_else(usage)?);
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Ok(options)
    }
}

/// Where things are.
struct Places {
    programs: PathBuf,
    corpus: PathBuf,
    /// Inputs that were found here, not all of them worth committing.
    found: PathBuf,
    crashes: PathBuf,
    logs: PathBuf,
}

/// Of `cargo build` and `cargo clippy`: one directory for both, so that what they share is built once.
const BUILD_ARGUMENTS: [&str; 4] = ["--release", "--locked", "--target-dir", "target/fuzz"];

/// Builds the targets, where they are not up to date.
fn build() -> Result<Places> {
    run(in_fuzz("build").args(BUILD_ARGUMENTS).arg("--quiet"))?;
    let target = checkout().join("target/fuzz");
    Ok(Places {
        programs: target.join(host()?).join("release"),
        corpus: checkout().join("fuzz/corpus"),
        found: made(target.join("found"))?,
        crashes: made(target.join("crashes"))?,
        logs: made(target.join("logs"))?,
    })
}

/// Cargo in the workspace of the fuzz targets.
fn in_fuzz(subcommand: &str) -> Command {
    let mut command = cargo();
    command.args([subcommand, "--manifest-path", "fuzz/Cargo.toml"]);
    if subcommand != "fmt"
        && let Ok(host) = host()
    {
        // Named, so that build scripts are not instrumented.
        command.args(["--target", &host]);
        command.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    }
    command
}

/// Lets each target run for so long, as many at once as there are processors.
fn hunt(places: &Places, targets: &[&'static str], seconds: u32) -> Result<()> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    for group in targets.chunks(at_once) {
        let mut started = Vec::new();
        for target in group {
            started.push(Hunt::start(places, target, seconds)?);
        }
        let ended: Vec<Result<()>> = started.into_iter().map(Hunt::end).collect();
        ended.into_iter().collect::<Result<()>>()?;
    }
    Ok(())
}

/// A target that runs.
struct Hunt {
    target: &'static str,
    log: PathBuf,
    child: Child,
}

impl Hunt {
    fn start(places: &Places, target: &'static str, seconds: u32) -> Result<Self> {
        let log = places.logs.join(format!("{target}.log"));
        let sink = File::create(&log).map_err(|error| cannot("write", &log, &error))?;
        let found = made(places.found.join(target))?;
        let crash = places.crashes.join(format!("{target}-"));
        let mut command = Command::new(places.programs.join(target));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={MAX_LENGTH}"))
            .arg("-timeout=10")
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}", crash.display()))
            .args([found, places.corpus.join(target)])
            .stdout(
                sink.try_clone()
                    .map_err(|error| cannot("write", &log, &error))?,
            )
            .stderr(sink);
        let child = command
            .spawn()
            .map_err(|error| format!("cannot start the fuzz target {target}: {error}"))?;
        Ok(Self { target, log, child })
    }

    fn end(mut self) -> Result<()> {
        let ended = self.child.wait();
        let status = ended.map_err(|error| format!("{}: {error}", self.target))?;
        let log = fs::read(&self.log).map_err(|error| cannot("read", &self.log, &error))?;
        self.report(status, &String::from_utf8_lossy(&log))
    }

    fn report(&self, status: ExitStatus, log: &str) -> Result<()> {
        let Self { target, .. } = self;
        if status.success() {
            let runs = after(log, "stat::number_of_executed_units:").unwrap_or("?");
            eprintln!("{target}: {runs} inputs");
            return Ok(());
        }
        let panic = log.lines().skip_while(|line| !line.contains("panicked at"));
        for line in panic.take(4) {
            eprintln!("{target}: {line}");
        }
        Err(match after(log, "Test unit written to ") {
            Some(input) => format!(
                "the fuzz target {target} fails on {input}; the whole story is in {}. Once it is mended, put that file into fuzz/corpus/{target} under a name that says what it is",
                self.log.display()
            ),
            None => format!(
                "the fuzz target {target} ended ({status}); see {}",
                self.log.display()
            ),
        })
    }
}

/// Puts what was found into the committed corpus, as few files as reach the same code. Those that
/// somebody has named stay; those under the names that libFuzzer gives compete again.
fn keep(places: &Places, target: &str) -> Result<()> {
    let corpus = made(places.corpus.join(target))?;
    let found = places.found.join(target);
    let list = fs::read_dir(&corpus).map_err(|error| cannot("read", &corpus, &error))?;
    for entry in list.flatten() {
        let name = entry.file_name();
        if is_given_by_libfuzzer(&name.to_string_lossy()) {
            let to = found.join(name);
            fs::rename(entry.path(), &to).map_err(|error| cannot("write", &to, &error))?;
        }
    }
    // Without counters: how often a loop is run is worth a mutation and not a file.
    run_quietly(
        Command::new(places.programs.join(target))
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .arg(format!("-max_len={MAX_LENGTH}"))
            .args([corpus, found]),
    )
}

/// SHA-1 in hexadecimal.
fn is_given_by_libfuzzer(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn after<'a>(log: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = log.split_once(words)?;
    rest.lines().next().map(str::trim)
}

fn made(directory: PathBuf) -> Result<PathBuf> {
    match fs::create_dir_all(&directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(cannot("make", &directory, &error))
        }
        _ => Ok(directory),
    }
}

fn cannot(verb: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {verb} {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_seconds_are_read() {
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            Options::parse(&words)
        };
        assert_eq!(parse(&[]).unwrap().targets, TARGETS);
        let options = parse(&["frames", "--seconds", "5", "--keep"]).unwrap();
        let read = (options.targets, options.seconds, options.keep);
        assert_eq!(read, (vec!["frames"], 5, true));
        for wrong in [&["--seconds"][..], &["--seconds", "x"], &["frame"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_target_is_listed_and_has_inputs() {
        let programs = fs::read_dir(checkout().join("fuzz/fuzz_targets")).unwrap();
        let mut names: Vec<String> = programs
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .display()
                    .to_string()
            })
            .collect();
        names.sort();
        assert_eq!(names, TARGETS);
        for target in TARGETS {
            let corpus = checkout().join("fuzz/corpus").join(target);
            assert!(fs::read_dir(corpus).unwrap().count() > 0, "{target}");
        }
    }

    #[test]
    fn the_failing_input_is_named() {
        let log = "INFO: …\nthread panicked at x.rs:1\nartifact_prefix='c/'; Test unit written to c/config-crash-1\nBase64: eA==\n";
        assert_eq!(
            after(log, "Test unit written to "),
            Some("c/config-crash-1")
        );
    }
}
