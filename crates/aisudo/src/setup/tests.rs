//! Setup in a folder that stands for a machine: Debian's, Fedora's, Arch's and macOS's files.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use aisudo_core::config::When;
use aisudo_sys::users::Account;

use super::{
    apply,
    choice::{Choice, Gated},
    plan::{Findings, Plan},
    record::{Kind, Record, Service, Store},
    system::{Folder, System},
    undo::{self, Extent},
};
use crate::host::{below, os::Os, sudo::Sudo};

/// A machine as a folder.
struct Machine {
    keep: tempfile::TempDir,
    sudos: Vec<Sudo>,
}

const FEDORA: &str = "#%PAM-1.0\nauth       include      system-auth\naccount    include      system-auth\nsession    include      system-auth\n";

impl Machine {
    fn new(os_release: &str) -> Self {
        let this = Self {
            keep: tempfile::tempdir().unwrap(),
            sudos: vec![Sudo::parse("Sudo version 1.9.15p5", Path::new("/usr/bin/sudo")).unwrap()],
        };
        this.put("/etc/os-release", os_release);
        this.put("/etc/passwd", "root:x:0:0::/root:/bin/sh\nowner:x:1000:1000::/home/owner:/bin/sh\nagent:x:1001:1001::/home/agent:/bin/sh\n");
        this.put(
            "/etc/group",
            "root:x:0:\nwheel:x:10:owner\nowner:x:1000:\nagent:x:1001:\n",
        );
        this.put(
            "/etc/sudoers",
            "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n",
        );
        this.put("/etc/pam.d/sudo", FEDORA);
        this
    }

    fn root(&self) -> &Path {
        self.keep.path()
    }

    fn put(&self, path: &str, text: &str) {
        let path = below(self.root(), path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    fn text(&self, path: &str) -> Option<String> {
        fs::read_to_string(below(self.root(), path)).ok()
    }

    fn plan(&self, plugin: Option<&Path>) -> Result<Plan, String> {
        let os = Os::of(self.root());
        let system = Folder::new(self.root(), &os);
        Plan::make(&self.findings(&os, plugin), &choice(), &system)
    }

    fn findings<'a>(&'a self, os: &'a Os, plugin: Option<&'a Path>) -> Findings<'a> {
        Findings {
            root: self.root(),
            os,
            sudos: &self.sudos,
            module: "pam_aisudo.so",
            plugin,
            daemon: Some(Path::new("/usr/local/sbin/aisudo-daemon")),
            start: true,
            must_answer: false,
        }
    }

    /// Paths of the plan's edits, in their order.
    fn paths(&self, plan: &Plan) -> Vec<String> {
        let paths = plan.edits().map(|edit| edit.path.display().to_string());
        paths.collect()
    }
}

fn choice() -> Choice {
    Choice {
        gated: vec![Gated {
            name: "agent".to_owned(),
            groups: vec!["agent".to_owned()],
            when: When::Always,
            gets_rule: true,
        }],
        new_user: None,
    }
}

#[test]
fn what_the_gate_needs_comes_first_and_sudos_own_files_last() {
    let machine = Machine::new("ID=fedora\n");
    machine.put("/etc/pam.d/sudo-i", FEDORA);
    let module = Path::new("/usr/lib64/security/pam_aisudo.so");
    let plan = machine.plan(Some(module)).unwrap();
    assert_eq!(plan.groups, ["aisudo-approvers"]);
    assert_eq!(
        plan.users
            .iter()
            .map(|user| user.name())
            .collect::<Vec<_>>(),
        ["aisudo"]
    );
    assert_eq!(plan.service, Some(Service::Systemd));
    assert_eq!(
        machine.paths(&plan),
        [
            "/etc/aisudo/aisudo.toml",
            "/etc/systemd/system/aisudo-daemon.service",
            "/etc/systemd/system/aisudo-daemon.socket",
            "/etc/systemd/system/aisudo-daemon-agent.socket",
            "/etc/systemd/system/aisudo-daemon-control.socket",
            "/etc/sudoers.d/aisudo",
            "/etc/pam.d/sudo",
            "/etc/pam.d/sudo-i",
            "/etc/sudo.conf",
        ]
    );
    assert_eq!(plan.early.len(), 5);
    // Nothing was written for it.
    assert!(machine.text("/etc/aisudo/aisudo.toml").is_none());
}

#[test]
fn units_of_a_package_and_services_that_are_not_there_are_left_alone() {
    let machine = Machine::new("ID=arch\n");
    machine.put("/usr/lib/systemd/system/aisudo-daemon.service", "");
    let plan = machine.plan(None).unwrap();
    assert_eq!(
        machine.paths(&plan),
        [
            "/etc/aisudo/aisudo.toml",
            "/etc/sudoers.d/aisudo",
            "/etc/pam.d/sudo"
        ]
    );
    // A system whose own file is elsewhere: root's takes its place.
    fs::remove_file(below(machine.root(), "/etc/pam.d/sudo")).unwrap();
    assert!(
        machine
            .plan(None)
            .unwrap_err()
            .contains("/etc/pam.d/sudo is not there")
    );
    machine.put("/usr/lib/pam.d/sudo", FEDORA);
    let plan = machine.plan(None).unwrap();
    let edit = plan.late.last().unwrap();
    assert_eq!(
        (edit.path.as_path(), &edit.before),
        (Path::new("/etc/pam.d/sudo"), &None)
    );
    assert!(edit.after.contains("pam_aisudo.so\n") && edit.after.ends_with("system-auth\n"));
}

#[test]
fn macos_gets_one_line_in_the_file_that_updates_leave_alone() {
    let machine = Machine::new("");
    machine.put(
        "/System/Library/CoreServices/SystemVersion.plist",
        "<key>ProductVersion</key><string>15.1</string>",
    );
    machine.put("/etc/sudoers", "#includedir /private/etc/sudoers.d\n");
    let plan = machine.plan(None).unwrap();
    assert_eq!(plan.service, Some(Service::Launchd));
    assert_eq!((plan.groups.len(), plan.users.len()), (0, 0));
    assert_eq!(
        machine.paths(&plan),
        [
            "/etc/aisudo/aisudo.toml",
            "/etc/sudoers.d/aisudo",
            "/etc/pam.d/sudo_local"
        ]
    );
    let lines: Vec<&str> = plan.late[1].after.lines().collect();
    assert_eq!(
        lines[1..3],
        [
            "auth       binding        pam_aisudo.so",
            "auth       requisite      pam_aisudo.so"
        ]
    );
    assert_eq!(lines.len(), 4, "no account line is read there");
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_followed() {
    let machine = Machine::new("ID=fedora\n");
    let path = below(machine.root(), "/etc/pam.d/sudo");
    fs::rename(&path, path.with_extension("real")).unwrap();
    std::os::unix::fs::symlink("sudo.real", &path).unwrap();
    assert!(machine.plan(None).unwrap_err().contains("is no plain file"));
}

/// Users are those of the folder, nothing is run, and nothing is written elsewhere.
#[test]
fn a_folder_is_set_up_and_put_back_byte_for_byte() {
    let machine = Machine::new("ID=fedora\n");
    let group = "aisudo-approvers:x:990:\naisudo:x:991:\n";
    machine.put("/etc/group", group);
    let own = rustix::process::geteuid().as_raw();
    let passwd = format!(
        "aisudo:x:{own}:{}::/:/\nagent:x:1001:1001::/:/\n",
        rustix::process::getegid().as_raw()
    );
    machine.put("/etc/passwd", &passwd);
    // sudo.conf is there, and ends without a line's end.
    machine.put("/etc/sudo.conf", "# Nothing.");
    // Programs of the machine would check sudoers.
    let visudo = below(machine.root(), "/usr/sbin/visudo");
    machine.put("/usr/sbin/visudo", "#!/bin/sh\n");
    fs::set_permissions(&visudo, fs::Permissions::from_mode(0o755)).unwrap();

    let module = Path::new("/usr/lib64/security/pam_aisudo.so");
    let os = Os::of(machine.root());
    let system = Folder::new(machine.root(), &os);
    let store = Store::below(machine.root());
    let findings = machine.findings(&os, Some(module));
    let plan = machine.plan(Some(module)).unwrap();
    store.make().unwrap();
    let record = plan.record(&store).unwrap();
    store.begin(&record).unwrap();
    apply::apply(&plan, &findings, &system).unwrap();
    assert!(
        machine
            .text("/etc/sudo.conf")
            .unwrap()
            .contains("Plugin aisudo_approval /usr/lib64/")
    );
    store.keep().unwrap();
    assert_eq!(store.on_trial(), Ok(None));
    assert!(machine.plan(Some(module)).unwrap().edits().next().is_none());

    let kept = store.kept().unwrap().unwrap();
    assert_eq!(kept, record);
    let undone = undo::undo(&kept, &store, &system, Extent::Uninstall);
    assert_eq!(undone.failed, [""; 0]);
    assert_eq!(
        machine.text("/etc/sudo.conf").as_deref(),
        Some("# Nothing.")
    );
    assert_eq!(machine.text("/etc/pam.d/sudo").as_deref(), Some(FEDORA));
    assert_eq!(machine.text("/etc/sudoers.d/aisudo"), None);
    assert!(machine.text("/etc/aisudo/aisudo.toml").is_some());
    store.forget().unwrap();
    assert!(!below(machine.root(), "/var/backups/aisudo").exists());
}

#[test]
fn two_runs_go_back_to_where_the_first_began() {
    let machine = Machine::new("ID=fedora\n");
    let store = Store::below(machine.root());
    store.make().unwrap();
    let record = |before: Option<&str>, after: &str| {
        let mut record = Record::new();
        record.files.push(super::record::FileRecord {
            path: "/etc/pam.d/sudo".into(),
            kind: Kind::Pam,
            before: before.map(|text| super::record::Before {
                sha256: store.keep_content(text.as_bytes()).unwrap(),
                mode: 0o644,
                uid: 0,
                gid: 0,
            }),
            after: store.keep_content(after.as_bytes()).unwrap(),
        });
        record
    };
    let before_of = |store: &Store| {
        let kept = store.kept().unwrap().unwrap();
        let before = kept.files[0].before.unwrap();
        String::from_utf8(store.content(&before.sha256).unwrap()).unwrap()
    };
    store.begin(&record(Some("original"), "first")).unwrap();
    store.keep().unwrap();
    store.begin(&record(Some("first"), "second")).unwrap();
    store.keep().unwrap();
    assert_eq!(before_of(&store), "original");
    // Somebody has changed it in between: that is what it goes back to.
    store.begin(&record(Some("theirs"), "third")).unwrap();
    store.keep().unwrap();
    assert_eq!(before_of(&store), "theirs");
    // What nobody needs is not kept.
    let names = fs::read_dir(below(machine.root(), "/var/backups/aisudo")).unwrap();
    assert_eq!(names.count(), 3, "the manifest and two contents");
    // A content that was touched is not put back.
    let sha = store.kept().unwrap().unwrap().files[0].after;
    machine.put(&format!("/var/backups/aisudo/{sha}"), "x");
    assert!(
        store
            .content(&sha)
            .unwrap_err()
            .contains("is not what was kept")
    );
}

#[test]
fn a_folders_users_are_those_of_its_own_files() {
    let machine = Machine::new("ID=fedora\n");
    let system = Folder::new(machine.root(), &Os::of(machine.root()));
    let owner = system.account("owner").unwrap();
    assert_eq!(
        owner,
        Account {
            name: b"owner".to_vec(),
            uid: 1000,
            gid: 1000,
            shell: b"/bin/sh".to_vec(),
        }
    );
    assert_eq!(system.groups_of(&owner), ["wheel", "owner"]);
    assert_eq!(system.account("nobody"), None);
    assert_eq!(system.group("wheel"), Some(10));
    assert!(system.run(&["true"]).is_err() && !system.is_live());
}
