use aisudo_core::config::{self, Config};

use super::{
    super::desk::tests::{OWNER, SECOND, id, key, new, over},
    *,
};

const OURS: Uuid = Uuid::from_u128(0x0);
const STRANGER: Uuid = Uuid::from_u128(0xe);
const SINCE_MS: u64 = 50;

struct Scene {
    own: Own,
    approvers: Approvers,
    desk: Desk,
    words: Words,
    forms: Forms,
}

impl Scene {
    /// Requests 1 and 2 wait; the owner was asked about the first at 70 and about the second at 80,
    /// the second approver about the first at 71.
    fn new() -> Self {
        let mut desk = Desk::default();
        desk.take(new(1, 1), 0);
        desk.take(new(2, 2), 0);
        desk.asked_by(&[id(1)], key(70, OWNER), PromptForm::Whole);
        desk.asked_by(&[id(1)], key(71, SECOND), PromptForm::Whole);
        desk.asked_by(&[id(2)], key(80, OWNER), PromptForm::Whole);
        let signal = signal();
        Self {
            own: Own {
                account: signal.account.clone(),
                aci: Some(OURS),
                note_to_self: false,
            },
            approvers: approvers(&[("owner", OWNER), ("second", SECOND)]),
            desk,
            words: Words::new(&signal),
            forms: signal.accept,
        }
    }

    fn hear(&self, incoming: &Incoming) -> Heard {
        let known = Known {
            own: &self.own,
            approvers: &self.approvers,
            desk: &self.desk,
            words: &self.words,
            forms: self.forms,
        };
        hear(&known, incoming)
    }

    #[track_caller]
    fn answer(&self, incoming: &Incoming) -> Answered {
        match self.hear(incoming) {
            Heard::Answer(answered) => *answered,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn refusal(&self, incoming: &Incoming) -> (Vec<Uuid>, &'static str) {
        match self.hear(incoming) {
            Heard::Refused(refused) => (refused.requests, refused.why),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn help(&self, incoming: &Incoming) -> Help {
        match self.hear(incoming) {
            Heard::Help(_, help) => help,
            other => panic!("{other:?}"),
        }
    }
}

fn signal() -> config::Signal {
    let text =
        "version = 1\n[channels.signal]\nconnect = \"unix:/s\"\naccount = \"+15550001111\"\n";
    Config::parse(text).unwrap().channels.signal.unwrap()
}

fn approvers(people: &[(&str, Uuid)]) -> Approvers {
    let mut text = "version = 1\n".to_owned();
    for (name, aci) in people {
        let key = format!("05{}", "ab".repeat(32));
        text += &format!(
            "[[approver]]\nname = \"{name}\"\nsignal = {{ aci = \"{aci}\", identity = \"{key}\", since_ms = {SINCE_MS} }}\n"
        );
    }
    Approvers::parse(&text).unwrap()
}

fn incoming(sender: Uuid, content: Content) -> Incoming {
    Incoming {
        account: Some("+15550001111".to_owned()),
        sender: Some(sender),
        device: 2,
        timestamp: 900,
        received_at_ms: 950,
        sync: false,
        destination: None,
        group: false,
        edits: None,
        content,
    }
}

fn says(sender: Uuid, text: &str) -> Incoming {
    let content = Content::Text {
        text: text.to_owned(),
        quotes: None,
    };
    incoming(sender, content)
}

fn quotes(sender: Uuid, timestamp: u64, text: &str) -> Incoming {
    let content = Content::Text {
        text: text.to_owned(),
        quotes: Some(Quoted {
            timestamp,
            author: us(),
        }),
    };
    incoming(sender, content)
}

fn reacts(sender: Uuid, timestamp: u64, emoji: &str) -> Incoming {
    let reaction = Reaction {
        emoji: emoji.to_owned(),
        author: us(),
        timestamp,
        removed: false,
    };
    incoming(sender, Content::Reaction(reaction))
}

fn us() -> Author {
    Author {
        uuid: Some(OURS),
        number: Some("+15550001111".to_owned()),
    }
}

fn targets(answered: &Answered) -> Vec<(Uuid, u64)> {
    let short = |target: &Target| (target.id, target.asked_at_ms);
    answered.targets.iter().map(short).collect()
}

#[test]
fn an_answer_by_code_quote_or_thumb_names_its_request_and_the_message_that_asked() {
    let scene = Scene::new();
    let yes = scene.answer(&says(OWNER, "Yes, c0de1!"));
    assert_eq!(targets(&yes), [(id(1), 70)]);
    assert_eq!(
        (yes.approver.as_str(), yes.verdict),
        ("owner", Verdict::Approve)
    );
    assert_eq!((yes.form, yes.device), (SignalForm::Code, 2));
    assert_eq!((yes.answered_at_ms, yes.received_at_ms), (900, 950));

    let no = scene.answer(&says(OWNER, "no C0DE2 not on a Friday"));
    assert_eq!(
        (no.verdict, no.note.as_deref()),
        (Verdict::Deny, Some("not on a Friday"))
    );
    assert_eq!(targets(&no), [(id(2), 80)]);

    let both = scene.answer(&says(OWNER, "yes C0DE1 C0DE2"));
    assert_eq!(targets(&both), [(id(1), 70), (id(2), 80)]);

    let quote = scene.answer(&quotes(OWNER, 80, "ok"));
    assert_eq!(
        (targets(&quote), quote.form),
        (vec![(id(2), 80)], SignalForm::Quote)
    );

    for (emoji, verdict) in [
        ("👍", Verdict::Approve),
        ("👍🏽", Verdict::Approve),
        ("👎🏿", Verdict::Deny),
    ] {
        let thumb = scene.answer(&reacts(SECOND, 71, emoji));
        assert_eq!(
            (targets(&thumb), thumb.verdict),
            (vec![(id(1), 71)], verdict)
        );
        assert_eq!(thumb.form, SignalForm::Reaction);
    }
    assert_eq!(scene.hear(&reacts(OWNER, 70, "❤️")), Heard::Nothing);
}

#[test]
fn a12_strangers_are_recorded_and_hear_nothing() {
    let scene = Scene::new();
    let why = "the sender is no approver";
    assert_eq!(
        scene.refusal(&says(STRANGER, "yes C0DE1")),
        (vec![id(1)], why)
    );
    assert_eq!(scene.hear(&says(STRANGER, "hello")), Heard::Nothing);
    assert_eq!(scene.hear(&says(STRANGER, "yes")), Heard::Nothing);
    assert_eq!(scene.hear(&reacts(STRANGER, 70, "👍")), Heard::Nothing);
    // A number that is not an account's identity (PNI), or none at all.
    let mut nobody = says(OWNER, "yes C0DE1");
    nobody.sender = None;
    assert_eq!(scene.hear(&nobody), Heard::Nothing);
}

#[test]
fn a12_our_own_account_groups_and_other_accounts_do_not_decide() {
    let scene = Scene::new();
    let why = "it comes from the account that asks";
    assert_eq!(scene.refusal(&says(OURS, "yes C0DE1")), (vec![id(1)], why));
    let mut sync = says(OWNER, "yes C0DE1");
    sync.sync = true;
    assert_eq!(scene.refusal(&sync), (vec![id(1)], why));

    let mut group = says(OWNER, "yes C0DE1");
    group.group = true;
    assert_eq!(
        scene.refusal(&group),
        (vec![id(1)], "it was said in a group")
    );

    let mut elsewhere = says(OWNER, "yes C0DE1");
    elsewhere.account = Some("+15559999999".to_owned());
    assert_eq!(scene.hear(&elsewhere), Heard::Nothing);
}

#[test]
fn a12_what_was_sent_before_root_trusted_the_key_does_not_count() {
    let scene = Scene::new();
    let mut early = says(OWNER, "yes C0DE1");
    early.received_at_ms = SINCE_MS - 1;
    let why = "it was sent before root trusted the sender's key";
    assert_eq!(scene.refusal(&early), (vec![id(1)], why));
    early.received_at_ms = SINCE_MS;
    scene.answer(&early);
}

#[test]
fn a12_a_linked_account_decides_by_its_notes_to_itself_alone() {
    let mut scene = Scene::new();
    scene.own.note_to_self = true;
    scene.own.aci = Some(OWNER);
    let mut note = says(OWNER, "yes C0DE1");
    note.sync = true;
    note.destination = Some(OWNER);
    assert_eq!(targets(&scene.answer(&note)), [(id(1), 70)]);

    note.destination = Some(STRANGER);
    assert_eq!(scene.refusal(&note).1, "it is no note to oneself");
    let why = "only the account's own notes count";
    assert_eq!(scene.refusal(&says(SECOND, "yes C0DE1")).1, why);
    assert_eq!(scene.refusal(&says(STRANGER, "yes C0DE1")).1, why);

    let mut thought = says(OWNER, "buy milk");
    (thought.sync, thought.destination) = (true, Some(OWNER));
    assert_eq!(
        scene.hear(&thought),
        Heard::Nothing,
        "notes are the owner's own"
    );
}

#[test]
fn a13_a_yes_must_say_to_what() {
    let scene = Scene::new();
    let waiting = vec!["C0DE1".to_owned(), "C0DE2".to_owned()];
    assert_eq!(
        scene.help(&says(OWNER, "yes")),
        Help::NoCode {
            waiting: waiting.clone()
        }
    );
    assert_eq!(
        scene.help(&says(OWNER, "yes C0DE9")),
        Help::UnknownCode {
            code: "C0DE9".to_owned(),
            waiting: waiting.clone()
        }
    );
    assert_eq!(
        scene.help(&says(SECOND, "yes C0DE2")),
        Help::NotAsked {
            code: "C0DE2".to_owned()
        },
        "nobody showed it to them"
    );
    assert_eq!(scene.help(&quotes(OWNER, 70, "yes C0DE2")), Help::Ambiguous);
    assert_eq!(
        scene.help(&says(OWNER, "yes C0DE1 but only tomorrow")),
        Help::NotUnderstood { waiting }
    );
    assert_eq!(
        scene.help(&says(OWNER, "yes C0DE1 C0DE9")),
        scene.help(&says(OWNER, "yes C0DE9")),
        "one unknown code spoils the answer"
    );
}

#[test]
fn a13_another_message_a_removed_reaction_and_an_edit_decide_nothing() {
    let scene = Scene::new();
    assert_eq!(
        scene.hear(&reacts(OWNER, 71, "👍")),
        Heard::Unknown(OWNER),
        "another's message"
    );
    assert_eq!(scene.hear(&quotes(OWNER, 99, "yes")), Heard::Unknown(OWNER));

    let mut removed = reacts(OWNER, 70, "👍");
    let mut of_theirs = reacts(OWNER, 70, "👍");
    if let (Content::Reaction(removed), Content::Reaction(of_theirs)) =
        (&mut removed.content, &mut of_theirs.content)
    {
        removed.removed = true;
        of_theirs.author.uuid = Some(OWNER);
    }
    assert_eq!(scene.hear(&removed), Heard::Nothing);
    assert_eq!(scene.hear(&of_theirs), Heard::Nothing, "their own message");

    let mut edited = says(OWNER, "yes C0DE1");
    edited.edits = Some(899);
    let Heard::Refused(refused) = scene.hear(&edited) else {
        panic!("{edited:?}");
    };
    assert_eq!(refused.why, "it is an edited message");
    assert_eq!(refused.help, Some((OWNER, Help::Edited)));
}

#[test]
fn a13_votes_count_in_our_polls_alone() {
    let mut scene = Scene::new();
    scene.desk.polled(key(70, OWNER), Some(key(75, OWNER)));
    let vote = |timestamp, options: &[u32]| {
        let vote = Vote {
            author: us(),
            timestamp,
            options: options.to_vec(),
        };
        incoming(OWNER, Content::Vote(vote))
    };
    let yes = scene.answer(&vote(75, &[0]));
    assert_eq!(
        (targets(&yes), yes.verdict),
        (vec![(id(1), 75)], Verdict::Approve)
    );
    assert_eq!(yes.form, SignalForm::Poll);
    assert_eq!(scene.answer(&vote(75, &[1])).verdict, Verdict::Deny);
    for options in [&[][..], &[0, 1], &[2]] {
        assert_eq!(scene.hear(&vote(75, options)), Heard::Nothing);
    }
    assert_eq!(scene.hear(&vote(70, &[0])), Heard::Nothing, "no poll");
    assert_eq!(scene.hear(&reacts(OWNER, 75, "👍")), Heard::Unknown(OWNER));
}

#[test]
fn a18_what_was_too_long_whole_can_be_denied_and_not_approved() {
    let mut scene = Scene::new();
    scene.desk.take(new(3, 3), 0);
    scene
        .desk
        .asked_by(&[id(3)], key(90, OWNER), PromptForm::Pointer);
    let not_shown = Help::NotShown {
        code: "C0DE3".to_owned(),
    };
    assert_eq!(scene.help(&says(OWNER, "yes C0DE3")), not_shown);
    assert_eq!(scene.help(&reacts(OWNER, 90, "👍")), not_shown);
    assert_eq!(scene.help(&quotes(OWNER, 90, "yes")), not_shown);
    assert_eq!(
        scene.answer(&says(OWNER, "no C0DE3")).verdict,
        Verdict::Deny
    );
    assert_eq!(
        scene.answer(&reacts(OWNER, 90, "👎")).verdict,
        Verdict::Deny
    );
}

#[test]
fn forms_that_root_switched_off_do_not_decide() {
    let mut scene = Scene::new();
    scene.forms.reply = false;
    assert!(matches!(
        scene.help(&says(OWNER, "yes C0DE1")),
        Help::SwitchedOff { .. }
    ));
    assert!(matches!(
        scene.help(&quotes(OWNER, 70, "yes")),
        Help::SwitchedOff { .. }
    ));
    scene.answer(&reacts(OWNER, 70, "👍"));
    scene.forms.reaction = false;
    assert!(matches!(
        scene.help(&reacts(OWNER, 70, "👍")),
        Help::SwitchedOff { .. }
    ));
}

#[test]
fn a_late_answer_reaches_the_ledger_which_says_that_it_is_late() {
    let mut scene = Scene::new();
    scene.desk.take(over(1), 0);
    assert_eq!(
        targets(&scene.answer(&says(OWNER, "yes C0DE1"))),
        [(id(1), 70)]
    );
}

#[test]
fn a_note_that_no_decision_can_hold_is_not_cut() {
    let scene = Scene::new();
    let long = format!("no C0DE1 {}", "why ".repeat(200));
    assert_eq!(
        scene.help(&says(OWNER, &long)),
        Help::NoteTooLong { bytes: 799 }
    );
    let long = format!("no {}", "why ".repeat(200));
    assert_eq!(
        scene.help(&quotes(OWNER, 70, &long)),
        Help::NoteTooLong { bytes: 799 }
    );
}
