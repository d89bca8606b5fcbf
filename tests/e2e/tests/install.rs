//! The Debian package, on a Debian that is as debootstrap makes it: in, up, out, and nothing left.
//!
//! Each story has a machine of its own, which is gone afterwards. `cargo xtask test --all` makes the
//! releases under `target/roots/` and the packages under `target/package/test/`.

#![allow(missing_docs, reason = "stories")]

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use aisudo_testbed::enter_release;

const PATIENCE: Duration = Duration::from_secs(120);

/// How long a request may take to arrive.
const WAIT: Duration = Duration::from_secs(20);

/// What comes back otherwise than it was, and why that is well.
///
/// The copies with `-` are those that every change of a user leaves, by whatever program.
const LEFT: [&str; 5] = [
    "/etc/.pwd.lock",
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/passwd-",
    "/etc/shadow-",
];

/// A machine that lives as long as this.
struct Machine {
    holder: Child,
    /// Process 1 in there.
    first: u32,
    release: &'static str,
    /// How often [`Machine::robot`] was called.
    asked: Cell<u32>,
}

fn checkout() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    path.canonicalize().unwrap()
}

impl Machine {
    /// One with an owner, who may use sudo with a password, and a user for an agent.
    fn new(release: &'static str) -> Self {
        let checkout = checkout();
        let root = checkout.join("target/roots").join(release);
        assert!(
            root.join("usr/bin/sudo").exists(),
            "{} is not there: cargo xtask test --all makes it",
            root.display()
        );
        let words = ["sh", "-c", "echo up; exec sleep infinity"];
        let mut holder = enter_release(&root, &checkout, Path::new("/"), &words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut up = String::new();
        let stdout = holder.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut up).unwrap();
        assert_eq!(up, "up\n");
        let id = holder.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let machine = Self {
            first: children.trim().parse().unwrap(),
            holder,
            release,
            asked: Cell::new(0),
        };
        machine.root(
            "useradd --create-home --shell /bin/bash owner && usermod --append --groups sudo owner
             useradd --create-home --shell /bin/bash robot
             echo owner:owner-password | chpasswd",
        );
        machine
    }

    /// A line of shell, as root.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first.to_string()])
            .args(["--mount", "--pid", "--uts", "--root", "--wd"])
            .args(["sh", "-euc", line])
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, line: &str) -> Output {
        let mut child = self.command(line).spawn().unwrap();
        let start = Instant::now();
        // What is printed here is less than a pipe holds.
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > PATIENCE {
                let _ = child.kill();
                panic!("{}: `{line}` does not end", self.release);
            }
            thread::sleep(Duration::from_millis(20));
        }
        child.wait_with_output().unwrap()
    }

    /// The same, which must succeed; what it printed.
    #[track_caller]
    fn root(&self, line: &str) -> String {
        let output = self.run(line);
        assert!(
            output.status.success(),
            "{}: {line}: {}",
            self.release,
            text(&output)
        );
        text(&output)
    }

    fn as_user(user: &str, line: &str) -> String {
        format!(
            "setpriv --reuid={user} --regid={user} --init-groups --inh-caps=-all env HOME=/home/{user} USER={user} sh -c \"{line}\""
        )
    }

    fn package(number: u32) -> String {
        let directory = checkout().join("target/package/test");
        let found = fs::read_dir(&directory).ok().and_then(|mut entries| {
            entries.find_map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let wanted = format!("aisudo_0.0.{number}-1_");
                name.starts_with(&wanted).then_some(path)
            })
        });
        let why = "the packages are not there: cargo xtask test --all makes them";
        found.expect(why).to_str().unwrap().to_owned()
    }

    fn install(&self, number: u32) -> String {
        self.root(&format!("dpkg --install {} 2>&1", Self::package(number)))
    }

    /// The owner's sudo, with their password and without an agent.
    #[track_caller]
    fn owner_is_let_in(&self) {
        let line = Self::as_user("owner", "echo owner-password | sudo -k -S -p '' id -u");
        assert_eq!(self.root(&line), "0\n");
        let line = Self::as_user("owner", "echo wrong | sudo -k -S -p '' id -u");
        assert!(!self.run(&line).status.success());
    }

    /// One sudo of the agent, and what a person says to it: how it ended, and whether its command ran.
    #[track_caller]
    fn robot(&self, answer: &str) -> (Option<i32>, bool) {
        self.robot_by("sudo", answer)
    }

    /// The same with this sudo.
    #[track_caller]
    fn robot_by(&self, sudo: &str, answer: &str) -> (Option<i32>, bool) {
        // A command that was denied rests for a minute: so it is another one each time.
        let count = self.asked.get() + 1;
        self.asked.set(count);
        let sudo = self
            .command(&Self::as_user("robot", &format!("{sudo} printf {count}")))
            .spawn()
            .unwrap();
        self.root(&format!("aisudo {answer} {}", self.waiting()));
        let output = sudo.wait_with_output().unwrap();
        let ran = String::from_utf8(output.stdout).unwrap() == count.to_string();
        (output.status.code(), ran)
    }

    /// The code of the request that waits.
    #[track_caller]
    fn waiting(&self) -> String {
        let start = Instant::now();
        loop {
            let list = self.root("aisudo list --json");
            let list: serde_json::Value = serde_json::from_str(&list).unwrap();
            let mut rows = list["requests"].as_array().unwrap().iter();
            if let Some(row) = rows.find(|row| row["state"] == "pending") {
                return row["code"].as_str().unwrap().to_owned();
            }
            assert!(start.elapsed() < WAIT, "nothing waits: {list}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Each path with its mode, its owner, and what is in it.
    fn tree(&self, directory: &str) -> BTreeMap<String, (u32, u32, Vec<u8>)> {
        let root = PathBuf::from(format!("/proc/{}/root", self.first));
        let mut found = BTreeMap::new();
        let mut open = vec![directory.to_owned()];
        while let Some(path) = open.pop() {
            let real = root.join(&path[1..]);
            let meta = real.symlink_metadata().unwrap();
            let content = if meta.is_symlink() {
                fs::read_link(&real)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if meta.is_dir() {
                let entries = fs::read_dir(&real).unwrap();
                let names = entries.map(|entry| entry.unwrap().file_name());
                open.extend(names.map(|name| format!("{path}/{}", name.to_str().unwrap())));
                Vec::new()
            } else if meta.is_file() {
                fs::read(&real).unwrap()
            } else {
                Vec::new()
            };
            found.insert(path, (meta.mode(), meta.uid(), content));
        }
        found
    }

    /// All that a package, or setup, could leave something in; not what dpkg keeps of itself.
    fn state(&self) -> BTreeMap<String, (u32, u32, Vec<u8>)> {
        let mut state = BTreeMap::new();
        for directory in [
            "/etc",
            "/usr/bin",
            "/usr/sbin",
            "/usr/lib/systemd",
            "/usr/lib/sysusers.d",
            "/usr/lib/tmpfiles.d",
            "/usr/lib/x86_64-linux-gnu/security",
            "/usr/share/doc",
            "/usr/share/man",
            "/var/backups",
            "/var/lib/systemd",
        ] {
            state.extend(self.tree(directory));
        }
        for gone in [
            "/var/lib/aisudo",
            "/run/aisudo",
            "/usr/share/fish",
            "/usr/share/zsh",
        ] {
            let path = format!("/proc/{}/root{gone}", self.first);
            if Path::new(&path).exists() {
                state.extend(self.tree(gone));
            }
        }
        state
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its process 1 ends with it, and all others with that one.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

fn text(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// The paths that are not as they were.
fn changed(
    before: &BTreeMap<String, (u32, u32, Vec<u8>)>,
    after: &BTreeMap<String, (u32, u32, Vec<u8>)>,
) -> Vec<String> {
    let mut paths: Vec<String> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .filter(|path| !LEFT.contains(&path.as_str()))
        .cloned()
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// In, up while somebody waits, out.
fn from_nothing_and_back(release: &'static str) {
    let machine = Machine::new(release);
    machine.owner_is_let_in();
    let before = machine.state();

    let said = machine.install(1);
    assert!(
        said.contains("aisudo: no sudo asks yet. To set it up: sudo aisudo setup"),
        "{said}"
    );
    let now = machine.state();
    for untouched in ["/etc/pam.d/sudo", "/etc/sudoers", "/etc/sudo.conf"] {
        assert_eq!(now.get(untouched), before.get(untouched), "{untouched}");
    }
    assert!(!now.contains_key("/etc/sudoers.d/aisudo"));
    machine.owner_is_let_in();

    machine.root("aisudo setup --yes --agent-user robot 2>&1");
    assert_eq!(machine.robot("approve"), (Some(0), true));
    assert_eq!(machine.robot("deny"), (Some(1), false));
    if release == "trixie" {
        assert_eq!(machine.robot_by("sudo-rs", "approve"), (Some(0), true));
        assert_eq!(machine.robot_by("sudo-rs", "deny"), (Some(1), false));
    }
    machine.owner_is_let_in();
    let of_setup = machine.tree("/etc");

    let sudo = machine
        .command(&Machine::as_user("robot", "sudo id -u"))
        .spawn()
        .unwrap();
    let code = machine.waiting();
    let said = machine.install(2);
    assert!(!said.contains("no sudo asks yet"), "{said}");
    assert_eq!(changed(&of_setup, &machine.tree("/etc")), [""; 0]);
    machine.root(&format!("aisudo approve {code}"));
    let ran = sudo.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "0\n",
        "{}",
        text(&ran)
    );
    assert_eq!(machine.robot("approve"), (Some(0), true));
    machine.owner_is_let_in();

    machine.root("dpkg --remove aisudo 2>&1");
    machine.owner_is_let_in();
    let left = changed(&before, &machine.state());
    let config = |path: &String| path.starts_with("/etc/aisudo");
    assert!(left.iter().any(config), "{left:?}");
    for gone in [
        "/etc/pam.d/sudo",
        "/etc/pam.d/sudo-i",
        "/etc/sudoers.d",
        "/etc/sudoers.d/aisudo",
    ] {
        assert!(!left.iter().any(|path| path == gone), "{left:?}");
    }

    machine.root("dpkg --purge aisudo 2>&1");
    assert_eq!(changed(&before, &machine.state()), [""; 0]);
    machine.owner_is_let_in();
}

#[test]
#[ignore = "needs Debian's releases: cargo xtask test --all"]
fn debian_12_from_nothing_and_back() {
    from_nothing_and_back("bookworm");
}

#[test]
#[ignore = "needs Debian's releases: cargo xtask test --all"]
fn debian_13_from_nothing_and_back() {
    from_nothing_and_back("trixie");
}

/// An upgrade that has only got half-way, at each of its two halves.
#[test]
#[ignore = "needs Debian's releases: cargo xtask test --all"]
fn a09_i9_half_an_upgrade_leaves_a_sudo_that_works() {
    let machine = Machine::new("bookworm");
    machine.install(1);
    machine.root("aisudo setup --yes --agent-user robot --plugin 2>&1");
    machine.root(&format!("dpkg --unpack {} 2>&1", Machine::package(2)));
    assert!(
        machine
            .root("dpkg-query -W -f '${Status}' aisudo")
            .contains("unpacked")
    );
    machine.owner_is_let_in();
    assert_eq!(machine.robot("approve"), (Some(0), true));
    assert_eq!(machine.robot("deny"), (Some(1), false));

    // dpkg dies at some moment: later and later ones, until it comes to its end.
    let mut died = 0;
    for milliseconds in (0..).map(|step| step * 150) {
        let other = Machine::package(1 + died % 2);
        let line = format!(
            "timeout --signal=KILL {}.{:03} dpkg --force-downgrade --install {other}",
            milliseconds / 1000,
            milliseconds % 1000 + 1
        );
        let ended = machine.run(&line).status.success();
        machine.owner_is_let_in();
        assert_eq!(
            machine.robot("approve"),
            (Some(0), true),
            "{milliseconds} ms"
        );
        if ended {
            break;
        }
        died += 1;
        machine.root("rm -f /var/lib/dpkg/lock-held; dpkg --configure --pending 2>&1 || true");
    }
    assert!(died > 1, "dpkg was too quick to be caught");
}

/// A sudo that is to load a plugin whose file is gone runs nothing for anybody: so the line goes first.
#[test]
#[ignore = "needs Debian's releases: cargo xtask test --all"]
fn a09_i9_removing_takes_the_plugins_line_out_before_its_file() {
    let machine = Machine::new("trixie");
    let before = machine.state();
    machine.install(1);
    machine.root("aisudo setup --yes --agent-user robot --plugin 2>&1");
    assert!(
        machine
            .root("cat /etc/sudo.conf")
            .contains("\nPlugin aisudo_approval ")
    );
    assert_eq!(machine.robot("approve"), (Some(0), true));
    machine.root("dpkg --remove aisudo 2>&1");
    machine.owner_is_let_in();
    machine.root("dpkg --purge aisudo 2>&1");
    assert_eq!(changed(&before, &machine.state()), [""; 0]);
}

/// Setup cannot undo itself; its lines go all the same, before the module does.
#[test]
#[ignore = "needs Debian's releases: cargo xtask test --all"]
fn removing_takes_the_hooks_out_also_when_aisudo_cannot_be_started() {
    let machine = Machine::new("trixie");
    machine.install(1);
    machine.root("aisudo setup --yes --agent-user robot --plugin 2>&1");
    machine.root("printf 'garbage' > /usr/bin/aisudo.new && chmod 755 /usr/bin/aisudo.new && mv /usr/bin/aisudo.new /usr/bin/aisudo");
    let said = machine.root("dpkg --remove aisudo 2>&1");
    assert!(said.contains("setup could not undo itself"), "{said}");
    let etc = machine.tree("/etc");
    assert!(!etc.contains_key("/etc/sudoers.d/aisudo"));
    let text = |path: &str| String::from_utf8_lossy(&etc[path].2).into_owned();
    assert!(!text("/etc/sudo.conf").contains("aisudo"));
    for service in ["/etc/pam.d/sudo", "/etc/pam.d/sudo-i"] {
        let text = text(service);
        assert!(!text.contains("aisudo"), "{service}: {text}");
        assert!(text.contains("@include common-auth"), "{service}: {text}");
    }
    machine.owner_is_let_in();
}
