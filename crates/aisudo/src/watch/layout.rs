//! A request as rows of a given width.
//!
//! Nothing is cut. A text that is longer than its row goes on in the next one behind `»`, in a
//! column of ours: `aisudo_core::display` never writes that character, nor the `│` behind the
//! number of a word. So no tail looks like a word or a field of its own.

use aisudo_core::{
    display,
    render::{Field, View},
};
use ratatui::text::Span;

use super::{
    areas::Size,
    page::{Kind, Row},
};
use crate::{
    fetch::Fetched,
    group::{Group, codes},
    show,
};

/// Behind a narrower column there is no text.
const NARROWEST: usize = 8;

/// The field that says how long there is time: on this screen, it stands above and is live.
const TIME: &str = "answer";

/// A question, and how it ended when it is over.
pub(super) fn question(group: &Group, over: Option<&str>, width: usize) -> Vec<Row> {
    let Some(first) = group.first() else {
        return Vec::new();
    };
    let mut view = first.view();
    view.lines.retain(|field| field.label != TIME);
    for other in group.members.iter().skip(1) {
        view.lines.push(Field {
            label: "the same",
            value: format!(
                "{} (sudo pid {}, request {}, digest {})",
                other.row.code, other.request.sudo.pid, other.row.id, other.row.digest
            ),
        });
    }
    let times = (group.members.len() > 1).then(|| {
        format!(
            "×{}: the same is asked {} times, one answer is for all: {}",
            group.members.len(),
            group.members.len(),
            codes(&group.members)
        )
    });
    let over = over.map(|how| format!("OVER: {how}"));
    let remarks: Vec<String> = over.into_iter().chain(times).collect();
    rows(&view, &remarks, width)
}

/// A request that is over.
pub(super) fn over(fetched: &Fetched, width: usize) -> Vec<Row> {
    let mut remarks = vec![show::state_line(fetched)];
    remarks.extend(show::note(fetched).map(|note| format!("in the approver's words: {note}")));
    rows(&fetched.view(), &remarks, width)
}

/// Text of ours, a row each where it fits.
pub(super) fn plain(lines: &[&str], width: usize) -> Vec<Row> {
    let mut rows = Rows::of_width(width);
    for line in lines {
        rows.text(Kind::Plain, "", line);
    }
    rows.rows
}

/// What is being typed, as rows; the last ones when there is no room for all.
pub(super) fn prompt(text: &str, size: Size) -> Vec<String> {
    const AROUND: u16 = 10;
    let width = usize::from(size.width).saturating_sub(4).max(NARROWEST);
    let shown = display::text(text.as_bytes()).text;
    let mut rows = wrap(&format!("{shown}_"), width, Break::Anywhere);
    let room = usize::from(size.height.saturating_sub(AROUND)).max(1);
    rows.drain(..rows.len().saturating_sub(room));
    rows
}

fn rows(view: &View, remarks: &[String], width: usize) -> Vec<Row> {
    let mut rows = Rows::of_width(width);
    rows.text(Kind::Title, "", &view.title);
    for remark in remarks {
        rows.text(Kind::Title, "", remark);
    }
    rows.blank();
    for warning in &view.warnings {
        rows.text(Kind::Warning, "! ", warning);
    }
    if !view.warnings.is_empty() {
        rows.blank();
    }
    rows.command(view);
    rows.blank();
    let labels = view.lines.iter().map(|field| field.label.len());
    let column = labels.max().unwrap_or(0);
    for Field { label, value } in &view.lines {
        rows.text(Kind::Fact, &format!("{label:column$}  "), value);
    }
    rows.rows
}

struct Rows {
    width: usize,
    rows: Vec<Row>,
}

impl Rows {
    fn of_width(width: usize) -> Self {
        Self {
            width,
            rows: Vec::new(),
        }
    }

    fn blank(&mut self) {
        self.add(Kind::Plain, String::new(), String::new());
    }

    /// On one row where it fits, as words are told apart by their quotes; else a word a row, with
    /// its number.
    fn command(&mut self, view: &View) {
        const INDENT: &str = "    ";
        if columns(&view.command) + INDENT.len() <= self.width {
            self.add(Kind::Command, INDENT.to_owned(), view.command.clone());
            return;
        }
        if !view.remark.is_empty() {
            self.add(Kind::Command, INDENT.to_owned(), view.remark.to_owned());
        }
        let digits = view.words.len().to_string().len();
        for (word, number) in view.words.iter().zip(1_usize..) {
            let lead = format!("{number:>digits$} │ ");
            self.wrapped(Kind::Command, &lead, word, Break::Anywhere);
        }
    }

    fn text(&mut self, kind: Kind, lead: &str, text: &str) {
        self.wrapped(kind, lead, text, Break::BehindBlank);
    }

    fn wrapped(&mut self, kind: Kind, lead: &str, text: &str, at: Break) {
        let indent = columns(lead).max(2);
        let width = self.width.saturating_sub(indent).max(NARROWEST);
        let mut lead = lead.to_owned();
        for text in wrap(text, width, at) {
            let next = format!("{:>indent$}", "» ");
            self.add(kind, std::mem::replace(&mut lead, next), text);
        }
    }

    fn add(&mut self, kind: Kind, lead: String, text: String) {
        self.rows.push(Row { kind, lead, text });
    }
}

/// Where a long text may be broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Break {
    /// Behind a blank, which stays; elsewhere only where there is none.
    BehindBlank,
    /// Where the row ends. No row ends with a blank that nobody sees.
    Anywhere,
}

/// Pieces of at most this width, at least one. Together they are the text, to the byte.
fn wrap(text: &str, width: usize, at: Break) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = columns(c.encode_utf8(&mut [0; 4]));
        if used + wide > width {
            let rest = piece.split_off(break_in(&piece, at));
            used = columns(&rest);
            pieces.push(std::mem::replace(&mut piece, rest));
        }
        piece.push(c);
        used += wide;
    }
    pieces.push(piece);
    pieces
}

/// Where the next row begins.
fn break_in(piece: &str, at: Break) -> usize {
    let end = match at {
        Break::BehindBlank => piece
            .rfind(' ')
            .map(|blank| blank + 1)
            .filter(|end| *end > piece.len() / 2),
        Break::Anywhere => Some(piece.trim_end_matches(' ').len()),
    };
    end.filter(|end| *end > 0).unwrap_or(piece.len())
}

/// How many columns of a terminal a text takes.
pub(super) fn columns(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        Span::raw(text).width()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a18_a_tail_is_no_word_of_its_own() {
        let mut rows = Rows::of_width(16);
        let long = format!("\"{}   root\"", "x".repeat(11));
        rows.command(&View {
            title: String::new(),
            warnings: Vec::new(),
            command: format!("(in a shell) echo {long}"),
            remark: "(in a shell)",
            words: vec!["echo".to_owned(), long],
            lines: Vec::new(),
        });
        let shown: Vec<String> = rows
            .rows
            .iter()
            .map(|row| format!("{}{}", row.lead, row.text))
            .collect();
        assert_eq!(
            shown,
            [
                "    (in a shell)",
                "1 │ echo",
                "2 │ \"xxxxxxxxxxx",
                "  »    root\""
            ]
        );
    }

    #[test]
    fn prose_is_broken_behind_blanks() {
        let pieces = wrap("one two three", 8, Break::BehindBlank);
        assert_eq!(pieces, ["one two ", "three"]);
        assert_eq!(wrap("", 8, Break::BehindBlank), [""]);
        assert_eq!(wrap("äöü中文", 4, Break::BehindBlank), ["äöü", "中文"]);
    }

    proptest! {
        #[test]
        fn i4_nothing_is_lost_and_nothing_is_wider(bytes in any::<Vec<u8>>(), width in 8_usize..40) {
            let text = display::word(&bytes).text;
            for at in [Break::BehindBlank, Break::Anywhere] {
                let pieces = wrap(&text, width, at);
                prop_assert_eq!(pieces.concat(), text.clone());
                for piece in &pieces {
                    prop_assert!(columns(piece) <= width);
                }
                if at == Break::Anywhere {
                    for piece in pieces.split_last().unwrap().1 {
                        prop_assert!(!piece.ends_with(' '), "{:?}", pieces);
                    }
                }
            }
            // The marks of this module cannot come from a request.
            prop_assert!(!text.contains(['»', '│']));
        }
    }
}
