//! Peers of a guest on either network, none of which ever waits. What is compared between the two stands in `twins.rs`.

use rustix::net::sockopt::set_socket_linger;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;
use wasi_poll_host::{Killer, OsNetwork};
use wasi_poll_preview1::{Errno, MemoryNetwork, Network, SocketId};

/// What a peer's call came to, as far as both networks have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// So many bytes went.
    Went(usize),
    /// These bytes came; none is the end of the stream.
    Bytes(Vec<u8>),
    /// Nothing came, or nothing fitted.
    Nothing,
    /// The connection is broken.
    Broken,
}

/// One network, and how its peers are driven.
pub trait Side {
    /// What the guest's sockets stand on.
    type Network: Network;
    /// A stream's other end.
    type Stream;
    /// What takes the guest's connections.
    type Listener;
    /// What exchanges datagrams with it.
    type Datagrams;

    /// A network nobody used yet.
    fn network() -> Self::Network;
    /// A listener, there if an address is given.
    fn listen(
        network: &mut Self::Network,
        address: Option<SocketAddr>,
    ) -> Option<(Self::Listener, SocketAddr)>;
    /// A datagram socket, there if an address is given.
    fn bind(
        network: &mut Self::Network,
        address: Option<SocketAddr>,
    ) -> Option<(Self::Datagrams, SocketAddr)>;
    /// A connection to the guest.
    fn connect(network: &mut Self::Network, address: SocketAddr) -> Option<Self::Stream>;
    /// A connection of the guest's.
    fn accept(network: &mut Self::Network, listener: &Self::Listener) -> Option<Self::Stream>;
    /// Sends.
    fn send(network: &mut Self::Network, stream: &mut Self::Stream, bytes: &[u8]) -> Came;
    /// Receives.
    fn receive(network: &mut Self::Network, stream: &mut Self::Stream, most: usize) -> Came;
    /// Sends no more.
    fn finish(network: &mut Self::Network, stream: &mut Self::Stream);
    /// Closes, with a reset or as it should.
    fn close(network: &mut Self::Network, stream: Self::Stream, reset: bool);
    /// Sends a datagram.
    fn send_to(network: &mut Self::Network, socket: &mut Self::Datagrams, bytes: &[u8], to: SocketAddr);
    /// Receives one.
    fn receive_from(
        network: &mut Self::Network,
        socket: &mut Self::Datagrams,
    ) -> Option<(Vec<u8>, SocketAddr)>;
}

/// The network in memory.
#[derive(Debug)]
pub enum InMemory {}

impl Side for InMemory {
    type Network = MemoryNetwork;
    type Stream = SocketId;
    type Listener = SocketId;
    type Datagrams = SocketId;

    fn network() -> MemoryNetwork {
        MemoryNetwork::new()
    }

    fn listen(network: &mut MemoryNetwork, address: Option<SocketAddr>) -> Option<(SocketId, SocketAddr)> {
        network.listen(address.unwrap_or(([127, 0, 0, 1], 0).into())).ok()
    }

    fn bind(network: &mut MemoryNetwork, address: Option<SocketAddr>) -> Option<(SocketId, SocketAddr)> {
        network.bind(address.unwrap_or(([127, 0, 0, 1], 0).into())).ok()
    }

    fn connect(network: &mut MemoryNetwork, address: SocketAddr) -> Option<SocketId> {
        network.connect(address).ok()
    }

    fn accept(network: &mut MemoryNetwork, listener: &SocketId) -> Option<SocketId> {
        network.accept(*listener).ok().map(|(id, _)| id)
    }

    fn send(network: &mut MemoryNetwork, stream: &mut SocketId, bytes: &[u8]) -> Came {
        match network.send(*stream, &[IoSlice::new(bytes)]) {
            Ok(moved) => Came::Went(moved),
            Err(Errno::Again) => Came::Nothing,
            Err(_) => Came::Broken,
        }
    }

    fn receive(network: &mut MemoryNetwork, stream: &mut SocketId, most: usize) -> Came {
        let mut into = vec![0; most];
        match network.receive(*stream, &mut into, false) {
            Ok(moved) => Came::Bytes(into[..moved].to_vec()),
            Err(Errno::Again) => Came::Nothing,
            Err(_) => Came::Broken,
        }
    }

    fn finish(network: &mut MemoryNetwork, stream: &mut SocketId) {
        let _ = network.shutdown(*stream, Shutdown::Write);
    }

    fn close(network: &mut MemoryNetwork, stream: SocketId, reset: bool) {
        if reset { network.reset(stream) } else { network.close(stream) }
    }

    fn send_to(network: &mut MemoryNetwork, socket: &mut SocketId, bytes: &[u8], to: SocketAddr) {
        let _ = network.send_datagram(*socket, &[IoSlice::new(bytes)], Some(to));
    }

    fn receive_from(network: &mut MemoryNetwork, socket: &mut SocketId) -> Option<(Vec<u8>, SocketAddr)> {
        let mut into = vec![0; 2_048];
        let datagram = network.receive_datagram(*socket, &mut into, false).ok()?;
        Some((into[..datagram.bytes].to_vec(), datagram.from))
    }
}

/// The operating system's.
#[derive(Debug)]
pub enum OfTheSystem {}

impl Side for OfTheSystem {
    type Network = OsNetwork;
    type Stream = TcpStream;
    type Listener = TcpListener;
    type Datagrams = UdpSocket;

    fn network() -> OsNetwork {
        OsNetwork::new(&Killer::new()).expect("a poll")
    }

    fn listen(_: &mut OsNetwork, _: Option<SocketAddr>) -> Option<(TcpListener, SocketAddr)> {
        let listener = TcpListener::bind("127.0.0.1:0").ok()?;
        listener.set_nonblocking(true).ok()?;
        let address = listener.local_addr().ok()?;
        Some((listener, address))
    }

    fn bind(_: &mut OsNetwork, _: Option<SocketAddr>) -> Option<(UdpSocket, SocketAddr)> {
        let socket = UdpSocket::bind("127.0.0.1:0").ok()?;
        socket.set_nonblocking(true).ok()?;
        let address = socket.local_addr().ok()?;
        Some((socket, address))
    }

    fn connect(_: &mut OsNetwork, address: SocketAddr) -> Option<TcpStream> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
        stream.set_nonblocking(true).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }

    fn accept(_: &mut OsNetwork, listener: &TcpListener) -> Option<TcpStream> {
        let (stream, _) = listener.accept().ok()?;
        stream.set_nonblocking(true).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }

    fn send(_: &mut OsNetwork, stream: &mut TcpStream, bytes: &[u8]) -> Came {
        came(stream.write(bytes), Came::Went)
    }

    fn receive(_: &mut OsNetwork, stream: &mut TcpStream, most: usize) -> Came {
        let mut into = vec![0; most];
        let received = stream.read(&mut into);
        came(received, |moved| Came::Bytes(into[..moved].to_vec()))
    }

    fn finish(_: &mut OsNetwork, stream: &mut TcpStream) {
        let _ = stream.shutdown(Shutdown::Write);
    }

    fn close(_: &mut OsNetwork, stream: TcpStream, reset: bool) {
        if reset {
            set_socket_linger(&stream, Some(Duration::ZERO)).expect("every stream can");
        }
    }

    fn send_to(_: &mut OsNetwork, socket: &mut UdpSocket, bytes: &[u8], to: SocketAddr) {
        let _ = socket.send_to(bytes, to);
    }

    fn receive_from(_: &mut OsNetwork, socket: &mut UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
        let mut into = vec![0; 2_048];
        let (moved, from) = socket.recv_from(&mut into).ok()?;
        Some((into[..moved].to_vec(), from))
    }
}

fn came(result: io::Result<usize>, moved: impl FnOnce(usize) -> Came) -> Came {
    match result {
        Ok(bytes) => moved(bytes),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Came::Nothing,
        Err(_) => Came::Broken,
    }
}
