//! A deterministic network in memory with a virtual clock: its settings, its clock and what the trait asks
//! for. What a stream holds is in `stream.rs`, what travels between two streams in `transport.rs`; for datagrams
//! these are `datagram.rs` and `delivery.rs`; how long it takes, `link.rs`.

mod addresses;
mod datagram;
#[cfg(test)]
mod datagram_tests;
mod delivery;
mod link;
#[cfg(test)]
mod link_tests;
mod names;
mod options;
mod random;
mod schedule;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
mod transport;

use crate::{Datagram, Edge, Errno, Group, Levels, Network, Probe, SocketId, SocketOption, Stop};
use addresses::Addresses;
use datagram::DatagramSocket;
use link::Links;
use names::Names;
use slab::Slab;
use socket::{Action, End, Kind, Listener, Socket};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};
use stream::Stage;

pub use link::{Link, Loss};
pub use random::Random;
pub(crate) use schedule::Schedule;

/// A deterministic network: the same calls in the same order have the same effects at the same nanosecond.
///
/// Both ends of every connection live in it. Peers are driven by the methods of [`Network`], or act on their
/// own at a set time ([`schedule_at`](MemoryNetwork::schedule_at)). Time stands still but in
/// [`wait`](Network::wait) and [`step`](MemoryNetwork::step).
///
/// ```
/// use std::io::IoSlice;
/// use wasi_poll_preview1::{MemoryNetwork, Network};
///
/// let mut network = MemoryNetwork::new();
/// let (listener, address) = network.listen("10.0.0.1:0".parse().unwrap()).unwrap();
/// assert_eq!(address, "10.0.0.1:49152".parse().unwrap());
///
/// let peer = network.connect(address).unwrap();
/// let (stream, _) = network.accept(listener).unwrap();
/// network.schedule_at(1_000, move |network| {
///     network.send(peer, &[IoSlice::new(b"hello")]).unwrap();
/// });
///
/// let mut edges = Vec::new();
/// while !edges.iter().any(|edge: &wasi_poll_preview1::Edge| edge.socket == stream && edge.levels.readable) {
///     network.wait(None, &mut edges).unwrap();
/// }
/// assert_eq!(network.now_ns(), 1_000);
/// ```
///
/// # What it models of TCP
/// - A receive buffer is bounded; a send takes what fits, and `EAGAIN` when nothing does. Bytes on their way
///   count as received. Reading makes room at once, whatever the latency.
/// - A connection that finds the backlog full stays pending until one is accepted; nobody listening refuses
///   it, at once where there is no latency.
/// - A close with bytes unread, [`reset`](MemoryNetwork::reset), and the close of a listener before the
///   accept reset the peer. Any other close is an end of stream, and a peer that goes on sending learns of it
///   as from TCP: its first send is taken and answered by a reset, which is `EPIPE` after an end of stream.
/// - Bytes that arrive after an own `shutdown` of receiving are dropped; after one of both ways they break the
///   connection for both ends, as on Linux.
/// - A listener on the unspecified address takes connections to every address of its family.
///
/// # What it models of UDP
/// - Every address is on the same network, and a socket on the unspecified one hears what is sent to any. It
///   sends from the address it sends to, as a system does whose own address that is.
/// - A datagram that finds the receiver's buffer full is lost, and nobody is told. What one socket has on its
///   way is bounded by as much, which is `EAGAIN`.
/// - A sender that is connected to where nobody hears it learns of it: its next call is `ECONNREFUSED`.
/// - A broadcast needs the option, and reaches the sockets on the unspecified address; a datagram to a group
///   reaches its members on every interface. Without the loop option the sender's own socket hears nothing.
/// - No socket hears both families, and none is left out for a TTL.
///
/// # Edges
/// They have the meaning of an edge-triggered epoll, for every open socket: a change that adds readiness
/// (new bytes or connections, room after a full buffer, an end, a reset, an own shutdown, a finished connect),
/// and one for a socket that is ready when `connect` or `accept` hands it out. An edge tells all current
/// levels, and is dropped when there are none left at the time of the wait.
#[derive(Debug)]
pub struct MemoryNetwork {
    now_ns: u64,
    settings: Settings,
    sockets: Slab<Socket>,
    /// What every accept answers instead of a connection.
    accept_error: Option<Errno>,
    /// Tells sockets apart that have the same number one after the other.
    next_serial: u64,
    addresses: Addresses,
    datagram_addresses: Addresses,
    names: Names,
    /// A look-up was answered since the last wait.
    answered: bool,
    schedule: Schedule<Action>,
    links: Links,
    /// The sockets with an edge to tell, oldest first, each once.
    edges: VecDeque<End>,
}

#[derive(Clone, Copy, Debug)]
struct Settings {
    receive_buffer_bytes: usize,
    backlog: usize,
    tick_ns: u64,
}

impl MemoryNetwork {
    /// What [`realtime_ns`](Network::realtime_ns) says when [`now_ns`](Network::now_ns) is 0:
    /// 2020-01-01T00:00:00Z.
    pub const REALTIME_START_NS: u64 = 1_577_836_800_000_000_000;

    /// An empty network at time 0, with receive buffers of 64 KiB, a backlog of 128 and no latency.
    pub fn new() -> MemoryNetwork {
        MemoryNetwork {
            now_ns: 0,
            settings: Settings { receive_buffer_bytes: 64 * 1024, backlog: 128, tick_ns: 0 },
            sockets: Slab::new(),
            accept_error: None,
            next_serial: 0,
            addresses: Addresses::default(),
            datagram_addresses: Addresses::default(),
            names: Names::new(),
            answered: false,
            schedule: Schedule::default(),
            links: Links::default(),
            edges: VecDeque::new(),
        }
    }

    /// Sets how many bytes a socket holds that were sent and not yet received; at least 1.
    #[must_use]
    pub fn with_receive_buffer_bytes(mut self, bytes: usize) -> MemoryNetwork {
        self.settings.receive_buffer_bytes = bytes.max(1);
        self
    }

    /// Sets how many connections a listener holds that nobody accepted yet; at least 1.
    #[must_use]
    pub fn with_backlog(mut self, connections: usize) -> MemoryNetwork {
        self.settings.backlog = connections.max(1);
        self
    }

    /// Sets how long everything takes from one end of a connection to the other.
    #[must_use]
    pub fn with_latency_ns(mut self, latency_ns: u64) -> MemoryNetwork {
        self.links.default.latency_ns = latency_ns;
        self
    }

    /// Sets how long a [`wait`](Network::wait) lasts at least when nothing is ready. Without it a program that
    /// asks again and again, and never waits, stops the time.
    #[must_use]
    pub fn with_tick_ns(mut self, tick_ns: u64) -> MemoryNetwork {
        self.settings.tick_ns = tick_ns;
        self
    }

    /// From now on every accept of a pending connection fails like this, as a system's does that can open no
    /// more sockets; with `None` they succeed again. The connections stay pending.
    pub fn set_accept_error(&mut self, errno: Option<Errno>) {
        self.accept_error = errno;
    }

    /// Runs `action` when the clock reaches `at_ns`, within the [`wait`](Network::wait) that gets there. A time
    /// that has passed is now. Actions for the same time run in the order they were scheduled.
    pub fn schedule_at(&mut self, at_ns: u64, action: impl FnOnce(&mut MemoryNetwork) + Send + 'static) {
        self.schedule.push(at_ns.max(self.now_ns), Action::Call(Box::new(action)));
    }

    /// Runs the next scheduled action or arrival, moving the clock to its time; false when there is none.
    /// Edges stay pending for the next wait, so that peers can make time pass without taking them away.
    ///
    /// ```
    /// use wasi_poll_preview1::{MemoryNetwork, Network};
    /// let mut network = MemoryNetwork::new();
    /// network.schedule_at(7, |_| {});
    /// assert!(network.step());
    /// assert_eq!(network.now_ns(), 7);
    /// assert!(!network.step());
    /// ```
    pub fn step(&mut self) -> bool {
        self.run_next(u64::MAX)
    }

    /// Runs the next action due by `until_ns`; false when there is none.
    fn run_next(&mut self, until_ns: u64) -> bool {
        let Some((at_ns, action)) = self.schedule.pop_due(until_ns) else { return false };
        self.now_ns = self.now_ns.max(at_ns);
        self.run(action);
        true
    }

    fn run(&mut self, action: Action) {
        match action {
            Action::Call(action) => action(self),
            Action::Knock { client, address } => self.knock(client, address),
            Action::Arrive { to, packet } => self.arrive(to, packet),
            Action::Land(flight) => self.land(flight),
            Action::Refuse { sender, to } => self.refuse(sender, to),
            Action::Lose(action) => self.lose(*action),
            Action::Answer(name) => self.answer(&name),
        }
    }

    /// Tells of every edge there is.
    fn tell_edges(&mut self, edges: &mut Vec<Edge>) {
        while let Some(End { id, serial }) = self.edges.pop_front() {
            let Some(socket) = self.sockets.get_mut(id.0 as usize).filter(|found| found.serial == serial)
            else {
                continue;
            };
            socket.edge_pending = false;
            let levels = self.levels(id);
            if levels != Levels::default() {
                edges.push(Edge { socket: id, levels });
            }
        }
    }

    fn levels(&self, id: SocketId) -> Levels {
        match self.socket(id).map(|socket| &socket.kind) {
            Ok(Kind::Listener(listener)) => {
                Levels { readable: !listener.queue.is_empty(), ..Levels::default() }
            }
            Ok(Kind::Stream(stream)) => stream.levels(self.room(stream)),
            Ok(Kind::Datagram(socket)) => socket.levels(self.settings.receive_buffer_bytes),
            Err(_) => Levels::default(),
        }
    }
}

impl Default for MemoryNetwork {
    fn default() -> MemoryNetwork {
        MemoryNetwork::new()
    }
}

impl Network for MemoryNetwork {
    fn now_ns(&mut self) -> u64 {
        self.now_ns
    }

    fn realtime_ns(&mut self) -> u64 {
        MemoryNetwork::REALTIME_START_NS.saturating_add(self.now_ns)
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let address = self.addresses.bind(address)?;
        let listener = Listener { address, queue: VecDeque::new(), waiting: VecDeque::new() };
        let end = self.insert(Kind::Listener(listener), true);
        self.addresses.belongs_to(address, end.id);
        Ok((end.id, address))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        self.connect_stream(address)
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.accept_stream(listener)
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        let found = self.stream_mut(stream)?;
        let moved = found.receive(into, peek)?;
        if moved > 0 && !peek {
            let sender = found.peer;
            self.made_room(sender);
        }
        Ok(moved)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.send_bytes(stream, from)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.shutdown_stream(stream, how)
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.bind_datagram(address)
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.connect_to_peer(socket, peer)
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        self.datagram_mut(socket)?.receive(into, peek)
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        self.send_one(socket, from, to)
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        Ok(match &self.socket(socket)?.kind {
            Kind::Listener(listener) => listener.address,
            Kind::Stream(stream) => stream.local,
            Kind::Datagram(socket) => socket.local(),
        })
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        match &self.socket(socket)?.kind {
            Kind::Stream(stream) if stream.stage == Stage::Connected => Ok(stream.remote),
            Kind::Datagram(DatagramSocket { connected: Some((peer, _)), .. }) => Ok(*peer),
            _ => Err(Errno::Notconn),
        }
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        self.socket(socket)?.option(option)
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.socket_mut(socket)?.set_option(option, value)
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        match &mut self.socket_mut(socket)?.kind {
            Kind::Datagram(socket) => socket.set_membership(group, join),
            Kind::Listener(_) | Kind::Stream(_) => Err(Errno::Noprotoopt),
        }
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.look_up(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        match &mut self.socket_mut(socket).ok()?.kind {
            Kind::Stream(stream) => stream.error.take(),
            Kind::Datagram(socket) => socket.error.take(),
            Kind::Listener(_) => None,
        }
    }

    fn close(&mut self, socket: SocketId) {
        self.close_socket(socket, false);
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        for probe in probes {
            probe.levels = self.levels(probe.socket);
        }
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        let told = edges.len();
        let tick_ends_ns = self.now_ns.saturating_add(self.settings.tick_ns);
        let deadline_ns = deadline_ns.map(|at_ns| at_ns.max(tick_ends_ns));
        while self.run_next(self.now_ns) {}
        loop {
            self.tell_edges(edges);
            if std::mem::take(&mut self.answered) || edges.len() > told {
                return Ok(());
            }
            if self.run_next(deadline_ns.unwrap_or(u64::MAX)) {
                continue;
            }
            self.now_ns = deadline_ns.ok_or(Stop::Stalled)?;
            return Ok(());
        }
    }
}
