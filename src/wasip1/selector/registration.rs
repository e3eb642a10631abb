//! `Registration`, what the selector knows of one source, and its `Key`: here a `Token` becomes userdata.
//! Which registrations are asked about next is `subscriptions`'.

use std::os::fd::RawFd;

use super::super::event::Readiness;
use super::super::{Interest, Token};
use super::armed::{Asked, Standing};

/// One source, or one waker.
pub(super) struct Registration {
    /// This registration's own key, to tell it from a later one in the same place.
    pub(super) key: Key,
    /// The source's descriptor; a waker has none.
    pub(super) fd: Option<RawFd>,
    pub(super) token: Token,
    pub(super) interest: Interest,
    pub(super) trigger: Trigger,
    /// Where this registration's subscriptions stand, by direction.
    pub(super) standings: [Standing; 2],
    /// What the host said and the caller hasn't been told.
    pub(super) pending: Readiness,
    /// Whether the key is in the ready queue; at most once.
    pub(super) queued: bool,
    /// The errno of the last event that carried one, until it is taken; 0 is none.
    pub(super) errno: u16,
    /// What the host refused the last subscription with, if it did: it will refuse the next one too.
    pub(super) refused: Option<wasi::Errno>,
}

/// Names one registration for its whole life, and no later one in the same place.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

/// One of a source's two directions.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// When a direction that was reported is armed again.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// When an operation on the source drained it.
    Edge,
    /// At once: nobody sees the source's operations.
    Level,
}

impl Key {
    pub(super) fn new(index: usize, generation: u32) -> Key {
        // Each registration takes more than a byte, so a 32-bit memory has no room for 2^32 of them.
        Key { index: index as u32, generation }
    }

    pub(super) fn index(self) -> usize {
        self.index as usize
    }

    /// The userdata of this registration's subscriptions: the place in the slab in the low half, the
    /// generation in the high one. Never the token, of which every value is the caller's.
    pub(super) fn userdata(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    pub(super) fn from_userdata(userdata: u64) -> Key {
        Key { index: userdata as u32, generation: (userdata >> 32) as u32 }
    }
}

impl Direction {
    pub(crate) const BOTH: [Direction; 2] = [Direction::Read, Direction::Write];

    /// The fact that makes this direction worth trying.
    pub(super) fn ready(self) -> Readiness {
        match self {
            Direction::Read => Readiness::READABLE,
            Direction::Write => Readiness::WRITABLE,
        }
    }

    /// The fact that this direction has ended.
    pub(super) fn closed(self) -> Readiness {
        match self {
            Direction::Read => Readiness::READ_CLOSED,
            Direction::Write => Readiness::WRITE_CLOSED,
        }
    }
}

impl Registration {
    pub(super) fn new(key: Key, fd: Option<RawFd>, token: Token, interest: Interest) -> Self {
        Registration {
            key,
            fd,
            token,
            interest,
            trigger: Trigger::Edge,
            standings: [Standing::Disarmed; 2],
            pending: Readiness::EMPTY,
            queued: false,
            errno: 0,
            refused: None,
        }
    }

    /// What the host is asked about a direction, if that is of interest.
    pub(super) fn asked(&self, direction: Direction) -> Option<Asked> {
        let fd = self.fd.filter(|_| self.wants(direction))?;
        Some(Asked { userdata: self.key.userdata(), direction, fd })
    }

    pub(super) fn wants(&self, direction: Direction) -> bool {
        match direction {
            Direction::Read => self.interest.is_readable(),
            Direction::Write => self.interest.is_writable(),
        }
    }

    /// Whether the host said that the descriptor isn't open, so that its number may be registered anew.
    pub(super) fn is_closed(&self) -> bool {
        self.refused == Some(wasi::ERRNO_BADF)
    }

    /// Every direction of interest, as an event that wakes them all.
    pub(super) fn all_ready(&self) -> Readiness {
        Direction::BOTH
            .into_iter()
            .filter(|direction| self.wants(*direction))
            .fold(Readiness::EMPTY, |all, direction| all | direction.ready())
    }

    /// Forgets what is pending for `direction`: an operation has just found out better.
    pub(super) fn unpend(&mut self, direction: Direction) {
        let rest = self.pending.without(direction.ready() | direction.closed());
        self.pending = if rest.wakes() { rest } else { Readiness::EMPTY };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userdata_tells_two_registrations_in_one_place_apart() {
        let first = Key::new(5, 1);
        let second = Key::new(5, 2);
        assert_ne!(first.userdata(), second.userdata());
        assert_eq!(Key::from_userdata(first.userdata()), first);
        assert_eq!(Key::from_userdata(second.userdata()), second);
    }

    #[test]
    fn what_an_operation_found_out_replaces_what_was_pending() {
        let both = Interest::READABLE | Interest::WRITABLE;
        let mut registration = Registration::new(Key::new(0, 0), Some(4), Token(1), both);
        registration.pending =
            Readiness::READABLE | Readiness::READ_CLOSED | Readiness::WRITABLE | Readiness::ERROR;
        registration.unpend(Direction::Read);
        assert_eq!(registration.pending, Readiness::WRITABLE | Readiness::ERROR);
        registration.unpend(Direction::Write);
        assert_eq!(registration.pending, Readiness::EMPTY);
    }
}
