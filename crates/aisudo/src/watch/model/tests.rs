use aisudo_core::{evidence::Verdict, state::End};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::watch::{
    keys::Key,
    page::Move,
    sample::{LARGE, SMALL, armed, fetched, over, waiting},
};

const A: Key = Key::Char('a');
const D: Key = Key::Char('d');

/// What a key decides: the verdict, and for which.
fn decides(model: &mut Model, now: u64, key: Key) -> Option<(Verdict, Vec<Uuid>)> {
    match model.key(Tick(now), key) {
        Some(Action::Decide(answer)) => Some((
            answer.verdict,
            answer.targets.iter().map(|one| one.row.id).collect(),
        )),
        _ => None,
    }
}

fn ids(requests: &[&Fetched]) -> Vec<Uuid> {
    requests.iter().map(|one| one.row.id).collect()
}

fn on_screen(model: &Model) -> Option<Vec<Uuid>> {
    let members = |group: &Group| group.members.iter().map(|one| one.row.id).collect();
    model.question().map(members)
}

#[test]
fn a22_a_key_decides_what_has_been_shown_for_700_ms() {
    let one = fetched(0, &["id"]);
    let mut model = Model::new(LARGE, Tick(0));
    model.listed(Tick(0), waiting(std::slice::from_ref(&one)));
    // Listed long ago, but drawn only now.
    assert_eq!(model.arming(Tick(5_000)), Arming::In(700));
    model.drawn(Tick(5_000));
    assert_eq!(model.arming(Tick(5_699)), Arming::In(1));
    assert_eq!(model.arming(Tick(5_700)), Arming::Armed);
    model.drawn(Tick(5_690));
    assert_eq!(
        decides(&mut model, 5_700, A),
        Some((Verdict::Approve, ids(&[&one])))
    );
}

#[test]
fn a22_who_hammers_decides_nothing() {
    let (mut model, _) = armed(LARGE, &[fetched(0, &["id"])]);
    for now in (0..20_000).step_by(650) {
        assert_eq!(decides(&mut model, now, A), None, "{now}");
        model.drawn(Tick(now));
    }
    assert_eq!(model.arming(Tick(19_500 + 700)), Arming::Armed);
}

#[test]
fn a22_what_comes_and_goes_does_not_move_the_selection() {
    let all: Vec<Fetched> = (0..4)
        .map(|n| fetched(n, &[["a", "b", "c", "d"][n]]))
        .collect();
    let (mut model, now) = armed(LARGE, &all[1..3]);
    let shown = on_screen(&model);
    // Others before and behind it, in another order.
    for list in [
        vec![&all[3], &all[0], &all[2], &all[1]],
        vec![&all[1], &all[3]],
        vec![&all[1]],
    ] {
        let list: Vec<Fetched> = list.into_iter().cloned().collect();
        model.listed(now, waiting(&list));
        assert_eq!(on_screen(&model), shown);
        assert_eq!(model.arming(now), Arming::Armed);
    }
}

#[test]
fn a22_what_ended_stays_until_asked_or_for_three_seconds() {
    let [one, two, three] = [0, 1, 2].map(|n| fetched(n, &[["a", "b", "c"][n]]));
    let all = [one.clone(), two.clone(), three.clone()];
    let (mut model, now) = armed(LARGE, &all);
    model.heard(&over(&one, End::Expired).row);
    model.listed(now, waiting(&all[1..]));
    let Pane::Over { how, .. } = &model.pane else {
        panic!("{:?}", model.pane);
    };
    assert!(
        how.ends_with("it expired: nobody answered in time"),
        "{how}"
    );
    model.drawn(now);
    assert_eq!(decides(&mut model, now.0 + 2_000, A), None);
    model.tick(Tick(now.0 + 2_999));
    assert_eq!(on_screen(&model), None);
    model.tick(Tick(now.0 + 3_000));
    assert_eq!(on_screen(&model), Some(ids(&[&two])));
    assert_eq!(decides(&mut model, now.0 + 3_000, A), None);
    model.drawn(Tick(now.0 + 3_000));
    assert_eq!(decides(&mut model, now.0 + 3_699, A), None);

    // Asked for: the one that took its place, not the one behind.
    let (mut model, now) = armed(LARGE, &all);
    model.listed(now, waiting(&all[1..]));
    model.key(now, Key::Char('n'));
    assert_eq!(on_screen(&model), Some(ids(&[&two])));
    assert_eq!(decides(&mut model, now.0, A), None);
}

#[test]
fn a22_a_decision_leaves_nothing_selected() {
    let [one, two] = [0, 1].map(|n| fetched(n, &[["a", "b"][n]]));
    let (mut model, now) = armed(LARGE, &[one.clone(), two.clone()]);
    assert!(decides(&mut model, now.0, D).is_some());
    let outcome = Outcome {
        fetched: one,
        done: Ok(()),
    };
    model.decided(now, Verdict::Deny, &[outcome]);
    model.listed(now, waiting(std::slice::from_ref(&two)));
    model.drawn(now);
    assert_eq!(model.arming(Tick(now.0 + 2_000)), Arming::Nothing);
    assert_eq!(decides(&mut model, now.0 + 2_000, A), None);
    model.tick(Tick(now.0 + 3_000));
    assert_eq!(on_screen(&model), Some(ids(&[&two])));
}

#[test]
fn what_was_not_taken_can_be_answered_again() {
    let one = fetched(0, &["id"]);
    let (mut model, now) = armed(LARGE, std::slice::from_ref(&one));
    let outcome = Outcome {
        fetched: one.clone(),
        done: Err("the disk is full".to_owned()),
    };
    model.decided(now, Verdict::Approve, &[outcome]);
    let Pane::Over { how, .. } = &model.pane else {
        panic!("{:?}", model.pane);
    };
    assert_eq!(
        how,
        &format!("{} was not decided: the disk is full", one.row.code)
    );
    model.listed(now, waiting(std::slice::from_ref(&one)));
    model.key(now, Key::Enter);
    assert_eq!(on_screen(&model), Some(ids(&[&one])));
}

#[test]
fn a21_a_further_one_arms_again_and_one_answer_is_for_all() {
    let same: Vec<Fetched> = (0..3).map(|n| fetched(n, &["id"])).collect();
    let (mut model, now) = armed(LARGE, &same[..2]);
    assert_eq!(model.queue.len(), 1);
    model.listed(now, waiting(&same));
    assert_eq!(decides(&mut model, now.0, A), None);
    assert_eq!(model.arming(now), Arming::In(700));
    model.drawn(now);
    model.page.scroll(Move::End);
    model.drawn(now);
    let decided = decides(&mut model, now.0 + 700, A);
    assert_eq!(
        decided,
        Some((Verdict::Approve, ids(&[&same[0], &same[1], &same[2]])))
    );
    // One less is another question to answer, too.
    model.listed(now, waiting(&same[1..]));
    assert_eq!(model.arming(Tick(now.0 + 5_000)), Arming::In(700));
}

#[test]
fn a18_unseen_lines_take_a_second_key_after_a_second_guard() {
    let word = "x".repeat(5_000);
    let (mut model, now) = armed(SMALL, &[fetched(0, &["echo", &word])]);
    assert_eq!(decides(&mut model, now.0, A), None);
    assert!(
        model
            .said
            .as_ref()
            .unwrap()
            .contains("lines you have not seen")
    );
    assert_eq!(decides(&mut model, now.0 + 10, A), None);
    model.drawn(Tick(1_000));
    assert_eq!(decides(&mut model, 1_699, A), None);
    assert_eq!(model.arming(Tick(2_398)), Arming::In(1));
    // Reading on is a reason to be told again.
    let mut other = armed(SMALL, &[fetched(0, &["echo", &word])]).0;
    assert_eq!(decides(&mut other, 700, A), None);
    other.drawn(Tick(700));
    other.key(Tick(1_400), Key::Down);
    assert_eq!(decides(&mut other, 1_500, A), None);
    // And the first one goes on.
    assert!(decides(&mut model, 2_399, A).is_some());
    // A denial needs no reading.
    assert!(decides(&mut armed(SMALL, &[fetched(0, &["echo", &word])]).0, 700, D).is_some());
}

#[test]
fn words_are_for_what_was_shown_and_letters_are_no_commands() {
    let same: Vec<Fetched> = (0..3).map(|n| fetched(n, &["id"])).collect();
    let (mut model, now) = armed(LARGE, &same[..2]);
    model.key(now, Key::Char('D'));
    for key in [
        Key::Char('a'),
        Key::Char('d'),
        Key::Char('q'),
        Key::Paste("\n!".to_owned()),
    ] {
        assert!(model.key(now, key).is_none());
    }
    // One goes, one comes.
    model.listed(now, waiting(&same[1..]));
    let Some(Action::Decide(answer)) = model.key(now, Key::Enter) else {
        panic!("nothing was decided");
    };
    assert_eq!(answer.note.as_deref(), Some("adq !"));
    assert_eq!(
        ids(&answer.targets.iter().collect::<Vec<_>>()),
        ids(&[&same[1]])
    );

    // Back from the words: the guard anew.
    let (mut model, now) = armed(LARGE, &same[..1]);
    model.key(now, Key::Char('D'));
    model.key(now, Key::Escape);
    assert_eq!(model.arming(now), Arming::In(700));

    // All of it ends while words are typed: they stay words.
    let (mut model, now) = armed(LARGE, &same[..1]);
    model.key(now, Key::Char('D'));
    model.listed(now, waiting(&[fetched(7, &["other"])]));
    model.tick(Tick(now.0 + 10_000));
    assert!(model.key(Tick(now.0 + 10_000), Key::Char('a')).is_none());
    assert!(matches!(model.mode, Mode::Words { .. }));
    assert!(model.key(Tick(now.0 + 10_000), Key::Enter).is_none());
    assert_eq!(
        model.said.as_deref(),
        Some("it was over already: nothing was denied")
    );
    assert_eq!(model.arming(Tick(now.0 + 20_000)), Arming::Nothing);
}

#[test]
fn words_have_at_most_500_bytes() {
    let (mut model, now) = armed(LARGE, &[fetched(0, &["id"])]);
    model.key(now, Key::Char('r'));
    model.key(now, Key::Paste("ä".repeat(300)));
    let Mode::Words { text, .. } = &model.mode else {
        panic!("{:?}", model.mode);
    };
    assert_eq!(text.len(), 500);
}

#[test]
fn what_is_not_on_the_screen_is_not_decided() {
    let one = fetched(0, &["id"]);
    let fresh = || armed(LARGE, std::slice::from_ref(&one));
    let away: &[fn(&mut Model)] = &[
        |model| model.lost("gone".to_owned()),
        |model| model.woke(),
        |model| {
            model.fit(Size {
                width: 30,
                height: 8,
            });
        },
        |model| assert!(model.key(Tick(700), Key::Char('?')).is_none()),
        |model| model.show_history(vec![fetched(5, &["x"])]),
    ];
    for (index, away) in away.iter().enumerate() {
        let (mut model, now) = fresh();
        assert_eq!(model.arming(now), Arming::Armed);
        away(&mut model);
        assert_ne!(model.arming(Tick(now.0 + 9_000)), Arming::Armed, "{index}");
        assert_eq!(decides(&mut model, now.0 + 9_000, A), None, "{index}");
        // Back again: from the beginning.
        model.listed(now, waiting(std::slice::from_ref(&one)));
        model.fit(LARGE);
        model.key(now, Key::Escape);
        assert_eq!(
            model.arming(Tick(now.0 + 9_000)),
            Arming::In(700),
            "{index}"
        );
    }
}

#[test]
fn after_its_deadline_nothing_is_decided() {
    let (mut model, _) = armed(LARGE, &[fetched(0, &["id"])]);
    assert_eq!(decides(&mut model, 97_900, A), None);
    assert_eq!(
        model.said.as_deref(),
        Some("its time is over: nothing was decided")
    );
    assert!(decides(&mut model, 97_899, A).is_some());
}

#[test]
fn nothing_is_drawn_while_nothing_waits() {
    let mut model = Model::new(LARGE, Tick(0));
    assert_eq!(model.next_change(Tick(0)), None);
    model.listed(Tick(0), waiting(&[fetched(0, &["id"])]));
    model.drawn(Tick(0));
    assert_eq!(model.next_change(Tick(0)), Some(Tick(100)));
    assert_eq!(model.next_change(Tick(690)), Some(Tick(700)));
    assert_eq!(model.next_change(Tick(800)), Some(Tick(1_800)));
}

#[derive(Clone, Debug)]
enum Step {
    List(Vec<usize>),
    Lose,
    Press(Key),
    Pass(u64),
    Draw,
    Resize(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(vec![
        A,
        A,
        D,
        Key::Char('n'),
        Key::Char('p'),
        Key::Char('?'),
        Key::Char('D'),
        Key::Escape,
        Key::Enter,
        Key::PageDown,
    ]);
    prop_oneof![
        2 => prop::collection::vec(0..6_usize, 0..5).prop_map(Step::List),
        1 => Just(Step::Lose),
        4 => keys.prop_map(Step::Press),
        4 => (0..1_500_u64).prop_map(Step::Pass),
        5 => Just(Step::Draw),
        1 => any::<bool>().prop_map(Step::Resize),
    ]
}

proptest! {
    /// a22, whatever happens in whatever order: what a key decides has been the question on the
    /// screen, at each drawing, for 700 ms.
    #[test]
    fn a22_nothing_is_decided_that_was_not_on_the_screen(steps in prop::collection::vec(step(), 1..80)) {
        // Three pairs of the same.
        let all: Vec<Fetched> = (0..6).map(|n| fetched(n, &[["a", "b", "c"][n / 2]])).collect();
        let mut model = Model::new(LARGE, Tick(0));
        let (mut size, mut now) = (LARGE, 0);
        let mut shown: Option<(Vec<Uuid>, u64)> = None;
        for step in steps {
            match step {
                Step::List(which) => {
                    let mut list: Vec<Fetched> = Vec::new();
                    for index in which {
                        if !list.iter().any(|one| one.row.id == all[index].row.id) {
                            list.push(all[index].clone());
                        }
                    }
                    model.listed(Tick(now), waiting(&list));
                }
                Step::Lose => model.lost("gone".to_owned()),
                Step::Pass(ms) => now += ms,
                Step::Resize(small) => size = if small { SMALL } else { LARGE },
                Step::Draw => {
                    model.fit(size);
                    model.tick(Tick(now));
                    model.drawn(Tick(now));
                    let visible = matches!(model.mode, Mode::Queue) && model.link == Link::Up;
                    let question = on_screen(&model).filter(|_| visible);
                    shown = match (question, shown.take()) {
                        (Some(ids), Some((before, since))) if ids == before => Some((ids, since)),
                        (Some(ids), _) => Some((ids, now)),
                        (None, _) => None,
                    };
                }
                Step::Press(key) => {
                    let from_words = matches!(model.mode, Mode::Words { .. });
                    if let Some((_, decided)) = decides(&mut model, now, key)
                        && !from_words
                    {
                        let (ids, since) = shown.clone().unwrap();
                        prop_assert_eq!(decided, ids);
                        prop_assert!(now - since >= GUARD_MS, "{} ms", now - since);
                    }
                }
            }
        }
    }
}
