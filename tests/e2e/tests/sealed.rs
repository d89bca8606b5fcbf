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
        ("refuse", "root allows only programs and scripts that you cannot change; install it as root first (ask the person)"),
        ("seal", "start it without sudo, as: aisudo run --sealed -- CMD ARGS"),
    ] {
        let (world, _daemon) = world(changeable);
        script(&world, "script", "#!/bin/sh\necho ran\n");
        for line in lines {
            let no = agent(&world).shell(line).wait(PATIENCE);
            refused(&no, why);
            assert!(no.stderr.starts_with("aisudo: refused: you can change /home/agent/"), "{no}");
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
            assert_eq!((done.code(), done.stdout.as_str()), (Some(0), "data\n"), "{done}");
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
        "python",
        "#!/usr/bin/env python3\nimport os, sys\nprint(len(sys.argv) - 1, *sys.argv[1:], os.getuid())\n",
    );
    for words in [
        "./plain 'a b' c",
        "/home/agent/plain 'a b' c",
        "bash plain 'a b' c",
        "/bin/bash -u ./plain 'a b' c",
        "./nameless 'a b' c",
        "./python 'a b' c",
        "python3 python 'a b' c",
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
    assert_eq!((done.code(), done.stdout.as_str()), (Some(0), "0\n"), "{done}");
}

#[test]
fn i8_input_output_exit_code_and_signals_are_the_commands() {
    let (world, _daemon) = world("seal");
    script(&world, "echo", "#!/bin/sh\ncat\nexit 7\n");
    script(&world, "die", "#!/bin/sh\nkill -TERM $$\n");
    let done = approved(&world, sealed(&agent(&world).stdin("in\n"), "./echo"));
    assert_eq!((done.code(), done.stdout.as_str()), (Some(7), "in\n"), "{done}");
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
    let command = format!("      {BUILD}/aisudo run --sealed --sha256 {sum} -- /usr/bin/bash script now\n");
    assert!(shown.contains(&command), "{shown}");
    assert!(
        shown.contains("  ! /home/agent/script is agent's own code: a copy of it runs that has the SHA-256 in this request, whatever becomes of the file.\n"),
        "{shown}"
    );
    assert!(
        shown.contains(&format!("/home/agent/script (named by the command; 10 bytes, SHA-256 {sum}; a sealed copy runs)")),
        "{shown}"
    );
    assert!(!shown.contains("agent can change"), "{shown}");
    world.approver(["approve", &code]).expect_success();
    assert_eq!(sudo.wait(PATIENCE).stdout, "good\n");
    assert_eq!(latest_request(&world)["operands"].as_array().unwrap().len(), 1);
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
        let line = "sudo $(command -v aisudo) run --sealed --sha256 $(sha256sum good | cut -c1-64) -- ";
        let no = agent(&world).shell(&format!("{line}./script")).wait(PATIENCE);
        refused(&no, "/home/agent/script is not what was sealed: it changed; start again");
        let no = agent(&world).shell(&format!("{line}bash script")).wait(PATIENCE);
        refused(&no, "/home/agent/script is not what was sealed");
        let no = agent(&world).shell(&format!("{line}cat script")).wait(PATIENCE);
        refused(&no, "no program or script of yours has the sealed hash");
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
                thread::sleep(Duration::from_micros(if from.ends_with("good") { 400 } else { 50 }));
            }
        }
        swaps
    });
    // A rule of root's would not let it through, so a person's yes is made at once by a loop.
    let mut ran = 0;
    for round in 0..40 {
        let words = if round % 2 == 0 { "./script" } else { "bash script" };
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
                let verdict = if shown.contains(good.trim()) { "approve" } else { "deny" };
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
    eprintln!("{ran} of 40 ran, {swaps} swaps");
}
