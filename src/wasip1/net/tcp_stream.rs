//! `TcpStream`, one connection. Arming after its operations is `IoSource`'s.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::AsFd;

use super::super::host;
use super::super::io_source::IoSource;
use super::super::selector::Direction;
use super::attribute::{Attribute, take_error};
use super::directory::{Directory, Request};
use super::grant::Grant;
use super::socket::socket;

/// A TCP connection that never blocks.
///
/// Closing it, by dropping, also deregisters it in a guest.
///
/// ```
/// use std::io::{self, ErrorKind, Read};
/// use wasi_poll::net::TcpStream;
///
/// /// Reads what is there; `false` once the peer has closed.
/// fn drain(stream: &mut TcpStream, into: &mut Vec<u8>) -> io::Result<bool> {
///     let mut buf = [0; 512];
///     loop {
///         match stream.read(&mut buf) {
///             Ok(0) => return Ok(false),
///             Ok(count) => into.extend_from_slice(&buf[..count]),
///             Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
///             Err(error) => return Err(error),
///         }
///     }
/// }
/// ```
pub struct TcpStream {
    inner: IoSource<net::TcpStream>,
}

impl TcpStream {
    /// Starts to connect to `addr`, without waiting; a writable event tells when that has ended, and
    /// [`take_error`](TcpStream::take_error) how: with `None`, and a [`peer_addr`](TcpStream::peer_addr),
    /// it is connected.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use wasi_poll::net::TcpStream;
    /// use wasi_poll::{Events, Interest, Poll, Token};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let mut poll = Poll::new()?;
    /// # let mut events = Events::with_capacity(8);
    /// # let address = "127.0.0.1:9".parse()?;
    /// let mut stream = match TcpStream::connect(address) {
    ///     Ok(stream) => stream,
    ///     // The host's: these texts name the flag that would grant it.
    ///     Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(println!("{error}")),
    ///     Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(println!("{error}")),
    ///     Err(error) => return Err(error.into()),
    /// };
    /// poll.registry().register(&mut stream, Token(0), Interest::WRITABLE)?;
    /// poll.poll(&mut events, None)?;
    /// match stream.take_error()? {
    ///     Some(error) => println!("not connected: {error}"),
    ///     None => println!("connected to {}", stream.peer_addr()?),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't
    /// allow it, before anything is sent, and [`Unsupported`](io::ErrorKind::Unsupported) without a
    /// network directory.
    pub fn connect(addr: SocketAddr) -> io::Result<TcpStream> {
        let directory = Directory::get().ok_or_else(|| Grant::CONNECT.unsupported(addr))?;
        let fd =
            directory.open(Request::Connect, addr).map_err(|error| Grant::CONNECT.explain(error, addr))?;
        Ok(TcpStream::from(fd))
    }

    /// Takes over a stream from `std`. It must be non-blocking already.
    pub fn from_std(stream: net::TcpStream) -> TcpStream {
        TcpStream { inner: IoSource::new(stream) }
    }

    /// The other end's address.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) before it is, or when that failed. In a guest
    /// [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Attribute::PEER.read(self)
    }

    /// This end's address.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Attribute::LOCAL.read(self)
    }

    /// Closes the connection for reading, for writing, or for both.
    ///
    /// # Errors
    /// Those of the operating system, or of preview1's `sock_shutdown`.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        host::sock_shutdown(self.inner.as_fd(), how)
    }

    /// Sends small writes at once (`true`), or gathers them (`false`).
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        Attribute::NODELAY.turn(self, nodelay)
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn nodelay(&self) -> io::Result<bool> {
        Attribute::NODELAY.is_on(self)
    }

    /// Sets the time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        Attribute::TTL.write(self, ttl)
    }

    /// The time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn ttl(&self) -> io::Result<u32> {
        Attribute::TTL.read(self)
    }

    /// Takes the error pending on the socket.
    ///
    /// # In each world
    /// A guest without a network directory is told the error of the last
    /// [`is_error`](crate::event::Event::is_error) event of this registration.
    ///
    /// # Errors
    /// Those of the operating system, or of the host.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        take_error(&self.inner)
    }

    /// Reads without taking the bytes away.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there are none: the next ones then make an event.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        // However few the bytes, they are still there: only WouldBlock arms.
        self.inner.operate(&[Direction::Read], |stream| {
            host::sock_recv(stream.as_fd(), [buf], wasi::RIFLAGS_RECV_PEEK)
        })
    }

    /// Runs the caller's own operation on the descriptor, so that events go on coming after it met
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Errors
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.operate(&Direction::BOTH, |_| f())
    }
}

impl Read for TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Read for &'_ TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.transfer(Direction::Read, buf.len(), |stream| host::read(stream, buf))
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let asked_bytes = bufs.iter().map(|buf| buf.len()).sum();
        self.inner.transfer(Direction::Read, asked_bytes, |mut stream| stream.read_vectored(bufs))
    }
}

impl Write for TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl Write for &'_ TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.inner.transfer(Direction::Write, buf.len(), |stream| host::write(stream, buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let asked_bytes = bufs.iter().map(|buf| buf.len()).sum();
        self.inner.transfer(Direction::Write, asked_bytes, |mut stream| stream.write_vectored(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.operate(&[Direction::Write], |mut stream| stream.flush())
    }
}

socket!(TcpStream);
