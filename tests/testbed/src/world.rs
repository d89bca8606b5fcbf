//! The world itself.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::marker::PhantomData;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use rustix::process::{Gid, Uid};

use crate::artefacts::Artefacts;
use crate::daemon::Daemon;
use crate::files::{ETC, FROM_HOST, OUR_PAM_LINES, pam_text};
use crate::namespace::Namespace;
use crate::processes::kill_all_in;
use crate::run::{Output, Run};
use crate::sudo::{Sudo, plugin_line, write_conf};

/// How long the `aisudo` command may take.
const COMMAND: Duration = Duration::from_secs(10);

/// How long a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(10);

/// Somebody in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// The name, also that of the group.
    pub name: &'static str,
    /// The uid, also the gid.
    pub id: u32,
    /// The home directory.
    pub home: &'static str,
    pub(crate) groups: &'static [u32],
}

impl User {
    /// Everybody there is.
    pub const ALL: [Self; 5] = [
        Self::new("root", 0, "/root", &[0]),
        Self::new("owner", 7000, "/home/owner", &[7000, 7100]),
        Self::new("agent", 7001, "/home/agent", &[7001]),
        Self::new("other", 7002, "/home/other", &[7002]),
        Self::new("aisudo", 7099, "/var/lib/aisudo", &[7099]),
    ];

    const fn new(name: &'static str, id: u32, home: &'static str, groups: &'static [u32]) -> Self {
        Self {
            name,
            id,
            home,
            groups,
        }
    }

    #[track_caller]
    fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|user| user.name == name);
        found.unwrap_or_else(|| panic!("there is no user {name} in the world"))
    }

    pub(crate) fn uid(self) -> Uid {
        Uid::from_raw(self.id)
    }

    pub(crate) fn gid(self) -> Gid {
        Gid::from_raw(self.id)
    }

    /// The groups in the first places; no memory is allocated.
    pub(crate) fn group_ids(self) -> [Gid; 2] {
        let at = |index| Gid::from_raw(self.groups.get(index).copied().unwrap_or(self.id));
        [at(0), at(1)]
    }
}

/// A private world for the calling thread. See the crate's description.
///
/// Stays on its thread, because the mounts are that thread's. When it is dropped, every process in it is
/// killed and the thread is back on the machine.
#[derive(Debug)]
pub struct World {
    namespace: Namespace,
    artefacts: Artefacts,
    sudo: Sudo,
    stays_here: PhantomData<MutexGuard<'static, ()>>,
}

impl World {
    /// A new one, with the defaults: sudoers, PAM and configuration for the gated user `agent`.
    ///
    /// # Panics
    /// Not root, or not Linux enough.
    #[must_use]
    #[track_caller]
    #[allow(
        clippy::new_without_default,
        reason = "it changes the thread it is called on"
    )]
    pub fn new() -> Self {
        Self::with_sudo(Sudo::chosen())
    }

    /// The same with this sudo, whatever `AISUDO_TEST_SUDO` says.
    ///
    /// # Panics
    /// As [`World::new`]; also when that sudo is not installed.
    #[must_use]
    #[track_caller]
    pub fn with_sudo(sudo: Sudo) -> Self {
        let artefacts = Artefacts::find();
        let namespace = Namespace::enter(fill_etc);
        fill_run();
        fill_homes();
        artefacts.install();
        let world = Self {
            namespace,
            artefacts,
            sudo,
            stays_here: PhantomData,
        };
        for service in ["sudo", "sudo-i"] {
            world.pam(service, &pam_text(OUR_PAM_LINES));
        }
        sudo.install();
        world
    }

    /// What `sudo` is here.
    #[must_use]
    pub fn sudo_kind(&self) -> Sudo {
        self.sudo
    }

    /// Loads the approval plugin here, with these options of sudo.conf(5).
    #[track_caller]
    pub fn plugin(&self, options: &[&str]) {
        assert_ne!(self.sudo, Sudo::Rs, "sudo-rs has no plugins");
        self.sudo_conf(&plugin_line(options));
    }

    /// Replaces `/etc/sudo.conf`, which has the plugin's line, or nothing, at first.
    #[track_caller]
    pub fn sudo_conf(&self, text: &str) {
        write_conf(text);
    }

    /// Replaces `/etc/sudoers.d/aisudo`, which is [`DEFAULT_SUDOERS`](crate::DEFAULT_SUDOERS) at first. For
    /// [`Sudo::Rs`], less the settings that it does not know and would complain of in each run.
    pub fn sudoers(&self, text: &str) {
        write("/etc/sudoers.d/aisudo", 0o440, &self.sudo.sudoers(text));
    }

    /// Replaces one PAM service. See [`pam_text`].
    pub fn pam(&self, service: &str, text: &str) {
        write(&format!("/etc/pam.d/{service}"), 0o644, text);
    }

    /// Replaces `aisudo.toml`, which is [`DEFAULT_CONFIG`](crate::DEFAULT_CONFIG) at first.
    pub fn config(&self, toml: &str) {
        write("/etc/aisudo/aisudo.toml", 0o644, toml);
    }

    /// Replaces `policy.toml`, which is missing at first.
    pub fn policy(&self, toml: &str) {
        write("/etc/aisudo/policy.toml", 0o644, toml);
    }

    /// Replaces `approvers.toml`, which is missing at first.
    pub fn approvers(&self, toml: &str) {
        write("/etc/aisudo/approvers.toml", 0o644, toml);
    }

    /// To run something as `root`, `owner`, `agent`, `other` or `aisudo`.
    #[track_caller]
    pub fn run_as(&self, user: &str) -> Run {
        Run::as_user(User::named(user))
    }

    /// Starts the daemon and waits until gates can ask it.
    #[must_use]
    #[track_caller]
    pub fn start_daemon(&self) -> Daemon {
        self.start_daemon_with(&[])
    }

    /// Starts the daemon with these arguments.
    #[must_use]
    #[track_caller]
    pub fn start_daemon_with(&self, arguments: &[&str]) -> Daemon {
        let program = self.artefacts.in_world("aisudo-daemon");
        Daemon::start(program, arguments, &self.run_as("root").cwd("/"))
    }

    /// Runs the command `aisudo` as root, who may decide.
    #[track_caller]
    pub fn approver<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.aisudo("root", arguments)
    }

    /// Runs the command `aisudo` as somebody.
    #[track_caller]
    pub fn aisudo<S: AsRef<OsStr>>(
        &self,
        user: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Output {
        let mut words = vec![self.artefacts.in_world("aisudo").into_os_string()];
        words.extend(arguments.into_iter().map(|word| word.as_ref().to_owned()));
        self.run_as(user).spawn(words).wait(COMMAND)
    }

    /// The codes of the requests that wait for a person. Nothing also when the daemon does not answer.
    #[track_caller]
    pub fn pending(&self) -> Vec<String> {
        codes_of_pending(&self.approver(["list", "--json"]).stdout)
    }

    /// Waits until a request is pending and returns its code.
    #[track_caller]
    pub fn wait_for_request(&self) -> String {
        self.wait_for_requests(1).remove(0)
    }

    /// Waits until this many requests are pending and returns their codes.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) -> Vec<String> {
        let deadline = Instant::now() + REQUEST;
        loop {
            let list = self.approver(["list", "--json"]);
            let codes = codes_of_pending(&list.stdout);
            if codes.len() >= count {
                return codes;
            }
            if Instant::now() > deadline {
                panic!("no {count} pending requests within {REQUEST:?}; {list}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        kill_all_in(&self.namespace.name);
        if let Err(error) = self.namespace.leave() {
            // The thread is of no more use, but a panic here would hide the test's own.
            eprintln!("testbed: cannot leave the world: {error}");
        }
    }
}

/// The codes in `aisudo list --json`: an array of rows, an object that holds one, or a row a line.
fn codes_of_pending(json: &str) -> Vec<String> {
    let values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
    values
        .map_while(Result::ok)
        .flat_map(|value| match value {
            serde_json::Value::Array(rows) => rows,
            serde_json::Value::Object(mut object) => match object.remove("requests") {
                Some(serde_json::Value::Array(rows)) => rows,
                _ => vec![serde_json::Value::Object(object)],
            },
            other => vec![other],
        })
        .filter(|row| row["state"] == "pending")
        .filter_map(|row| row["code"].as_str().map(str::to_owned))
        .collect()
}

fn fill_etc(host: &Path) {
    for name in FROM_HOST {
        let copied = copy_tree(&host.join(name), &Path::new("/etc").join(name));
        copied.unwrap_or_else(|error| panic!("copy /etc/{name} into the world: {error}"));
    }
    make_dir("/etc/sudoers.d", 0o750, 0);
    make_dir("/etc/aisudo", 0o755, 0);
    make_dir("/etc/pam.d", 0o755, 0);
    for (name, mode, text) in ETC {
        write(&format!("/etc/{name}"), *mode, text);
    }
    for secret in ["/etc/shadow", "/etc/gshadow"] {
        chown(secret, Some(0), Some(42)).expect("give the shadow group its file");
    }
}

fn fill_run() {
    make_dir("/run/sudo", 0o711, 0);
    make_dir("/run/lock", 0o1777, 0);
    make_dir("/run/aisudo", 0o755, 0);
    make_dir("/var/lib/aisudo", 0o700, User::named("aisudo").id);
}

fn fill_homes() {
    for user in User::ALL {
        if user.home.starts_with("/home/") {
            make_dir(user.home, 0o700, user.id);
        }
    }
}

fn make_dir(path: &str, mode: u32, owner: u32) {
    let made = fs::DirBuilder::new().recursive(true).create(path);
    made.and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
        .and_then(|()| chown(path, Some(owner), Some(owner)))
        .unwrap_or_else(|error| panic!("make {path} in the world: {error}"));
}

/// Puts the file in place in one step: a daemon or a sudo that is running sees the old one or the new.
fn write(path: &str, mode: u32, text: &str) {
    // sudo ignores what has a dot in its name.
    let new = format!("{path}.new");
    fs::write(&new, text)
        .and_then(|()| fs::set_permissions(&new, fs::Permissions::from_mode(mode)))
        .and_then(|()| fs::rename(&new, path))
        .unwrap_or_else(|error| panic!("write {path} in the world: {error}"));
}

/// Copies a file, a link or a directory, if it is there.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(from) else {
        return Ok(());
    };
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    if metadata.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else if metadata.is_file() {
        fs::copy(from, to)?;
    } else if metadata.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::codes_of_pending;

    #[test]
    fn codes_are_found_in_rows_lists_and_objects() {
        let row = r#"{"code":"K7","state":"pending"}"#;
        let over = r#"{"code":"A1","state":"denied"}"#;
        for json in [
            format!("[{over},{row}]"),
            format!("{{\"requests\":[{row},{over}]}}"),
            format!("{row}\n{over}\n"),
        ] {
            assert_eq!(codes_of_pending(&json), ["K7"], "{json}");
        }
        assert!(codes_of_pending("error: no daemon").is_empty());
    }
}
