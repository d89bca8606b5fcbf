//! The command line itself, and what needs no daemon.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::fs;

use aisudo_core::{config::Config, digest::request_digest};
use clap::Command;
use fake::{
    Fake,
    data::{events, log},
};
use serde_json::Value;

#[test]
fn a_simulation_shows_and_asks_nothing() {
    let fake = Fake::stopped();
    let ran = fake.run(&[
        "simulate",
        "--",
        "-u",
        "nobody",
        "LD_PRELOAD=x",
        "env",
        "a b",
    ]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(
        ran.stdout
            .starts_with("SIMULATED: nothing is asked and nothing is run.")
    );
    for part in [
        "asks to run a command as nobody\n",
        "\n      env \"a b\"\n",
        "  ! The variable LD_PRELOAD can make programs run other code.\n",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    let ran = fake.run(&["simulate", "--json", "--", "id"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    let frozen = json["frozen"].as_str().unwrap();
    assert_eq!(
        json["digest"],
        request_digest(frozen.as_bytes()).to_string()
    );
    assert_eq!(json["request"]["call"]["argv"][0], "id");
}

/// `cargo xtask docs` writes it anew.
#[test]
fn the_reference_says_what_the_commands_say() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let reference = reference();
    if std::env::var_os("AISUDO_WRITE_DOCS").is_some() {
        fs::write(file, &reference).unwrap();
    }
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        reference,
        "the command line has changed; run: cargo xtask docs"
    );
}

#[cfg(test)]
fn reference() -> String {
    let mut text = String::from(
        "# The command line\n\nWhat each command says of itself with `--help`; `cargo xtask docs` writes this page.\n",
    );
    let mut command = aisudo::command().bin_name("aisudo");
    command.build();
    chapter(&mut command, &mut text);
    text
}

#[cfg(test)]
fn chapter(command: &mut Command, text: &mut String) {
    let name = command.get_bin_name().unwrap().to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    text.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    ));
    command
        .get_subcommands_mut()
        .for_each(|inner| chapter(inner, text));
}

/// What the pages tell root to write is what is read.
#[test]
fn the_samples_in_the_documentation_are_read() {
    for (page, least) in [("app.md", 8), ("configuration.md", 3)] {
        let file = format!("{}/../../docs/{page}", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(file).unwrap();
        let samples = text.split("```toml\n").skip(1);
        let samples = samples.map(|rest| rest.split("```").next().unwrap());
        let mut read = 0;
        for sample in samples.filter(|sample| !sample.contains("[[approver]]")) {
            let whole = match sample.starts_with("version") {
                true => sample.to_owned(),
                // Some show a table within another.
                false
                    if sample.contains("[channels.app]") || !sample.contains("[channels.app.") =>
                {
                    format!("version = 1\n{sample}")
                }
                false => format!("version = 1\n[channels.app]\nurl = \"https://x\"\n{sample}"),
            };
            Config::parse(&whole).unwrap_or_else(|error| panic!("{page}: {error}:\n{sample}"));
            read += 1;
        }
        assert!(read >= least, "{page}: {read}");
    }
}

#[test]
fn help_has_no_colours_where_nobody_sees_them_and_wrong_usage_its_own_exit_code() {
    let fake = Fake::stopped();
    for arguments in [
        &["--help"][..],
        &["audit", "tail", "--help"],
        &["approve"],
        &["audit", "tail", "-n", "x"],
    ] {
        let ran = fake.run(arguments);
        assert!(
            !ran.stdout.contains('\x1b') && !ran.stderr.contains('\x1b'),
            "{arguments:?}"
        );
        let expected = if arguments.contains(&"--help") { 0 } else { 2 };
        assert_eq!(ran.code, Some(expected), "{arguments:?}");
    }
}

#[test]
fn there_are_completions_and_a_page_for_each_command() {
    let fake = Fake::stopped();
    for shell in ["bash", "zsh", "fish"] {
        let ran = fake.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.contains("wait-for-requests"), "{shell}");
    }
    assert_eq!(fake.run(&["completions", "cmd"]).code, Some(2));
    let directory = fake.directory.path().join("man");
    let ran = fake.run(&["man", directory.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for (page, says) in [
        ("aisudo.1", "Exit codes"),
        ("aisudo-audit-verify.1", "checkpoint"),
        ("aisudo-daemon.8", "state.db"),
        ("aisudo.toml.5", "keep_days"),
    ] {
        let text = fs::read_to_string(directory.join(page)).unwrap();
        assert!(
            text.starts_with(".") && text.contains(says),
            "{page}: {text}"
        );
    }
    let ran = fake.run(&["man", "/dev/null/x"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.ends_with("; give another directory\n"),
        "{ran:?}"
    );
}

/// The reader has gone before anything is shown.
#[test]
fn commands_end_quietly_when_nobody_reads() {
    let fake = Fake::start();
    let row = fake.ask(&["echo", &"x".repeat(40_000)]);
    fake.state().audit = log(&events());
    for arguments in [
        &["list"][..],
        &["show", &row.code],
        &["status"],
        &["audit", "tail"],
        &["audit", "export"],
        &["audit", "stats"],
        &["audit", "verify"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = fake.command(arguments).stdout(writer).spawn().unwrap();
        let ran = fake.ran(child);
        assert_eq!(
            (ran.code, ran.stderr.as_str()),
            (Some(0), ""),
            "{arguments:?}"
        );
    }
}
