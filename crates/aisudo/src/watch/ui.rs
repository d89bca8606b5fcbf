//! Draws the model. Everything that is drawn was made safe before, and nothing is said by colour
//! alone.

mod text;

use aisudo_core::{display, state::Tick};
use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    text::{Line, Span},
};

use super::{
    areas::Areas,
    layout,
    model::{Link, Mode, Model, Pane},
    page::{Kind, Page, Row},
};
use crate::{
    fetch::{Fetched, who_as_whom},
    group::Group,
    list::summary,
    times,
};
pub(super) use text::HELP;

/// How things may look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) colour: bool,
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, now: Tick, look: Look) {
    let mut screen = Screen { frame, look };
    let areas = model.areas();
    if !areas.is_readable {
        return screen.too_small(areas.pane.width);
    }
    screen.header(model, areas.header);
    match &model.mode {
        Mode::Queue | Mode::Words { .. } => screen.queue(model, now, &areas),
        Mode::Help(page) => {
            screen.page(page, areas.whole);
            screen.rule(&more(page, "END OF HELP"), last_row(areas.said));
        }
        Mode::History { requests, at, page } => {
            screen.history(requests, *at, areas.list);
            let position = format!("{} of {}", at + 1, requests.len());
            screen.rule(&position, areas.above);
            screen.page(page, areas.pane);
            screen.rule(&more(page, "END OF REQUEST"), areas.below);
            screen.row(areas.state, 0, text::HISTORY, Style::new());
        }
    }
    let keys = text::keys(&model.mode, usize::from(areas.keys.width));
    let dim = Style::new().add_modifier(Modifier::DIM);
    screen.row(areas.keys, 0, &keys, dim);
}

struct Screen<'a, 'b> {
    frame: &'a mut Frame<'b>,
    look: Look,
}

impl Screen<'_, '_> {
    fn too_small(&mut self, width: u16) {
        let rows = layout::plain(text::TOO_SMALL, usize::from(width).saturating_sub(2));
        for (row, y) in rows.iter().zip(0..) {
            self.row(self.frame.area(), y, &row.text, Style::new());
        }
    }

    fn header(&mut self, model: &Model, area: Rect) {
        let left = match (&model.mode, model.queue.len()) {
            (Mode::History { .. }, _) => "aisudo watch   history, newest first".to_owned(),
            (Mode::Help(_), _) => "aisudo watch   help".to_owned(),
            _ if model.link != Link::Up => "aisudo watch".to_owned(),
            (_, 0) => "aisudo watch   nothing waits".to_owned(),
            (_, 1) => "aisudo watch   1 question waits".to_owned(),
            (_, count) => format!("aisudo watch   {count} questions wait"),
        };
        let right = match (&model.link, &model.beside) {
            (Link::Down(_), _) => "NOT CONNECTED",
            (Link::Up, Some(beside)) => beside,
            (Link::Up, None) => "",
        };
        let room = usize::from(area.width).saturating_sub(layout::columns(&left) + 4);
        let right = text::cut(right, room);
        let between = room + 1 - layout::columns(&right);
        let line = format!("{left}{}{right}", " ".repeat(between));
        let style = Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD);
        self.frame.buffer_mut().set_style(area, style);
        self.row(area, 0, &line, style);
    }

    fn queue(&mut self, model: &Model, now: Tick, areas: &Areas) {
        self.list(model, now, areas.list);
        self.rule(&position(model, now), areas.above);
        match model.pane {
            Pane::Nothing => self.row(areas.pane, 1, text::NOTHING, Style::new()),
            Pane::Question(_) | Pane::Over { .. } => self.page(&model.page, areas.pane),
        }
        let below = match model.pane {
            Pane::Nothing => String::new(),
            Pane::Question(_) | Pane::Over { .. } => more(&model.page, "END OF REQUEST"),
        };
        self.rule(&below, areas.below);
        let (state, mood) = text::state(model, now);
        let state = text::cut(&state, areas.text_width());
        self.row(areas.state, 0, &state, self.mood(mood));
        if let Mode::Words { text, .. } = &model.mode {
            let rows = layout::prompt(text, model.size);
            for (row, y) in rows.iter().zip(0..) {
                self.row(areas.prompt, y, &format!("> {row}"), Style::new());
            }
        }
        let said = match (&model.said, &model.link) {
            (Some(said), _) => said.as_str(),
            (None, Link::Down(why)) => why,
            (None, Link::Up) => "",
        };
        let rows = layout::plain(&[said], areas.text_width());
        let rows = rows.iter().take(usize::from(areas.said.height));
        let bold = Style::new().add_modifier(Modifier::BOLD);
        for (row, y) in rows.zip(0..) {
            self.row(areas.said, y, &format!("{}{}", row.lead, row.text), bold);
        }
    }

    fn list(&mut self, model: &Model, now: Tick, area: Rect) {
        let place = match model.pane {
            Pane::Over { place, .. } => place,
            Pane::Nothing | Pane::Question(_) => model.selected().unwrap_or(0),
        };
        let first = first_row(place, model.queue.len(), area.height);
        let visible = model.queue.iter().enumerate().skip(first);
        for ((index, group), y) in visible.zip(0..area.height) {
            let Some(one) = group.first() else { continue };
            let left = match model.link {
                Link::Up => times::span(soonest_ms(model, group, now)),
                Link::Down(_) => "?".to_owned(),
            };
            let count = match group.members.len() {
                1 => String::new(),
                count => format!("×{count}"),
            };
            let line = format!("{:<6}{left:>7}  {count:<4}{}", one.row.code, what(one));
            self.item(area, y, &line, model.selected() == Some(index));
        }
    }

    fn history(&mut self, requests: &[Fetched], at: usize, area: Rect) {
        let first = first_row(at, requests.len(), area.height);
        let visible = requests.iter().enumerate().skip(first);
        for ((index, one), y) in visible.zip(0..area.height) {
            let line = format!("{} {}", summary(&one.row), what(one));
            self.item(area, y, &line, index == at);
        }
    }

    /// One row of a list.
    fn item(&mut self, area: Rect, y: u16, line: &str, is_selected: bool) {
        let (mark, style) = if is_selected {
            ("> ", Style::new().add_modifier(Modifier::BOLD))
        } else {
            ("  ", Style::new())
        };
        let width = usize::from(area.width).saturating_sub(1);
        let line = text::cut(&format!("{mark}{line}"), width);
        let row = Rect {
            x: area.x,
            y: area.y + y,
            width: area.width,
            height: 1,
        };
        self.frame.render_widget(Line::styled(line, style), row);
    }

    fn page(&mut self, page: &Page, area: Rect) {
        for (Row { kind, lead, text }, y) in page.visible().iter().zip(0..) {
            let (lead_style, style) = self.kind(*kind);
            let line = Line::from(vec![
                Span::styled(lead.as_str(), lead_style),
                Span::styled(text.as_str(), style),
            ]);
            if y < area.height {
                self.frame.render_widget(line, inner(area, y));
            }
        }
    }

    fn rule(&mut self, text: &str, area: Rect) {
        let text = match text {
            "" => String::new(),
            text => format!(" {text} "),
        };
        let text = text::cut(&text, usize::from(area.width).saturating_sub(4));
        let rest = usize::from(area.width).saturating_sub(2 + layout::columns(&text));
        let line = format!("──{text}{}", "─".repeat(rest));
        self.frame.render_widget(Line::raw(line), area);
    }

    fn row(&mut self, area: Rect, y: u16, text: &str, style: Style) {
        if y < area.height {
            let line = Line::styled(text, style);
            self.frame.render_widget(line, inner(area, y));
        }
    }

    fn kind(&self, kind: Kind) -> (Style, Style) {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let dim = plain.add_modifier(Modifier::DIM);
        match kind {
            Kind::Title => (dim, bold),
            Kind::Warning => {
                let style = self.coloured(bold, Color::Yellow);
                (style, style)
            }
            Kind::Command => (dim, self.coloured(bold, Color::Cyan)),
            Kind::Fact => (dim, plain),
            Kind::Plain => (plain, plain),
        }
    }

    fn mood(&self, mood: text::Mood) -> Style {
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match mood {
            text::Mood::Calm => Style::new(),
            text::Mood::Go => self.coloured(bold, Color::Green),
            text::Mood::Wait => self.coloured(Style::new(), Color::Yellow),
            text::Mood::Stop => self.coloured(bold, Color::Red),
        }
    }

    fn coloured(&self, style: Style, colour: Color) -> Style {
        if self.look.colour {
            style.fg(colour)
        } else {
            style
        }
    }
}

/// A row with a margin on both sides.
fn inner(area: Rect, y: u16) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + y,
        width: area.width.saturating_sub(2),
        height: 1,
    }
}

fn last_row(area: Rect) -> Rect {
    Rect {
        y: area.y + area.height.saturating_sub(1),
        height: area.height.min(1),
        ..area
    }
}

/// Which row of a list is the first to be shown, so that this place is among them.
fn first_row(place: usize, count: usize, height: u16) -> usize {
    let height = usize::from(height);
    let middle = place.saturating_sub(height / 2);
    middle.min(count.saturating_sub(height))
}

fn what(fetched: &Fetched) -> String {
    let view = fetched.view();
    let name = match fetched.request.requester.name.as_ref() {
        b"" => format!("uid {}", fetched.row.uid),
        name => display::word(name).text,
    };
    format!("{}: {}", who_as_whom(&name, &view), view.command)
}

/// How long there is for the one that ends first.
fn soonest_ms(model: &Model, group: &Group, now: Tick) -> u64 {
    let members = group.members.iter();
    let remaining = members.map(|one| model.remaining_ms(one, now));
    remaining.min().unwrap_or(0)
}

fn position(model: &Model, now: Tick) -> String {
    match (&model.pane, model.selected(), model.question()) {
        (Pane::Over { .. }, _, _) => "OVER".to_owned(),
        (_, Some(at), Some(group)) => {
            let left = times::span(soonest_ms(model, group, now));
            let time = match (&model.link, group.members.len()) {
                (Link::Down(_), _) => "as it was before the connection was lost".to_owned(),
                (Link::Up, 1) => format!("{left} left; no answer means no"),
                (Link::Up, _) => format!("{left} left for the first; no answer means no"),
            };
            format!("{} of {} ── {time}", at + 1, model.queue.len())
        }
        _ => String::new(),
    }
}

fn more(page: &Page, end: &str) -> String {
    let lines = |count: usize| match count {
        1 => "1 line".to_owned(),
        count => format!("{count} lines"),
    };
    let above = match page.above() {
        0 => String::new(),
        count => format!(" ── above: {} (PgUp)", lines(count)),
    };
    match page.below() {
        0 => format!("{end}{above}"),
        count => format!("MORE BELOW: {} (PgDn){above}", lines(count)),
    }
}

#[cfg(test)]
mod tests;
