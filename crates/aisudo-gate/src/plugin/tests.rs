//! The table against scripts. What was scripted must have been used up.

use aisudo_core::{request::Call, state::Tick, sudo_argv::Mode};

use super::*;

/// A sudo process by script.
struct Script {
    uid: u32,
    config: Result<Config, String>,
    left: Result<Option<Kept>, Unknown>,
    asks: Option<Outcome>,
    same: Option<Result<(), String>>,
    holds: Option<Result<(), String>>,
    said: Vec<String>,
    used: std::cell::Cell<[usize; 3]>,
}

impl Script {
    /// An agent who is gated, and a module that was not called.
    fn new() -> Self {
        Self {
            uid: 7001,
            config: Config::parse(
                "version = 1\n[[gate.who]]\nuser = \"agent\"\nwhen = \"unattended\"\n",
            ),
            left: Ok(None),
            asks: None,
            same: None,
            holds: None,
            said: Vec::new(),
            used: [0; 3].into(),
        }
    }

    fn left(mut self, verdict: Verdict) -> Self {
        self.left = Ok(Some(Kept {
            verdict,
            request: Some(request()),
        }));
        self
    }

    fn count(&self, which: usize) {
        let mut used = self.used.get();
        used[which] += 1;
        self.used.set(used);
    }

    /// The answer, and the lines; each part of the script was used once if it is there.
    fn run(mut self) -> (bool, Vec<String>) {
        let answer = decide(&mut self);
        let scripted = [
            self.asks.is_some(),
            self.same.is_some(),
            self.holds.is_some(),
        ];
        assert_eq!(self.used.get(), scripted.map(usize::from));
        (answer, self.said)
    }
}

impl Surroundings for Script {
    fn uid(&self) -> u32 {
        self.uid
    }
    fn config(&self) -> Result<Config, String> {
        self.config.clone()
    }
    fn gated(&self, config: &Config) -> Result<Option<When>, String> {
        let name = if self.uid == 7001 { "agent" } else { "owner" };
        Ok(config.gate.when(name, &[]))
    }
    fn attended(&self) -> bool {
        panic!("no password can be asked for: nobody looks")
    }
    fn ask(&mut self, _config: &Config) -> Outcome {
        self.count(0);
        self.asks.clone().expect("not asked by script")
    }
    fn still_holds(&self, _approval: &Approval) -> Result<(), String> {
        self.count(2);
        self.holds.clone().expect("not looked at by script")
    }
    fn say(&mut self, line: &Line) {
        self.said.push(line.to_string());
    }
    fn recall(&self) -> Option<Verdict> {
        None
    }
    fn remember(&mut self, _verdict: Verdict) {}
}

impl Last for Script {
    fn take(&mut self) -> Result<Option<Kept>, Unknown> {
        self.left.as_mut().map(Option::take).map_err(|it| *it)
    }
    fn leave(&mut self, kept: Kept) {
        self.left = Ok(Some(kept));
    }
    fn same(&self, _request: &Request) -> Result<(), String> {
        self.count(1);
        self.same.clone().expect("not compared by script")
    }
    fn is_about(&mut self, _request: Option<Request>) {}
}

fn approval() -> Approval {
    Approval {
        by: EvidenceKind::Terminal,
        approver: "root".to_owned(),
        deadline: Tick(9),
        operands: Vec::new(),
    }
}

fn request() -> Request {
    serde_json::from_value(serde_json::json!({
        "version": 1, "id": "00000000-0000-0000-0000-000000000000", "nonce": "07".repeat(32),
        "asked_at_ms": 1, "timeout_ms": 2, "host": {"name": "h", "machine_id": ""},
        "requester": {"uid": 7001, "name": "agent"},
        "sudo": {"pid": 1, "start_time": 1, "argv": ["sudo", "sh"], "service": "sudo"},
        "call": {
            "mode": "run", "argv": ["sh"], "user": null, "group": null, "chdir": null, "chroot": null,
            "environment": {"preserve_all": false, "preserve": [], "set": ["LD_PRELOAD=x"]}, "background": true,
        },
        "unreadable": null, "program": {"path": null, "found": "unknown"}, "cwd": "/srv",
        "stdio": [{"kind": "null"}, {"kind": "null"}, {"kind": "null"}], "tty": null,
        "parents": [], "agents": [], "operands": [], "reason": null,
    }))
    .unwrap()
}

const NOTHING: [&str; 0] = [];

#[test]
fn root_and_whoever_gave_a_password_run_what_they_like() {
    let mut script = Script::new().left(Verdict::Denied);
    script.uid = 0;
    assert_eq!(script.run(), (true, vec![]));
    assert_eq!(Script::new().left(Verdict::Password).run(), (true, vec![]));
}

#[test]
fn one_yes_is_good_for_one_command() {
    let mut script = Script::new().left(Verdict::Approved(approval()));
    script.same = Some(Ok(()));
    script.holds = Some(Ok(()));
    script.asks = Some(Outcome::Expired { seconds: 9 });
    assert!(decide(&mut script));
    assert_eq!(script.said, NOTHING);
    assert!(!decide(&mut script), "the second is a question of its own");
    assert_eq!(script.used.get(), [1, 1, 1]);
}

#[test]
fn what_differs_or_does_not_hold_any_more_is_refused() {
    let mut script = Script::new().left(Verdict::Approved(approval()));
    script.same = Some(Err("the program would be /x".to_owned()));
    let why =
        "aisudo: refused: the program would be /x, which is not what was approved; nothing was run";
    assert_eq!(script.run(), (false, vec![why.to_owned()]));

    let mut script = Script::new().left(Verdict::Approved(approval()));
    script.same = Some(Ok(()));
    script.holds = Some(Err("too late".to_owned()));
    let why = "aisudo: refused: too late; nothing was run";
    assert_eq!(script.run(), (false, vec![why.to_owned()]));
}

#[test]
fn a_no_that_other_modules_overruled_stays_a_no() {
    let (answer, said) = Script::new().left(Verdict::Denied).run();
    assert!(!answer);
    assert!(
        said[0].contains("other PAM modules let it through"),
        "{said:?}"
    );
}

#[test]
fn what_is_not_known_is_a_no() {
    let mut script = Script::new();
    script.left = Err(Unknown);
    let (answer, said) = script.run();
    assert!(!answer && said.len() == 1, "{said:?}");
}

#[test]
fn where_the_module_was_not_called_the_plugin_asks_also_who_sits_at_a_terminal() {
    let mut script = Script::new();
    script.asks = Some(Outcome::Approved(approval()));
    script.holds = Some(Ok(()));
    assert_eq!(
        script.run(),
        (true, vec!["aisudo: approved by root".to_owned()])
    );

    let mut script = Script::new();
    script.asks = Some(Outcome::Denied {
        approver: "root".to_owned(),
        note: None,
    });
    assert!(!script.run().0);

    // No password takes its place: none may have been asked for.
    for outcome in [
        Outcome::Unreachable("no daemon".to_owned()),
        Outcome::Limited("too many".to_owned()),
        Outcome::Password { rule: None },
    ] {
        let mut script = Script::new();
        script.asks = Some(outcome);
        let (answer, said) = script.run();
        assert!(!answer, "{said:?}");
        assert!(said[0].contains("no password counts"), "{said:?}");
    }
}

#[test]
fn the_owner_is_not_asked_and_a_broken_configuration_refuses_who_gave_no_password() {
    let mut script = Script::new();
    script.uid = 7000;
    assert_eq!(script.run(), (true, vec![]));

    let mut script = Script::new();
    script.uid = 7000;
    script.config = Err("broken".to_owned());
    let (answer, said) = script.run();
    assert!(!answer);
    assert!(said[0].starts_with("aisudo: refused: broken; "), "{said:?}");

    // With a password it runs, and so does what it starts.
    let mut script = Script::new().left(Verdict::Password);
    script.config = Err("broken".to_owned());
    assert!(decide(&mut script) && decide(&mut script));
    assert_eq!(script.said, NOTHING);
}

fn words(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn exact(info: &[&str], argv: &[&str], envp: &[&str]) -> Exact {
    let mut command_info = words(info);
    command_info.extend(words(&["runas_user=root", "runas_uid=0", "runas_gid=0"]));
    Exact::read(&Said {
        command_info,
        run_argv: words(argv),
        run_envp: words(envp),
        ..Said::default()
    })
    .unwrap()
}

#[test]
fn a_question_of_the_plugins_own_has_sudos_program_and_the_environment_that_is_left() {
    let exact = exact(
        &["command=/bin/sh"],
        &["sh"],
        &["LD_PRELOAD=x", "PYTHONPATH=y", "TERM=z"],
    );
    let request = exactly(request(), &exact);
    assert_eq!(request.program.path, Some(Raw::from("/bin/sh")));
    assert!(
        request.call.unwrap().background,
        "the line is read as before"
    );
    assert_eq!(
        request.variables,
        [Raw::from("PYTHONPATH")],
        "LD_PRELOAD is asked for, and shown as that"
    );
}

#[test]
fn a26_no_rule_allows_what_sudoers_keeps_of_the_environment() {
    let left = |envp: &[&str]| {
        environment_is_allowed(&request(), &exact(&["command=/bin/sh"], &["sh"], envp))
    };
    assert_eq!(
        left(&["PATH=/bin", "HOME=/root", "LD_PRELOAD=x"]),
        Ok(()),
        "asked for"
    );
    let why = left(&["PERL5LIB=/tmp"]).unwrap_err();
    assert!(why.starts_with("sudoers keeps PERL5LIB "), "{why}");
}

#[test]
fn a_command_that_another_one_starts_is_asked_about_as_what_it_is() {
    let exact = exact(
        &["command=./id", "runcwd=/d"],
        &["./id", "-u"],
        &["LD_PRELOAD=x"],
    );
    let request = exactly(request(), &exact);
    assert_eq!(request.program.path, Some(Raw::from("/d/./id")));
    assert_eq!(
        request.call,
        Some(Call {
            mode: Mode::Run,
            argv: vec![Raw::from("./id"), Raw::from("-u")],
            user: Some(Raw::from("root")),
            group: None,
            chdir: Some(Raw::from("/d")),
            chroot: None,
            environment: aisudo_core::request::Environment::default(),
            background: false,
        })
    );
    assert_eq!(request.variables, [Raw::from("LD_PRELOAD")]);
}

#[test]
fn what_sudo_must_say_is_not_guessed() {
    let whole = ["command=/bin/id", "runas_uid=0", "runas_gid=0"];
    for missing in whole {
        let rest: Vec<&str> = whole.into_iter().filter(|it| *it != missing).collect();
        let said = Said {
            command_info: words(&rest),
            run_argv: words(&["id"]),
            ..Said::default()
        };
        assert!(Exact::read(&said).is_err(), "{missing}");
    }
    for (count, argv) in [
        ("9", &["e", "--", "x"][..]),
        ("0", &["e", "--"]),
        ("x", &["e"]),
    ] {
        let count = format!("sudoedit_nfiles={count}");
        let mut info = whole.to_vec();
        info.extend(["sudoedit=true", count.as_str()]);
        let said = Said {
            command_info: words(&info),
            run_argv: words(argv),
            ..Said::default()
        };
        assert!(Exact::read(&said).is_err(), "{count}");
    }
    assert_eq!(Said::default().requester(), None);
    let user_info = words(&["user=root", "uid=7001", "euid=0"]);
    assert_eq!(
        Said {
            user_info,
            ..Said::default()
        }
        .requester(),
        Some(7001)
    );
}
