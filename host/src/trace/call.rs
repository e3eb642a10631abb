//! From a host call to its entry: what of the guest and its process is told.

use crate::Outcome;
use std::borrow::Cow;
use wasi_poll_preview1::net_dir::{ADDRESS_BYTES, Opened, decode_address};
use wasi_poll_preview1::{
    Accepted, Clock, Errno, Event, EventKind, Failure, Memory, Network, Polled, Process, Ready, Received,
    SUBSCRIPTION_BYTES, Subscription, Target, Watch,
};
use wasi_poll_trace::{self as trace, ClockName, Data, Entry, Kind, Userdata};

/// One host call, as its arguments name it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The function.
    pub name: &'static str,
    /// The fd it is about, if it is about one.
    pub fd: Option<u32>,
    /// The second fd of a renumbering.
    pub onto: Option<u32>,
    /// Its flags, where they say what it does.
    pub flags: Option<u32>,
}

impl Call {
    /// A call about no fd.
    pub fn new(name: &'static str) -> Call {
        Call { name, fd: None, onto: None, flags: None }
    }

    /// A call about one fd.
    pub fn on(name: &'static str, fd: u32) -> Call {
        Call { fd: Some(fd), ..Call::new(name) }
    }

    /// With these flags.
    pub fn flags(self, flags: u32) -> Call {
        Call { flags: Some(flags), ..self }
    }

    fn moves_bytes(&self) -> bool {
        matches!(self.name, "fd_read" | "fd_write" | "sock_recv" | "sock_send")
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
    Received(Received),
    Bytes(u32),
    /// What a link says, in the guest's memory.
    Link {
        pointer: u32,
        length: u32,
    },
    /// The subscriptions and events are the process's.
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
        Answer::Received(received)
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

/// A call that has just ended.
#[derive(Debug)]
pub struct Observed {
    pub call: Call,
    pub paths: Paths,
    pub end: End,
    /// When it began, on the guest's monotonic clock.
    pub at_ns: u64,
}

impl Observed {
    /// Its entry. The process and the memory are as the call left them.
    pub fn entry<N: Network>(self, process: &mut Process<N>, memory: &Memory<'_>, data: bool) -> Entry {
        let Observed { call, paths, end, at_ns } = self;
        let mut entry = Entry {
            fd: call.fd,
            onto: call.onto,
            flags: call.flags,
            path: paths.path,
            target: paths.target,
            took_ns: process.network().now_ns().saturating_sub(at_ns),
            ..Entry::call(call.name, at_ns)
        };
        match end {
            End::Answered(answer) => {
                entry.errno = Some(Cow::Borrowed(Errno::Success.name()));
                answered(&mut entry, answer, process, memory);
            }
            End::Refused(errno) => entry.errno = Some(Cow::Borrowed(errno.name())),
            End::Ended(why) => entry.ended = Some(why),
        }
        // A call that was refused for another reason decoded nothing, and what is kept is the one before it.
        if call.moves_bytes() && (entry.succeeded() || entry.answered(Errno::Again.name())) {
            buffers(&mut entry, process, memory, data);
        }
        if let Some(fd) = call.fd
            && process.target(fd) == Ok(Target::ReadinessSet)
        {
            exchanged(&mut entry, process, fd);
        }
        if call.name == "poll_oneoff" && (entry.succeeded() || entry.ended.is_some()) {
            let (subscriptions, events) = process.last_poll();
            entry.subscriptions = subscriptions.iter().map(subscription).collect();
            entry.events = events.iter().map(event).collect();
            entry.ready = ready(process);
        }
        entry
    }
}

fn answered<N: Network>(entry: &mut Entry, answer: Answer, process: &mut Process<N>, memory: &Memory<'_>) {
    let new_fd = match answer {
        Answer::Nothing | Answer::Polled => return,
        Answer::Received(received) => {
            entry.truncated = received.truncated;
            entry.bytes = Some(received.bytes);
            return;
        }
        Answer::Bytes(bytes) => {
            entry.bytes = Some(bytes);
            return;
        }
        Answer::Link { pointer, length } => {
            let value = memory.slice(pointer, length).unwrap_or_default();
            entry.value = Some(String::from_utf8_lossy(value).into_owned());
            return;
        }
        Answer::Opened(opened) => opened.fd,
        Answer::Accepted(accepted) => accepted.fd,
    };
    entry.new_fd = Some(new_fd);
    (entry.local, entry.peer) = process.addresses(new_fd);
    if let Answer::Accepted(accepted) = answer {
        entry.peer = Some(accepted.peer);
    }
}

/// What a call that moves bytes asked for, and with `data` what it moved.
fn buffers<N: Network>(entry: &mut Entry, process: &Process<N>, memory: &Memory<'_>, data: bool) {
    let buffers = process.last_buffers();
    entry.asked = Some(buffers.iter().map(|&(_, length)| length).sum());
    let Some(bytes) = entry.bytes else { return };
    let is_led = entry.fd.is_some_and(|fd| process.has_led_datagrams(fd));
    if !data && !is_led {
        return;
    }
    let mut moved = Vec::new();
    for &(pointer, length) in buffers {
        let left = bytes as usize - moved.len();
        // They were in bounds when the call was made, and memory only grows.
        moved.extend_from_slice(memory.slice(pointer, length.min(left as u32)).unwrap_or_default());
    }
    if is_led && let Some((address, _)) = moved.split_first_chunk::<ADDRESS_BYTES>() {
        entry.led_bytes = Some(ADDRESS_BYTES as u32);
        entry.peer = decode_address(address).ok();
    }
    entry.data = data.then_some(Data(moved));
}

/// What a write changed in a readiness set, or a read took from it.
fn exchanged<N: Network>(entry: &mut Entry, process: &mut Process<N>, fd: u32) {
    match &*entry.call {
        "fd_write" if entry.succeeded() => {
            // Where there was no room for all, the first so many were made.
            let made = entry.bytes.unwrap_or(0) / SUBSCRIPTION_BYTES;
            let changes = process.last_changes().iter().take(made as usize);
            entry.changes = changes
                .map(|change| trace::Change {
                    subscription: subscription(&Subscription {
                        userdata: change.userdata,
                        watch: change.watch,
                    }),
                    removed: change.unsubscribe,
                    edge: change.edge,
                })
                .collect();
        }
        "fd_read" if entry.succeeded() || entry.answered(Errno::Again.name()) || entry.ended.is_some() => {
            entry.set = true;
            entry.timeout_ns = process.set_waits_ns(fd);
            entry.ready = ready(process);
            if entry.succeeded() {
                entry.events = process.last_events().iter().map(event).collect();
            }
        }
        _ => {}
    }
}

fn ready<N: Network>(process: &mut Process<N>) -> Vec<trace::ReadyFd> {
    let ready = process.ready_fds().into_iter();
    ready.map(|ready| trace::ReadyFd { fd: ready.fd, read: ready.read, write: ready.write }).collect()
}

fn subscription(subscription: &Subscription) -> trace::Subscription {
    let mut told = trace::Subscription {
        userdata: Userdata(subscription.userdata),
        kind: Kind::Read,
        fd: None,
        clock: None,
        timeout_ns: None,
        absolute: false,
    };
    match subscription.watch {
        Watch::Read(fd) => told.fd = Some(fd),
        Watch::Write(fd) => (told.kind, told.fd) = (Kind::Write, Some(fd)),
        Watch::Clock { clock, timeout_ns, absolute } => {
            told.kind = Kind::Clock;
            told.clock = Some(clock_name(clock));
            told.timeout_ns = Some(timeout_ns);
            told.absolute = absolute;
        }
    }
    told
}

fn event(event: &Event) -> trace::Event {
    let (kind, ready) = match event.kind {
        EventKind::Clock => (Kind::Clock, Ready::default()),
        EventKind::Read(ready) => (Kind::Read, ready),
        EventKind::Write(ready) => (Kind::Write, ready),
    };
    trace::Event {
        userdata: Userdata(event.userdata),
        kind,
        errno: (event.errno != Errno::Success).then(|| Cow::Borrowed(event.errno.name())),
        nbytes: ready.bytes,
        hangup: ready.hangup,
        error: ready.error.map(|errno| Cow::Borrowed(errno.name())),
    }
}

/// That of a clock's reading, or its resolution.
pub fn clock_entry(name: &'static str, clock: u32, at_ns: u64, answer: &Result<u64, Failure>) -> Entry {
    let mut entry = Entry::call(name, at_ns);
    entry.clock = match clock {
        0 => Some(ClockName::Realtime),
        1 => Some(ClockName::Monotonic),
        _ => None,
    };
    match answer {
        Ok(time_ns) => {
            entry.time_ns = Some(*time_ns);
            entry.errno = Some(Cow::Borrowed(Errno::Success.name()));
        }
        Err(Failure::Errno(errno)) => entry.errno = Some(Cow::Borrowed(errno.name())),
        Err(Failure::Trap(trap)) => entry.ended = Some(trap.to_string()),
    }
    entry
}

/// That of a guest's end.
pub fn end_entry(outcome: &Outcome, at_ns: u64) -> Entry {
    let mut entry = Entry::call("end", at_ns);
    match outcome {
        Outcome::Exited(code) => entry.code = Some(*code),
        Outcome::Trapped { message, .. } => entry.ended = Some(format!("trapped: {message}")),
        Outcome::Killed => entry.ended = Some("killed".to_owned()),
        Outcome::TimedOut => entry.ended = Some("killed by --timeout".to_owned()),
        Outcome::OutOfCpuTime => entry.ended = Some("killed by --max-cpu".to_owned()),
        Outcome::Finished => entry.ended = Some("finished".to_owned()),
    }
    entry
}

/// As a trace names it.
fn clock_name(clock: Clock) -> ClockName {
    match clock {
        Clock::Realtime => ClockName::Realtime,
        Clock::Monotonic => ClockName::Monotonic,
    }
}
