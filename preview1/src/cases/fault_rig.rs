//! A rig over any other whose network fails when it is told to, and counts its waits. What a guest makes of that
//! is the cases'.

use super::{Guest, Rig};
use crate::{Datagram, Edge, Errno, Group, Network, Probe, SocketId, SocketOption, Stop};
use std::io::IoSlice;
use std::marker::PhantomData;
use std::net::{IpAddr, Shutdown, SocketAddr};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`Network::accept`] of a connection that stays pending.
    Accept,
    /// [`Network::accept`] of a connection that is lost by it.
    Abort,
    /// [`Network::receive`]
    Receive,
    /// [`Network::send`]
    Send,
    /// [`Network::receive_datagram`]
    ReceiveDatagram,
    /// [`Network::send_datagram`]
    SendDatagram,
    /// [`Network::wait`], which then ends at once with nothing to tell.
    Wait,
}

/// A network that fails when it is told to.
#[derive(Debug)]
pub struct FaultyNetwork<N> {
    /// What is under it.
    pub under: N,
    /// How many waits there were.
    pub waits: u32,
    faults: Vec<(Call, Errno)>,
}

impl<N> FaultyNetwork<N> {
    /// Lets the next such call fail. Told twice, the next two.
    pub fn fail(&mut self, call: Call, errno: Errno) {
        self.faults.push((call, errno));
    }

    /// Whether all that was to fail has failed.
    pub fn has_failed(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, call: Call) -> Result<(), Errno> {
        match self.faults.iter().position(|(failing, _)| *failing == call) {
            Some(at) => Err(self.faults.remove(at).1),
            None => Ok(()),
        }
    }
}

/// The rig `R`, with faults.
#[derive(Debug)]
pub struct FaultRig<R>(PhantomData<R>);

/// A guest on a network that can fail.
pub type FaultyGuest<R> = Guest<FaultRig<R>>;

impl<R: Rig> Rig for FaultRig<R> {
    type Network = FaultyNetwork<R::Network>;
    type Peer = R::Peer;
    type DatagramPeer = R::DatagramPeer;

    fn network() -> Self::Network {
        FaultyNetwork { under: R::network(), waits: 0, faults: Vec::new() }
    }

    fn connect(network: &mut Self::Network, address: SocketAddr) -> R::Peer {
        R::connect(&mut network.under, address)
    }

    fn address(network: &mut Self::Network, peer: &R::Peer) -> SocketAddr {
        R::address(&mut network.under, peer)
    }

    fn send(network: &mut Self::Network, peer: &mut R::Peer, bytes: &[u8]) {
        R::send(&mut network.under, peer, bytes);
    }

    fn receive(network: &mut Self::Network, peer: &mut R::Peer, into: &mut [u8]) -> usize {
        R::receive(&mut network.under, peer, into)
    }

    fn finish(network: &mut Self::Network, peer: &mut R::Peer) {
        R::finish(&mut network.under, peer);
    }

    fn close(network: &mut Self::Network, peer: R::Peer) {
        R::close(&mut network.under, peer);
    }

    fn bind(network: &mut Self::Network) -> (R::DatagramPeer, SocketAddr) {
        R::bind(&mut network.under)
    }

    fn send_to(network: &mut Self::Network, peer: &mut R::DatagramPeer, bytes: &[u8], to: SocketAddr) {
        R::send_to(&mut network.under, peer, bytes, to);
    }

    fn receive_from(
        network: &mut Self::Network,
        peer: &mut R::DatagramPeer,
        into: &mut [u8],
    ) -> (usize, SocketAddr) {
        R::receive_from(&mut network.under, peer, into)
    }
}

impl<N: Network> Network for FaultyNetwork<N> {
    fn now_ns(&mut self) -> u64 {
        self.under.now_ns()
    }

    fn realtime_ns(&mut self) -> u64 {
        self.under.realtime_ns()
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.under.listen(address)
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        self.under.connect(address)
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.fault(Call::Accept)?;
        let accepted = self.under.accept(listener)?;
        self.fault(Call::Abort).inspect_err(|_| self.under.close(accepted.0))?;
        Ok(accepted)
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        self.fault(Call::Receive)?;
        self.under.receive(stream, into, peek)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.fault(Call::Send)?;
        self.under.send(stream, from)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.under.shutdown(stream, how)
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.under.bind(address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.under.connect_datagram(socket, peer)
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        self.fault(Call::ReceiveDatagram)?;
        self.under.receive_datagram(socket, into, peek)
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        self.fault(Call::SendDatagram)?;
        self.under.send_datagram(socket, from, to)
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.under.local_address(socket)
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.under.peer_address(socket)
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        self.under.option(socket, option)
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.under.set_option(socket, option, value)
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        self.under.set_membership(socket, group, join)
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.under.resolve(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        self.under.take_error(socket)
    }

    fn close(&mut self, socket: SocketId) {
        self.under.close(socket);
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        self.under.probe(probes);
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        self.waits += 1;
        if self.fault(Call::Wait).is_err() {
            return Ok(());
        }
        self.under.wait(deadline_ns, edges)
    }
}
