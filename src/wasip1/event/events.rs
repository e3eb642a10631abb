//! `Events`, the caller's buffer for one poll's events, and its iterator. What didn't fit waits in the
//! selector, not here.

use std::fmt;
use std::slice;

use super::Event;

/// Room for the events of one [`Poll::poll`](crate::Poll::poll), to be used again for the next.
///
/// A poll never puts more than [`capacity`](Events::capacity) events into it; the rest come with the
/// polls after.
///
/// ```
/// use wasi_poll::Events;
///
/// let events = Events::with_capacity(64);
/// assert_eq!(events.capacity(), 64);
/// for event in &events {
///     println!("{event:?}");
/// }
/// ```
pub struct Events {
    events: Vec<Event>,
    capacity: usize,
}

/// Iterates over [`Events`] in the order they came.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    events: slice::Iter<'a, Event>,
}

impl Events {
    /// Room for `capacity` events.
    ///
    /// With a capacity of 0 every poll is
    /// [`InvalidInput`](std::io::ErrorKind::InvalidInput), as it could never report anything.
    pub fn with_capacity(capacity: usize) -> Events {
        Events { events: Vec::with_capacity(capacity), capacity }
    }

    /// The most events one poll puts here.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether the last poll reported nothing.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The events, in the order they came.
    pub fn iter(&self) -> Iter<'_> {
        Iter { events: self.events.iter() }
    }

    /// Forgets the events; every poll starts with this.
    pub fn clear(&mut self) {
        self.events.clear();
    }

    pub(crate) fn is_full(&self) -> bool {
        self.events.len() >= self.capacity
    }

    pub(crate) fn push(&mut self, event: Event) {
        debug_assert!(!self.is_full(), "more events than the caller has room for");
        self.events.push(event);
    }
}

impl<'a> IntoIterator for &'a Events {
    type Item = &'a Event;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Event;

    fn next(&mut self) -> Option<&'a Event> {
        self.events.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.events.size_hint()
    }

    fn count(self) -> usize {
        self.events.count()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
