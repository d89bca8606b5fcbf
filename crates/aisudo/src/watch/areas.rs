//! Where things stand on the screen. All of it depends on the size alone, but for the rows that
//! typing needs: nothing moves when requests come and go.

use ratatui::layout::Rect;

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) width: u16,
    pub(super) height: u16,
}

/// Below this, nothing is shown and nothing can be decided.
pub(super) const SMALLEST: Size = Size {
    width: 40,
    height: 10,
};

/// The most rows of the list.
const LONGEST_LIST: u16 = 6;

/// From this height on, a remark has two rows.
const ROOMY: u16 = 16;

/// The parts of the screen, from top to bottom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Areas {
    pub(super) is_readable: bool,
    pub(super) header: Rect,
    pub(super) list: Rect,
    /// Between list and pane.
    pub(super) above: Rect,
    /// The request.
    pub(super) pane: Rect,
    /// Below the pane: how much more there is.
    pub(super) below: Rect,
    /// Whether a key decides.
    pub(super) state: Rect,
    /// What is being typed.
    pub(super) prompt: Rect,
    /// The last remark.
    pub(super) said: Rect,
    pub(super) keys: Rect,
    /// From the list to the remark, for a text that needs no list.
    pub(super) whole: Rect,
}

impl Areas {
    pub(super) fn of(size: Size, prompt_rows: usize) -> Self {
        let mut rest = Rect::new(0, 0, size.width, size.height);
        let prompt = u16::try_from(prompt_rows).unwrap_or(u16::MAX);
        let list = (size.height.saturating_sub(10) / 6).clamp(1, LONGEST_LIST);
        let header = top(&mut rest, 1);
        let keys = bottom(&mut rest, 1);
        let whole = Rect {
            height: rest.height.saturating_sub(1),
            ..rest
        };
        let list = top(&mut rest, list);
        let above = top(&mut rest, 1);
        let said = bottom(&mut rest, if size.height < ROOMY { 1 } else { 2 });
        let prompt = bottom(&mut rest, prompt);
        let state = bottom(&mut rest, 1);
        let below = bottom(&mut rest, 1);
        Self {
            is_readable: size.width >= SMALLEST.width && size.height >= SMALLEST.height,
            header,
            list,
            above,
            pane: rest,
            below,
            state,
            prompt,
            said,
            keys,
            whole,
        }
    }

    /// How wide a text can be: there is a margin of a column on both sides.
    pub(super) fn text_width(&self) -> usize {
        usize::from(self.pane.width.saturating_sub(2))
    }
}

fn top(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    let part = Rect { height, ..*rest };
    rest.y += height;
    rest.height -= height;
    part
}

fn bottom(rest: &mut Rect, height: u16) -> Rect {
    let height = height.min(rest.height);
    rest.height -= height;
    Rect {
        y: rest.y + rest.height,
        height,
        ..*rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fill_the_screen() {
        for height in 10..60 {
            let areas = Areas::of(Size { width: 80, height }, 0);
            let parts = [
                areas.header,
                areas.list,
                areas.above,
                areas.pane,
                areas.below,
                areas.state,
                areas.prompt,
                areas.said,
                areas.keys,
            ];
            let mut y = 0;
            for part in parts {
                assert_eq!((part.y, part.width), (y, 80));
                y += part.height;
            }
            assert_eq!(y, height);
            assert!(areas.pane.height >= 3 && areas.is_readable);
        }
        assert!(
            !Areas::of(
                Size {
                    width: 39,
                    height: 24
                },
                0
            )
            .is_readable
        );
        assert!(
            !Areas::of(
                Size {
                    width: 80,
                    height: 9
                },
                0
            )
            .is_readable
        );
    }
}
