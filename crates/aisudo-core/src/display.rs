//! Safe display of bytes that somebody else chose.
//!
//! What is written here is for a person to read, not for a shell to run. It is one line from left
//! to right in which everything can be seen, everything is what it looks like, and nothing is
//! left out: the bytes can be computed back from it, so different bytes are never written alike.
//!
//! An allow-list decides. Printable ASCII is shown as itself. Beyond it only letters of scripts
//! that stay readable under these rules are (`READABLE`), and of those only the ones that look
//! like no other that passes. All else is escaped: `\n` `\r` `\t` `\\`, `\x1b` for a byte (a control
//! character or invalid UTF-8), `\u{202e}` for a character, `\{400 blanks}` for a run of blanks,
//! and `\"` inside a quoted word.
//!
//! What that costs, on purpose:
//! - Right-to-left scripts are escaped whole: a terminal or browser reorders a line that holds a
//!   single such letter, also without any override (UAX #9).
//! - So are combining marks, so that `é` and `e` with a mark are told apart. Thai and the scripts
//!   of India cannot be read without theirs; their letters are escaped too.
//! - So are Greek and Cyrillic: most of their letters look like a Latin one or like each other.
//! - Some letters of the scripts that pass look like another: `ı`, `æ`, `þ`, the kana ノ, カ and ロ,
//!   the Han 一. And punctuation: `“`, `–` and `…` look like ASCII's.
//!
//! German, French, Polish, Czech, Chinese, Korean and most of Japanese stay readable.

use std::{ascii, collections::BTreeSet, fmt, ops::RangeInclusive};

use unicode_general_category::{GeneralCategory as Category, get_general_category};
use unicode_security::{
    GeneralSecurityProfile, MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton,
};

/// Why a text deserves a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A control character, such as those that move a terminal's cursor.
    Control,
    /// A character that begins a new line.
    LineSeparator,
    /// Bytes that are not text.
    InvalidUtf8,
    /// A character that changes the direction of writing, or is written from right to left.
    Bidi,
    /// A character without a shape.
    Invisible,
    /// An unusual or empty-looking character, a long run of blanks, or blanks at an end of a text.
    Blank,
    /// An accent or sign that is put on the letter before it.
    Combining,
    /// A character that looks like another.
    Confusable,
    /// A character without an agreed shape.
    Unassigned,
    /// Letters of alphabets that are not used together in one word.
    MixedScript,
    /// Any other character beyond ASCII, escaped or not.
    NonAscii,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control character",
            Self::LineSeparator => "line break",
            Self::InvalidUtf8 => "bytes that are not text",
            Self::Bidi => "right-to-left writing",
            Self::Invisible => "invisible character",
            Self::Blank => "unusual blanks",
            Self::Combining => "accent put on another letter",
            Self::Confusable => "looks like another letter",
            Self::Unassigned => "unknown character",
            Self::MixedScript => "mixed alphabets in one word",
            Self::NonAscii => "characters beyond ASCII",
        })
    }
}

/// A text that is safe to show, and what was noticed about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// One line without control, bidi, invisible or confusable characters.
    pub text: String,
    /// Sorted, each once.
    pub marks: Vec<Mark>,
}

/// One word of a command line: bare when it is plain, else in double quotes.
#[must_use]
pub fn word(bytes: &[u8]) -> Shown {
    let mut writer = Writer::<Noticed>::default();
    writer.word(bytes);
    writer.finish()
}

/// A whole command line: each [`word`], with one blank between.
#[must_use]
pub fn words(argv: &[impl AsRef<[u8]>]) -> Shown {
    let mut writer = Writer::<Noticed>::default();
    for (index, bytes) in argv.iter().enumerate() {
        if index > 0 {
            writer.text.push(' ');
        }
        writer.word(bytes.as_ref());
    }
    writer.finish()
}

/// One field of free text, such as a reason or a host's name: without quotes, so blanks at its
/// ends are written out.
#[must_use]
pub fn text(bytes: &[u8]) -> Shown {
    let mut writer = Writer::<Noticed>::default();
    writer.text(bytes);
    writer.finish()
}

/// The same, when nobody asks what was noticed: inside sudo, which need not load Unicode's tables of
/// what looks like what then.
#[must_use]
pub fn plain_text(bytes: &[u8]) -> String {
    let mut writer = Writer::<Unnoticed>::default();
    writer.text(bytes);
    writer.text
}

/// More blanks in a row than this are counted instead of written.
const LONGEST_BLANK_RUN: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Escaped,
    Literal,
}

/// Whether marks are kept, or not even looked for.
trait Notice: Default {
    fn notice(&mut self, mark: impl FnOnce() -> Option<Mark>);
}

#[derive(Default)]
struct Noticed(BTreeSet<Mark>);

#[derive(Default)]
struct Unnoticed;

impl Notice for Noticed {
    fn notice(&mut self, mark: impl FnOnce() -> Option<Mark>) {
        self.0.extend(mark());
    }
}

impl Notice for Unnoticed {
    fn notice(&mut self, _mark: impl FnOnce() -> Option<Mark>) {}
}

#[derive(Default)]
struct Writer<N> {
    text: String,
    marks: N,
}

impl Writer<Noticed> {
    fn finish(self) -> Shown {
        Shown {
            text: self.text,
            marks: self.marks.0.into_iter().collect(),
        }
    }
}

impl<N: Notice> Writer<N> {
    fn text(&mut self, bytes: &[u8]) {
        let blanks = |byte: &&u8| **byte == b' ';
        let leading = bytes.iter().take_while(blanks).count();
        let rest = bytes.get(leading..).unwrap_or_default();
        let trailing = rest.iter().rev().take_while(blanks).count();
        let (inner, _) = rest
            .split_at_checked(rest.len() - trailing)
            .unwrap_or_default();
        self.counted_blanks(leading);
        self.body(inner, Quotes::Literal);
        self.counted_blanks(trailing);
    }

    fn word(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() && bytes.iter().all(is_plain) {
            self.text.extend(bytes.iter().copied().map(char::from));
            return;
        }
        self.text.push('"');
        self.body(bytes, Quotes::Escaped);
        self.text.push('"');
    }

    fn body(&mut self, bytes: &[u8], quotes: Quotes) {
        for chunk in bytes.utf8_chunks() {
            let valid = chunk.valid();
            self.marks.notice(|| {
                let mut runs = valid.split(|c: char| !c.is_alphanumeric());
                runs.any(mixes_scripts).then_some(Mark::MixedScript)
            });
            let mut rest = valid.chars().peekable();
            while let Some(c) = rest.next() {
                if c == ' ' {
                    let more = std::iter::from_fn(|| rest.next_if_eq(&' ')).count();
                    self.blanks(1 + more);
                } else {
                    self.character(c, quotes);
                }
            }
            for byte in chunk.invalid() {
                self.escaped_byte(*byte);
                self.marks.notice(|| Some(Mark::InvalidUtf8));
            }
        }
    }

    fn character(&mut self, c: char, quotes: Quotes) {
        let escaped = !passes(c);
        self.marks.notice(|| match (escaped, c.is_ascii()) {
            (true, _) => Some(reason(c)),
            (false, false) => Some(Mark::NonAscii),
            (false, true) => None,
        });
        match u8::try_from(c) {
            Ok(byte @ (..0x20 | b'\\' | 0x7f)) => self.escaped_byte(byte),
            Ok(b'"') if quotes == Quotes::Escaped => self.escaped_byte(b'"'),
            _ if escaped => self.text.extend(c.escape_unicode()),
            _ => self.text.push(c),
        }
    }

    fn blanks(&mut self, run: usize) {
        if run > LONGEST_BLANK_RUN {
            self.counted_blanks(run);
        } else {
            self.text.extend(std::iter::repeat_n(' ', run));
        }
    }

    /// A literal backslash is always doubled, so nothing else is written like this.
    fn counted_blanks(&mut self, run: usize) {
        if run > 0 {
            let plural = if run == 1 { "" } else { "s" };
            self.text.push_str(&format!("\\{{{run} blank{plural}}}"));
            self.marks.notice(|| Some(Mark::Blank));
        }
    }

    fn escaped_byte(&mut self, byte: u8) {
        let escape = ascii::escape_default(byte);
        self.text.extend(escape.map(char::from));
    }
}

/// What needs no quotes.
fn is_plain(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(byte)
}

/// UTS #39 §5.2: letters that no one language puts into one word. Latin beside Chinese, Japanese
/// or Korean is common ("highly restrictive").
fn mixes_scripts(run: &str) -> bool {
    !run.is_ascii()
        && !run.is_single_script()
        && !run.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

/// The allow-list.
fn passes(c: char) -> bool {
    matches!(c, ' '..='~')
        || among(READABLE, c)
            && is_letter(c)
            && c.identifier_allowed()
            && ALIKE.binary_search(&c).is_err()
}

/// General category L (UAX #44), but for title case, which no readable script has.
fn is_letter(c: char) -> bool {
    use Category as C;
    matches!(
        get_general_category(c),
        C::UppercaseLetter | C::LowercaseLetter | C::OtherLetter | C::ModifierLetter
    )
}

/// Whether no other character that passes looks like this one: by UTS #39 §4 it is its own
/// prototype, or a letter with marks that no other shares.
fn is_distinct(c: char) -> bool {
    let mut buffer = [0; 4];
    let mut prototype = skeleton(c.encode_utf8(&mut buffer));
    let base = prototype.next();
    let mut marks = prototype.peekable();
    if marks.peek().is_none() {
        return base == Some(c);
    }
    let carries_marks = (ACCENTED.contains(&c) || KANA.contains(&c)) && marks.all(is_mark);
    HANGUL.contains(&c) || carries_marks && !SHARED.contains(&c)
}

/// U+FF9E is what the prototypes of voiced kana use for their mark.
fn is_mark(c: char) -> bool {
    c == '\u{ff9e}' || get_general_category(c) == Category::NonspacingMark
}

/// What to call a character that does not pass. Nothing is let through or held back by this.
fn reason(c: char) -> Mark {
    use Category as C;
    if let Some((_, mark)) = NOTORIOUS.iter().find(|(range, _)| range.contains(&c)) {
        return *mark;
    }
    match get_general_category(c) {
        C::Control => Mark::Control,
        C::Format => Mark::Invisible,
        C::SpaceSeparator => Mark::Blank,
        C::Surrogate | C::PrivateUse | C::Unassigned => Mark::Unassigned,
        C::NonspacingMark | C::SpacingMark | C::EnclosingMark => Mark::Combining,
        _ if !is_distinct(c) => Mark::Confusable,
        _ => Mark::NonAscii,
    }
}

/// Of the letters that could pass, those that are not [`is_distinct`]: Unicode's table, which says it
/// of all characters, is as large as the rest of what sudo loads.
#[rustfmt::skip]
const ALIKE: &[char] = &[
    'Æ', 'Ð', 'æ', 'þ', 'ı', 'ĺ', 'Œ', 'œ', 'く', 'イ', 'エ', 'カ', 'タ', 'ト', 'ニ', 'ネ', 'ノ', 'ハ', 'ヒ', 'ヘ',
    'ベ', 'ペ', 'ム', 'ヨ', 'ロ', '一', '丂', '丅', '丕', '丛', '丫', '丶', '丿', '乄', '于', '井', '今', '仪', '倂', '值',
    '兑', '兒', '凐', '卄', '卟', '合', '吴', '呉', '啟', '囗', '填', '士', '壿', '奬', '妺', '娯', '娱', '嬀', '季', '嵒',
    '帀', '市', '帲', '幐', '径', '恒', '悦', '户', '戸', '抺', '捝', '插', '揷', '搉', '搖', '摇', '攬', '昩', '晩', '曰',
    '曶', '朊', '朦', '末', '枺', '柿', '棁', '槩', '樧', '欥', '正', '汊', '沬', '涚', '湊', '湳', '溧', '溰', '滄', '滅',
    '滭', '漼', '潔', '潙', '澌', '澤', '澿', '瀆', '炼', '爿', '獎', '瑶', '眔', '眜', '硏', '税', '絶', '緖', '肞', '胊',
    '胐', '胶', '脁', '脧', '脱', '腁', '膧', '茉', '蔿', '虁', '蜕', '袚', '訞', '説', '謡', '豣', '趆', '跺', '躲', '輧',
    '迳', '邗', '那', '鄉', '鄕', '鋭', '鎮', '钗', '長', '镺', '隺', '飡', '飲', '馮', '鮇', '鹃', '黒', '龝',
];

type Range = RangeInclusive<char>;

fn among(ranges: &[Range], c: char) -> bool {
    ranges.iter().any(|range| range.contains(&c))
}

/// The scripts whose letters may pass, if UTS #39 §3 allows them in identifiers: nothing
/// obsolete, no compatibility forms (full width, mathematical, ligatures).
const READABLE: &[Range] = &[
    ACCENTED,
    '\u{3005}'..='\u{3005}', // 々
    KANA,
    '\u{3400}'..='\u{4dbf}', // Han
    '\u{4e00}'..='\u{9fff}', // Han
    HANGUL,
];

/// Latin-1 and Latin Extended-A. Further out the dots and hooks get too small to be seen.
const ACCENTED: Range = '\u{c0}'..='\u{17f}';

/// Hiragana and katakana.
const KANA: Range = '\u{3041}'..='\u{30ff}';

/// Whole syllables. They are made of signs like ㅇ, which UTS #39 takes for `o`; the block that
/// the signs form looks like no letter.
const HANGUL: Range = '\u{ac00}'..='\u{d7a3}';

/// The rarer of two letters with marks that look alike: the others are Đ, Í, べ and ぺ.
const SHARED: &[char] = &['Ð', 'ĺ', 'ベ', 'ペ'];

/// What the general category says nothing or too little about. The first that fits counts.
const NOTORIOUS: &[(Range, Mark)] = &[
    // UAX #14, classes BK, CR, LF and NL.
    ('\n'..='\r', Mark::LineSeparator),
    ('\u{85}'..='\u{85}', Mark::LineSeparator),
    ('\u{2028}'..='\u{2029}', Mark::LineSeparator),
    // Letters and symbols that are empty: Hangul fillers (openclaw#43687), braille, others.
    ('\u{115f}'..='\u{1160}', Mark::Blank),
    ('\u{2800}'..='\u{2800}', Mark::Blank),
    ('\u{3164}'..='\u{3164}', Mark::Blank),
    ('\u{ffa0}'..='\u{ffa0}', Mark::Blank),
    ('\u{fffc}'..='\u{fffc}', Mark::Blank),
    ('\u{13441}'..='\u{13442}', Mark::Blank),
    ('\u{1d159}'..='\u{1d159}', Mark::Blank),
    // Default_Ignorable_Code_Point where the general category is not Cf (UAX #44), and U+FEFF.
    ('\u{34f}'..='\u{34f}', Mark::Invisible),
    ('\u{17b4}'..='\u{17b5}', Mark::Invisible),
    ('\u{180b}'..='\u{180f}', Mark::Invisible),
    ('\u{2065}'..='\u{2065}', Mark::Invisible),
    ('\u{fe00}'..='\u{fe0f}', Mark::Invisible),
    ('\u{feff}'..='\u{feff}', Mark::Invisible),
    ('\u{fff0}'..='\u{fff8}', Mark::Invisible),
    ('\u{e0000}'..='\u{e0fff}', Mark::Invisible),
    // UAX #9, Bidi_Control.
    ('\u{200e}'..='\u{200f}', Mark::Bidi),
    ('\u{202a}'..='\u{202e}', Mark::Bidi),
    ('\u{2066}'..='\u{2069}', Mark::Bidi),
    // UAX #9, the blocks of classes R, AL and AN.
    ('\u{590}'..='\u{8ff}', Mark::Bidi),
    ('\u{fb1d}'..='\u{fdff}', Mark::Bidi),
    ('\u{fe70}'..='\u{feff}', Mark::Bidi),
    ('\u{10800}'..='\u{10fff}', Mark::Bidi),
    ('\u{1e800}'..='\u{1efff}', Mark::Bidi),
];

#[cfg(test)]
mod tests;
