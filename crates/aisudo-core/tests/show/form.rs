//! The form of `vectors/show.json`. Bytes are hexadecimal.

use aisudo_core::{display::Shown, raw::hex, render::View};
use serde::Serialize;

pub(crate) struct Vectors {
    pub(crate) about: Vec<String>,
    pub(crate) display: Vec<DisplayCase>,
    pub(crate) words: Vec<WordsCase>,
    pub(crate) characters: Vec<Group>,
    pub(crate) beside: Vec<Letter>,
    pub(crate) requests: Vec<RequestCase>,
    pub(crate) refused: Vec<Refused>,
}

/// One text, shown in both ways.
#[derive(Serialize)]
pub(crate) struct DisplayCase {
    pub(crate) bytes: String,
    pub(crate) word: ShownCase,
    pub(crate) text: ShownCase,
}

#[derive(Serialize)]
pub(crate) struct WordsCase {
    pub(crate) argv: Vec<String>,
    pub(crate) shown: ShownCase,
}

#[derive(Serialize)]
pub(crate) struct ShownCase {
    pub(crate) text: String,
    pub(crate) marks: Vec<String>,
}

/// Characters beyond ASCII that are treated alike when they stand alone.
#[derive(Serialize)]
pub(crate) struct Group {
    /// As themselves; or as `\u{…}`.
    pub(crate) plain: bool,
    pub(crate) marks: Vec<String>,
    /// `c0-c5 c7 …`
    pub(crate) ranges: String,
}

/// A letter or digit, and with which others it may stand in one word.
#[derive(Serialize)]
pub(crate) struct Letter {
    pub(crate) letter: String,
    /// Their places in the list.
    pub(crate) beside: Vec<usize>,
}

#[derive(Serialize)]
pub(crate) struct RequestCase {
    pub(crate) name: String,
    /// The frozen text.
    pub(crate) request: String,
    pub(crate) digest: String,
    pub(crate) code: String,
    pub(crate) remaining_ms: Option<u64>,
    pub(crate) view: ViewCase,
}

#[derive(Serialize)]
pub(crate) struct ViewCase {
    pub(crate) title: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) command: String,
    pub(crate) remark: String,
    pub(crate) words: Vec<String>,
    pub(crate) lines: Vec<LineCase>,
}

#[derive(Serialize)]
pub(crate) struct LineCase {
    pub(crate) label: String,
    pub(crate) value: String,
}

#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) name: String,
    pub(crate) request: String,
    /// Rust reads it, in a way that JavaScript could get wrong or no gate writes.
    pub(crate) only_by_the_app: bool,
}

impl From<Shown> for ShownCase {
    fn from(shown: Shown) -> Self {
        Self {
            text: shown.text,
            marks: shown.marks.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<View> for ViewCase {
    fn from(view: View) -> Self {
        let lines = view.lines.into_iter().map(|line| LineCase {
            label: line.label.to_owned(),
            value: line.value,
        });
        Self {
            title: view.title,
            warnings: view.warnings,
            command: view.command,
            remark: view.remark.to_owned(),
            words: view.words,
            lines: lines.collect(),
        }
    }
}

impl DisplayCase {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: hex(bytes),
            word: aisudo_core::display::word(bytes).into(),
            text: aisudo_core::display::text(bytes).into(),
        }
    }
}

impl Vectors {
    /// As JSON in ASCII, so that nothing in the file itself deceives; one case a line.
    pub(crate) fn json(&self) -> String {
        let lists = [
            ("about", lines(&self.about)),
            ("display", lines(&self.display)),
            ("words", lines(&self.words)),
            ("characters", lines(&self.characters)),
            ("beside", lines(&self.beside)),
            ("requests", lines(&self.requests)),
            ("refused", lines(&self.refused)),
        ];
        let lists = lists.map(|(name, lines)| format!("\"{name}\": [\n{lines}\n]"));
        ascii(&format!("{{\n{}\n}}\n", lists.join(",\n")))
    }
}

fn lines(cases: &[impl Serialize]) -> String {
    let lines: Vec<String> = cases
        .iter()
        .map(|case| serde_json::to_string(case).unwrap())
        .collect();
    lines.join(",\n")
}

/// What is not ASCII stands in strings only.
fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\x7f' {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}
