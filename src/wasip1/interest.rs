//! `Interest`, the directions a registration asks about; what came of it is `event::Readiness`.

use std::fmt;
use std::num::NonZeroU8;
use std::ops::{BitOr, BitOrAssign};

/// The directions in which a source is to be watched, at least one of them.
///
/// # In each world
/// `wasm32-wasip1` knows readable and writable. mio's `PRIORITY`, `AIO` and `LIO` exist only on the
/// platforms that have them; the questions about them exist here and answer `false`.
///
/// ```
/// use wasi_poll::Interest;
///
/// const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// assert_eq!(BOTH.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest(NonZeroU8);

const READABLE: NonZeroU8 = NonZeroU8::new(0b01).unwrap();
const WRITABLE: NonZeroU8 = NonZeroU8::new(0b10).unwrap();

impl Interest {
    /// Interest in reading: bytes, a pending connection, or the peer's close.
    pub const READABLE: Interest = Interest(READABLE);

    /// Interest in writing: room to send, or the end of a connect.
    pub const WRITABLE: Interest = Interest(WRITABLE);

    /// The union of both sets; `|` as a constant function.
    #[must_use = "the union is returned, the set itself stays as it was"]
    pub const fn add(self, other: Interest) -> Interest {
        // A union holds at least what its left side held, so the fallback is never taken.
        match NonZeroU8::new(self.0.get() | other.0.get()) {
            Some(union) => Interest(union),
            None => self,
        }
    }

    /// This set without `other`'s directions, or `None` where nothing would be left.
    #[must_use = "the difference is returned, the set itself stays as it was"]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        NonZeroU8::new(self.0.get() & !other.0.get()).map(Interest)
    }

    /// Whether the set holds readable.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.get() & READABLE.get() != 0
    }

    /// Whether the set holds writable.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.get() & WRITABLE.get() != 0
    }

    /// Whether the set holds AIO completion: never, in this world.
    #[must_use]
    pub const fn is_aio(self) -> bool {
        false
    }

    /// Whether the set holds LIO completion: never, in this world.
    #[must_use]
    pub const fn is_lio(self) -> bool {
        false
    }

    /// Whether the set holds priority data: never, in this world.
    #[must_use]
    pub const fn is_priority(self) -> bool {
        false
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_readable(), self.is_writable()) {
            (true, true) => "READABLE | WRITABLE",
            (true, false) => "READABLE",
            (false, _) => "WRITABLE",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

    #[test]
    fn a_union_holds_both_directions() {
        assert!(BOTH.is_readable() && BOTH.is_writable());
        assert_eq!(BOTH, Interest::READABLE | Interest::WRITABLE);
        let mut grown = Interest::READABLE;
        grown |= Interest::WRITABLE;
        assert_eq!(grown, BOTH);
    }

    #[test]
    fn removing_every_direction_leaves_none() {
        assert_eq!(BOTH.remove(Interest::READABLE), Some(Interest::WRITABLE));
        assert_eq!(BOTH.remove(BOTH), None);
    }

    #[test]
    fn directions_of_other_platforms_are_never_held() {
        assert!(!BOTH.is_aio() && !BOTH.is_lio() && !BOTH.is_priority());
    }

    #[test]
    fn a_set_prints_as_its_directions() {
        assert_eq!(format!("{BOTH:?}"), "READABLE | WRITABLE");
        assert_eq!(format!("{:?}", Interest::WRITABLE), "WRITABLE");
    }
}
