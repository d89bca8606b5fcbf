use aisudo_core::evidence::Verdict;
use proptest::prelude::*;

use super::{
    model::{CAPS, Disk, World, answer, at, lives, question},
    *,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// I1, I3, I5: one outcome, one release, nothing after the deadline, whatever happens in
    /// whatever order, restarts and failed commits included.
    #[test]
    fn i1_i3_any_life_is_the_references(steps in lives()) {
        let mut world = World::new();
        for step in &steps {
            world.run(step);
        }
    }
}

struct Bench {
    broker: Broker,
    disk: Disk,
}

impl Bench {
    fn new() -> Self {
        let disk = Disk::default();
        let broker = Broker::load(CAPS, Vec::new(), &HashMap::new(), &disk.boot_id(), at(0));
        Self { broker, disk }
    }

    fn apply(&mut self, command: Command, ms: u64) -> Effects {
        let effects = self.broker.apply(command, at(ms), &self.disk).unwrap();
        self.disk.write(&effects, at(ms));
        effects
    }

    fn ask(&mut self, ask: Ask) -> Outcome {
        self.apply(Command::Ask(Box::new(ask)), 0).outcome
    }

    fn decide(&mut self, slot: u8, verdict: Verdict, decider: u32, ms: u64) -> Effects {
        self.apply(
            Command::Decide(Box::new(answer(slot, verdict, slot, decider))),
            ms,
        )
    }
}

fn not_taken(effects: &Effects) -> &str {
    assert!(
        matches!(effects.records.as_slice(), [Record::DecisionRefused { .. }]),
        "it is recorded"
    );
    match &effects.outcome {
        Outcome::NotTaken(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a29_a_decision_counts_once_and_the_second_hears_who_was_first() {
    let mut bench = Bench::new();
    bench.ask(question(0, 1));
    assert_eq!(
        bench.decide(0, Verdict::Approve, 0, 1).outcome,
        Outcome::Done
    );
    assert_eq!(
        not_taken(&bench.decide(0, Verdict::Approve, 0, 2)),
        "already approved by root"
    );
    assert_eq!(
        not_taken(&bench.decide(0, Verdict::Deny, 0, 3)),
        "already approved by root"
    );
}

#[test]
fn a30_an_answer_at_the_deadline_is_too_late() {
    let mut bench = Bench::new();
    bench.ask(question(0, 1));
    assert_eq!(
        not_taken(&bench.decide(0, Verdict::Approve, 0, 10_000)),
        "the deadline has passed"
    );
    let expired = bench.broker.tend(at(10_000));
    assert_eq!(expired.news, [(question(0, 1).id, News::Expired)]);
}

#[test]
fn i2_whoever_asks_decides_nothing_not_even_for_others() {
    let mut bench = Bench::new();
    bench.ask(question(0, 1));
    bench.ask(question(3, 2));
    for slot in [0, 3] {
        let effects = bench.decide(slot, Verdict::Approve, 1000, 1);
        assert!(not_taken(&effects).starts_with("whoever has a request waiting may not answer"));
    }
}

#[test]
fn a32_the_same_id_from_another_process_or_with_other_bytes_is_refused() {
    let mut bench = Bench::new();
    bench.ask(question(0, 1));
    let changes: [fn(&mut Ask); 4] = [
        |ask| ask.pid += 1,
        |ask| ask.start_time += 1,
        |ask| ask.uid += 1,
        |ask| ask.digest = Hex32([9; 32]),
    ];
    for change in changes {
        let mut other = question(0, 2);
        change(&mut other);
        assert_eq!(
            bench.ask(other),
            refuse("another request has this id".to_owned())
        );
    }
    assert!(matches!(bench.ask(question(0, 3)), Outcome::Waiting { .. }));
}

#[test]
fn a_code_is_lengthened_while_another_request_had_it_within_the_hour() {
    let mut bench = Bench::new();
    let same_start = |slot: u8, last: u8| {
        let mut ask = question(slot, 1);
        ask.digest.0 = [5; 32];
        ask.digest.0[31] = last;
        ask.digest.0[3] = last >> 1;
        ask
    };
    let code = |outcome| match outcome {
        Outcome::Waiting { code, .. } => code,
        other => panic!("{other:?}"),
    };
    let first = code(bench.ask(same_start(0, 0)));
    let second = code(bench.ask(same_start(1, 0xff)));
    assert_eq!((first.len(), second.len()), (5, 6));
    assert!(second.starts_with(&first));
    let Effects { records, .. } = bench.apply(
        Command::Leave {
            id: question(0, 1).id,
            connection: ConnectionId(1),
            why: "ä".repeat(200),
        },
        1,
    );
    assert!(
        matches!(&records[..], [Record::Moved { standing: Standing::Ended(End::Cancelled { why }), .. }]
        if why.len() == 200)
    );
    assert_eq!(
        code(bench.ask(same_start(2, 0))).len(),
        6,
        "it rests for an hour"
    );
    bench.decide(2, Verdict::Deny, 0, 2);
    let later = Command::Ask(Box::new(same_start(3, 0)));
    assert_eq!(
        code(bench.apply(later, 2 * 60 * 60 * 1000).outcome).len(),
        5
    );
}

#[test]
fn a_limit_leaves_root_its_fallback_and_is_recorded() {
    let mut bench = Bench::new();
    for slot in 0..3 {
        bench.ask(question(slot, 1));
    }
    let mut fourth = question(2, 1);
    fourth.id = Uuid::from_u128(99);
    let effects = bench.apply(Command::Ask(Box::new(fourth)), 1);
    assert!(
        matches!(&effects.outcome, Outcome::Refused { why, fallback: true }
        if why == "3 requests of this user wait already; answer or cancel one first")
    );
    assert!(matches!(
        &effects.records[..],
        [Record::Refused {
            uid: Some(1000),
            ..
        }]
    ));
    let recorded = (0..50).filter(|_| {
        let mut more = question(2, 1);
        more.id = Uuid::from_u128(99);
        let again = bench.apply(Command::Ask(Box::new(more)), 1);
        !again.records.is_empty()
    });
    assert_eq!(
        recorded.count(),
        9,
        "but the log is no way to fill the disk"
    );
    assert!(
        matches!(bench.ask(question(3, 1)), Outcome::Waiting { .. }),
        "others are served"
    );
    assert!(
        matches!(
            bench.ask(question(4, 1)),
            Outcome::Refused { fallback: true, .. }
        ),
        "but not without end"
    );
}

fn unreached(slot: u8, by: EvidenceKind, fallback: bool) -> Command {
    Command::Unreached {
        id: question(slot, 0).id,
        by,
        why: "the phone is gone".to_owned(),
        fallback,
    }
}

#[test]
fn a38_a_request_that_no_channel_can_ask_about_any_more_is_over_with_roots_fallback() {
    let mut bench = Bench::new();
    let mut ask = question(0, 1);
    ask.reached = Ok(vec![EvidenceKind::Terminal, EvidenceKind::Signal]);
    bench.ask(ask);
    let none = bench.apply(unreached(0, EvidenceKind::Signal, true), 1);
    assert!(none.records.is_empty(), "the terminal still asks");
    let over = bench.apply(unreached(0, EvidenceKind::Terminal, true), 2);
    let expected = NotReached {
        why: "the phone is gone".to_owned(),
        fallback: true,
    };
    assert_eq!(
        over.news,
        [(question(0, 0).id, News::NotReached(Box::new(expected)))]
    );
    assert!(matches!(
        &over.records[..],
        [Record::Moved { standing: Standing::Ended(End::Cancelled { why }), .. }] if why == "the phone is gone"
    ));
    let late = bench.decide(0, Verdict::Approve, 0, 3);
    assert_eq!(
        not_taken(&late),
        "already cancelled: the phone is gone",
        "an answer that comes after all counts for nothing"
    );
}

#[test]
fn a38_what_is_approved_already_stays_so_when_the_channel_goes_away() {
    let mut bench = Bench::new();
    bench.ask(question(0, 1));
    bench.decide(0, Verdict::Approve, 0, 1);
    let effects = bench.apply(unreached(0, EvidenceKind::Terminal, true), 2);
    assert!(effects.records.is_empty() && effects.news.is_empty());
    assert!(matches!(
        bench.broker.row(question(0, 0).id, Tick(2)).unwrap().state,
        Standing::Live(LiveState::Approved { .. })
    ));
}

#[test]
fn nobody_to_ask_is_said_at_once_and_takes_nothing_from_the_limits() {
    let mut bench = Bench::new();
    for fallback in [true, false] {
        let mut ask = question(0, 1);
        ask.reached = Err(NotReached {
            why: "nobody can be asked now".to_owned(),
            fallback,
        });
        let expected = Outcome::Refused {
            why: "nobody can be asked now".to_owned(),
            fallback,
        };
        assert_eq!(bench.ask(ask), expected);
    }
    assert!(matches!(bench.ask(question(0, 2)), Outcome::Waiting { .. }));
}
