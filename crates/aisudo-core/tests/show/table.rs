//! What the app must know of Unicode: how each character is shown and marked, as [`aisudo_core::display`] does
//! it, and the scripts of letters and digits.

use std::fmt::Write as _;

use aisudo_core::display::Mark;
use unicode_security::{GeneralSecurityProfile, mixed_script::AugmentedScriptSet};

use crate::characters::{RUNS, Run};

/// The text of `table.ts`.
pub(crate) fn made() -> String {
    let mut looks = Ranges::default();
    let mut scripts = Ranges::default();
    for run in RUNS.iter() {
        for c in run.characters.clone() {
            looks.add(c, &look(run, c));
            // Of others it is never asked for.
            if c.is_alphanumeric() {
                scripts.add(c, &scripts_of(c));
            }
        }
    }
    let mut file = String::from(HEAD);
    write(&mut file, "LOOKS", LOOKS, &looks);
    write(&mut file, "SCRIPTS", SCRIPTS, &scripts);
    file
}

const HEAD: &str = r#"// What Unicode says, as aisudo-core's crates know it. Do not edit; to make it anew:
// AISUDO_VECTORS=write cargo test -p aisudo-core --test show

/** Ranges that cover all characters, from U+0000 on: see `unicode.ts`. */
export interface Packed {
  readonly names: string;
  readonly numbers: string;
  readonly lengths: string;
}
"#;

const LOOKS: &str = "How characters are shown: p(lain) or e(scaped), the number of the mark, and for letters and \
                     digits whether\n * UTS #39 allows them in identifiers.";
const SCRIPTS: &str = "The augmented script sets of letters and digits (UTS #39, section 5.1); of others they \
                       say nothing.";

/// See [`LOOKS`].
fn look(run: &Run, c: char) -> String {
    // That of a whole word is not one of the character.
    let mark = run.marks.iter().find(|mark| **mark != Mark::MixedScript);
    let mark = mark.map_or(String::new(), |mark| (*mark as u8).to_string());
    let letter = match (c.is_alphanumeric(), c.identifier_allowed()) {
        (false, _) => "",
        (true, true) => "+",
        (true, false) => "-",
    };
    format!("{}{mark}{letter}", if run.plain { 'p' } else { 'e' })
}

/// `*` for all scripts, nothing but `-` for none.
fn scripts_of(c: char) -> String {
    let set = AugmentedScriptSet::from(c);
    if set.is_all() {
        return "*".to_owned();
    }
    let more = [(set.hanb, "Hanb"), (set.jpan, "Jpan"), (set.kore, "Kore")];
    let names = set.base.iter().map(|script| script.short_name());
    let more = more.iter().filter(|(is, _)| *is).map(|(_, name)| *name);
    match names.chain(more).collect::<Vec<_>>().join(",") {
        none if none.is_empty() => "-".to_owned(),
        names => names,
    }
}

/// Runs of characters of which the same is said, each with the first of them.
#[derive(Default)]
struct Ranges(Vec<(String, u32)>);

impl Ranges {
    fn add(&mut self, c: char, name: &str) {
        match self.0.last() {
            Some((last, _)) if last == name => {}
            // The first begins with U+0000.
            None => self.0.push((name.to_owned(), 0)),
            _ => self.0.push((name.to_owned(), c.into())),
        }
    }

    /// Lengths instead of beginnings. That of the last range does not matter.
    fn lengths(&self) -> Vec<u32> {
        let ends = self.0.iter().skip(1).map(|(_, next)| *next);
        let begins = self.0.iter().map(|(_, begin)| *begin);
        ends.zip(begins).map(|(end, begin)| end - begin).collect()
    }
}

fn write(file: &mut String, constant: &str, comment: &str, ranges: &Ranges) {
    let mut names: Vec<&str> = Vec::new();
    let mut numbers = String::new();
    for (name, _) in &ranges.0 {
        let known = names.iter().position(|known| known == name);
        number(&mut numbers, known.unwrap_or(names.len()));
        if known.is_none() {
            names.push(name);
        }
    }
    let mut lengths = String::new();
    for length in ranges.lengths() {
        number(&mut lengths, length as usize);
    }
    writeln!(file, "\n/**\n * {comment}\n */").unwrap();
    writeln!(file, "export const {constant}: Packed = {{").unwrap();
    for (field, text) in [
        ("names", names.join(" ")),
        ("numbers", numbers),
        ("lengths", lengths),
    ] {
        writeln!(file, "  {field}: {},", quoted(&text)).unwrap();
    }
    file.push_str("};\n");
}

const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// To the base 31, most significant first; all digits but the last are of the second half.
fn number(text: &mut String, number: usize) {
    if number >= 31 {
        leading(text, number / 31);
    }
    text.push(char::from(DIGITS[number % 31]));
}

fn leading(text: &mut String, number: usize) {
    if number >= 31 {
        leading(text, number / 31);
    }
    text.push(char::from(DIGITS[31 + number % 31]));
}

/// As lines that an editor can hold.
fn quoted(text: &str) -> String {
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(94)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("\"{}\"", lines.join("\" +\n    \""))
}
