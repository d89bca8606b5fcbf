//! Yes and no, from a phone to the gate.

use aisudo_core::evidence::{Evidence, Verdict};
use aisudo_seal::message::HostSays;

use crate::{
    gate::Gate,
    phone::Phone,
    place::{Place, until},
};

#[test]
fn a_phone_that_listens_is_asked_and_its_yes_lets_the_command_run() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let HostSays::Inbox {
        pending, devices, ..
    } = inbox.hear()
    else {
        panic!("not the inbox first");
    };
    assert!(pending.is_empty());
    assert_eq!(devices.len(), 1);
    assert!(devices[0].listens && devices[0].label == "blue");

    let mut gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let taken = place.post(&gate.path("approve"), &phone.answer(&asked, &signed));
    assert_eq!((taken.status, taken.body.len()), (204, 0));
    let decision = gate.decided();
    assert_eq!(decision.verdict, Verdict::Approve);
    assert_eq!(decision.approver, "owner");
    assert_eq!(
        (decision.digest, decision.nonce),
        (gate.digest(), gate.nonce)
    );
    let Evidence::App(evidence) = &decision.evidence else {
        panic!("{decision:?}");
    };
    assert_eq!(evidence.device, phone.device());
    assert_eq!(evidence.proof, signed.proof);
    let device = Some(phone.device());
    assert_eq!(
        inbox.changed(&gate),
        (
            "approved".to_owned(),
            Some("owner".to_owned()),
            device,
            None
        )
    );
    gate.release();
    assert_eq!(inbox.changed(&gate).0, "released");
    assert_eq!(
        place.get(&gate.path("status")).text(),
        r#"{"state":"released"}"#
    );
}

#[test]
fn a_no_with_words_reaches_the_gate_and_every_other_phone() {
    let (blue, red) = (Phone::new("blue"), Phone::new("red"));
    let place = Place::with(&[&blue, &red]);
    let mut inbox = blue.listen(&place);
    let mut other = red.listen(&place);
    let mut gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = blue.sign(&gate, Verdict::Deny, "not on a Friday");
    let taken = place.post(&gate.path("deny"), &blue.answer(&asked, &signed));
    assert_eq!(taken.status, 204);
    let decision = gate.decided();
    assert_eq!(decision.verdict, Verdict::Deny);
    assert_eq!(decision.note.as_deref(), Some("not on a Friday"));
    let changed = other.changed(&gate);
    assert_eq!(changed.0, "denied");
    assert_eq!(changed.2, Some(blue.device()));
    assert_eq!(changed.3.as_deref(), Some("not on a Friday"));
    assert_eq!(
        place.get(&gate.path("status")).text(),
        r#"{"state":"denied"}"#
    );
}

#[test]
fn what_expires_and_what_is_given_up_is_withdrawn_and_takes_no_answer() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let gate = Gate::ask_with(&place, |body| body["timeout_ms"] = 300.into());
    let asked = inbox.asked(&gate);
    assert_eq!(inbox.changed(&gate).0, "expired");
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let late = place.post(&gate.path("approve"), &phone.answer(&asked, &signed));
    assert_eq!(late, place.not_found());

    let gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let (path, status) = (gate.path("approve"), gate.path("status"));
    let id = gate.id;
    gate.give_up();
    let HostSays::Changed {
        id: gone,
        state,
        note,
        ..
    } = inbox.hear()
    else {
        panic!("no end");
    };
    assert_eq!((gone, state.as_str()), (id, "cancelled"));
    assert_eq!(note.as_deref(), Some("interrupted"));
    let late = place.post(&path, &phone.answer(&asked, &signed));
    assert_eq!(late, place.not_found());
    assert_eq!(place.get(&status).text(), r#"{"state":"cancelled"}"#);
    assert!(place.entries("approved").is_empty());
}

/// The phone that comes back knows each request's state, and is asked about all that wait, however much has
/// happened meanwhile.
#[test]
fn a_phone_that_comes_back_hears_all_of_it() {
    let phone = Phone::new("blue");
    let place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let mut approved = Gate::ask(&place);
    let asked = inbox.asked(&approved);
    let signed = phone.sign(&approved, Verdict::Approve, "");
    let path = approved.path("approve");
    assert_eq!(
        place.post(&path, &phone.answer(&asked, &signed)).status,
        204
    );
    drop(inbox);
    approved.decided();
    for _ in 0..300 {
        let gate = Gate::ask(&place);
        let status = gate.path("status");
        gate.give_up();
        until("it is over", || {
            place.get(&status).text().contains("cancelled")
        });
    }
    let waiting: Vec<Gate> = (0..3).map(|_| Gate::ask(&place)).collect();

    let mut inbox = phone.listen(&place);
    let HostSays::Inbox { pending, .. } = inbox.hear() else {
        panic!("not the inbox first");
    };
    let ids: Vec<_> = waiting.iter().map(|gate| gate.id).collect();
    assert_eq!(pending, ids);
    for gate in &waiting {
        let HostSays::Ask { request, .. } = inbox.hear() else {
            panic!("not the questions next");
        };
        assert_eq!(request, gate.body);
    }
    assert_eq!(inbox.changed(&approved).0, "approved");
}

#[test]
fn a29_after_a_restart_the_same_signature_counts_once_under_the_new_key() {
    let phone = Phone::new("blue");
    let mut place = Place::with(&[&phone]);
    let mut inbox = phone.listen(&place);
    let gate = Gate::ask(&place);
    let asked = inbox.asked(&gate);
    let signed = phone.sign(&gate, Verdict::Approve, "");
    let before = phone.answer(&asked, &signed);

    place.kill();
    place.start();
    let mut gate = gate.again(&place);
    let mut inbox = phone.listen(&place);
    let again = inbox.asked(&gate);
    assert_ne!(asked.reply, again.reply, "keys are in memory only");
    let path = gate.path("approve");
    assert_eq!(place.post(&path, &before), place.not_found());
    assert_eq!(
        place.post(&path, &phone.answer(&again, &signed)).status,
        204
    );
    assert_eq!(gate.decided().verdict, Verdict::Approve);
    gate.release();
    assert_eq!(inbox.changed(&gate).0, "approved");
    let once_more = place.post(&path, &phone.answer(&again, &signed));
    assert_eq!(once_more, place.not_found());
    assert_eq!(place.entries("approved").len(), 1);

    // Who was away hears how it ended, from a daemon that was not there then.
    place.kill();
    place.start();
    let mut inbox = phone.listen(&place);
    assert_eq!(inbox.changed(&gate).0, "released");
    assert_eq!(
        place.get(&gate.path("status")).text(),
        r#"{"state":"released"}"#
    );
}
