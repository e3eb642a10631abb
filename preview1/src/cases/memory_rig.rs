//! The rig of a network in memory, whose peers are sockets of that same network.

use super::Rig;
use crate::{Errno, Levels, MemoryNetwork, Network, Probe, SocketId};
use std::io::IoSlice;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};

/// A [`MemoryNetwork`] with a latency of so many nanoseconds. With one, nothing has arrived when a call returns.
#[derive(Debug)]
pub struct MemoryRig<const LATENCY_NS: u64>;

impl<const LATENCY_NS: u64> Rig for MemoryRig<LATENCY_NS> {
    type Network = MemoryNetwork;
    type Peer = SocketId;
    type DatagramPeer = SocketId;

    fn network() -> MemoryNetwork {
        // A tick, because one case never waits.
        MemoryNetwork::new()
            .with_latency_ns(LATENCY_NS)
            .with_tick_ns(LATENCY_NS / 10)
            .with_name("localhost", &[Ipv4Addr::LOCALHOST.into()])
            .with_name_delay_ns("localhost", LATENCY_NS)
    }

    fn connect(network: &mut MemoryNetwork, address: SocketAddr) -> SocketId {
        let peer = network.connect(address).expect("the guest listens");
        let mut probes = [Probe { socket: peer, levels: Levels::default() }];
        while !probes[0].levels.writable {
            network.probe(&mut probes);
            assert!(probes[0].levels.writable || network.step(), "the connection never stands");
        }
        peer
    }

    fn address(network: &mut MemoryNetwork, peer: &SocketId) -> SocketAddr {
        network.local_address(*peer).expect("the peer is open")
    }

    fn send(network: &mut MemoryNetwork, peer: &mut SocketId, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let moved = caused(network, |network| network.send(*peer, &[IoSlice::new(bytes)]));
            bytes = &bytes[moved..];
        }
    }

    fn receive(network: &mut MemoryNetwork, peer: &mut SocketId, into: &mut [u8]) -> usize {
        caused(network, |network| network.receive(*peer, into, false))
    }

    fn finish(network: &mut MemoryNetwork, peer: &mut SocketId) {
        network.shutdown(*peer, Shutdown::Write).expect("the peer is connected");
    }

    fn close(network: &mut MemoryNetwork, peer: SocketId) {
        // What the guest sent has to be there, or it isn't unread; the real one's close waits for nothing.
        while network.step() {}
        network.close(peer);
    }

    fn bind(network: &mut MemoryNetwork) -> (SocketId, SocketAddr) {
        network.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port")
    }

    fn send_to(network: &mut MemoryNetwork, peer: &mut SocketId, bytes: &[u8], to: SocketAddr) {
        caused(network, |network| network.send_datagram(*peer, &[IoSlice::new(bytes)], Some(to)));
    }

    fn receive_from(
        network: &mut MemoryNetwork,
        peer: &mut SocketId,
        into: &mut [u8],
    ) -> (usize, SocketAddr) {
        let datagram = caused(network, |network| network.receive_datagram(*peer, into, false));
        (datagram.bytes, datagram.from)
    }
}

/// Lets time pass until the call can go ahead.
fn caused<T>(network: &mut MemoryNetwork, mut call: impl FnMut(&mut MemoryNetwork) -> Result<T, Errno>) -> T {
    loop {
        match call(network) {
            Ok(done) => return done,
            Err(Errno::Again) => assert!(network.step(), "the peer waits for what can never happen"),
            Err(errno) => panic!("the peer's call failed: {errno}"),
        }
    }
}
