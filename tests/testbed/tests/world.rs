//! The test bed tests itself: with the machine's real sudo, and PAM's own modules in the place of ours.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use aisudo_testbed::{AGENT_PASSWORD, BUILD, OWNER_PASSWORD, Signal, World, pam_text};

const SOON: Duration = Duration::from_secs(15);

/// Our module's place, taken by one that always says the same.
fn world_with(module: &str) -> World {
    let world = World::new();
    let lines = format!("auth sufficient {module}\naccount required {module}");
    for service in ["sudo", "sudo-i"] {
        world.pam(service, &pam_text(&lines));
    }
    world
}

/// A world in which the module says "not mine": the ordinary password path.
fn world_with_passwords() -> World {
    let world = World::new();
    world.pam("sudo", &pam_text(""));
    world
}

#[test]
fn sudo_works_without_a_terminal() {
    let world = world_with("pam_permit.so");
    let output = world
        .run_as("agent")
        .spawn(["sudo", "id", "-un"])
        .wait(SOON)
        .expect_success();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("root\n", "")
    );
    let output = world
        .run_as("agent")
        .spawn(["sudo", "-n", "-u", "other", "id", "-un"])
        .wait(SOON);
    assert_eq!(output.expect_success().stdout, "other\n");
    let output = world
        .run_as("agent")
        .spawn(["sudo", "-i", "pwd"])
        .wait(SOON)
        .expect_success();
    assert_eq!(output.stdout, "/root\n");
}

#[test]
fn sudo_works_on_a_terminal() {
    let world = world_with("pam_permit.so");
    let run = world.run_as("agent").with_tty();
    let output = run
        .spawn(["sudo", "sh", "-c", "tty; echo on stderr >&2"])
        .wait(SOON)
        .expect_success();
    assert!(output.tty.starts_with("/dev/pts/"), "{output}");
    assert!(output.tty.ends_with("on stderr\r\n"), "{output}");
    let output = run
        .clone()
        .stdout_to_pipe()
        .spawn(["sudo", "echo", "piped"])
        .wait(SOON)
        .expect_success();
    assert_eq!(
        (output.stdout.as_str(), output.tty.as_str()),
        ("piped\n", "")
    );
    let output = run
        .stdin_null()
        .spawn(["sudo", "sh", "-c", "ps -o tty= $$; cat"])
        .wait(SOON)
        .expect_success();
    assert!(
        output.tty.contains("pts/"),
        "a controlling terminal without standard input on it: {output}"
    );
}

#[test]
fn a_denial_is_a_denial() {
    let world = world_with("pam_deny.so");
    let output = world
        .run_as("agent")
        .spawn(["sudo", "-n", "id"])
        .wait(SOON)
        .expect_code(1);
    assert_eq!(output.stdout, "");
}

#[test]
fn a_password_is_taken_from_standard_input() {
    let world = world_with_passwords();
    for (user, password) in [("agent", AGENT_PASSWORD), ("owner", OWNER_PASSWORD)] {
        let right = world.run_as(user).stdin(format!("{password}\n"));
        let output = right
            .spawn(["sudo", "-S", "id", "-u"])
            .wait(SOON)
            .expect_success();
        assert_eq!(output.stdout, "0\n");
        let wrong = world.run_as(user).stdin("wrong\nwrong\nwrong\n");
        wrong
            .spawn(["sudo", "-k", "-S", "id", "-u"])
            .wait(SOON)
            .expect_code(1);
    }
    world
        .run_as("agent")
        .spawn(["sudo", "-n", "id"])
        .wait(SOON)
        .expect_code(1);
    let output = world
        .run_as("other")
        .stdin("wrong\n")
        .spawn(["sudo", "-S", "id"])
        .wait(SOON);
    output.expect_code(1);
}

#[test]
fn a_password_is_typed_on_a_terminal() {
    let world = world_with_passwords();
    let mut sudo = world.run_as("owner").with_tty().spawn(["sudo", "id", "-u"]);
    sudo.wait_for_tty("password for owner", SOON);
    sudo.type_in(format!("{OWNER_PASSWORD}\n"));
    let output = sudo.wait(SOON).expect_success();
    assert!(output.tty.ends_with("0\r\n"), "{output}");
    assert!(!output.tty.contains(OWNER_PASSWORD), "{output}");
}

#[test]
fn users_have_their_names_groups_homes_and_nothing_else() {
    let world = World::new();
    let script =
        "id -un; id -Gn; pwd; umask; hostname; env | sort | cut -d= -f1 | tr '\\n' ' '; ls -A";
    let output = world
        .run_as("owner")
        .shell(script)
        .wait(SOON)
        .expect_success();
    assert_eq!(
        output.stdout,
        "owner\nowner aisudo-approvers\n/home/owner\n0022\ntestbed\n\
         HOME LANG LOGNAME PATH PWD SHELL SHLVL USER _ "
    );
    let output = world
        .run_as("agent")
        .shell("cat /etc/shadow || ls /var/lib/aisudo /home/owner")
        .wait(SOON);
    assert_ne!(output.code(), Some(0), "{output}");
}

#[test]
fn what_is_written_to_a_command_and_taken_from_it_is_under_control() {
    let world = World::new();
    let mut cat = world.run_as("agent").stdin_open().spawn(["cat"]);
    cat.type_in("one\n");
    cat.wait_for_stdout("one\n", SOON);
    cat.type_in("two\n");
    cat.close_stdin();
    assert_eq!(cat.wait(SOON).expect_success().stdout, "one\ntwo\n");

    let mut yes = world.run_as("agent").spawn(["yes"]);
    yes.wait_for_stdout("y\n", SOON);
    yes.close_stdout();
    assert_eq!(yes.wait(SOON).code(), None, "ended by SIGPIPE");

    let mut shell = world
        .run_as("agent")
        .with_tty()
        .spawn(["sh", "-c", "echo ready; sleep 1000"]);
    shell.wait_for_tty("ready", SOON);
    shell.hang_up();
    assert_eq!(shell.wait(SOON).code(), None, "ended by SIGHUP");

    let mut sleep = world.run_as("agent").spawn(["sleep", "1000"]);
    assert!(sleep.is_running());
    sleep.signal(Signal::TERM);
    assert_eq!(sleep.wait(SOON).code(), None, "ended by SIGTERM");
}

#[test]
fn a_command_that_does_not_end_is_killed_and_shown() {
    let world = World::new();
    let sleep = world.run_as("agent").shell("echo before; sleep 1000");
    sleep.wait_for_stdout("before", SOON);
    let pid = sleep.pid();
    let hook = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        sleep.wait(Duration::from_millis(100))
    }));
    let message = *hook.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.contains("did not end within 100ms") && message.contains("before"),
        "{message}"
    );
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn the_machine_is_untouched() {
    const MARKS: [&str; 12] = [
        "tmp", "run", "etc", "var/lib", "var/tmp", "var/log", "home", "root", "dev/shm", "usr/bin",
        "opt", "",
    ];
    let mark = |directory: &&str| Path::new("/").join(directory).join("aisudo-testbed-mark");
    let before = state_of_the_machine(Path::new("/"));
    let world = world_with("pam_permit.so");
    let script = "echo agent ALL=NOPASSWD:ALL >/etc/sudoers.d/more; echo x:x:0:0:::/bin/sh >>/etc/passwd; \
        echo x >/etc/pam.d/sudo; rm /etc/sudoers; for file; do touch $file 2>/dev/null && echo $file; done";
    let command = ["sudo", "sh", "-c", script, "sh"].map(PathBuf::from);
    let output = world
        .run_as("agent")
        .spawn(command.into_iter().chain(MARKS.iter().map(mark)))
        .wait(SOON);
    assert_eq!(
        output.stdout.lines().count(),
        9,
        "own directories can be written, the machine's cannot: {output}"
    );
    assert!(
        fs::read_to_string("/etc/passwd")
            .unwrap()
            .contains("x:x:0:0")
    );

    // The parent of this process is in no world.
    let outside = PathBuf::from(format!(
        "/proc/{}/root",
        std::os::unix::process::parent_id()
    ));
    assert_eq!(before, state_of_the_machine(&outside));
    for path in MARKS.iter().map(mark) {
        assert!(
            !outside.join(path.strip_prefix("/").unwrap()).exists(),
            "{} is on the machine",
            path.display()
        );
    }
    drop(world);
    assert_eq!(before, state_of_the_machine(Path::new("/")));
}

#[test]
fn two_worlds_do_not_see_each_other() {
    let both_there = Barrier::new(2);
    let both_looked = Barrier::new(2);
    let in_world = |mine: &str, theirs: &str| {
        let world = world_with("pam_permit.so");
        let places = [
            "/tmp", "/run", "/etc", "/home", "/root", "/var/lib", "/dev/shm",
        ];
        let touch = places.map(|place| format!("{place}/{mine}")).join(" ");
        let mark = format!("touch {touch}");
        world
            .run_as("agent")
            .spawn(["sudo", "sh", "-c", &mark])
            .wait(SOON)
            .expect_success();
        both_there.wait();
        let look = format!("ls -d {}", touch.replace(mine, "*"));
        let output = world
            .run_as("root")
            .shell(&look)
            .wait(SOON)
            .expect_success();
        both_looked.wait();
        assert!(
            touch.split(' ').all(|path| output.stdout.contains(path)),
            "{output}"
        );
        assert!(!output.stdout.contains(theirs), "{output}");
    };
    std::thread::scope(|threads| {
        threads.spawn(|| in_world("mark-of-one", "mark-of-two"));
        threads.spawn(|| in_world("mark-of-two", "mark-of-one"));
    });
}

#[test]
fn nothing_is_left_of_a_world() {
    let mounts_before = fs::read_to_string("/proc/thread-self/mountinfo").unwrap();
    let directory_before = std::env::current_dir().unwrap();
    let name_before = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let world = world_with("pam_permit.so");
    let outlives = "setsid sh -c 'echo $$ >/tmp/orphan; exec sleep 1000' & disown";
    drop(world.run_as("agent").shell(outlives).wait(SOON));
    let in_background = world.run_as("agent").spawn([
        "sudo",
        "-b",
        "sh",
        "-c",
        "echo $$ >/tmp/background; exec sleep 1000",
    ]);
    let forgotten = world.run_as("agent").with_tty().spawn([
        "sudo",
        "sh",
        "-c",
        "echo $$ >/tmp/forgotten; exec sleep 1000",
    ]);
    let pids: Vec<u32> = ["orphan", "background", "forgotten"]
        .map(|name| pid_in(&format!("/tmp/{name}")))
        .into();
    assert!(pids.iter().all(|pid| is_running(*pid)));
    std::mem::forget(forgotten);
    drop(in_background);
    drop(world);
    for pid in pids {
        assert!(!is_running(pid), "{pid} is left");
    }
    assert_eq!(
        mounts_before,
        fs::read_to_string("/proc/thread-self/mountinfo").unwrap()
    );
    assert_eq!(directory_before, std::env::current_dir().unwrap());
    assert_eq!(
        name_before,
        fs::read_to_string("/proc/sys/kernel/hostname").unwrap()
    );
    assert!(!Path::new("/run/aisudo-build").exists());
}

#[test]
fn worlds_follow_each_other_on_one_thread() {
    for _ in 0..3 {
        let world = world_with("pam_permit.so");
        world
            .run_as("agent")
            .spawn(["sudo", "touch", "/tmp/here"])
            .wait(SOON)
            .expect_success();
        assert!(Path::new("/tmp/here").exists());
        drop(world);
        assert!(!Path::new("/etc/sudoers.d/aisudo").exists());
    }
}

/// Scripts in the place of the daemon and the command: what the test bed does with the real ones.
#[test]
fn a_daemon_is_started_waited_for_and_ended() {
    const DAEMON: &str = "#!/usr/bin/perl
        use IO::Socket::UNIX;
        unlink '/run/aisudo/gate.sock';
        my $gate = IO::Socket::UNIX->new(Local => '/run/aisudo/gate.sock', Listen => 1) or die;
        print STDERR \"listening @ARGV\\n\";
        while (1) { $gate->accept }";
    const COMMAND: &str = r#"#!/bin/sh
        [ "$1 $2" = "list --json" ] && echo "[{\"code\":\"K7\",\"state\":\"pending\"}]""#;
    let world = World::new();
    install("aisudo-daemon", DAEMON);
    install("aisudo", COMMAND);
    let mut daemon = world.start_daemon();
    daemon.wait_for_log("listening", SOON);
    assert_eq!(world.wait_for_request(), "K7");
    world.aisudo("owner", ["approve", "K7"]).expect_code(1);
    assert_eq!(daemon.kill9().code(), None);
    assert!(!is_running(daemon.pid()));

    let mut second = world.start_daemon_with(&["again"]);
    second.wait_for_log("listening again", SOON);
    assert_eq!(second.terminate().code(), None);
    let third = world.start_daemon();
    let pid = third.pid();
    drop(third);
    assert!(!is_running(pid));

    install("aisudo-daemon", "#!/bin/sh\necho broken config >&2; exit 3");
    fs::remove_file("/run/aisudo/gate.sock").unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.start_daemon()));
    let message = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("broken config"), "{message}");
}

fn install(name: &str, script: &str) {
    let path = Path::new(BUILD).join(name);
    let _ = fs::remove_file(&path);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn pid_in(file: &str) -> u32 {
    let deadline = Instant::now() + SOON;
    loop {
        match fs::read_to_string(file).unwrap_or_default().trim().parse() {
            Ok(pid) => return pid,
            Err(_) => assert!(Instant::now() < deadline, "no pid in {file}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn is_running(pid: u32) -> bool {
    // A zombie whose parent has not looked yet does not run.
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The bytes of the files that decide who is who and who may what.
fn state_of_the_machine(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let files = [
        "passwd",
        "group",
        "shadow",
        "sudoers",
        "sudo.conf",
        "hosts",
        "machine-id",
    ]
    .map(PathBuf::from);
    let directories = ["", "pam.d", "sudoers.d", "security"];
    let listed = directories.iter().flat_map(|directory| {
        let entries = fs::read_dir(root.join("etc").join(directory))
            .into_iter()
            .flatten();
        entries.map(move |entry| Path::new(directory).join(entry.unwrap().file_name()))
    });
    let paths = listed.chain(files);
    paths
        .map(|path| (path.clone(), fs::read(root.join("etc").join(path)).ok()))
        .collect()
}
