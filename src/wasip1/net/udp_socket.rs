//! `UdpSocket`, a datagram socket, and how its datagrams move. Its options are `udp_options`', the layout of an
//! address before a datagram is `record`'s.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::host;
use super::super::io_source::IoSource;
use super::super::selector::Direction;
use super::attribute::{Attribute, take_error};
use super::directory::{Directory, Request};
use super::grant::Grant;
use super::record::{self, ADDRESS_BYTES};
use super::socket::socket;

/// A UDP socket that never blocks.
///
/// # In each world
/// A guest's is opened in the network directory. Without one there is no `bind`, but a descriptor that is a
/// connected datagram socket all the same can be polled, and used to send, receive and peek.
///
/// Only [`WouldBlock`](io::ErrorKind::WouldBlock) says that a socket is drained: a datagram shorter than the
/// buffer says nothing of the next one.
///
/// ```
/// use std::io::ErrorKind;
/// use wasi_poll::net::UdpSocket;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let socket = match UdpSocket::bind("127.0.0.1:0".parse()?) {
///     Ok(socket) => socket,
///     // The host's: these texts name the flag that would grant it.
///     Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(println!("{error}")),
///     Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(println!("{error}")),
///     Err(error) => return Err(error.into()),
/// };
/// let mut buf = [0; 1500];
/// match socket.recv_from(&mut buf) {
///     Ok((count, peer)) => {
///         socket.send_to(&buf[..count], peer)?;
///     }
///     Err(error) if error.kind() == ErrorKind::WouldBlock => println!("nothing yet"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct UdpSocket {
    pub(super) inner: IoSource<net::UdpSocket>,
    /// A connected socket's datagrams are bare; any other's are led by an address record.
    connected: AtomicBool,
}

impl UdpSocket {
    /// Opens a socket bound to `addr`; port 0 asks for any.
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't
    /// allow it, and [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
        let directory = Directory::get().ok_or_else(|| Grant::BIND_DATAGRAM.unsupported(addr))?;
        let fd = directory
            .open(Request::BindDatagram, addr)
            .map_err(|error| Grant::BIND_DATAGRAM.explain(error, addr))?;
        Ok(UdpSocket { inner: IoSource::new(net::UdpSocket::from(fd)), connected: AtomicBool::new(false) })
    }

    /// Takes over a socket from `std`. It must be non-blocking already.
    ///
    /// # In each world
    /// A guest asks here whether it is connected; without a network directory it takes it to be.
    pub fn from_std(socket: net::UdpSocket) -> UdpSocket {
        let connected = Directory::get().is_none() || Attribute::PEER.read::<SocketAddr>(&socket).is_ok();
        UdpSocket { inner: IoSource::new(socket), connected: AtomicBool::new(connected) }
    }

    /// The address it is bound to.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Attribute::LOCAL.read(self)
    }

    /// The address it is connected to.
    ///
    /// # Errors
    /// [`NotConnected`](io::ErrorKind::NotConnected) where it is to none. In a guest
    /// [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        if !self.is_connected() {
            return Err(host::error_of(wasi::ERRNO_NOTCONN.raw()));
        }
        Attribute::PEER.read(self)
    }

    /// Connects it: from now on it sends to `addr`, and receives from there alone.
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't
    /// allow it, and [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn connect(&self, addr: SocketAddr) -> io::Result<()> {
        Directory::get().ok_or_else(|| Grant::CONNECT_DATAGRAM.unsupported(addr))?;
        Attribute::PEER.write(self, addr).map_err(|error| Grant::CONNECT_DATAGRAM.explain(error, addr))?;
        self.connected.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Sends one datagram to `target`.
    ///
    /// # In each world
    /// A connected socket sends to its peer alone in a guest, and on BSD and macOS: any other `target` is
    /// `EISCONN`. Linux and Windows send it.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room: more of it then makes an event. In a
    /// guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't allow it.
    pub fn send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        if self.is_connected() {
            if self.peer_addr()? != target {
                return Err(host::error_of(wasi::ERRNO_ISCONN.raw()));
            }
            return self.send(buf);
        }
        let record = record::encode(target);
        let sent = self
            .inner
            .operate(&[Direction::Write], |socket| host::sock_send(socket.as_fd(), [record.as_slice(), buf]));
        let sent_bytes = sent.map_err(|error| Grant::SEND_DATAGRAM.explain(error, target))?;
        Ok(sent_bytes.saturating_sub(ADDRESS_BYTES))
    }

    /// Receives one datagram, with the address it came from; what doesn't fit `buf` is lost.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive_from(buf, 0)
    }

    /// Like [`recv_from`](UdpSocket::recv_from), without taking the datagram away.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive_from(buf, wasi::RIFLAGS_RECV_PEEK)
    }

    /// Sends one datagram to the connected peer.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room: more of it then makes an event. A
    /// socket that isn't connected has no peer to send to (`EDESTADDRREQ`).
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if !self.is_connected() {
            // The host would take its first bytes for an address.
            return Err(host::error_of(wasi::ERRNO_DESTADDRREQ.raw()));
        }
        self.inner.operate(&[Direction::Write], |socket| host::sock_send(socket.as_fd(), [buf]))
    }

    /// Receives one datagram; what doesn't fit `buf` is lost.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(buf, 0)
    }

    /// Like [`recv`](UdpSocket::recv), without taking the datagram away.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(buf, wasi::RIFLAGS_RECV_PEEK)
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

    fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    fn receive(&self, buf: &mut [u8], flags: wasi::Riflags) -> io::Result<usize> {
        if self.is_connected() {
            self.receive_into([buf], flags)
        } else {
            self.receive_with_address(buf, flags).map(|(count, _)| count)
        }
    }

    fn receive_from(&self, buf: &mut [u8], flags: wasi::Riflags) -> io::Result<(usize, SocketAddr)> {
        if !self.is_connected() {
            return self.receive_with_address(buf, flags);
        }
        // Asked first: an error behind it would lose the datagram.
        let peer = self.peer_addr()?;
        Ok((self.receive_into([buf], flags)?, peer))
    }

    /// Receives a datagram that is led by an address record.
    fn receive_with_address(&self, buf: &mut [u8], flags: wasi::Riflags) -> io::Result<(usize, SocketAddr)> {
        let mut record = [0; ADDRESS_BYTES];
        let received_bytes = self.receive_into([&mut record, buf], flags)?;
        match (received_bytes.checked_sub(ADDRESS_BYTES), record::decode(&record)) {
            (Some(count), Some(peer)) => Ok((count, peer)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the host led a datagram by no address, as if the socket were connected",
            )),
        }
    }

    fn receive_into<const N: usize>(&self, bufs: [&mut [u8]; N], flags: wasi::Riflags) -> io::Result<usize> {
        let received =
            self.inner.operate(&[Direction::Read], |socket| host::sock_recv(socket.as_fd(), bufs, flags));
        if received.as_ref().is_err_and(is_of_an_earlier_datagram) {
            self.inner.rearm(&[Direction::Read]);
        }
        received
    }
}

/// Whether an error tells only that a datagram sent earlier found nobody: the socket goes on, and what comes
/// next still has to be reported.
fn is_of_an_earlier_datagram(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

socket!(UdpSocket);
