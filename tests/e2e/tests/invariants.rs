//! The invariants, each by its name, and crashes at every moment.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use aisudo_e2e::{PATIENCE, agent, approved, audit, denied, entries, world};
use aisudo_testbed::{DEFAULT_CONFIG, World};

#[test]
fn i1_one_decision_then_one_run() {
    let (world, _daemon) = world();
    for count in 1..=3 {
        let yes = approved(
            &world,
            agent(&world).shell("sudo sh -c 'echo ran >> /tmp/runs'"),
        );
        assert_eq!(yes.code(), Some(0), "{yes}");
        assert_eq!(
            std::fs::read_to_string("/tmp/runs")
                .unwrap()
                .lines()
                .count(),
            count
        );
        assert_eq!(entries(&world, "approved").len(), count);
        assert_eq!(entries(&world, "released").len(), count);
    }
}

#[test]
fn i5_silence_is_no() {
    let world = World::new();
    world.config(&DEFAULT_CONFIG.replace("timeout = 20", "timeout = 5"));
    let _daemon = world.start_daemon();
    let start = Instant::now();
    let done = agent(&world).shell("sudo echo ran").wait(PATIENCE);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(1), ""), "{done}");
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "never outlives its deadline"
    );
    assert!(
        done.stderr
            .contains("aisudo: expired: nobody answered within 5 s"),
        "{done}"
    );
    assert_eq!(entries(&world, "expired").len(), 1);
}

#[test]
fn i8_sudo_stays_sudo() {
    let (world, _daemon) = world();
    let script = "umask; ulimit -n; ls /proc/self/fd | wc -l; cat /proc/self/status | grep -E '^Sig(Blk|Ign|Cgt)'";
    let plain = aisudo_e2e::without_us(&world, || {
        agent(&world)
            .spawn(["sudo", "sh", "-c", script])
            .wait(PATIENCE)
            .expect_success()
    });
    let gated = approved(&world, agent(&world).spawn(["sudo", "sh", "-c", script]));
    assert_eq!(gated.stdout, plain.stdout);
}

#[test]
fn a_denial_says_the_approvers_words_and_what_not_to_try() {
    let (world, _daemon) = world();
    let sudo = agent(&world).shell("sudo echo ran");
    let code = world.wait_for_request();
    world
        .approver(["deny", &code, "--reason", "not on a Friday"])
        .expect_success();
    let done = sudo.wait(PATIENCE);
    assert!(
        done.stderr.contains(
            "aisudo: denied by root: not on a Friday (do not retry or look for another way; ask the person)\n"
        ),
        "{done}"
    );
    assert_eq!(done.code(), Some(1));
}

/// The daemon is killed at a moment that moves through the whole life of a request.
#[test]
fn a34_a_crash_at_any_moment_runs_nothing_undecided_and_loses_no_decision() {
    const ROUNDS: u32 = 240;
    let world = World::new();
    let mut daemon = world.start_daemon();
    let mut promised = 0;
    let mut ran = 0;
    for round in 0..ROUNDS {
        let mark = format!("/tmp/mark-{round}");
        let line = format!("sudo touch {mark}");
        let mut sudo = agent(&world).shell(&line);
        // First the moments of asking, then those of deciding and releasing.
        let early = round % 2 == 0;
        let moment = Duration::from_millis(u64::from(round / 2 % 40) * 3);
        if early {
            std::thread::sleep(moment);
            daemon.kill9();
            daemon = world.start_daemon();
        }
        let code = world.wait_for_request();
        let approving = world
            .run_as("root")
            .shell(&format!("{}/aisudo approve {code}", aisudo_testbed::BUILD));
        if !early {
            std::thread::sleep(moment / 4);
            daemon.kill9();
            daemon = world.start_daemon();
        }
        let approve = approving.wait(PATIENCE);
        let kept = approve.code() == Some(0);
        if !kept && sudo.is_running() && world.pending().contains(&code) {
            world.approver(["approve", &code]).expect_success();
        }
        let done = sudo.wait(Duration::from_secs(30));
        promised += u32::from(kept);
        assert!(
            !kept || done.code() == Some(0),
            "round {round}: a promised decision was lost: {done}"
        );
        assert_eq!(
            Path::new(&mark).exists(),
            done.code() == Some(0),
            "round {round}: {done}"
        );
        ran += u32::from(Path::new(&mark).exists());
    }
    let released = entries(&world, "released").len();
    let approvals = entries(&world, "approved").len();
    assert_eq!(
        u32::try_from(released).unwrap(),
        ran,
        "each run has its release"
    );
    assert!(approvals >= released);
    assert!(
        promised > 0 && ran > ROUNDS / 2,
        "{promised} promised, {ran} ran"
    );
    world.approver(["audit", "verify"]).expect_success();
    let sequence: Vec<u64> = audit(&world)
        .iter()
        .map(|entry| entry["sequence"].as_u64().unwrap())
        .collect();
    assert!(
        sequence
            .iter()
            .copied()
            .eq(1..=u64::try_from(sequence.len()).unwrap()),
        "no gap"
    );
    denied(&world, agent(&world).shell("sudo true"));
}

/// The service manager holds the sockets; the first sudo starts the daemon, and is not lost.
#[test]
fn a_daemon_that_is_started_by_its_sockets_serves_the_sudo_that_started_it() {
    let world = World::new();
    let daemon = format!("{}/aisudo-daemon", aisudo_testbed::BUILD);
    let manager = world.run_as("root").cwd("/").spawn([
        "systemd-socket-activate",
        "--fdname=gate:agent:control",
        "--listen=/run/aisudo/gate.sock",
        "--listen=/run/aisudo/agent.sock",
        "--listen=/run/aisudo/control.sock",
        &daemon,
    ]);
    aisudo_e2e::eventually("the sockets are there", || {
        Path::new("/run/aisudo/control.sock").exists()
    });
    let yes = approved(&world, agent(&world).shell("sudo echo ran"));
    assert_eq!(yes.stdout, "ran\n", "{yes}; {}", manager.stderr());
    assert_eq!(entries(&world, "released").len(), 1);
}
