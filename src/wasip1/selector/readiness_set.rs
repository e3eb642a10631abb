//! `ReadinessSet`, the armed directions where the host keeps them: changes go there with the next poll, and
//! what comes back has left the set. Why a direction is armed is the selector's business.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

use wasi::{EVENTTYPE_FD_READ, Userdata};

use super::registration::Direction;
use super::subscriptions::{clock, readwrite, tag};
use super::{Host, subscriptions};

/// A `subscription` record as a readiness set takes it: 48 bytes, the flags where a clock has its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) userdata: Userdata,
    pub(crate) tag: u8,
    reserved: [u8; 7],
    pub(crate) fd: u32,
    reserved_too: [u8; 20],
    /// Bit 0 ends the subscription.
    pub(crate) flags: u16,
    reserved_as_well: [u8; 6],
}

const _: () = assert!(mem::size_of::<Change>() == mem::size_of::<wasi::Subscription>());

/// A set that the host keeps.
pub(super) struct ReadinessSet {
    set: OwnedFd,
    /// What the host wasn't told yet.
    changes: Vec<Change>,
    /// How many directions are armed, the host's knowledge and `changes` taken together.
    armed: usize,
}

impl ReadinessSet {
    pub(super) fn new(set: OwnedFd) -> ReadinessSet {
        ReadinessSet { set, changes: Vec::new(), armed: 0 }
    }

    /// Subscribes to one direction of `fd`, with the next poll.
    pub(super) fn arm(&mut self, userdata: Userdata, direction: Direction, fd: RawFd) {
        self.armed += 1;
        self.change(userdata, direction, fd, 0);
    }

    /// Unsubscribes, with the next poll.
    pub(super) fn disarm(&mut self, userdata: Userdata, direction: Direction, fd: RawFd) {
        self.armed -= 1;
        self.change(userdata, direction, fd, 1);
    }

    /// The host has told of a direction, and unsubscribed it.
    pub(super) fn answered(&mut self) {
        self.armed -= 1;
    }

    pub(super) fn len(&self) -> usize {
        self.armed
    }

    /// Tells the host what changed, waits, and replaces what is in `events` by what there is of `sources` sources
    /// and a little more.
    pub(super) fn poll(
        &mut self,
        host: &mut impl Host,
        timeout: Option<Duration>,
        sources: usize,
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        let set = self.set.as_fd();
        while !self.changes.is_empty() {
            let made = host.write_changes(set, &self.changes)?;
            self.changes.drain(..made);
        }
        // Not to wait, it is enough to read.
        if timeout != Some(Duration::ZERO) {
            let wait = [
                clock(timeout.map_or(u64::MAX, subscriptions::nanoseconds)),
                readwrite(Userdata::MAX, Direction::Read, set.as_raw_fd()),
            ];
            host.poll_oneoff(if timeout.is_some() { &wait } else { &wait[1..] }, events)?;
            if events.iter().all(|event| event.type_ != EVENTTYPE_FD_READ) {
                events.clear();
                return Ok(());
            }
        }
        // With room for one more than both directions of each, the one whose second direction may be left behind
        // is not among the first of them.
        let room = sources.saturating_mul(2).saturating_add(1).min(self.armed.max(1));
        host.read_events(set, events, room)
    }

    fn change(&mut self, userdata: Userdata, direction: Direction, fd: RawFd, flags: u16) {
        self.changes.push(Change {
            userdata,
            tag: tag(direction),
            reserved: [0; 7],
            fd: fd.cast_unsigned(),
            reserved_too: [0; 20],
            flags,
            reserved_as_well: [0; 6],
        });
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.changes.capacity()
    }
}
