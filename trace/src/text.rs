//! An entry for people: one line, in which everything a guest wrote is escaped.

use crate::{ClockName, Entry, Event, Kind, Subscription};
use std::fmt;

/// A guest's text with everything escaped that a terminal might obey, or that isn't to be seen.
///
/// ```
/// assert_eq!(wasi_poll_trace::escaped("\x1b[2Jhi"), "\\u{1b}[2Jhi");
/// ```
pub fn escaped(text: &str) -> String {
    text.escape_debug().to_string()
}

/// `SECONDS [GUEST] CALL FDS [PATHS]: ANSWER [NANOSECONDS ns]`
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09} ", self.at_ns / 1_000_000_000, self.at_ns % 1_000_000_000)?;
        self.without_times(f)?;
        write!(f, " [{} ns]", self.took_ns)
    }
}

impl Entry {
    /// The entry for people, without when and how long.
    pub fn brief(&self) -> impl fmt::Display {
        fmt::from_fn(|f| self.without_times(f))
    }

    fn without_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(guest) = &self.guest {
            write!(f, "{} ", escaped(guest))?;
        }
        f.write_str(&escaped(&self.call))?;
        if let Some(fd) = self.fd {
            write!(f, " fd {fd}")?;
        }
        if let Some(onto) = self.onto {
            write!(f, " onto fd {onto}")?;
        }
        if let Some(clock) = self.clock {
            write!(f, " {}", clock.name())?;
        }
        if let Some(path) = &self.path {
            write!(f, " \"{}\"", escaped(path))?;
        }
        if let Some(target) = &self.target {
            write!(f, " to \"{}\"", escaped(target))?;
        }
        let is_poll = self.is_poll();
        if is_poll && !self.set {
            list(f, " (", &self.subscriptions, ")")?;
        }
        if let Some(timeout_ns) = self.timeout_ns {
            write!(f, " for {timeout_ns} ns")?;
        }
        if !self.changes.is_empty() {
            let change = |change: &crate::Change| {
                let how = if change.removed { "without" } else { "with" };
                format!("{how} {}", change.subscription)
            };
            list(f, " (", &self.changes.iter().map(change).collect::<Vec<_>>(), ")")?;
        }
        self.answer(f, is_poll)
    }

    fn answer(&self, f: &mut fmt::Formatter<'_>, is_poll: bool) -> fmt::Result {
        if let Some(text) = &self.text {
            return write!(f, ": {}", escaped(text));
        }
        if let Some(why) = &self.ended {
            return write!(f, ": ended, {}", escaped(why));
        }
        if let Some(code) = self.code {
            return write!(f, ": exit code {code}");
        }
        if !self.succeeded() {
            return write!(f, ": {}", escaped(self.errno.as_deref().unwrap_or("no answer")));
        }
        if is_poll || !self.events.is_empty() {
            return list(f, ": (", &self.events, ")");
        }
        if let Some(new_fd) = self.new_fd {
            write!(f, ": fd {new_fd}")?;
            return self.peer.map_or(Ok(()), |peer| write!(f, " from {peer}"));
        }
        if let Some(bytes) = self.bytes {
            return write!(f, ": {bytes} bytes{}", if self.truncated { ", cut" } else { "" });
        }
        if let Some(time_ns) = self.time_ns {
            return write!(f, ": {time_ns} ns");
        }
        match &self.value {
            Some(value) => write!(f, ": \"{}\"", escaped(value)),
            None => f.write_str(": done"),
        }
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, before: &str, items: &[T], after: &str) -> fmt::Result {
    f.write_str(before)?;
    for (place, item) in items.iter().enumerate() {
        write!(f, "{}{item}", if place == 0 { "" } else { ", " })?;
    }
    f.write_str(after)
}

impl ClockName {
    /// As WASI names it.
    pub fn name(self) -> &'static str {
        match self {
            ClockName::Realtime => "realtime",
            ClockName::Monotonic => "monotonic",
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fd = self.fd.unwrap_or_default();
        match self.kind {
            Kind::Read => write!(f, "read fd {fd}")?,
            Kind::Write => write!(f, "write fd {fd}")?,
            Kind::Clock => {
                let clock = self.clock.map_or("clock", ClockName::name);
                let how = if self.absolute { "at" } else { "in" };
                write!(f, "{clock} {how} {} ns", self.timeout_ns.unwrap_or_default())?;
            }
        }
        write!(f, " as {}", self.userdata)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Clock => "clock",
            Kind::Read => "readable",
            Kind::Write => "writable",
        })?;
        if self.hangup {
            f.write_str(" hangup")?;
        }
        if let Some(errno) = &self.error {
            write!(f, " error {}", escaped(errno))?;
        }
        if let Some(errno) = &self.errno {
            write!(f, " {}", escaped(errno))?;
        }
        write!(f, " as {}", self.userdata)
    }
}
