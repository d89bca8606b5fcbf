//! Those who should not decide, and what should not be shown.

use serde_json::json;

use crate::{
    browser::Browser,
    host::{Host, PATIENCE, link},
    stories::{PLAIN_KEY, open_request},
};

/// What the agent can reach is the port, the page, and its own request's names.
#[test]
fn a10_a11_the_requester_can_do_nothing_with_the_port() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    let requested = &host.entries("requested")[0]["request"];
    let (id, nonce) = (requested["id"].as_str(), requested["nonce"].as_str());
    let names = format!("{}/{}", id.expect("an id"), nonce.expect("a nonce"));
    // Even with the nonce, which only root, the daemon and the phone know.
    let mut answers = Vec::new();
    for (verb, path) in [
        ("GET", format!("approve/{names}")),
        ("HEAD", format!("approve/{names}")),
        ("POST", format!("approve/{names}")),
        (
            "POST",
            "approve/01a22269-1fa3-7d36-9547-b39f7627b6c8/00".to_owned(),
        ),
        ("POST", "pair".to_owned()),
        ("POST", "inbox".to_owned()),
        ("POST", "messages".to_owned()),
    ] {
        let head = if verb == "HEAD" {
            "--head"
        } else {
            "--include"
        };
        let line = format!(
            "curl -s {head} -X {verb} --data-binary '{}' {}/{path}",
            "x".repeat(512),
            host.url
        );
        let line = if verb == "HEAD" {
            format!("curl -s --head {}/{path}", host.url)
        } else {
            line
        };
        let out = host.agent(&line).wait(PATIENCE).stdout;
        assert!(out.starts_with("HTTP/1.1 404"), "{line}: {out}");
        if verb == "POST" {
            let same: Vec<&str> = out
                .lines()
                .filter(|one| !one.starts_with("date:"))
                .collect();
            answers.push(same.join("\n"));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "whatever is wrong looks the same");
    assert!(host.entries("approved").is_empty());
    phone.press("Approve");
    assert_eq!(sudo.wait(PATIENCE).expect_success().stdout, "0\n");
}

/// A link that was used is worth nothing, to whoever saw it.
#[test]
fn a14_a_device_that_was_never_confirmed_decides_nothing() {
    let (mut phone, mut other) = (Browser::start(), Browser::start());
    let host = Host::start(60);
    let mut root = host.pairing();
    let link = link(&root);
    phone.goto(&link);
    host.answer(&mut phone, PLAIN_KEY);
    root.wait_for_tty("Type yes", PATIENCE);
    other.goto(&link);
    host.answer(&mut other, PLAIN_KEY);
    root.type_in("yes\n");
    root.wait(PATIENCE);
    phone.see("This phone can answer");
    let sudo = host.agent("sudo id -u");
    other.goto(&host.url);
    other.see("No host yet");
    phone.click("link", "Inbox");
    open_request(&mut phone, "id -u");
    phone.press("Approve");
    sudo.wait(PATIENCE).expect_success();
}

/// One renderer's text in every place, with nothing in it that moves, hides or imitates.
#[test]
fn a17_what_is_hostile_is_seen_as_what_it_is() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent(
        "AISUDO_REASON=$'trusted\\nApproved by root \\u202eevil' sudo echo $'a\\u202eb' $'\\e[2Jc' $'аpt' $'x\\u3164y' '<img src=x onerror=alert(1)>'",
    );
    open_request(&mut phone, "echo");
    let text = phone.text();
    for shown in [
        r"\u{202e}b",
        r"\x1b[2Jc",
        r"\u{430}pt",
        r"\u{3164}y",
        "<img src=x onerror=alert(1)>",
        r"trusted\nApproved by root \u{202e}evil",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    for hidden in ['\u{202e}', '\u{1b}', '\u{3164}', 'а'] {
        assert!(!text.contains(hidden), "{hidden:?}");
    }
    phone.run(&json!({"do": "ready", "role": "button", "name": "Deny"}));
    phone.shot("hostile.png", false);
    phone.is_clean();
    phone.press("Deny");
    phone.press("Deny this request");
    sudo.wait(PATIENCE);
}

#[test]
fn a18_a_hidden_tail_has_to_be_looked_at() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let sudo = host.agent("sudo echo $(seq 1 3000) '; rm -rf /'");
    open_request(&mut phone, "echo");
    let approve = json!({"do": "evaluate", "script":
        "[...document.querySelectorAll('button')].find((one) => one.textContent.trim() === 'Approve').disabled"});
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(phone.run(&approve), true, "not before all of it was shown");
    phone.run(&json!({"do": "click", "role": "button", "name": "Show all", "exact": false}));
    assert!(phone.text().contains("; rm -rf /"));
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(
        phone.run(&approve),
        true,
        "not before its end was on the screen"
    );
    phone.run(&json!({"do": "evaluate", "script": "document.querySelector('.end').scrollIntoView({block: 'center'})"}));
    phone.run(&json!({"do": "ready", "role": "button", "name": "Approve"}));
    phone.press("Deny");
    phone.press("Deny this request");
    sudo.wait(PATIENCE);
}

/// A host that was taken over, or one of several.
#[test]
fn a17_a_host_that_calls_itself_by_another_name_is_noticed() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let renamed = host.world.run_as("root").shell("hostname prod-db");
    renamed.wait(PATIENCE).expect_success();
    let sudo = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.see("It came from the host that you paired as testbed. The request says prod-db.");
    phone.press("Deny");
    phone.press("Deny this request");
    sudo.wait(PATIENCE);
}

/// Another request comes as the thumb comes down.
#[test]
fn a22_the_decision_names_what_was_on_the_screen() {
    let mut phone = Browser::start();
    let host = Host::start(60);
    host.pair(&mut phone, PLAIN_KEY);
    let first = host.agent("sudo id -u");
    open_request(&mut phone, "id -u");
    phone.run(&json!({"do": "ready", "role": "button", "name": "Approve"}));
    let mut second = host.agent("sudo rm -rf /var/log");
    host.world.wait_for_requests(2);
    phone.see("1 other waiting");
    phone.click("button", "Approve");
    assert_eq!(first.wait(PATIENCE).expect_success().stdout, "0\n");
    assert!(second.is_running(), "nobody has answered that");
    assert_eq!(host.entries("approved").len(), 1);
}
