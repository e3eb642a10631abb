//! What of a guest the rules share: its open fds, what it subscribes to, and its polls with the calls behind each.

use crate::{Entry, Kind, ReadyFd, Subscription, Userdata};
use std::collections::{BTreeMap, BTreeSet};

/// A subscription to an fd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest {
    pub fd: u32,
    pub kind: Kind,
    pub userdata: Userdata,
}

/// An event, and the fd its subscription is to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The call that told it.
    pub n: u64,
    pub fd: u32,
    pub kind: Kind,
    pub userdata: Userdata,
    pub hangup: bool,
    /// The subscription failed, by this errno.
    pub failed: Option<String>,
    pub error: bool,
}

/// A poll, and what the guest did until the next.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// The poll's number.
    pub n: u64,
    pub at_ns: u64,
    pub took_ns: u64,
    pub interests: BTreeSet<Interest>,
    /// The soonest clock that was given as a span, rather than a reading.
    pub timeout_ns: Option<u64>,
    /// A clock rang.
    pub rang: bool,
    pub told: Vec<Told>,
    pub ready: Vec<ReadyFd>,
    /// The calls behind it.
    pub calls: Vec<Entry>,
}

impl Turn {
    pub fn until_ns(&self) -> u64 {
        self.at_ns.saturating_add(self.took_ns)
    }

    pub fn waited(&self) -> bool {
        self.took_ns >= super::WAITED_NS
    }

    pub fn subscribes(&self, fd: u32, kind: Kind) -> bool {
        self.interests.iter().any(|interest| interest.fd == fd && interest.kind == kind)
    }

    pub fn is_ready(&self, fd: u32, kind: Kind) -> bool {
        self.ready
            .iter()
            .any(|ready| ready.fd == fd && if kind == Kind::Write { ready.write } else { ready.read })
    }

    /// Whether the guest got anywhere behind this poll: bytes, connections, fds, or another interest.
    pub fn progressed(&self, next: &Turn) -> bool {
        let moved = |entry: &Entry| {
            entry.succeeded()
                && (entry.bytes.is_some_and(|bytes| bytes > 0)
                    || entry.new_fd.is_some()
                    || entry.changes.iter().any(|change| change.subscription.fd.is_some())
                    || matches!(&*entry.call, "fd_close" | "fd_renumber" | "sock_shutdown"))
        };
        self.calls.iter().any(moved) || self.interests != next.interests
    }
}

/// What an fd is, by how it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    Stream,
    Listener,
    Datagrams,
    /// A readiness set.
    Set,
}

/// How a subscription stands in a readiness set.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    /// It stays when it was told, and is quiet until its direction was drained.
    edge: bool,
    quiet: bool,
}

/// One guest's fds and interests.
#[derive(Debug, Default)]
pub struct Model {
    open: BTreeMap<u32, Opened>,
    /// The fds that were closed and not opened again, by the number of the call.
    closed: BTreeMap<u32, u64>,
    /// What each readiness set subscribes to.
    sets: BTreeMap<u32, BTreeMap<Interest, Member>>,
    /// What the last poll's array subscribed to.
    array: BTreeSet<Interest>,
}

impl Model {
    /// What `fd` is, if the trace shows it.
    pub fn opened(&self, fd: u32) -> Option<Opened> {
        self.open.get(&fd).copied()
    }

    /// The call that closed `fd`, unless it was opened again.
    pub fn closed_by(&self, fd: u32) -> Option<u64> {
        self.closed.get(&fd).copied()
    }

    /// Takes in a poll.
    pub fn turn(&mut self, poll: &Entry) -> Turn {
        self.array = poll.subscriptions.iter().filter_map(interest).collect();
        let clocks = poll.subscriptions.iter().filter(|subscription| subscription.kind == Kind::Clock);
        let timeout_ns = clocks.filter(|clock| !clock.absolute).filter_map(|clock| clock.timeout_ns).min();
        let mut interests: BTreeSet<Interest> =
            self.array.iter().copied().filter(|interest| !self.sets.contains_key(&interest.fd)).collect();
        let watched = |fd: &u32| self.array.iter().any(|interest| interest.fd == *fd);
        for (_, members) in self.sets.iter().filter(|(fd, _)| watched(fd)) {
            interests.extend(heard(members));
        }
        Turn {
            n: poll.n,
            at_ns: poll.at_ns,
            took_ns: poll.took_ns,
            timeout_ns,
            rang: poll.events.iter().any(|event| event.kind == Kind::Clock),
            told: told(poll, self.array.iter()).filter(|told| !self.sets.contains_key(&told.fd)).collect(),
            ready: poll.ready.iter().filter(|ready| !self.sets.contains_key(&ready.fd)).copied().collect(),
            interests,
            calls: Vec::new(),
        }
    }

    /// Whether a call is a poll of its own: not if it only takes what a poll has told of its readiness set.
    pub fn is_poll(&self, entry: &Entry) -> bool {
        match entry.fd {
            Some(set) => entry.is_poll() && !self.array.iter().any(|interest| interest.fd == set),
            None => entry.is_poll() && !entry.subscriptions.is_empty(),
        }
    }

    /// Takes in a read of a readiness set that is a poll of its own.
    pub fn set_turn(&mut self, read: &Entry) -> Turn {
        let interests = read.fd.and_then(|set| self.sets.get(&set)).map(heard);
        Turn {
            n: read.n,
            at_ns: read.at_ns,
            took_ns: read.took_ns,
            timeout_ns: read.timeout_ns,
            rang: read.answered("EAGAIN") && read.timeout_ns != Some(0),
            interests: interests.into_iter().flatten().collect(),
            told: self.takes(read),
            ready: read.ready.clone(),
            calls: Vec::new(),
        }
    }

    /// What a readiness set tells in a read. That ends the subscriptions which don't stay.
    fn takes(&mut self, read: &Entry) -> Vec<Told> {
        let members = read.fd.filter(|_| read.set).and_then(|set| self.sets.get_mut(&set));
        let Some(members) = members else { return Vec::new() };
        let told: Vec<Told> = told(read, members.keys()).collect();
        members.retain(|interest, member| {
            let is_told = |told: &&Told| (told.fd, told.kind) == (interest.fd, interest.kind);
            let Some(told) = told.iter().find(is_told) else { return true };
            member.quiet = true;
            member.edge && told.failed.is_none()
        });
        told
    }

    /// A call that drained a direction ends the quiet of what is subscribed to that.
    fn drained_by(&mut self, entry: &Entry) {
        let kind = match &*entry.call {
            "fd_read" | "sock_recv" | "sock_accept" => Kind::Read,
            "fd_write" | "sock_send" => Kind::Write,
            _ => return,
        };
        let is_short = matches!((entry.asked, entry.bytes), (Some(asked), Some(bytes)) if bytes < asked)
            && !(kind == Kind::Read && entry.bytes == Some(0));
        if is_short || entry.answered("EAGAIN") || entry.answered("EINTR") {
            let members = self.sets.values_mut().flat_map(BTreeMap::iter_mut);
            for (_, member) in members.filter(|(of, _)| (Some(of.fd), of.kind) == (entry.fd, kind)) {
                member.quiet = false;
            }
        }
    }

    /// Takes in any other call, behind the poll of `turn`, and gives what a readiness set told by it.
    pub fn call(&mut self, entry: &Entry, turn: Option<&mut Turn>) -> Vec<Told> {
        let told = self.takes(entry);
        self.drained_by(entry);
        if let Some(turn) = turn {
            turn.told.extend_from_slice(&told);
            turn.calls.push(Entry { data: None, ..entry.clone() });
        }
        if entry.succeeded() {
            self.changed_by(entry);
        }
        told
    }

    fn changed_by(&mut self, entry: &Entry) {
        if let (Some(fd), false) = (entry.fd, entry.changes.is_empty()) {
            let members = self.sets.entry(fd).or_default();
            for change in &entry.changes {
                let Some(interest) = interest(&change.subscription) else { continue };
                members.retain(|member, _| (member.fd, member.kind) != (interest.fd, interest.kind));
                if !change.removed {
                    members.insert(interest, Member { edge: change.edge, quiet: false });
                }
            }
        }
        match (&*entry.call, entry.fd, entry.new_fd) {
            ("sock_accept", Some(listener), Some(new)) => {
                self.open.insert(listener, Opened::Listener);
                self.opens(new, Some(Opened::Stream));
            }
            ("path_open", _, Some(new)) => {
                let path = entry.path.as_deref().unwrap_or_default();
                self.opens(new, opened_by(path));
            }
            ("fd_close", Some(fd), _) => self.closes(fd, entry.n),
            ("fd_renumber", Some(fd), _) => {
                let moved = self.open.get(&fd).copied();
                self.closes(fd, entry.n);
                if let Some(onto) = entry.onto {
                    self.closes(onto, entry.n);
                    self.opens(onto, moved);
                }
            }
            _ => {}
        }
    }

    fn opens(&mut self, fd: u32, what: Option<Opened>) {
        self.closed.remove(&fd);
        match what {
            Some(what) => drop(self.open.insert(fd, what)),
            None => drop(self.open.remove(&fd)),
        }
        if what == Some(Opened::Set) {
            self.sets.insert(fd, BTreeMap::new());
        }
    }

    fn closes(&mut self, fd: u32, n: u64) {
        self.open.remove(&fd);
        self.sets.remove(&fd);
        self.closed.insert(fd, n);
    }
}

/// What of a readiness set would be told as soon as it is ready.
fn heard(members: &BTreeMap<Interest, Member>) -> impl Iterator<Item = Interest> + '_ {
    members.iter().filter(|(_, member)| !member.quiet).map(|(interest, _)| *interest)
}

/// The events of a call, with the fds that its subscriptions are to.
fn told<'a>(
    entry: &'a Entry,
    interests: impl Iterator<Item = &'a Interest> + Clone + 'a,
) -> impl Iterator<Item = Told> + 'a {
    entry.events.iter().filter_map(move |event| {
        let is_of = |interest: &&Interest| (interest.userdata, interest.kind) == (event.userdata, event.kind);
        let by = interests.clone().find(is_of)?;
        Some(Told {
            n: entry.n,
            fd: by.fd,
            kind: event.kind,
            userdata: event.userdata,
            hangup: event.hangup,
            failed: event.errno.as_deref().map(str::to_owned),
            error: event.error.is_some(),
        })
    })
}

fn interest(subscription: &Subscription) -> Option<Interest> {
    let fd = subscription.fd?;
    Some(Interest { fd, kind: subscription.kind, userdata: subscription.userdata })
}

/// What a path in the network directory opens.
fn opened_by(path: &str) -> Option<Opened> {
    let mut parts = path.split('/');
    match (parts.next()?, parts.next()) {
        ("tcp", Some("listen")) => Some(Opened::Listener),
        ("tcp", _) => Some(Opened::Stream),
        ("udp", _) => Some(Opened::Datagrams),
        ("poll", None) => Some(Opened::Set),
        _ => None,
    }
}
