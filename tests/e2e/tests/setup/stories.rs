use std::fs;

use aisudo_e2e::{agent, approved, denied};

use crate::host::{Host, changed, tree};

#[test]
fn from_nothing_to_a_gated_sudo_and_back() {
    let host = Host::new();
    let before = tree("/etc");
    host.owner_is_let_in();

    let done = host.setup(&["--yes", "--agent-user", "agent"]);
    println!("{done}");
    done.expect_success();
    assert_eq!(
        changed(&before, &tree("/etc")),
        [
            "/etc/aisudo",
            "/etc/aisudo/aisudo.toml",
            "/etc/pam.d/sudo",
            "/etc/pam.d/sudo-i",
            "/etc/sudoers.d/aisudo",
        ]
    );
    let yes = approved(&host.world, agent(&host.world).shell("sudo id -u"));
    assert_eq!(yes.expect_success().stdout, "0\n");
    let no = denied(&host.world, agent(&host.world).shell("sudo -n id -u"));
    assert_eq!((no.code(), no.stdout.as_str()), (Some(1), ""));
    let interactive = approved(&host.world, agent(&host.world).shell("sudo -i id -u"));
    assert_eq!(interactive.expect_success().stdout, "0\n");
    host.owner_is_let_in();

    let undone = host.setup(&["--yes", "--uninstall"]);
    println!("{undone}");
    undone.expect_success();
    assert_eq!(
        changed(&before, &tree("/etc")),
        ["/etc/aisudo", "/etc/aisudo/aisudo.toml"]
    );
    host.setup(&["--yes", "--uninstall", "--purge"])
        .expect_success();
    assert!(changed(&before, &tree("/etc")).is_empty());
    assert!(!fs::exists("/var/lib/aisudo").unwrap() && !fs::exists("/var/backups/aisudo").unwrap());
    assert_eq!(Host::daemon_pid(), None);
    host.owner_is_let_in();
}
