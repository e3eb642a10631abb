//! A network that knows which sockets the guest holds, and what its calls have done so far. What moves the bytes is
//! underneath.

use std::collections::BTreeSet;
use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};
use wasi_poll_preview1::{Datagram, Edge, Errno, Group, Network, Probe, SocketId, SocketOption, Stop};

/// `N`, watched: a call on a socket that isn't open, a receive of nothing and a socket closed twice are panics.
#[derive(Debug)]
pub struct Watched<N> {
    /// The network itself, for what happens on the other side.
    pub inner: N,
    open: BTreeSet<SocketId>,
    effects: u64,
}

impl<N: Network> Watched<N> {
    /// Watches a network nobody used yet.
    pub fn new(inner: N) -> Watched<N> {
        Watched { inner, open: BTreeSet::new(), effects: 0 }
    }

    /// How many sockets are open that the guest's calls have opened.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// How many calls have changed anything: opened, closed, moved or set.
    pub fn effects(&self) -> u64 {
        self.effects
    }

    fn opened(&mut self, id: SocketId) {
        self.effects += 1;
        assert!(self.open.insert(id), "{id:?} was given out twice");
    }

    #[track_caller]
    fn is_open(&self, id: SocketId) {
        assert!(self.open.contains(&id), "{id:?} is not the guest's, or was closed");
    }

    /// Counts a call on `id` that succeeded as one that changed something.
    fn counted<T>(&mut self, result: Result<T, Errno>) -> Result<T, Errno> {
        self.effects += u64::from(result.is_ok());
        result
    }
}

impl<N: Network> Network for Watched<N> {
    fn now_ns(&mut self) -> u64 {
        self.inner.now_ns()
    }

    fn realtime_ns(&mut self) -> u64 {
        self.inner.realtime_ns()
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let (id, address) = self.inner.listen(address)?;
        self.opened(id);
        Ok((id, address))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        let id = self.inner.connect(address)?;
        self.opened(id);
        Ok(id)
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.is_open(listener);
        let (id, peer) = self.inner.accept(listener)?;
        self.opened(id);
        Ok((id, peer))
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        self.is_open(stream);
        assert!(!into.is_empty(), "a receive of nothing");
        let asked = into.len();
        let received = self.inner.receive(stream, into, peek);
        assert!(received.is_ok_and(|moved| moved <= asked) || received.is_err());
        self.counted(received)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.is_open(stream);
        let sent = self.inner.send(stream, from);
        self.counted(sent)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.is_open(stream);
        let ended = self.inner.shutdown(stream, how);
        self.counted(ended)
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let (id, address) = self.inner.bind(address)?;
        self.opened(id);
        Ok((id, address))
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.is_open(socket);
        let connected = self.inner.connect_datagram(socket, peer);
        self.counted(connected)
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        self.is_open(socket);
        let received = self.inner.receive_datagram(socket, into, peek);
        self.counted(received)
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        self.is_open(socket);
        let sent = self.inner.send_datagram(socket, from, to);
        self.counted(sent)
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.is_open(socket);
        self.inner.local_address(socket)
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.is_open(socket);
        self.inner.peer_address(socket)
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        self.is_open(socket);
        self.inner.option(socket, option)
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.is_open(socket);
        let set = self.inner.set_option(socket, option, value);
        self.counted(set)
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        self.is_open(socket);
        let set = self.inner.set_membership(socket, group, join);
        self.counted(set)
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.inner.resolve(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        self.is_open(socket);
        self.inner.take_error(socket)
    }

    fn close(&mut self, socket: SocketId) {
        self.effects += 1;
        assert!(self.open.remove(&socket), "{socket:?} is closed twice, or was never opened");
        self.inner.close(socket);
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        for probe in &*probes {
            self.is_open(probe.socket);
        }
        self.inner.probe(probes);
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        self.inner.wait(deadline_ns, edges)
    }
}
