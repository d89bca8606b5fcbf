//! The command line itself, and what needs no daemon.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use aisudo_core::digest::request_digest;
use fake::Fake;
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

#[test]
fn help_is_as_it_was() {
    let fake = Fake::stopped();
    let commands: &[&[&str]] = &[
        &[],
        &["list"],
        &["show"],
        &["approve"],
        &["deny"],
        &["wait-for-requests"],
        &["status"],
        &["reload"],
        &["audit"],
        &["audit", "tail"],
        &["audit", "show"],
        &["audit", "verify"],
        &["audit", "export"],
        &["simulate"],
        &["policy"],
        &["policy", "check"],
        &["policy", "explain"],
        &["policy", "test"],
    ];
    let mut all = String::new();
    for command in commands {
        let ran = fake.run(&[command, &["--help"][..]].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        all.push_str(&format!(
            "$ aisudo {}--help\n{}\n",
            command
                .iter()
                .map(|word| format!("{word} "))
                .collect::<String>(),
            ran.stdout
        ));
    }
    insta::assert_snapshot!("help", all);
    assert_eq!(fake.run(&["approve"]).code, Some(2));
}
