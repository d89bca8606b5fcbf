//! Ending what was started, by pid and by nothing else.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};

/// The pid as the system calls want it.
pub(crate) fn pid_of(id: u32) -> Pid {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .expect("a pid")
}

/// Kills a process that leads its group, and the group.
pub(crate) fn kill_group(id: u32) {
    // Nothing left to kill is what we want.
    let _ = kill_process_group(pid_of(id), Signal::KILL);
}

/// Waits until the process has ended. False: the deadline passed. It must be an unreaped child of ours.
pub(crate) fn wait_for_exit(id: u32, deadline: Instant) -> bool {
    let pidfd = pidfd_open(pid_of(id), PidfdFlags::empty()).expect("open a pidfd of our child");
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).expect("a short wait");
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll a pidfd: {error}"),
        }
    }
}

/// Kills every process whose mount namespace is `namespace` (what the link `/proc/…/ns/mnt` says), except this one.
pub(crate) fn kill_all_in(namespace: &Path) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while kill_once(namespace) > 0 {
        assert!(
            Instant::now() < deadline,
            "a process of the world does not die"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill_once(namespace: &Path) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else {
        return 0;
    };
    let own = std::process::id();
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|&id| id != own && kill_if_in(id, namespace).is_some())
        .count()
}

fn kill_if_in(id: u32, namespace: &Path) -> Option<()> {
    // The pidfd first: what is looked at is what is killed, whatever becomes of the number.
    let pidfd = pidfd_open(pid_of(id), PidfdFlags::empty()).ok()?;
    let theirs = fs::read_link(format!("/proc/{id}/ns/mnt")).ok()?;
    if theirs != namespace {
        return None;
    }
    pidfd_send_signal(pidfd, Signal::KILL).ok()
}
