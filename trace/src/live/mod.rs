//! A guest while it runs: its sockets, bytes and polls a second. What is counted here; how it looks is `screen.rs`'s.

mod screen;
mod terminal;

pub use screen::LiveScreen;
pub use terminal::LiveTerminal;

use crate::{Entry, Header, Kind, Observe, Userdata, escaped};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Seconds or ticks of polls that are remembered.
const HISTORY: usize = 120;
/// Lines of what the guest wrote that are remembered.
const LINES: usize = 50;
/// Letters of one such line.
const LINE_LETTERS: usize = 400;

/// Counts what guests do, and tells it while they run. Clones count together.
///
/// ```
/// use std::time::Duration;
/// use wasi_poll_trace::live::Live;
/// use wasi_poll_trace::{Entry, Observe};
///
/// let mut live = Live::new();
/// let mut read = Entry::on("fd_read", 4, 0);
/// (read.bytes, read.errno) = (Some(1_000), Some("ESUCCESS".into()));
/// live.entry(&read);
/// assert_eq!(
///     live.tick(Duration::from_millis(500)).to_string(),
///     "1 sockets, 0 polls/s, 2 calls/s, 2.0 kB/s in, 0 B/s out, 0 % of events spurious"
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Live {
    counts: Arc<Mutex<Counts>>,
    /// Which worker of several.
    worker: Option<String>,
}

#[derive(Debug, Default)]
struct Counts {
    now: Totals,
    /// As of the last tick.
    before: Totals,
    sockets: BTreeMap<(Option<String>, u32), Socket>,
    /// What each userdata in a readiness set stands for, and the other way round.
    fds: BTreeMap<(Option<String>, Userdata, Kind), u32>,
    userdata: BTreeMap<(Option<String>, u32, Kind), Userdata>,
    /// Told, and no call was made on it since.
    told: BTreeSet<(Option<String>, u32, Kind)>,
    /// Polls a second, tick by tick.
    history: VecDeque<u64>,
    lines: VecDeque<String>,
    unfinished: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    calls: u64,
    polls: u64,
    events: u64,
    spurious: u64,
    bytes_in: u64,
    bytes_out: u64,
}

/// One socket that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// Its fd and peer, with nothing in it that a terminal would obey.
    pub name: String,
    /// Bytes taken from it.
    pub bytes_in: u64,
    /// Bytes sent to it.
    pub bytes_out: u64,
    /// Bytes of both since the last tick.
    pub recent: u64,
}

/// How it is at a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The sockets that are open, the busiest first.
    pub sockets: Vec<Socket>,
    /// Polls a second since the last tick.
    pub polls: u64,
    /// Calls a second.
    pub calls: u64,
    /// Bytes a second taken.
    pub bytes_in: u64,
    /// Bytes a second sent.
    pub bytes_out: u64,
    /// In percent: the share of the events behind which the first call would have blocked.
    pub spurious: u64,
    /// Polls a second at the ticks before, the oldest first.
    pub history: Vec<u64>,
    /// What the guest wrote last, escaped.
    pub lines: Vec<String>,
}

impl Live {
    /// One that has counted nothing.
    pub fn new() -> Live {
        Live::default()
    }

    /// The same, for one worker of several.
    #[must_use]
    pub fn of_worker(&self, name: &str) -> Live {
        Live { worker: Some(name.to_owned()), ..self.clone() }
    }

    /// Takes in what a guest wrote, to be shown with the rest.
    pub fn wrote(&self, bytes: &[u8]) {
        let mut counts = self.lock();
        for letter in String::from_utf8_lossy(bytes).chars() {
            if letter != '\n' {
                if counts.unfinished.chars().count() < LINE_LETTERS {
                    counts.unfinished.push(letter);
                }
                continue;
            }
            let line = escaped(&std::mem::take(&mut counts.unfinished));
            counts.lines.push_back(line);
            if counts.lines.len() > LINES {
                counts.lines.pop_front();
            }
        }
    }

    /// How it is, `elapsed` after the last tick.
    pub fn tick(&self, elapsed: Duration) -> Sample {
        let mut counts = self.lock();
        let (now, before) = (counts.now, counts.before);
        let ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = |now: u64, before: u64| (now - before).saturating_mul(1_000) / ms;
        counts.before = now;
        let polls = rate(now.polls, before.polls);
        counts.history.push_back(polls);
        if counts.history.len() > HISTORY {
            counts.history.pop_front();
        }
        let mut sockets: Vec<Socket> = counts.sockets.values().cloned().collect();
        sockets.sort_by_key(|socket| std::cmp::Reverse((socket.recent, socket.bytes_in + socket.bytes_out)));
        for socket in counts.sockets.values_mut() {
            socket.recent = 0;
        }
        let events = now.events - before.events;
        Sample {
            sockets,
            polls,
            calls: rate(now.calls, before.calls),
            bytes_in: rate(now.bytes_in, before.bytes_in),
            bytes_out: rate(now.bytes_out, before.bytes_out),
            spurious: ((now.spurious - before.spurious) * 100).checked_div(events).unwrap_or(0).min(100),
            history: counts.history.iter().copied().collect(),
            lines: counts.lines.iter().cloned().collect(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Live {
    fn begin(&mut self, _: &Header) {}

    fn entry(&mut self, entry: &Entry) {
        let guest = self.worker.clone().or_else(|| entry.guest.clone());
        self.lock().entry(guest, entry);
    }
}

impl Counts {
    fn entry(&mut self, guest: Option<String>, entry: &Entry) {
        self.now.calls += 1;
        if entry.is_poll() {
            self.now.polls += 1;
        }
        for change in &entry.changes {
            let Some(fd) = change.subscription.fd else { continue };
            self.forgotten(guest.as_ref(), fd, change.subscription.kind);
            if !change.removed {
                let (userdata, kind) = (change.subscription.userdata, change.subscription.kind);
                self.fds.insert((guest.clone(), userdata, kind), fd);
                self.userdata.insert((guest.clone(), fd, kind), userdata);
            }
        }
        for event in entry.events.iter().filter(|event| event.kind != Kind::Clock) {
            self.now.events += 1;
            let in_array = entry.subscriptions.iter().find(|subscription| {
                (subscription.userdata, subscription.kind) == (event.userdata, event.kind)
            });
            let in_set = || self.fds.get(&(guest.clone(), event.userdata, event.kind)).copied();
            if let Some(fd) = in_array.and_then(|subscription| subscription.fd).or_else(in_set) {
                self.told.insert((guest.clone(), fd, event.kind));
            }
        }
        let Some(fd) = entry.fd else { return };
        let (takes, kind) = match &*entry.call {
            "fd_read" | "sock_recv" | "sock_accept" => (true, Kind::Read),
            "fd_write" | "sock_send" => (false, Kind::Write),
            "fd_close" if entry.succeeded() => {
                self.closed(guest.as_ref(), fd);
                return;
            }
            _ => {
                self.opened(guest.as_ref(), entry);
                return;
            }
        };
        if self.told.remove(&(guest.clone(), fd, kind)) && entry.answered("EAGAIN") {
            self.now.spurious += 1;
        }
        self.opened(guest.as_ref(), entry);
        let bytes = u64::from(entry.bytes.unwrap_or(0));
        // A readiness set's records are no bytes of a socket.
        if bytes == 0 || !entry.changes.is_empty() || entry.set {
            return;
        }
        let socket = self.sockets.entry((guest, fd)).or_default();
        if socket.name.is_empty() {
            socket.name = format!("fd {fd}");
        }
        socket.recent += bytes;
        if takes {
            socket.bytes_in += bytes;
            self.now.bytes_in += bytes;
        } else {
            socket.bytes_out += bytes;
            self.now.bytes_out += bytes;
        }
    }

    fn opened(&mut self, guest: Option<&String>, entry: &Entry) {
        let Some(new) = entry.new_fd.filter(|_| entry.succeeded()) else { return };
        let worker = guest.map_or(String::new(), |guest| format!("{} ", escaped(guest)));
        let name = match (entry.peer, &entry.path) {
            (Some(peer), _) => format!("{worker}fd {new} ← {peer}"),
            (None, Some(path)) => format!("{worker}fd {new} {}", escaped(path)),
            (None, None) => format!("{worker}fd {new}"),
        };
        self.sockets.insert((guest.cloned(), new), Socket { name, ..Socket::default() });
    }

    fn closed(&mut self, guest: Option<&String>, fd: u32) {
        self.sockets.remove(&(guest.cloned(), fd));
        for kind in [Kind::Read, Kind::Write] {
            self.told.remove(&(guest.cloned(), fd, kind));
            self.forgotten(guest, fd, kind);
        }
    }

    fn forgotten(&mut self, guest: Option<&String>, fd: u32, kind: Kind) {
        if let Some(userdata) = self.userdata.remove(&(guest.cloned(), fd, kind)) {
            self.fds.remove(&(guest.cloned(), userdata, kind));
        }
    }
}

/// One line, for where there is no terminal.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sample { sockets, polls, calls, spurious, .. } = self;
        let (bytes_in, bytes_out) = (bytes(self.bytes_in), bytes(self.bytes_out));
        write!(
            f,
            "{} sockets, {polls} polls/s, {calls} calls/s, {bytes_in}/s in, {bytes_out}/s out, {spurious} % of events \
             spurious",
            sockets.len()
        )
    }
}

/// A number of bytes for people: two digits at least, in the unit that leaves few.
fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let float = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", float / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", float / 1e6),
        _ => format!("{:.1} GB", float / 1e9),
    }
}
