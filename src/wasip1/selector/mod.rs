//! `Selector`, which turns registrations into `poll_oneoff` subscriptions and their events into edges.
//! It does no I/O of its own: the host's call is handed in, and operations on sources only tell it.
//!
//! How `poll_oneoff` differs from epoll, and what is done about it:
//! - The whole set is handed over at every call. So the host keeps it, where it can (`readiness_set`). Where
//!   not, it is kept as that array, always (`subscriptions`), and the registrations know their places in it.
//! - It is level-triggered. So a direction that was reported leaves the array (`Selector::receive`),
//!   and comes back when an operation on the source drained it (`Selector::drained`), at a reregister,
//!   or at once where operations can't be seen (`Trigger::Level`).
//! - It has no room limit but the set's own size. So what the caller has no room for waits in a queue,
//!   at most once a registration, first come, first served.
//! - Userdata comes back as it went. It is the registration's key (`Key::userdata`), so an event for
//!   one that is gone finds nobody.
//! - Nothing else can end the wait. So a waker is a registration that is queued by hand.

mod armed;
mod fd_map;
mod readiness_set;
mod registration;
mod subscriptions;

#[cfg(test)]
mod checks;
#[cfg(test)]
mod model_test;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use slab::Slab;
use wasi::{ERRNO_SUCCESS, EVENTRWFLAGS_FD_READWRITE_HANGUP, Eventrwflags};

use super::event::{Event, Events, Readiness};
use super::{Interest, Token};
use armed::{Armed, Standing};
use fd_map::FdMap;
pub(crate) use readiness_set::Change;
#[cfg(test)]
pub(crate) use readiness_set::{EDGE, UNSUBSCRIBE};
use registration::Registration;
pub(crate) use registration::{Direction, Key, Trigger};
use subscriptions::Moved;
#[cfg(test)]
pub(crate) use subscriptions::direction;

/// What a poll asks of the host.
pub(crate) trait Host {
    /// Waits until a subscription has an event, and replaces what is in `events` by what there is.
    fn poll_oneoff(
        &mut self,
        subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()>;

    /// Writes changes to a readiness set, and tells how many of them were made: at least one.
    fn write_changes(&mut self, set: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize>;

    /// Replaces what is in `events` by what a readiness set has, at most `room` of them, without waiting.
    fn read_events(
        &mut self,
        set: BorrowedFd<'_>,
        events: &mut Vec<wasi::Event>,
        room: usize,
    ) -> io::Result<()>;
}

/// The bit of an event's `flags` beside HANGUP: an error is pending on the socket, and `nbytes` is its
/// errno. Only hosts that know this poller set it; the event's own `error` would fail stock mio's whole
/// poll.
const EVENTRWFLAGS_FD_READWRITE_ERROR: Eventrwflags = 1 << 1;

/// Every registration of one `Poll`.
pub(crate) struct Selector {
    registrations: Slab<Registration>,
    by_fd: FdMap,
    /// The armed directions.
    armed: Armed,
    /// Registrations with something pending, in the order they became ready. A key whose registration
    /// is gone is skipped.
    ready: VecDeque<Key>,
    /// The host's events, kept for their memory.
    returned: Vec<wasi::Event>,
    next_generation: u32,
}

impl Selector {
    /// One whose subscriptions the host keeps in `set`, if there is one.
    pub(crate) fn new(set: Option<OwnedFd>) -> Selector {
        Selector {
            registrations: Slab::new(),
            by_fd: FdMap::default(),
            armed: Armed::new(set),
            ready: VecDeque::new(),
            returned: Vec::new(),
            next_generation: 0,
        }
    }

    /// Starts watching `fd`, every direction of `interest` armed.
    pub(crate) fn register(
        &mut self,
        fd: RawFd,
        token: Token,
        interest: Interest,
        trigger: Trigger,
    ) -> io::Result<Key> {
        if fd < 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{fd} is no file descriptor")));
        }
        if let Some(index) = self.by_fd.get(fd) {
            // Somebody closed a bare descriptor without deregistering it, and its number came back.
            let earlier = &self.registrations[index];
            if !earlier.is_closed() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    format!("file descriptor {fd} is registered already"),
                ));
            }
            self.remove(earlier.key);
        }
        let index = self.insert(Some(fd), token, interest);
        self.registrations[index].trigger = trigger;
        self.by_fd.insert(fd, index);
        self.arm_all(index);
        Ok(self.registrations[index].key)
    }

    /// Replaces token and interest, and asks the host anew in every direction of interest.
    pub(crate) fn reregister(&mut self, fd: RawFd, token: Token, interest: Interest) -> io::Result<()> {
        let index = self.by_fd.get(fd).ok_or_else(|| not_registered(fd))?;
        for direction in Direction::BOTH {
            self.disarm(index, direction);
        }
        let registration = &mut self.registrations[index];
        registration.token = token;
        registration.interest = interest;
        registration.pending = Readiness::EMPTY;
        registration.refused = None;
        self.arm_all(index);
        Ok(())
    }

    /// Stops watching `fd`.
    pub(crate) fn deregister(&mut self, fd: RawFd) -> io::Result<()> {
        let index = self.by_fd.get(fd).ok_or_else(|| not_registered(fd))?;
        self.remove(self.registrations[index].key);
        Ok(())
    }

    /// Adds a registration that only `wake` makes ready.
    pub(crate) fn register_waker(&mut self, token: Token) -> Key {
        let index = self.insert(None, token, Interest::READABLE);
        self.registrations[index].key
    }

    /// Makes a waker ready; again before it was reported changes nothing.
    pub(crate) fn wake(&mut self, key: Key) {
        if self.is_live(key) {
            self.pend(key, Readiness::READABLE);
        }
    }

    /// Whether the registration is still there.
    pub(crate) fn is_live(&self, key: Key) -> bool {
        self.registrations.get(key.index()).is_some_and(|registration| registration.key == key)
    }

    /// Takes a registration out; one that is gone already stays gone.
    pub(crate) fn remove(&mut self, key: Key) {
        if !self.is_live(key) {
            return;
        }
        for direction in Direction::BOTH {
            self.disarm(key.index(), direction);
        }
        if let Some(fd) = self.registrations.remove(key.index()).fd {
            self.by_fd.remove(fd);
        }
    }

    /// An operation found `direction` drained: what was pending for it is out of date, and the host is
    /// asked again, or has seen it and asks itself.
    pub(crate) fn drained(&mut self, key: Key, direction: Direction) {
        if self.is_live(key) {
            let registration = &mut self.registrations[key.index()];
            registration.unpend(direction);
            let standing = registration.standings[direction as usize];
            if !standing.is_armed()
                && let Some(asked) = registration.asked(direction)
            {
                registration.standings[direction as usize] = self.armed.rearm(standing, asked);
            }
        }
    }

    /// The same where `direction` may be ready still: the host is asked again in any case.
    pub(crate) fn rearm(&mut self, key: Key, direction: Direction) {
        if self.is_live(key) {
            self.registrations[key.index()].unpend(direction);
            self.arm(key.index(), direction);
        }
    }

    /// The errno of the last event that carried one, once.
    pub(crate) fn take_errno(&mut self, key: Key) -> Option<u16> {
        if !self.is_live(key) {
            return None;
        }
        let errno = mem::take(&mut self.registrations[key.index()].errno);
        (errno != 0).then_some(errno)
    }

    /// Waits for readiness and fills `events`.
    ///
    /// What is queued comes first. The host is asked even then, without waiting, so that sources that
    /// became ready meanwhile take their place behind it.
    pub(crate) fn poll(
        &mut self,
        host: &mut impl Host,
        events: &mut Events,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        events.clear();
        if events.is_full() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "`Events` has a capacity of 0, so no event could ever be reported",
            ));
        }
        let queued = self.has_queued();
        if !queued && self.armed.is_empty() && timeout.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "nothing could end this poll: no source is armed, no waker woken, and there is no timeout",
            ));
        }
        if !(queued && self.armed.is_empty()) {
            let timeout = if queued { Some(Duration::ZERO) } else { timeout };
            let asked = self.armed.poll(host, timeout, events.capacity(), &mut self.returned);
            match asked {
                Ok(()) => self.receive_all(),
                // What is queued is true whatever the host says; it will say it again next time.
                Err(_) if queued => {}
                Err(error) => return Err(error),
            }
        }
        self.deliver(events);
        Ok(())
    }

    fn insert(&mut self, fd: Option<RawFd>, token: Token, interest: Interest) -> usize {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let place = self.registrations.vacant_entry();
        let key = Key::new(place.key(), generation);
        place.insert(Registration::new(key, fd, token, interest));
        key.index()
    }

    fn arm_all(&mut self, index: usize) {
        for direction in Direction::BOTH {
            self.arm(index, direction);
        }
    }

    /// Asks about a direction of interest, where it isn't asked about.
    fn arm(&mut self, index: usize, direction: Direction) {
        let registration = &mut self.registrations[index];
        if !registration.standings[direction as usize].is_armed()
            && let Some(asked) = registration.asked(direction)
        {
            registration.standings[direction as usize] = self.armed.arm(asked, registration.trigger);
        }
    }

    /// Asks no more about a direction, where it is asked about.
    fn disarm(&mut self, index: usize, direction: Direction) {
        let registration = &mut self.registrations[index];
        let standing = mem::replace(&mut registration.standings[direction as usize], Standing::Disarmed);
        if standing != Standing::Disarmed
            && let Some(asked) = registration.asked(direction)
        {
            let moved = self.armed.disarm(standing, asked);
            self.follow(moved, standing);
        }
    }

    /// The host has told of a direction; `stays` where it goes on to, once that was drained.
    fn answered(&mut self, index: usize, direction: Direction, stays: bool) {
        let standing = self.registrations[index].standings[direction as usize];
        let (now, moved) = self.armed.answered(standing, stays);
        self.registrations[index].standings[direction as usize] = now;
        self.follow(moved, standing);
    }

    /// Remembers where a subscription stands that has filled a gap.
    fn follow(&mut self, moved: Option<Moved>, gap: Standing) {
        if let Some(moved) = moved {
            let owner = Key::from_userdata(moved.userdata);
            self.registrations[owner.index()].standings[moved.direction as usize] = gap;
        }
    }

    fn receive_all(&mut self) {
        let returned = mem::take(&mut self.returned);
        for event in &returned {
            self.receive(event);
        }
        self.returned = returned;
    }

    /// Takes one of the host's events in: its directions are disarmed, and pending until delivered.
    fn receive(&mut self, event: &wasi::Event) {
        let Some(direction) = subscriptions::direction(event.type_.raw()) else {
            return; // The clock's: the wait is over, which needs no telling.
        };
        let key = Key::from_userdata(event.userdata);
        if !self.is_live(key) {
            return;
        }
        let registration = &mut self.registrations[key.index()];
        if registration.standings[direction as usize] == Standing::Disarmed {
            // Not asked, or answered already: an error before this one woke both directions.
            return;
        }
        let stays = event.error == ERRNO_SUCCESS && registration.trigger == Trigger::Edge;
        let flags = event.fd_readwrite.flags;
        let readiness = if event.error != ERRNO_SUCCESS {
            registration.errno = event.error.raw();
            registration.refused = Some(event.error);
            registration.all_ready() | Readiness::ERROR
        } else if flags & EVENTRWFLAGS_FD_READWRITE_ERROR != 0 {
            registration.errno = event.fd_readwrite.nbytes as u16;
            registration.all_ready() | Readiness::ERROR | Readiness::READ_CLOSED | Readiness::WRITE_CLOSED
        } else if flags & EVENTRWFLAGS_FD_READWRITE_HANGUP != 0 {
            direction.ready() | direction.closed()
        } else {
            direction.ready()
        };
        self.answered(key.index(), direction, stays);
        for other in Direction::BOTH {
            if other != direction && readiness.holds(other.ready()) {
                self.disarm(key.index(), other);
            }
        }
        self.pend(key, readiness);
    }

    fn pend(&mut self, key: Key, readiness: Readiness) {
        let registration = &mut self.registrations[key.index()];
        registration.pending |= readiness;
        if !registration.queued {
            registration.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Whether the queue has anything to deliver; what has not is dropped from its front.
    fn has_queued(&mut self) -> bool {
        while let Some(key) = self.ready.front().copied() {
            if self.is_live(key) {
                let registration = &mut self.registrations[key.index()];
                if registration.pending.wakes() {
                    return true;
                }
                registration.queued = false;
            }
            self.ready.pop_front();
        }
        false
    }

    /// Moves what is pending into `events`, first come, first served, as far as there is room.
    fn deliver(&mut self, events: &mut Events) {
        while !events.is_full() && self.has_queued() {
            let Some(key) = self.ready.pop_front() else {
                return;
            };
            let registration = &mut self.registrations[key.index()];
            registration.queued = false;
            let readiness = mem::take(&mut registration.pending);
            events.push(Event::new(registration.token, readiness));
            if registration.trigger == Trigger::Level && registration.refused.is_none() {
                self.arm_all(key.index());
            }
        }
    }
}

fn not_registered(fd: RawFd) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("file descriptor {fd} is not registered here"))
}
