//! The terminal a running guest is drawn in.

use super::{LiveScreen, Sample};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use std::io::{self, Stdout};

/// This process's terminal, on its other screen until dropped. Its keys stay as they are: Ctrl-C is a signal as ever.
#[derive(Debug)]
pub struct LiveTerminal(Terminal<CrosstermBackend<Stdout>>);

impl LiveTerminal {
    /// Takes the terminal that stdout is.
    ///
    /// # Errors
    /// When it is none.
    pub fn enter() -> io::Result<LiveTerminal> {
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(LiveTerminal(Terminal::new(CrosstermBackend::new(io::stdout()))?))
    }

    /// Draws how it is. `name` says who runs, with nothing in it that a terminal would obey.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn draw(&mut self, name: &str, sample: &Sample) -> io::Result<()> {
        self.0.draw(|frame| frame.render_widget(LiveScreen { name, sample }, frame.area())).map(drop)
    }
}

impl Drop for LiveTerminal {
    fn drop(&mut self) {
        // If it is gone, nobody minds.
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
    }
}
