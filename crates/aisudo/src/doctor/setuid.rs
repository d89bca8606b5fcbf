//! Programs that run with more than their caller has: setuid, setgid, capabilities.

use std::{
    fs::{self, DirEntry},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use aisudo_sys::clock;

use super::{capabilities, report::Report, users::Subject, view::View};

/// Where programs are, and where somebody could leave one.
const PLACES: [&str; 12] = [
    "/bin",
    "/sbin",
    "/usr",
    "/lib",
    "/opt",
    "/snap/bin",
    "/srv",
    "/home",
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/etc",
];

/// Files that are looked at, at most, and for how long.
const MOST_FILES: usize = 2_000_000;
const LONGEST: Duration = Duration::from_secs(30);

/// Names of programs that distributions install setuid or setgid root.
const KNOWN: &[&str] = &[
    "at",
    "atd",
    "batch",
    "bwrap",
    "chage",
    "chfn",
    "chrome-sandbox",
    "chsh",
    "crontab",
    "cvs-pserver",
    "dbus-daemon-launch-helper",
    "doas",
    "dotlockfile",
    "exim4",
    "expiry",
    "firejail",
    "fping",
    "fusermount",
    "fusermount-glusterfs",
    "fusermount3",
    "gpasswd",
    "grub2-set-bootflag",
    "gst-ptp-helper",
    "kismet_cap_linux_wifi",
    "ksu",
    "locate",
    "mail-lock",
    "mail-touchlock",
    "mail-unlock",
    "mlocate",
    "mount",
    "mount.cifs",
    "mount.davfs",
    "mount.ecryptfs_private",
    "mount.nfs",
    "mtr-packet",
    "newgidmap",
    "newgrp",
    "newuidmap",
    "ntfs-3g",
    "pam_extrausers_chkpwd",
    "pam_timestamp_check",
    "passwd",
    "ping",
    "ping6",
    "pkexec",
    "plocate",
    "polkit-agent-helper-1",
    "postdrop",
    "postqueue",
    "ppp-dial",
    "pppd",
    "procmail",
    "pt_chown",
    "sg",
    "snap-confine",
    "spice-client-glib-usb-acl-helper",
    "ssh-agent",
    "ssh-keysign",
    "staprun",
    "su",
    "su-rs",
    "sudo",
    "sudo-rs",
    "sudo.ws",
    "sudoedit",
    "sudoedit-rs",
    "systemd-run0",
    "traceroute6.iputils",
    "umount",
    "umount.cifs",
    "umount.nfs",
    "unix2_chkpwd",
    "unix_chkpwd",
    "userhelper",
    "usernetctl",
    "utempter",
    "VBoxHeadless",
    "vmware-user-suid-wrapper",
    "wall",
    "write",
    "write.ul",
    "Xorg.wrap",
    "bsd-write",
    "camel-lock-helper-1.2",
    "lockfile",
    "lxc-user-nic",
    "lxc-attach",
    "abrt-action-install-debuginfo-to-abrt-cache",
    "vmware-vmx",
    "authd",
    "cockpit-session",
    "pcsc-wrapper",
    "qemu-bridge-helper",
    "seunshare",
    "sandbox",
    "virtiofsd",
    "nbd-client",
    "ecryptfs-mount-private",
    "dumpcap",
    "incus-user",
];

pub(super) fn check(view: &View<'_>, subjects: &[Subject], report: &mut Report) {
    for id in [
        "door.setuid_unknown",
        "door.setuid_writable",
        "door.capability",
        "door.scan_incomplete",
    ] {
        report.looked(id);
    }
    let mut scan = Scan::default();
    let start = clock::boottime();
    let seen = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let roots: Vec<PathBuf> = PLACES.iter().map(|place| view.at(place)).collect();
    for root in roots
        .iter()
        .filter(|root| seen(root) && !cannot_raise(root))
    {
        let device = root.metadata().map_or(0, |meta| meta.dev());
        scan.walk(root, device, &|| {
            let passed = clock::boottime().0.saturating_sub(start.0);
            u128::from(passed) > LONGEST.as_millis()
        });
    }
    for found in &scan.found {
        told(view, found, subjects, report);
    }
    if scan.incomplete {
        report.add(
            "door.scan_incomplete",
            format!(
                "not all programs were looked at: {} files in {} s",
                scan.files,
                LONGEST.as_secs()
            ),
            "look yourself: find / -xdev -type f -perm /6000",
        );
    }
}

/// A program with more rights than its caller.
struct Found {
    path: PathBuf,
    setuid_root: bool,
    /// setgid to a group that is as good as root.
    setgid: bool,
    capabilities: Vec<&'static str>,
}

#[derive(Default)]
struct Scan {
    files: usize,
    incomplete: bool,
    found: Vec<Found>,
}

impl Scan {
    /// Goes down on one file system.
    fn walk(&mut self, top: &Path, device: u64, over: &dyn Fn() -> bool) {
        let mut waiting = vec![top.to_path_buf()];
        while let Some(directory) = waiting.pop() {
            if self.files > MOST_FILES || over() {
                self.incomplete = true;
                return;
            }
            let Ok(entries) = fs::read_dir(&directory) else {
                continue;
            };
            for entry in entries.filter_map(Result::ok) {
                let Ok(kind) = entry.file_type() else {
                    continue;
                };
                if kind.is_dir() {
                    let here = entry.metadata().is_ok_and(|meta| meta.dev() == device);
                    if here {
                        waiting.push(entry.path());
                    }
                } else if kind.is_file() {
                    self.files += 1;
                    self.found.extend(look(&entry));
                }
            }
        }
    }
}

/// Programs there gain nothing: mount(8), nosuid.
fn cannot_raise(directory: &Path) -> bool {
    rustix::fs::statvfs(directory).is_ok_and(|file_system| {
        file_system
            .f_flag
            .contains(rustix::fs::StatVfsMountFlags::NOSUID)
    })
}

fn look(entry: &DirEntry) -> Option<Found> {
    let meta = entry.metadata().ok()?;
    let mode = meta.mode();
    if mode & 0o111 == 0 {
        return None;
    }
    let path = entry.path();
    let setuid_root = mode & 0o4000 != 0 && meta.uid() == 0;
    // Only with the group's right to execute is it setgid, and not mandatory locking.
    let setgid = mode & 0o2010 == 0o2010 && meta.gid() == 0;
    let capabilities = capabilities::of(&path);
    (setuid_root || setgid || !capabilities.is_empty()).then_some(Found {
        path,
        setuid_root,
        setgid,
        capabilities,
    })
}

fn told(view: &View<'_>, found: &Found, subjects: &[Subject], report: &mut Report) {
    let path = view.shown(&found.path);
    let shown = path.display();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let raised = found.setuid_root || found.setgid;
    let what = if found.setuid_root {
        "setuid root"
    } else {
        "setgid root"
    };
    // A known name counts only where root alone can put programs.
    let is_known = KNOWN.contains(&name.as_ref())
        && aisudo_sys::writers::who_else(&found.path).is_none()
        && ["/usr", "/bin", "/sbin", "/lib", "/opt"]
            .iter()
            .any(|top| path.starts_with(top));
    if raised && !is_known {
        report.add(
            "door.setuid_unknown",
            format!("{shown} is {what}, and not one of those that distributions install so"),
            format!("find out what it is; if it need not be: chmod ug-s {shown}"),
        );
    }
    if !found.capabilities.is_empty() && !is_known_with(&name, &found.capabilities) {
        report.add(
            "door.capability",
            format!("{shown} has {}", found.capabilities.join(", ")),
            format!("if it need not have them: setcap -r {shown}"),
        );
    }
    for subject in subjects {
        if subject.who().can_change(&found.path) {
            report.add(
                "door.setuid_writable",
                format!(
                    "{} can change {shown}, which has root's rights",
                    subject.name
                ),
                format!("chown root {shown} && chmod go-w {shown}, and its directory"),
            );
        }
    }
}

/// Capabilities that programs come with.
fn is_known_with(name: &str, capabilities: &[&str]) -> bool {
    match name {
        "newuidmap" => capabilities == ["cap_setuid"],
        "newgidmap" => capabilities == ["cap_setgid"],
        "snap-confine" | "suexec" | "gst-ptp-helper" => true,
        _ => false,
    }
}
