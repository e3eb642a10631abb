//! Observation: one line for each host call on a socket, a poll or the network directory, written when the call has ended. What is
//! observed is decided at the seam (`engine/seam.rs`); nothing here is asked for unless somebody traces.

mod json;
mod text;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;
use wasi_poll_preview1::net_dir::Opened;
use wasi_poll_preview1::{Accepted, Errno, Event, Polled, Received, Subscription};

/// How a trace is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceFormat {
    /// For reading: the time, the call, what it answered and how long it took.
    #[default]
    Text,
    /// For programs: one JSON object a line.
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

/// One host call, as its arguments name it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The function.
    pub name: &'static str,
    /// The fd it is about, if it is about one.
    pub fd: Option<u32>,
    /// The second fd of a renumbering.
    pub onto: Option<u32>,
}

impl Call {
    /// A call about one fd.
    pub fn on(name: &'static str, fd: u32) -> Call {
        Call { name, fd: Some(fd), onto: None }
    }
}

/// The paths a call in the network directory was given, as the guest wrote them: whoever shows them escapes them.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// What the call is about.
    pub path: Option<String>,
    /// What a link is set to.
    pub target: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum End {
    /// It did what it is for.
    Answered(Answer),
    /// It told the guest this.
    Refused(Errno),
    /// It ended the guest.
    Ended(String),
}

/// What a call that went well has to tell.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Nothing,
    Accepted(Accepted),
    Opened(Opened),
    Bytes(u32),
    /// The subscriptions and events are the record's.
    Polled,
}

impl From<()> for Answer {
    fn from((): ()) -> Answer {
        Answer::Nothing
    }
}

impl From<Accepted> for Answer {
    fn from(accepted: Accepted) -> Answer {
        Answer::Accepted(accepted)
    }
}

impl From<Opened> for Answer {
    fn from(opened: Opened) -> Answer {
        Answer::Opened(opened)
    }
}

impl From<Received> for Answer {
    fn from(received: Received) -> Answer {
        Answer::Bytes(received.bytes)
    }
}

impl From<u32> for Answer {
    fn from(bytes: u32) -> Answer {
        Answer::Bytes(bytes)
    }
}

impl From<Polled> for Answer {
    fn from(_: Polled) -> Answer {
        Answer::Polled
    }
}

/// All that one line tells.
#[derive(Debug)]
pub struct Record<'a> {
    pub call: Call,
    pub paths: Paths,
    pub end: End,
    /// When it began, on the guest's monotonic clock.
    pub started_ns: u64,
    /// How long it took, waiting included.
    pub took_ns: u64,
    /// What a `poll_oneoff` asked and was told.
    pub poll: Option<(&'a [Subscription], &'a [Event])>,
}

/// Where the lines go. A sink that fails is given up, and the guest goes on.
pub struct Trace {
    sink: Option<Box<dyn Write + Send>>,
    format: TraceFormat,
    /// Kept for its capacity.
    line: String,
}

impl Trace {
    pub fn new(sink: impl Write + Send + 'static, format: TraceFormat) -> Trace {
        Trace { sink: Some(Box::new(sink)), format, line: String::new() }
    }

    /// Writes one line, whole and at once, so that it is seen as the call ends.
    pub fn write(&mut self, record: &Record<'_>) {
        let Some(sink) = &mut self.sink else { return };
        self.line.clear();
        match self.format {
            TraceFormat::Text => text::line(record, &mut self.line),
            TraceFormat::Json => json::line(record, &mut self.line),
        }
        self.line.push('\n');
        if let Err(error) = sink.write_all(self.line.as_bytes()).and_then(|()| sink.flush()) {
            self.sink = None;
            // If that can't be said either, there is nobody to hear it.
            drop(writeln!(
                io::stderr(),
                "wasi-poll: the trace can't be written any more, and the guest goes on without it: {error}"
            ));
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("format", &self.format).finish_non_exhaustive()
    }
}
