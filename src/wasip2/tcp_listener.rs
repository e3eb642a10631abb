//! `TcpListener` with mio's methods, accepting through std. mio makes what it accepts non-blocking with `fcntl`, which
//! the wasi-libc in Rust 1.95 refuses for sockets, and the connection is lost. When a later one has it, this can go.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use mio::event::Source;
use mio::net::TcpStream;
use mio::wasi::SourceFd;
use mio::{Interest, Registry, Token};

/// A listener. What differs between the worlds is told in [`guide`](crate::guide).
#[derive(Debug)]
pub struct TcpListener {
    // Dropped before `inner`, so that no closed descriptor is registered for a moment.
    registration: Registration,
    inner: net::TcpListener,
}

/// Where the listener is registered, and armed again when there is no connection left; dropping it deregisters.
#[derive(Debug)]
struct Registration(Option<(Registry, RawFd, Token, Interest)>);

impl TcpListener {
    /// Listens on an address that the host grants.
    ///
    /// # Errors
    /// `PermissionDenied` when the host doesn't, and the system's.
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let inner = net::TcpListener::bind(address)?;
        inner.set_nonblocking(true)?;
        Ok(TcpListener::from_std(inner))
    }

    /// Takes std's, which has to be non-blocking.
    pub fn from_std(inner: net::TcpListener) -> TcpListener {
        TcpListener { registration: Registration(None), inner }
    }

    /// Accepts a connection, non-blocking.
    ///
    /// # Errors
    /// `WouldBlock` when there is none, and the system's.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self.inner.accept() {
            Ok((stream, peer)) => {
                stream.set_nonblocking(true)?;
                Ok((TcpStream::from_std(stream), peer))
            }
            Err(error) => {
                if error.kind() == ErrorKind::WouldBlock
                    && let Some((registry, fd, token, interest)) = &self.registration.0
                {
                    registry.reregister(&mut SourceFd(fd), *token, *interest)?;
                }
                Err(error)
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Sets how many hops its packets may take.
    ///
    /// # Errors
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// How many hops its packets may take.
    ///
    /// # Errors
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// The pending error, which is none afterwards.
    ///
    /// # Errors
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

impl Source for TcpListener {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        if self.registration.0.is_some() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let kept = registry.try_clone()?;
        let fd = self.as_raw_fd();
        SourceFd(&fd).register(registry, token, interests)?;
        self.registration = Registration(Some((kept, fd, token, interests)));
        Ok(())
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        let Some(registration) = &mut self.registration.0 else { return Err(ErrorKind::NotFound.into()) };
        SourceFd(&registration.1).reregister(registry, token, interests)?;
        (registration.2, registration.3) = (token, interests);
        Ok(())
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        let (_, fd, ..) = self.registration.0.take().ok_or(ErrorKind::NotFound)?;
        SourceFd(&fd).deregister(registry)
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some((registry, fd, ..)) = self.0.take() {
            // Whose poll is gone has nothing to be deregistered from.
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
    }
}

impl AsRawFd for TcpListener {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl AsFd for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl IntoRawFd for TcpListener {
    fn into_raw_fd(self) -> RawFd {
        self.inner.into_raw_fd()
    }
}

impl FromRawFd for TcpListener {
    /// Takes over a descriptor, which must be a non-blocking listener's.
    unsafe fn from_raw_fd(fd: RawFd) -> TcpListener {
        // SAFETY: the caller hands over an open descriptor that nobody else owns.
        TcpListener::from_std(unsafe { net::TcpListener::from_raw_fd(fd) })
    }
}

impl From<OwnedFd> for TcpListener {
    /// Takes over a descriptor, which must be a non-blocking listener's.
    fn from(fd: OwnedFd) -> TcpListener {
        TcpListener::from_std(net::TcpListener::from(fd))
    }
}

impl From<TcpListener> for OwnedFd {
    fn from(listener: TcpListener) -> OwnedFd {
        listener.inner.into()
    }
}

impl From<TcpListener> for net::TcpListener {
    fn from(listener: TcpListener) -> net::TcpListener {
        listener.inner
    }
}
