//! The picture as plain text: what `show` draws when it begins, for where nobody can press keys.

use super::Show;
use crate::Trace;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

/// The rows for who can press keys.
const FOOT_HEIGHT: u16 = 4;

/// What the letters mean, as the guide has it.
const LEGEND: &str =
    "█ poll, ░ nothing but time  o opened  ^ told  r w bytes  ~ would block  x ended  ! failed  * note";

/// Draws a trace in so many columns and at most so many lines, without colours, and says below what the letters mean and
/// how many rows had no room.
pub fn text(trace: &Trace, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height.saturating_add(FOOT_HEIGHT));
    let mut buffer = Buffer::empty(area);
    let show = Show::new(trace);
    let rows = show.screen().picture.lanes.len();
    show.screen().render(area, &mut buffer);
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let mut lines: Vec<String> = (0..height).map(|y| line(y).trim_end().to_owned() + "\n").collect();
    // There may be fewer lanes than lines.
    while lines.pop_if(|last| last == "\n").is_some() {}
    let hidden = rows.saturating_sub(lines.len().saturating_sub(1));
    if hidden > 0 {
        lines.push(format!("… and {hidden} lanes more\n"));
    }
    lines.push(format!("{LEGEND}\n"));
    lines.concat()
}
