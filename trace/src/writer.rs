//! Lines out, and who else may look at the entries as they come.

use crate::{BadTrace, Entry, Header};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};
use std::io::{self, Write};

/// Writes a trace.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
    line: Vec<u8>,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a trace: writes its first line.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn new(sink: W, header: &Header) -> Result<Writer<W>, BadTrace> {
        let mut writer = Writer { sink, line: Vec::new(), written: 0 };
        writer.line(header).map_err(|error| BadTrace::at(1, error))?;
        writer.end_line()?;
        Ok(writer)
    }

    /// Writes a line, whole and at once, and gives the entry its number, unless it has one.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, entry: &mut Entry) -> Result<(), BadTrace> {
        self.written += 1;
        if entry.n == 0 {
            entry.n = self.written;
        }
        self.line(entry).map_err(|error| BadTrace::at(self.written + 1, error))?;
        self.end_line()
    }

    /// The sink, with all that was written in it.
    pub fn into_inner(self) -> W {
        self.sink
    }

    fn line(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        value.serialize(&mut Serializer::with_formatter(&mut self.line, Printable))
    }

    fn end_line(&mut self) -> Result<(), BadTrace> {
        self.line.push(b'\n');
        let written = self.sink.write_all(&self.line).and_then(|()| self.sink.flush());
        self.line.clear();
        written.map_err(|error| BadTrace::at(self.written + 1, error))
    }
}

/// JSON that does nothing to a terminal: what it leaves as it is of the control characters is escaped, too.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, sink: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some((at, control)) = rest.char_indices().find(|(_, letter)| letter.is_control()) {
            sink.write_all(&rest.as_bytes()[..at])?;
            write!(sink, "\\u{:04x}", u32::from(control))?;
            rest = &rest[at + control.len_utf8()..];
        }
        sink.write_all(rest.as_bytes())
    }
}

/// Somebody who looks at a trace while it happens.
pub trait Observe: Send {
    /// The trace begins.
    fn begin(&mut self, header: &Header);

    /// A call has ended.
    fn entry(&mut self, entry: &Entry);
}
