//! `Subscriptions`, the dense array `poll_oneoff` reads, slot 0 the clock's, and its records. Why a direction is in it is
//! the selector's business.

use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::time::Duration;

use wasi::{
    CLOCKID_MONOTONIC, EVENTTYPE_CLOCK, EVENTTYPE_FD_READ, EVENTTYPE_FD_WRITE, Subscription,
    SubscriptionClock, SubscriptionFdReadwrite, SubscriptionU, SubscriptionUU, Userdata,
};

use super::registration::Direction;

/// A subscription's place in the array; never 0, which is the clock's.
pub(super) type Slot = NonZeroUsize;

/// Every armed direction, in no order, behind the clock.
///
/// Arming pushes, disarming moves the last one into the gap: both O(1), and the array is always what
/// the host gets, so a poll copies and allocates nothing.
pub(super) struct Subscriptions {
    records: Vec<Subscription>,
}

/// The subscription that filled a gap, and so has another slot now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) userdata: Userdata,
    pub(super) direction: Direction,
}

impl Subscriptions {
    pub(super) fn new() -> Subscriptions {
        Subscriptions { records: vec![clock(0)] }
    }

    /// Adds the subscription of one direction of `fd`.
    pub(super) fn push(&mut self, userdata: Userdata, direction: Direction, fd: RawFd) -> Slot {
        // The clock was there before, so the length is no less than 1.
        let slot = Slot::new(self.records.len()).unwrap_or(Slot::MIN);
        self.records.push(readwrite(userdata, direction, fd));
        slot
    }

    /// Takes the subscription at `slot` out; whoever comes to stand there is told.
    pub(super) fn swap_remove(&mut self, slot: Slot) -> Option<Moved> {
        self.records.swap_remove(slot.get());
        let moved = self.records.get(slot.get())?;
        Some(Moved { userdata: moved.userdata, direction: direction(moved.u.tag)? })
    }

    /// How many directions are armed.
    pub(super) fn len(&self) -> usize {
        self.records.len() - 1
    }

    /// The records for a poll: with the clock in front, or, without a timeout, without it.
    pub(super) fn records(&mut self, timeout: Option<Duration>) -> &[Subscription] {
        match timeout {
            Some(timeout) => {
                self.records[0] = clock(nanoseconds(timeout));
                &self.records
            }
            None => &self.records[1..],
        }
    }

    #[cfg(test)]
    pub(super) fn at(&self, slot: Slot) -> Option<&Subscription> {
        self.records.get(slot.get())
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.records.capacity()
    }
}

/// The direction a subscription's tag stands for; the clock's stands for none.
pub(crate) fn direction(tag: u8) -> Option<Direction> {
    if tag == EVENTTYPE_FD_READ.raw() {
        Some(Direction::Read)
    } else if tag == EVENTTYPE_FD_WRITE.raw() {
        Some(Direction::Write)
    } else {
        None
    }
}

/// The tag of a direction's subscriptions.
pub(super) fn tag(direction: Direction) -> u8 {
    match direction {
        Direction::Read => EVENTTYPE_FD_READ.raw(),
        Direction::Write => EVENTTYPE_FD_WRITE.raw(),
    }
}

/// A timeout as preview1 has it; one of over 584 years is cut to that.
pub(super) fn nanoseconds(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX)
}

/// A timeout relative to now, which the host may not stretch. The event it gives is known by its type,
/// so its userdata says nothing.
pub(super) fn clock(timeout_ns: u64) -> Subscription {
    Subscription {
        userdata: Userdata::MAX,
        u: SubscriptionU {
            tag: EVENTTYPE_CLOCK.raw(),
            u: SubscriptionUU {
                clock: SubscriptionClock {
                    id: CLOCKID_MONOTONIC,
                    timeout: timeout_ns,
                    precision: 0,
                    flags: 0,
                },
            },
        },
    }
}

/// What waits for one direction of `fd`.
pub(super) fn readwrite(userdata: Userdata, direction: Direction, fd: RawFd) -> Subscription {
    let readwrite = SubscriptionFdReadwrite { file_descriptor: fd.cast_unsigned() };
    // Both directions have the same record.
    let u = SubscriptionU { tag: tag(direction), u: SubscriptionUU { fd_read: readwrite } };
    Subscription { userdata, u }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(subscriptions: &mut Subscriptions, userdata: Userdata) -> Slot {
        subscriptions.push(userdata, Direction::Read, 4)
    }

    #[test]
    fn slot_zero_is_the_clocks_and_no_one_elses() {
        let mut subscriptions = Subscriptions::new();
        assert_eq!(subscriptions.len(), 0);
        assert_eq!(pushed(&mut subscriptions, 1).get(), 1);
        let tags: Vec<u8> =
            subscriptions.records(Some(Duration::ZERO)).iter().map(|record| record.u.tag).collect();
        assert_eq!(tags, [EVENTTYPE_CLOCK.raw(), EVENTTYPE_FD_READ.raw()]);
    }

    #[test]
    fn without_a_timeout_there_is_no_clock() {
        let mut subscriptions = Subscriptions::new();
        assert!(subscriptions.records(None).is_empty());
        subscriptions.push(1, Direction::Write, 4);
        let records = subscriptions.records(None);
        assert_eq!(records.len(), 1);
        assert_eq!(direction(records[0].u.tag), Some(Direction::Write));
    }

    #[test]
    fn the_last_subscription_fills_the_gap_of_a_removed_one() {
        let mut subscriptions = Subscriptions::new();
        let first = pushed(&mut subscriptions, 1);
        pushed(&mut subscriptions, 2);
        subscriptions.push(3, Direction::Write, 4);
        let moved = subscriptions.swap_remove(first);
        assert_eq!(moved, Some(Moved { userdata: 3, direction: Direction::Write }));
        assert_eq!(subscriptions.at(first).map(|at| at.userdata), Some(3));
    }

    #[test]
    fn removing_the_last_subscription_moves_none() {
        let mut subscriptions = Subscriptions::new();
        pushed(&mut subscriptions, 1);
        let last = pushed(&mut subscriptions, 2);
        assert_eq!(subscriptions.swap_remove(last), None);
        assert_eq!(subscriptions.len(), 1);
    }
}
