//! What sockets stand on. Whoever implements [`Network`] decides nothing about fds, errnos of bad calls or
//! readiness: it moves bytes and says what changed.

use crate::{Datagram, Errno, Group, SocketOption};
use std::fmt;
use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};

/// A socket of one [`Network`]. After [`Network::close`] its number may be given out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u32);

/// What became true of a socket since the last [`Network::wait`] told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Which socket.
    pub socket: SocketId,
    /// What it is ready for now.
    pub levels: Levels,
}

/// What a socket is ready for at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts, as poll(2) reports them")]
pub struct Levels {
    /// Bytes, a connection, or the end of the stream can be taken.
    pub readable: bool,
    /// Bytes can be sent, or sending fails at once.
    pub writable: bool,
    /// The peer will send no more.
    pub read_closed: bool,
    /// Nothing more can be sent.
    pub write_closed: bool,
    /// [`Network::take_error`] has something to tell.
    pub error: bool,
}

/// A question to [`Network::probe`], and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Which socket.
    pub socket: SocketId,
    /// What it is ready for; the network fills this in.
    pub levels: Levels,
}

/// Why a wait ended although nothing happened: the guest has to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody pulled the kill switch.
    Killed,
    /// Nothing can ever happen: no deadline, no peer and no scheduled event. Only a deterministic network
    /// knows.
    Stalled,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Killed => "the guest was stopped",
            Stop::Stalled => "the guest waits for something that can never happen",
        })
    }
}

impl std::error::Error for Stop {}

/// Sockets, the readiness of them all, and the time.
///
/// All calls but [`wait`](Network::wait) answer at once; what would block is [`Errno::Again`]. Errors are
/// those of the POSIX call of the same name.
///
/// # Edges
/// [`wait`](Network::wait) tells of a socket when something was added to what it is ready for since the last
/// time: new bytes, a new connection, room after there was none, an end, an error, a connect that is done, and
/// what is there when `connect` or `accept` hands the socket out. Between two edges a level may only go away,
/// and only by a call on that socket. An edge names every level of the moment it is told, so that one call
/// decides about both directions. It may say what is known already; it never names a level that is not there.
/// Edges of sockets the caller doesn't hold are ignored by it.
pub trait Network {
    /// Nanoseconds since an arbitrary start; never goes back.
    fn now_ns(&mut self) -> u64;

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    fn realtime_ns(&mut self) -> u64;

    /// Opens a listener, and tells the address it really has (port 0 asks for any).
    ///
    /// # Errors
    /// [`Errno::Addrinuse`], [`Errno::Addrnotavail`], [`Errno::Acces`], …
    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno>;

    /// Begins to connect. The stream is writable when that is done; [`Network::take_error`] tells how it failed.
    ///
    /// # Errors
    /// Those that are known at once, [`Errno::Connrefused`] among them.
    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno>;

    /// Takes the next pending connection, and tells its peer's address.
    ///
    /// # Errors
    /// [`Errno::Again`] when there is none; [`Errno::Mfile`] or [`Errno::Nfile`] when no more can be opened.
    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno>;

    /// Receives into `into`, which is not empty; with `peek` the bytes stay. `Ok(0)` is the end of the stream.
    ///
    /// # Errors
    /// [`Errno::Again`] when there is nothing yet, [`Errno::Connreset`], …
    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno>;

    /// Sends what fits of `from`, in order, as one operation.
    ///
    /// # Errors
    /// [`Errno::Again`] when nothing fits, [`Errno::Pipe`] when the peer is gone, …
    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno>;

    /// Ends one direction or both.
    ///
    /// # Errors
    /// [`Errno::Notconn`] when it is not connected.
    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno>;

    /// Opens a datagram socket, and tells the address it really has (port 0 asks for any).
    ///
    /// # Errors
    /// As [`listen`](Network::listen).
    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno>;

    /// Connects a datagram socket: it sends to `peer` and hears from nobody else.
    ///
    /// # Errors
    /// Those of connect(2).
    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno>;

    /// Receives the next datagram into `into`; with `peek` it stays.
    ///
    /// # Errors
    /// [`Errno::Again`] when there is none, [`Errno::Connrefused`] when one sent before was refused, …
    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno>;

    /// Sends a datagram of all of `from`, to `to` or to the connected peer.
    ///
    /// # Errors
    /// [`Errno::Again`] when nothing fits, [`Errno::Destaddrreq`] without a peer, [`Errno::Msgsize`], …
    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno>;

    /// The address a socket has itself.
    ///
    /// # Errors
    /// Those of getsockname(2).
    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno>;

    /// The address of a connected socket's other end.
    ///
    /// # Errors
    /// [`Errno::Notconn`] when it has none, or none yet.
    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno>;

    /// Reads an option.
    ///
    /// # Errors
    /// [`Errno::Noprotoopt`] when the socket has no such option.
    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno>;

    /// Sets an option.
    ///
    /// # Errors
    /// [`Errno::Noprotoopt`] when the socket has no such option, or it can only be read; [`Errno::Inval`].
    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno>;

    /// Joins a multicast group, or leaves it.
    ///
    /// # Errors
    /// [`Errno::Noprotoopt`] when it is no datagram socket, and those of the system.
    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno>;

    /// Looks a name up. `None` means that it takes longer: [`wait`](Network::wait) ends when the answer is
    /// there, with an edge or without, and asking again tells it. An answer is told once.
    ///
    /// # Errors
    /// [`Errno::Noent`] when the name has no addresses, [`Errno::Io`] when nobody could be asked.
    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno>;

    /// Takes the pending error of a socket, as `SO_ERROR` does.
    fn take_error(&mut self, socket: SocketId) -> Option<Errno>;

    /// Closes a socket. No edge of it is told afterwards.
    fn close(&mut self, socket: SocketId);

    /// Answers what each socket is ready for at this moment, at the cost of at most one system call for all.
    fn probe(&mut self, probes: &mut [Probe]);

    /// Waits until an edge arrives or `deadline_ns` (on [`now_ns`](Network::now_ns)'s clock) is reached, and
    /// adds the edges to `edges`. A deadline in the past only collects. A socket that is ready when it comes
    /// into being gets an edge, too. It may end early with no edge; never late by more than the system's timer.
    ///
    /// # Errors
    /// [`Stop`] when the guest must be ended.
    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop>;
}

/// A process can borrow its network, which then outlives it.
impl<N: Network + ?Sized> Network for &mut N {
    fn now_ns(&mut self) -> u64 {
        (**self).now_ns()
    }

    fn realtime_ns(&mut self) -> u64 {
        (**self).realtime_ns()
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        (**self).listen(address)
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        (**self).connect(address)
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        (**self).accept(listener)
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        (**self).receive(stream, into, peek)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        (**self).send(stream, from)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        (**self).shutdown(stream, how)
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        (**self).bind(address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        (**self).connect_datagram(socket, peer)
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        (**self).receive_datagram(socket, into, peek)
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        (**self).send_datagram(socket, from, to)
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        (**self).local_address(socket)
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        (**self).peer_address(socket)
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        (**self).option(socket, option)
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        (**self).set_option(socket, option, value)
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        (**self).set_membership(socket, group, join)
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        (**self).resolve(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        (**self).take_error(socket)
    }

    fn close(&mut self, socket: SocketId) {
        (**self).close(socket);
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        (**self).probe(probes);
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        (**self).wait(deadline_ns, edges)
    }
}
