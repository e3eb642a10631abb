//! The picture in a terminal's cells: what stands where. What keys do is `show.rs`'s.

use super::{Filter, Lane, Mark, Picture, Scale, Span, time};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::Widget;

/// The columns that labels take, at least and at most.
const LABEL_WIDTHS: (u16, u16) = (12, 36);
/// Rows below the lanes: a rule, the call in two lines, and the keys.
const FOOT_HEIGHT: u16 = 4;
const KEYS: &str = "←→ step  ↑↓ lanes  +- zoom  0 all  t time/calls  / search  n N next  f filter  q quit";

/// One screenful.
#[derive(Debug)]
pub struct Screen<'a> {
    /// The trace, laid out.
    pub picture: &'a Picture,
    /// Which rows.
    pub filter: &'a Filter,
    /// What left to right means.
    pub scale: Scale,
    /// What part of it is seen.
    pub view: Span,
    /// The call the reader is at, by its place.
    pub at: usize,
    /// The first row seen.
    pub top: usize,
    /// What is being typed, or said, instead of the keys.
    pub prompt: Option<String>,
}

impl Widget for Screen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        if area.width < 38 || area.height < FOOT_HEIGHT + 3 {
            buffer.set_stringn(area.x, area.y, "too small to draw in", area.width.into(), Style::new());
            return;
        }
        let lanes = self.picture.filtered(self.filter);
        self.head(area, buffer, lanes.len());
        let longest = lanes.iter().map(|lane| lane.label.chars().count()).max().unwrap_or(0) as u16 + 1;
        let label_width = longest.min(area.width / 3).clamp(LABEL_WIDTHS.0, LABEL_WIDTHS.1);
        let rows = area.height - FOOT_HEIGHT - 1;
        for (row, lane) in lanes.iter().skip(self.top).take(rows.into()).enumerate() {
            self.lane(lane, label_width, Rect { y: area.y + 1 + row as u16, ..area }, buffer);
        }
        self.foot(area, buffer);
    }
}

impl Screen<'_> {
    fn head(&self, area: Rect, buffer: &mut Buffer, lanes: usize) {
        let name = |at: u64| match self.scale {
            Scale::Time => time(at),
            Scale::Calls => format!("#{}", at + 1),
        };
        let filter =
            if self.filter.0.is_empty() { String::new() } else { format!(", filter {:?}", self.filter.0) };
        let text = format!(
            "{} … {}  ({lanes} lanes, {} calls{filter})",
            name(self.view.from),
            name(self.view.to),
            self.picture.entries().len()
        );
        buffer.set_stringn(
            area.x,
            area.y,
            text,
            area.width.into(),
            Style::new().add_modifier(Modifier::BOLD),
        );
    }

    fn lane(&self, lane: &Lane, label_width: u16, area: Rect, buffer: &mut Buffer) {
        let y = area.y;
        buffer.set_stringn(area.x, y, &lane.label, usize::from(label_width) - 1, Style::new());
        let left = area.x + label_width;
        let width = area.width - label_width;
        let columns = |span: Span| columns(span, self.view, width);
        let life = Span {
            from: self.picture.span(lane.life.0, self.scale).from,
            to: self.picture.span(lane.life.1, self.scale).to,
        };
        if let Some((from, to)) = columns(life) {
            for column in from..=to {
                buffer[(left + column, y)].set_char('·').set_fg(Color::DarkGray);
            }
        }
        let mut shown: Vec<Option<Mark>> = vec![None; width.into()];
        for placed in &lane.calls {
            let span = self.picture.span(placed.place, self.scale);
            let Some((from, to)) = columns(span) else { continue };
            if lane.is_polls() && placed.mark != Mark::Ended {
                let brought = self.picture.stretches[placed.place].brought;
                let colour = if placed.mark == Mark::Failed { Color::Red } else { Color::Blue };
                for column in from..=to {
                    let cell = &mut buffer[(left + column, y)];
                    if brought || cell.symbol() != "█" {
                        cell.set_char(if brought { '█' } else { '░' }).set_fg(colour);
                    }
                }
                continue;
            }
            let cell = &mut shown[usize::from(to)];
            *cell = (*cell).max(Some(placed.mark));
        }
        for (column, mark) in (0..).zip(shown) {
            if let Some(mark) = mark {
                let (letter, colour) = letter(mark);
                buffer[(left + column, y)].set_char(letter).set_fg(colour);
            }
        }
        let at = self.picture.span(self.at, self.scale);
        if let Some((_, column)) = columns(Span { from: at.to, to: at.to }) {
            let cell = &mut buffer[(left + column, y)];
            cell.modifier.insert(Modifier::REVERSED);
        }
    }

    fn foot(&self, area: Rect, buffer: &mut Buffer) {
        let y = area.bottom() - FOOT_HEIGHT;
        let width = usize::from(area.width);
        buffer.set_stringn(area.x, y, "─".repeat(width), width, Style::new().fg(Color::DarkGray));
        let Some(entry) = self.picture.entries().get(self.at) else { return };
        // Whatever the guest wrote is escaped there.
        let text: Vec<char> = format!("#{} {entry}", entry.n).chars().collect();
        for (row, line) in (1..).zip(text.chunks(width.max(1)).take(2)) {
            buffer.set_stringn(area.x, y + row, line.iter().collect::<String>(), width, Style::new());
        }
        let keys = self.prompt.as_deref().unwrap_or(KEYS);
        buffer.set_stringn(area.x, area.bottom() - 1, keys, width, Style::new().fg(Color::Gray));
    }
}

/// The first and last column a span takes, if any of it is seen.
fn columns(span: Span, view: Span, width: u16) -> Option<(u16, u16)> {
    if span.to < view.from || span.from > view.to || width == 0 {
        return None;
    }
    let column = |at: u64| {
        let along = u128::from(at.clamp(view.from, view.to) - view.from);
        (along * u128::from(width) / u128::from(view.length())).min(u128::from(width) - 1) as u16
    };
    Some((column(span.from), column(span.to.saturating_sub(1).max(span.from))))
}

fn letter(mark: Mark) -> (char, Color) {
    match mark {
        Mark::Other => ('-', Color::Gray),
        Mark::WouldBlock => ('~', Color::Yellow),
        Mark::Told => ('^', Color::Magenta),
        Mark::Opened => ('o', Color::White),
        Mark::Read => ('r', Color::Green),
        Mark::Written => ('w', Color::Cyan),
        Mark::Ended => ('x', Color::Red),
        Mark::Failed => ('!', Color::LightRed),
        Mark::Noted => ('*', Color::LightYellow),
    }
}
