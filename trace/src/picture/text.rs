//! The picture as plain text: what `show` draws when it begins, for where nobody can press keys.

use super::Show;
use crate::Trace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// The rows for who can press keys.
const FOOT_HEIGHT: u16 = 4;

/// Draws a trace in so many columns and at most so many lines, without colours.
pub fn text(trace: &Trace, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height.saturating_add(FOOT_HEIGHT));
    let mut buffer = Buffer::empty(area);
    Show::new(trace).screen().render(area, &mut buffer);
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let mut lines: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned() + "\n").collect();
    // There may be fewer lanes than lines.
    while lines.pop_if(|last| last == "\n").is_some() {}
    lines.concat()
}
