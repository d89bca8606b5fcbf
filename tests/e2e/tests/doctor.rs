//! `aisudo doctor` on a good set-up, on deliberately broken ones, and what `--fix` mends.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown, symlink},
        net::UnixListener,
    },
    process::Command,
    time::Duration,
};

use aisudo_e2e::{PATIENCE, eventually};
use aisudo_testbed::{
    BUILD, DEFAULT_CONFIG, DEFAULT_SUDOERS, Daemon, Output, Sudo, World, pam_text,
};
use serde_json::Value;

/// As setup writes them.
const PAM: &str = "\
# aisudo: begin (aisudo setup --uninstall takes this out)
auth    [success=done ignore=ignore module_unknown=ignore default=die] /run/aisudo-build/pam_aisudo.so
account [success=ok ignore=ignore module_unknown=ignore default=die] /run/aisudo-build/pam_aisudo.so
# aisudo: end";

/// A world as an owner would have it after setup, without a daemon. Its sudo is the C one without the plugin,
/// whichever the other stories run against: what is right depends on it, and is said here for one.
fn good() -> World {
    let world = World::new();
    match world.sudo_kind() {
        Sudo::C => {}
        Sudo::Plugin => put("/etc/sudo.conf", 0o644, "# Nothing but the defaults.\n"),
        Sudo::Rs => {
            let done = Command::new("/usr/bin/umount")
                .arg("/usr/bin/sudo")
                .status();
            assert!(done.expect("umount").success(), "the C sudo is back");
        }
    }
    for service in ["sudo", "sudo-i"] {
        world.pam(service, &pam_text(PAM));
    }
    world
}

/// A daemon that has its database, too.
fn daemon(world: &World) -> Daemon {
    let daemon = world.start_daemon();
    eventually("the daemon answers", || {
        world.approver(["status"]).code() == Some(0)
    });
    daemon
}

fn doctor(world: &World, arguments: &[&str]) -> Output {
    let mut words = vec![format!("{BUILD}/aisudo"), "doctor".to_owned()];
    words.extend(arguments.iter().map(|word| (*word).to_owned()));
    world
        .run_as("root")
        .spawn(words)
        .wait(Duration::from_secs(60))
}

fn json(done: &Output) -> Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done}"))
}

/// The ids of what is open, each once, sorted.
fn open(done: &Output) -> Vec<String> {
    ids(done, |severity| matches!(severity, "fail" | "warn"))
}

fn ids(done: &Output, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let json = json(done);
    let findings = json["findings"].as_array().expect("findings").clone();
    let mut ids: Vec<String> = findings
        .iter()
        .filter(|one| wanted(one["severity"].as_str().expect("a severity")))
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

#[test]
fn a_good_host_gets_one_line() {
    let world = good();
    let _daemon = daemon(&world);
    let done = doctor(&world, &["--json", "--verbose"]);
    assert_eq!(open(&done), Vec::<String>::new(), "{done}");
    assert_eq!(done.code(), Some(0), "{done}");
    let done = doctor(&world, &[]);
    // Notes are of the machine: whether pkexec is installed.
    assert!(done.stdout.starts_with("all 101 checks passed"), "{done}");
    assert_eq!((done.code(), done.stdout.lines().count()), (Some(0), 1));
}

/// One thing that is wrong, and what doctor must say: this and nothing else.
type Case<'a> = (&'a str, &'a [&'a str], fn(&World));

/// Breaks a good host with a running daemon in each of these ways.
#[track_caller]
fn each_is_found(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (name, expected, break_it) in cases {
        let world = good();
        let _daemon = daemon(&world);
        break_it(&world);
        let done = doctor(&world, &["--json"]);
        let found = open(&done);
        if found != *expected || done.code() != Some(1) {
            wrong.push(format!(
                "{name}: exit code {:?}, found {found:?}, expected {expected:?}\n{}",
                done.code(),
                done.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn chmod(path: &str, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .unwrap_or_else(|error| panic!("chmod {path}: {error}"));
}

fn put(path: &str, mode: u32, text: &str) {
    fs::create_dir_all(std::path::Path::new(path).parent().expect("a directory"))
        .and_then(|()| fs::write(path, text))
        .unwrap_or_else(|error| panic!("write {path}: {error}"));
    chmod(path, mode);
}

/// Puts a user into a group of the world.
fn join(user: &str, group: &str, gid: u32) {
    let text = fs::read_to_string("/etc/group").expect("read /etc/group");
    let others: String = text
        .lines()
        .filter(|line| !line.starts_with(&format!("{group}:")))
        .map(|line| format!("{line}\n"))
        .collect();
    put(
        "/etc/group",
        0o644,
        &format!("{others}{group}:x:{gid}:{user}\n"),
    );
}

fn replace(path: &str, mode: u32, old: &str, new: &str) {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(text.contains(old), "{path} has no {old:?}");
    put(path, mode, &text.replace(old, new));
}

fn with_sudoers(world: &World, more: &str) {
    world.sudoers(&format!("{DEFAULT_SUDOERS}{more}\n"));
}

fn without_setting(world: &World, setting: &str) {
    let kept: Vec<&str> = DEFAULT_SUDOERS
        .lines()
        .filter(|line| !line.contains(setting))
        .collect();
    assert!(kept.len() < DEFAULT_SUDOERS.lines().count());
    world.sudoers(&format!("{}\n", kept.join("\n")));
}

fn pam_with(world: &World, old: &str, new: &str) {
    assert!(PAM.contains(old), "{old}");
    world.pam("sudo", &pam_text(&PAM.replace(old, new)));
}

const MODULE: &str = "/run/aisudo-build/pam_aisudo.so";
const AUTH: &str = "auth    [success=done ignore=ignore module_unknown=ignore default=die] /run/aisudo-build/pam_aisudo.so\n";
const ACCOUNT: &str = "account [success=ok ignore=ignore module_unknown=ignore default=die] /run/aisudo-build/pam_aisudo.so\n";

#[test]
fn each_hole_in_pam_is_found() {
    each_is_found(&[
        ("no auth line", &["pam.auth_missing"], |world| {
            pam_with(world, AUTH, "")
        }),
        ("no account line", &["pam.account_missing"], |world| {
            pam_with(world, ACCOUNT, "")
        }),
        ("behind another auth line", &["pam.auth_order"], |world| {
            pam_with(
                world,
                AUTH,
                &format!("auth sufficient pam_permit.so\n{AUTH}"),
            );
        }),
        (
            "behind another account line",
            &["pam.account_order"],
            |world| {
                pam_with(
                    world,
                    ACCOUNT,
                    &format!("account sufficient pam_permit.so\n{ACCOUNT}"),
                );
            },
        ),
        (
            "behind an include",
            &["pam.account_order", "pam.auth_order"],
            |world| {
                world.pam(
                    "sudo",
                    &format!("@include common-auth\n@include common-account\n{PAM}\n"),
                );
            },
        ),
        ("auth sufficient", &["pam.auth_control"], |world| {
            pam_with(
                world,
                "[success=done ignore=ignore module_unknown=ignore default=die]",
                "sufficient",
            );
        }),
        ("auth default=ignore", &["pam.auth_control"], |world| {
            pam_with(
                world,
                "success=done ignore=ignore module_unknown=ignore default=die",
                "success=done ignore=ignore module_unknown=ignore default=ignore",
            );
        }),
        ("account optional", &["pam.account_control"], |world| {
            pam_with(
                world,
                "[success=ok ignore=ignore module_unknown=ignore default=die]",
                "optional",
            );
        }),
        (
            "no module_unknown=ignore",
            &["pam.module_unknown"],
            |world| {
                pam_with(world, " module_unknown=ignore", "");
            },
        ),
        ("an option that is none", &["pam.options"], |world| {
            pam_with(
                world,
                "default=die] /run/aisudo-build/pam_aisudo.so\naccount",
                "default=die] /run/aisudo-build/pam_aisudo.so debug\naccount",
            );
        }),
        (
            "sudo -i has no service of its own",
            &["pam.service_missing"],
            |_| {
                fs::remove_file("/etc/pam.d/sudo-i").expect("remove it");
            },
        ),
        (
            "sudo -i is as Debian has it",
            &["pam.account_missing", "pam.auth_missing"],
            |world| {
                world.pam("sudo-i", &pam_text(""));
            },
        ),
        ("includes in a circle", &["pam.unreadable"], |world| {
            world.pam("sudo", &pam_text(&format!("{PAM}\n@include sudo")));
        }),
        (
            "others can write an included file",
            &["pam.file_writable"],
            |_| {
                chmod("/etc/pam.d/common-auth", 0o666);
            },
        ),
        (
            "others can write the directory",
            &["pam.file_writable"],
            |_| chmod("/etc/pam.d", 0o775),
        ),
    ]);
}

#[test]
fn lines_of_ours_behind_an_include_of_their_own_are_found_in_place() {
    let world = good();
    world.pam("aisudo-lines", PAM);
    world.pam("sudo", &pam_text("@include aisudo-lines"));
    let _daemon = daemon(&world);
    let done = doctor(&world, &["--json"]);
    assert_eq!((open(&done), done.code()), (Vec::new(), Some(0)), "{done}");
}

#[test]
fn a09_a_module_that_cannot_be_loaded_is_found() {
    each_is_found(&[
        ("no module", &["module.missing"], |_| {
            fs::remove_file(MODULE).expect("remove it")
        }),
        ("no library", &["module.wrong_machine"], |_| {
            put(MODULE, 0o755, "#!/bin/sh\n")
        }),
        (
            "a library of another machine",
            &["module.wrong_machine"],
            |_| {
                let mut bytes = fs::read(MODULE).expect("the module");
                bytes[18] = if bytes[18] == 183 { 62 } else { 183 };
                fs::write(MODULE, bytes).expect("write it");
            },
        ),
        ("others can write it", &["module.writable"], |_| {
            chmod(MODULE, 0o757)
        }),
        (
            "others can write its directory",
            &["module.writable"],
            |_| chmod(BUILD, 0o777),
        ),
        ("it is the agent's", &["module.writable"], |_| {
            chown(MODULE, Some(7001), None).expect("chown");
        }),
    ]);
}

#[test]
fn each_hole_in_sudo_conf_is_found() {
    each_is_found(&[
        ("others can write it", &["sudo_conf.writable"], |_| {
            chmod("/etc/sudo.conf", 0o666)
        }),
        ("a line without a file", &["sudo_conf.malformed"], |_| {
            put("/etc/sudo.conf", 0o644, "Plugin some_policy\n");
        }),
        ("a plugin that is not there", &["plugin.missing"], |_| {
            put(
                "/etc/sudo.conf",
                0o644,
                "Plugin aisudo_approval /usr/lib/none.so\n",
            );
        }),
        (
            "a plugin that is no library",
            &["plugin.wrong_machine"],
            |_| {
                put("/etc/aisudo-plugin.so", 0o644, "");
                put(
                    "/etc/sudo.conf",
                    0o644,
                    "Plugin aisudo_approval /etc/aisudo-plugin.so\n",
                );
            },
        ),
        ("a plugin that is another", &["plugin.no_symbol"], |_| {
            let other = fs::read("/usr/bin/true").expect("a program");
            fs::write("/etc/aisudo-plugin.so", other).expect("write it");
            put(
                "/etc/sudo.conf",
                0o644,
                "Plugin aisudo_approval /etc/aisudo-plugin.so\n",
            );
        }),
        (
            "a plugin that others can write",
            &["plugin.writable"],
            |_| {
                let other = fs::read("/usr/bin/true").expect("a program");
                fs::write("/etc/aisudo-plugin.so", other).expect("write it");
                chmod("/etc/aisudo-plugin.so", 0o666);
                put(
                    "/etc/sudo.conf",
                    0o644,
                    "Plugin aisudo_approval /etc/aisudo-plugin.so\n",
                );
            },
        ),
    ]);
}

#[test]
fn each_hole_in_sudoers_is_found() {
    each_is_found(&[
        ("NOPASSWD for all", &["sudoers.nopasswd"], |world| {
            with_sudoers(world, "agent ALL=(ALL) NOPASSWD: ALL")
        }),
        ("NOPASSWD for one command", &["sudoers.nopasswd"], |world| {
            with_sudoers(world, "agent ALL=(root) NOPASSWD: /usr/bin/id")
        }),
        (
            "NOPASSWD for a group, by aliases, in another file",
            &["sudoers.nopasswd"],
            |_| {
                put(
                    "/etc/sudoers.d/zz",
                    0o440,
                    "Cmnd_Alias C = /usr/bin/id\nUser_Alias U = %agent\nU ALL = NOEXEC: NOPASSWD: C\n",
                );
            },
        ),
        ("!authenticate", &["sudoers.authenticate_off"], |world| {
            with_sudoers(world, "Defaults:agent !authenticate")
        }),
        (
            "!authenticate for one command",
            &["sudoers.authenticate_off"],
            |world| with_sudoers(world, "Defaults!/usr/bin/id !authenticate"),
        ),
        ("exempt_group", &["sudoers.exempt_group"], |world| {
            with_sudoers(world, "Defaults exempt_group=agent")
        }),
        ("!pam_acct_mgmt", &["sudoers.pam_acct_mgmt_off"], |world| {
            with_sudoers(world, "Defaults !pam_acct_mgmt")
        }),
        ("tickets as by default", &["sudoers.ticket"], |world| {
            without_setting(world, "timestamp_timeout")
        }),
        ("tickets by a later line", &["sudoers.ticket"], |world| {
            with_sudoers(world, "Defaults timestamp_timeout=5")
        }),
        ("tickets for ever", &["sudoers.ticket"], |world| {
            with_sudoers(world, "Defaults:%agent timestamp_timeout=-1")
        }),
        ("three tries", &["sudoers.passwd_tries"], |world| {
            without_setting(world, "passwd_tries")
        }),
        (
            "no noninteractive_auth",
            &["sudoers.noninteractive_auth_missing"],
            |world| without_setting(world, "noninteractive_auth"),
        ),
        ("another PAM service", &["sudoers.pam_service"], |world| {
            with_sudoers(world, "Defaults pam_service=su")
        }),
        (
            "another PAM service for -i",
            &["sudoers.pam_service"],
            |world| with_sudoers(world, "Defaults:agent pam_login_service=login"),
        ),
        ("root's password", &["sudoers.other_password"], |world| {
            with_sudoers(world, "Defaults rootpw")
        }),
        ("SETENV for one command", &["sudoers.setenv"], |world| {
            with_sudoers(world, "agent ALL=(root) SETENV: /usr/bin/id");
        }),
        ("setenv for all", &["sudoers.setenv"], |world| {
            with_sudoers(world, "Defaults setenv")
        }),
        ("!env_reset", &["sudoers.env_reset_off"], |world| {
            with_sudoers(world, "Defaults:agent !env_reset")
        }),
        ("a26: PYTHONPATH is kept", &["sudoers.env_keep"], |world| {
            with_sudoers(world, "Defaults env_keep += \"LANG PYTHONPATH\"")
        }),
        (
            "a26: all that begins so is kept",
            &["sudoers.env_keep"],
            |world| with_sudoers(world, "Defaults env_keep += \"LD_*\""),
        ),
        ("a20: no secure_path", &["sudoers.secure_path"], |_| {
            replace(
                "/etc/sudoers",
                0o440,
                "Defaults	secure_path",
                "#Defaults	secure_path",
            );
        }),
        (
            "a20: a secure_path through the agent's home",
            &["door.path"],
            |world| {
                with_sudoers(
                    world,
                    "Defaults secure_path=\"/home/agent/bin:/usr/sbin:/usr/bin\"",
                );
            },
        ),
        ("a syntax error", &["sudoers.check_failed"], |_| {
            put("/etc/sudoers.d/zz", 0o440, "bob ALL=(ALL\n");
        }),
        (
            "others can write a file",
            &["sudoers.check_failed", "sudoers.writable"],
            |_| {
                chmod("/etc/sudoers.d/aisudo", 0o666);
            },
        ),
        (
            "others can write the directory",
            &["sudoers.writable"],
            |_| {
                chmod("/etc/sudoers.d", 0o757);
            },
        ),
    ]);
}

#[test]
fn what_is_not_in_force_for_the_gated_user_is_not_told() {
    let world = good();
    world.sudoers(
        "Defaults !authenticate, timestamp_timeout=5, env_keep += LD_PRELOAD, pam_service=su\n\
         Defaults authenticate, env_keep -= LD_PRELOAD, pam_service=sudo\n\
         Defaults:other !pam_acct_mgmt\n\
         Defaults@elsewhere setenv\n\
         Defaults exempt_group=other\n\
         Defaults:agent timestamp_timeout=0, passwd_tries = 1, noninteractive_auth\n\
         User_Alias NOT = ALL, !agent\n\
         NOT ALL=(ALL) NOPASSWD: ALL\n\
         other ALL=(ALL) NOPASSWD: ALL\n\
         agent elsewhere=(ALL) NOPASSWD: ALL\n\
         # agent ALL=(ALL) NOPASSWD: ALL\n\
         agent ALL=(ALL) NOPASSWD: /usr/bin/id\n\
         agent ALL=(ALL:ALL) ALL\n",
    );
    let _daemon = daemon(&world);
    let done = doctor(&world, &["--json"]);
    assert_eq!((open(&done), done.code()), (Vec::new(), Some(0)), "{done}");
}

const SHELL_RULE: &str = "version = 1\n[[rule]]\nname = \"x\"\neffect = \"allow\"\nprogram = \"/usr/bin/bash\"\nargs = [\"-c\", \"true\"]\n";

#[test]
fn a36_each_file_of_roots_that_cannot_be_believed_is_found() {
    each_is_found(&[
        (
            "others can write the configuration",
            &["config.untrusted"],
            |_| chmod("/etc/aisudo/aisudo.toml", 0o666),
        ),
        (
            "the configuration is the agent's",
            &["config.untrusted"],
            |_| {
                chown("/etc/aisudo/aisudo.toml", Some(7001), None).expect("chown");
            },
        ),
        ("no configuration", &["config.untrusted"], |_| {
            fs::remove_file("/etc/aisudo/aisudo.toml").expect("remove it");
        }),
        (
            "a mistake in the configuration",
            &["config.malformed"],
            |world| world.config("version = 1\ngates = 1\n"),
        ),
        (
            "others can write the policy",
            &["policy.untrusted"],
            |world| {
                world.policy("version = 1\n");
                chmod("/etc/aisudo/policy.toml", 0o666);
            },
        ),
        ("a mistake in the policy", &["policy.malformed"], |world| {
            world.policy("version = 1\nx = 1\n")
        }),
        (
            "a rule that allows everything",
            &["policy.dangerous"],
            |world| world.policy(SHELL_RULE),
        ),
        (
            "others can write the approvers",
            &["approvers.untrusted"],
            |world| {
                world.approvers("version = 1\n");
                chmod("/etc/aisudo/approvers.toml", 0o606);
            },
        ),
        (
            "a mistake in the approvers",
            &["approvers.malformed"],
            |world| world.approvers("version = 2\n"),
        ),
        (
            "the database can be read by all",
            &["daemon.database"],
            |_| chmod("/var/lib/aisudo/state.db", 0o644),
        ),
        (
            "its directory can be read by all",
            &["daemon.state_dir"],
            |_| chmod("/var/lib/aisudo", 0o755),
        ),
        ("the database is the agent's", &["daemon.database"], |_| {
            chown("/var/lib/aisudo/state.db", Some(7001), None).expect("chown");
        }),
    ]);
}

#[test]
fn each_mistake_about_people_is_found() {
    each_is_found(&[
        ("nobody who can approve", &["approvers.none"], |world| {
            world.config(&DEFAULT_CONFIG.replace("\"terminal\", \"policy\"", "\"app\""));
        }),
        ("nothing is accepted", &["approvers.none"], |world| {
            world.config(&DEFAULT_CONFIG.replace("\"terminal\", \"policy\"", ""));
        }),
        ("the agent is an approver", &["approvers.gated"], |_| {
            join("agent", "aisudo-approvers", 7100)
        }),
        (
            "a group that is not there",
            &["approvers.group_unknown"],
            |world| {
                world.config(&DEFAULT_CONFIG.replace("aisudo-approvers", "approvers"));
            },
        ),
        (
            "a name that is misspelt",
            &["config.nobody_gated", "config.unknown_user"],
            |world| {
                world.config(&DEFAULT_CONFIG.replace("user = \"agent\"", "user = \"agnet\""));
            },
        ),
        ("nobody is gated", &["config.nobody_gated"], |world| {
            world.config("version = 1\n[channels.terminal]\ngroup = \"aisudo-approvers\"\n");
        }),
        (
            "the daemon is in a group of root's",
            &["daemon.user_groups"],
            |_| join("aisudo", "docker", 8000),
        ),
        (
            "the daemon's user is gated",
            &[
                "daemon.user_gated",
                "sudoers.noninteractive_auth_missing",
                "sudoers.passwd_tries",
                "sudoers.ticket",
            ],
            |world| {
                world.config(&format!(
                    "{DEFAULT_CONFIG}\n[[gate.who]]\nuser = \"aisudo\"\nwhen = \"always\"\n"
                ));
            },
        ),
        (
            "the daemon's user is not there",
            &["daemon.user_missing"],
            |world| {
                world.config(&DEFAULT_CONFIG.replace(
                    "[daemon]\nuser = \"aisudo\"",
                    "[daemon]\nuser = \"nobody-here\"",
                ));
            },
        ),
        (
            "the daemon is root",
            &[
                "daemon.database",
                "daemon.state_dir",
                "daemon.user_groups",
                "daemon.user_root",
            ],
            |world| {
                world.config(
                    &DEFAULT_CONFIG
                        .replace("[daemon]\nuser = \"aisudo\"", "[daemon]\nuser = \"root\""),
                );
            },
        ),
    ]);
}

#[test]
fn each_trouble_with_the_daemon_is_found() {
    each_is_found(&[
        (
            "others can write in the sockets' directory",
            &["daemon.run_dir"],
            |_| chmod("/run/aisudo", 0o777),
        ),
        ("gate.sock is open", &["daemon.gate_socket"], |_| {
            chmod("/run/aisudo/gate.sock", 0o666)
        }),
        ("agent.sock is closed", &["daemon.agent_socket"], |_| {
            chmod("/run/aisudo/agent.sock", 0o600)
        }),
        ("control.sock is open", &["daemon.control_socket"], |_| {
            chmod("/run/aisudo/control.sock", 0o666)
        }),
        (
            "control.sock is another group's",
            &["daemon.control_socket"],
            |_| {
                chown("/run/aisudo/control.sock", None, Some(7001)).expect("chown");
            },
        ),
    ]);
    let world = good();
    let mut running = daemon(&world);
    running.terminate();
    let done = doctor(&world, &["--json"]);
    assert_eq!(
        (open(&done), done.code()),
        (vec!["daemon.unreachable".to_owned()], Some(1)),
        "{done}"
    );
}

#[test]
fn a08_other_doors_to_root_are_found_and_named() {
    each_is_found(&[
        ("the docker group", &["door.group"], |_| {
            join("agent", "docker", 8000)
        }),
        ("the lxd group", &["door.group"], |_| {
            join("agent", "lxd", 8000)
        }),
        ("the disk group", &["door.group"], |_| {
            join("agent", "disk", 6)
        }),
        ("an open socket of docker", &["door.socket"], |_| {
            UnixListener::bind("/run/docker.sock").expect("a socket");
            chmod("/run/docker.sock", 0o666);
        }),
        ("a polkit rule", &["door.polkit_rule"], |_| {
            put(
                "/etc/polkit-1/rules.d/10.rules",
                0o644,
                "polkit.addRule(function(action, subject) {\n  if (subject.isInGroup(\"agent\")) { return polkit.Result.YES; }\n});\n",
            );
        }),
        ("su trusts a group", &["door.su"], |_| {
            replace(
                "/etc/pam.d/su",
                0o644,
                "@include common-auth",
                "auth sufficient pam_wheel.so trust group=agent\n@include common-auth",
            );
        }),
        ("su lets everybody in", &["door.su"], |_| {
            replace(
                "/etc/pam.d/su-l",
                0o644,
                "@include common-auth",
                "auth sufficient pam_permit.so\n@include common-auth",
            );
        }),
        (
            "root has an empty password",
            &["door.root_password_empty"],
            |_| {
                replace("/etc/shadow", 0o640, "root:*:", "root::");
            },
        ),
        ("a second root", &["door.second_root"], |_| {
            replace(
                "/etc/passwd",
                0o644,
                "daemon:x:1:1",
                "toor:x:0:0::/root:/bin/sh\ndaemon:x:1:1",
            );
        }),
        (
            "doas without a password",
            &["door.doas_nopass", "door.doas_ungated"],
            |_| {
                put("/etc/doas.conf", 0o644, "permit nopass agent\n");
            },
        ),
        ("doas with a password", &["door.doas_ungated"], |_| {
            put("/etc/doas.conf", 0o644, "permit :agent\n")
        }),
        ("a key to root's account", &["door.ssh_root"], |_| {
            let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx7tY8mC2vS1n3Zb1aZ0Qn2pB8m5dYf3kq";
            put(
                "/root/.ssh/authorized_keys",
                0o600,
                &format!("no-pty {key} x\n"),
            );
            put(
                "/home/agent/.ssh/id_ed25519.pub",
                0o644,
                &format!("{key} agent@testbed\n"),
            );
        }),
        (
            "a setuid program that nobody knows",
            &["door.setuid_unknown"],
            |_| {
                fs::copy("/usr/bin/true", "/etc/helper").expect("copy");
                chmod("/etc/helper", 0o4755);
            },
        ),
        (
            "a setuid program that the agent can write",
            &["door.setuid_unknown", "door.setuid_writable"],
            |_| {
                fs::copy("/usr/bin/true", "/etc/passwd-helper").expect("copy");
                chmod("/etc/passwd-helper", 0o4757);
            },
        ),
        (
            "a setuid program with a good name in a home",
            &["door.setuid_unknown", "door.setuid_writable"],
            |_| {
                fs::copy("/usr/bin/true", "/home/agent/sudo").expect("copy");
                chmod("/home/agent/sudo", 0o4755);
            },
        ),
        ("a program with capabilities", &["door.capability"], |_| {
            fs::copy("/usr/bin/true", "/etc/helper").expect("copy");
            chmod("/etc/helper", 0o755);
            let done = Command::new("/usr/sbin/setcap")
                .args(["cap_setuid+ep", "/etc/helper"])
                .status();
            assert!(done.expect("setcap").success());
        }),
        (
            "an account file that all can write",
            &["door.account_file"],
            |_| chmod("/etc/group", 0o666),
        ),
        (
            "hashes that all can read",
            &["door.shadow_readable"],
            |_| chmod("/etc/shadow", 0o644),
        ),
        ("what each login runs", &["door.root_shell"], |_| {
            put("/etc/profile.d/x.sh", 0o646, "");
        }),
        ("root's home", &["door.root_shell"], |_| {
            chmod("/root", 0o777)
        }),
        ("what each program loads", &["door.loader"], |_| {
            put("/etc/ld.so.preload", 0o666, "")
        }),
        ("a directory of libraries", &["door.loader"], |_| {
            put("/etc/ld.so.conf.d/x.conf", 0o644, "/home/agent\n")
        }),
        ("what logrotate runs", &["door.hook"], |_| {
            put("/etc/logrotate.d/x", 0o646, "")
        }),
        ("a program of cron's in a home", &["door.cron"], |_| {
            put("/home/agent/run.sh", 0o755, "");
            put(
                "/etc/cron.d/x",
                0o644,
                "* * * * * root cd / && /home/agent/run.sh\n",
            );
        }),
        (
            "a script of cron's that all can write",
            &["door.cron"],
            |_| put("/etc/cron.daily/x", 0o777, ""),
        ),
        ("root's own table", &["door.cron"], |_| {
            put(
                "/var/spool/cron/crontabs/root",
                0o600,
                "@hourly /bin/sh /home/agent/x\n",
            );
        }),
        ("a unit", &["door.unit"], |_| {
            put("/etc/systemd/system/x.service", 0o666, "[Service]\n")
        }),
        ("a program of a unit", &["door.unit"], |_| {
            put(
                "/etc/systemd/system/x.service",
                0o644,
                "[Service]\nExecStartPre=-/usr/bin/python3 \\\n  /home/agent/x.py\n",
            );
        }),
        ("a link through the agent's home", &["door.cron"], |_| {
            put("/etc/opt/x", 0o755, "");
            symlink("/etc/opt", "/home/agent/link").expect("a link");
            put("/etc/cron.d/x", 0o644, "@daily root /home/agent/link/x\n");
        }),
        ("an access control list", &["door.cron"], |_| {
            put("/etc/cron.daily/x", 0o755, "");
            // acl(5): owner rwx, uid 7001 rw-, group r-x, mask rwx, others r-x.
            let mut list = vec![2, 0, 0, 0];
            for (tag, rights, id) in [
                (1_u16, 7_u16, u32::MAX),
                (2, 6, 7001),
                (4, 5, u32::MAX),
                (16, 7, u32::MAX),
                (32, 5, u32::MAX),
            ] {
                list.extend(tag.to_le_bytes());
                list.extend(rights.to_le_bytes());
                list.extend(id.to_le_bytes());
            }
            rustix::fs::setxattr(
                "/etc/cron.daily/x",
                "system.posix_acl_access",
                &list,
                rustix::fs::XattrFlags::empty(),
            )
            .expect("an access control list");
        }),
    ]);
}

#[test]
fn what_looks_like_a_door_and_is_none_is_not_told() {
    let world = good();
    let _daemon = daemon(&world);
    join("other", "docker", 8000);
    UnixListener::bind("/run/docker.sock").expect("a socket");
    chmod("/run/docker.sock", 0o660);
    put(
        "/etc/cron.d/x",
        0o644,
        "* * * * * agent /home/agent/run.sh\n#* * * * * root /home/agent/run.sh\n",
    );
    put(
        "/etc/systemd/system/x.service",
        0o644,
        "[Service]\nUser=agent\nExecStart=/home/agent/run.sh\n",
    );
    symlink("/dev/null", "/etc/systemd/system/masked.service").expect("a link");
    // Nobody but root comes so far.
    put("/root/.bashrc", 0o666, "");
    replace(
        "/etc/pam.d/su",
        0o644,
        "@include common-auth",
        "auth sufficient pam_wheel.so trust\n@include common-auth",
    );
    put("/etc/doas.conf", 0o644, "permit nopass agent\ndeny agent\n");
    put(
        "/etc/polkit-1/rules.d/10.rules",
        0o644,
        "polkit.addRule(function(action, subject) { if (subject.isInGroup(\"other\")) { return polkit.Result.YES; } });\n",
    );
    fs::copy("/usr/bin/true", "/home/agent/mine").expect("copy");
    chown("/home/agent/mine", Some(7001), Some(7001)).expect("chown");
    chmod("/home/agent/mine", 0o4755);
    let done = doctor(&world, &["--json"]);
    assert_eq!((open(&done), done.code()), (Vec::new(), Some(0)), "{done}");
}

#[test]
fn members_of_a_gated_group_are_looked_at_and_one_can_be_chosen() {
    let world = good();
    world.config(&DEFAULT_CONFIG.replace("user = \"agent\"", "group = \"agents\""));
    put(
        "/etc/group",
        0o644,
        &format!(
            "{}agents:x:8001:agent,other\ndocker:x:8000:other\n",
            fs::read_to_string("/etc/group").unwrap()
        ),
    );
    world.sudoers(&DEFAULT_SUDOERS.replace("Defaults:agent", "Defaults:%agents"));
    let _daemon = daemon(&world);
    let done = doctor(&world, &["--json"]);
    assert_eq!(open(&done), ["door.group"], "{done}");
    assert!(
        done.stdout.contains("other is in the group docker"),
        "{done}"
    );
    let done = doctor(&world, &["--json", "--user", "agent"]);
    assert_eq!((open(&done), done.code()), (Vec::new(), Some(0)), "{done}");
    let done = doctor(&world, &["--user", "owner"]);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(2), ""), "{done}");
    assert_eq!(
        done.stderr,
        "aisudo: owner is not gated by aisudo.toml, or does not exist; leave out --user to look at all who are\n"
    );
}

#[test]
fn fix_mends_what_is_safe_to_mend_and_says_so() {
    let world = good();
    let _daemon = daemon(&world);
    let broken = [
        ("/etc/pam.d/sudo", 0o666, 0o644),
        ("/run/aisudo-build/pam_aisudo.so", 0o777, 0o755),
        ("/run/aisudo", 0o777, 0o755),
        ("/run/aisudo/gate.sock", 0o666, 0o600),
        ("/run/aisudo/agent.sock", 0o600, 0o666),
        ("/run/aisudo/control.sock", 0o666, 0o660),
        ("/var/lib/aisudo", 0o755, 0o700),
        ("/var/lib/aisudo/state.db", 0o644, 0o600),
    ];
    for (path, mode, _) in broken {
        chmod(path, mode);
    }
    let done = doctor(&world, &["--fix"]);
    assert_eq!(done.code(), Some(0), "{done}");
    for (path, _, mode) in broken {
        let now = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(now, mode, "{path}: {now:o}");
        assert!(
            done.stdout.contains(&format!("fixed: {path}: ")),
            "{path}: {done}"
        );
    }
    // And once more there is nothing to do.
    let done = doctor(&world, &["--fix", "--quiet"]);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(0), ""), "{done}");
    assert_eq!(
        world.pending(),
        Vec::<String>::new(),
        "the daemon is still reached"
    );
}

/// What was refused because others could write it is not made believable by a change of its mode.
#[test]
fn a36_fix_makes_no_file_believable_that_others_could_have_written() {
    let world = good();
    let _daemon = daemon(&world);
    chmod("/etc/aisudo/aisudo.toml", 0o666);
    let done = doctor(&world, &["--fix", "--json"]);
    assert_eq!(
        (open(&done), done.code()),
        (vec!["config.untrusted".to_owned()], Some(1)),
        "{done}"
    );
    let mode = fs::metadata("/etc/aisudo/aisudo.toml")
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o666);
}

/// A link in the place of what is to be mended leads nowhere.
#[test]
fn a24_fix_follows_no_link() {
    let world = good();
    let _daemon = daemon(&world);
    fs::remove_file("/run/aisudo/gate.sock").unwrap();
    put("/etc/target", 0o640, "");
    symlink("/etc/target", "/run/aisudo/gate.sock").unwrap();
    let done = doctor(&world, &["--fix"]);
    assert!(
        done.stdout
            .contains("not fixed: /run/aisudo/gate.sock: it is a symbolic link"),
        "{done}"
    );
    assert_eq!(
        fs::metadata("/etc/target").unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn who_is_not_root_is_told_that_it_could_not_be_looked() {
    let world = good();
    let done = world
        .run_as("agent")
        .spawn([&format!("{BUILD}/aisudo"), "doctor"])
        .wait(PATIENCE);
    assert_eq!((done.code(), done.stdout.as_str()), (Some(2), ""), "{done}");
    assert_eq!(
        done.stderr,
        "aisudo: only root sees enough of the host; run this as root\n"
    );
}

#[test]
fn text_and_json_say_what_why_and_how() {
    let world = good();
    let _daemon = daemon(&world);
    chmod("/run/aisudo/gate.sock", 0o666);
    join("agent", "docker", 8000);
    let done = doctor(&world, &["--quiet"]);
    let text = done.stdout.as_str();
    for line in [
        "fail  daemon.gate_socket: /run/aisudo/gate.sock has mode 0666, not 0600\n",
        "      why: others could ask in sudo's name, or sudo not at all\n",
        "      fix: chmod 0600 /run/aisudo/gate.sock, or restart aisudo-daemon (--fix does it)\n",
        "fail  door.group: agent is in the group docker: containers with the host's files in them\n",
        "      fix: gpasswd --delete agent docker, and end their sessions\n",
    ] {
        assert!(text.contains(line), "{line}{done}");
    }
    let json = json(&doctor(&world, &["--json"]));
    assert_eq!((&json["version"], &json["ok"]), (&1.into(), &false.into()));
    let finding = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "daemon.gate_socket")
        .unwrap();
    assert_eq!(
        *finding,
        serde_json::json!({
            "id": "daemon.gate_socket",
            "severity": "fail",
            "what": "/run/aisudo/gate.sock has mode 0666, not 0600",
            "why": "others could ask in sudo's name, or sudo not at all",
            "fix": "chmod 0600 /run/aisudo/gate.sock, or restart aisudo-daemon",
            "fixable": true
        })
    );
}
