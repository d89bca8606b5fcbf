//! What the app must know of Unicode: how each character is shown and marked, as [`aisudo_core::display`] does
//! it, and the scripts of letters and digits.

use std::fmt::Write as _;

use aisudo_core::display::{Mark, text};
use unicode_security::{GeneralSecurityProfile, mixed_script::AugmentedScriptSet};

/// The text of `table.ts`.
pub(crate) fn made() -> String {
    let mut file = String::from(HEAD);
    let looks = ranges(|c, _| look(c));
    let scripts = ranges(|c, before| {
        if c.is_alphanumeric() {
            scripts(c)
        } else {
            // Never asked for: what makes fewer ranges.
            before.to_owned()
        }
    });
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

/// How it is shown: `p` plain or `e` escaped, the number of its mark, and for letters and digits whether UTS #39
/// allows them in identifiers (`+`, `-`).
fn look(c: char) -> String {
    let shown = text(c.to_string().as_bytes());
    // That of a run of letters is not one of the character.
    let mark = shown.marks.iter().find(|mark| **mark != Mark::MixedScript);
    let plain = c.is_ascii_graphic() || c == ' ' || shown.text == c.to_string();
    let mark = match mark {
        Some(mark) if c != ' ' => (*mark as u8).to_string(),
        _ => String::new(),
    };
    let letter = match (c.is_alphanumeric(), c.identifier_allowed()) {
        (false, _) => "",
        (true, true) => "+",
        (true, false) => "-",
    };
    format!("{}{mark}{letter}", if plain { 'p' } else { 'e' })
}

/// `*` for all scripts, nothing but `-` for none.
fn scripts(c: char) -> String {
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

/// What `name` says of each character, and of the one before it: as runs.
fn ranges(name: impl Fn(char, &str) -> String) -> Vec<(String, usize)> {
    let mut ranges = vec![(name('\0', "*"), 0)];
    for point in 0..=u32::from(char::MAX) {
        let (last, length) = ranges.last_mut().unwrap();
        // A surrogate is no character.
        let name = char::from_u32(point).map_or_else(|| last.clone(), |c| name(c, last));
        if name == *last {
            *length += 1;
        } else {
            ranges.push((name, 1));
        }
    }
    ranges
}

fn write(file: &mut String, constant: &str, comment: &str, ranges: &[(String, usize)]) {
    let mut names: Vec<&str> = Vec::new();
    let mut numbers = String::new();
    let mut lengths = String::new();
    for (name, length) in ranges {
        let known = names.iter().position(|known| known == name);
        number(&mut numbers, known.unwrap_or(names.len()));
        number(&mut lengths, *length);
        if known.is_none() {
            names.push(name);
        }
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
        .chunks(100)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!("\"{}\"", lines.join("\" +\n    \""))
}
