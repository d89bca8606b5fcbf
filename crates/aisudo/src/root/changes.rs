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

/// Lines of more than this are not compared one by one.
const MAX_LINES: usize = 2000;

/// What leaves (`-`) and what comes (`+`), in order: all lines but a longest common part.
fn difference<'a>(before: &'a str, after: &'a str) -> Vec<(char, &'a str)> {
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
            (Some(one), Some(other)) if one == other => (i, j) = (i + 1, j + 1),
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
    use super::difference;

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
