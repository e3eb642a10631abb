//! What an `OsNetwork` watches, and how it is registered.

use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

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
    Stream(TcpStream),
    /// Somebody else's, watched through a duplicate of our own.
    Watched(OwnedFd),
}

impl Source {
    /// Registers it once and for all, for both directions.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match self {
            Source::Listener(listener) => registry.register(listener, token, both),
            Source::Stream(stream) => registry.register(stream, token, both),
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
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Source::Listener(listener) => listener.as_fd(),
            Source::Stream(stream) => stream.as_fd(),
            Source::Watched(descriptor) => descriptor.as_fd(),
        }
    }
}
