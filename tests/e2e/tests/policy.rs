//! Root's rules, with a real sudo: what runs without a question, what never runs, and what an agent
//! that knows the rules makes of them.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt, fs::symlink, net::UnixListener},
    thread,
    time::Duration,
};

use aisudo_core::{
    digest::request_digest,
    evidence::{Decision, Evidence, Verdict},
    raw::Hex32,
    request::Request,
    wire::{FromGate, Hello, ToGate, decode, encode, frame_length},
};
use aisudo_e2e::{PATIENCE, agent, audit, denied, entries, eventually, latest_request, world};
use aisudo_testbed::{AGENT_PASSWORD, DEFAULT_CONFIG, Output, Sudo, World};

/// Free space may be looked at; everything else is asked about.
const DF: &str = r#"
version = 1

[[rule]]
name = "free space"
effect = "allow"
program = "/usr/bin/df"
args = ["-h", { under = "/var/lib" }]

# The daemon may not look into this directory; root's alone it is all the same.
[[rule]]
name = "root's space"
effect = "allow"
program = "/usr/bin/df"
args = ["-i", { under = "/root/store" }]

[[rule]]
name = "who am I"
effect = "allow"
program = "/usr/bin/id"
args = ["-u"]
"#;

fn world_with(policy: &str) -> (World, aisudo_testbed::Daemon) {
    let world = World::new();
    world.policy(policy);
    let daemon = world.start_daemon();
    (world, daemon)
}

/// The line as a rule can hold for it. sudo-rs does not tell which program it found: there, only a path
/// says it.
fn as_a_rule_needs_it(world: &World, line: &str) -> String {
    if world.sudo_kind() != Sudo::Rs {
        return line.to_owned();
    }
    let mut after_sudo = false;
    let words = line.split(' ').map(|word| {
        let is_option = word.starts_with('-');
        let is_name = after_sudo && !is_option && !word.starts_with('/');
        after_sudo = word == "sudo" || (after_sudo && is_option);
        let directory = if is_name { "/usr/bin/" } else { "" };
        format!("{directory}{word}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// One sudo of the agent that nobody is asked about.
#[track_caller]
fn at_once(world: &World, line: &str) -> Output {
    let line = as_a_rule_needs_it(world, line);
    let done = agent(world).shell(&line).wait(PATIENCE);
    assert!(!done.stderr.contains("waiting for a person"), "{done}");
    done
}

/// One sudo of the agent that a person is asked about, and denies.
#[track_caller]
fn is_asked(world: &World, line: &str) {
    let done = denied(world, agent(world).shell(line));
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
}

#[test]
fn i1_what_the_policy_allows_runs_at_once_with_one_record() {
    let (world, _daemon) = world_with(DF);
    for line in [
        "sudo id -u",
        "sudo -n id -u",
        "sudo /usr/bin/id -u",
        "sudo /bin/id -u",
    ] {
        let before = audit(&world).len();
        let done = at_once(&world, line);
        assert_eq!(
            (done.code(), done.stdout.as_str(), done.stderr.as_str()),
            (Some(0), "0\n", ""),
            "{line}: {done}"
        );
        let log = audit(&world);
        assert_eq!(log.len(), before + 1, "{line}");
        let entry = log.last().unwrap();
        assert_eq!(entry["event"], "allowed");
        assert_eq!(entry["decision"]["evidence"]["kind"], "policy");
        assert_eq!(entry["decision"]["evidence"]["rule"], "who am I");
        assert_eq!(entry["request"]["call"]["argv"][1], "-u");
    }
    world.approver(["audit", "verify"]).expect_success();
    let list = world.approver(["list", "--all"]).expect_success();
    assert!(list.stdout.contains("released"), "{list}");
}

/// A bare name is what the requester's sudo makes of it, and sudo-rs does not say what that is.
#[test]
fn a_name_without_a_path_is_allowed_only_where_sudo_says_which_program_it_is() {
    let (world, _daemon) = world_with(DF);
    if world.sudo_kind() == Sudo::Rs {
        is_asked(&world, "sudo id -u");
    } else {
        assert_eq!(at_once(&world, "sudo id -u").stdout, "0\n");
    }
    assert_eq!(at_once(&world, "sudo /usr/bin/id -u").stdout, "0\n");
}

#[test]
fn without_a_password_the_policy_is_asked_as_well() {
    let (world, _daemon) = world_with(DF);
    world.sudoers("agent ALL=(ALL:ALL) NOPASSWD: ALL\n");
    assert_eq!(at_once(&world, "sudo id -u").stdout, "0\n");
    is_asked(&world, "sudo id -g");
}

#[test]
fn what_the_policy_denies_says_roots_words_and_asks_nobody() {
    let (world, _daemon) = world_with(
        "version = 1\n[[rule]]\nname = \"no bash\"\neffect = \"deny\"\nprogram = \"/usr/bin/bash\"\ntext = \"use the deploy script\"\n",
    );
    for line in [
        "sudo bash -c 'touch /tmp/ran'",
        "sudo /bin/bash -c 'touch /tmp/ran'",
        "echo touch /tmp/ran | sudo bash",
    ] {
        let done = at_once(&world, line);
        assert_eq!(done.code(), Some(1), "{done}");
        assert!(
            done.stderr.contains(
                "aisudo: denied by policy rule no bash: use the deploy script (do not retry"
            ),
            "{done}"
        );
    }
    assert!(!std::path::Path::new("/tmp/ran").exists());
    assert_eq!(entries(&world, "rejected").len(), 3);
}

#[test]
fn what_the_policy_leaves_to_the_password_asks_for_it() {
    let (world, _daemon) = world_with(
        "version = 1\n[[rule]]\nname = \"disks\"\neffect = \"password\"\nprogram = \"/usr/bin/id\"\n",
    );
    // Also where the password would not replace a person.
    world.config(&DEFAULT_CONFIG.replace("\"password\"", "\"deny\""));
    let right = agent(&world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S id -u")
        .wait(PATIENCE);
    assert_eq!(right.stdout, "0\n", "{right}");
    assert!(
        right
            .stderr
            .contains("aisudo: the policy's rule disks wants the password for this"),
        "{right}"
    );
    let none = at_once(&world, "sudo -n id -u");
    assert_eq!((none.code(), none.stdout.as_str()), (Some(1), ""), "{none}");
    assert_eq!(entries(&world, "password").len(), 2);
    // Where sudo asks for no password, none protects the command.
    world.sudoers("agent ALL=(ALL:ALL) NOPASSWD: ALL\n");
    let open = at_once(&world, "sudo id -u");
    assert_eq!((open.code(), open.stdout.as_str()), (Some(1), ""), "{open}");
}

#[test]
fn a_rule_may_ask_for_less_time() {
    let (world, _daemon) = world_with(
        "version = 1\n[[rule]]\nname = \"quick\"\neffect = \"ask\"\nprogram = \"/usr/bin/id\"\ntimeout = 5\n",
    );
    let done = agent(&world).shell("sudo id").wait(PATIENCE);
    assert!(
        done.stderr.contains("no answer within 5 s means no"),
        "{done}"
    );
    assert!(
        done.stderr
            .contains("aisudo: expired: nobody answered within 5 s"),
        "{done}"
    );
    assert_eq!(done.code(), Some(1));
}

/// A rule for one command lets nothing else through that an agent could make of it (a27).
#[test]
fn a27_a_rule_is_no_way_to_another_command() {
    let (world, _daemon) = world_with(DF);
    fs::create_dir_all("/home/agent/bin").unwrap();
    fs::write("/home/agent/bin/id", "#!/bin/sh\ntouch /tmp/ran\n").unwrap();
    fs::set_permissions("/home/agent/bin/id", fs::Permissions::from_mode(0o755)).unwrap();
    symlink("/usr/bin/id", "/home/agent/id").unwrap();
    for line in [
        "sudo bash -c 'id -u; touch /tmp/ran'",
        "sudo id '-u; touch /tmp/ran'",
        "sudo id '-u\ntouch /tmp/ran'",
        "sudo id '-u $(touch /tmp/ran)'",
        "sudo id -u root",
        "sudo id",
        "sudo id ''",
        "sudo id -u ''",
        "sudo -s id -u",
        "sudo -i id -u",
        "sudo -u other id -u",
        "sudo -g agent id -u",
        "sudo -E id -u",
        "sudo PATH=/home/agent/bin id -u",
        "sudo /home/agent/id -u",
        "sudo /home/agent/bin/id -u",
        "cd /home/agent/bin && sudo ./id -u",
        "(exec -a 'sudo id -u' sudo bash -c 'touch /tmp/ran')",
        "sudo df -h /var/lib/../../etc",
        "sudo df -h /var/lib",
        "sudo df -h //var/lib/x",
        "sudo df -h '/var/lib/x' /etc",
        "sudo df --output=source /var/lib/x",
    ] {
        is_asked(&world, line);
    }
    assert!(!std::path::Path::new("/tmp/ran").exists());
    assert_eq!(entries(&world, "allowed").len(), 0);
    // The rules do hold for what they say.
    fs::create_dir_all("/root/store/x").unwrap();
    fs::set_permissions("/root", fs::Permissions::from_mode(0o700)).unwrap();
    at_once(&world, "sudo df -i /root/store/x").expect_success();
    fs::create_dir_all("/var/lib/x").unwrap();
    at_once(&world, "sudo df -h /var/lib/x").expect_success();
}

/// What `df` is shown is what the requester can make it be (a24, a27).
#[test]
fn a24_a_path_that_the_requester_can_swap_is_not_under_the_directory() {
    let (world, _daemon) = world_with(DF);
    fs::create_dir_all("/var/lib/shared").unwrap();
    fs::set_permissions("/var/lib/shared", fs::Permissions::from_mode(0o777)).unwrap();
    symlink("/etc/shadow", "/var/lib/shared/link").unwrap();
    is_asked(&world, "sudo df -h /var/lib/shared/link");
    // Nothing is there yet: what will be is the requester's to say.
    is_asked(&world, "sudo df -h /var/lib/shared/missing");
    is_asked(
        &world,
        "mkfifo /var/lib/shared/pipe; sudo df -h /var/lib/shared/pipe",
    );
}

#[test]
fn a26_a_changed_environment_is_shown_and_never_allowed() {
    let (world, _daemon) = world_with(DF);
    for (line, shown) in [
        (
            "sudo LD_PRELOAD=/tmp/x.so id -u",
            "LD_PRELOAD can make programs run other code",
        ),
        (
            "sudo PYTHONPATH=/tmp id -u",
            "PYTHONPATH can make programs run other code",
        ),
        (
            "sudo --preserve-env=BASH_ENV id -u",
            "BASH_ENV can make programs run other code",
        ),
        (
            "sudo -E id -u",
            "All of the requester's environment is kept (-E)",
        ),
        (
            "PYTHONPATH=/tmp BASH_ENV=/tmp/x sudo id -g",
            "the requester's own has BASH_ENV PYTHONPATH: sudo drops what sudoers does not keep",
        ),
    ] {
        let sudo = agent(&world).shell(line);
        let code = world.wait_for_request();
        let show = world.approver(["show", &code]).expect_success();
        assert!(show.stdout.contains(shown), "{line}: {show}");
        world.approver(["deny", &code]).expect_success();
        sudo.wait(PATIENCE);
    }
}

#[test]
fn a15_a_process_that_calls_itself_an_agent_gains_nothing() {
    let policy = format!(
        "{DF}\n[[rule]]\nname = \"agents read\"\neffect = \"deny\"\nagent = \"Claude Code\"\nprogram = \"/usr/bin/cat\"\n"
    );
    let (world, _daemon) = world_with(&policy);
    let named = "cp /bin/bash /tmp/claude; /tmp/claude -c 'sudo cat /etc/hostname; true'";
    let done = at_once(&world, named);
    assert!(
        done.stderr.contains("denied by policy rule agents read"),
        "{done}"
    );
    // Without the name a person is asked: what the rule does not reach is not let through.
    is_asked(&world, "sudo cat /etc/hostname");
    assert_eq!(entries(&world, "allowed").len(), 0);

    // No rule can let something through because of a name.
    world.policy(
        &policy
            .replace("\"deny\"", "\"allow\"")
            .replace("\"/usr/bin/cat\"", "\"/usr/bin/cat\"\nargs = []"),
    );
    let check = world.approver(["policy", "check"]);
    assert_eq!(check.code(), Some(1), "{check}");
    assert!(check.stderr.contains("agent"), "{check}");
}

#[test]
fn a25_commands_from_a_pipe_can_be_refused() {
    let (world, _daemon) = world_with(
        "version = 1\n[[rule]]\nname = \"nothing piped\"\neffect = \"deny\"\nstdin = [\"pipe\", \"socket\"]\ntext = \"write it to a file\"\n",
    );
    let piped = at_once(&world, "echo touch /tmp/ran | sudo bash");
    assert!(
        piped
            .stderr
            .contains("denied by policy rule nothing piped: write it to a file"),
        "{piped}"
    );
    let sudo = agent(&world).shell("sudo bash < /dev/null");
    let code = world.wait_for_request();
    world.approver(["deny", &code]).expect_success();
    sudo.wait(PATIENCE);
}

#[test]
fn a_policy_that_changes_is_in_force_at_once_and_a_bad_one_is_refused_whole() {
    let (world, daemon) = world_with(DF);
    at_once(&world, "sudo id -u").expect_success();
    world.policy(&DF.replace("args = [\"-u\"]", "args = [\"-g\"]"));
    is_asked(&world, "sudo id -u");
    assert_eq!(at_once(&world, "sudo id -g").stdout, "0\n");

    world.policy("version = 1\n[[rule]]\nname = \"x\"\nefect = \"allow\"\n");
    is_asked(&world, "sudo id -g");
    let refused = entries(&world, "policy_refused");
    assert_eq!(refused.len(), 1, "once");
    let why = refused[0]["why"].as_str().unwrap();
    assert!(
        why.contains("policy.toml: line 4, column 1: unknown field `efect`"),
        "{why}"
    );
    let status = world.approver(["status"]).expect_success();
    assert!(
        status
            .stdout
            .contains("policy: refused, and nothing is allowed by it: "),
        "{status}"
    );
    let reload = world.approver(["reload"]);
    assert_eq!(reload.code(), Some(1), "{reload}");
    assert!(reload.stderr.contains("unknown field `efect`"), "{reload}");

    world.policy(DF);
    let reload = world.approver(["reload"]).expect_success();
    assert!(
        reload.stdout.contains("policy: in force, 3 rules"),
        "{reload}"
    );
    at_once(&world, "sudo id -u").expect_success();
    let others = world.aisudo("owner", ["reload"]);
    assert_eq!(others.code(), Some(4), "root alone: {others}");
    // As systemd reloads a service.
    let before = entries(&world, "policy_loaded").len();
    daemon.signal(aisudo_testbed::Signal::HUP);
    eventually("a hang-up reloads", || {
        entries(&world, "policy_loaded").len() > before
    });
}

#[test]
fn a_dangerous_rule_is_refused_unless_root_says_that_it_is_meant() {
    let rule = "version = 1\n[[rule]]\nname = \"shell\"\neffect = \"allow\"\nprogram = \"/usr/bin/bash\"\nargs = [\"/root/deploy.sh\"]\n";
    let (world, _daemon) = world_with(rule);
    fs::write("/root/deploy.sh", "echo deployed\n").unwrap();
    is_asked(&world, "sudo bash /root/deploy.sh");
    world.policy(&format!(
        "{rule}dangerous = true\nreason = \"the script is root's own\"\n"
    ));
    assert_eq!(
        at_once(&world, "sudo bash /root/deploy.sh").stdout,
        "deployed\n"
    );
}

#[test]
fn a36_a_policy_that_others_can_write_allows_nothing() {
    let (world, _daemon) = world_with(DF);
    fs::set_permissions("/etc/aisudo/policy.toml", fs::Permissions::from_mode(0o666)).unwrap();
    is_asked(&world, "sudo id -u");
    let refused = entries(&world, "policy_refused");
    assert!(
        refused[0]["why"]
            .as_str()
            .unwrap()
            .contains("can be written by others; run: chmod go-w"),
        "{refused:?}"
    );
}

#[test]
fn where_root_does_not_accept_the_policy_it_allows_nothing() {
    let world = World::new();
    world.policy(DF);
    world.config(&DEFAULT_CONFIG.replace("[\"terminal\", \"policy\"]", "[\"terminal\"]"));
    let _daemon = world.start_daemon();
    is_asked(&world, "sudo id -u");
}

/// The test is the daemon, and says what it likes: root's policy is read in sudo itself.
#[test]
fn i2_a_daemon_that_was_taken_over_cannot_allow_in_the_policys_name() {
    let world = World::new();
    world.policy(DF);
    let listener = UnixListener::bind("/run/aisudo/gate.sock").unwrap();
    let thief = thread::spawn(move || {
        for _ in 0..2 {
            let (mut gate, _) = listener.accept().unwrap();
            let mut read = || {
                let mut header = [0; 4];
                gate.read_exact(&mut header).unwrap();
                let mut json = vec![0; frame_length(header).unwrap()];
                gate.read_exact(&mut json).unwrap();
                json
            };
            decode::<Hello>(&read()).unwrap();
            let FromGate::Ask { request, .. } = decode(&read()).unwrap() else {
                panic!()
            };
            let facts = Request::parse(&request).unwrap();
            let decision = Decision {
                id: facts.id,
                digest: request_digest(request.as_bytes()),
                nonce: facts.nonce,
                verdict: Verdict::Approve,
                approver: "policy rule who am I".to_owned(),
                note: None,
                at_ms: 0,
                evidence: Evidence::Policy {
                    rule: Some("who am I".to_owned()),
                    sha256: Hex32([0; 32]),
                },
            };
            let both = [ToGate::Decided { decision }, ToGate::Released];
            gate.write_all(&both.map(|one| encode(&one).unwrap()).concat())
                .unwrap();
            // Until the gate is done.
            let _ = gate.read_to_end(&mut Vec::new());
        }
    });
    let robbed = at_once(&world, "sudo id -g");
    assert_eq!(
        (robbed.code(), robbed.stdout.as_str()),
        (Some(1), ""),
        "{robbed}"
    );
    assert!(
        robbed
            .stderr
            .contains("root's policy does not say what aisudo-daemon says"),
        "{robbed}"
    );
    assert_eq!(
        at_once(&world, "sudo id -u").stdout,
        "0\n",
        "as the policy does say"
    );
    thief.join().unwrap();
}

#[test]
fn a21_more_than_so_many_a_minute_are_refused_and_a_denied_command_rests() {
    let world = World::new();
    world.config(
        &DEFAULT_CONFIG
            .replace("requests_per_minute = 100000", "requests_per_minute = 3")
            .replace("cooldown = 0", "cooldown = 60"),
    );
    let _daemon = world.start_daemon();
    is_asked(&world, &as_a_rule_needs_it(&world, "sudo -n echo one"));
    let same = at_once(&world, "sudo -n echo one");
    assert!(
        same.stderr
            .contains("aisudo: refused: the same command was just denied"),
        "{same}"
    );
    assert!(
        same.stderr.contains("a password is asked for instead"),
        "{same}"
    );
    // For the agent's words it is the same command.
    let again = at_once(&world, "AISUDO_REASON=please sudo -n echo one");
    assert!(again.stderr.contains("just denied"), "{again}");
    is_asked(&world, "sudo -n echo two");
    is_asked(&world, "sudo -n echo three");
    let fourth = at_once(&world, "sudo -n echo four");
    assert_eq!(
        (fourth.code(), fourth.stdout.as_str()),
        (Some(1), ""),
        "{fourth}"
    );
    assert!(
        fourth.stderr.contains(
            "aisudo: refused: more than 3 of this user's requests in a minute; the next is taken in"
        ),
        "{fourth}"
    );
    assert_eq!(entries(&world, "refused").len(), 3, "in the log as well");
    // The owner's password still works.
    let with_password = agent(&world)
        .stdin(format!("{AGENT_PASSWORD}\n"))
        .shell("sudo -S echo four")
        .wait(PATIENCE);
    assert_eq!(with_password.stdout, "four\n", "{with_password}");
}

#[test]
fn a21_identical_requests_are_one_question_and_each_run_is_counted() {
    let (world, _daemon) = world();
    let runs: Vec<_> = (0..3)
        .map(|_| agent(&world).shell("sudo sh -c 'echo ran >> /tmp/runs'"))
        .collect();
    let codes = world.wait_for_requests(3);
    let list = world.approver(["list"]).expect_success();
    assert_eq!(list.stdout.lines().count(), 1, "{list}");
    assert!(list.stdout.contains("×3"), "{list}");
    world
        .approver(["approve", "--identical", &codes[0]])
        .expect_success();
    for run in runs {
        run.wait(PATIENCE).expect_success();
    }
    assert_eq!(fs::read_to_string("/tmp/runs").unwrap().lines().count(), 3);
    for event in ["requested", "approved", "released"] {
        assert_eq!(entries(&world, event).len(), 3, "{event}");
    }
}

#[test]
fn a35_a_loop_of_allowed_commands_does_not_fill_the_disk() {
    let world = World::new();
    world.policy(DF);
    world.config(&DEFAULT_CONFIG.replace("ruled_per_minute = 100000", "ruled_per_minute = 5"));
    let _daemon = world.start_daemon();
    let done = agent(&world)
        .shell(&as_a_rule_needs_it(
            &world,
            "for i in $(seq 40); do sudo -n id -u; done; true",
        ))
        .wait(Duration::from_secs(60));
    assert_eq!(done.stdout.lines().count(), 5, "{done}");
    assert!(
        done.stderr
            .contains("more than 5 of this user's requests in a minute"),
        "{done}"
    );
    let log = audit(&world);
    assert!(log.len() < 40, "{}", log.len());
}

#[test]
fn rules_know_the_requesters_groups_and_the_file_behind_the_program() {
    let (world, _daemon) = world();
    is_asked(&world, "sudo /bin/id -u");
    let request = latest_request(&world);
    assert_eq!(request["requester"]["groups"], serde_json::json!(["agent"]));
    assert_eq!(request["program"]["path"], "/bin/id");
    assert_eq!(request["program"]["real"], "/usr/bin/id");
}

/// The daemon is killed at a moment that moves through the whole of an allowed command.
#[test]
fn a34_a_crash_at_any_moment_lets_nothing_through_that_is_not_on_record() {
    const ROUNDS: u32 = 40;
    let (world, mut daemon) = world_with(
        "version = 1\n[[rule]]\nname = \"marks\"\neffect = \"allow\"\nprogram = \"/usr/bin/touch\"\nargs = [{ under = \"/root/marks\" }]\ndangerous = true\nreason = \"a test's own directory\"\n",
    );
    fs::create_dir_all("/root/marks").unwrap();
    let mut ran = Vec::new();
    for round in 0..ROUNDS {
        let mark = format!("/root/marks/{round}");
        let line = as_a_rule_needs_it(&world, &format!("sudo -n touch {mark}"));
        let sudo = agent(&world).shell(&line);
        thread::sleep(Duration::from_millis(u64::from(round % 20) * 2));
        daemon.kill9();
        daemon = world.start_daemon();
        let done = sudo.wait(PATIENCE);
        let exists = std::path::Path::new(&mark).exists();
        assert_eq!(exists, done.code() == Some(0), "round {round}: {done}");
        if exists {
            ran.push(mark);
        }
    }
    let allowed: Vec<String> = entries(&world, "allowed")
        .iter()
        .map(|entry| {
            entry["request"]["call"]["argv"][1]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    for mark in &ran {
        let records = allowed.iter().filter(|one| *one == mark).count();
        assert_eq!(records, 1, "{mark} ran, and is on record once");
    }
    assert!(ran.len() > 20, "{ran:?}");
    world.approver(["audit", "verify"]).expect_success();
}

/// Says its greeting and waits for a line; then lists, approves the first, and prints the answer.
const OPEN_CONNECTION: &str = r#"
import json, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/aisudo/control.sock")
def say(message):
    text = json.dumps(message).encode()
    s.sendall(struct.pack(">I", len(text)) + text)
def hear():
    length = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))[0]
    return json.loads(s.recv(length, socket.MSG_WAITALL))
say({"aisudo": 1})
say({"kind": "list", "all": False})
row = hear()["requests"][0]
print("listed", flush=True)
sys.stdin.readline()
say({"kind": "list", "all": False})
print(hear()["kind"], flush=True)
say({"kind": "decide", "id": row["id"], "digest": row["digest"], "verdict": "approve", "note": None})
print(hear(), flush=True)
"#;

#[test]
fn a10_an_approver_whom_root_gates_meanwhile_decides_nothing_on_an_open_connection() {
    for gated in [false, true] {
        let (world, _daemon) = world();
        let sudo = agent(&world).shell("sudo touch /tmp/ran");
        let code = world.wait_for_request();
        let mut owner =
            world
                .run_as("owner")
                .stdin_open()
                .spawn(["/usr/bin/python3", "-c", OPEN_CONNECTION]);
        owner.wait_for_stdout("listed", PATIENCE);
        if gated {
            world.config(&DEFAULT_CONFIG.replace(
                "[daemon]",
                "[[gate.who]]\nuser = \"owner\"\nwhen = \"always\"\n\n[daemon]",
            ));
        }
        owner.type_in("\n");
        let said = owner.wait(PATIENCE);
        if gated {
            let refused = said.stdout.matches("not_permitted").count();
            assert_eq!(refused, 2, "neither shown nor decided: {said}");
            assert!(said.stdout.contains("may not approve"), "{said}");
            world.approver(["deny", &code]).expect_success();
        } else {
            assert!(said.stdout.contains("'decided'"), "{said}");
        }
        assert_eq!(sudo.wait(PATIENCE).code(), Some(i32::from(gated)));
        assert_eq!(std::path::Path::new("/tmp/ran").exists(), !gated);
    }
}
