//! An observer that writes lines. A sink that fails is given up, and the guest goes on.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::str::FromStr;
use wasi_poll_trace::{BadTrace, Entry, Header, Observe, Writer};

/// How a trace is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceFormat {
    /// For reading: the time, the call, what it answered and how long it took.
    #[default]
    Text,
    /// For programs, `wasi-poll doctor` and `wasi-poll show` among them: one JSON object a line, as `wasi-poll-trace`
    /// documents it.
    Json,
}

impl FromStr for TraceFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<TraceFormat, String> {
        match name {
            "text" => Ok(TraceFormat::Text),
            "json" => Ok(TraceFormat::Json),
            _ => Err("a trace is written as text or json".to_owned()),
        }
    }
}

type Sink = Box<dyn Write + Send>;

/// Writes each entry as it comes.
pub enum Lines {
    /// A JSON trace that hasn't begun.
    Waiting(Sink),
    /// One that has.
    Json(Writer<Sink>),
    /// For reading; the line is kept for its capacity.
    Text(Sink, String),
    /// The sink failed.
    GivenUp,
}

impl Lines {
    pub fn new(sink: impl Write + Send + 'static, format: TraceFormat) -> Lines {
        match format {
            TraceFormat::Json => Lines::Waiting(Box::new(sink)),
            TraceFormat::Text => Lines::Text(Box::new(sink), String::new()),
        }
    }

    fn give_up(&mut self, error: &dyn fmt::Display) {
        *self = Lines::GivenUp;
        // If that can't be said either, there is nobody to hear it.
        drop(writeln!(
            io::stderr(),
            "wasi-poll: the trace can't be written any more, and the guest goes on without it: {error}"
        ));
    }
}

impl Observe for Lines {
    fn begin(&mut self, header: &Header) {
        match std::mem::replace(self, Lines::GivenUp) {
            Lines::Waiting(sink) => match Writer::new(sink, header) {
                Ok(writer) => *self = Lines::Json(writer),
                Err(error) => self.give_up(&error),
            },
            other => *self = other,
        }
    }

    /// Written whole and at once, so that it is seen as the call ends.
    fn entry(&mut self, entry: &Entry) {
        let written: Result<(), BadTrace> = match self {
            Lines::Json(writer) => writer.write(&mut entry.clone()),
            Lines::Text(sink, line) => {
                line.clear();
                writeln!(line, "{entry}").expect("a string takes everything");
                if let Err(error) = sink.write_all(line.as_bytes()).and_then(|()| sink.flush()) {
                    self.give_up(&error);
                }
                return;
            }
            Lines::Waiting(_) | Lines::GivenUp => return,
        };
        if let Err(error) = written {
            self.give_up(&error);
        }
    }
}
