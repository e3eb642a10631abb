//! `Armed`, every direction the host is asked about, and where it is kept: on the host where that keeps sets,
//! else in the array it is handed. Which directions those are is the selector's business.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

use wasi::Userdata;

use super::Host;
use super::readiness_set::ReadinessSet;
use super::registration::Direction;
use super::subscriptions::{Moved, Slot, Subscriptions};

/// Every armed direction.
pub(super) enum Armed {
    /// Here, handed over whole at every poll.
    Array(Subscriptions),
    /// There, and told what changes.
    Set(ReadinessSet),
}

impl Armed {
    /// None, to be kept in `set` if there is one.
    pub(super) fn new(set: Option<OwnedFd>) -> Armed {
        match set {
            Some(set) => Armed::Set(ReadinessSet::new(set)),
            None => Armed::Array(Subscriptions::new()),
        }
    }

    /// Asks about one direction of `fd`, from the next poll on.
    pub(super) fn arm(&mut self, userdata: Userdata, direction: Direction, fd: RawFd) -> Slot {
        match self {
            Armed::Array(array) => array.push(userdata, direction, fd),
            Armed::Set(set) => {
                set.arm(userdata, direction, fd);
                Slot::MIN
            }
        }
    }

    /// Asks no more about the direction at `slot`; whoever comes to stand there is told.
    pub(super) fn disarm(
        &mut self,
        slot: Slot,
        userdata: Userdata,
        direction: Direction,
        fd: RawFd,
    ) -> Option<Moved> {
        match self {
            Armed::Array(array) => array.swap_remove(slot),
            Armed::Set(set) => {
                set.disarm(userdata, direction, fd);
                None
            }
        }
    }

    /// The host has told of the direction at `slot`, which is asked about no more; whoever comes to stand there
    /// is told.
    pub(super) fn answered(&mut self, slot: Slot) -> Option<Moved> {
        match self {
            Armed::Array(array) => array.swap_remove(slot),
            Armed::Set(set) => {
                set.answered();
                None
            }
        }
    }

    /// Whether no direction is armed.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many directions are armed.
    pub(super) fn len(&self) -> usize {
        match self {
            Armed::Array(array) => array.len(),
            Armed::Set(set) => set.len(),
        }
    }

    /// Waits, and replaces what is in `events` by what there is of at least `sources` sources; of the others it
    /// may come next time.
    pub(super) fn poll(
        &mut self,
        host: &mut impl Host,
        timeout: Option<Duration>,
        sources: usize,
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        match self {
            Armed::Array(array) => host.poll_oneoff(array.records(timeout), events),
            Armed::Set(set) => set.poll(host, timeout, sources, events),
        }
    }
}
