//! The lines that change in a file, for root to look at.

use std::path::Path;

use aisudo_core::display;

use super::console::Console;
use crate::failure::Failure;

/// Shows them.
pub(crate) fn show(
    console: &mut Console<'_>,
    path: &Path,
    before: &str,
    after: &str,
) -> Result<(), Failure> {
    console.say(&format!("\n{}:\n", path.display()))?;
    for (sign, line) in difference(before, after) {
        let line = display::text(line.as_bytes()).text;
        console.say(format!("    {sign} {line}").trim_end())?;
    }
    Ok(())
}

/// Unchanged lines around each change.
const CONTEXT: usize = 3;

/// Shows them as a unified difference, with what stands around them. `before` is nothing where there
/// is no file.
pub(crate) fn unified(
    console: &mut Console<'_>,
    path: &Path,
    before: Option<&str>,
    after: &str,
) -> Result<(), Failure> {
    let old = match before {
        Some(_) => path.display().to_string(),
        None => "/dev/null".to_owned(),
    };
    console.say(&format!("\n--- {old}\n+++ {}", path.display()))?;
    for line in hunks(before.unwrap_or_default(), after) {
        console.say(&with_blanks(&line))?;
    }
    Ok(())
}

/// Safe to show, with blanks and tabs as they are: they line the columns up.
fn with_blanks(line: &str) -> String {
    line.split_inclusive([' ', '\t'])
        .flat_map(|part| {
            let word = part.trim_end_matches([' ', '\t']);
            let blank = part.strip_prefix(word).unwrap_or_default();
            [display::text(word.as_bytes()).text, blank.to_owned()]
        })
        .collect()
}

/// The lines of a unified difference, less its two first.
fn hunks(before: &str, after: &str) -> Vec<String> {
    let lines = alignment(before, after);
    let is_change = |index: &usize| lines.get(*index).is_some_and(|(sign, _)| *sign != ' ');
    let is_near = |index: usize| {
        (index.saturating_sub(CONTEXT)..=index + CONTEXT).any(|other| is_change(&other))
    };
    let mut out = Vec::new();
    let (mut old, mut new) = (1, 1);
    let mut index = 0;
    while index < lines.len() {
        let length = (index..lines.len()).take_while(|at| is_near(*at)).count();
        let hunk = lines.get(index..index + length.max(1)).unwrap_or_default();
        let count = |other: char| hunk.iter().filter(|(sign, _)| *sign != other).count();
        let (olds, news) = (count('+'), count('-'));
        if length > 0 {
            let start = |at: usize, count: usize| if count == 0 { at - 1 } else { at };
            out.push(format!(
                "@@ -{},{olds} +{},{news} @@",
                start(old, olds),
                start(new, news)
            ));
            out.extend(hunk.iter().map(|(sign, line)| format!("{sign}{line}")));
        }
        (old, new) = (old + olds, new + news);
        index += length.max(1);
    }
    out
}

/// Lines of more than this are not compared one by one.
const MAX_LINES: usize = 2000;

/// What leaves (`-`) and what comes (`+`), in order: all lines but a longest common part.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<(char, &'a str)> {
    let mut lines = alignment(before, after);
    lines.retain(|(sign, _)| *sign != ' ');
    lines
}

/// All lines: what leaves (`-`), what comes (`+`) and what stays (` `).
fn alignment<'a>(before: &'a str, after: &'a str) -> Vec<(char, &'a str)> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    if old.len().max(new.len()) > MAX_LINES {
        let old = old.into_iter().map(|line| ('-', line));
        return old.chain(new.into_iter().map(|line| ('+', line))).collect();
    }
    // common[i][j]: of old[i..] and new[j..].
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    let at = |common: &[Vec<usize>], i: usize, j: usize| {
        common
            .get(i)
            .and_then(|row| row.get(j))
            .copied()
            .unwrap_or_default()
    };
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            let best = if one == other {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(place) = common.get_mut(i).and_then(|row| row.get_mut(j)) {
                *place = best;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    loop {
        match (old.get(i), new.get(j)) {
            (Some(one), Some(other)) if one == other => {
                changes.push((' ', *one));
                (i, j) = (i + 1, j + 1);
            }
            (Some(one), _) if at(&common, i + 1, j) >= at(&common, i, j + 1) || j == new.len() => {
                changes.push(('-', *one));
                i += 1;
            }
            (_, Some(other)) => {
                changes.push(('+', *other));
                j += 1;
            }
            (_, None) => return changes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, hunks, with_blanks};

    #[test]
    fn columns_stay_and_nothing_drives_the_terminal() {
        assert_eq!(
            with_blanks("+auth\t\t[a=b  c] x.so  "),
            "+auth\t\t[a=b  c] x.so  "
        );
        assert!(!with_blanks("+a \x1b[2J\u{202e} b").contains(['\x1b', '\u{202e}']));
    }

    /// As diff(1) writes them.
    #[test]
    fn a_unified_difference_names_the_places_of_its_lines() {
        let before: String = (1..=12).map(|number| format!("{number}\n")).collect();
        let after = before.replace("2\n3", "2\nnew\n3").replace("\n12\n", "\n");
        assert_eq!(
            hunks(&before, &after),
            [
                "@@ -1,5 +1,6 @@",
                " 1",
                " 2",
                "+new",
                " 3",
                " 4",
                " 5",
                "@@ -9,4 +10,3 @@",
                " 9",
                " 10",
                " 11",
                "-12",
            ]
        );
        assert_eq!(hunks("", "a\n"), ["@@ -0,0 +1,1 @@", "+a"]);
        assert_eq!(hunks("a\n", ""), ["@@ -1,1 +0,0 @@", "-a"]);
        assert!(hunks("a\n", "a\n").is_empty());
    }

    #[test]
    fn only_lines_that_change_are_shown() {
        assert_eq!(difference("a\nb\nc\n", "a\nb\nc\n"), []);
        assert_eq!(difference("", "a\nb"), [('+', "a"), ('+', "b")]);
        assert_eq!(difference("a", ""), [('-', "a")]);
        assert_eq!(
            difference("a\nb\nc\nd", "a\nx\nc\nd\ny"),
            [('-', "b"), ('+', "x"), ('+', "y")]
        );
    }

    proptest::proptest! {
        /// What was there, less what leaves, and with what comes, is what is there.
        #[test]
        fn the_changes_lead_from_the_one_to_the_other(before in "[ab\n]{0,12}", after in "[ab\n]{0,12}") {
            let changes = difference(&before, &after);
            let count = |text: &str, line: &str| text.lines().filter(|other| *other == line).count();
            let changed = |sign: char, line: &str| changes.iter().filter(|change| **change == (sign, line)).count();
            for line in ["", "a", "b", "ab", "ba", "aa", "bb"] {
                proptest::prop_assert_eq!(
                    count(&before, line) + changed('+', line),
                    count(&after, line) + changed('-', line)
                );
            }
        }
    }
}
