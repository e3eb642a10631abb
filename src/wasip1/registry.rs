//! `Registry`, where sources come and go. It shares the selector with its `Poll`; how registrations are
//! kept is the selector's.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::event::Source;
use super::selector::Selector;
use super::{Interest, Token, net};

/// Registers sources with its [`Poll`](crate::Poll).
///
/// ```no_run
/// use wasi_poll::net::TcpListener;
/// use wasi_poll::{Interest, Poll, Token};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let poll = Poll::new()?;
/// let registry = poll.registry().try_clone()?;
/// let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
/// registry.register(&mut listener, Token(0), Interest::READABLE)?;
/// registry.deregister(&mut listener)?;
/// # Ok(())
/// # }
/// ```
pub struct Registry {
    selector: SharedSelector,
}

/// The selector, as `Poll`, registries, sources and wakers share it.
///
/// A poll holds the lock while it waits. `wasm32-wasip1` has one thread, so nobody else could want it.
#[derive(Clone)]
pub(crate) struct SharedSelector(Arc<Mutex<Selector>>);

/// What a source keeps of its selector: it doesn't outlive `Poll` and every `Registry`.
#[derive(Clone)]
pub(crate) struct WeakSelector(Weak<Mutex<Selector>>);

impl Registry {
    pub(crate) fn new() -> Registry {
        Registry { selector: SharedSelector(Arc::new(Mutex::new(Selector::new(net::open_readiness_set())))) }
    }

    pub(crate) fn selector(&self) -> MutexGuard<'_, Selector> {
        self.selector.lock()
    }

    pub(crate) fn downgrade(&self) -> WeakSelector {
        WeakSelector(Arc::downgrade(&self.selector.0))
    }

    /// Starts watching `source` for `interests`; its events carry `token`.
    ///
    /// A source that is ready already is reported by the next poll.
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) where the source, or its descriptor, is
    /// registered already.
    ///
    /// # In each world
    /// The guest always tells a source registered twice; natively release builds may not.
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        source.register(self, token, interests)
    }

    /// Replaces a source's token and interests, and asks anew what is ready.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) where the source isn't registered here.
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        source.reregister(self, token, interests)
    }

    /// Stops watching `source`: no later poll reports it, not even what was ready before.
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) where the source isn't registered here.
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: Source + ?Sized,
    {
        source.deregister(self)
    }

    /// Another registry of the same [`Poll`](crate::Poll).
    ///
    /// # Errors
    /// Natively those of the operating system; none in a guest.
    pub fn try_clone(&self) -> io::Result<Registry> {
        Ok(Registry { selector: self.selector.clone() })
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl SharedSelector {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Selector> {
        // The selector's own methods don't panic halfway, so a poisoned lock guards a whole value.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WeakSelector {
    /// The selector, while its `Poll` or one of its registries lives.
    pub(crate) fn upgrade(&self) -> Option<SharedSelector> {
        self.0.upgrade().map(SharedSelector)
    }
}
