//! The real sudo, with our module and without.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use aisudo_testbed::{BUILD, Daemon, Run, World, pam_text};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::Scale;
use crate::approver::Approver;
use crate::table::{Samples, Table};

const PATIENCE: Duration = Duration::from_secs(60);

/// Between a request's arrival and the answer: its gate has come to rest by then.
const THINKING: Duration = Duration::from_millis(5);

/// Allows what is measured. Without effect where policies are not read yet.
const POLICY: &str = r#"version = 1

[[rule]]
name = "true"
effect = "allow"
program = "/usr/bin/true"
args = []
"#;

/// The same lines as a world has at first.
pub(crate) fn gated() -> String {
    let lines = format!(
        "auth    [success=done ignore=ignore default=die] {BUILD}/pam_aisudo.so\naccount required {BUILD}/pam_aisudo.so"
    );
    pam_text(&lines)
}

/// sudo without us: everybody is let in.
fn permitted() -> String {
    pam_text("auth sufficient pam_permit.so\naccount sufficient pam_permit.so")
}

/// (a): the whole of `sudo true`.
pub(crate) fn against_plain(world: &World, scale: Scale, table: &mut Table) {
    fs::write("/etc/aisudo/policy.toml", POLICY).expect("write the policy");
    let daemon = world.start_daemon();
    let warm = true_as_agent(world).wait(PATIENCE);
    assert_eq!(warm.code(), Some(0), "allowed by the policy: {warm}");
    let (mut ours, mut plain) = (Cost::default(), Cost::default());
    let mut ratios = Samples::default();
    let daemon_before = daemon_cpu_ms(&daemon);
    for pair in 0..scale.pairs {
        for turn in 0..2 {
            // Each goes first as often as the other.
            if (pair + turn) % 2 == 0 {
                world.pam("sudo", &gated());
                ours.add(world);
            } else {
                world.pam("sudo", &permitted());
                plain.add(world);
            }
        }
        if let (Some(ours), Some(plain)) = (ours.wall.0.last(), plain.wall.0.last()) {
            ratios.0.push(ours / plain);
        }
    }
    let daemon_ms = (daemon_cpu_ms(&daemon) - daemon_before) / scale.pairs as f64;
    world.pam("sudo", &gated());
    drop(daemon);
    let wall = ours.wall.median() / plain.wall.median();
    table.row(
        "(a) `sudo true` against pam_permit, wall",
        format!(
            "{wall:.2}x ({:.2} against {:.2} ms; p99 {:.2} against {:.2})",
            ours.wall.median(), plain.wall.median(), ours.wall.p99(), plain.wall.p99()
        ),
        Some(("<= 1.05x", wall <= 1.05)),
        json!({"ratio": wall, "pairwise": ratios.json(), "ours_ms": ours.wall.json(), "plain_ms": plain.wall.json()}),
    );
    let cpu = ours.cpu.median() / plain.cpu.median();
    table.row(
        "(a) `sudo true` against pam_permit, CPU",
        format!("{cpu:.2}x ({:.2} against {:.2} ms, and {daemon_ms:.2} ms in the daemon)", ours.cpu.median(), plain.cpu.median()),
        Some(("<= 1.05x", cpu <= 1.05)),
        json!({"ratio": cpu, "ours_ms": ours.cpu.json(), "plain_ms": plain.cpu.json(), "daemon_ms": daemon_ms}),
    );
}

fn true_as_agent(world: &World) -> aisudo_testbed::Running {
    quiet(world).spawn(["sudo", "/usr/bin/true"])
}

fn quiet(world: &World) -> Run {
    world.run_as("agent").stdout_null().stderr_null()
}

/// What runs cost, in milliseconds.
#[derive(Default)]
struct Cost {
    wall: Samples,
    cpu: Samples,
}

impl Cost {
    fn add(&mut self, world: &World) {
        let (start, before) = (Instant::now(), children_cpu_ms());
        true_as_agent(world).wait(PATIENCE).expect_success();
        self.wall.0.push(start.elapsed().as_secs_f64() * 1e3);
        self.cpu.0.push(children_cpu_ms() - before);
    }
}

fn children_cpu_ms() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    #[allow(unsafe_code)]
    // SAFETY: the kernel fills the structure behind a valid pointer; all zeros is one as well.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    let ms = |time: libc::timeval| time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3;
    ms(usage.ru_utime) + ms(usage.ru_stime)
}

/// What its threads have used, in milliseconds.
fn daemon_cpu_ms(daemon: &Daemon) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("the daemon's threads");
    let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("schedstat")).ok();
    let ns = |text: String| text.split(' ').next()?.parse::<f64>().ok();
    tasks.flatten().filter_map(of).filter_map(ns).sum::<f64>() / 1e6
}

/// (b): from the answer to the command's first instruction, in milliseconds.
pub(crate) fn decision_to_exec(world: &World, count: usize) -> (Samples, Samples) {
    let stamp = install_stamp();
    let mut approver = Approver::new();
    let (mut to_exec, mut to_disk) = <(Samples, Samples)>::default();
    for _ in 0..count {
        let sudo = world.run_as("agent").stderr_null().spawn(["sudo", &stamp]);
        let row = approver.next().expect("a request");
        std::thread::sleep(THINKING);
        let answered = now_ns();
        approver.approve(&row);
        to_disk.0.push((now_ns() - answered) / 1e6);
        let out = sudo.wait(PATIENCE).expect_success();
        let ran: f64 = out.stdout.trim().parse().expect("when it ran");
        to_exec.0.push((ran - answered) / 1e6);
    }
    (to_exec, to_disk)
}

/// The same way without us: from the last PAM module to the command's first instruction.
pub(crate) fn plain_to_exec(world: &World, count: usize) -> Samples {
    let stamp = install_stamp();
    let file = "/tmp/aisudo-bench-stamp";
    world.pam(
        "sudo",
        &pam_text(&format!(
            "auth sufficient pam_permit.so\naccount required pam_exec.so quiet {stamp} {file}"
        )),
    );
    let mut samples = Samples::default();
    for _ in 0..count {
        let _ = fs::remove_file(file);
        let out = world
            .run_as("agent")
            .stderr_null()
            .spawn(["sudo", &stamp])
            .wait(PATIENCE)
            .expect_success();
        let from: f64 = fs::read_to_string(file)
            .expect("when PAM ended")
            .trim()
            .parse()
            .expect("a time");
        let ran: f64 = out.stdout.trim().parse().expect("when it ran");
        samples.0.push((ran - from) / 1e6);
    }
    world.pam("sudo", &gated());
    samples
}

pub(crate) fn install_stamp() -> String {
    let to = format!("{BUILD}/stamp");
    if !Path::new(&to).exists() {
        let here = std::env::current_exe().expect("the path of this program");
        fs::copy(here.with_file_name("aisudo-bench-stamp"), &to).expect("copy the command");
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("make it executable");
    }
    to
}

pub(crate) fn now_ns() -> f64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// (g): the same with a long audit log.
pub(crate) fn with_long_log(world: &World, scale: Scale, table: &mut Table) {
    let _daemon = world.start_daemon();
    let (to_exec, _) = decision_to_exec(world, scale.decisions);
    table.row(
        &format!("(g) decision to exec, with {} audit rows", scale.audit_rows),
        format!("{:.2} ms, p99 {:.2}", to_exec.median(), to_exec.p99()),
        None,
        json!({"to_exec_ms": to_exec.json()}),
    );
}

/// (e): what sudo loads for us.
pub(crate) fn loaded(world: &World, table: &mut Table) {
    let size = fs::metadata(format!("{BUILD}/pam_aisudo.so"))
        .expect("the module")
        .len();
    table.row(
        "(e) size of pam_aisudo.so",
        format!("{} kB", size / 1000),
        Some(("<= 600 kB", size <= 600_000)),
        json!({"bytes": size}),
    );
    let daemon = world.start_daemon();
    let stamp = install_stamp();
    let mut approver = Approver::new();
    let sudo = world.run_as("agent").stderr_null().spawn(["sudo", &stamp]);
    let row = approver.next().expect("a request");
    std::thread::sleep(THINKING);
    let ours = pss(sudo.pid());
    approver.approve(&row);
    sudo.wait(PATIENCE).expect_success();
    world.pam("sudo", &permitted());
    let mut sudo =
        world
            .run_as("agent")
            .stdin_open()
            .spawn(["sudo", "/bin/sh", "-c", "echo here; read line"]);
    sudo.wait_for_stdout("here", PATIENCE);
    let plain = pss(sudo.pid());
    sudo.close_stdin();
    let _ = sudo.wait(PATIENCE);
    world.pam("sudo", &gated());
    drop(daemon);
    let only: Vec<(&String, &u64)> = ours
        .iter()
        .filter(|(name, _)| !plain.contains_key(*name))
        .collect();
    let kb: u64 = only.iter().map(|(_, kb)| **kb).sum();
    let heap = |map: &BTreeMap<String, u64>| map.get("[heap]").copied().unwrap_or_default();
    let names: Vec<&str> = only
        .iter()
        .filter_map(|(name, _)| name.rsplit('/').next())
        .collect();
    table.row(
        "(e) memory that sudo has for it while it waits (PSS)",
        format!(
            "{kb} kB in {}; heap {} kB, without us {} kB",
            names.join(", "),
            heap(&ours),
            heap(&plain)
        ),
        None,
        json!({"pss_kb": kb, "heap_kb": heap(&ours), "plain_heap_kb": heap(&plain)}),
    );
}

/// The proportional set size of each file in a process's memory, in kB.
fn pss(pid: u32) -> BTreeMap<String, u64> {
    let smaps = fs::read_to_string(format!("/proc/{pid}/smaps")).expect("the memory of sudo");
    let (mut sizes, mut name) = (BTreeMap::new(), String::new());
    for line in smaps.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["Pss:", kb, _] if !name.is_empty() => {
                *sizes.entry(name.clone()).or_default() += kb.parse::<u64>().unwrap_or_default();
            }
            [range, ..] if range.contains('-') => {
                name = words.get(5).copied().unwrap_or_default().to_owned()
            }
            _ => {}
        }
    }
    sizes
}
