//! `Armed`, every direction the host is asked about, and where it is kept: on the host where that keeps sets,
//! else in the array it is handed. Which directions those are is the selector's business.

use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

use wasi::Userdata;

use super::Host;
use super::readiness_set::ReadinessSet;
use super::registration::{Direction, Trigger};
use super::subscriptions::{Moved, Slot, Subscriptions};

/// How one direction of a registration stands with the host.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It isn't asked about.
    Disarmed,
    /// It is asked about; where that is an array, at this slot.
    Armed(Slot),
    /// The host that keeps it has told of it, and will again once it was drained and is ready anew.
    Told,
}

impl Standing {
    pub(super) fn is_armed(self) -> bool {
        matches!(self, Standing::Armed(_))
    }
}

/// Which direction is meant, and what its events carry.
#[derive(Copy, Clone, Debug)]
pub(super) struct Asked {
    pub(super) userdata: Userdata,
    pub(super) direction: Direction,
    pub(super) fd: RawFd,
}

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

    /// Asks about a direction that isn't armed, from the next poll on: how it stands then.
    pub(super) fn arm(&mut self, asked: Asked, trigger: Trigger) -> Standing {
        Standing::Armed(match self {
            Armed::Array(array) => array.push(asked.userdata, asked.direction, asked.fd),
            Armed::Set(set) => {
                set.subscribe(asked, trigger);
                Slot::MIN
            }
        })
    }

    /// The same for a direction that an operation has found drained. A host that has told of it saw that, too, and
    /// asks itself.
    pub(super) fn rearm(&mut self, from: Standing, asked: Asked) -> Standing {
        match (self, from) {
            (Armed::Set(set), Standing::Told) => {
                set.asks_again();
                Standing::Armed(Slot::MIN)
            }
            (armed, _) => armed.arm(asked, Trigger::Edge),
        }
    }

    /// Asks no more about a direction; whoever comes to stand at its slot is told.
    pub(super) fn disarm(&mut self, from: Standing, asked: Asked) -> Option<Moved> {
        match (self, from) {
            (_, Standing::Disarmed) | (Armed::Array(_), Standing::Told) => None,
            (Armed::Array(array), Standing::Armed(slot)) => array.swap_remove(slot),
            (Armed::Set(set), _) => {
                set.unsubscribe(asked, from.is_armed());
                None
            }
        }
    }

    /// The host has told of a direction: how it stands now, and who has come to stand at its slot. `stays` where a
    /// host that keeps it goes on to.
    pub(super) fn answered(&mut self, from: Standing, stays: bool) -> (Standing, Option<Moved>) {
        match (self, from) {
            (Armed::Array(array), Standing::Armed(slot)) => (Standing::Disarmed, array.swap_remove(slot)),
            (Armed::Array(_), _) => (Standing::Disarmed, None),
            (Armed::Set(set), _) => {
                set.told(from.is_armed());
                (if stays { Standing::Told } else { Standing::Disarmed }, None)
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
