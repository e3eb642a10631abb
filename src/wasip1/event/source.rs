//! `Source`, what can be registered. The sources themselves are in `net` and `source_fd`.

use std::io;

use crate::{Interest, Registry, Token};

/// Something that can be registered with a [`Registry`].
///
/// Implement it by passing each call on to a source inside, a [`TcpStream`](crate::net::TcpStream) or
/// a [`SourceFd`](crate::unix::SourceFd) for one; call it through [`Registry`]'s methods of the same
/// names.
///
/// # In each world
/// Natively a source must be deregistered before it is dropped. The guest's own sources deregister
/// themselves when dropped.
///
/// ```
/// use std::io;
/// use wasi_poll::event::Source;
/// use wasi_poll::net::TcpStream;
/// use wasi_poll::{Interest, Registry, Token};
///
/// /// A connection with the bytes that wait for it.
/// struct Client {
///     stream: TcpStream,
///     unsent: Vec<u8>,
/// }
///
/// impl Source for Client {
///     fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.stream.register(registry, token, interests)
///     }
///
///     fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.stream.reregister(registry, token, interests)
///     }
///
///     fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
///         self.stream.deregister(registry)
///     }
/// }
/// ```
pub trait Source {
    /// Starts watching this source; called by [`Registry::register`].
    ///
    /// # Errors
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) where it is registered already.
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()>;

    /// Changes token and interests and asks anew what is ready; called by [`Registry::reregister`].
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) where it isn't registered with this registry.
    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()>;

    /// Stops watching this source; called by [`Registry::deregister`].
    ///
    /// # Errors
    /// [`NotFound`](io::ErrorKind::NotFound) where it isn't registered with this registry.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;
}

impl<T> Source for Box<T>
where
    T: Source + ?Sized,
{
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        (**self).register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        (**self).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        (**self).deregister(registry)
    }
}
