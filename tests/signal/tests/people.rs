//! What people do arrives as signal-cli was seen to write it.

mod client;

use aisudo_signal_sim::{Endpoint, Person, Sim};
use client::Client;
use serde_json::{Value, json};

const OWN: &str = "+15550001111";
const OWN_ACI: &str = "aaaaaaaa-0000-4000-8000-015550001111";
const ACI: &str = "11111111-1111-4111-8111-111111111111";

fn sim(version: &str) -> (Sim, Person, Client) {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .version(version)
        .start(Endpoint::Tcp);
    let client = Client::to(&sim);
    (sim, owner, client)
}

/// The next envelope, without when it was delivered.
fn envelope(client: &mut Client) -> Value {
    let mut params = client.notification()["params"].clone();
    assert_eq!(params["account"], OWN);
    let mut envelope = params["envelope"].take();
    assert!(envelope["serverDeliveredTimestamp"].take().is_u64());
    envelope
}

#[test]
fn a_message_is_the_literal_line() {
    let (sim, owner, mut client) = sim("0.13.19");
    sim.from(&owner)
        .at(1_767_225_600_000)
        .received_at(1_767_225_600_150)
        .text("approve 7KQ2");
    let literal = r#"{"source":"11111111-1111-4111-8111-111111111111","sourceNumber":null,"sourceUuid":"11111111-1111-4111-8111-111111111111","sourceName":"Person 1","sourceDevice":1,"timestamp":1767225600000,"serverReceivedTimestamp":1767225600150,"serverDeliveredTimestamp":null,"dataMessage":{"timestamp":1767225600000,"message":"approve 7KQ2","expiresInSeconds":0,"viewOnce":false}}"#;
    assert_eq!(
        envelope(&mut client),
        serde_json::from_str::<Value>(literal).unwrap()
    );
}

#[test]
fn later_versions_say_whether_the_timer_changed() {
    let (sim, owner, mut client) = sim("0.13.21");
    sim.reply(&owner, "x");
    assert_eq!(
        envelope(&mut client)["dataMessage"]["isExpirationUpdate"],
        false
    );
}

#[test]
fn quote_reaction_vote_deletion_edit_and_receipt() {
    let (sim, owner, mut client) = sim("0.13.19");
    let asked = 1_767_225_595_000;
    let data = |timestamp: u64, more: Value| {
        let mut data = json!({"timestamp": timestamp, "message": null, "expiresInSeconds": 0, "viewOnce": false});
        for (name, value) in more.as_object().unwrap() {
            data[name] = value.clone();
        }
        data
    };
    let t = sim.quote(&owner, asked, "yes");
    let quote = json!({"id": asked, "author": OWN, "authorNumber": OWN, "authorUuid": OWN_ACI, "text": "sudo …", "attachments": []});
    assert_eq!(
        envelope(&mut client)["dataMessage"],
        data(t, json!({"message": "yes", "quote": quote}))
    );
    for removed in [false, true] {
        let t = sim.react(&owner, asked, "👍", removed);
        let reaction = json!({"emoji": "👍", "targetAuthor": OWN, "targetAuthorNumber": OWN, "targetAuthorUuid": OWN_ACI, "targetSentTimestamp": asked, "isRemove": removed});
        assert_eq!(
            envelope(&mut client)["dataMessage"],
            data(t, json!({"reaction": reaction}))
        );
    }
    let t = sim.vote(&owner, asked, 0);
    let vote = json!({"author": OWN, "authorNumber": OWN, "authorUuid": OWN_ACI, "targetSentTimestamp": asked, "optionIndexes": [0], "voteCount": 1});
    assert_eq!(
        envelope(&mut client)["dataMessage"],
        data(t, json!({"pollVote": vote}))
    );
    let t = sim.delete(&owner, 7);
    assert_eq!(
        envelope(&mut client)["dataMessage"],
        data(t, json!({"remoteDelete": {"timestamp": 7}}))
    );
    let t = sim.edit(&owner, 7, "new");
    let edited = envelope(&mut client);
    assert_eq!(
        edited["editMessage"],
        json!({"targetSentTimestamp": 7, "dataMessage": data(t, json!({"message": "new"}))})
    );
    assert!(
        edited.get("dataMessage").is_none(),
        "no dataMessage beside it"
    );
    let t = sim.receipt(&owner, &[asked], false);
    assert_eq!(
        envelope(&mut client)["receiptMessage"],
        json!({"when": t, "isDelivery": true, "isRead": false, "isViewed": false, "timestamps": [asked]})
    );
    let t = sim.from(&owner).typing();
    assert_eq!(
        envelope(&mut client)["typingMessage"],
        json!({"action": "STARTED", "timestamp": t})
    );
}

#[test]
fn a_number_is_shown_where_it_is_known() {
    let (sim, mut owner, mut client) = sim("0.14.6");
    owner.shows_number = true;
    sim.from(&owner).device(3).text("x");
    let envelope = envelope(&mut client);
    let source = (
        &envelope["source"],
        &envelope["sourceNumber"],
        &envelope["sourceUuid"],
        &envelope["sourceDevice"],
    );
    assert_eq!(
        source,
        (
            &json!("+15550002201"),
            &json!("+15550002201"),
            &json!(ACI),
            &json!(3)
        )
    );
}

#[test]
fn a_group_says_so() {
    let (sim, owner, mut client) = sim("0.14.6");
    sim.from(&owner).in_group("R1JPVVA=").text("yes 7KQ2");
    assert_eq!(
        envelope(&mut client)["dataMessage"]["groupInfo"]["groupId"],
        "R1JPVVA="
    );
}

#[test]
fn the_owners_other_device_is_a_sync_message() {
    let sim = Sim::builder().linked_account(OWN).start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    let t = sim.note_to_self("yes 7KQ2");
    let got = envelope(&mut client);
    assert_eq!(
        (&got["sourceUuid"], &got["sourceDevice"]),
        (&json!(OWN_ACI), &json!(1))
    );
    let sent = &got["syncMessage"]["sentMessage"];
    assert_eq!(
        (
            &sent["destination"],
            &sent["destinationNumber"],
            &sent["destinationUuid"]
        ),
        (&json!(OWN), &json!(OWN), &json!(OWN_ACI))
    );
    assert_eq!(
        (&sent["timestamp"], &sent["message"]),
        (&json!(t), &json!("yes 7KQ2"))
    );
    sim.from_owner().react(5, "👍", false);
    let got = envelope(&mut client);
    assert_eq!(
        got["syncMessage"]["sentMessage"]["reaction"]["targetAuthorUuid"],
        OWN_ACI
    );
    sim.from_owner().vote(5, &[1]);
    let got = envelope(&mut client);
    assert_eq!(
        got["syncMessage"]["sentMessage"]["pollVote"]["optionIndexes"],
        json!([1])
    );
    sim.from_owner().edit(5, "new");
    let got = envelope(&mut client);
    let sent = &got["syncMessage"]["sentMessage"];
    assert_eq!(
        (
            &sent["editMessage"]["targetSentTimestamp"],
            &sent["destinationUuid"]
        ),
        (&json!(5), &json!(OWN_ACI))
    );
    sim.from_owner()
        .to(&Person::new(2))
        .text("to somebody else");
    let got = envelope(&mut client);
    let sent = &got["syncMessage"]["sentMessage"];
    assert_eq!(sent["destinationUuid"], Person::new(2).aci.to_string());
}

#[test]
fn a_note_to_self_without_a_phone_says_success_and_sends_nothing() {
    let (own, _, mut client) = sim("0.14.6");
    let params = json!({"noteToSelf": true, "message": "x"});
    let answer = client.call("send", params.clone());
    assert_eq!(answer["result"]["results"][0]["type"], "SUCCESS");
    assert!(own.sent().is_empty());
    let linked = Sim::builder().linked_account(OWN).start(Endpoint::Tcp);
    Client::to(&linked).call("send", params);
    assert!(linked.wait_for_messages(1)[0].note_to_self);
}

#[test]
fn a_changed_key_is_told_and_its_messages_wait_until_it_is_trusted() {
    let (sim, owner, mut client) = sim("0.14.6");
    let first = sim.fingerprint(&owner);
    assert_eq!(first, owner.fingerprint());
    let now = sim.change_key(&owner);
    sim.from(&owner)
        .received_at(1_700_000_000_000)
        .text("yes 7KQ2");
    let params = client.notification()["params"].clone();
    assert_eq!(
        params["exception"],
        json!({"message": format!("Untrusted identity: {ACI}"), "type": "UntrustedIdentityException"})
    );
    assert!(params["envelope"].get("dataMessage").is_none());
    assert_eq!(params["envelope"]["source"], ACI);
    let send = json!({"recipient": ACI, "message": "x"});
    assert_eq!(client.call("send", send.clone())["error"]["code"], -4);
    let identities = client.call("listIdentities", json!({"number": ACI}))["result"].clone();
    let one = &identities[0];
    assert_eq!(
        (&one["fingerprint"], &one["trustLevel"], &one["number"]),
        (&json!(now), &json!("UNTRUSTED"), &Value::Null)
    );
    assert_ne!(now, first);
    let wrong = client.call(
        "trust",
        json!({"recipient": ACI, "verifiedSafetyNumber": "0".repeat(60)}),
    );
    assert_eq!(wrong["error"]["code"], -1);
    let safety = one["safetyNumber"].clone();
    client.start(
        "trust",
        json!({"recipient": ACI, "verifiedSafetyNumber": safety}),
    );
    let late = client.notification()["params"]["envelope"].clone();
    assert_eq!(
        (
            &late["dataMessage"]["message"],
            &late["serverReceivedTimestamp"]
        ),
        (&json!("yes 7KQ2"), &json!(1_700_000_000_000_u64))
    );
    assert!(client.call("send", send)["result"].is_object());
    let identities = client.call("listIdentities", json!({}))["result"].clone();
    assert_eq!(identities[0]["trustLevel"], "TRUSTED_VERIFIED");
}

#[test]
fn always_trusting_hides_a_changed_key() {
    let owner = Person::new(1);
    let sim = Sim::builder()
        .account(OWN)
        .person(&owner)
        .trusts_new_keys()
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    sim.change_key(&owner);
    sim.reply(&owner, "yes 7KQ2");
    let params = client.notification()["params"].clone();
    assert!(params.get("exception").is_none());
    assert_eq!(params["envelope"]["dataMessage"]["message"], "yes 7KQ2");
}

#[test]
fn strangers_have_no_identity_until_they_write() {
    let stranger = Person::new(2);
    let sim = Sim::builder()
        .account(OWN)
        .stranger(&stranger)
        .start(Endpoint::Tcp);
    let mut client = Client::to(&sim);
    let own = client.call("listIdentities", json!({}))["result"].clone();
    assert_eq!(own.as_array().unwrap().len(), 1, "its own");
    assert_eq!(
        (&own[0]["number"], &own[0]["uuid"], &own[0]["trustLevel"]),
        (&json!(OWN), &json!(OWN_ACI), &json!("TRUSTED_VERIFIED"))
    );
    sim.reply(&stranger, "hello");
    let identities = client.call("listIdentities", json!({}))["result"].clone();
    assert_eq!(identities[0]["uuid"], stranger.aci.to_string());
    assert_eq!(identities[0]["trustLevel"], "TRUSTED_UNVERIFIED");
}

#[test]
fn phones_confirm_unless_they_are_off() {
    let (sim, _, mut client) = sim("0.14.6");
    let send = json!({"recipient": ACI, "message": "x"});
    let timestamp = client.call("send", send.clone())["result"]["timestamp"].clone();
    let receipt = envelope(&mut client)["receiptMessage"].clone();
    assert_eq!(
        (&receipt["isDelivery"], &receipt["timestamps"]),
        (&json!(true), &json!([timestamp]))
    );
    sim.faults(|faults| faults.phones_are_off = true);
    client.call("send", send);
    assert_eq!(sim.undelivered(), 0);
}

#[test]
fn notifications_are_lost_doubled_and_overtaken() {
    let (sim, owner, mut client) = sim("0.14.6");
    let text = |client: &mut Client| envelope(client)["dataMessage"]["message"].clone();
    sim.faults(|faults| faults.notifications_lost = 1);
    sim.reply(&owner, "lost");
    sim.reply(&owner, "heard");
    assert_eq!(text(&mut client), "heard");
    sim.faults(|faults| faults.deaf = true);
    sim.reply(&owner, "lost");
    sim.flush();
    sim.faults(|faults| (faults.deaf, faults.twice) = (false, true));
    sim.reply(&owner, "twice");
    assert_eq!(
        (text(&mut client), text(&mut client)),
        (json!("twice"), json!("twice"))
    );
    sim.faults(|faults| (faults.twice, faults.reordered) = (false, true));
    sim.reply(&owner, "first");
    sim.reply(&owner, "second");
    assert_eq!(
        (text(&mut client), text(&mut client)),
        (json!("second"), json!("first"))
    );
    sim.reply(&owner, "held back");
    sim.flush();
    sim.no_faults();
    assert_eq!(text(&mut client), "held back");
}

#[test]
fn anything_else_can_be_said_too() {
    let (sim, _, mut client) = sim("0.14.6");
    sim.raw(json!({"envelope": 7}));
    assert_eq!(client.notification()["params"], json!({"envelope": 7}));
    sim.raw_line(b"no JSON");
    assert_eq!(client.read_line(), "no JSON\n");
}

#[test]
fn a_text_is_followed_through_its_edits() {
    let (sim, _, mut client) = sim("0.14.6");
    let mut send = |text: &str, edits: Option<u64>| {
        let answer = client.call(
            "send",
            json!({"recipient": ACI, "message": text, "editTimestamp": edits}),
        );
        answer["result"]["timestamp"].as_u64().unwrap()
    };
    let first = send("asked", None);
    let second = send("approved", Some(first));
    send("ran", Some(second));
    send("another", None);
    assert_eq!(sim.wait_for_text(first, |text| text == "ran"), "ran");
}
