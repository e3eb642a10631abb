//! `SourceFd`, which registers a descriptor it doesn't own. Sources that own one are `IoSource`s.

use std::io;
use std::os::fd::RawFd;

use super::event::Source;
use super::selector::Trigger;
use super::{Interest, Registry, Token};

/// Registers any descriptor the host can poll.
///
/// It doesn't own the descriptor: deregister it before the descriptor is closed.
///
/// # In each world
/// Natively edge-triggered like every source. The guest can't see operations on a bare descriptor, so
/// there it is level-triggered: each poll reports what is ready. Register
/// [`WRITABLE`](Interest::WRITABLE) only while there is something to write. It is
/// `unix::SourceFd` in every world, and `wasi::SourceFd` on WASI.
///
/// ```no_run
/// use std::io;
/// use std::os::fd::AsRawFd;
/// use wasi_poll::unix::SourceFd;
/// use wasi_poll::{Interest, Poll, Token};
///
/// # fn main() -> io::Result<()> {
/// let poll = Poll::new()?;
/// let stdin = io::stdin().as_raw_fd();
/// poll.registry().register(&mut SourceFd(&stdin), Token(0), Interest::READABLE)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SourceFd<'a>(pub &'a RawFd);

impl Source for SourceFd<'_> {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        registry.selector().register(*self.0, token, interests, Trigger::Level)?;
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        registry.selector().reregister(*self.0, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister(*self.0)
    }
}
