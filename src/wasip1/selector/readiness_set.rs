//! `ReadinessSet`, the directions where the host keeps them: changes go there with the next poll, and the host arms
//! again what an operation drained. Why a direction is armed is the selector's business.

use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use wasi::{CLOCKID_MONOTONIC, EVENTTYPE_CLOCK, Userdata};

use super::armed::Asked;
use super::registration::Trigger;
use super::subscriptions::tag;
use super::{Host, subscriptions};

/// A `subscription` record as a readiness set takes it: 48 bytes, with flags where a clock has its own.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) userdata: Userdata,
    pub(crate) tag: u8,
    reserved: [u8; 7],
    /// The descriptor, or which clock.
    pub(crate) of: u32,
    reserved_too: u32,
    /// How long each read waits from now on: a clock's.
    pub(crate) timeout_ns: u64,
    reserved_as_well: u64,
    pub(crate) flags: u16,
    reserved_at_the_end: [u8; 6],
}

const _: () = assert!(mem::size_of::<Change>() == mem::size_of::<wasi::Subscription>());

/// Ends the subscription.
pub(crate) const UNSUBSCRIBE: u16 = 1;
/// It stays when it was told, and is quiet until its direction was drained.
pub(crate) const EDGE: u16 = 2;

/// A set that the host keeps.
pub(super) struct ReadinessSet {
    set: OwnedFd,
    /// What the host wasn't told yet.
    changes: Vec<Change>,
    /// How many directions are armed, the host's knowledge and `changes` taken together.
    armed: usize,
    /// How long a read waits, in nanoseconds, once `changes` are made; at the most is for ever.
    waits_ns: u64,
}

impl ReadinessSet {
    pub(super) fn new(set: OwnedFd) -> ReadinessSet {
        ReadinessSet { set, changes: Vec::new(), armed: 0, waits_ns: u64::MAX }
    }

    /// Subscribes to a direction, with the next poll.
    pub(super) fn subscribe(&mut self, asked: Asked, trigger: Trigger) {
        self.armed += 1;
        // Only of sockets can the host tell when they are drained.
        self.changes.push(change(asked, if trigger == Trigger::Edge { EDGE } else { 0 }));
    }

    /// Ends a subscription, with the next poll.
    pub(super) fn unsubscribe(&mut self, asked: Asked, was_armed: bool) {
        self.armed -= usize::from(was_armed);
        self.changes.push(change(asked, UNSUBSCRIBE));
    }

    /// The host has told of a direction.
    pub(super) fn told(&mut self, was_armed: bool) {
        self.armed -= usize::from(was_armed);
    }

    /// The host has armed a direction again that it had told of.
    pub(super) fn asks_again(&mut self) {
        self.armed += 1;
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
        let waits_ns = timeout.map_or(u64::MAX, subscriptions::nanoseconds);
        if mem::replace(&mut self.waits_ns, waits_ns) != waits_ns {
            // One that wasn't told yet is out of date.
            self.changes.pop_if(|last| last.tag == EVENTTYPE_CLOCK.raw());
            self.changes.push(wait(waits_ns));
        }
        let set = self.set.as_fd();
        while !self.changes.is_empty() {
            let made = host.write_changes(set, &self.changes)?;
            self.changes.drain(..made);
        }
        // With room for one more than both directions of each, the one whose second direction may be left behind
        // is not among the first of them.
        let room = sources.saturating_mul(2).saturating_add(1).min(self.armed.max(1));
        host.read_events(set, events, room)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.changes.capacity()
    }
}

fn change(Asked { userdata, direction, fd }: Asked, flags: u16) -> Change {
    Change { userdata, tag: tag(direction), of: fd.cast_unsigned(), flags, ..wait(0) }
}

fn wait(timeout_ns: u64) -> Change {
    Change {
        userdata: Userdata::MAX,
        tag: EVENTTYPE_CLOCK.raw(),
        reserved: [0; 7],
        of: CLOCKID_MONOTONIC.raw(),
        reserved_too: 0,
        timeout_ns,
        reserved_as_well: 0,
        flags: 0,
        reserved_at_the_end: [0; 6],
    }
}
