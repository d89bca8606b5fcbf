//! What the policy answers, and how much of anything one uid gets (a21).

use aisudo_core::{
    evidence::{Evidence, Verdict},
    policy::{Effect, Ruling},
};

use super::{
    model::{CAPS, Disk, answer, at, question},
    *,
};

const TOKEN: Hex32 = Hex32([9; 32]);

struct Bench {
    broker: Broker,
    disk: Disk,
    ids: u128,
}

impl Bench {
    fn new(caps: Caps) -> Self {
        let disk = Disk::default();
        let broker = Broker::load(caps, Vec::new(), &HashMap::new(), &disk.boot_id(), at(0));
        Self {
            broker,
            disk,
            ids: 100,
        }
    }

    fn apply(&mut self, command: Command, ms: u64) -> Effects {
        let effects = self.broker.apply(command, at(ms), &self.disk).unwrap();
        self.disk.write(&effects, at(ms));
        effects
    }

    /// A new request like that of a slot.
    fn like(&mut self, slot: u8) -> Ask {
        self.ids += 1;
        let id = Uuid::from_u128(self.ids);
        let mut digest = [slot; 32];
        digest[..16].copy_from_slice(&self.ids.to_be_bytes());
        Ask {
            id,
            digest: Hex32(digest),
            ..question(slot, 1)
        }
    }

    fn ask(&mut self, ask: &Ask, ms: u64) -> Effects {
        self.apply(Command::Ask(Box::new(ask.clone())), ms)
    }

    /// Asked, and gone again before anybody answers; whether a person was asked.
    fn come_and_go(&mut self, slot: u8, ms: u64) -> Result<(), String> {
        let ask = self.like(slot);
        let asked = asked(self.ask(&ask, ms));
        let leave = Command::Leave {
            id: ask.id,
            connection: ask.connection,
            why: "gone".to_owned(),
        };
        self.apply(leave, ms);
        asked
    }

    fn answer(&mut self, ask: &Ask, verdict: Verdict, ms: u64) {
        let answer = Answer {
            id: ask.id,
            digest: ask.digest,
            ..answer(0, verdict, 0, 0)
        };
        let effects = self.apply(Command::Decide(Box::new(answer)), ms);
        assert_eq!(effects.outcome, Outcome::Done);
    }

    fn ruled(&mut self, effect: Effect) -> Ask {
        let rule = Some("a rule".to_owned());
        Ask {
            ruling: Ruling { effect, rule },
            policy: Hex32([5; 32]),
            token: TOKEN,
            ..self.like(0)
        }
    }
}

/// Whether a person is asked; or why root's fallback applies.
fn asked(effects: Effects) -> Result<(), String> {
    match effects.outcome {
        Outcome::Waiting { .. } => Ok(()),
        Outcome::Refused {
            why,
            fallback: true,
        } => Err(why),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a21_people_are_asked_so_often_a_minute_and_no_more() {
    let mut bench = Bench::new(Caps {
        requests_per_minute: 3,
        ..CAPS
    });
    for _ in 0..3 {
        assert_eq!(bench.come_and_go(0, 1_000), Ok(()));
    }
    assert_eq!(
        bench.come_and_go(0, 1_000),
        Err(
            "more than 3 of this user's requests in a minute; the next is taken in 20 s".to_owned()
        )
    );
    assert_eq!(
        bench.come_and_go(3, 1_000),
        Ok(()),
        "another user is served"
    );
    assert!(bench.come_and_go(0, 20_999).is_err());
    assert_eq!(bench.come_and_go(0, 21_000), Ok(()));
}

#[test]
fn a21_all_users_together_have_a_limit_too() {
    let mut bench = Bench::new(Caps {
        requests_per_minute_all: 4,
        ..CAPS
    });
    for slot in [0, 3, 0, 3] {
        assert_eq!(bench.come_and_go(slot, 1_000), Ok(()));
    }
    let why = bench.come_and_go(3, 1_000).unwrap_err();
    assert!(
        why.starts_with("more than 4 of all requests in a minute"),
        "{why}"
    );
}

#[test]
fn a21_a_command_that_was_denied_rests() {
    let mut bench = Bench::new(Caps {
        cooldown_ms: 60_000,
        ..CAPS
    });
    let first = bench.like(0);
    asked(bench.ask(&first, 1_000)).unwrap();
    bench.answer(&first, Verdict::Deny, 2_000);
    assert_eq!(
        bench.come_and_go(0, 12_000),
        Err(
            "the same command was just denied, and nobody is asked about it again for 50 s"
                .to_owned()
        )
    );
    // Its fingerprint may be another: the same is what would be run.
    let mut with_another_reason = bench.like(0);
    with_another_reason.fingerprint = Hex32([77; 32]);
    assert!(asked(bench.ask(&with_another_reason, 12_000)).is_err());
    assert_eq!(bench.come_and_go(1, 12_000), Ok(()), "another command");
    let mut of_another = bench.like(3);
    of_another.command = first.command;
    assert_eq!(
        asked(bench.ask(&of_another, 12_000)),
        Ok(()),
        "another user"
    );
    assert_eq!(bench.come_and_go(0, 62_000), Ok(()), "after a while");
}

#[test]
fn an_approved_command_does_not_rest() {
    let mut bench = Bench::new(Caps {
        cooldown_ms: 60_000,
        ..CAPS
    });
    let first = bench.like(0);
    asked(bench.ask(&first, 1_000)).unwrap();
    bench.answer(&first, Verdict::Approve, 2_000);
    assert_eq!(bench.come_and_go(0, 3_000), Ok(()));
}

#[test]
fn i1_what_the_policy_allows_is_decided_and_released_in_one_record() {
    let mut bench = Bench::new(CAPS);
    let ask = bench.ruled(Effect::Allow);
    let effects = bench.ask(&ask, 0);
    let Outcome::Allowed(decision) = &effects.outcome else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (
            decision.id,
            decision.digest,
            decision.nonce,
            decision.verdict
        ),
        (ask.id, ask.digest, ask.nonce, Verdict::Approve)
    );
    assert_eq!(
        decision.evidence,
        Evidence::Policy {
            rule: Some("a rule".to_owned()),
            sha256: Hex32([5; 32])
        }
    );
    let [
        Record::Ruled {
            end: End::Released { token, .. },
            ..
        },
    ] = &effects.records[..]
    else {
        panic!("{effects:?}");
    };
    assert_eq!(*token, TOKEN);
    assert!(!bench.broker.asks(ask.uid), "nothing waits");

    // The answer was lost: the same gate hears it again, and has the same release.
    let again = bench.ask(&ask, 10);
    assert!(matches!(
        again.outcome,
        Outcome::Ended {
            news: News::Decided(_),
            ..
        }
    ));
    let mut release = |token| {
        let release = Command::Release {
            id: ask.id,
            connection: ask.connection,
            token,
        };
        bench.apply(release, 20).outcome
    };
    assert_eq!(release(TOKEN), Outcome::Released);
    assert!(matches!(
        release(Hex32([8; 32])),
        Outcome::Refused {
            fallback: false,
            ..
        }
    ));
}

#[test]
fn what_the_policy_denies_ends_with_its_words() {
    let mut bench = Bench::new(CAPS);
    let text = Some("use the deploy script".to_owned());
    let ask = bench.ruled(Effect::Deny { text: text.clone() });
    let effects = bench.ask(&ask, 0);
    let Outcome::Rejected(decision) = &effects.outcome else {
        panic!("{effects:?}");
    };
    assert_eq!(decision.note, text);
    assert_eq!(decision.approver, "policy rule a rule");
    assert!(matches!(
        &effects.records[..],
        [Record::Ruled {
            end: End::Denied { .. },
            ..
        }]
    ));
}

#[test]
fn a_rule_may_shorten_the_wait_but_not_lengthen_it() {
    for (timeout, seconds) in [(None, 10), (Some(7), 7), (Some(3600), 10)] {
        let mut bench = Bench::new(CAPS);
        let ask = bench.ruled(Effect::Ask { timeout });
        match bench.ask(&ask, 0).outcome {
            Outcome::Waiting { seconds: waits, .. } => assert_eq!(waits, seconds),
            other => panic!("{other:?}"),
        }
        assert_eq!(bench.broker.next_wake(), Some(Tick(seconds * 1000)));
    }
}

#[test]
fn a35_the_policy_answers_so_often_a_minute_and_a_no_stays_a_no() {
    let mut bench = Bench::new(Caps {
        ruled_per_minute: 2,
        ..CAPS
    });
    for _ in 0..2 {
        let ask = bench.ruled(Effect::Allow);
        assert!(matches!(bench.ask(&ask, 0).outcome, Outcome::Allowed(_)));
    }
    let ask = bench.ruled(Effect::Allow);
    assert!(matches!(
        bench.ask(&ask, 0).outcome,
        Outcome::Refused { fallback: true, .. }
    ));
    let mut recorded = 0;
    for _ in 0..100 {
        let ask = bench.ruled(Effect::Deny { text: None });
        let effects = bench.ask(&ask, 0);
        assert!(
            matches!(
                effects.outcome,
                Outcome::Refused {
                    fallback: false,
                    ..
                }
            ),
            "no password takes the place of the policy's no"
        );
        recorded += effects.records.len();
    }
    assert!(
        recorded < 10,
        "{recorded}: the log is no way to fill the disk"
    );
}
