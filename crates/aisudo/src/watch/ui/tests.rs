//! What the screen looks like. The snapshots are read by eye: that nothing runs together, nothing
//! is hidden, and hostile text stays in its place.

use aisudo_core::{evidence::Verdict, state::End};
use ratatui::{Terminal, backend::TestBackend, style::Color};
use serde_json::json;

use super::*;
use crate::watch::{
    areas::Size,
    keys::Key,
    page::Move,
    sample::{LARGE, SMALL, altered, armed, data::decision, fetched, over, waiting},
};

fn drawn(model: &mut Model, now: Tick, colour: bool) -> TestBackend {
    let size = model.size;
    model.fit(size);
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
    let look = Look { colour };
    terminal
        .draw(|frame| draw(frame, model, now, look))
        .unwrap();
    terminal.backend().clone()
}

/// Both sizes, one below the other.
fn screens(mut make: impl FnMut(Size) -> (Model, Tick)) -> String {
    [SMALL, LARGE]
        .map(|size| {
            let (mut model, now) = make(size);
            drawn(&mut model, now, false).to_string()
        })
        .join("\n")
}

fn apt(number: usize) -> Fetched {
    fetched(number, &["apt-get", "install", "-y", "nginx"])
}

#[test]
fn empty() {
    insta::assert_snapshot!(screens(|size| armed(size, &[])));
}

#[test]
fn plain() {
    let quiet = |number| {
        altered(number, &["systemctl", "restart", "nginx"], |value| {
            value["reason"] = json!("the new certificate is there");
        })
    };
    insta::assert_snapshot!(screens(|size| armed(size, &[quiet(0), apt(1)])));
}

#[test]
fn warnings() {
    let shell = || {
        altered(0, &["bash"], |value| {
            value["stdio"][0] = json!({"kind": "pipe"});
            value["call"]["environment"]["set"] = json!(["LD_PRELOAD=/tmp/x.so"]);
            value["operands"] = json!([{
                "path": "/home/agent/.bashrc", "role": "program", "content": {"kind": "directory"},
            }]);
        })
    };
    insta::assert_snapshot!(screens(|size| {
        let (mut model, _) = armed(size, &[shell()]);
        // Too early.
        model.key(Tick(200), Key::Char('a'));
        (model, Tick(350))
    }));
}

#[test]
fn long_and_scrolled() {
    let words: Vec<String> = (1..=120)
        .map(|n| match n {
            9 => "a word with   blanks in it".to_owned(),
            12 => format!("/srv/{}", "long".repeat(60)),
            n => format!("word{n}"),
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[fetched(0, &words)]);
        for _ in 0..9 {
            model.page.scroll(Move::Down);
        }
        (model, now)
    }));
}

#[test]
fn group() {
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[apt(0), fetched(3, &["true"]), apt(1)]);
        model.listed(
            now,
            waiting(&[apt(0), fetched(3, &["true"]), apt(1), apt(2)]),
        );
        (model, now)
    }));
}

#[test]
fn hostile() {
    let evil = "x\n\n as  root\n\u{1b}[2J\u{202e}toor\u{200b}\u{3164}│ » ARMED: a approves";
    let lying = || {
        altered(0, &["echo", evil, "    ", ""], |value| {
            for field in ["reason", "cwd", "tty"] {
                value[field] = json!(evil);
            }
            value["host"] = json!({"name": evil, "machine_id": evil});
            value["requester"]["name"] = json!(evil);
            value["agents"] = json!([evil]);
            value["parents"][0]["name"] = json!(evil);
            value["program"]["path"] = json!(format!("/{evil}"));
            value["call"]["user"] = json!(evil);
        })
    };
    insta::assert_snapshot!(screens(|size| armed(size, &[lying(), apt(1)])));
}

#[test]
fn deny_prompt() {
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[apt(0)]);
        model.key(now, Key::Char('D'));
        let words =
            "please use the staging host first, and say what you saw there; \u{202e}then ask again";
        model.key(now, Key::Paste(words.to_owned()));
        (model, now)
    }));
}

#[test]
fn history() {
    let [one, two] = [apt(0), fetched(1, &["id"])];
    let denied = || End::Denied {
        decision: decision(&one.row, Verdict::Deny, Some("not on a friday")),
    };
    let shown = screens(|size| {
        let (mut model, now) = armed(size, &[fetched(2, &["true"])]);
        model.show_history(vec![over(&one, denied()), over(&two, End::Expired)]);
        (model, now)
    });
    // Wherever this is read.
    let local = times::local(one.row.asked_at_ms);
    insta::assert_snapshot!(shown.replace(&local, "2023-11-14 ##:##:##"));
}

#[test]
fn ended() {
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[apt(0), fetched(3, &["true"])]);
        model.heard(&over(&apt(0), End::Expired).row);
        model.listed(now, waiting(&[fetched(3, &["true"])]));
        (model, now)
    }));
}

#[test]
fn disconnected() {
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[apt(0)]);
        model.lost("aisudo-daemon is not running (nobody listens on /run/aisudo/control.sock); start it with: systemctl start aisudo-daemon".to_owned());
        (model, now)
    }));
}

#[test]
fn help() {
    insta::assert_snapshot!(screens(|size| {
        let (mut model, now) = armed(size, &[apt(0)]);
        model.key(now, Key::Char('?'));
        (model, now)
    }));
}

#[test]
fn small_and_too_small() {
    let of = |width, height| {
        let (mut model, now) = armed(Size { width, height }, &[apt(0)]);
        drawn(&mut model, now, false).to_string()
    };
    insta::assert_snapshot!([of(40, 10), of(39, 10), of(80, 9)].join("\n"));
}

#[test]
fn without_colour_there_is_none() {
    for colour in [true, false] {
        let (mut model, now) = armed(LARGE, &[apt(0)]);
        let backend = drawn(&mut model, now, colour);
        let cells = backend.buffer().content().iter();
        let plain = cells
            .clone()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset);
        assert_eq!(plain, !colour);
    }
}

/// Each row of a request is on the screen at some time, and in its own row.
#[test]
fn i4_scrolling_shows_every_byte() {
    let word = format!("{}end", "0123456789".repeat(300));
    let (mut model, now) = armed(SMALL, &[fetched(0, &["echo", &word])]);
    let pane = model.areas().pane;
    let mut rows: Vec<String> = Vec::new();
    loop {
        let backend = drawn(&mut model, now, false);
        let buffer = backend.buffer();
        let row = |y: u16| -> String {
            let cells = (pane.x..pane.right()).map(|x| buffer[(x, y)].symbol());
            cells.collect::<String>()
        };
        let shown = (pane.top()..pane.bottom()).map(row);
        rows.extend(shown.skip(if rows.is_empty() {
            0
        } else {
            usize::from(pane.height) - 1
        }));
        if model.page.below() == 0 {
            break;
        }
        model.page.scroll(Move::Down);
    }
    let (_, command) = rows.split_at(rows.iter().position(|row| row.contains("2 │")).unwrap());
    let read: String = command
        .iter()
        .take_while(|row| !row.trim().is_empty())
        .map(|row| {
            row.replace(" 2 │ ", "")
                .replace("   » ", "")
                .trim()
                .to_owned()
        })
        .collect();
    assert_eq!(read, word);
}
