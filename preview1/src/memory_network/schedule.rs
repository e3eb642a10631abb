//! What happens at which time of the virtual clock. What it is that happens is not known here.

use std::collections::BTreeMap;
use std::fmt;

/// Things to come, earliest first; those of the same time in the order they were put in.
pub(crate) struct Schedule<A> {
    due: BTreeMap<(u64, u64), A>,
    next_place: u64,
}

impl<A> Schedule<A> {
    /// Puts `action` at `at_ns`.
    pub fn push(&mut self, at_ns: u64, action: A) {
        self.due.insert((at_ns, self.next_place), action);
        self.next_place += 1;
    }

    /// When the next thing is due.
    pub fn next_ns(&self) -> Option<u64> {
        self.due.first_key_value().map(|((at_ns, _), _)| *at_ns)
    }

    /// Takes the next thing out if its time is `until_ns` or earlier.
    pub fn pop_due(&mut self, until_ns: u64) -> Option<(u64, A)> {
        let next = self.due.first_entry().filter(|next| next.key().0 <= until_ns)?;
        let ((at_ns, _), action) = next.remove_entry();
        Some((at_ns, action))
    }
}

impl<A> Default for Schedule<A> {
    fn default() -> Schedule<A> {
        Schedule { due: BTreeMap::new(), next_place: 0 }
    }
}

impl<A> fmt::Debug for Schedule<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.due.keys().map(|(at_ns, _)| at_ns)).finish()
    }
}
