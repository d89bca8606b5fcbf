use aisudo_core::evidence::Verdict::{Approve, Deny};
use aisudo_seal::{
    device::Signer as _,
    envelope::{Kind, PublicKey, seal},
    message::HostSays,
};

use super::*;
use crate::channels::app::sample::{Own, at, id, nonce, pending, rng};

/// Two requests that wait, and two phones that were asked about both.
struct Scene {
    desk: Desk,
    blue: Own,
    red: Own,
}

impl Scene {
    fn new() -> Self {
        let mut desk = Desk::default();
        desk.take(pending(1), at(0));
        desk.take(pending(2), at(0));
        Self {
            desk,
            blue: Own::new(1),
            red: Own::new(2),
        }
    }

    fn phones(&self) -> [Phone; 2] {
        [self.blue.listed(), self.red.listed()]
    }

    fn reply(&mut self, number: u8, to: &Phone) -> PublicKey {
        let seed = u64::from(number) + u64::from(to.address().0[0]) * 300;
        let said = self
            .desk
            .says(id(number), to.address(), at(0).tick, &mut rng(seed));
        match said {
            Some(HostSays::Ask { reply, .. }) => reply,
            other => panic!("{other:?}"),
        }
    }

    /// What blue says about the first request.
    fn opened(&mut self, signed: &Signed) -> Sealed {
        let reply = self.reply(1, &self.blue.listed());
        let envelope = self.blue.seals(&reply, signed);
        open(&self.desk, &self.phones(), &envelope).expect("from blue")
    }
}

const NAMED: Named = Named {
    id: id_of_first(),
    nonce: Hex32([1; 32]),
    verdict: Approve,
};

const fn id_of_first() -> Uuid {
    Uuid::from_u128(1)
}

#[test]
fn an_answer_that_is_right_goes_to_the_ledger_as_it_was_signed() {
    let mut scene = Scene::new();
    for verdict in [Approve, Deny] {
        let signed = scene.blue.signs(1, verdict);
        let sealed = scene.opened(&signed);
        let named = Named { verdict, ..NAMED };
        let answer = sealed.believe(Some(&named), &scene.phones()).unwrap();
        assert_eq!((answer.id, answer.nonce), (id(1), Some(nonce(1))));
        assert_eq!(answer.digest, pending(1).row.digest);
        assert_eq!((answer.verdict, answer.decider), (verdict, None));
        assert_eq!(answer.approver, "owner");
        assert_eq!(answer.note.as_deref(), Some("words"));
        let Evidence::App(evidence) = answer.evidence else {
            panic!("not the app's");
        };
        assert_eq!(evidence.device, scene.blue.signer.key().id());
        assert_eq!((evidence.signed_at_ms, evidence.proof), (5, signed.proof));
    }
    // A carrier that says nothing of it may bring it as well.
    let sealed = scene.opened(&scene.blue.signs(1, Approve));
    assert!(sealed.believe(None, &scene.phones()).is_ok());
}

#[test]
fn a_carrier_that_says_something_else_is_not_believed() {
    let mut scene = Scene::new();
    let sealed = scene.opened(&scene.blue.signs(1, Approve));
    for named in [
        Named {
            verdict: Deny,
            ..NAMED
        },
        Named { id: id(2), ..NAMED },
        Named {
            nonce: nonce(2),
            ..NAMED
        },
    ] {
        let why = sealed.believe(Some(&named), &scene.phones()).unwrap_err();
        assert_eq!(why, "it says one thing and was sent as the other");
    }
}

#[test]
fn a31_what_was_signed_or_sealed_for_something_else_does_not_count() {
    let mut scene = Scene::new();
    let other = scene.blue.signs(2, Approve);
    let why = scene.opened(&other).believe(None, &scene.phones());
    assert_eq!(why.unwrap_err(), "the answer is for another request");
    let signed = scene.blue.signs(1, Approve);
    let (blue, red) = (scene.blue.listed(), scene.red.listed());
    let theirs = scene.reply(1, &red);
    let envelope = scene.blue.seals(&theirs, &signed);
    assert!(
        open(&scene.desk, &scene.phones(), &envelope).is_none(),
        "red's key"
    );
    let stranger = PublicKey::from_bytes([9; 32]).unwrap();
    let envelope = scene.blue.seals(&stranger, &signed);
    assert!(
        open(&scene.desk, &scene.phones(), &envelope).is_none(),
        "nobody's key"
    );
    let reply = scene.reply(1, &blue);
    let envelope = scene.red.seals(&reply, &signed);
    assert!(
        open(&scene.desk, &scene.phones(), &envelope).is_none(),
        "sealed by red"
    );
    let envelope = scene.blue.seals(&reply, &signed);
    assert!(
        open(&scene.desk, &[red], &envelope).is_none(),
        "blue is not listed"
    );
    assert!(open(&scene.desk, &[], &envelope).is_none());
}

#[test]
fn a14_the_key_that_signs_is_the_senders_own_and_is_listed_now() {
    let mut scene = Scene::new();
    let not_listed = "the device is not in approvers.toml: never paired, or revoked";
    let by_red = scene.opened(&scene.red.signs(1, Approve));
    let why = by_red.believe(None, &scene.phones()).unwrap_err();
    assert_eq!(why, not_listed, "blue sends what red signed");
    let sealed = scene.opened(&scene.blue.signs(1, Approve));
    let now = [scene.red.listed()];
    assert_eq!(sealed.believe(None, &now).unwrap_err(), not_listed);
    let given_away = Phone {
        approver: "second".to_owned(),
        ..scene.blue.listed()
    };
    assert_eq!(sealed.believe(None, &[given_away]).unwrap_err(), not_listed);
    let renamed = Phone {
        label: "green".to_owned(),
        ..scene.blue.listed()
    };
    assert!(sealed.believe(None, &[renamed]).is_ok());
}

#[test]
fn what_is_no_answer_is_refused_as_one() {
    let mut scene = Scene::new();
    let reply = scene.reply(1, &scene.blue.listed());
    let envelope = seal(Kind::Decision, &scene.blue.seal, &reply, b"{}", &mut rng(3));
    let sealed = open(&scene.desk, &scene.phones(), &envelope.unwrap()).unwrap();
    let why = sealed.believe(None, &scene.phones()).unwrap_err();
    assert_eq!(why, "the answer cannot be read");
    let mut forged = scene.blue.signs(1, Deny);
    forged.statement.verdict = Approve;
    let why = scene.opened(&forged).believe(Some(&NAMED), &scene.phones());
    assert_eq!(why.unwrap_err(), "the signature does not fit");
}
