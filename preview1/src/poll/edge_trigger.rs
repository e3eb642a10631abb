//! `EdgeTrigger`, by which a poll tells of a socket as epoll does with `EPOLLET`: what was told, and what is
//! hidden since. What is ready is `look.rs`'s.

use crate::transfer::Direction;
use crate::watches::Watched;
use crate::{Errno, Event, Network, Process, Subscription, Watch};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Has `poll_oneoff` tell what a native program would be told by epoll with `EPOLLET`. Clones are the same.
///
/// preview1 is level-triggered: a guest that leaves bytes unread is told of them by its next poll. A native program on
/// mio is not, and hangs. Under this a guest hangs where the native one would.
///
/// # The rule
/// A subscription, which is a direction of an fd with its userdata, is told when its socket is ready, and from then
/// on hidden, until
///
/// - something is added to what the socket is ready for, in either direction: bytes, a connection, room after there
///   was none, an end, an error ([`Network`]'s edge); or
/// - a `poll_oneoff` was made without it, or with another userdata: that is `EPOLL_CTL_DEL` or `MOD`, and what asks
///   again is told what is there; or
/// - its fd is closed: the next of that number is another.
///
/// So who receives or accepts until `EAGAIN`, or less than asked for, misses nothing, for what comes then is an edge.
/// Clocks, files and the readiness of readiness sets are told as ever. So are the sockets in a readiness
/// set: what that tells is subscribed no more, or quiet until it was drained.
///
/// ```
/// use wasi_poll_preview1::{EdgeTrigger, MemoryNetwork, Process};
/// let trigger = EdgeTrigger::default();
/// let mut process = Process::new(MemoryNetwork::new());
/// process.set_edge_trigger(trigger.clone());
/// assert_eq!(trigger.hidden(), []);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EdgeTrigger(Arc<Mutex<State>>);

/// A subscription that is ready, and isn't told for it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Of this fd.
    pub fd: u32,
    /// To be written, and not read.
    pub write: bool,
    /// The subscription's.
    pub userdata: u64,
    /// When the poll ended that told it, on the network's clock.
    pub told_ns: u64,
}

#[derive(Debug, Default)]
struct State {
    /// When each was told.
    told: BTreeMap<Told, u64>,
    /// What the poll that looks now will have told, if it ends with that.
    telling: Vec<Told>,
    /// What it hides.
    hidden: Vec<Hidden>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    fd: u32,
    write: bool,
    userdata: u64,
}

impl EdgeTrigger {
    /// What the poll that waits now would tell if it were level-triggered, by fd; nothing after a poll that has ended.
    pub fn hidden(&self) -> Vec<Hidden> {
        let mut hidden = self.lock().hidden.clone();
        hidden.sort_by_key(|hidden| (hidden.fd, hidden.write, hidden.userdata));
        hidden
    }

    /// A poll begins: what it doesn't subscribe to is forgotten.
    pub(super) fn begins(&self, subscriptions: &[Subscription]) {
        let told = |subscription: &Subscription| {
            let (fd, write) = match subscription.watch {
                Watch::Read(fd) => (fd, false),
                Watch::Write(fd) => (fd, true),
                Watch::Clock { .. } => return None,
            };
            Some(Told { fd, write, userdata: subscription.userdata })
        };
        let subscribed: BTreeSet<Told> = subscriptions.iter().filter_map(told).collect();
        self.lock().told.retain(|told, _| subscribed.contains(told));
    }

    /// The poll looks at everything, perhaps once more.
    pub(super) fn looks(&self) {
        let mut state = self.lock();
        state.telling.clear();
        state.hidden.clear();
    }

    /// Whether a socket's event is told.
    pub(super) fn tells(&self, watch: &Watched, event: &Event) -> bool {
        if event.errno != Errno::Success {
            return true;
        }
        let mut state = self.lock();
        let (fd, write, userdata) = (watch.fd, watch.direction == Direction::Write, watch.userdata);
        let told = Told { fd, write, userdata };
        if let Some(&told_ns) = state.told.get(&told) {
            state.hidden.push(Hidden { fd, write, userdata, told_ns });
            return false;
        }
        state.telling.push(told);
        true
    }

    /// The poll has ended with what it found.
    pub(super) fn has_told(&self, now_ns: u64) {
        let mut state = self.lock();
        state.hidden.clear();
        while let Some(told) = state.telling.pop() {
            state.told.insert(told, now_ns);
        }
    }

    /// There is something new about `fd`, or it is something new.
    pub(super) fn forgets(&self, fd: u32) {
        self.lock().told.retain(|told, _| told.fd != fd);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Network> Process<N> {
    /// From now on, `poll_oneoff` tells by `trigger`'s rule.
    pub fn set_edge_trigger(&mut self, trigger: EdgeTrigger) {
        self.polling.trigger = Some(trigger);
    }
}
