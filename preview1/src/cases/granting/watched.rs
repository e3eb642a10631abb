//! A network in memory that counts what it is asked, and its rig.

use super::super::{MemoryRig, Rig};
use crate::{Datagram, Edge, Errno, Group, MemoryNetwork, Network, Probe, SocketId, SocketOption, Stop};
use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};

/// A network in memory, and the names of the calls it got.
#[derive(Debug, Default)]
pub struct Watched {
    pub network: MemoryNetwork,
    pub calls: Vec<&'static str>,
}

macro_rules! watch {
    ($(fn $call:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {
        impl Network for Watched {
            $(fn $call(&mut self, $($argument: $type),*) $(-> $answer)? {
                self.calls.push(stringify!($call));
                self.network.$call($($argument),*)
            })*
        }
    };
}

watch! {
    fn now_ns() -> u64;
    fn realtime_ns() -> u64;
    fn listen(address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno>;
    fn connect(address: SocketAddr) -> Result<SocketId, Errno>;
    fn accept(listener: SocketId) -> Result<(SocketId, SocketAddr), Errno>;
    fn receive(stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno>;
    fn send(stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno>;
    fn shutdown(stream: SocketId, how: Shutdown) -> Result<(), Errno>;
    fn bind(address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno>;
    fn connect_datagram(socket: SocketId, peer: SocketAddr) -> Result<(), Errno>;
    fn receive_datagram(socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno>;
    fn send_datagram(socket: SocketId, from: &[IoSlice<'_>], to: Option<SocketAddr>) -> Result<usize, Errno>;
    fn local_address(socket: SocketId) -> Result<SocketAddr, Errno>;
    fn peer_address(socket: SocketId) -> Result<SocketAddr, Errno>;
    fn option(socket: SocketId, option: SocketOption) -> Result<u32, Errno>;
    fn set_option(socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno>;
    fn set_membership(socket: SocketId, group: Group, join: bool) -> Result<(), Errno>;
    fn resolve(name: &str) -> Result<Option<Vec<IpAddr>>, Errno>;
    fn take_error(socket: SocketId) -> Option<Errno>;
    fn close(socket: SocketId);
    fn probe(probes: &mut [Probe]);
    fn wait(deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop>;
}

/// The rig of a watched network.
#[derive(Debug)]
pub struct WatchedRig;

type Memory = MemoryRig<0>;

impl Rig for WatchedRig {
    type Network = Watched;
    type Peer = SocketId;
    type DatagramPeer = SocketId;

    fn network() -> Watched {
        Watched { network: Memory::network(), calls: Vec::new() }
    }

    fn connect(network: &mut Watched, address: SocketAddr) -> SocketId {
        Memory::connect(&mut network.network, address)
    }

    fn address(network: &mut Watched, peer: &SocketId) -> SocketAddr {
        Memory::address(&mut network.network, peer)
    }

    fn send(network: &mut Watched, peer: &mut SocketId, bytes: &[u8]) {
        Memory::send(&mut network.network, peer, bytes);
    }

    fn receive(network: &mut Watched, peer: &mut SocketId, into: &mut [u8]) -> usize {
        Memory::receive(&mut network.network, peer, into)
    }

    fn finish(network: &mut Watched, peer: &mut SocketId) {
        Memory::finish(&mut network.network, peer);
    }

    fn close(network: &mut Watched, peer: SocketId) {
        Memory::close(&mut network.network, peer);
    }

    fn bind(network: &mut Watched) -> (SocketId, SocketAddr) {
        Memory::bind(&mut network.network)
    }

    fn send_to(network: &mut Watched, peer: &mut SocketId, bytes: &[u8], to: SocketAddr) {
        Memory::send_to(&mut network.network, peer, bytes, to);
    }

    fn receive_from(network: &mut Watched, peer: &mut SocketId, into: &mut [u8]) -> (usize, SocketAddr) {
        Memory::receive_from(&mut network.network, peer, into)
    }
}
