//! `aisudo audit tail`: followed, and narrowed down.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    process::Child,
};

use fake::{
    Fake,
    data::{events, log, request},
    until,
};
use serde_json::{Value, json};

#[cfg(test)]
fn with_log() -> Fake {
    let fake = Fake::start();
    fake.state().audit = log(&events());
    fake
}

#[cfg(test)]
fn add(fake: &Fake, more: &[Value]) {
    let mut all: Vec<Value> = fake
        .state()
        .audit
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    all.extend_from_slice(more);
    fake.state().audit = log(&all);
}

/// The command with what it says in files, so that all of it can be looked at while it runs.
struct Following {
    child: Child,
    fake: Fake,
}

#[cfg(test)]
impl Following {
    fn start(fake: Fake, arguments: &[&str]) -> Self {
        let file = |name: &str| File::create(fake.directory.path().join(name)).unwrap();
        let child = fake
            .command(&[&["audit", "tail"], arguments].concat())
            .stdout(file("out"))
            .stderr(file("err"))
            .spawn()
            .unwrap();
        Self { child, fake }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.fake.directory.path().join(name)).unwrap()
    }

    fn wait_for(&self, lines: usize) {
        until(|| self.file("out").lines().count() >= lines);
    }

    fn stop(mut self) -> (String, String) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        (self.file("out"), self.file("err"))
    }
}

#[test]
fn following_goes_on_after_a_restart_without_a_gap_or_a_double() {
    let following = Following::start(with_log(), &["--follow", "-n", "2", "--json"]);
    let fake = &following.fake;
    following.wait_for(2);
    add(fake, &[json!({"event": "one"})]);
    following.wait_for(3);

    fake.stop();
    until(|| {
        following
            .file("err")
            .contains("waiting for it to come back")
    });
    let five = ["stopped", "started", "a", "b", "c"].map(|event| json!({"event": event}));
    add(fake, &five);
    fake.listen();
    following.wait_for(8);
    add(fake, &[json!({"event": "last"})]);
    following.wait_for(9);

    let expected = fake.state().audit[3..].join("\n") + "\n";
    let (out, err) = following.stop();
    assert_eq!(out, expected);
    assert_eq!(
        err,
        "aisudo: aisudo-daemon closed the connection; waiting for it to come back\naisudo: aisudo-daemon is back\n"
    );
}

#[test]
fn a39_a_log_that_was_rolled_back_meanwhile_is_not_followed() {
    let mut following = Following::start(with_log(), &["-f", "-n", "1"]);
    following.wait_for(1);
    add(&following.fake, &[json!({"event": "one"})]);
    following.wait_for(2);
    following.fake.stop();
    following.fake.state().audit.truncate(4);
    following.fake.listen();
    assert_eq!(following.child.wait().unwrap().code(), Some(1));
    assert!(
        following.file("err").ends_with(
            "aisudo: the log was rolled back: entry 6 was shown, and it ends at entry 4 now; run: aisudo audit verify\n"
        ),
        "{}",
        following.file("err")
    );
}

#[test]
fn following_ends_quietly_when_nobody_reads() {
    let fake = with_log();
    let mut child = fake.command(&["audit", "tail", "-f"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("started"));
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    child.stderr.unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn followed_entries_pass_the_filters_too() {
    let following = Following::start(
        with_log(),
        &["-f", "--json", "--event", "denied", "--user", "agent"],
    );
    following.wait_for(1);
    let frozen: Value = serde_json::from_str(&request(0, &["id"])).unwrap();
    let again = json!({"event": "denied", "id": frozen["id"]});
    add(
        &following.fake,
        &[json!({"event": "denied", "id": "another"}), again],
    );
    following.wait_for(2);
    let audit = following.fake.state().audit.clone();
    let (out, _) = following.stop();
    assert_eq!(out, format!("{}\n{}\n", audit[2], audit[6]));
}

#[cfg(test)]
/// Requests a minute apart, each with its end; the program of every tenth is another.
fn long_log() -> Vec<Value> {
    (0..400_usize)
        .flat_map(|number| {
            let program = if number % 10 == 0 { "apt" } else { "ls" };
            let frozen: Value = serde_json::from_str(&request(number, &[program])).unwrap();
            let at = |second: usize| {
                format!(
                    "2024-05-01T{:02}:{:02}:{second:02}.000Z",
                    number / 60,
                    number % 60
                )
            };
            [
                json!({"event": "requested", "at": at(0), "id": frozen["id"], "user": "agent", "uid": 1001, "request": frozen}),
                json!({"event": "expired", "at": at(30), "id": frozen["id"], "uid": 1001}),
            ]
        })
        .collect()
}

#[cfg(test)]
fn sequences(text: &str) -> Vec<u64> {
    text.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|entry| entry["sequence"].as_u64().unwrap())
        .collect()
}

#[test]
fn the_newest_that_were_asked_for_are_shown() {
    let fake = Fake::start();
    fake.state().audit = log(&long_log());
    let tail = |arguments: &[&str]| {
        let ran = fake.run(&[&["audit", "tail", "--json"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        sequences(&ran.stdout)
    };
    // Request 390 has the entries 781 and 782, request 380 has 761 and 762.
    assert_eq!(
        tail(&["-n", "3", "--program", "apt", "--event", "expired"]),
        [742, 762, 782]
    );
    assert_eq!(tail(&["-n", "2", "--contains", "apt"]), [781, 782]);
    assert_eq!(
        tail(&["-n", "900", "--program", "/usr/bin/apt"]).len(),
        80,
        "all there are"
    );
    assert_eq!(
        tail(&["-n", "9", "--since", "2024-05-01T06:39:00Z"]),
        [799, 800]
    );
    assert_eq!(
        tail(&["-n", "2", "--until", "2024-05-01T00:01:00Z"]),
        [1, 2]
    );
}

#[test]
fn a_long_log_is_not_read_whole_for_its_end() {
    let fake = Fake::start();
    fake.state().audit = log(&long_log());
    let ran = fake.run(&["audit", "export", "--since", "2024-05-01T06:38:30Z"]);
    assert_eq!(sequences(&ran.stdout), [798, 799, 800]);
    assert_eq!(
        ran.stderr,
        "aisudo: this is a selection, 3 of the 3 entries that were read; it is no chain, and cannot be verified\n"
    );
    // Halving 800 takes ten looks at most.
    assert!(fake.state().given <= 13, "{}", fake.state().given);
}

#[test]
fn a_filtered_export_says_that_it_is_no_chain() {
    let fake = with_log();
    let file = fake.directory.path().join("some.jsonl");
    let name = file.to_str().unwrap();
    let ran = fake.run(&["audit", "export", name, "--event", "denied"]);
    assert_eq!(ran.code, Some(0));
    assert_eq!(
        ran.stderr,
        "aisudo: 1 entries written to /ROOT/some.jsonl\n\
         aisudo: this is a selection, 1 of the 5 entries that were read; it is no chain, and cannot be verified\n"
    );
    assert_eq!(fake.run(&["audit", "verify", name]).code, Some(1));
    let wrong = fake.run(&["audit", "tail", "--since", "soon"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.contains("a span such as 2h or 7d"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn the_log_is_counted_from_a_moment_on() {
    let fake = Fake::start();
    fake.state().audit = log(&long_log());
    let ran = fake.run(&[
        "audit",
        "stats",
        "--json",
        "--since",
        "2024-05-01T06:30:00Z",
    ]);
    let counted: Value = serde_json::from_str(&ran.stdout).unwrap();
    // Requests 390 to 399, of which the first is for apt.
    assert_eq!(
        (&counted["prompts"], &counted["entries"]),
        (&10.into(), &20.into())
    );
    assert_eq!(counted["outcomes"]["expired"], 10);
    assert_eq!(counted["programs"]["/usr/bin/apt"]["prompts"], 1);
    assert_eq!(counted["days"], json!({"2024-05-01": 10}));
    let text = fake.run(&["audit", "stats"]).stdout;
    assert!(text.contains("\nprompts: 400, 400.0 a day\n"), "{text}");
}
