//! A running guest in a terminal's cells. What is counted is not known here.

use super::{Sample, bytes};
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table, Widget};

/// One screenful of a sample: what there is a second, its history, the busiest sockets, and what the guest wrote.
#[derive(Debug)]
pub struct LiveScreen<'a> {
    /// Who runs, with nothing in it that a terminal would obey.
    pub name: &'a str,
    /// How it is.
    pub sample: &'a Sample,
}

impl Widget for LiveScreen<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let rows = [
            Constraint::Length(2),
            Constraint::Length(4),
            Constraint::Min(4),
            Constraint::Length(area.height / 3),
        ];
        let [head, history, sockets, written] = Layout::vertical(rows).areas(area);
        let Sample { polls, .. } = self.sample;

        let bold = Style::new().add_modifier(Modifier::BOLD);
        let lines = vec![Line::styled(self.name.to_owned(), bold), Line::raw(self.sample.to_string())];
        Paragraph::new(lines).render(head, buffer);

        // The newest that fit.
        let width = usize::from(history.width.saturating_sub(2));
        let from = self.sample.history.len().saturating_sub(width);
        Sparkline::default()
            .block(Block::bordered().title(format!("polls a second: {polls}")))
            .data(&self.sample.history[from..])
            .render(history, buffer);

        let row = |socket: &super::Socket| {
            Row::new([
                socket.name.clone(),
                bytes(socket.recent),
                bytes(socket.bytes_in),
                bytes(socket.bytes_out),
            ])
        };
        let widths =
            [Constraint::Min(20), Constraint::Length(10), Constraint::Length(10), Constraint::Length(10)];
        Table::new(self.sample.sockets.iter().map(row), widths)
            .header(Row::new(["socket", "now", "in", "out"]).style(bold))
            .block(Block::bordered().title(format!("{} sockets", self.sample.sockets.len())))
            .render(sockets, buffer);

        let height = usize::from(written.height.saturating_sub(2));
        let from = self.sample.lines.len().saturating_sub(height);
        let lines: Vec<Line<'_>> =
            self.sample.lines[from..].iter().map(|line| Line::raw(line.as_str())).collect();
        Paragraph::new(lines).block(Block::bordered().title("what the guest wrote")).render(written, buffer);
    }
}
