//! Lines of ours within a file of others, between two marks.

/// The line above ours.
pub(crate) const BEGIN: &str = "# aisudo: begin (aisudo setup --uninstall takes this out)";

/// The line below ours.
pub(crate) const END: &str = "# aisudo: end";

/// What the first mark begins with, whatever stands in brackets behind it.
const BEGINS: &str = "# aisudo: begin";

/// These lines between the marks, as text.
pub(crate) fn marked(lines: &str) -> String {
    let newline = if lines.ends_with('\n') { "" } else { "\n" };
    format!("{BEGIN}\n{lines}{newline}{END}\n")
}

/// The text without what stands between our marks, and without the lines that `is_ours` knows.
///
/// Of a block whose end is missing only the mark goes, and what `is_ours` knows: the rest may be
/// somebody's.
pub(crate) fn without(text: &str, is_ours: impl Fn(&str) -> bool) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut kept = String::with_capacity(text.len());
    let mut rest = lines.as_slice();
    while let Some((line, behind)) = rest.split_first() {
        rest = behind;
        if line.trim_start().starts_with(BEGINS) {
            if let Some(length) = length_to_end(behind) {
                rest = behind.get(length..).unwrap_or_default();
            }
        } else if line.trim() != END && !is_ours(line) {
            kept.push_str(line);
        }
    }
    kept
}

/// How many lines there are to the block's end, that one included.
fn length_to_end(behind: &[&str]) -> Option<usize> {
    let end = behind.iter().position(|line| line.trim() == END)?;
    let next = behind
        .iter()
        .position(|line| line.trim_start().starts_with(BEGINS));
    (next.is_none_or(|next| end < next)).then_some(end + 1)
}

/// Whether there is a block of ours.
pub(crate) fn is_in(text: &str) -> bool {
    text.lines()
        .any(|line| line.trim_start().starts_with(BEGINS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> bool {
        false
    }

    #[test]
    fn what_stands_between_the_marks_is_taken_out_wherever_it_is() {
        let block = marked("ours");
        for (before, after) in [("", ""), ("a\n", ""), ("", "b\n"), ("a\n\n", "\nb")] {
            let text = format!("{before}{block}{after}");
            assert!(is_in(&text));
            assert_eq!(without(&text, nothing), format!("{before}{after}"));
        }
        assert_eq!(
            without(&format!("a\n{block}b\n{block}c"), nothing),
            "a\nb\nc"
        );
        assert!(!is_in("a\n# aisudo: end\n"));
    }

    #[test]
    fn a_block_without_its_end_takes_nobodys_lines_along() {
        let text = format!("{BEGIN}\nours\ntheirs\n");
        assert_eq!(without(&text, nothing), "ours\ntheirs\n");
        assert_eq!(without(&text, |line| line == "ours\n"), "theirs\n");
        // The end of another is not its own.
        let text = format!("{BEGIN}\ntheirs\n{}", marked("ours"));
        assert_eq!(without(&text, nothing), "theirs\n");
        assert_eq!(without("a\n# aisudo: end\nb\n", nothing), "a\nb\n");
    }
}
