//! `aisudo audit verify` of a log whose oldest entries were moved away.

#[cfg(test)]
#[allow(dead_code, reason = "each of these programs uses a part of it")]
mod fake;

use std::{fs, path::PathBuf};

use aisudo_core::{digest::sha256, wire::Head};
use fake::{
    Fake,
    data::{hash_of, log},
};
use serde_json::{Value, json};

/// Seven entries, of which the first two and then the third are archived. The fifth and the seventh
/// tell of it.
#[cfg(test)]
struct Pruned {
    fake: Fake,
    all: Vec<String>,
}

#[cfg(test)]
impl Pruned {
    fn new() -> Self {
        let mut events: Vec<Value> = (1..=4)
            .map(|number| json!({"event": "started", "x": number}))
            .collect();
        let record = |events: &[Value], first: usize, last: usize| {
            let lines = log(events);
            let text = lines[first - 1..last].join("\n") + "\n";
            json!({
                "event": "pruned", "through": last, "hash": hash_of(&lines[last - 1]),
                "entries": last - first + 1, "archive": "a", "sha256": sha256(text.as_bytes()).to_string(),
            })
        };
        events.push(record(&events, 1, 2));
        events.push(json!({"event": "stopped"}));
        events.push(record(&events, 3, 3));
        let all = log(&events);
        let fake = Fake::start();
        fake.state().audit = all[3..].to_vec();
        fake.state().start = Head {
            sequence: 3,
            hash: hash_of(&all[2]),
        };
        Self { fake, all }
    }

    fn file(&self, name: &str, lines: &[String]) -> String {
        let path: PathBuf = self.fake.directory.path().join(name);
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The three files of the whole chain.
    fn files(&self) -> [String; 3] {
        [
            self.file("one", &self.all[..2]),
            self.file("two", &self.all[2..3]),
            self.file("rest", &self.all[3..]),
        ]
    }

    /// What is said, if the exit code is this one.
    fn verify(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.fake.run(&[&["audit", "verify"], arguments].concat());
        assert_eq!(ran.code, Some(code), "{ran:?}");
        ran.stderr + &ran.stdout
    }

    fn checkpoint(&self, sequence: usize) -> String {
        format!("{sequence}:{}", hash_of(&self.all[sequence - 1]))
    }
}

#[test]
fn a_log_that_begins_later_is_intact_when_an_entry_says_why() {
    let pruned = Pruned::new();
    assert_eq!(
        pruned.verify(0, &[]),
        format!(
            "4 entries from 4 on, chain intact, checkpoint {}; those before were pruned, as entry 7 says\n",
            pruned.checkpoint(7)
        )
    );
    assert_eq!(
        pruned.verify(0, &["--json"]),
        format!(
            "{{\"intact\":true,\"first\":4,\"entries\":4,\"checkpoint\":\"{}\"}}\n",
            pruned.checkpoint(7)
        )
    );
}

#[test]
fn a39_a_beginning_that_is_gone_without_a_record_is_found_out() {
    let gone = "aisudo: entries before 5 are gone without a record; give the archives before it too, or --from SEQ:HASH of an earlier verification\n";
    let pruned = Pruned::new();
    // The daemon says that it begins later, and no entry knows of it.
    {
        let mut state = pruned.fake.state();
        state.audit.remove(0);
        state.start = Head {
            sequence: 4,
            hash: hash_of(&pruned.all[3]),
        };
    }
    assert_eq!(pruned.verify(1, &[]), gone);
    // It says that it begins where an entry says so, but what is there does not follow.
    pruned.fake.state().start.sequence = 3;
    assert!(pruned.verify(1, &[]).contains("entry 4 is bad"));
    // It says nothing.
    pruned.fake.state().start = Head::default();
    assert!(pruned.verify(1, &[]).contains("entry 1 is bad"));
    // A file as well.
    let rest = pruned.file("rest", &pruned.all[4..]);
    assert_eq!(pruned.verify(1, &[&rest]), gone);
}

#[test]
fn archives_and_an_export_are_one_chain() {
    let pruned = Pruned::new();
    let [one, two, rest] = pruned.files();
    assert_eq!(
        pruned.verify(0, &[&one, &two, &rest]),
        format!(
            "7 entries, chain intact, checkpoint {}\n",
            pruned.checkpoint(7)
        )
    );
    assert!(
        pruned
            .verify(0, &[&two, &rest])
            .contains("5 entries from 3 on")
    );
    assert!(pruned.verify(0, &[&rest]).contains("4 entries from 4 on"));
    pruned.fake.stop();
    let [from, wrong] = [2, 1].map(|sequence| pruned.checkpoint(sequence));
    assert_eq!(
        pruned.verify(0, &["--from", &from, &two]),
        format!(
            "1 entries from 3 on, chain intact, checkpoint {}\n",
            pruned.checkpoint(3)
        )
    );
    assert!(
        pruned
            .verify(1, &[&two])
            .contains("entries before 3 are gone without a record")
    );
    assert!(
        pruned
            .verify(1, &["--from", &wrong, &two])
            .contains("entry 2 is bad: it does not follow")
    );
    assert!(pruned.verify(2, &["--from", &from]).contains("required"));
    let order = pruned.verify(1, &[&two, &one, &rest]);
    assert!(order.ends_with("(in /ROOT/one)\n"), "{order}");
    let hole = pruned.verify(1, &[&one, &rest]);
    assert!(
        hole.contains("entry 3 is bad: it does not follow"),
        "{hole}"
    );
}

#[test]
fn a39_an_archive_that_is_not_as_it_was_written_is_found_out() {
    let pruned = Pruned::new();
    let [one, two, rest] = pruned.files();
    let edited: Vec<String> = pruned.all[..2]
        .iter()
        .map(|line| line.replace("\"x\":2", "\"x\":3"))
        .collect();
    pruned.file("one", &edited);
    let said = pruned.verify(1, &[&one, &two, &rest]);
    assert!(said.contains("entry 2 is bad: it was changed"), "{said}");
    // The same entries, but not the same file.
    let last_line_open = pruned.all[..2].join("\n");
    fs::write(pruned.fake.directory.path().join("one"), last_line_open).unwrap();
    let said = pruned.verify(1, &[&one, &two, &rest]);
    assert_eq!(
        said,
        "aisudo: /ROOT/one is not the archive of which entry 5 tells: its SHA-256 is another\n"
    );
}

#[test]
fn a39_a_checkpoint_from_before_the_beginning_needs_the_archive() {
    let pruned = Pruned::new();
    let [one, two, rest] = pruned.files();
    let [first, third] = [1, 3].map(|sequence| pruned.checkpoint(sequence));
    assert_eq!(
        pruned.verify(1, &["--checkpoint", &first]),
        "aisudo: entry 1 is older than what was read; give its archive too, before an export of the rest\n"
    );
    pruned.verify(0, &["--checkpoint", &third]);
    pruned.verify(0, &["--checkpoint", &first, &one, &two, &rest]);
    let other = format!("3:{}", hash_of(&pruned.all[0]));
    assert_eq!(
        pruned.verify(1, &["--checkpoint", &other]),
        "aisudo: the log was rolled back or rewritten before entry 3\n"
    );
}

#[test]
fn an_export_says_where_it_begins() {
    let pruned = Pruned::new();
    let ran = pruned.fake.run(&["audit", "export"]);
    assert_eq!(ran.stdout, pruned.all[3..].join("\n") + "\n");
    assert_eq!(
        ran.stderr,
        "aisudo: it begins at entry 4; those before were pruned, see the archive\n"
    );
    let shown = pruned.fake.run(&["audit", "show", "2"]);
    assert_eq!(
        shown.stderr,
        "aisudo: entry 2 was pruned; see the archive, /ROOT/var/lib/aisudo/archive\n"
    );
}
