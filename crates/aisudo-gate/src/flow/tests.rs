//! The decision table against scripts. What was scripted must have been used up.

use std::{cell::RefCell, collections::VecDeque};

use aisudo_core::config::Config;

use super::*;

/// A sudo process by script.
struct Script {
    uid: u32,
    config: Result<Config, String>,
    attended: bool,
    asks: VecDeque<Outcome>,
    holds: RefCell<VecDeque<Result<(), String>>>,
    kept: Option<Verdict>,
    said: Vec<String>,
}

impl Surroundings for Script {
    fn uid(&self) -> u32 {
        self.uid
    }
    fn config(&self) -> Result<Config, String> {
        self.config.clone()
    }
    fn gated(&self, config: &Config) -> Result<Option<When>, String> {
        match self.uid {
            7001 => Ok(config.gate.when("agent", &[])),
            7000 => Ok(config.gate.when("owner", &[])),
            _ => Err("who it is cannot be found out".to_owned()),
        }
    }
    fn attended(&self) -> bool {
        self.attended
    }
    fn ask(&mut self, _config: &Config) -> Outcome {
        self.asks
            .pop_front()
            .expect("asked more often than scripted")
    }
    fn still_holds(&self, _approval: &Approval) -> Result<(), String> {
        self.holds
            .borrow_mut()
            .pop_front()
            .expect("looked at more often than scripted")
    }
    fn say(&mut self, line: &Line) {
        self.said.push(line.to_string());
    }
    fn recall(&self) -> Option<Verdict> {
        self.kept.clone()
    }
    fn remember(&mut self, verdict: Verdict) {
        self.kept = Some(verdict);
    }
}

impl Script {
    fn new(when: &str, fallback: &str) -> Self {
        let text = format!(
            "version = 1\n[gate]\nfallback = \"{fallback}\"\n[[gate.who]]\nuser = \"agent\"\nwhen = \"{when}\"\n"
        );
        Self {
            uid: 7001,
            config: Config::parse(&text),
            attended: false,
            asks: VecDeque::new(),
            holds: RefCell::default(),
            kept: None,
            said: Vec::new(),
        }
    }

    fn asked(mut self, outcome: Outcome) -> Self {
        self.asks.push_back(outcome);
        self
    }

    fn holding(self, times: usize) -> Self {
        self.holds.borrow_mut().extend((0..times).map(|_| Ok(())));
        self
    }

    fn done(self) -> Vec<String> {
        assert!(self.asks.is_empty(), "asked less often than scripted");
        assert!(
            self.holds.borrow().is_empty(),
            "looked at less often than scripted"
        );
        self.said
    }
}

fn yes() -> Outcome {
    Outcome::Approved(Approval {
        by: EvidenceKind::Terminal,
        approver: "root".to_owned(),
        deadline: Tick(9),
        operands: Vec::new(),
    })
}

fn no() -> Outcome {
    Outcome::Denied {
        approver: "root".to_owned(),
        note: Some("not today".to_owned()),
    }
}

#[test]
fn root_and_those_not_named_are_not_ours() {
    for uid in [0, 7000] {
        let mut script = Script::new("always", "password");
        script.uid = uid;
        assert_eq!(authenticate(&mut script), Answer::Ignore);
        assert_eq!(account(&mut script), Answer::Ignore);
        assert_eq!(script.done(), [""; 0]);
    }
}

#[test]
fn what_the_policy_allows_runs_without_a_word() {
    let Outcome::Approved(approval) = yes() else {
        panic!()
    };
    let by_policy = Outcome::Approved(Approval {
        by: EvidenceKind::Policy,
        ..approval
    });
    let mut script = Script::new("always", "deny").asked(by_policy).holding(2);
    assert_eq!(authenticate(&mut script), Answer::Allow);
    assert_eq!(account(&mut script), Answer::Allow);
    assert_eq!(script.done(), [""; 0]);
}

#[test]
fn the_policys_password_is_asked_for_whatever_the_fallback_and_only_where_sudo_can() {
    let password = || Outcome::Password {
        rule: Some("disks".to_owned()),
    };
    let mut script = Script::new("always", "deny").asked(password());
    assert_eq!(authenticate(&mut script), Answer::Ignore);
    assert_eq!(account(&mut script), Answer::Ignore);
    assert_eq!(
        script.done(),
        ["aisudo: the policy's rule disks wants the password for this; nobody is asked"]
    );
    // A live ticket, or NOPASSWD: no password was asked for.
    let mut script = Script::new("always", "deny").asked(password());
    assert_eq!(account(&mut script), Answer::Abort);
    let said = script.done();
    assert!(said[0].contains("try sudo -k first"), "{said:?}");
}

#[test]
fn a_yes_is_asked_for_once_and_looked_at_in_both_phases() {
    let mut script = Script::new("always", "password").asked(yes()).holding(2);
    assert_eq!(authenticate(&mut script), Answer::Allow);
    assert_eq!(account(&mut script), Answer::Allow);
    assert_eq!(script.done(), ["aisudo: approved by root"]);
}

#[test]
fn a_yes_that_no_longer_holds_in_account_is_a_no() {
    let mut script = Script::new("always", "password").asked(yes()).holding(1);
    script
        .holds
        .borrow_mut()
        .push_back(Err("x changed after it was asked about".to_owned()));
    assert_eq!(authenticate(&mut script), Answer::Allow);
    assert_eq!(account(&mut script), Answer::Abort);
    assert_eq!(account(&mut script), Answer::Abort, "and stays one");
    assert_eq!(
        script.done(),
        [
            "aisudo: approved by root",
            "aisudo: refused: x changed after it was asked about; nothing was run"
        ]
    );
}

#[test]
fn a_no_aborts_and_is_not_asked_again() {
    for outcome in [
        no(),
        Outcome::Expired { seconds: 120 },
        Outcome::Refused("r".into()),
        Outcome::Cancelled("c"),
    ] {
        let mut script = Script::new("always", "password").asked(outcome);
        assert_eq!(authenticate(&mut script), Answer::Abort);
        assert_eq!(authenticate(&mut script), Answer::Abort);
        assert_eq!(account(&mut script), Answer::Abort);
        assert_eq!(script.done().len(), 1);
    }
}

#[test]
fn account_asks_where_auth_was_skipped() {
    let mut script = Script::new("always", "password").asked(yes()).holding(1);
    assert_eq!(account(&mut script), Answer::Allow);
    script.done();

    let mut script = Script::new("always", "password").asked(no());
    assert_eq!(account(&mut script), Answer::Abort);
    script.done();
}

#[test]
fn a_person_at_the_keyboard_keeps_their_password_but_not_a_ticket() {
    let mut script = Script::new("unattended", "password");
    script.attended = true;
    assert_eq!(authenticate(&mut script), Answer::Ignore);
    assert_eq!(account(&mut script), Answer::Ignore);
    script.done();

    let mut ticket = Script::new("unattended", "password").asked(no());
    ticket.attended = true;
    assert_eq!(account(&mut ticket), Answer::Abort);
    ticket.done();

    let mut unattended = Script::new("unattended", "password").asked(no());
    assert_eq!(authenticate(&mut unattended), Answer::Abort);
    unattended.done();
}

#[test]
fn an_unreachable_daemon_means_the_fallback_and_never_allow() {
    for outcome in [
        Outcome::Unreachable("u".into()),
        Outcome::Limited("l".into()),
    ] {
        let mut password = Script::new("always", "password").asked(outcome.clone());
        assert_eq!(authenticate(&mut password), Answer::Ignore);
        assert_eq!(
            account(&mut password),
            Answer::Ignore,
            "the password was right, or account is not called"
        );
        assert!(password.done()[0].ends_with("a password is asked for instead"));

        let mut deny = Script::new("always", "deny").asked(outcome.clone());
        assert_eq!(authenticate(&mut deny), Answer::Abort);
        deny.done();

        let mut ticket = Script::new("always", "password").asked(outcome);
        assert_eq!(
            account(&mut ticket),
            Answer::Abort,
            "no password was asked for"
        );
        assert!(ticket.done()[0].contains("try sudo -k first"));
    }
}

#[test]
fn i9_a_broken_configuration_leaves_the_password_and_closes_the_ticket() {
    let broken = || {
        let mut script = Script::new("always", "password");
        script.config = Err("the configuration is broken".to_owned());
        script
    };
    let mut script = broken();
    assert_eq!(authenticate(&mut script), Answer::Ignore);
    assert_eq!(account(&mut script), Answer::Ignore);
    assert_eq!(script.done().len(), 1);

    let mut ticket = broken();
    assert_eq!(account(&mut ticket), Answer::Abort);
    ticket.done();
}

#[test]
fn a_user_whose_groups_are_unknown_is_treated_like_a_broken_configuration() {
    let mut script = Script::new("always", "password");
    script.uid = 9999;
    assert_eq!(authenticate(&mut script), Answer::Ignore, "the password");
    let mut ticket = Script::new("always", "password");
    ticket.uid = 9999;
    assert_eq!(account(&mut ticket), Answer::Abort);
}

/// The lines an agent reads are an interface: a change shows here.
#[test]
fn the_lines_are_fixed() {
    let word = |text: &str| text.to_owned();
    let lines = [
        Line::Waiting {
            code: word("K7Q2M"),
            channels: vec![word("terminal")],
            seconds: 120,
        },
        Line::Approved {
            approver: word("root"),
        },
        Line::Denied {
            approver: word("root"),
            note: None,
        },
        Line::Denied {
            approver: word("root"),
            note: Some(word("ask \u{1b}[2J me")),
        },
        Line::Expired { seconds: 120 },
        Line::UnreachablePassword {
            why: word("aisudo-daemon is not running"),
        },
        Line::UnreachableDenied {
            why: word("aisudo-daemon is not running"),
        },
        Line::RefusedPassword {
            why: word("5 requests are waiting"),
        },
        Line::Refused {
            why: word("it is too long"),
        },
        Line::Cancelled {
            why: word("a signal came"),
        },
    ];
    let expected = "\
aisudo: waiting for a person to approve this command, code K7Q2M (asked on: terminal); no answer within 120 s means no; do not start it again meanwhile
aisudo: approved by root
aisudo: denied by root (do not retry or look for another way; ask the person)
aisudo: denied by root: ask \\x1b[2J me (do not retry or look for another way; ask the person)
aisudo: expired: nobody answered within 120 s, nothing was run (do not retry at once; ask the person)
aisudo: unreachable: aisudo-daemon is not running; a password is asked for instead
aisudo: unreachable: aisudo-daemon is not running; nothing was run (do not retry; the person must repair aisudo)
aisudo: refused: 5 requests are waiting; a password is asked for instead
aisudo: refused: it is too long; nothing was run
aisudo: cancelled: a signal came; nothing was run
";
    let said: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(said, expected);
}
