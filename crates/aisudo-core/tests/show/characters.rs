//! What is done with each character there is.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::LazyLock};

use aisudo_core::display::{Mark, word};
use unicode_security::{GeneralSecurityProfile, mixed_script::AugmentedScriptSet};

use crate::form::{Group, Letter};

/// Characters in a row that are shown and marked alike, each in a word of its own.
pub(crate) struct Run {
    pub(crate) characters: RangeInclusive<char>,
    /// As themselves.
    pub(crate) plain: bool,
    pub(crate) marks: Vec<Mark>,
}

/// All of them, in order. To ask for each takes a while.
pub(crate) static RUNS: LazyLock<Vec<Run>> = LazyLock::new(|| {
    let mut runs: Vec<Run> = Vec::new();
    for c in '\0'..=char::MAX {
        let shown = word(c.to_string().as_bytes());
        // Not `"`: in a word it is escaped for the sake of the word.
        let plain = matches!(c, ' '..='~') || shown.text == format!("\"{c}\"");
        assert!(c.is_ascii() || plain || shown.text == format!("\"{}\"", c.escape_unicode()));
        match runs.last_mut() {
            Some(run)
                if u32::from(*run.characters.end()) + 1 == u32::from(c)
                    && run.plain == plain
                    && run.marks == shown.marks =>
            {
                run.characters = *run.characters.start()..=c;
            }
            _ => runs.push(Run {
                characters: c..=c,
                plain,
                marks: shown.marks,
            }),
        }
    }
    runs
});

/// All characters beyond ASCII, by how they are shown.
pub(crate) fn groups() -> Vec<Group> {
    let mut groups: BTreeMap<(bool, &[Mark]), Vec<String>> = BTreeMap::new();
    for run in RUNS.iter().filter(|run| !run.characters.end().is_ascii()) {
        let ranges = groups.entry((run.plain, &run.marks)).or_default();
        ranges.push(range(&run.characters));
    }
    groups
        .into_iter()
        .map(|((plain, marks), ranges)| Group {
            plain,
            marks: marks.iter().map(ToString::to_string).collect(),
            ranges: ranges.join(" "),
        })
        .collect()
}

fn range(characters: &RangeInclusive<char>) -> String {
    // U+007F is like those that follow, but its escape is another.
    let first = u32::from(*characters.start()).max(0x80);
    let last = u32::from(*characters.end());
    if first == last {
        format!("{first:x}")
    } else {
        format!("{first:x}-{last:x}")
    }
}

/// One letter for each set of scripts, and which of them make a word look suspicious.
pub(crate) fn letters() -> Vec<Letter> {
    let mut sets = Vec::new();
    let mut letters = Vec::new();
    for c in ('a'..=char::MAX).filter(|c| c.is_alphanumeric()) {
        let set = (AugmentedScriptSet::from(c), c.identifier_allowed());
        if !sets.contains(&set) {
            sets.push(set);
            letters.push(c);
        }
    }
    letters
        .iter()
        .map(|letter| Letter {
            letter: letter.to_string(),
            beside: letters
                .iter()
                .enumerate()
                .filter(|(_, other)| !mixes(&format!("{letter}{other}")))
                .map(|(place, _)| place)
                .collect(),
        })
        .collect()
}

fn mixes(text: &str) -> bool {
    word(text.as_bytes()).marks.contains(&Mark::MixedScript)
}
