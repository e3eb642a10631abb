//! `UdpSocket`, a datagram socket: in this world what can be done with one somebody else opened.

use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use super::super::event::Source;
use super::super::host;
use super::super::io_source::IoSource;
use super::super::selector::Direction;
use super::super::{Interest, Registry, Token};
use super::unsupported::unsupported;

/// A UDP socket that never blocks.
///
/// # In each world
/// preview1 can't open one. A descriptor that is one all the same can be polled, and, connected, used
/// to send, receive and peek; everything else is [`Unsupported`](io::ErrorKind::Unsupported).
///
/// ```
/// use std::io::ErrorKind;
/// use wasi_poll::net::UdpSocket;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// match UdpSocket::bind("127.0.0.1:0".parse()?) {
///     Ok(socket) => println!("bound to {}", socket.local_addr()?),
///     Err(error) if error.kind() == ErrorKind::Unsupported => println!("{error}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
pub struct UdpSocket {
    inner: IoSource<net::UdpSocket>,
}

/// A method that preview1 has no call for: documented, and `Unsupported`.
macro_rules! no_call {
    ($($(#[doc = $doc:literal])+ fn $name:ident($($arg:ident: $ty:ty),*) -> $out:ty, $what:literal;)+) => {
        $(
            $(#[doc = $doc])+
            ///
            /// # Errors
            /// In a guest always [`Unsupported`](io::ErrorKind::Unsupported).
            pub fn $name(&self, $($arg: $ty),*) -> io::Result<$out> {
                $(let _ = $arg;)*
                Err(unsupported($what))
            }
        )+
    };
}

impl UdpSocket {
    /// Opens a socket bound to `addr`.
    ///
    /// # Errors
    /// In a guest always [`Unsupported`](io::ErrorKind::Unsupported): preview1 has no such call.
    pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
        Err(unsupported(format_args!("bind a datagram socket to {addr}")))
    }

    /// Takes over a socket from `std`. It must be non-blocking already.
    pub fn from_std(socket: net::UdpSocket) -> UdpSocket {
        UdpSocket { inner: IoSource::new(socket) }
    }

    /// Sends one datagram to the connected peer.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room: more of it then makes an event.
    pub fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.inner.operate(&[Direction::Write], |socket| host::sock_send(socket.as_fd(), buf))
    }

    /// Receives one datagram from the connected peer; what doesn't fit `buf` is lost.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(buf, 0)
    }

    /// Receives one datagram without taking it away.
    ///
    /// # Errors
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none: the next one then makes an event.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.receive(buf, wasi::RIFLAGS_RECV_PEEK)
    }

    /// A datagram shorter than the buffer says nothing of the next one, so only `WouldBlock` arms.
    fn receive(&self, buf: &mut [u8], flags: wasi::Riflags) -> io::Result<usize> {
        self.inner.operate(&[Direction::Read], |socket| host::sock_recv(socket.as_fd(), buf, flags))
    }

    /// Takes the error pending on the socket.
    ///
    /// # In each world
    /// A guest is told the error of the last [`is_error`](crate::event::Event::is_error) event of this
    /// registration.
    ///
    /// # Errors
    /// Natively those of the operating system; none in a guest.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(self.inner.take_errno().map(host::error_of))
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

    no_call! {
        /// The address it is bound to.
        fn local_addr() -> SocketAddr, "tell a datagram socket's address";
        /// The address it is connected to.
        fn peer_addr() -> SocketAddr, "tell a datagram socket's peer address";
        /// Sends one datagram to `target`.
        fn send_to(buf: &[u8], target: SocketAddr) -> usize, "send a datagram to an address";
        /// Receives one datagram, with the address it came from.
        fn recv_from(buf: &mut [u8]) -> (usize, SocketAddr), "tell where a datagram came from";
        /// Like `recv_from`, without taking the datagram away.
        fn peek_from(buf: &mut [u8]) -> (usize, SocketAddr), "tell where a datagram came from";
        /// Names the peer that `send` and `recv` mean.
        fn connect(addr: SocketAddr) -> (), "connect a datagram socket";
        /// Allows sending to broadcast addresses.
        fn set_broadcast(on: bool) -> (), "set broadcast";
        /// Whether sending to broadcast addresses is allowed.
        fn broadcast() -> bool, "tell broadcast";
        /// Has IPv4 multicast looped back to this host.
        fn set_multicast_loop_v4(on: bool) -> (), "set multicast_loop_v4";
        /// Whether IPv4 multicast is looped back to this host.
        fn multicast_loop_v4() -> bool, "tell multicast_loop_v4";
        /// Sets the time to live of outgoing IPv4 multicast packets.
        fn set_multicast_ttl_v4(ttl: u32) -> (), "set multicast_ttl_v4";
        /// The time to live of outgoing IPv4 multicast packets.
        fn multicast_ttl_v4() -> u32, "tell multicast_ttl_v4";
        /// Has IPv6 multicast looped back to this host.
        fn set_multicast_loop_v6(on: bool) -> (), "set multicast_loop_v6";
        /// Whether IPv6 multicast is looped back to this host.
        fn multicast_loop_v6() -> bool, "tell multicast_loop_v6";
        /// Sets the time to live of outgoing packets.
        fn set_ttl(ttl: u32) -> (), "set a datagram socket's ttl";
        /// The time to live of outgoing packets.
        fn ttl() -> u32, "tell a datagram socket's ttl";
        /// Joins an IPv4 multicast group on the interface with this address.
        fn join_multicast_v4(multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> (), "join a multicast group";
        /// Joins an IPv6 multicast group on the interface with this index.
        fn join_multicast_v6(multiaddr: &Ipv6Addr, interface: u32) -> (), "join a multicast group";
        /// Leaves an IPv4 multicast group.
        fn leave_multicast_v4(multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> (), "leave a multicast group";
        /// Leaves an IPv6 multicast group.
        fn leave_multicast_v6(multiaddr: &Ipv6Addr, interface: u32) -> (), "leave a multicast group";
        /// Whether an IPv6 socket refuses IPv4.
        fn only_v6() -> bool, "tell only_v6";
    }
}

impl Source for UdpSocket {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.inner.register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.inner.reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.inner.deregister(registry)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl IntoRawFd for UdpSocket {
    fn into_raw_fd(self) -> RawFd {
        self.inner.into_inner().into_raw_fd()
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl FromRawFd for UdpSocket {
    /// Takes over a descriptor, which must be a non-blocking datagram socket's.
    unsafe fn from_raw_fd(fd: RawFd) -> UdpSocket {
        // SAFETY: the caller hands over an open descriptor that nobody else owns.
        UdpSocket::from_std(unsafe { net::UdpSocket::from_raw_fd(fd) })
    }
}

impl From<OwnedFd> for UdpSocket {
    /// Takes over a descriptor, which must be a non-blocking datagram socket's.
    fn from(fd: OwnedFd) -> UdpSocket {
        UdpSocket::from_std(net::UdpSocket::from(fd))
    }
}

impl From<UdpSocket> for OwnedFd {
    fn from(socket: UdpSocket) -> OwnedFd {
        socket.inner.into_inner().into()
    }
}

impl From<UdpSocket> for net::UdpSocket {
    fn from(socket: UdpSocket) -> net::UdpSocket {
        socket.inner.into_inner()
    }
}
