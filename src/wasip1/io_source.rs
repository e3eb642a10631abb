//! `IoSource`, a descriptor's owner with its registration: here operations arm edges again, and dropping
//! deregisters. What each operation does is its socket type's.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::os::fd::AsRawFd;

use super::event::Source;
use super::registry::WeakSelector;
use super::selector::{Direction, Key, Selector, Trigger};
use super::{Interest, Registry, Token};

/// A socket and its registration, if it has one.
pub(super) struct IoSource<T> {
    // Dropped before `inner`, so that no closed descriptor is registered for a moment.
    attachment: Attachment,
    inner: T,
}

/// The source's end of its registration; dropping it deregisters.
struct Attachment(Option<(WeakSelector, Key)>);

impl<T> IoSource<T> {
    pub(super) fn new(inner: T) -> IoSource<T> {
        IoSource { attachment: Attachment(None), inner }
    }

    /// The socket, deregistered.
    pub(super) fn into_inner(self) -> T {
        self.inner
    }

    /// Runs an operation that waits in `directions`, and arms them again where it would have to wait,
    /// or was cut off before it could tell.
    pub(super) fn operate<R>(
        &self,
        directions: &[Direction],
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let result = operation(&self.inner);
        if let Err(error) = &result
            && is_passing(error)
        {
            self.attachment.each(directions, Selector::drained);
        }
        result
    }

    /// Asks the host about `directions` again, those of them that are of interest, whatever an operation did.
    pub(super) fn rearm(&self, directions: &[Direction]) {
        self.attachment.each(directions, Selector::rearm);
    }

    /// Runs an operation that moves up to `asked_bytes`, and arms its direction again where it moved
    /// fewer: the source is then drained as surely as after `WouldBlock`.
    ///
    /// A read of nothing is the peer's close. It doesn't arm, or a closed source would be reported
    /// for ever.
    pub(super) fn transfer(
        &self,
        direction: Direction,
        asked_bytes: usize,
        operation: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let result = self.operate(&[direction], operation);
        if let Ok(moved_bytes) = result
            && moved_bytes < asked_bytes
            && !(moved_bytes == 0 && direction == Direction::Read)
        {
            self.attachment.each(&[direction], Selector::drained);
        }
        result
    }

    /// The error of the last event that carried one, once.
    pub(super) fn take_errno(&self) -> Option<u16> {
        let (selector, key) = self.attachment.0.as_ref()?;
        selector.upgrade()?.lock().take_errno(*key)
    }
}

/// Whether an operation failed for a reason that passes, so that trying again later is right.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl<T: AsRawFd> Source for IoSource<T> {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        if self.attachment.is_live() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "this source is registered already: deregister it first, or reregister it",
            ));
        }
        let fd = self.inner.as_raw_fd();
        let key = registry.selector().register(fd, token, interests, Trigger::Edge)?;
        self.attachment = Attachment(Some((registry.downgrade(), key)));
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        let fd = self.inner.as_raw_fd();
        registry.selector().reregister(fd, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister(self.inner.as_raw_fd())
    }
}

impl<T> Deref for IoSource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: fmt::Debug> fmt::Debug for IoSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Attachment {
    /// Whether the registration is still there: it may have gone by descriptor, or with its `Poll`.
    fn is_live(&self) -> bool {
        self.0.as_ref().is_some_and(|(selector, key)| {
            selector.upgrade().is_some_and(|selector| selector.lock().is_live(*key))
        })
    }

    /// Tells the selector of each of `directions`, if the registration is there.
    fn each(&self, directions: &[Direction], tell: impl Fn(&mut Selector, Key, Direction)) {
        if let Some((selector, key)) = &self.0
            && let Some(selector) = selector.upgrade()
        {
            let mut selector = selector.lock();
            for direction in directions {
                tell(&mut selector, *key, *direction);
            }
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        if let Some((selector, key)) = &self.0
            && let Some(selector) = selector.upgrade()
        {
            selector.lock().remove(*key);
        }
    }
}
