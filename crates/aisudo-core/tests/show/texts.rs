//! Texts that somebody would try (a17, a18), and texts that must stay readable.

use aisudo_core::{display::words, raw::hex};

use crate::form::{DisplayCase, WordsCase};

#[rustfmt::skip]
pub(crate) const TEXTS: &[&[u8]] = &[
    // Plain, quoted, like our own escapes.
    b"", b"apt-get", b"/usr/bin/g++", b"A=b:c@d%e,f", b"a b", b"*", b"~", b"$(id)", b"it's", br#"a"b"#, br"a\b",
    br"\n", br"\u{202e}", br"\{9 blanks}", b"(a shell)", b"update \"now\", it's safe", br"C:\temp",
    // Newlines, tabs, escape sequences.
    b"a\nb", b"a\r\x0b\x0c", b"a\tb", b"\x1b[2Jx", b"\0\x08\x7f", b"\xc2\x9b2J", b"ok\n\x1b[31mapproved",
    b"routine\nApprove? [y]es > y", "\u{85}\u{2028}\u{2029}".as_bytes(),
    // Bidi overrides and isolates, and letters that reorder a line by themselves.
    "\u{202e}gpj.exe".as_bytes(), "\u{61c}\u{200e}\u{200f}\u{2066}\u{2069}".as_bytes(), "\u{5d0}1".as_bytes(),
    "\u{645}\u{644}\u{641}".as_bytes(),
    // Zero width, default-ignorable, variation selectors, tags.
    "a\u{200b}b".as_bytes(), "\u{ad}\u{200c}\u{200d}\u{2060}\u{feff}".as_bytes(), "\u{34f}\u{17b4}".as_bytes(),
    "\u{fe0f}\u{e0100}".as_bytes(), "\u{e0001}\u{e0061}\u{e007f}".as_bytes(), "\u{180e}\u{fff9}".as_bytes(),
    // Empty letters and unusual blanks.
    "\u{115f}\u{1160}\u{3164}\u{ffa0}".as_bytes(), "\u{2800}\u{a0}\u{3000}\u{2003}\u{1680}".as_bytes(),
    // Invalid UTF-8: stray, overlong, cut off, lone surrogates, beyond U+10FFFF.
    b"a\xffb", b"\xc0\xaf", b"\xe2\x80", b"\xed\xa0\x80", b"\xed\x9f\xbf\xee\x80\x80", b"\xf4\x90\x80\x80",
    b"\xf4\x8f\xbf\xbf", b"\xe0\x9f\xbf\xe0\xa0\x80", b"\xf0\x8f\xbf\xbf\xf0\x90\x80\x80", b"\x80 and \xc2\x80",
    b"\xf0\x9f\x92", b"\xf0\x9f", b"\xf0", b"\xc2", b"\xc1\xbf", b"\xf5\x80\x80\x80", b"\xe2\x80\xe2\x80\xae",
    b"\xfe\xff",
    // Homoglyphs.
    "\u{430}pt".as_bytes(), "\u{441}\u{43e}\u{440}\u{443}".as_bytes(), "r\u{3bf}ot".as_bytes(),
    "\u{ff52}\u{ff4d}".as_bytes(), "\u{1d5cb}\u{1d5c6}".as_bytes(), "\u{fb01}nd".as_bytes(),
    "\u{131}\u{e6}\u{fe}\u{17f}".as_bytes(), "etc\u{2215}passwd".as_bytes(),
    "\u{2010}\u{2013}\u{ff0e}\u{2024}\u{2019}\u{201c}\u{ff1b}".as_bytes(),
    "\u{30ce}\u{4e00}\u{30ed}".as_bytes(),
    // Accents, composed and put together.
    "é".as_bytes(), "e\u{301}".as_bytes(), "\u{489}\u{20dd}".as_bytes(), "Å\u{212b}".as_bytes(),
    // Without meaning or without need.
    "\u{e000}\u{378}\u{fffe}".as_bytes(), "\u{2705}\u{fffd}".as_bytes(), "\u{fdd0}\u{10ffff}".as_bytes(),
    // Blanks, and those at an end.
    b" ", b"   ", b"    ", b"a     b", b" x ", b"a    b  ", b"  \xff  ", b"    \n    ",
    b"-y\\{400 blanks}; rm -rf /",
    // What owners call their files, and alphabets that do or do not go together.
    "Übergrößen.txt".as_bytes(), "żółć".as_bytes(), "漢字 ひらがな アプリ".as_bytes(), "안녕 보고서".as_bytes(),
    "für dich".as_bytes(), "don\u{2019}t".as_bytes(), "a漢カか".as_bytes(), "漢한".as_bytes(), "カ한".as_bytes(),
    "aカ한".as_bytes(),
    "a漢\u{3105}".as_bytes(), "カ\u{3105}".as_bytes(), "a\u{431}\u{3b1}".as_bytes(), "1\u{431}".as_bytes(),
    "a1\u{661}".as_bytes(),
    "a-\u{431}".as_bytes(), "a\u{301}\u{431}".as_bytes(), "x²\u{1d7d9}".as_bytes(), b"a\xff\xd0\xb1",
];

pub(crate) fn display() -> Vec<DisplayCase> {
    let ascii = (0..0x80).map(|byte| vec![byte]);
    let many = b" ".repeat(3000);
    let tail = [b"-y".as_slice(), &many, b"; rm -rf /"].concat();
    ascii
        .chain(TEXTS.iter().map(|text| text.to_vec()))
        .chain([tail, many])
        .chain(mixtures())
        .map(|bytes| DisplayCase::new(&bytes))
        .collect()
}

/// Some of the texts behind one another.
fn mixtures() -> impl Iterator<Item = Vec<u8>> {
    // A linear congruential generator (Knuth's MMIX): the same draws each time.
    let mut state = 1_u64;
    let mut draw = move |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    (0..300).map(move |_| {
        let parts = 2 + draw(5);
        (0..parts).fold(Vec::new(), |mut mixture, _| {
            let text = TEXTS[draw(TEXTS.len())];
            // Cut anywhere, so that characters are too.
            mixture.extend(&text[..draw(text.len() + 1)]);
            mixture
        })
    })
}

pub(crate) fn command_lines() -> Vec<WordsCase> {
    let lines: &[&[&[u8]]] = &[
        &[],
        &[b""],
        &[b"rm", b"-rf", b"a b"],
        &[b"rm", b"-rf", b"a", b"b"],
        &[b"a\" \"b"],
        &[b"", b" ", b"  "],
        &[b"\t", "\u{430}".as_bytes(), b"\t"],
        &[b"a", "\u{431}".as_bytes()],
        TEXTS,
    ];
    lines
        .iter()
        .map(|argv| WordsCase {
            argv: argv.iter().map(|word| hex(word)).collect(),
            shown: words(argv).into(),
        })
        .collect()
}
