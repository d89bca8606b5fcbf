//! What a person wrote, read as an answer.
//!
//! It is read strictly, because a yes lets a command run:
//!
//! - A yes is a yes only if nothing else stands beside it: codes, words of the same meaning, and
//!   politeness. "yes 7KQ2M but only tomorrow", "not yes 7KQ2M", "yes 7KQ2M?" and "yes no 7KQ2M"
//!   are no answer.
//! - A no comes before everything but codes and politeness. What follows it, and the codes behind it,
//!   is the note, as it was typed.
//! - A word is a code if the caller knows it as one, or if it has the form of one and holds a digit:
//!   then it was mistyped, or is forgotten by now. Other words that have the form of a code
//!   ("later", "perhaps") are words. What means no is never a code.
//! - An answer with a code that the caller does not know must not count for the others in it.
//!
//! Letters are compared in Unicode's form NFKC and in lower case, so that full-width and upper-case
//! ones are understood. Nothing else is forgiven: a word with an invisible letter, or a letter of
//! another alphabet in it, is another word.

mod split;
mod tables;

use std::collections::BTreeMap;

use aisudo_core::{
    config,
    digest::{is_code, normalize_code},
    evidence::Verdict,
};
use unicode_normalization::UnicodeNormalization as _;

use self::{
    split::{Word, is_wide, split},
    tables::Table,
};

/// The letters of the longest word of a script without blanks; the tests look.
const LONGEST_WIDE_WORD: usize = 12;

/// The words that are understood.
#[derive(Clone, Debug)]
pub(super) struct Words {
    phrases: BTreeMap<Vec<String>, Meaning>,
    longest_phrase: usize,
    yes: &'static str,
    no: &'static str,
}

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// Yes or no, if it is clearly one of them.
    pub(super) verdict: Option<Verdict>,
    /// The codes of the answer, as `normalize_code` writes them, each once; without a verdict, those
    /// anywhere in the text.
    pub(super) codes: Vec<String>,
    /// What was said with a no, as it was typed.
    pub(super) note: Option<String>,
}

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Yes,
    No,
    Polite,
    /// Different things in different languages, or neither yes nor no although it begins like one.
    Unclear,
}

impl Words {
    /// The words of the configured languages, and root's own. What would mean two things means none.
    pub(super) fn new(signal: &config::Signal) -> Self {
        let mut words = Self {
            phrases: BTreeMap::new(),
            longest_phrase: 0,
            yes: "yes",
            no: "no",
        };
        let languages = signal
            .languages
            .iter()
            .map(|language| tables::of(*language));
        for table in std::iter::once(tables::COMMON).chain(languages.clone()) {
            words.add_table(&table);
        }
        words.add(signal.yes.iter(), Meaning::Yes);
        words.add(signal.no.iter(), Meaning::No);
        if let Some(Table {
            yes: [yes, ..],
            no: [no, ..],
            ..
        }) = languages.into_iter().next()
        {
            words.yes = yes;
            words.no = no;
        }
        words
    }

    /// The first language's word for yes.
    pub(super) fn yes(&self) -> &str {
        self.yes
    }

    /// The first language's word for no.
    pub(super) fn no(&self) -> &str {
        self.no
    }

    /// Reads a text. `known` says whether a normalized code is that of a request.
    pub(super) fn read(&self, text: &str, known: impl Fn(&str) -> bool) -> Reading {
        let parts = self.parts(text, known);
        let head = Head::of(&parts);
        match (head.yes, head.no) {
            (true, false) if head.length == parts.len() && !asks(text) => Reading {
                verdict: Some(Verdict::Approve),
                codes: head.codes,
                note: None,
            },
            (false, true) => Reading {
                verdict: Some(Verdict::Deny),
                codes: head.codes,
                note: note(text.get(head.end..).unwrap_or_default()),
            },
            _ => Reading {
                verdict: None,
                codes: codes(&parts),
                note: None,
            },
        }
    }

    fn add_table(&mut self, table: &Table) {
        self.add(table.yes.iter(), Meaning::Yes);
        self.add(table.no.iter(), Meaning::No);
        self.add(table.polite.iter(), Meaning::Polite);
        self.add(table.unclear.iter(), Meaning::Unclear);
    }

    fn add<'a>(
        &mut self,
        phrases: impl Iterator<Item = &'a (impl AsRef<str> + 'a)>,
        means: Meaning,
    ) {
        for phrase in phrases {
            let words: Vec<String> = split(phrase.as_ref())
                .into_iter()
                .map(|word| word.folded)
                .collect();
            if words.is_empty() {
                continue;
            }
            self.longest_phrase = self.longest_phrase.max(words.len());
            self.phrases
                .entry(words)
                .and_modify(|known| {
                    if *known != means {
                        *known = Meaning::Unclear;
                    }
                })
                .or_insert(means);
        }
    }

    /// What each part of a text is.
    fn parts(&self, text: &str, known: impl Fn(&str) -> bool) -> Vec<Part> {
        let words: Vec<Word> = split(text)
            .into_iter()
            .flat_map(|word| self.without_blanks(word))
            .collect();
        let folded: Vec<String> = words.iter().map(|word| word.folded.clone()).collect();
        let mut parts = Vec::new();
        let mut rest = (words.as_slice(), folded.as_slice());
        while let ([first, ..], [word, ..]) = rest {
            let phrase = self.phrase(rest.1);
            let code = normalize_code(word);
            let (length, what) = match phrase {
                Some((length, means @ (Meaning::No | Meaning::Unclear))) => {
                    (length, What::Phrase(means))
                }
                _ if is_code(&code) && known(&code) => (1, What::Code(code)),
                Some((length, means)) => (length, What::Phrase(means)),
                None if is_code(&code) && word.contains(|c: char| c.is_ascii_digit()) => {
                    (1, What::Code(code))
                }
                None => (1, What::Other),
            };
            let last = rest.0.get(length - 1).unwrap_or(first);
            parts.push(Part {
                what,
                end: last.end,
            });
            rest = (
                rest.0.get(length..).unwrap_or_default(),
                rest.1.get(length..).unwrap_or_default(),
            );
        }
        parts
    }

    /// The longest phrase that these words begin with: its length and meaning.
    fn phrase(&self, words: &[String]) -> Option<(usize, Meaning)> {
        let longest = self.longest_phrase.min(words.len());
        (1..=longest).rev().find_map(|length| {
            let means = self.phrases.get(words.get(..length)?)?;
            Some((length, *means))
        })
    }

    /// The words in a run of Chinese, Japanese or Korean letters, which has no blanks, if all of it is
    /// made of known ones; else the run as it is.
    fn without_blanks(&self, run: Word) -> Vec<Word> {
        let mut words = Vec::new();
        let mut rest = run.folded.as_str();
        let is_wide = rest.chars().next().is_some_and(is_wide);
        while is_wide && !rest.is_empty() {
            let ends = rest
                .char_indices()
                .map(|(start, c)| start + c.len_utf8())
                .take(LONGEST_WIDE_WORD);
            let longest = ends
                .filter_map(|end| rest.split_at_checked(end))
                .filter(|(word, _)| self.phrases.contains_key([(*word).to_owned()].as_slice()))
                .last();
            let Some((word, behind)) = longest else {
                return vec![run];
            };
            words.push(Word {
                folded: word.to_owned(),
                end: run.end,
            });
            rest = behind;
        }
        if words.is_empty() { vec![run] } else { words }
    }
}

/// A part of a text.
struct Part {
    what: What,
    /// Where it ends in the text.
    end: usize,
}

enum What {
    Phrase(Meaning),
    Code(String),
    Other,
}

/// The parts from the first on that make an answer.
#[derive(Default)]
struct Head {
    yes: bool,
    no: bool,
    codes: Vec<String>,
    /// How many parts.
    length: usize,
    /// Where a note would begin in the text.
    end: usize,
}

impl Head {
    fn of(parts: &[Part]) -> Self {
        let mut head = Self::default();
        for part in parts {
            // Behind "no CODE" everything is the note.
            let is_complete = head.no && !head.codes.is_empty();
            match &part.what {
                What::Code(code) => {
                    push_once(&mut head.codes, code);
                    head.end = part.end;
                }
                What::Phrase(Meaning::Polite) => {}
                What::Other => break,
                What::Phrase(_) if is_complete => break,
                What::Phrase(Meaning::Yes) => head.yes = true,
                What::Phrase(Meaning::No) => {
                    head.no = true;
                    head.end = part.end;
                }
                What::Phrase(Meaning::Unclear) => return Self::default(),
            }
            head.length += 1;
        }
        head
    }
}

fn codes(parts: &[Part]) -> Vec<String> {
    let mut codes = Vec::new();
    for part in parts {
        if let What::Code(code) = &part.what {
            push_once(&mut codes, code);
        }
    }
    codes
}

fn push_once(codes: &mut Vec<String>, code: &str) {
    if !codes.iter().any(|known| known == code) {
        codes.push(code.to_owned());
    }
}

/// Whether the text asks something, which is no answer.
fn asks(text: &str) -> bool {
    text.nfkc().any(|c| matches!(c, '?' | '¿'))
}

/// What stands behind a no, without the punctuation that leads to it.
fn note(rest: &str) -> Option<String> {
    let leads = |c: char| c.is_whitespace() || ",.;:!-–—、。，：！".contains(c);
    let note = rest.trim_start_matches(leads).trim_end();
    (!note.is_empty()).then(|| note.to_owned())
}

#[cfg(test)]
mod tests;
