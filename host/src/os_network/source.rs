//! What an `OsNetwork` watches, and how it is registered.

use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use wasi_poll_preview1::Errno;

/// A source and the number that tells it from those before it at the same index.
#[derive(Debug)]
pub struct Entry {
    pub source: Source,
    pub generation: u32,
}

/// One thing that can become ready.
#[derive(Debug)]
pub enum Source {
    Listener(TcpListener),
    /// A listener that was closed, though the guest has not closed it: where it was, and a socket that nobody ever
    /// writes to in its place.
    Retired {
        address: Option<SocketAddr>,
        quiet: UnixDatagram,
    },
    Stream {
        stream: TcpStream,
        /// The other end, where accepting told it: asking again would cost a system call.
        peer: Option<SocketAddr>,
    },
    Datagrams(UdpSocket),
    /// Somebody else's, watched through a duplicate of our own.
    Watched(OwnedFd),
}

impl Source {
    /// Registers it once and for all, for both directions.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Source::Listener(listener) => registry.register(listener, token, both),
            Source::Stream { stream, .. } => registry.register(stream, token, both),
            Source::Datagrams(socket) => registry.register(socket, token, both),
            // Nothing will become of it.
            Source::Retired { .. } => Ok(()),
            Source::Watched(descriptor) => {
                registry.register(&mut SourceFd(&descriptor.as_raw_fd()), token, both)
            }
        }
    }

    /// Before it is closed, where closing alone would leave the registration: the description of a duplicate
    /// lives on. A socket of our own takes its registration with it.
    pub fn deregister(&mut self, registry: &Registry) {
        if let Source::Watched(descriptor) = self {
            // It can only fail by not being registered.
            drop(registry.deregister(&mut SourceFd(&descriptor.as_raw_fd())));
        }
    }

    /// Closes it if it is a listener, and leaves it quiet for ever.
    ///
    /// # Errors
    /// When there is no room for what stands in its place; it is as it was then.
    pub fn retire(&mut self, registry: &Registry) -> io::Result<()> {
        let Source::Listener(listener) = self else { return Ok(()) };
        let (address, quiet) = (listener.local_addr().ok(), UnixDatagram::unbound()?);
        // Who shares it outside goes on with it, and its registration would live on.
        registry.deregister(listener)?;
        *self = Source::Retired { address, quiet };
        Ok(())
    }

    /// Whether somebody may still be served by it.
    pub fn serves(&self) -> bool {
        matches!(self, Source::Stream { .. } | Source::Datagrams(_))
    }

    /// The stream it is.
    ///
    /// # Errors
    /// `ENOTCONN` when it is something else.
    pub fn stream(&mut self) -> Result<&mut TcpStream, Errno> {
        match self {
            Source::Stream { stream, .. } => Ok(stream),
            _ => Err(Errno::Notconn),
        }
    }

    /// The datagram socket it is.
    ///
    /// # Errors
    /// `EPROTOTYPE` when it is something else.
    pub fn datagrams(&self) -> Result<&UdpSocket, Errno> {
        match self {
            Source::Datagrams(socket) => Ok(socket),
            _ => Err(Errno::Prototype),
        }
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Source::Listener(listener) => listener.local_addr(),
            Source::Stream { stream, .. } => stream.local_addr(),
            Source::Datagrams(socket) => socket.local_addr(),
            Source::Retired { address, .. } => address.ok_or_else(|| rustix::io::Errno::ADDRNOTAVAIL.into()),
            Source::Watched(_) => Err(rustix::io::Errno::NOTSOCK.into()),
        }
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Source::Stream { peer: Some(peer), .. } => Ok(*peer),
            Source::Stream { stream, .. } => stream.peer_addr(),
            Source::Datagrams(socket) => socket.peer_addr(),
            Source::Listener(_) | Source::Retired { .. } => Err(rustix::io::Errno::NOTCONN.into()),
            Source::Watched(_) => Err(rustix::io::Errno::NOTSOCK.into()),
        }
    }

    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Source::Listener(listener) => listener.take_error(),
            Source::Stream { stream, .. } => stream.take_error(),
            Source::Datagrams(socket) => socket.take_error(),
            Source::Watched(_) | Source::Retired { .. } => Ok(None),
        }
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Source::Listener(listener) => listener.as_fd(),
            Source::Stream { stream, .. } => stream.as_fd(),
            Source::Datagrams(socket) => socket.as_fd(),
            Source::Watched(descriptor) => descriptor.as_fd(),
            Source::Retired { quiet, .. } => quiet.as_fd(),
        }
    }
}
