//! The words of a text.

use unicode_normalization::UnicodeNormalization as _;

/// A word of a text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// In the form in which words are compared.
    pub(super) folded: String,
    /// Where it ends in the text.
    pub(super) end: usize,
}

/// What a character does for the words of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It stands between words.
    Between,
    /// It changes how the sign before it looks: a variation selector, a skin tone.
    Look,
    /// It is a word by itself: a picture.
    Sign,
    /// A letter of a script that is written without blanks.
    Wide,
    /// Any other.
    Narrow,
}

/// The words of a text.
pub(super) fn split(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut before = Kind::Between;
    for (start, c) in text.char_indices() {
        let kind = match Kind::of(c) {
            // Alone it is a character like any other that has no place in a word.
            Kind::Look if before != Kind::Sign => Kind::Narrow,
            kind => kind,
        };
        let end = start + c.len_utf8();
        match (kind, words.last_mut()) {
            (Kind::Between, _) => {}
            (Kind::Look, Some(sign)) => {
                sign.end = end;
                continue;
            }
            (Kind::Narrow | Kind::Wide, Some(word)) if before == kind => {
                word.folded.push(c);
                word.end = end;
            }
            _ => words.push(Word {
                folded: c.to_string(),
                end,
            }),
        }
        before = kind;
    }
    for word in &mut words {
        word.folded = fold(&word.folded);
    }
    words.retain(|word| !word.folded.is_empty());
    words
}

/// The form in which words are compared. Quotes around a word are not part of it.
fn fold(word: &str) -> String {
    let folded: String = word
        .nfkc()
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '’' | '‘') { '\'' } else { c })
        .collect();
    folded.trim_matches('\'').to_owned()
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => Self::Look,
            '\u{1f000}'..='\u{1faff}' => Self::Sign,
            _ if std::iter::once(c).nfkc().all(is_between) => Self::Between,
            _ if std::iter::once(c).nfkc().all(is_wide) => Self::Wide,
            _ => Self::Narrow,
        }
    }
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || "!\"#&()*+,-./:;?[]_`{}~".contains(c)
        || "¡¿«»‹›„“”–—\u{2010}−…·•、。〈〉《》「」『』【】〜".contains(c)
}

/// Kana, Han and Hangul.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}
