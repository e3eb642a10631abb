//! Lines out, and who else may look at the entries as they come.

use crate::{BadTrace, Entry, Header};
use std::io::Write;

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
        serde_json::to_writer(&mut writer.line, header).map_err(|error| BadTrace::at(1, error))?;
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
        serde_json::to_writer(&mut self.line, entry)
            .map_err(|error| BadTrace::at(self.written + 1, error))?;
        self.end_line()
    }

    /// The sink, with all that was written in it.
    pub fn into_inner(self) -> W {
        self.sink
    }

    fn end_line(&mut self) -> Result<(), BadTrace> {
        self.line.push(b'\n');
        let written = self.sink.write_all(&self.line).and_then(|()| self.sink.flush());
        self.line.clear();
        written.map_err(|error| BadTrace::at(self.written + 1, error))
    }
}

/// Somebody who looks at a trace while it happens.
pub trait Observe: Send {
    /// The trace begins.
    fn begin(&mut self, header: &Header);

    /// A call has ended.
    fn entry(&mut self, entry: &Entry);
}
