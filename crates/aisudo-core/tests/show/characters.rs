//! What is done with each character there is.

use std::collections::BTreeMap;

use aisudo_core::display::word;
use unicode_security::{GeneralSecurityProfile, mixed_script::AugmentedScriptSet};

use crate::form::{Group, Letter, ShownCase};

/// All characters beyond ASCII, by how they are shown when they stand alone.
pub(crate) fn groups() -> Vec<Group> {
    let mut groups: BTreeMap<(bool, Vec<String>), Vec<(char, char)>> = BTreeMap::new();
    for c in '\u{80}'..=char::MAX {
        let shown = ShownCase::from(word(c.to_string().as_bytes()));
        let plain = shown.text == format!("\"{c}\"");
        assert!(plain || shown.text == format!("\"{}\"", c.escape_unicode()));
        let ranges = groups.entry((plain, shown.marks)).or_default();
        match ranges.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(c) => *last = c,
            _ => ranges.push((c, c)),
        }
    }
    groups
        .into_iter()
        .map(|((plain, marks), ranges)| Group {
            plain,
            marks,
            ranges: ranges.into_iter().map(range).collect::<Vec<_>>().join(" "),
        })
        .collect()
}

fn range((first, last): (char, char)) -> String {
    let (first, last) = (u32::from(first), u32::from(last));
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

fn mixes(word: &str) -> bool {
    let shown = ShownCase::from(aisudo_core::display::word(word.as_bytes()));
    shown.marks.iter().any(|mark| mark.starts_with("mixed"))
}
