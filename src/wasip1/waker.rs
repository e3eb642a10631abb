//! `Waker`, which ends a poll from the program itself. It is a registration without a descriptor.

use std::fmt;
use std::io;

use super::Token;
use super::registry::{Registry, WeakSelector};
use super::selector::Key;

/// Makes a poll return its token.
///
/// Wakes before one poll come as one readable event. Dropping the waker takes its registration, and a
/// wake not yet reported, away.
///
/// # In each world
/// Natively other threads wake a waiting poll, and a [`Poll`](crate::Poll) has one waker at most. A
/// guest has one thread, so a wake comes before or between polls and makes the next one return at
/// once; several wakers may share a `Poll`.
///
/// ```
/// use wasi_poll::{Events, Poll, Token, Waker};
///
/// # fn main() -> std::io::Result<()> {
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let waker = Waker::new(poll.registry(), Token(3))?;
/// waker.wake()?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().all(|event| event.token() == Token(3) && event.is_readable()));
/// # Ok(())
/// # }
/// ```
pub struct Waker {
    selector: WeakSelector,
    key: Key,
}

impl Waker {
    /// A waker for the `Poll` of this registry; its events carry `token`.
    ///
    /// # Errors
    /// Natively those of the operating system; none in a guest.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Waker> {
        Ok(Waker { selector: registry.downgrade(), key: registry.selector().register_waker(token) })
    }

    /// Makes the next poll return this waker's token. Without a `Poll` left it does nothing.
    ///
    /// # Errors
    /// Natively those of the operating system; none in a guest.
    pub fn wake(&self) -> io::Result<()> {
        if let Some(selector) = self.selector.upgrade() {
            selector.lock().wake(self.key);
        }
        Ok(())
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        if let Some(selector) = self.selector.upgrade() {
            selector.lock().remove(self.key);
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}
