//! `Event`, one source's readiness as the caller sees it; the host's event records stay in the selector.

mod events;
mod readiness;
mod source;

use std::fmt;

pub use events::{Events, Iter};
pub(super) use readiness::Readiness;
pub use source::Source;

use super::Token;

/// What became ready on one source, with the token that source was registered with.
///
/// Everything beyond readable and writable is a hint: portable programs learn of errors and closes
/// from the operation itself.
///
/// ```
/// use wasi_poll::event::Event;
///
/// fn is_worth_reading(event: &Event) -> bool {
///     event.is_readable() || event.is_error()
/// }
/// ```
#[derive(Clone)]
pub struct Event {
    token: Token,
    readiness: Readiness,
}

impl Event {
    pub(super) fn new(token: Token, readiness: Readiness) -> Event {
        Event { token, readiness }
    }

    /// The token the source was registered with.
    pub fn token(&self) -> Token {
        self.token
    }

    /// Whether reading, or accepting, is worth trying.
    pub fn is_readable(&self) -> bool {
        self.readiness.holds(Readiness::READABLE)
    }

    /// Whether writing is worth trying.
    pub fn is_writable(&self) -> bool {
        self.readiness.holds(Readiness::WRITABLE)
    }

    /// Whether the source failed: the next operation tells how, as does
    /// [`TcpStream::take_error`](crate::net::TcpStream::take_error).
    ///
    /// # In each world
    /// In a guest this is a subscription the host refused (a bad descriptor, for one), or a socket
    /// with an error pending. Both directions the source was registered for are woken.
    pub fn is_error(&self) -> bool {
        self.readiness.holds(Readiness::ERROR)
    }

    /// Whether nothing more will come in: the peer closed, or shut its writing half down.
    ///
    /// # In each world
    /// In a guest the host's `HANGUP` on a read subscription says so, or an error on the socket.
    pub fn is_read_closed(&self) -> bool {
        self.readiness.holds(Readiness::READ_CLOSED)
    }

    /// Whether nothing more can be sent.
    ///
    /// # In each world
    /// In a guest the host's `HANGUP` on a write subscription says so, or an error on the socket.
    pub fn is_write_closed(&self) -> bool {
        self.readiness.holds(Readiness::WRITE_CLOSED)
    }

    /// Whether priority data is there: never, in this world.
    pub fn is_priority(&self) -> bool {
        false
    }

    /// Whether an AIO request completed: never, in this world.
    pub fn is_aio(&self) -> bool {
        false
    }

    /// Whether an LIO request completed: never, in this world.
    pub fn is_lio(&self) -> bool {
        false
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("token", &self.token())
            .field("readable", &self.is_readable())
            .field("writable", &self.is_writable())
            .field("error", &self.is_error())
            .field("read_closed", &self.is_read_closed())
            .field("write_closed", &self.is_write_closed())
            .field("priority", &self.is_priority())
            .field("aio", &self.is_aio())
            .field("lio", &self.is_lio())
            .finish()
    }
}
