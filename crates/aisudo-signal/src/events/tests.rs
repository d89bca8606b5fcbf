use serde_json::json;

use super::*;

const UA: &str = "11111111-1111-4111-8111-111111111111";
const UB: &str = "22222222-2222-4222-8222-222222222222";

fn id(text: &str) -> Option<Uuid> {
    Some(text.parse().unwrap())
}

/// An envelope of signal-cli 0.13.19 around something.
fn around(name: &str, what: &str) -> Value {
    let line = format!(
        r#"{{"envelope":{{"source":"{UA}","sourceNumber":null,"sourceUuid":"{UA}","sourceName":"Approver","sourceDevice":1,"timestamp":1767225600000,"serverReceivedTimestamp":1767225600150,"serverDeliveredTimestamp":1767225600200,"{name}":{what}}},"account":"+15550001111"}}"#
    );
    serde_json::from_str(&line).unwrap()
}

fn message(parameters: &Value) -> Incoming {
    match event_of(parameters) {
        Some(Event::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

/// What a data message with these fields beside the usual ones says.
fn said(fields: &str) -> Content {
    let data = format!(
        r#"{{"timestamp":1767225600000,"expiresInSeconds":0,"isExpirationUpdate":false,"viewOnce":false,{fields}}}"#
    );
    message(&around("dataMessage", &data)).content
}

#[test]
fn a_message_is_known_by_its_sender_and_both_clocks() {
    let data = r#"{"timestamp":1767225600000,"message":"approve 7KQ2","expiresInSeconds":0,"viewOnce":false}"#;
    let expected = Incoming {
        account: Some("+15550001111".to_owned()),
        sender: id(UA),
        device: 1,
        timestamp: 1_767_225_600_000,
        received_at_ms: 1_767_225_600_150,
        sync: false,
        destination: None,
        group: false,
        edits: None,
        content: Content::Text {
            text: "approve 7KQ2".to_owned(),
            quotes: None,
        },
    };
    let plain = around("dataMessage", data);
    assert_eq!(message(&plain), expected);
    let subscribed = json!({"subscription": 2, "result": plain});
    assert_eq!(message(&subscribed), expected);
}

#[test]
fn only_an_aci_is_a_sender() {
    let mut parameters = around("dataMessage", r#"{"timestamp":1,"message":"yes"}"#);
    for unknown in [
        json!(format!("PNI:{UA}")),
        json!("+15550002222"),
        json!(null),
        json!(7),
    ] {
        parameters["envelope"]["sourceUuid"] = unknown;
        assert_eq!(message(&parameters).sender, None, "{parameters}");
    }
    parameters["envelope"]
        .as_object_mut()
        .unwrap()
        .remove("sourceUuid");
    // "source" is the uuid where no number is known, and says nothing that counts.
    assert_eq!(message(&parameters).sender, None);
}

#[test]
fn what_refers_to_a_message_names_its_author_and_timestamp() {
    let author = Author {
        uuid: id(UB),
        number: Some("+15550001111".to_owned()),
    };
    let reaction = format!(
        r#""message":null,"reaction":{{"emoji":"👍","targetAuthor":"+15550001111","targetAuthorNumber":"+15550001111","targetAuthorUuid":"{UB}","targetSentTimestamp":1767225595000,"isRemove":false}}"#
    );
    let thumb = Reaction {
        emoji: "👍".to_owned(),
        author: author.clone(),
        timestamp: 1_767_225_595_000,
        removed: false,
    };
    assert_eq!(said(&reaction), Content::Reaction(thumb.clone()));
    let taken_back = Reaction {
        removed: true,
        ..thumb
    };
    for not_false in ["true", "null", "0"] {
        let reaction =
            reaction.replace(r#""isRemove":false"#, &format!(r#""isRemove":{not_false}"#));
        assert_eq!(said(&reaction), Content::Reaction(taken_back.clone()));
    }
    let quote = format!(
        r#""message":"yes","quote":{{"id":1767225595000,"author":"+15550001111","authorNumber":"+15550001111","authorUuid":"{UB}","text":"sudo …","attachments":[]}}"#
    );
    let quoted = Quoted {
        timestamp: 1_767_225_595_000,
        author: author.clone(),
    };
    let expected = Content::Text {
        text: "yes".to_owned(),
        quotes: Some(quoted),
    };
    assert_eq!(said(&quote), expected);
    let vote = format!(
        r#""message":null,"pollVote":{{"author":"+15550001111","authorNumber":"+15550001111","authorUuid":"{UB}","targetSentTimestamp":1767225595000,"optionIndexes":[0],"voteCount":1}}"#
    );
    let expected = Vote {
        author,
        timestamp: 1_767_225_595_000,
        options: vec![0],
    };
    assert_eq!(said(&vote), Content::Vote(expected));
    assert_eq!(said(&vote.replace("[0]", "[0,-1]")), Content::Other);
}

#[test]
fn what_says_nothing_or_several_things_is_neither() {
    let reaction = r#""reaction":{"emoji":"👍","targetSentTimestamp":1,"isRemove":false}"#;
    assert!(matches!(said(reaction), Content::Reaction(_)));
    for fields in [
        r#""message":null"#,
        r#""message":"""#,
        r#""message":null,"remoteDelete":{"timestamp":1767225600004}"#,
        r#""message":"yes","remoteDelete":{"timestamp":1767225600004}"#,
        r#""message":"yes","storyContext":{"authorUuid":null,"sentTimestamp":1}"#,
        &format!(r#"{reaction},"storyContext":{{"sentTimestamp":1}}"#),
        &format!(r#"{reaction},"message":"no""#),
        &format!(r#"{reaction},"pollVote":{{"targetSentTimestamp":1,"optionIndexes":[0]}}"#),
        r#""reaction":{"emoji":"👍","isRemove":false}"#,
    ] {
        assert_eq!(said(fields), Content::Other, "{fields}");
    }
}

#[test]
fn groups_edits_and_own_devices_are_marked() {
    for group in ["groupInfo", "groupV2", "groupContext"] {
        let data = format!(r#"{{"timestamp":1,"message":"yes","{group}":{{"groupId":"AA=="}}}}"#);
        assert!(message(&around("dataMessage", &data)).group, "{group}");
        let sent = format!(r#"{{"sentMessage":{data}}}"#);
        assert!(message(&around("syncMessage", &sent)).group, "{group}");
        let edit = format!(r#"{{"targetSentTimestamp":5,"dataMessage":{data}}}"#);
        assert!(message(&around("editMessage", &edit)).group, "{group}");
    }
    let edit = r#"{"targetSentTimestamp":1767225600004,"dataMessage":{"timestamp":1767225600009,"message":"yes"}}"#;
    let edited = message(&around("editMessage", edit));
    assert_eq!(edited.edits, Some(1_767_225_600_004));
    // One that does not say of what is an edit all the same.
    let nameless = r#"{"dataMessage":{"timestamp":1,"message":"yes"}}"#;
    assert_eq!(message(&around("editMessage", nameless)).edits, Some(0));

    let sent = format!(
        r#"{{"sentMessage":{{"destination":"{UA}","destinationNumber":null,"destinationUuid":"{UA}","timestamp":1767225600000,"message":"hello","expiresInSeconds":0,"viewOnce":false}}}}"#
    );
    let note = message(&around("syncMessage", &sent));
    assert!(note.sync && note.destination == id(UA) && note.edits.is_none());
    let expected = Content::Text {
        text: "hello".to_owned(),
        quotes: None,
    };
    assert_eq!(note.content, expected);
    let sent = format!(r#"{{"sentMessage":{{"destinationUuid":"{UA}","editMessage":{edit}}}}}"#);
    let note = message(&around("syncMessage", &sent));
    assert!(note.sync && note.edits == Some(1_767_225_600_004));
}

#[test]
fn receipts_say_which_messages_arrived() {
    let receipt = r#"{"when":1767225600008,"isDelivery":true,"isRead":false,"isViewed":false,"timestamps":[1767225595000]}"#;
    let expected = Event::Receipt {
        sender: id(UA).unwrap(),
        delivered: true,
        read: false,
        timestamps: vec![1_767_225_595_000],
    };
    assert_eq!(event_of(&around("receiptMessage", receipt)), Some(expected));
    let mut nobodys = around("receiptMessage", receipt);
    nobodys["envelope"]["sourceUuid"] = json!(null);
    assert_eq!(event_of(&nobodys), None);
}

#[test]
fn a_changed_key_is_reported_and_what_came_with_it_is_not() {
    let mut held = around("dataMessage", r#"{"timestamp":1,"message":"yes"}"#);
    held["exception"] = json!({"message": format!("Untrusted identity: {UA}"), "type": "UntrustedIdentityException"});
    assert_eq!(event_of(&held), Some(Event::Untrusted { sender: id(UA) }));
    for other in [
        json!({"type": "ProtocolInvalidMessageException"}),
        json!("?"),
    ] {
        held["exception"] = other;
        assert_eq!(event_of(&held), None);
    }
}

#[test]
fn the_rest_is_nothing() {
    let typing = r#"{"action":"STARTED","timestamp":1767225600010}"#;
    assert_eq!(event_of(&around("typingMessage", typing)), None);
    for nothing in [
        json!(null),
        json!([]),
        json!({"envelope": 7}),
        json!({"subscription": 2}),
        json!({"envelope": {"sourceUuid": UA, "dataMessage": {"message": "yes"}}}),
        around("syncMessage", "{}"),
        around("syncMessage", r#"{"sentMessage":null}"#),
        around("dataMessage", "null"),
        around("editMessage", "{}"),
    ] {
        assert_eq!(event_of(&nothing), None, "{nothing}");
    }
}
