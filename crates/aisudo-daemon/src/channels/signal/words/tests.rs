use aisudo_core::{
    config::{Config, Language},
    evidence::Verdict::{Approve, Deny},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

const LANGUAGES: [Language; 12] = [
    Language::En,
    Language::Cs,
    Language::De,
    Language::Es,
    Language::Fr,
    Language::It,
    Language::Ja,
    Language::Ko,
    Language::Nl,
    Language::Pl,
    Language::Pt,
    Language::Zh,
];

/// Codes of requests. The third looks like a word, the last is a word for yes.
const CODES: [&str; 4] = ["7KQ2M", "8ABCD", "HEREN", "AGREED"];

fn signal(more: &str) -> config::Signal {
    let text = format!(
        "version = 1\n[channels.signal]\nconnect = \"unix:/s\"\naccount = \"+15550001111\"\n{more}"
    );
    Config::parse(&text).unwrap().channels.signal.unwrap()
}

fn words(languages: &[Language]) -> Words {
    let mut signal = signal("");
    signal.languages = languages.to_vec();
    Words::new(&signal)
}

fn read_by(words: &Words, text: &str) -> Reading {
    words.read(text, |code| CODES.contains(&code))
}

fn read(text: &str) -> Reading {
    read_by(&words(&[Language::En, Language::De]), text)
}

fn says(verdict: Verdict, codes: &[&str], note: Option<&str>) -> Reading {
    Reading {
        verdict: Some(verdict),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
        note: note.map(str::to_owned),
    }
}

#[test]
fn a_yes_in_the_forms_that_people_use() {
    for text in [
        "yes 7KQ2M",
        "7KQ2M yes",
        "Yes, 7kq2m!",
        "YES 7KQ2M.",
        "ok 7KQ2M",
        "ja 7KQ2M",
        "Ja bitte, 7KQ2M",
        "yes please 7KQ2M thanks",
        "yes yes 7KQ2M",
        "7KQ2M: go ahead",
        "  yes\n7KQ2M\n",
        "“yes” – 7KQ2M",
        "'yes' (7KQ2M)",
        "*yes* `7KQ2M`",
        "ｙｅｓ　７ＫＱ２Ｍ！",
        "👍 7KQ2M",
        "👍🏽👍🏽7KQ2M",
        "👍\u{fe0f} 7KQ2M 🙏",
        "yes 7KQ2M 7kq2m",
    ] {
        assert_eq!(read(text), says(Approve, &["7KQ2M"], None), "{text}");
    }
    for text in ["yes 7KQ2M 8ABCD", "7KQ2M, 8ABCD: yes", "ja 7KQ2M und 8ABCD"] {
        assert_eq!(
            read(text),
            says(Approve, &["7KQ2M", "8ABCD"], None),
            "{text}"
        );
    }
    for text in ["yes", "Yes!", "👍", "👍🏿", "OK, thank you", "in Ordnung"] {
        assert_eq!(read(text), says(Approve, &[], None), "{text}");
    }
}

#[test]
fn a_yes_with_anything_else_beside_it_is_none() {
    for text in [
        "yes 7KQ2M but only tomorrow",
        "not yes 7KQ2M",
        "yes no 7KQ2M",
        "no yes 7KQ2M",
        "wait, yes 7KQ2M",
        "yes 7KQ2M?",
        "yes 7KQ2M？",
        "¿ok 7KQ2M",
        "is 7KQ2M ok",
        "unsure 7KQ2M",
        "yes\u{200b} 7KQ2M",
        "yes \u{202e}7KQ2M",
        "yеs 7KQ2M", // a Cyrillic letter
        "yes/no 7KQ2M",
        "👍👎 7KQ2M",
        "👍😂 7KQ2M",
        "👩\u{200d}👍 7KQ2M",
        "yes 7KQ2M 5",
        "y 7KQ2M",
        "no problem 7KQ2M",
        "7KQ2M",
        "",
        " ?! ",
    ] {
        assert_eq!(read(text).verdict, None, "{text}");
        let has_code = text.contains("7KQ2M") && !text.contains('\u{202e}');
        let codes: &[&str] = if has_code { &["7KQ2M"] } else { &[] };
        assert_eq!(read(text).codes, codes, "{text}");
    }
}

#[test]
fn a_no_may_have_any_words_behind_it() {
    for (text, note) in [
        ("no 7KQ2M", None),
        ("Nein, 7kq2m.", None),
        ("7KQ2M no", None),
        ("👎 7KQ2M", None),
        ("no, never! 7KQ2M", None),
        ("no thanks 7KQ2M", None),
        (
            "no 7KQ2M because it is Friday",
            Some("because it is Friday"),
        ),
        ("no 7KQ2M: why?\nTell me.  ", Some("why?\nTell me.")),
        ("no 7KQ2M yes it is broken", Some("yes it is broken")),
        ("no 7KQ2M stop it", Some("stop it")),
        ("no 7KQ2M later", Some("later")),
        ("no 7KQ2M (ask me)", Some("(ask me)")),
        ("7KQ2M no 不行", Some("不行")),
    ] {
        assert_eq!(read(text), says(Deny, &["7KQ2M"], note), "{text}");
    }
    assert_eq!(
        read("no 7KQ2M and 8ABCD, and not this way"),
        says(Deny, &["7KQ2M", "8ABCD"], Some("and not this way"))
    );
    for (text, note) in [
        ("no", None),
        ("no why", Some("why")),
        ("no, 7KQ is broken", Some("7KQ is broken")),
        ("nein bitte nicht", Some("bitte nicht")),
    ] {
        assert_eq!(read(text), says(Deny, &[], note), "{text}");
    }
    // Which one is meant is not guessed from the words of the note.
    assert_eq!(
        read("no do not run 8ABCD"),
        says(Deny, &[], Some("run 8ABCD"))
    );
}

#[test]
fn a_note_is_never_cut() {
    let note = read(&format!("no 7KQ2M {}", "x".repeat(9999))).note;
    assert_eq!(note.unwrap().len(), 9999);
}

#[test]
fn a_code_is_what_the_caller_knows_or_what_holds_a_digit() {
    // One that is not known, or no longer, is not passed over.
    assert_eq!(
        read("yes 7KQ2M 9ZZZZ"),
        says(Approve, &["7KQ2M", "9ZZZZ"], None)
    );
    assert_eq!(read("no 9ZZZZ x"), says(Deny, &["9ZZZZ"], Some("x")));
    // The letters that look like others.
    assert_eq!(
        read("yes 7kq2m o1il0"),
        says(Approve, &["7KQ2M", "01110"], None)
    );
    // A known one may look like a word, and such a word like a code.
    assert_eq!(read("yes heren"), says(Approve, &["HEREN"], None));
    assert_eq!(read("yes never").verdict, None);
    assert_eq!(read("yes perhaps").verdict, None);
    assert_eq!(read("yes 7KQ2M perhaps").verdict, None);
    let own = Words::new(&signal("yes = [\"agreed\"]\nno = [\"heren\"]"));
    assert_eq!(
        read_by(&own, "yes agreed"),
        says(Approve, &["AGREED"], None)
    );
    // What means no is no code, even if it is one.
    assert_eq!(read_by(&own, "heren"), says(Deny, &[], None));
    assert_eq!(read_by(&own, "yes heren").verdict, None);
}

#[test]
fn root_may_add_words_and_what_means_two_things_means_none() {
    let own = Words::new(&signal(
        "languages = [\"de\", \"es\"]\nyes = [\"y\", \"Mach's doch\", \"\", \"hü\"]\nno = [\"hü\", \"n\"]",
    ));
    assert_eq!((own.yes(), own.no()), ("ja", "nein"));
    assert_eq!(read_by(&own, "mach’s DOCH"), says(Approve, &[], None));
    assert_eq!(read_by(&own, "n 7KQ2M"), says(Deny, &["7KQ2M"], None));
    // In Spanish it is "and"; and a word for both is for neither.
    for unclear in ["7KQ2M y 8ABCD", "hü 7KQ2M", "yes hü 7KQ2M"] {
        assert_eq!(read_by(&own, unclear).verdict, None, "{unclear}");
    }
}

#[test]
fn languages_without_blanks() {
    let east = words(&[Language::Ja, Language::Ko, Language::Zh]);
    assert_eq!((east.yes(), east.no()), ("はい", "いいえ"));
    for text in [
        "はい 7KQ2M",
        "はい7KQ2M",
        "7KQ2M、承認お願いします。",
        "ｵｯｹｰ 7KQ2M",
        "네, 7KQ2M",
        "승인부탁드립니다 7KQ2M",
        "好的，7KQ2M 谢谢",
        "请批准7KQ2M",
    ] {
        let reading = read_by(&east, text);
        assert_eq!(reading, says(Approve, &["7KQ2M"], None), "{text}");
    }
    for text in [
        "好不好 7KQ2M",
        "不许可 7KQ2M",
        "可以吗 7KQ2M",
        "承認拒否 7KQ2M",
        "未承認 7KQ2M",
        "아니네 7KQ2M",
        "好吗 7KQ2M",
    ] {
        assert_eq!(read_by(&east, text).verdict, None, "{text}");
    }
    for (text, note) in [
        ("いいえ 7KQ2M 後で", Some("後で")),
        ("拒绝7KQ2M：今天是星期五", Some("今天是星期五")),
        ("안 돼요 7KQ2M", None),
    ] {
        assert_eq!(read_by(&east, text), says(Deny, &["7KQ2M"], note), "{text}");
    }
}

fn meanings(table: &Table) -> [(Meaning, &'static [&'static str]); 4] {
    [
        (Meaning::Yes, table.yes),
        (Meaning::No, table.no),
        (Meaning::Polite, table.polite),
        (Meaning::Unclear, table.unclear),
    ]
}

/// All phrases of all tables, with their language and what they mean.
fn all_phrases() -> Vec<(Option<Language>, Meaning, &'static str)> {
    let tables = LANGUAGES.map(|language| (Some(language), tables::of(language)));
    std::iter::once((None, tables::COMMON))
        .chain(tables)
        .flat_map(|(language, table)| {
            meanings(&table)
                .into_iter()
                .flat_map(move |(means, phrases)| {
                    phrases.iter().map(move |phrase| (language, means, *phrase))
                })
        })
        .collect()
}

#[test]
fn no_word_means_one_thing_in_one_language_and_another_in_another() {
    let all = all_phrases();
    for (language, means, phrase) in &all {
        for (other_language, other_means, other) in &all {
            assert!(
                phrase != other || means == other_means,
                "{phrase}: {means:?} ({language:?}) and {other_means:?} ({other_language:?})"
            );
        }
    }
}

/// What a word of another language, that is none of ours, must not be: the commonest words that
/// look like a yes elsewhere.
#[test]
fn words_that_mislead_are_left_out() {
    let everything = words(&LANGUAGES);
    for (word, why) in [
        ("y", "and, in Spanish"),
        ("nu", "well, in several"),
        ("結構です", "yes, or no thanks"),
        ("いいです", "yes, or no thanks"),
        ("了解", "understood"),
        ("그래", "yes, or so"),
        ("확인", "being looked at"),
        ("確認", "being looked at"),
        ("对", "correct"),
        ("avto", "a car"),
    ] {
        let text = format!("{word} 7KQ2M");
        assert_eq!(read_by(&everything, &text).verdict, None, "{word}: {why}");
    }
}

#[test]
fn each_word_of_each_table_is_read_as_what_it_means() {
    let everything = words(&LANGUAGES);
    for (language, means, phrase) in all_phrases() {
        let folded: Vec<String> = split(phrase).into_iter().map(|word| word.folded).collect();
        let longest = folded.iter().map(|word| word.chars().count()).max();
        assert!(
            longest <= Some(LONGEST_WIDE_WORD) || !phrase.chars().all(is_wide),
            "{phrase}"
        );
        assert_eq!(phrase, phrase.to_lowercase());
        for text in [
            format!("{phrase} 7KQ2M"),
            format!("{phrase}. 7KQ2M"),
            format!("7KQ2M {}", phrase.to_uppercase()),
            format!("7KQ2M\n{}", phrase.nfd()),
        ] {
            let known = match language {
                Some(language) => words(&[language]),
                None => words(&[]),
            };
            for words in [&known, &everything] {
                let expected = match means {
                    Meaning::Yes => says(Approve, &["7KQ2M"], None),
                    Meaning::No => says(Deny, &["7KQ2M"], None),
                    _ => Reading {
                        verdict: None,
                        codes: vec!["7KQ2M".to_owned()],
                        note: None,
                    },
                };
                assert_eq!(read_by(words, &text), expected, "{language:?} {text}");
            }
        }
    }
}

/// Something that is not in any table and no code.
fn junk() -> impl Strategy<Value = &'static str> {
    select(vec![
        "but", "not", "tomorrow", "5", "maybe", "later", "х", "\u{200b}", "😂", "吗", "@", "=", "?",
    ])
}

fn phrases_of(means: Meaning) -> impl Strategy<Value = &'static str> {
    let all: Vec<&str> = all_phrases()
        .into_iter()
        .filter_map(|(_, other, phrase)| (other == means).then_some(phrase))
        .collect();
    select(all)
}

fn harmless() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        phrases_of(Meaning::Yes),
        phrases_of(Meaning::Polite),
        select(CODES.to_vec()),
    ]
}

fn inserted(texts: &[&str], text: &str, place: usize) -> String {
    let mut texts = texts.to_vec();
    texts.insert(place % (texts.len() + 1), text);
    texts.join(" ")
}

proptest! {
    #[test]
    fn no_text_without_a_word_for_yes_is_a_yes(
        texts in vec(prop_oneof![
            phrases_of(Meaning::No), phrases_of(Meaning::Polite), phrases_of(Meaning::Unclear),
            select(CODES.to_vec()), junk(),
        ], 0..8),
    ) {
        let everything = words(&LANGUAGES);
        let text = texts.join(" ");
        // Two phrases beside each other may hold a third.
        let yes = all_phrases().iter().any(|(_, means, phrase)| *means == Meaning::Yes && text.contains(phrase));
        prop_assert!(yes || read_by(&everything, &text).verdict != Some(Approve), "{}", text);
    }

    #[test]
    fn whatever_is_a_yes_holds_a_word_for_yes_and_asks_nothing(
        text in "\\PC{0,40}|[yesokja7KQ2M nothig.,!?👍👎]{0,20}",
    ) {
        let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let yes = [tables::COMMON, tables::of(Language::En), tables::of(Language::De)]
            .iter()
            .any(|table| table.yes.iter().any(|word| folded.contains(word)));
        if !yes || folded.contains('?') {
            prop_assert_ne!(read(&text).verdict, Some(Approve), "{}", text);
        }
    }

    #[test]
    fn one_word_too_many_makes_a_yes_none(
        texts in vec(harmless(), 0..6), too_much in prop_oneof![junk(), phrases_of(Meaning::No)], place in 0_usize..9,
    ) {
        let text = inserted(&texts, too_much, place);
        prop_assert_ne!(read_by(&words(&LANGUAGES), &text).verdict, Some(Approve), "{}", text);
    }

    #[test]
    fn a_no_with_its_code_stays_a_no(no in phrases_of(Meaning::No), behind in "[ -~äß不?]{0,40}") {
        let reading = read_by(&words(&LANGUAGES), &format!("{no} 7KQ2M {behind}"));
        prop_assert_eq!(reading.verdict, Some(Deny));
        prop_assert_eq!(reading.codes.first().map(String::as_str), Some("7KQ2M"));
    }

    #[test]
    fn the_note_stands_in_the_text_as_it_was_typed(text in "no( 7KQ2M)?\\PC{0,30}") {
        if let Some(note) = read(&text).note {
            prop_assert!(text.ends_with(&note) || text.trim_end().ends_with(&note));
            prop_assert!(!note.trim().is_empty());
        }
    }

    #[test]
    fn codes_have_the_form_of_codes(text in "\\PC{0,60}") {
        let reading = read_by(&words(&LANGUAGES), &text);
        prop_assert!(reading.codes.iter().all(|code| is_code(code)));
    }
}

/// A text of the largest size that a message can have is read word by word, once.
#[test]
fn a_long_text_costs_a_look_at_each_word() {
    let everything = words(&LANGUAGES);
    for part in ["不", "不x", "no ", "👍", "don't do "] {
        let text = part.repeat(60_000);
        let asked = std::cell::Cell::new(0_usize);
        everything.read(&text, |_| {
            asked.set(asked.get() + 1);
            false
        });
        assert!(asked.get() <= split(&text).len(), "{part}");
    }
}
