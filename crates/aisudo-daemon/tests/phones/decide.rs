//! Yes and no, from a phone to the gate.

use aisudo_core::evidence::{Evidence, Verdict};
use aisudo_seal::message::HostSays;

use crate::{gate::Gate, phone::Phone, place::Place};

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
