//! A world as a machine is before aisudo: Debian's own files for sudo, the package's files in their
//! places, and no daemon.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use aisudo_testbed::{BUILD, OWNER_PASSWORD, Output, Run, Running, World};

/// How long a setup may take, with its tries of sudo.
pub(crate) const SETUP: Duration = Duration::from_secs(90);

/// Where PAM looks for modules.
const MODULES: &str = "/usr/lib/x86_64-linux-gnu/security";

/// Debian 12's `sudo` and `sudo-i`.
pub(crate) const PAM: &str = "\
#%PAM-1.0

# Set up user limits from /etc/security/limits.conf.
session    required   pam_limits.so

@include common-auth
@include common-account
@include common-session-noninteractive
";

pub(crate) struct Host {
    pub(crate) world: World,
}

impl Host {
    pub(crate) fn new() -> Self {
        let world = World::new();
        for service in ["sudo", "sudo-i"] {
            world.pam(service, PAM);
        }
        for made in ["/etc/aisudo", "/var/lib/aisudo"] {
            fs::remove_dir_all(made).unwrap();
        }
        fs::remove_file("/etc/sudoers.d/aisudo").unwrap();
        put("/etc/sudoers.d/owner", 0o440, "owner ALL=(ALL:ALL) ALL\n");
        let group = fs::read_to_string("/etc/group").unwrap();
        put(
            "/etc/group",
            0o644,
            &group.replace("sudo:x:27:", "sudo:x:27:owner"),
        );
        let host = Self { world };
        // The machine's own modules stay as they are: these are copies.
        host.root(&format!(
            "cp -a {MODULES} /run/modules && mount --bind /run/modules {MODULES}"
        ));
        host.install_module();
        host
    }

    pub(crate) fn install_module(&self) {
        self.root(&format!(
            "install -m 0644 {BUILD}/pam_aisudo.so {MODULES}/pam_aisudo.so"
        ));
    }

    pub(crate) fn module() -> PathBuf {
        Path::new(MODULES).join("pam_aisudo.so")
    }

    /// A line of shell, as root.
    #[track_caller]
    pub(crate) fn root(&self, line: &str) -> Output {
        self.run().shell(line).wait(SETUP).expect_success()
    }

    fn run(&self) -> Run {
        self.world.run_as("root").cwd("/")
    }

    /// `aisudo setup` and these options.
    #[track_caller]
    pub(crate) fn setup(&self, arguments: &[&str]) -> Output {
        self.start(&self.run(), arguments).wait(SETUP)
    }

    /// The same with somebody who types.
    #[track_caller]
    pub(crate) fn setup_typing(&self, arguments: &[&str]) -> Running {
        self.start(&self.run().stdin_open(), arguments)
    }

    #[track_caller]
    fn start(&self, run: &Run, arguments: &[&str]) -> Running {
        let aisudo = format!("{BUILD}/aisudo");
        run.spawn([&[&*aisudo, "setup"], arguments].concat())
    }

    /// The owner's sudo, with their password.
    #[track_caller]
    pub(crate) fn owners_sudo(&self, command: &str) -> Output {
        self.world
            .run_as("owner")
            .stdin(format!("{OWNER_PASSWORD}\n"))
            .shell(&format!("sudo -k -S -p '' {command}"))
            .wait(SETUP)
    }

    /// The owner's sudo works, whatever else does not (I9).
    #[track_caller]
    pub(crate) fn owner_is_let_in(&self) {
        let ran = self.owners_sudo("id -u").expect_success();
        assert_eq!(ran.stdout, "0\n", "{ran}");
    }

    /// The daemon that setup started.
    pub(crate) fn daemon_pid() -> Option<i32> {
        let pid = fs::read_to_string("/run/aisudo/daemon.lock").ok()?;
        let pid: i32 = pid.trim().parse().ok()?;
        let lives = fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty());
        lives.then_some(pid)
    }
}

/// Writes a file of root's.
pub(crate) fn put(path: &str, mode: u32, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is in a directory: each path with its mode, its owners, and its content.
pub(crate) fn tree(directory: &str) -> BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::from(directory)];
    while let Some(path) = open.pop() {
        let meta = path.symlink_metadata().unwrap();
        let content = if meta.is_symlink() {
            fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else if meta.is_dir() {
            open.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        found.insert(path, (meta.mode(), meta.uid(), meta.gid(), content));
    }
    found
}

/// The paths that differ.
pub(crate) fn changed(
    before: &BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>,
    after: &BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>,
) -> Vec<String> {
    let paths = before.keys().chain(after.keys());
    let mut changed: Vec<String> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| path.display().to_string())
        .collect();
    changed.sort();
    changed.dedup();
    changed
}
