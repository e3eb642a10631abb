//! A trace line for reading. Numbers and names of ours are in it, and the guest's paths, escaped: no other byte of
//! its.

use super::{Answer, End, Record};
use std::fmt::{self, Write};
use wasi_poll_preview1::{Clock, Errno, Event, EventKind, Ready, Subscription, Watch};

/// `SECONDS CALL FDS [PATHS]: ANSWER [NANOSECONDS ns]`
pub fn line(record: &Record<'_>, into: &mut String) {
    try_line(record, into).expect("a string takes everything");
}

fn try_line(record: &Record<'_>, into: &mut String) -> fmt::Result {
    let (seconds, nanoseconds) = (record.started_ns / 1_000_000_000, record.started_ns % 1_000_000_000);
    write!(into, "{seconds}.{nanoseconds:09} {}", record.call.name)?;
    if let Some(fd) = record.call.fd {
        write!(into, " fd {fd}")?;
    }
    if let Some(onto) = record.call.onto {
        write!(into, " onto fd {onto}")?;
    }
    if let Some(path) = &record.paths.path {
        write!(into, " \"{}\"", path.escape_debug())?;
    }
    if let Some(target) = &record.paths.target {
        write!(into, " to \"{}\"", target.escape_debug())?;
    }
    if let Some((subscriptions, _)) = record.poll {
        list(into, " (", subscriptions, subscription, ")")?;
    }
    match &record.end {
        End::Answered(Answer::Nothing) => into.write_str(": done")?,
        End::Answered(Answer::Accepted(accepted)) => {
            write!(into, ": fd {} from {}", accepted.fd, accepted.peer)?;
        }
        End::Answered(Answer::Opened(opened)) => write!(into, ": fd {}", opened.fd)?,
        End::Answered(Answer::Bytes(bytes)) => write!(into, ": {bytes} bytes")?,
        End::Answered(Answer::Polled) => {
            let (_, events) = record.poll.unwrap_or_default();
            list(into, ": (", events, event, ")")?;
        }
        End::Refused(errno) => write!(into, ": {errno}")?,
        End::Ended(why) => write!(into, ": ended, {}", why.escape_debug())?,
    }
    write!(into, " [{} ns]", record.took_ns)
}

fn list<T>(
    into: &mut String,
    before: &str,
    items: &[T],
    each: impl Fn(&mut String, &T) -> fmt::Result,
    after: &str,
) -> fmt::Result {
    into.write_str(before)?;
    for (place, item) in items.iter().enumerate() {
        into.write_str(if place == 0 { "" } else { ", " })?;
        each(into, item)?;
    }
    into.write_str(after)
}

fn subscription(into: &mut String, Subscription { userdata, watch }: &Subscription) -> fmt::Result {
    match watch {
        Watch::Read(fd) => write!(into, "read fd {fd}")?,
        Watch::Write(fd) => write!(into, "write fd {fd}")?,
        Watch::Clock { clock, timeout_ns, absolute } => {
            let clock = clock_name(*clock);
            let how = if *absolute { "at" } else { "in" };
            write!(into, "{clock} {how} {timeout_ns} ns")?;
        }
    }
    write!(into, " as {userdata:#x}")
}

fn event(into: &mut String, event: &Event) -> fmt::Result {
    match event.kind {
        EventKind::Clock => into.write_str("clock")?,
        EventKind::Read(ready) => direction(into, "readable", ready)?,
        EventKind::Write(ready) => direction(into, "writable", ready)?,
    }
    if event.errno != Errno::Success {
        write!(into, " {}", event.errno)?;
    }
    write!(into, " as {:#x}", event.userdata)
}

fn direction(into: &mut String, name: &str, ready: Ready) -> fmt::Result {
    into.write_str(name)?;
    if ready.hangup {
        into.write_str(" hangup")?;
    }
    match ready.error {
        Some(errno) => write!(into, " error {errno}"),
        None => Ok(()),
    }
}

pub fn clock_name(clock: Clock) -> &'static str {
    match clock {
        Clock::Realtime => "realtime",
        Clock::Monotonic => "monotonic",
    }
}
