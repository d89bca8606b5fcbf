//! A text that may be longer than the screen: where it is, and what of it has been shown.

/// What a row is, for its look. The look is never the only thing that says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Title,
    Warning,
    Command,
    Fact,
    Plain,
}

/// One row, no wider than the page was laid out for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// What stands before the text and is ours: a label, a number, the mark of a continued line.
    pub(super) lead: String,
    pub(super) text: String,
}

/// How to move.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

/// Rows behind a window.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    rows: Vec<Row>,
    top: usize,
    height: usize,
    /// Which rows have been on the screen.
    seen: Vec<bool>,
}

impl Page {
    pub(super) fn new(rows: Vec<Row>, height: usize) -> Self {
        Self {
            seen: vec![false; rows.len()],
            rows,
            top: 0,
            height,
        }
    }

    /// The same text in a window of another height.
    pub(super) fn fit(&mut self, height: usize) {
        self.height = height;
        self.top = self.top.min(self.last_top());
    }

    pub(super) fn scroll(&mut self, by: Move) {
        // One row stays, to find one's place again.
        let page = self.height.saturating_sub(1).max(1);
        let top = match by {
            Move::Up => self.top.saturating_sub(1),
            Move::Down => self.top.saturating_add(1),
            Move::PageUp => self.top.saturating_sub(page),
            Move::PageDown => self.top.saturating_add(page),
            Move::Home => 0,
            Move::End => self.last_top(),
        };
        self.top = top.min(self.last_top());
    }

    /// The rows in the window.
    pub(super) fn visible(&self) -> &[Row] {
        let end = self.top.saturating_add(self.height).min(self.rows.len());
        self.rows.get(self.top..end).unwrap_or_default()
    }

    /// How many rows there are above the window.
    pub(super) fn above(&self) -> usize {
        self.top
    }

    /// How many rows there are below the window.
    pub(super) fn below(&self) -> usize {
        self.rows.len() - self.top - self.visible().len()
    }

    /// What is in the window has been on the screen.
    pub(super) fn shown(&mut self) {
        let count = self.visible().len();
        for seen in self.seen.iter_mut().skip(self.top).take(count) {
            *seen = true;
        }
    }

    /// How many rows have never been on the screen.
    pub(super) fn unseen(&self) -> usize {
        self.seen.iter().filter(|seen| !**seen).count()
    }

    fn last_top(&self) -> usize {
        self.rows.len().saturating_sub(self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: usize, height: usize) -> Page {
        let row = |index: usize| Row {
            kind: Kind::Plain,
            lead: String::new(),
            text: index.to_string(),
        };
        Page::new((0..rows).map(row).collect(), height)
    }

    fn texts(page: &Page) -> Vec<&str> {
        page.visible().iter().map(|row| row.text.as_str()).collect()
    }

    #[test]
    fn a_window_moves_within_its_text() {
        let mut page = page(7, 3);
        assert_eq!(
            (texts(&page), page.above(), page.below()),
            (vec!["0", "1", "2"], 0, 4)
        );
        page.scroll(Move::PageDown);
        assert_eq!(
            (texts(&page), page.above(), page.below()),
            (vec!["2", "3", "4"], 2, 2)
        );
        page.scroll(Move::End);
        page.scroll(Move::Down);
        assert_eq!(
            (texts(&page), page.above(), page.below()),
            (vec!["4", "5", "6"], 4, 0)
        );
        page.fit(6);
        assert_eq!((page.above(), page.below()), (1, 0));
        page.scroll(Move::PageUp);
        assert_eq!((page.above(), page.below()), (0, 1));
    }

    #[test]
    fn a18_a_jump_to_the_end_does_not_show_the_middle() {
        let mut page = page(100, 10);
        page.shown();
        page.scroll(Move::End);
        page.shown();
        assert_eq!(page.unseen(), 80);
        page.scroll(Move::Home);
        for _ in 0..10 {
            page.scroll(Move::PageDown);
            page.shown();
        }
        assert_eq!(page.unseen(), 0);
    }
}
