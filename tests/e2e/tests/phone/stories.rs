//! What an owner goes through.

use serde_json::{Value, json};

use crate::{
    browser::Browser,
    host::{Host, PATIENCE, link},
};

/// The choice of a key on the phone.
pub(crate) const PLAIN_KEY: &str = "Key in this browser";
pub(crate) const PASSKEY: &str = "Passkey";

/// Opens the only request that waits.
#[track_caller]
pub(crate) fn open_request(browser: &mut Browser, command: &str) {
    browser.run(&json!({"do": "click", "role": "link", "name": command, "exact": false}));
}

#[test]
fn i1_a_phone_is_paired_and_lets_one_command_run() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    phone.shot("paired.png", false);

    let sudo = host.agent("AISUDO_REASON='who am I then?' sudo id -u");
    open_request(&mut phone, "id -u");
    phone.see("who am I then?");
    phone.run(&json!({"do": "ready", "role": "button", "name": "Approve"}));
    phone.shot("request.png", false);
    phone.shot("request-dark.png", true);
    phone.is_clean();
    phone.press("Approve");
    let done = sudo.wait(PATIENCE).expect_success();
    assert_eq!(done.stdout, "0\n");
    phone.see("It ran");
    phone.is_clean();

    let approved = host.entries("approved");
    assert_eq!(approved.len(), 1);
    let decision = &approved[0]["decision"];
    assert_eq!(decision["approver"], "owner");
    assert_eq!(decision["evidence"]["kind"], "app");
    assert_eq!(decision["evidence"]["proof"]["kind"], "ed25519");
    assert_eq!(host.entries("released").len(), 1);
}

/// Chromium's own authenticator, as the protocol of its developer tools gives one.
#[test]
fn a_passkey_stands_behind_each_approval() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    let authenticator = phone.run(&json!({"do": "authenticator"}));
    host.pair(&mut phone, PASSKEY);

    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.press("Approve");
    assert_eq!(sudo.wait(PATIENCE).expect_success().stdout, "0\n");
    let approved = host.entries("approved");
    assert_eq!(
        approved[0]["decision"]["evidence"]["proof"]["kind"],
        "passkey"
    );

    // Somebody else's face.
    phone.run(&json!({"do": "verified", "authenticator": authenticator, "is": false}));
    phone.goto(&host.url);
    let mut sudo = host.agent("sudo id -g");
    open_request(&mut phone, "id -g");
    phone.press("Approve");
    phone.see("passkey");
    assert!(sudo.is_running(), "nothing was decided");
    assert_eq!(host.entries("approved").len(), 1);
}

#[test]
fn a_no_takes_the_persons_words_to_the_agent() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo rm -rf /var/log");
    open_request(&mut phone, "rm -rf /var/log");
    phone.press("Deny");
    phone.fill("Note", "not on a Friday");
    phone.shot("deny.png", false);
    phone.is_clean();
    phone.press("Deny this request");
    let done = sudo.wait(PATIENCE);
    assert_eq!(done.code(), Some(1), "{done}");
    assert!(
        done.stderr.contains("denied by owner: not on a Friday"),
        "{done}"
    );
    phone.see("Denied");
    assert_eq!(
        host.entries("denied")[0]["decision"]["note"],
        "not on a Friday"
    );
}

#[test]
fn i5_what_expires_or_is_cancelled_is_shown_so_and_cannot_be_answered() {
    let mut phone = Browser::start();
    let host = Host::start(6);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    let done = sudo.wait(PATIENCE);
    assert_eq!(done.code(), Some(1), "{done}");
    phone.see("Expired");
    phone.shot("expired.png", false);
    phone.is_clean();

    phone.goto(&host.url);
    let sudo = host.agent("sudo id -g");
    open_request(&mut phone, "id -g");
    sudo.signal(rustix::process::Signal::TERM);
    sudo.wait(PATIENCE);
    phone.see("Cancelled");
    assert!(host.entries("approved").is_empty());
}

#[test]
fn a_revoked_phone_is_told_and_nobody_is_left_to_ask() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let devices = host.root(&["devices"]).stdout;
    assert!(
        devices.contains("test phone") && devices.contains("owner"),
        "{devices}"
    );
    let tested = host.root(&["test"]).stdout;
    assert!(tested.contains("confirmed"), "{tested}");
    host.root(&["rename", "test phone", "blue phone"]);
    host.root(&["revoke", "blue phone", "--yes"]);
    phone.see("revoked");
    let done = host.agent("sudo id -u").wait(PATIENCE);
    assert_eq!(done.code(), Some(1), "{done}");
    assert!(done.stderr.contains("no phone is paired"), "{done}");
}

#[test]
fn other_words_pair_nothing() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    let mut root = host.pairing();
    phone.goto(&link(&root));
    host.answer(&mut phone, PLAIN_KEY);
    root.wait_for_tty("Type yes", PATIENCE);
    root.type_in("no\n");
    let done = root.wait(PATIENCE);
    assert_eq!(done.code(), Some(1), "{done}");
    phone.see("not paired");
    let devices = host.root(&["devices", "--json"]).stdout;
    let devices: Value = serde_json::from_str(&devices).expect("JSON");
    assert_eq!(devices["devices"], json!([]));
}

#[test]
fn a34_an_answer_given_while_the_daemon_is_away_arrives_when_it_is_back() {
    let mut phone = Browser::start();
    let mut host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.run(&json!({"do": "ready", "role": "button", "name": "Approve"}));
    host.daemon.kill9();
    phone.click("button", "Approve");
    phone.see("not sent yet");
    host.daemon = host.world.start_daemon();
    assert_eq!(sudo.wait(PATIENCE).expect_success().stdout, "0\n");
    assert_eq!(host.entries("approved").len(), 1);
}

#[test]
fn i4_a_script_can_be_read_before_it_is_run() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let script = "#!/bin/sh\n# not what it seems\necho hello\n";
    let sudo = host.agent(&format!(
        "printf '{}' > ~/script && chmod +x ~/script && sudo ~/script",
        script.replace('\n', "\\n")
    ));
    open_request(&mut phone, "/home/agent/script");
    phone.press("Show contents");
    phone.see("# not what it seems");
    phone.shot("script.png", false);
    phone.is_clean();
    phone.press("Approve");
    assert_eq!(sudo.wait(PATIENCE).expect_success().stdout, "hello\n");
}

#[test]
fn a_log_that_goes_back_is_said_loudly() {
    let mut phone = Browser::start();
    let mut host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    host.daemon.terminate();
    let database = "/var/lib/aisudo/state.db";
    std::fs::copy(database, "/tmp/older.db").expect("keep a copy");
    host.daemon = host.world.start_daemon();
    phone.goto(&host.url);
    let done = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.press("Deny");
    phone.press("Deny this request");
    done.wait(PATIENCE);
    host.daemon.terminate();
    // The phone allows for messages that overtake each other by some seconds.
    std::thread::sleep(std::time::Duration::from_secs(6));
    std::fs::copy("/tmp/older.db", database).expect("an older log in its place");
    for more in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{database}{more}"));
    }
    host.daemon = host.world.start_daemon();
    let alarm = "The audit log of testbed";
    phone.run(&json!({"do": "see", "text": alarm, "patience": PATIENCE.as_millis()}));
    phone.shot("alarm.png", false);
    phone.is_clean();
}

/// README says so.
#[test]
fn what_was_there_is_read_without_a_network() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.press("Approve");
    sudo.wait(PATIENCE).expect_success();
    phone.see("It ran");
    let has_worker = "navigator.serviceWorker.ready.then((ready) => ready.active.state)";
    phone.run(&json!({"do": "evaluate", "script": has_worker}));
    phone.run(&json!({"do": "offline", "is": true}));
    phone.run(&json!({"do": "reload"}));
    phone.see("It ran");
    phone.goto(&host.url);
    phone.click("link", "History");
    phone.see("id -u");
    let painted = phone.run(&json!({"do": "painted"}));
    assert!(painted.is_number(), "it was drawn: {painted}");
    println!("first paint after {painted} ms, without a network");
}
