//! `Poll`, the caller's end of the wait. Registering is `Registry`'s, the waiting itself the selector's.

use std::fmt;
use std::io;
use std::time::Duration;

use super::event::Events;
use super::host;
use super::registry::Registry;

/// Waits for readiness on registered sources.
///
/// # In each world
/// Natively this is epoll, kqueue or IOCP. In a guest it is preview1's `poll_oneoff` with edges on
/// top: a direction that was reported stays quiet until an operation on its source meets
/// [`WouldBlock`](io::ErrorKind::WouldBlock) or moves fewer bytes than asked, or until the source is
/// reregistered. Every armed direction is one subscription, so a poll costs the host as much as is
/// armed.
///
/// ```
/// use std::time::{Duration, Instant};
/// use wasi_poll::{Events, Poll};
///
/// # fn main() -> std::io::Result<()> {
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let start = Instant::now();
/// poll.poll(&mut events, Some(Duration::from_millis(2)))?;
/// assert!(events.is_empty() && start.elapsed() >= Duration::from_millis(2));
/// # Ok(())
/// # }
/// ```
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// An empty set of sources.
    ///
    /// # Errors
    /// Natively those of the operating system; none in a guest.
    pub fn new() -> io::Result<Poll> {
        Ok(Poll { registry: Registry::new() })
    }

    /// Where sources are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits until a source is ready, a waker was woken, or `timeout` is over, and fills `events`.
    ///
    /// With `None` it waits as long as it takes; with zero it returns at once, with what is ready. A
    /// source ready in both directions is one event. What doesn't fit `events` comes first at the next
    /// poll, which then doesn't wait.
    ///
    /// # In each world
    /// A guest's clock is monotonic and exact to the nanosecond; timeouts above 584 years are cut to
    /// that. A poll without sources, wakes or timeout waits for ever natively, and is an error in a
    /// guest, which no signal could end.
    ///
    /// # Errors
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if `events` has no capacity, or, in a guest, if
    /// nothing could ever end the wait; otherwise the kind of the host's `poll_oneoff`. A source's own
    /// failure is an [`is_error`](crate::event::Event::is_error) event on its token, never an error
    /// here.
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.registry.selector().poll(&mut host::Preview1, events, timeout)
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").finish_non_exhaustive()
    }
}
