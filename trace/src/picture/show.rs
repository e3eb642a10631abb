//! Looking at a picture: where the reader is, and what each key does. How it looks is `screen.rs`'s.

use super::{Filter, Picture, Scale, Screen, Span};
use crate::{Entry, Trace};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind};
use std::io;

/// Shows a trace in the terminal until the reader has enough.
///
/// # Errors
/// Those of the terminal.
pub fn show(trace: &Trace) -> io::Result<()> {
    let mut shown = Show::new(trace);
    let mut terminal = ratatui::try_init()?;
    let ended = loop {
        if let Err(error) = terminal.draw(|frame| frame.render_widget(shown.screen(), frame.area())) {
            break Err(error);
        }
        match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release && !shown.key(key.code) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    ratatui::try_restore()?;
    ended
}

/// What is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    Search,
    Filter,
}

/// A reader of a trace: where they are in it.
#[derive(Debug)]
pub struct Show {
    picture: Picture,
    filter: Filter,
    scale: Scale,
    view: Span,
    at: usize,
    top: usize,
    typing: Option<(Typing, String)>,
    searched: String,
    message: Option<String>,
}

impl Show {
    /// At its first call, with all of it in view.
    pub fn new(trace: &Trace) -> Show {
        let picture = Picture::new(trace);
        let view = picture.whole(Scale::Time);
        Show {
            picture,
            filter: Filter::default(),
            scale: Scale::Time,
            view,
            at: 0,
            top: 0,
            typing: None,
            searched: String::new(),
            message: None,
        }
    }

    /// What is to be drawn.
    pub fn screen(&self) -> Screen<'_> {
        let prompt = match &self.typing {
            Some((Typing::Search, text)) => Some(format!("search: {text}_")),
            Some((Typing::Filter, text)) => Some(format!("filter (fd 5, 0x2, or a part of a name): {text}_")),
            None => self.message.clone(),
        };
        Screen {
            picture: &self.picture,
            filter: &self.filter,
            scale: self.scale,
            view: self.view,
            at: self.at,
            top: self.top,
            prompt,
        }
    }

    /// Does what the key stands for. `false` when it ends the show.
    pub fn key(&mut self, key: KeyCode) -> bool {
        self.message = None;
        if let Some((what, mut text)) = self.typing.take() {
            match key {
                KeyCode::Esc => {}
                KeyCode::Enter => self.typed(what, text),
                KeyCode::Backspace => {
                    text.pop();
                    self.typing = Some((what, text));
                }
                KeyCode::Char(letter) if !letter.is_control() => {
                    text.push(letter);
                    self.typing = Some((what, text));
                }
                _ => self.typing = Some((what, text)),
            }
            return true;
        }
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return false,
            KeyCode::Right | KeyCode::Char('l') => self.step(true),
            KeyCode::Left | KeyCode::Char('h') => self.step(false),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(self.picture.entries().len().saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => {
                let lanes = self.picture.filtered(&self.filter).len();
                self.top = (self.top + 1).min(lanes.saturating_sub(1));
            }
            KeyCode::Up | KeyCode::Char('k') => self.top = self.top.saturating_sub(1),
            KeyCode::Char('+' | '=') => self.zoom(self.view.length() / 2),
            KeyCode::Char('-') => self.zoom(self.view.length().saturating_mul(2)),
            KeyCode::Char('0') => self.view = self.picture.whole(self.scale),
            KeyCode::Char('t') => {
                self.scale = if self.scale == Scale::Time { Scale::Calls } else { Scale::Time };
                self.view = self.picture.whole(self.scale);
            }
            KeyCode::Char('/') => self.typing = Some((Typing::Search, String::new())),
            KeyCode::Char('f') => self.typing = Some((Typing::Filter, self.filter.0.clone())),
            KeyCode::Char('n') => self.search(true),
            KeyCode::Char('N') => self.search(false),
            _ => {}
        }
        true
    }

    fn typed(&mut self, what: Typing, text: String) {
        match what {
            Typing::Search => {
                self.searched = text;
                self.search(true);
            }
            Typing::Filter => {
                self.filter = Filter(text);
                self.top = 0;
            }
        }
    }

    /// To the next call, or the one before, that is in a row that is shown.
    fn step(&mut self, forward: bool) {
        let lanes = self.picture.filtered(&self.filter);
        let places = lanes
            .iter()
            // With a filter, polls that told none of what is wanted would only be in the way.
            .filter(|lane| self.filter.0.is_empty() || lane.fd.is_some())
            .flat_map(|lane| &lane.calls)
            .map(|placed| placed.place);
        let next = if forward {
            places.filter(|place| *place > self.at).min()
        } else {
            places.filter(|place| *place < self.at).max()
        };
        if let Some(next) = next {
            self.go(next);
        }
    }

    /// To the next call whose line has the text in it, or the one before; from the end on at the beginning.
    fn search(&mut self, forward: bool) {
        let count = self.picture.entries().len();
        let has_text = |entry: &Entry| entry.to_string().contains(&self.searched);
        let is_match = |place: &usize| self.picture.entries().get(*place).is_some_and(has_text);
        let found = if forward {
            (self.at + 1..count).chain(0..=self.at.min(count.saturating_sub(1))).find(is_match)
        } else {
            (0..self.at).rev().chain((self.at..count).rev()).find(is_match)
        };
        match found.filter(|_| !self.searched.is_empty()) {
            Some(place) => self.go(place),
            None => self.message = Some(format!("no call has {:?} in it", self.searched)),
        }
    }

    /// To this call, moving the view if it is outside.
    fn go(&mut self, place: usize) {
        self.at = place;
        if place >= self.picture.entries().len() {
            return;
        }
        let to = self.picture.span(place, self.scale).to;
        if to < self.view.from || to > self.view.to {
            self.centre(self.view.length());
        }
    }

    fn zoom(&mut self, length: u64) {
        self.centre(length.max(8));
    }

    /// Shows so much, around the call the reader is at.
    fn centre(&mut self, length: u64) {
        let whole = self.picture.whole(self.scale);
        if length >= whole.length() || self.picture.entries().is_empty() {
            self.view = whole;
            return;
        }
        let middle = self.picture.span(self.at, self.scale).to;
        let from = middle.saturating_sub(length / 2).max(whole.from).min(whole.to - length);
        self.view = Span { from, to: from + length };
    }
}
