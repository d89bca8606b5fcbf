mod reader;

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, sample::select};
use unicode_security::{GeneralSecurityProfile, skeleton};

use self::reader::is_harmless;
use super::{
    ALIKE, Mark, READABLE, Shown, among, is_distinct, is_letter, passes, plain_text, text, word,
    words,
};

/// Attack a17, and everything that must stay readable. Worked out by hand.
#[test]
fn a17_words_hide_nothing() {
    #[rustfmt::skip]
    let cases: &[(&[u8], &str, &[Mark])] = &[
        // Plain words are bare, and only those.
        (b"apt-get", "apt-get", &[]),
        (b"/usr/bin/g++", "/usr/bin/g++", &[]),
        (b"A=b:c@d%e,f", "A=b:c@d%e,f", &[]),
        (b"", r#""""#, &[]),
        (b"a b", r#""a b""#, &[]),
        (b"*", r#""*""#, &[]),
        (b"~", r#""~""#, &[]),
        (b"$(id)", r#""$(id)""#, &[]),
        (b"it's", r#""it's""#, &[]),
        (br#"a"b"#, r#""a\"b""#, &[]),
        (br"a\b", r#""a\\b""#, &[]),
        (br"\n", r#""\\n""#, &[]),
        (br"\u{202e}", r#""\\u{202e}""#, &[]),
        (br"\{9 blanks}", r#""\\{9 blanks}""#, &[]),
        // Newlines, tabs, escape sequences.
        (b"a\nb", r#""a\nb""#, &[Mark::LineSeparator]),
        (b"a\r\x0b\x0c", r#""a\r\x0b\x0c""#, &[Mark::LineSeparator]),
        (b"a\tb", r#""a\tb""#, &[Mark::Control]),
        (b"\x1b[2Jx", r#""\x1b[2Jx""#, &[Mark::Control]),
        (b"\0\x08\x7f", r#""\x00\x08\x7f""#, &[Mark::Control]),
        ("\u{9b}2J".as_bytes(), r#""\u{9b}2J""#, &[Mark::Control]),
        ("\u{85}\u{2028}\u{2029}".as_bytes(), r#""\u{85}\u{2028}\u{2029}""#, &[Mark::LineSeparator]),
        // Bidi overrides and isolates, and letters that reorder a line by themselves.
        ("\u{202e}gpj.exe".as_bytes(), r#""\u{202e}gpj.exe""#, &[Mark::Bidi]),
        ("\u{61c}\u{200e}\u{200f}\u{2066}\u{2069}".as_bytes(),
            r#""\u{61c}\u{200e}\u{200f}\u{2066}\u{2069}""#, &[Mark::Bidi]),
        ("א1".as_bytes(), r#""\u{5d0}1""#, &[Mark::Bidi]),
        ("ملف".as_bytes(), r#""\u{645}\u{644}\u{641}""#, &[Mark::Bidi]),
        // Zero width, default-ignorable, variation selectors, tags.
        ("a\u{200b}b".as_bytes(), r#""a\u{200b}b""#, &[Mark::Invisible]),
        ("\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}".as_bytes(),
            r#""\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}""#, &[Mark::Invisible]),
        ("\u{fe0f}\u{e0100}\u{e0061}\u{180b}\u{17b4}".as_bytes(),
            r#""\u{fe0f}\u{e0100}\u{e0061}\u{180b}\u{17b4}""#, &[Mark::Invisible]),
        // Hangul fillers and other empty shapes.
        ("\u{115f}\u{1160}\u{3164}\u{ffa0}".as_bytes(), r#""\u{115f}\u{1160}\u{3164}\u{ffa0}""#, &[Mark::Blank]),
        ("\u{2800}\u{a0}\u{3000}\u{2003}\u{1680}".as_bytes(),
            r#""\u{2800}\u{a0}\u{3000}\u{2003}\u{1680}""#, &[Mark::Blank]),
        // Invalid UTF-8: stray, overlong, cut off, lone surrogates, beyond U+10FFFF.
        (b"a\xffb", r#""a\xffb""#, &[Mark::InvalidUtf8]),
        (b"\xc0\xaf", r#""\xc0\xaf""#, &[Mark::InvalidUtf8]),
        (b"\xe2\x80", r#""\xe2\x80""#, &[Mark::InvalidUtf8]),
        (b"\xed\xa0\x80", r#""\xed\xa0\x80""#, &[Mark::InvalidUtf8]),
        (b"\xf4\x90\x80\x80", r#""\xf4\x90\x80\x80""#, &[Mark::InvalidUtf8]),
        (b"\x80 and \xc2\x80", r#""\x80 and \u{80}""#, &[Mark::Control, Mark::InvalidUtf8]),
        // Homoglyphs: Cyrillic, Greek, full width, mathematical, ligatures, punctuation.
        ("аpt".as_bytes(), r#""\u{430}pt""#, &[Mark::Confusable, Mark::MixedScript]),
        ("сору".as_bytes(), r#""\u{441}\u{43e}\u{440}\u{443}""#, &[Mark::Confusable]),
        ("rοot".as_bytes(), r#""r\u{3bf}ot""#, &[Mark::Confusable, Mark::MixedScript]),
        ("ｒｍ".as_bytes(), r#""\u{ff52}\u{ff4d}""#, &[Mark::Confusable]),
        ("𝗋𝗆".as_bytes(), r#""\u{1d5cb}\u{1d5c6}""#, &[Mark::Confusable]),
        ("ﬁnd".as_bytes(), r#""\u{fb01}nd""#, &[Mark::Confusable]),
        ("ıæþſ".as_bytes(), r#""\u{131}\u{e6}\u{fe}\u{17f}""#, &[Mark::Confusable]),
        ("etc∕passwd".as_bytes(), r#""etc\u{2215}passwd""#, &[Mark::Confusable]),
        ("‐–．․’“；".as_bytes(),
            r#""\u{2010}\u{2013}\u{ff0e}\u{2024}\u{2019}\u{201c}\u{ff1b}""#, &[Mark::Confusable]),
        ("ノ一ロ".as_bytes(), r#""\u{30ce}\u{4e00}\u{30ed}""#, &[Mark::Confusable]),
        // Accents: composed passes, put together does not.
        ("é".as_bytes(), r#""é""#, &[Mark::NonAscii]),
        ("e\u{301}".as_bytes(), r#""e\u{301}""#, &[Mark::Combining]),
        ("\u{489}\u{20dd}".as_bytes(), r#""\u{489}\u{20dd}""#, &[Mark::Combining]),
        ("Å\u{212b}".as_bytes(), r#""Å\u{212b}""#, &[Mark::Confusable, Mark::NonAscii]),
        // Without meaning or without need.
        ("\u{e000}\u{378}\u{fffe}".as_bytes(), r#""\u{e000}\u{378}\u{fffe}""#, &[Mark::Unassigned]),
        ("✅\u{fffd}".as_bytes(), r#""\u{2705}\u{fffd}""#, &[Mark::NonAscii]),
        // Blanks.
        (b"   ", r#""   ""#, &[]),
        (b"    ", r#""\{4 blanks}""#, &[Mark::Blank]),
        (b"a     b", r#""a\{5 blanks}b""#, &[Mark::Blank]),
        // What owners call their files.
        ("Übergrößen.txt".as_bytes(), r#""Übergrößen.txt""#, &[Mark::NonAscii]),
        ("żółć".as_bytes(), r#""żółć""#, &[Mark::NonAscii]),
        ("漢字 ひらがな アプリ".as_bytes(), r#""漢字 ひらがな アプリ""#, &[Mark::NonAscii]),
        ("안녕 보고서".as_bytes(), r#""안녕 보고서""#, &[Mark::NonAscii]),
    ];
    for (bytes, text, marks) in cases {
        let expected = Shown {
            text: (*text).to_owned(),
            marks: marks.to_vec(),
        };
        assert_eq!(word(bytes), expected);
    }
}

#[test]
fn a17_text_is_one_line_without_quotes() {
    let cases: &[(&[u8], &str)] = &[
        (b"", ""),
        (b"update \"now\", it's safe", "update \"now\", it's safe"),
        (br"C:\temp", r"C:\\temp"),
        (b"ok\n\x1b[31mapproved", r"ok\n\x1b[31mapproved"),
        (b" x ", r"\{1 blank}x\{1 blank}"),
        (b"    ", r"\{4 blanks}"),
        (b"a    b  ", r"a\{4 blanks}b\{2 blanks}"),
        ("für dich".as_bytes(), "für dich"),
        ("don’t".as_bytes(), r"don\u{2019}t"),
        (b"web\xff", r"web\xff"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(text(bytes).text, *expected);
    }
    assert_eq!(text(b" x").marks, [Mark::Blank]);
}

#[test]
fn words_stay_apart() {
    let none: [&[u8]; 0] = [];
    assert_eq!(words(&none).text, "");
    assert_eq!(words(&[""]).text, r#""""#);
    assert_eq!(words(&["rm", "-rf", "a b"]).text, r#"rm -rf "a b""#);
    assert_eq!(words(&["rm", "-rf", "a", "b"]).text, "rm -rf a b");
    assert_eq!(words(&["a\" \"b"]).text, r#""a\" \"b""#);
    assert_eq!(
        words(&["\t", "а", "\t"]).marks,
        [Mark::Control, Mark::Confusable]
    );
}

#[test]
fn a18_no_screenful_of_blanks_hides_a_tail() {
    let argument = [b"-y".as_slice(), &b" ".repeat(100_000), b"; rm -rf /"].concat();
    assert_eq!(
        words(&[b"apt".as_slice(), &argument]).text,
        r#"apt "-y\{100000 blanks}; rm -rf /""#
    );
}

/// UTS #39 over all of Unicode: no character that passes looks like another that passes, or like
/// any text in ASCII.
#[test]
fn no_two_characters_that_pass_look_alike() {
    let mut seen = BTreeMap::<String, char>::new();
    for c in ('\u{80}'..=char::MAX).filter(|c| passes(*c)) {
        let look: String = skeleton(&c.to_string()).collect();
        assert!(!look.is_ascii(), "{c:?} looks like {look}");
        assert_eq!(seen.insert(look, c), None, "{c:?}");
    }
    assert!(seen.len() > 30_000);
}

#[test]
fn the_letters_that_look_like_others_are_those_of_unicode() {
    let alike: Vec<char> = ('\u{80}'..=char::MAX)
        .filter(|c| among(READABLE, *c) && is_letter(*c) && c.identifier_allowed())
        .filter(|c| !is_distinct(*c))
        .collect();
    assert_eq!(ALIKE, alike);
}

/// Skeletons that hold ASCII belong to Latin letters with an accent and to Hangul alone.
#[test]
fn what_resembles_ascii_is_a_letter_with_an_accent() {
    for c in ('\u{80}'..=char::MAX).filter(|c| passes(*c)) {
        let look: String = skeleton(&c.to_string()).collect();
        if look.contains(|part: char| part.is_ascii()) {
            assert!(matches!(c, 'À'..='ž' | '가'..='힣'), "{c:?}");
        }
    }
}

#[test]
fn marks_are_phrases_for_people() {
    assert_eq!(Mark::Confusable.to_string(), "looks like another letter");
    assert_eq!(Mark::Bidi.to_string(), "right-to-left writing");
}

/// Characters and bytes that somebody would try, between common ones.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    #[rustfmt::skip]
    let parts: &[&[u8]] = &[
        b" ", b"  ", b"    ", b"\\", b"\"", b"'", b"{", b"}", b"n", b"x", b"u", b"0", b"4 blanks}", b"\\{4 blanks}",
        b"\n", b"\r", b"\t", b"\x1b", b"\0", b"\x7f", b"\x80", b"\xc2", b"\xe2\x80", b"\xed\xa0\x80", b"\xff",
        b"\xc2\x80", b"\xc2\x85", b"\xc2\xa0", b"\xc2\xad", b"\xcc\x81", b"e\xcc\x81", b"\xcd\x8f",
        b"\xe1\x85\x9f", b"\xe1\x85\xa0", b"\xe3\x85\xa4", b"\xef\xbe\xa0", b"\xe2\xa0\x80", b"\xe3\x80\x80",
        b"\xe2\x80\x8b", b"\xe2\x80\x8d", b"\xe2\x80\x8e", b"\xe2\x80\xa8", b"\xe2\x80\xa9", b"\xe2\x80\xae",
        b"\xe2\x81\xa0", b"\xe2\x81\xa6", b"\xef\xb8\x8f", b"\xef\xbb\xbf", b"\xf3\xa0\x81\xa1", b"\xd7\x90",
        b"\xd8\xa7", b"\xd9\xa1", b"\xd0\xb0", b"\xce\xbf", b"\xef\xbd\x92", b"\xf0\x9d\x97\x8b", b"\xc4\xb1",
        b"\xc3\xbc", b"\xe6\xbc\xa2", b"\xea\xb0\x80", b"\xe3\x82\xab", b"\xe2\x88\x95", b"\xee\x80\x80",
    ];
    let any_character = any::<char>().prop_map(|c| c.to_string().into_bytes());
    let nasty_part = select(parts).prop_map(<[u8]>::to_vec);
    let any_byte = any::<u8>().prop_map(|byte| vec![byte]);
    vec(
        prop_oneof![4 => nasty_part, 2 => any_character, 1 => any_byte],
        0..40,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_word_can_be_read_back(bytes in prop_oneof![nasty(), vec(any::<u8>(), 0..60)]) {
        prop_assert_eq!(reader::words(&word(&bytes).text), vec![bytes]);
    }

    #[test]
    fn words_can_be_read_back(argv in vec(prop_oneof![nasty(), vec(any::<u8>(), 0..9)], 0..6)) {
        prop_assert_eq!(reader::words(&words(&argv).text), argv);
    }

    #[test]
    fn text_can_be_read_back(bytes in prop_oneof![nasty(), vec(any::<u8>(), 0..60)]) {
        let shown = text(&bytes).text;
        prop_assert_eq!(plain_text(&bytes), shown.as_str());
        prop_assert_eq!(reader::text(&shown), bytes);
    }

    #[test]
    fn what_is_shown_is_harmless(bytes in prop_oneof![nasty(), vec(any::<u8>(), 0..60)]) {
        for shown in [word(&bytes), text(&bytes), words(&[&bytes, &bytes])] {
            for c in shown.text.chars() {
                prop_assert!(is_harmless(c), "{:?} in {}", c, shown.text);
            }
            prop_assert!(!shown.text.contains("    "));
            prop_assert_eq!(shown.text.trim_matches(' '), &shown.text);
            prop_assert!(shown.marks.is_sorted_by(|one, next| one < next));
            if shown.marks.is_empty() {
                prop_assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~')));
            }
        }
    }
}
