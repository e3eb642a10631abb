//! The guest's side of the network: every call is passed on, and a wait in which nothing happens is the peer's turn.

use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};

use wasi_poll_preview1::{Datagram, Edge, Errno, Group, Network, Probe, SocketId, SocketOption, Stop};

use super::{Lockstep, State};

impl Network for Lockstep {
    fn now_ns(&mut self) -> u64 {
        self.lock().network.now_ns()
    }

    fn realtime_ns(&mut self) -> u64 {
        self.lock().network.realtime_ns()
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.lock().network.listen(address)
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        self.lock().network.connect(address)
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.lock().network.accept(listener)
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        self.lock().network.receive(stream, into, peek)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.lock().network.send(stream, from)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.lock().network.shutdown(stream, how)
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.lock().network.bind(address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.lock().network.connect_datagram(socket, peer)
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        self.lock().network.receive_datagram(socket, into, peek)
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        self.lock().network.send_datagram(socket, from, to)
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.lock().network.local_address(socket)
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.lock().network.peer_address(socket)
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        self.lock().network.option(socket, option)
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.lock().network.set_option(socket, option, value)
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        self.lock().network.set_membership(socket, group, join)
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.lock().network.resolve(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        self.lock().network.take_error(socket)
    }

    fn close(&mut self, socket: SocketId) {
        self.lock().network.close(socket);
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        self.lock().network.probe(probes);
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        let mut state = self.lock();
        let told = edges.len();
        // First what is there; then what the peer makes of its turn; only then what time brings.
        let now_ns = state.network.now_ns();
        state.collect(Some(now_ns), edges)?;
        if edges.len() > told {
            return Ok(());
        }
        if !state.peer_ended {
            state = self.hand_to_peer(state);
            state.collect(Some(now_ns), edges)?;
            if edges.len() > told {
                return Ok(());
            }
        }
        state.collect(deadline_ns, edges)
    }
}

impl State {
    fn collect(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        if self.killed {
            return Err(Stop::Killed);
        }
        self.network.wait(deadline_ns, edges)?;
        edges.retain(|edge| !self.peers.contains(&edge.socket));
        Ok(())
    }
}
