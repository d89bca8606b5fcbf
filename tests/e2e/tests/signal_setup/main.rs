//! `aisudo signal`, against a simulator of signal-cli. As root: these commands are root's.

mod host;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
};

use aisudo_core::config::{Endpoint as Place, Language};
use aisudo_signal_sim::{Builder, Person, SendFailure, Sim};

use self::host::{CONFIG, Host, Running, aisudo};

fn key(person: &Person) -> String {
    person.fingerprint().replace(' ', "").to_lowercase()
}

fn usual() -> (Person, Builder) {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account("+15550001111")
        .serves_several()
        .person(&owner);
    (owner, sim)
}

const UNATTENDED: [&str; 6] = ["setup", "--yes", "--name", "owner", "--to", "+15550002201"];

#[test]
fn setup_without_a_person_pairs_with_the_account_that_knows_the_code() {
    let (owner, sim) = usual();
    let host = Host::new(sim);
    let mut setup = host.start(&[&UNATTENDED[..], &["--languages", "de,en"]].concat());
    let code = setup.code();
    let message = host.sim.wait_for_message(|_| true);
    for part in code.split(' ').chain([code.as_str()]) {
        assert!(
            !message.text.contains(part),
            "the code is not in the message"
        );
    }
    assert!(
        message
            .text
            .contains("answer with the code that stands on root's terminal")
    );
    host.sim.reply(&owner, &code.to_lowercase());
    let said = setup.succeeds();
    assert!(
        said.contains(&format!("identity       {}", owner.aci)),
        "{said}"
    );
    assert!(said.contains("systemctl restart aisudo-daemon"), "{said}");

    let account = host.approver("owner").unwrap();
    assert_eq!(
        (account.aci, account.identity.as_str()),
        (owner.aci, key(&owner).as_str())
    );
    assert!(account.since_ms > 1_700_000_000_000);
    let signal = host.config().channels.signal.unwrap();
    assert_eq!(signal.connect, Place::Unix("/run/signal-cli/socket".into()));
    assert_eq!(signal.account, "+15550001111");
    assert_eq!(signal.languages, [Language::De, Language::En]);
    assert!(!signal.note_to_self);
    // What was there stays, but for what the gate accepts.
    let text = fs::read_to_string(host.paths().config()).unwrap();
    let accepts = CONFIG.replace("[\"terminal\"]", "[\"terminal\", \"signal\"]");
    assert!(
        text.starts_with(&format!("{accepts}\n[channels.signal]\n")),
        "{text}"
    );
    let before = host.root.join("etc/aisudo/aisudo.toml.before");
    assert_eq!(fs::read_to_string(before).unwrap(), CONFIG);
}

/// For the daemon to read, and for nobody else: here it is "nobody".
#[test]
fn the_approvers_are_readable_for_the_daemons_user() {
    let (owner, sim) = usual();
    let host = Host::new(sim);
    let mut setup = host.start(&UNATTENDED);
    let code = setup.code();
    host.sim.reply(&owner, &code);
    setup.succeeds();
    let gid = aisudo_sys::users::account_named("nobody").unwrap().gid;
    let meta = host.paths().approvers().metadata().unwrap();
    assert_eq!(
        (meta.mode() & 0o777, meta.uid(), meta.gid()),
        (0o640, 0, gid)
    );
    assert_eq!(
        aisudo_sys::trusted::read_approvers(&host.paths())
            .unwrap()
            .approvers
            .len(),
        1
    );
}

#[test]
fn setup_asks_for_what_no_option_says() {
    let (owner, sim) = usual();
    let host = Host::new(sim.account("+15550001112"));
    let mut setup = host.start(&["setup"]);
    for line in [
        "",
        "+15550009999",
        "+15550001112",
        "n",
        "no\u{1b}name",
        "owner",
        "1234",
        "u:person1.01",
        "y",
    ] {
        setup.types(line);
    }
    let code = setup.code();
    let message = host.sim.wait_for_message(|_| true);
    assert_eq!(message.account, "+15550001112");
    host.sim
        .from(&owner)
        .to_account("+15550001112")
        .text(&format!("It is {code}."));
    setup.types("y");
    setup.types("y");
    let said = setup.succeeds();
    assert!(said.contains("signal-cli has no such account"), "{said}");
    assert!(said.contains("the name must be 1 to 64 bytes"), "{said}");
    assert!(said.contains("give a number such as"), "{said}");
    assert!(said.contains("+ account = \"+15550001112\""), "{said}");
    assert!(
        said.contains("- accept = [\"terminal\"] # for now"),
        "{said}"
    );
    assert!(
        !said.contains("+ version") || said.contains("approvers.toml"),
        "{said}"
    );
    assert_eq!(host.approver("owner").unwrap().aci, owner.aci);
    assert_eq!(
        host.config().channels.signal.unwrap().account,
        "+15550001112"
    );
}

#[test]
fn nobody_but_the_account_that_was_asked_is_paired() {
    let (owner, sim) = usual();
    let stranger = Person::new(2);
    let host = Host::new(sim.person(&stranger));
    let mut setup = host.start(&UNATTENDED);
    let code = setup.code();
    host.sim.reply(&stranger, &code);
    host.sim.from(&owner).in_group("R1JPVVA=").text(&code);
    let earlier = host.sim.reply(&owner, "hello");
    host.sim.edit(&owner, earlier, &code);
    host.sim.from_owner().text(&code);
    host.sim.from_owner().to(&owner).text(&code);
    let message = host.sim.wait_for_message(|_| true);
    host.sim.react(&owner, message.timestamp, "👍", false);
    setup.reads("The account wrote something else");
    host.sim.flush();
    host.untouched();
    host.sim.reply(&owner, &code);
    setup.succeeds();
    assert_eq!(host.approver("owner").unwrap().aci, owner.aci);
}

#[test]
fn an_account_that_does_not_know_the_code_is_not_paired() {
    let (owner, sim) = usual();
    let host = Host::new(sim);
    let mut setup = host.start(&UNATTENDED);
    setup.code();
    for guess in ["yes", "0000 0000", "AAAA AAAA", "ok?", "who is this"] {
        host.sim.reply(&owner, guess);
    }
    let why = setup.fails(1);
    assert!(why.contains("the account does not know the code"), "{why}");
    host.untouched();
}

#[test]
fn root_says_no_to_another_safety_number() {
    let (owner, sim) = usual();
    let host = Host::new(sim);
    let mut setup = host.start(&[
        "setup",
        "--own-number",
        "--name",
        "owner",
        "--to",
        &owner.aci.to_string(),
    ]);
    for line in ["", "", "y"] {
        setup.types(line);
    }
    let code = setup.code();
    host.sim.reply(&owner, &code);
    // An empty answer is not enough for a yes here.
    setup.types("");
    let why = setup.fails(1);
    assert!(why.contains("do not use this account"), "{why}");
    host.untouched();
}

#[test]
fn a_note_to_self_is_answered_from_another_of_ones_devices() {
    let owner = Person::new(1);
    let host = Host::new(
        Sim::builder()
            .linked_account("+15550001111")
            .serves_several()
            .person(&owner),
    );
    let mut setup = host.start(&["setup", "--yes", "--note-to-self", "--name", "owner"]);
    let code = setup.code();
    // To somebody else, it is no note to self.
    host.sim.from_owner().to(&owner).text(&code);
    host.sim.reply(&owner, &code);
    host.sim.note_to_self(&code);
    setup.succeeds();
    assert_eq!(host.approver("owner").unwrap().aci, host.sim.owner().aci);
    assert!(host.config().channels.signal.unwrap().note_to_self);
}

#[test]
fn an_account_can_be_linked_first() {
    let host = Host::new(Sim::builder().serves_several());
    let why = host.start(&UNATTENDED).fails(1);
    assert!(
        why.contains("signal-cli has no account, and nothing was written; give --link"),
        "{why}"
    );
    let mut setup = host.start(&["setup", "--yes", "--link", "--name", "owner"]);
    let link = setup.reads("sgnl://linkdevice?");
    assert!(setup.said.contains("██"), "{}", setup.said);
    assert!(!link.contains('\u{1b}'));
    host.sim.scan_link("+15550001111");
    let code = setup.code();
    host.sim.note_to_self(&code);
    setup.succeeds();
    let signal = host.config().channels.signal.unwrap();
    assert_eq!(
        (signal.account.as_str(), signal.note_to_self),
        ("+15550001111", true)
    );
}

#[test]
fn each_obstacle_is_one_line_and_nothing_is_written() {
    let (_, sim) = usual();
    let host = Host::new(sim);
    let socket = host.root.join("run/signal-cli/socket");
    let fails = |arguments: &[&str], code: i32, expected: &str| {
        let why = host.start(arguments).fails(code);
        assert!(why.contains(expected), "{expected}: {why}");
        host.untouched();
    };
    let failure = |failure: SendFailure| {
        host.sim
            .faults(|faults| faults.sends_fail.push_back(failure));
    };

    fails(
        &["setup"],
        1,
        "the input ended; nothing was written; answer, or give --connect",
    );
    fails(
        &["setup", "--yes", "--name", "owner"],
        1,
        "nothing was written: --to is needed",
    );
    fails(
        &["setup", "--yes", "--connect", "/s"],
        1,
        "--connect: /s is no place to connect to",
    );
    fails(
        &["setup", "--yes", "--account", "+15550009999"],
        1,
        "--account: signal-cli has no such account",
    );
    let itself = ["setup", "--yes", "--name", "owner", "--to", "+15550001111"];
    fails(
        &itself,
        1,
        "--to: that is the account that asks; leave it out and give --note-to-self",
    );
    failure(SendFailure::Unregistered);
    fails(&UNATTENDED, 1, "the recipient has no account at Signal");
    failure(SendFailure::Identity);
    fails(&UNATTENDED, 1, "run: signal-cli trust -v SAFETY_NUMBER");
    failure(SendFailure::Captcha("2fc05128".to_owned(), 9));
    fails(&UNATTENDED, 1, "captcha");
    let port = ["setup", "--connect", "tcp:127.0.0.1:1"];
    fails(
        &[&port[..], &["--yes"]].concat(),
        3,
        "nobody answers on tcp:127.0.0.1:1",
    );
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    fails(&UNATTENDED, 1, "any user of this host can connect to");
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    host.sim.stop();
    fs::remove_file(&socket).unwrap();
    fails(
        &UNATTENDED,
        1,
        "signal-cli is not running, or listens elsewhere",
    );
}

/// nobody is gated here, and may not even begin.
#[test]
fn only_root_may_say_who_approves() {
    let (_, sim) = usual();
    let host = Host::new(sim);
    for arguments in [&["setup"][..], &["trust", "owner"], &["remove", "owner"]] {
        let mut command = aisudo();
        command
            .arg("--root")
            .arg(&host.root)
            .arg("signal")
            .args(arguments);
        let why = Running::start(command.uid(65534).gid(65534)).fails(4);
        assert_eq!(
            why,
            "aisudo: only root may say who approves; run this as root\n"
        );
    }
}

/// A host on which owner is paired.
fn paired() -> (Person, Host) {
    let (owner, sim) = usual();
    let host = Host::new(sim);
    let mut setup = host.start(&UNATTENDED);
    let code = setup.code();
    host.sim.reply(&owner, &code);
    setup.succeeds();
    (owner, host)
}

#[test]
fn a_new_key_is_believed_when_root_says_so_and_from_then_on() {
    let (owner, host) = paired();
    let old = host.approver("owner").unwrap();
    let said = host.start(&["trust", "owner", "--yes"]).succeeds();
    assert!(said.contains("has not changed"), "{said}");
    assert_eq!(host.approver("owner").unwrap(), old);

    let new = host.sim.change_key(&owner).replace(' ', "").to_lowercase();
    let mut refused = host.start(&["trust", "owner"]);
    refused.types("");
    let why = refused.fails(1);
    assert!(why.contains("the old key stays"), "{why}");
    assert_eq!(host.approver("owner").unwrap(), old);

    let said = host.start(&["trust", "owner", "--yes"]).succeeds();
    assert!(
        said.contains(old.identity.as_str()) && said.contains(&new),
        "{said}"
    );
    assert!(said.contains("safety number"), "{said}");
    let account = host.approver("owner").unwrap();
    assert_eq!(
        (account.aci, account.identity.as_str()),
        (owner.aci, new.as_str())
    );
    assert!(account.since_ms > old.since_ms);
    let call = host.sim.wait_for_call(|call| call.method == "trust");
    assert_eq!(call.params["recipient"], owner.aci.to_string());
    assert_eq!(
        call.params["verifiedSafetyNumber"].as_str().unwrap().len(),
        60
    );
    let why = host.start(&["trust", "nobody", "--yes"]).fails(1);
    assert!(
        why.contains("there is no approver nobody on Signal"),
        "{why}"
    );
}

#[test]
fn an_approver_can_be_paired_anew_and_removed() {
    let (owner, host) = paired();
    let mut again = host.start(&UNATTENDED);
    let code = again.code();
    host.sim.reply(&owner, &code);
    again.succeeds();
    // Another name for the same account is none.
    let mut other = host.start(&["setup", "--yes", "--name", "other", "--to", "+15550002201"]);
    let code = other.code();
    host.sim.reply(&owner, &code);
    let why = other.fails(1);
    assert!(
        why.contains("other has the Signal account of owner"),
        "{why}"
    );

    let why = host.start(&["remove", "owner"]).fails(1);
    assert!(
        why.contains("the input ended; nothing was written"),
        "{why}"
    );
    assert!(host.approver("owner").is_some());
    let said = host.start(&["remove", "owner", "--yes"]).succeeds();
    assert!(said.contains("Nobody is left"), "{said}");
    assert!(host.approver("owner").is_none());
}
