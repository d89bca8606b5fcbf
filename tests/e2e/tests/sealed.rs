//! Programs and scripts that the requester could change: marked, refused, or run as sealed copies
//! (a23, a24).

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use aisudo_e2e::{PATIENCE, agent, approved, entries, latest_request};
use aisudo_testbed::{BUILD, DEFAULT_CONFIG, Daemon, Output, Run, World};

/// A world in which root has said what becomes of changeable files.
fn world(changeable: &str) -> (World, Daemon) {
    let world = World::new();
    let gate = format!("[gate]\nchangeable = \"{changeable}\"\n");
    world.config(&DEFAULT_CONFIG.replace("[gate]\n", &gate));
    let daemon = world.start_daemon();
    (world, daemon)
}

/// A file of the agent's that can be executed.
fn script(world: &World, name: &str, text: &str) {
    let path = format!("/home/agent/{name}");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let own = format!("chown agent:agent {path}");
    world
        .run_as("root")
        .shell(&own)
        .wait(PATIENCE)
        .expect_success();
}

/// `aisudo run --sealed -- WORDS` by the agent.
fn sealed(run: &Run, words: &str) -> aisudo_testbed::Running {
    run.shell(&format!("aisudo run --sealed -- {words}"))
}

#[track_caller]
fn refused(output: &Output, why: &str) {
    assert_eq!(
        (output.code(), output.stdout.as_str()),
        (Some(1), ""),
        "{output}"
    );
    assert!(output.stderr.contains(why), "{output}");
}

#[test]
fn a23_what_the_agent_could_change_is_refused_before_anyone_is_asked() {
    let lines = [
        "sudo ./script",
        "sudo bash script",
        "sudo bash -x script",
        "sudo python3 ./script",
        "sudo bash < script",
        "sudo env ./script",
        "sudo -s ./script",
        "sudo bash later",
        "sudo bash ./later",
        "(exec -a xedit sudo bash script)",
        // Its own copy of the command seals nothing.
        "cp $(command -v aisudo) aisudo; sudo ./aisudo run --sealed -- ./script",
        "sudo $(command -v aisudo) run --sealed -- ./script",
    ];
    for (changeable, why) in [
        (
            "refuse",
            "root allows only programs and scripts that you cannot change; install it as root first (ask the person)",
        ),
        (
            "seal",
            "start it without sudo, as: aisudo run --sealed -- CMD ARGS",
        ),
    ] {
        let (world, _daemon) = world(changeable);
        script(&world, "script", "#!/bin/sh\necho ran\n");
        for line in lines {
            let no = agent(&world).shell(line).wait(PATIENCE);
            refused(&no, why);
            assert!(
                no.stderr
                    .starts_with("aisudo: refused: you can change /home/agent/"),
                "{no}"
            );
        }
        assert_eq!(entries(&world, "requested").len(), 0);
    }
}

#[test]
fn data_and_what_root_installed_are_asked_about_as_ever() {
    for changeable in ["refuse", "seal"] {
        let (world, _daemon) = world(changeable);
        script(&world, "data", "data\n");
        fs::write("/etc/aisudo/tool", "#!/bin/sh\ncat \"$1\"\n").unwrap();
        fs::set_permissions("/etc/aisudo/tool", fs::Permissions::from_mode(0o755)).unwrap();
        for line in [
            "sudo cat data",
            "sudo /etc/aisudo/tool data",
            "sudo sh /etc/aisudo/tool data",
            // There is nothing to seal in it.
            "aisudo run --sealed -- cat data",
        ] {
            let done = approved(&world, agent(&world).shell(line));
            assert_eq!(
                (done.code(), done.stdout.as_str()),
                (Some(0), "data\n"),
                "{done}"
            );
        }
    }
}

#[test]
fn a_sealed_copy_runs_whatever_kind_of_program_it_is() {
    let (world, _daemon) = world("seal");
    script(&world, "plain", "#!/bin/bash\necho \"$# $1 $2 $(id -u)\"\n");
    script(&world, "nameless", "echo \"$# $1 $2 $(id -u)\"\n");
    script(
        &world,
        "program.py",
        "#!/usr/bin/env python3\nimport os, sys\nprint(len(sys.argv) - 1, *sys.argv[1:], os.getuid())\n",
    );
    for words in [
        "./plain 'a b' c",
        "/home/agent/plain 'a b' c",
        "bash plain 'a b' c",
        "/bin/bash -u ./plain 'a b' c",
        "./nameless 'a b' c",
        "./program.py 'a b' c",
        "python3 program.py 'a b' c",
        "env ./plain 'a b' c",
    ] {
        let done = approved(&world, sealed(&agent(&world), words));
        assert_eq!(
            (done.code(), done.stdout.as_str()),
            (Some(0), "2 a b c 0\n"),
            "{words}: {done}"
        );
        for line in done.stderr.lines() {
            assert!(line.starts_with("aisudo: "), "{words}: {done}");
        }
    }
    // A program that is no script.
    agent(&world)
        .shell("cp /usr/bin/id own-id")
        .wait(PATIENCE)
        .expect_success();
    let done = approved(&world, sealed(&agent(&world), "./own-id -u"));
    assert_eq!(
        (done.code(), done.stdout.as_str()),
        (Some(0), "0\n"),
        "{done}"
    );
}

#[test]
fn i8_input_output_exit_code_and_signals_are_the_commands() {
    let (world, _daemon) = world("seal");
    script(&world, "echo", "#!/bin/sh\ncat\nexit 7\n");
    script(&world, "die", "#!/bin/sh\nkill -TERM $$\n");
    let done = approved(&world, sealed(&agent(&world).stdin("in\n"), "./echo"));
    assert_eq!(
        (done.code(), done.stdout.as_str()),
        (Some(7), "in\n"),
        "{done}"
    );
    let line = "sudo ./die; echo $?";
    let plain = {
        let world_without = &world;
        world_without.config(DEFAULT_CONFIG);
        approved(world_without, agent(world_without).shell(line))
    };
    let line = "aisudo run --sealed -- ./die; echo $?";
    let done = approved(&world, agent(&world).shell(line));
    assert_eq!(done.stdout, plain.stdout, "{done}");
}

#[test]
fn i4_the_request_names_the_bytes_that_run() {
    let (world, _daemon) = world("seal");
    script(&world, "script", "echo good\n");
    let sudo = sealed(&agent(&world), "bash script now");
    let code = world.wait_for_request();
    let sum = world
        .run_as("root")
        .shell("sha256sum /home/agent/script | cut -c1-64")
        .wait(PATIENCE)
        .stdout;
    let shown = world.approver(["show", &code]).stdout;
    let sum = sum.trim();
    let command =
        format!("      {BUILD}/aisudo run --sealed --sha256 {sum} -- /usr/bin/bash script now\n");
    assert!(shown.contains(&command), "{shown}");
    assert!(
        shown.contains("  ! /home/agent/script is agent's own code: a copy of it runs that has the SHA-256 in this request, whatever becomes of the file.\n"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!(
            "/home/agent/script (named by the command; 10 bytes, SHA-256 {sum}; a sealed copy runs)"
        )),
        "{shown}"
    );
    assert!(!shown.contains("agent can change"), "{shown}");
    world.approver(["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "good\n");
    assert_eq!(
        latest_request(&world)["operands"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn a23_a_script_that_changes_before_its_approval_does_not_run() {
    let (world, _daemon) = world("seal");
    for (words, why) in [
        ("./script", "changed after it was asked about"),
        ("bash script", "changed after it was asked about"),
    ] {
        script(&world, "script", "#!/bin/sh\necho good\n");
        let sudo = sealed(&agent(&world), words);
        let code = world.wait_for_request();
        fs::write("/home/agent/script", "#!/bin/sh\necho evil\n").unwrap();
        world.approver(["approve", &code]).expect_success();
        refused(&sudo.wait(PATIENCE), why);
    }
    assert_eq!(entries(&world, "released").len(), 0);
}

/// The hash of one file, the content of another.
#[test]
fn a23_a_hash_that_is_not_the_scripts_is_refused_at_once() {
    for changeable in ["mark", "seal"] {
        let (world, _daemon) = world(changeable);
        script(&world, "script", "#!/bin/sh\necho evil\n");
        script(&world, "good", "#!/bin/sh\necho good\n");
        let line =
            "sudo $(command -v aisudo) run --sealed --sha256 $(sha256sum good | cut -c1-64) -- ";
        let no = agent(&world)
            .shell(&format!("{line}./script"))
            .wait(PATIENCE);
        refused(
            &no,
            "script is not what was sealed: it changed; start again",
        );
        let no = agent(&world)
            .shell(&format!("{line}/bin/bash script"))
            .wait(PATIENCE);
        refused(&no, "/home/agent/script is not what was sealed");
        let no = agent(&world)
            .shell(&format!("{line}/bin/cat good"))
            .wait(PATIENCE);
        refused(&no, "only programs and scripts can be sealed");
        assert_eq!(entries(&world, "requested").len(), 0);
    }
}

/// Each run is one in which the agent swaps the script as fast as it can. Without the seal, what was
/// looked at and what is run are two things; with it, it is the approved bytes or nothing.
#[test]
fn a24_a_script_that_is_swapped_all_the_time_runs_as_it_was_approved_or_not_at_all() {
    let (world, _daemon) = world("seal");
    script(&world, "good", "#!/bin/sh\necho good\n");
    script(&world, "evil", "#!/bin/sh\necho evil\n");
    script(&world, "script", "#!/bin/sh\necho good\n");
    let over = Arc::new(AtomicBool::new(false));
    let swapping = Arc::clone(&over);
    let swapper = thread::spawn(move || {
        let mut swaps = 0_u32;
        while !swapping.load(Ordering::Relaxed) {
            for from in ["/home/agent/evil", "/home/agent/good"] {
                let next = "/home/agent/next";
                let _ = fs::remove_file(next);
                let _ = fs::hard_link(from, next);
                let _ = fs::rename(next, "/home/agent/script");
                // The same name again is no rename: rename(2).
                swaps += 1;
                thread::sleep(Duration::from_micros(if from.ends_with("good") {
                    1000
                } else {
                    50
                }));
            }
        }
        swaps
    });
    // A rule of root's would not let it through, so a person's yes is made at once by a loop.
    let mut ran = 0;
    for round in 0..40 {
        let words = if round % 2 == 0 {
            "./script"
        } else {
            "bash script"
        };
        let mut sudo = sealed(&agent(&world), words);
        while sudo.is_running() {
            for code in world.pending() {
                // Only what was seen to be good.
                let shown = world.approver(["show", "--json", &code]).stdout;
                let good = world
                    .run_as("root")
                    .shell("sha256sum /home/agent/good | cut -c1-64")
                    .wait(PATIENCE)
                    .stdout;
                let verdict = if shown.contains(good.trim()) {
                    "approve"
                } else {
                    "deny"
                };
                world.approver([verdict, &code]);
            }
        }
        let done = sudo.wait(PATIENCE);
        assert!(!done.stdout.contains("evil"), "{done}");
        ran += usize::from(done.stdout == "good\n");
    }
    over.store(true, Ordering::Relaxed);
    let swaps = swapper.join().unwrap();
    assert!(swaps > 100, "it was swapped all the time: {swaps}");
    assert!(ran > 0, "some ran: {swaps} swaps");
}

/// A shell reads its script while it runs: one that is written anew meanwhile is another script.
#[test]
fn a23_a_sealed_script_runs_to_its_end_as_it_was_when_it_began() {
    // Longer than what a shell reads ahead.
    let good = format!(
        "#!/bin/bash\necho started\nwhile [ ! -e /tmp/go ]; do sleep 0.02; done\n{}echo good\n",
        "# nothing\n".repeat(20_000)
    );
    let (world, _daemon) = world("mark");
    for (line, last) in [
        ("sudo bash script", "evil"),
        ("aisudo run --sealed -- bash script", "good"),
        ("aisudo run --sealed -- ./script", "good"),
    ] {
        let _ = fs::remove_file("/tmp/go");
        script(&world, "script", &good);
        let sudo = agent(&world).shell(line);
        let code = world.wait_for_request();
        world.approver(["approve", &code]).expect_success();
        sudo.wait_for_stdout("started\n", PATIENCE);
        fs::write("/home/agent/script", good.replace("good", "evil")).unwrap();
        fs::write("/tmp/go", "").unwrap();
        let done = sudo.wait(PATIENCE);
        assert_eq!(done.stdout, format!("started\n{last}\n"), "{line}: {done}");
    }
}

/// What the gate looks at last, and what aisudo copies: here the file is another one in between.
#[test]
fn a24_a_script_that_changed_after_the_last_look_is_not_run() {
    let (world, _daemon) = world("seal");
    script(&world, "good", "#!/bin/sh\necho good\n");
    script(&world, "script", "#!/bin/sh\necho evil\n");
    script(&world, "interpreted", "#!/home/agent/good\necho evil\n");
    let behind_sudo = world
        .run_as("root")
        .env("SUDO_UID", "7001")
        .cwd("/home/agent");
    let run = |hash_of: &str, words: &str| {
        let line =
            format!("aisudo run --sealed --sha256 $(sha256sum {hash_of} | cut -c1-64) -- {words}");
        behind_sudo.shell(&line).wait(PATIENCE)
    };
    assert_eq!(run("good", "./good").stdout, "good\n");
    for (hash_of, words, why) in [
        (
            "good",
            "./script",
            "/script is not what was approved: it changed; nothing was run",
        ),
        (
            "good",
            "bash script",
            "/script is not what was approved: it changed; nothing was run",
        ),
        (
            "good",
            "bash -u script",
            "/script is not what was approved: it changed; nothing was run",
        ),
        ("good", "bash gone", "/gone cannot be copied: No such file"),
        (
            "good",
            "/bin/echo script",
            "a file that was approved is not there any more",
        ),
        (
            "interpreted",
            "./interpreted",
            "/home/agent/good is executed, could be changed, and cannot be sealed",
        ),
    ] {
        let no = run(hash_of, words);
        refused(&no, why);
        assert_eq!(no.stderr.lines().count(), 1, "{no}");
    }
    // What nobody but root can change runs beside it, unsealed.
    let done = run("good", "env /bin/sh ./good");
    assert_eq!(done.stdout, "good\n", "{done}");
    // The first of the three seals nothing, and says so; the others are root's own.
    let no = behind_sudo
        .shell("aisudo run --sealed -- ./script")
        .wait(PATIENCE);
    refused(&no, "sudo gave no hashes, so nothing would be sealed");
    let root = world.run_as("root").cwd("/home/agent");
    let done = root.shell("aisudo run --sealed -- ./good").wait(PATIENCE);
    assert_eq!(done.stdout, "good\n", "{done}");
    let no = root.shell("aisudo run -- ./good").wait(PATIENCE);
    assert_eq!(no.code(), Some(2), "{no}");
    assert!(no.stderr.contains("--sealed"), "{no}");
}

#[test]
fn a07_a_sudo_that_was_stopped_until_the_script_was_swapped_runs_nothing() {
    let (world, _daemon) = world("seal");
    script(&world, "script", "#!/bin/sh\necho good\n");
    let sudo = sealed(&agent(&world), "./script");
    let code = world.wait_for_request();
    let pid = latest_request(&world)["sudo"]["pid"].to_string();
    let signal = |name: &str| {
        let line = format!("kill -{name} {pid}");
        agent(&world).shell(&line).wait(PATIENCE).expect_success();
    };
    signal("STOP");
    world.approver(["approve", &code]).expect_success();
    fs::write("/home/agent/script", "#!/bin/sh\necho evil\n").unwrap();
    signal("CONT");
    refused(&sudo.wait(PATIENCE), "changed after it was asked about");
}

#[test]
fn what_cannot_be_sealed_is_said_before_anyone_is_asked() {
    let (world, _daemon) = world("seal");
    script(&world, "interpreted", "#!/home/agent/py\n");
    script(&world, "py", "");
    script(&world, "script", "echo ran\n");
    let large = fs::File::create("/home/agent/large").unwrap();
    large.set_len(64 * 1024 * 1024 + 1).unwrap();
    for (line, why) in [
        (
            "aisudo run --sealed -- ./interpreted",
            "you can change the interpreter /home/agent/py",
        ),
        (
            "aisudo run --sealed -- bash < script",
            "name it as the script instead",
        ),
        ("aisudo run --sealed -- bash large", "is larger than 64 MiB"),
        (
            "aisudo run --sealed -- bash ./later",
            "cannot be sealed: it does not exist yet",
        ),
        (
            "aisudo run --sealed -- python3 .",
            "is a directory, which cannot be sealed",
        ),
        (
            "cp $(command -v aisudo) .; ./aisudo run --sealed -- bash script",
            "is not the aisudo that root installed",
        ),
    ] {
        let no = agent(&world).shell(line).wait(PATIENCE);
        refused(&no, why);
        assert_eq!(no.stderr.lines().count(), 1, "{no}");
    }
    assert_eq!(entries(&world, "requested").len(), 0);
}

/// A copy is not a file of anybody's: when the last process ends, however, it is gone.
#[test]
fn nothing_is_left_of_a_copy_even_when_it_is_killed() {
    let (world, _daemon) = world("seal");
    script(
        &world,
        "script",
        "#!/bin/sh\necho $$ started; exec sleep 60\n",
    );
    let files = || {
        let line = "find /run /tmp /var/lib/aisudo /root /home -type f -not -path '/run/aisudo-build/*' | sort";
        world.run_as("root").shell(line).wait(PATIENCE).stdout
    };
    let sudo = sealed(&agent(&world), "./script");
    let code = world.wait_for_request();
    let before = files();
    world.approver(["approve", &code]).expect_success();
    sudo.wait_for_stdout(" started\n", PATIENCE);
    assert_eq!(files(), before);
    let said = sudo.stdout();
    let pid = said.split(' ').next().unwrap();
    world
        .run_as("root")
        .shell(&format!("kill -9 {pid}"))
        .wait(PATIENCE)
        .expect_success();
    assert_ne!(sudo.wait(PATIENCE).code(), Some(0));
    assert_eq!(files(), before);
}

/// A rule about the command inside is not one about the sealed run, and a rule about sealed runs lets no
/// program of the requester's through.
#[test]
fn a27_no_rule_takes_a_sealed_run_for_the_command_inside() {
    let (world, _daemon) = world("seal");
    let rule = |program: &str| {
        format!(
            "version = 1\n[[rule]]\nname = \"it\"\neffect = \"allow\"\nprogram = \"{program}\"\nargs = [{{ type = \"word\", rest = true }}]\ndangerous = true\nreason = \"a test\"\n"
        )
    };
    script(&world, "script", "echo ran\n");
    world.policy(&rule("/usr/bin/bash"));
    // By its path: sudo-rs does not say which program a name is.
    let at_once = agent(&world)
        .shell("sudo /usr/bin/bash -c 'echo allowed'")
        .wait(PATIENCE);
    assert_eq!(at_once.stdout, "allowed\n", "{at_once}");
    for words in ["./script", "bash script"] {
        let done = approved(&world, sealed(&agent(&world), words));
        assert_eq!(done.stdout, "ran\n", "{done}");
    }
    world.policy(&rule(&format!("{BUILD}/aisudo")));
    let done = approved(&world, sealed(&agent(&world), "./script"));
    assert_eq!(done.stdout, "ran\n", "{done}");
}

#[test]
fn a_mistake_in_roots_setting_gates_with_the_password() {
    let world = World::new();
    let gate = "[gate]\nchangeable = \"sealed\"\n";
    world.config(&DEFAULT_CONFIG.replace("[gate]\n", gate));
    let no = agent(&world).shell("sudo -n true").wait(PATIENCE);
    assert_eq!(no.code(), Some(1), "{no}");
    assert!(
        no.stderr
            .contains("unknown variant `sealed`, expected one of `mark`, `refuse`, `seal`"),
        "{no}"
    );
}
