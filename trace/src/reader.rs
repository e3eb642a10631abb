//! Lines in, and what keeps a file from being a trace.

use crate::{Entry, Header, VERSION};
use std::fmt;
use std::io::BufRead;

/// What is wrong with a trace, and on which line.
#[derive(Debug)]
pub struct BadTrace {
    line: u64,
    why: String,
}

impl BadTrace {
    pub(crate) fn at(line: u64, why: impl fmt::Display) -> BadTrace {
        BadTrace { line, why: why.to_string() }
    }

    /// Which line, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }
}

impl fmt::Display for BadTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for BadTrace {}

/// Reads a trace line by line.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    header: Header,
    line: u64,
    text: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it can't be read, is no trace's, or of a later version than [`VERSION`].
    pub fn new(source: R) -> Result<Reader<R>, BadTrace> {
        let header = Header::new(crate::World::Run, crate::Clock::Real);
        let mut reader = Reader { source, header, line: 0, text: String::new() };
        if !reader.next_line()? {
            return Err(BadTrace::at(1, "it is empty, where a trace has a header"));
        }
        let version = serde_json::from_str::<serde_json::Value>(&reader.text)
            .ok()
            .and_then(|value| value.get("wasi_poll_trace")?.as_u64());
        match version {
            None => {
                return Err(BadTrace::at(
                    1,
                    "this is no trace: the first line has no `wasi_poll_trace`. `wasi-poll run --trace=FILE \
                     --trace-format json` writes one",
                ));
            }
            Some(version) if version > u64::from(VERSION) => {
                return Err(BadTrace::at(
                    1,
                    format_args!(
                        "this is a trace of version {version}, and {VERSION} is the latest known here"
                    ),
                ));
            }
            Some(_) => {}
        }
        reader.header = serde_json::from_str(&reader.text).map_err(|error| BadTrace::at(1, error))?;
        Ok(reader)
    }

    /// What the first line says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn next_line(&mut self) -> Result<bool, BadTrace> {
        self.line += 1;
        self.text.clear();
        let read = self.source.read_line(&mut self.text).map_err(|error| BadTrace::at(self.line, error))?;
        Ok(read > 0)
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Entry, BadTrace>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error)),
        }
        Some(serde_json::from_str(&self.text).map_err(|error| BadTrace::at(self.line, error)))
    }
}

/// A whole trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What ran.
    pub header: Header,
    /// What it called, in the order the calls ended.
    pub entries: Vec<Entry>,
    /// Whether the last line was cut short: whoever wrote it was ended.
    pub cut: bool,
}

impl Trace {
    /// Reads a trace to its end. A last line without an end of line, as a writer that was killed leaves it, is
    /// left out.
    ///
    /// # Errors
    /// As [`Reader::new`], and when another line is none of a trace's.
    pub fn read(source: impl BufRead) -> Result<Trace, BadTrace> {
        let mut reader = Reader::new(source)?;
        let mut entries = Vec::new();
        let mut cut = false;
        while let Some(entry) = reader.next() {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(_) if !reader.text.ends_with('\n') && !reader.text.is_empty() => cut = true,
                Err(error) => return Err(error),
            }
        }
        Ok(Trace { header: reader.header, entries, cut })
    }
}
