//! A trace as a picture: lanes for polls and sockets, bars for polls, marks for bytes. How it is drawn, on a screen or as
//! SVG, is not known here.

mod screen;
mod show;
mod svg;
mod text;

pub use screen::Screen;
pub use show::{Show, show};
pub use svg::svg;
pub use text::text;

use crate::{Entry, Kind, Trace, Userdata, escaped};
use std::collections::{BTreeMap, BTreeSet};

/// What the way from left to right means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Time.
    #[default]
    Time,
    /// Calls: each is as wide as any other, however long it took.
    Calls,
}

/// A stretch from left to right: nanoseconds, or places of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: u64,
    /// Where it ends; not before it begins.
    pub to: u64,
}

impl Span {
    /// How long it is, at least 1.
    pub fn length(self) -> u64 {
        self.to.saturating_sub(self.from).max(1)
    }
}

/// What one call did to a lane. The later ones here hide the earlier, where there is room for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// A call that is none of the others.
    Other,
    /// It would have blocked.
    WouldBlock,
    /// A poll told it.
    Told,
    /// It was opened, or opened another.
    Opened,
    /// Bytes were taken.
    Read,
    /// Bytes were sent.
    Written,
    /// It was closed, or its end was read or told.
    Ended,
    /// It failed.
    Failed,
    /// No call: something that no guest did, such as a fault.
    Noted,
}

/// One call in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The entry's place in the trace, from 0.
    pub place: usize,
    /// What it did.
    pub mark: Mark,
}

/// One row of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// What stands before it, with nothing in it that a terminal would obey.
    pub label: String,
    /// Whose.
    pub guest: Option<String>,
    /// Of a socket: its fd. Without one, it is the lane of a guest's polls, or that of the notes.
    pub fd: Option<u32>,
    /// By what the guest knows it.
    pub userdata: BTreeSet<Userdata>,
    /// The places of the calls that opened it and closed it.
    pub life: (usize, usize),
    /// Its calls, in order.
    pub calls: Vec<Placed>,
}

impl Lane {
    /// Whether its calls are a guest's polls.
    pub fn is_polls(&self) -> bool {
        self.fd.is_none() && !self.is_notes()
    }

    /// Whether it has what no guest did.
    pub fn is_notes(&self) -> bool {
        self.calls.first().is_some_and(|placed| placed.mark == Mark::Noted)
    }
}

/// What one call takes up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it began, and ended.
    pub time: Span,
    /// Of a poll: whether it told anything but the time.
    pub brought: bool,
}

/// A trace, laid out.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Its rows: the notes, then of each guest its polls, and its sockets in the order they were opened.
    pub lanes: Vec<Lane>,
    /// What each entry takes up, by its place.
    pub stretches: Vec<Stretch>,
    entries: Vec<Entry>,
}

impl Picture {
    /// Lays a trace out.
    pub fn new(trace: &Trace) -> Picture {
        let mut layout = Layout::default();
        for (place, entry) in trace.entries.iter().enumerate() {
            layout.entry(place, entry);
        }
        let mut lanes = layout.lanes;
        for lane in layout.open.into_values() {
            lanes[lane].life.1 = trace.entries.len().saturating_sub(1);
        }
        // A guest's polls stand above its sockets, and guests in the order they came.
        let mut guests: Vec<Option<String>> = Vec::new();
        for lane in lanes.iter().filter(|lane| !lane.is_notes()) {
            if !guests.contains(&lane.guest) {
                guests.push(lane.guest.clone());
            }
        }
        lanes.sort_by_key(|lane| {
            let guest = guests.iter().position(|guest| *guest == lane.guest);
            (!lane.is_notes(), guest, lane.fd.is_some(), lane.life.0, lane.fd)
        });
        let stretches = trace.entries.iter().map(|entry| Stretch {
            time: Span { from: entry.at_ns, to: entry.until_ns() },
            brought: entry.events.iter().any(|event| event.kind != Kind::Clock),
        });
        Picture { lanes, stretches: stretches.collect(), entries: trace.entries.clone() }
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// From the first call to the last.
    pub fn whole(&self, scale: Scale) -> Span {
        match scale {
            Scale::Calls => Span { from: 0, to: self.stretches.len() as u64 },
            Scale::Time => Span {
                from: self.stretches.iter().map(|stretch| stretch.time.from).min().unwrap_or(0),
                to: self.stretches.iter().map(|stretch| stretch.time.to).max().unwrap_or(0),
            },
        }
    }

    /// Where the entry of this place lies.
    pub fn span(&self, place: usize, scale: Scale) -> Span {
        match scale {
            Scale::Calls => Span { from: place as u64, to: place as u64 + 1 },
            Scale::Time => self.stretches[place].time,
        }
    }

    /// The rows that `filter` lets through.
    pub fn filtered(&self, filter: &Filter) -> Vec<&Lane> {
        self.lanes.iter().filter(|lane| filter.matches(lane)).collect()
    }
}

/// Which rows are wanted: `fd 5`, `0x2` (a userdata), or a part of a label. Polls always are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(pub String);

impl Filter {
    fn matches(&self, lane: &Lane) -> bool {
        let wanted = self.0.trim();
        let Some(fd) = lane.fd else { return true };
        if let Some(number) = wanted.strip_prefix("fd ") {
            return number.trim().parse() == Ok(fd);
        }
        if wanted.starts_with("0x")
            && let Ok(userdata) = wanted.parse::<Userdata>()
        {
            return lane.userdata.contains(&userdata);
        }
        wanted.is_empty() || lane.label.contains(wanted)
    }
}

#[derive(Default)]
struct Layout {
    lanes: Vec<Lane>,
    /// The lane of each open fd, and of each guest's polls.
    open: BTreeMap<(Option<String>, Option<u32>), usize>,
    /// Each userdata's fd, as last subscribed.
    fds: BTreeMap<(Option<String>, Userdata, Kind), u32>,
    /// The lane of the notes.
    notes: Option<usize>,
}

impl Layout {
    fn entry(&mut self, place: usize, entry: &Entry) {
        if entry.call == "note" {
            self.note(place);
            return;
        }
        // One that ends may be of an fd that is closed already.
        let begun = entry.changes.iter().filter(|change| !change.removed);
        let changes = begun.map(|change| &change.subscription);
        for subscription in entry.subscriptions.iter().chain(changes) {
            let Some(fd) = subscription.fd else { continue };
            self.fds.insert((entry.guest.clone(), subscription.userdata, subscription.kind), fd);
            let lane = self.lane(place, entry, Some(fd));
            self.lanes[lane].userdata.insert(subscription.userdata);
        }
        for event in &entry.events {
            let Some(&fd) = self.fds.get(&(entry.guest.clone(), event.userdata, event.kind)) else {
                continue;
            };
            let ended = event.hangup || event.error.is_some();
            let mark = if event.errno.is_some() {
                Mark::Failed
            } else if ended {
                Mark::Ended
            } else {
                Mark::Told
            };
            self.mark(place, entry, Some(fd), mark);
        }
        match &*entry.call {
            _ if entry.is_poll() => {
                let is_over = entry.succeeded() || entry.set && entry.answered("EAGAIN");
                let is_refused = entry.errno.is_some() && !is_over;
                self.mark(place, entry, None, if is_refused { Mark::Failed } else { Mark::Other });
            }
            "end" => self.mark(place, entry, None, Mark::Ended),
            _ => self.call(place, entry),
        }
    }

    fn note(&mut self, place: usize) {
        let lane = *self.notes.get_or_insert_with(|| {
            let (label, calls) = ("notes".to_owned(), Vec::new());
            let userdata = BTreeSet::new();
            self.lanes.push(Lane { label, guest: None, fd: None, userdata, life: (place, place), calls });
            self.lanes.len() - 1
        });
        self.lanes[lane].life.1 = place;
        self.lanes[lane].calls.push(Placed { place, mark: Mark::Noted });
    }

    fn call(&mut self, place: usize, entry: &Entry) {
        if let Some(fd) = entry.fd {
            self.mark(place, entry, Some(fd), mark_of(entry));
        }
        if !entry.succeeded() {
            return;
        }
        if let Some(new) = entry.new_fd {
            let label = match (&*entry.call, entry.peer, &entry.path) {
                ("sock_accept", Some(peer), _) => format!("fd {new} ← {peer}"),
                (_, _, Some(path)) => format!("fd {new} {}", opened(path)),
                _ => format!("fd {new}"),
            };
            self.close(place, entry, Some(new));
            let lane = self.lane(place, entry, Some(new));
            self.lanes[lane].label = self.named(entry, &label);
            self.mark(place, entry, Some(new), Mark::Opened);
        }
        if entry.call == "fd_close" {
            self.close(place, entry, entry.fd);
        }
        if entry.call == "fd_renumber" && entry.fd != entry.onto {
            self.close(place, entry, entry.onto);
            if let Some(lane) = self.open.remove(&(entry.guest.clone(), entry.fd)) {
                self.open.insert((entry.guest.clone(), entry.onto), lane);
            }
        }
    }

    fn close(&mut self, place: usize, entry: &Entry, fd: Option<u32>) {
        if let Some(lane) = self.open.remove(&(entry.guest.clone(), fd)) {
            self.lanes[lane].life.1 = place;
        }
    }

    fn mark(&mut self, place: usize, entry: &Entry, fd: Option<u32>, mark: Mark) {
        let lane = self.lane(place, entry, fd);
        self.lanes[lane].calls.push(Placed { place, mark });
    }

    fn lane(&mut self, place: usize, entry: &Entry, fd: Option<u32>) -> usize {
        let key = (entry.guest.clone(), fd);
        if let Some(&lane) = self.open.get(&key) {
            return lane;
        }
        let label = fd.map_or("polls".to_owned(), |fd| format!("fd {fd}"));
        self.lanes.push(Lane {
            label: self.named(entry, &label),
            guest: entry.guest.clone(),
            fd,
            userdata: BTreeSet::new(),
            life: (place, place),
            calls: Vec::new(),
        });
        self.open.insert(key, self.lanes.len() - 1);
        self.lanes.len() - 1
    }

    #[expect(clippy::unused_self, reason = "a label is the layout's to make")]
    fn named(&self, entry: &Entry, label: &str) -> String {
        entry.guest.as_ref().map_or(label.to_owned(), |guest| format!("{} {label}", escaped(guest)))
    }
}

/// What a path in the network directory opened, in few letters.
fn opened(path: &str) -> String {
    let shown = match path.split_once("tcp/connect/") {
        Some(("", peer)) => format!("→ {peer}"),
        _ => path.strip_prefix("tcp/").unwrap_or(path).replacen('/', " ", 1),
    };
    escaped(&shown)
}

fn mark_of(entry: &Entry) -> Mark {
    if entry.answered("EAGAIN") {
        return Mark::WouldBlock;
    }
    if !entry.succeeded() {
        return Mark::Failed;
    }
    match (&*entry.call, entry.bytes) {
        ("fd_read" | "sock_recv", Some(0)) | ("fd_close", _) => Mark::Ended,
        ("fd_read" | "sock_recv", Some(_)) => Mark::Read,
        ("fd_write" | "sock_send", Some(_)) if entry.changes.is_empty() => Mark::Written,
        ("sock_accept", _) => Mark::Opened,
        _ => Mark::Other,
    }
}

/// A time for people: in the unit that leaves few digits.
pub fn time(ns: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let ns_f = ns as f64;
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.3} µs", ns_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.3} ms", ns_f / 1e6),
        _ => format!("{:.3} s", ns_f / 1e9),
    }
}
