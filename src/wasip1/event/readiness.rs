//! `Readiness`, the set of facts an event carries; which of them a registration hears is the selector's.

use std::ops::{BitOr, BitOrAssign};

/// A set of readiness facts.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readiness(u8);

impl Readiness {
    pub(crate) const EMPTY: Readiness = Readiness(0);
    pub(crate) const READABLE: Readiness = Readiness(1 << 0);
    pub(crate) const WRITABLE: Readiness = Readiness(1 << 1);
    pub(crate) const READ_CLOSED: Readiness = Readiness(1 << 2);
    pub(crate) const WRITE_CLOSED: Readiness = Readiness(1 << 3);
    pub(crate) const ERROR: Readiness = Readiness(1 << 4);

    /// Whether every fact of `facts` is in the set.
    pub(crate) fn holds(self, facts: Readiness) -> bool {
        self.0 & facts.0 == facts.0
    }

    /// The set without `facts`.
    pub(crate) fn without(self, facts: Readiness) -> Readiness {
        Readiness(self.0 & !facts.0)
    }

    /// Whether either direction is ready: what makes a set worth an event.
    pub(crate) fn wakes(self) -> bool {
        self.0 & (Self::READABLE.0 | Self::WRITABLE.0) != 0
    }
}

impl BitOr for Readiness {
    type Output = Readiness;

    fn bitor(self, other: Readiness) -> Readiness {
        Readiness(self.0 | other.0)
    }
}

impl BitOrAssign for Readiness {
    fn bitor_assign(&mut self, other: Readiness) {
        *self = *self | other;
    }
}
