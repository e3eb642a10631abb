//! What a case needs of a network beside the trait: one to start with, and peers to act from outside.

use super::Guest;
use crate::Network;
use std::net::SocketAddr;

/// A network to run the cases on, and how its peers are driven. A peer is the other end of a connection to
/// the guest: a socket of the system's for a network that is, or one more socket of a network in memory. All
/// calls may wait; what they wait for has been caused already, or never comes, which is a panic.
pub trait Rig {
    /// What the guest's sockets stand on.
    type Network: Network;
    /// The other end of a connection.
    type Peer;
    /// Who sends datagrams to the guest, and hears those it sends.
    type DatagramPeer;

    /// A network on which `127.0.0.1` is an address, and `localhost` a name of it.
    fn network() -> Self::Network;

    /// Connects to a listener of the guest's, and returns once connected.
    fn connect(network: &mut Self::Network, address: SocketAddr) -> Self::Peer;

    /// The peer's own address.
    fn address(network: &mut Self::Network, peer: &Self::Peer) -> SocketAddr;

    /// Sends all of `bytes`, which are few enough to have room.
    fn send(network: &mut Self::Network, peer: &mut Self::Peer, bytes: &[u8]);

    /// Waits for bytes, and takes some; 0 is the end of the stream.
    fn receive(network: &mut Self::Network, peer: &mut Self::Peer, into: &mut [u8]) -> usize;

    /// Ends sending.
    fn finish(network: &mut Self::Network, peer: &mut Self::Peer);

    /// Closes the connection: that is a reset when bytes are left unread, as it is of any TCP socket.
    fn close(network: &mut Self::Network, peer: Self::Peer);

    /// Opens a datagram socket on `127.0.0.1`, and tells its address.
    fn bind(network: &mut Self::Network) -> (Self::DatagramPeer, SocketAddr);

    /// Sends a datagram.
    fn send_to(network: &mut Self::Network, peer: &mut Self::DatagramPeer, bytes: &[u8], to: SocketAddr);

    /// Waits for a datagram, which has room: its bytes and its sender.
    fn receive_from(
        network: &mut Self::Network,
        peer: &mut Self::DatagramPeer,
        into: &mut [u8],
    ) -> (usize, SocketAddr);
}

/// Who exchanges datagrams with the guest, as a case speaks of it.
#[derive(Debug)]
pub struct DatagramPeer<R: Rig> {
    peer: R::DatagramPeer,
    /// Its own address.
    pub address: SocketAddr,
}

impl<R: Rig> DatagramPeer<R> {
    /// One with a port of its own.
    pub fn new(guest: &mut Guest<R>) -> DatagramPeer<R> {
        let (peer, address) = R::bind(guest.process.network());
        DatagramPeer { peer, address }
    }

    /// It sends a datagram to `to`.
    pub fn sends(&mut self, guest: &mut Guest<R>, bytes: &[u8], to: SocketAddr) {
        R::send_to(guest.process.network(), &mut self.peer, bytes, to);
    }

    /// It receives exactly `bytes` in one datagram: who sent it.
    #[track_caller]
    pub fn hears(&mut self, guest: &mut Guest<R>, bytes: &[u8]) -> SocketAddr {
        let mut into = [0; 2_048];
        let (heard, from) = R::receive_from(guest.process.network(), &mut self.peer, &mut into);
        assert_eq!(into[..heard], *bytes, "what the peer received");
        from
    }
}

/// The other end of a connection, as a case speaks of it.
#[derive(Debug)]
pub struct Peer<R: Rig>(R::Peer);

impl<R: Rig> Peer<R> {
    /// One that connects to `address`.
    pub fn connects(guest: &mut Guest<R>, address: SocketAddr) -> Peer<R> {
        Peer(R::connect(guest.process.network(), address))
    }

    /// Its own address.
    pub fn address(&self, guest: &mut Guest<R>) -> SocketAddr {
        R::address(guest.process.network(), &self.0)
    }

    /// It sends all of `bytes`.
    pub fn sends(&mut self, guest: &mut Guest<R>, bytes: &[u8]) {
        R::send(guest.process.network(), &mut self.0, bytes);
    }

    /// It receives exactly `bytes`.
    #[track_caller]
    pub fn hears(&mut self, guest: &mut Guest<R>, bytes: &[u8]) {
        let heard = self.receives(guest, bytes.len());
        assert_eq!(heard, bytes, "what the peer received");
    }

    /// It receives so many bytes.
    #[track_caller]
    pub fn receives(&mut self, guest: &mut Guest<R>, count: usize) -> Vec<u8> {
        let mut into = vec![0; count];
        let mut heard = 0;
        while heard < count {
            let moved = R::receive(guest.process.network(), &mut self.0, &mut into[heard..]);
            assert_ne!(moved, 0, "the stream ended after {heard} of {count} bytes");
            heard += moved;
        }
        into
    }

    /// It finds the end of the stream.
    #[track_caller]
    pub fn hears_the_end(&mut self, guest: &mut Guest<R>) {
        let moved = R::receive(guest.process.network(), &mut self.0, &mut [0]);
        assert_eq!(moved, 0, "bytes where the end of the stream is due");
    }

    /// It sends no more.
    pub fn finishes(&mut self, guest: &mut Guest<R>) {
        R::finish(guest.process.network(), &mut self.0);
    }

    /// It closes the connection.
    pub fn closes(self, guest: &mut Guest<R>) {
        R::close(guest.process.network(), self.0);
    }
}
