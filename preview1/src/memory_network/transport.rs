//! What happens between two ends of a connection: how it comes to be, what travels on it and how it ends.

use super::MemoryNetwork;
use super::addresses::destination;
use super::socket::{Action, End, Kind, Listener, Packet};
use super::stream::{Stage, Stream};
use crate::{Errno, SocketId};
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};

impl MemoryNetwork {
    /// Connects as a peer with an address of its own, rather than the lowest free port of the address it
    /// connects to. Else as [`connect`](crate::Network::connect).
    ///
    /// # Errors
    /// `EADDRINUSE` when `local` is taken, `EADDRNOTAVAIL` when no port is left, `ECONNREFUSED` when nobody
    /// listens and there is no latency.
    pub fn connect_from(&mut self, local: SocketAddr, address: SocketAddr) -> Result<SocketId, Errno> {
        let remote = destination(address);
        let local = self.addresses.bind(local)?;
        let stream = Stream { owns_address: true, ..Stream::new(local, remote) };
        let client = self.insert(Kind::Stream(stream), true);
        self.send_off((local.ip(), remote.ip()), 0, Action::Knock { client, address: remote });
        // Without latency it has failed by now, and nobody holds the socket yet.
        let refused = self.stream_mut(client.id)?.error.take();
        if let Some(errno) = refused {
            self.close_socket(client.id, false);
            return Err(errno);
        }
        Ok(client.id)
    }

    /// Closes a socket so that its peer's connection breaks with `ECONNRESET`, whatever there is to read.
    ///
    /// ```
    /// use wasi_poll_preview1::{Errno, MemoryNetwork, Network};
    /// let mut network = MemoryNetwork::new();
    /// let (listener, address) = network.listen("[::1]:0".parse().unwrap()).unwrap();
    /// let peer = network.connect(address).unwrap();
    /// let (stream, _) = network.accept(listener).unwrap();
    /// network.reset(peer);
    /// assert_eq!(network.receive(stream, &mut [0], false), Err(Errno::Connreset));
    /// ```
    pub fn reset(&mut self, socket: SocketId) {
        self.close_socket(socket, true);
    }

    /// Takes a socket away without a word to its peer, as when its machine loses power. That connection is half open
    /// then: the peer hears nothing, and what it sends next is lost and answered by a reset. A peer that waits for
    /// room probes for it, and is answered so, too.
    ///
    /// ```
    /// use std::io::IoSlice;
    /// use wasi_poll_preview1::{Errno, MemoryNetwork, Network};
    /// let mut network = MemoryNetwork::new();
    /// let (listener, address) = network.listen("[::1]:0".parse().unwrap()).unwrap();
    /// let peer = network.connect(address).unwrap();
    /// let (stream, _) = network.accept(listener).unwrap();
    /// network.vanish(peer);
    /// assert_eq!(network.receive(stream, &mut [0], false), Err(Errno::Again));
    /// assert_eq!(network.send(stream, &[IoSlice::new(b"hello?")]), Ok(6));
    /// assert_eq!(network.receive(stream, &mut [0], false), Err(Errno::Connreset));
    /// ```
    pub fn vanish(&mut self, socket: SocketId) {
        let peer = self.stream_mut(socket).ok().and_then(|stream| stream.peer.take());
        self.close_socket(socket, false);
        if let Some(peer) = peer.filter(|&peer| self.stream_of(peer).is_some_and(|stream| stream.was_full)) {
            self.transmit(peer, Packet::Reset);
        }
    }

    pub(super) fn connect_stream(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        self.connect_from(SocketAddr::new(destination(address).ip(), 0), address)
    }

    /// A connection reaches the address it wants.
    pub(super) fn knock(&mut self, client: End, address: SocketAddr) {
        let listener = self.addresses.owner(address);
        let Some((id, listener)) = listener.and_then(|id| Some((id, self.listener_mut(id).ok()?))) else {
            self.transmit(client, Packet::Reset);
            return;
        };
        listener.waiting.push_back(client);
        self.establish_waiting(id);
    }

    /// Lets as many waiting connections in as the backlog has room for.
    fn establish_waiting(&mut self, listener: SocketId) {
        let backlog = self.settings.backlog;
        while let Ok(found) = self.listener_mut(listener)
            && found.queue.len() < backlog
            && let Some(client) = found.waiting.pop_front()
        {
            // It may have given up meanwhile.
            let Some(&Stream { local, remote, .. }) = self.stream_of(client) else { continue };
            let stage = Stage::Connected;
            let stream = Stream { stage, peer: Some(client), ..Stream::new(remote, local) };
            let server = self.insert(Kind::Stream(stream), false);
            if let Some(stream) = self.stream_of_mut(client) {
                stream.peer = Some(server);
            }
            if let Ok(found) = self.listener_mut(listener) {
                found.queue.push_back(server);
            }
            self.transmit(client, Packet::Established);
            self.edge(listener);
        }
    }

    pub(super) fn accept_stream(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        let accept_error = self.accept_error;
        let queue = &mut self.listener_mut(listener)?.queue;
        if let Some(errno) = accept_error.filter(|_| !queue.is_empty()) {
            return Err(errno);
        }
        let End { id, .. } = queue.pop_front().ok_or(Errno::Again)?;
        self.socket_mut(id)?.held = true;
        self.edge(id);
        self.establish_waiting(listener);
        Ok((id, self.stream_mut(id)?.remote))
    }

    pub(super) fn send_bytes(&mut self, id: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.stream_mut(id)?.may_send()?;
        let end = End { id, serial: self.socket(id)?.serial };
        let asked: usize = from.iter().map(|slice| slice.len()).sum();
        let found = self.stream_mut(id)?;
        let Some(peer) = found.peer.filter(|&peer| self.stream_of(peer).is_some()) else {
            // Nobody is there to take the bytes: they are lost, and a reset is the answer.
            if asked > 0 {
                self.transmit(end, Packet::Reset);
            }
            return Ok(asked);
        };
        let room = self.stream_of(end).map_or(0, |stream| self.room(stream));
        let moved = asked.min(room);
        self.stream_mut(id)?.was_full |= moved == room;
        if moved > 0 {
            let bytes: Vec<u8> = from.iter().flat_map(|slice| slice.iter()).take(moved).copied().collect();
            if let Some(stream) = self.stream_of_mut(peer) {
                stream.in_flight += moved;
            }
            self.transmit(peer, Packet::Bytes(bytes));
        }
        if moved == 0 && asked > 0 { Err(Errno::Again) } else { Ok(moved) }
    }

    /// How many bytes `stream` can send now.
    pub(super) fn room(&self, stream: &Stream) -> usize {
        match stream.peer.and_then(|peer| self.stream_of(peer)) {
            Some(peer) => {
                let link = self.links.of((stream.local.ip(), stream.remote.ip()));
                let buffer_bytes = link.buffer_bytes.unwrap_or(self.settings.receive_buffer_bytes).max(1);
                buffer_bytes.saturating_sub(peer.received.len() + peer.in_flight)
            }
            None => usize::MAX,
        }
    }

    /// `sender`'s peer has taken bytes out of its buffer.
    pub(super) fn made_room(&mut self, sender: Option<End>) {
        if let Some(end) = sender
            && let Some(stream) = self.stream_of_mut(end)
            && std::mem::take(&mut stream.was_full)
        {
            self.edge(end.id);
        }
    }

    pub(super) fn shutdown_stream(&mut self, id: SocketId, how: Shutdown) -> Result<(), Errno> {
        let stream = self.stream_mut(id)?;
        // What has ended both ways is no connection any more, as Linux has it.
        if stream.stage != Stage::Connected || (stream.finished && stream.writing_ended) {
            return Err(Errno::Notconn);
        }
        if how != Shutdown::Write {
            stream.reading_ended = true;
        }
        if how != Shutdown::Read
            && !std::mem::replace(&mut stream.writing_ended, true)
            && let Some(peer) = stream.peer
        {
            self.transmit(peer, Packet::Finish);
        }
        self.edge(id);
        Ok(())
    }

    /// Closes a socket; `abort` resets the peer even when everything was received.
    pub(super) fn close_socket(&mut self, id: SocketId, abort: bool) {
        let Some(socket) = self.sockets.try_remove(id.0 as usize) else { return };
        self.links.broken.remove(&id);
        match socket.kind {
            Kind::Listener(Listener { address, queue, waiting }) => {
                self.addresses.release(address);
                for server in queue {
                    self.close_socket(server.id, true);
                }
                for client in waiting {
                    self.transmit(client, Packet::Reset);
                }
            }
            Kind::Datagram(socket) => self.datagram_addresses.release(socket.bound),
            Kind::Stream(stream) => {
                if stream.owns_address {
                    self.addresses.release(stream.local);
                }
                let Some(peer) = stream.peer else { return };
                if abort || !stream.received.is_empty() || stream.in_flight > 0 {
                    self.transmit(peer, Packet::Reset);
                } else if !stream.writing_ended {
                    self.transmit(peer, Packet::Finish);
                }
            }
        }
    }

    /// Sends a packet on its way; without latency it has arrived when this returns.
    fn transmit(&mut self, to: End, packet: Packet) {
        let Some(stream) = self.stream_of(to) else { return };
        let route = (stream.remote.ip(), stream.local.ip());
        let bytes = if let Packet::Bytes(bytes) = &packet { bytes.len() } else { 0 };
        self.send_off(route, bytes, Action::Arrive { to, packet });
    }

    /// When a stream's packet that would be there at `at_ns` is there behind those before it.
    pub(super) fn in_order(&mut self, action: &Action, at_ns: u64) -> u64 {
        let Action::Arrive { to, .. } = *action else { return at_ns };
        let Some(stream) = self.stream_of_mut(to) else { return at_ns };
        stream.arrives_ns = stream.arrives_ns.max(at_ns);
        stream.arrives_ns
    }

    /// A stream's packet was lost for good: the connection breaks at both ends at `at_ns`.
    pub(super) fn break_at(&mut self, at_ns: u64, lost: &Action) {
        let (&Action::Arrive { to, .. } | &Action::Knock { client: to, .. }) = lost else { return };
        let sender = self.stream_of(to).and_then(|stream| stream.peer);
        for to in [Some(to), sender].into_iter().flatten() {
            self.links.broken.insert(to.id);
            self.schedule.push(at_ns, Action::Arrive { to, packet: Packet::Reset });
        }
    }

    /// Breaks a connection at both ends, as when something between them lost its state.
    ///
    /// ```
    /// use wasi_poll_preview1::{Errno, MemoryNetwork, Network};
    /// let mut network = MemoryNetwork::new();
    /// let (listener, address) = network.listen("[::1]:0".parse().unwrap()).unwrap();
    /// let peer = network.connect(address).unwrap();
    /// let (stream, _) = network.accept(listener).unwrap();
    /// network.break_connection(peer);
    /// assert_eq!(network.receive(stream, &mut [0], false), Err(Errno::Connreset));
    /// assert_eq!(network.receive(peer, &mut [0], false), Err(Errno::Connreset));
    /// ```
    pub fn break_connection(&mut self, stream: SocketId) {
        let Ok(serial) = self.socket(stream).map(|socket| socket.serial) else { return };
        let peer = self.stream_mut(stream).ok().and_then(|stream| stream.peer);
        for to in [Some(End { id: stream, serial }), peer].into_iter().flatten() {
            self.arrive(to, Packet::Reset);
        }
    }

    /// The other end of a connection, if it is open.
    pub fn other_end(&self, stream: SocketId) -> Option<SocketId> {
        match &self.socket(stream).ok()?.kind {
            Kind::Stream(stream) => {
                stream.peer.filter(|&peer| self.stream_of(peer).is_some()).map(|end| end.id)
            }
            Kind::Listener(_) | Kind::Datagram(_) => None,
        }
    }

    /// A packet arrives. What was meant for a socket closed meanwhile is lost: its close told the sender.
    pub(super) fn arrive(&mut self, to: End, packet: Packet) {
        let Some(stream) = self.stream_of_mut(to) else { return };
        match packet {
            Packet::Established => stream.stage = Stage::Connected,
            Packet::Finish => stream.finished = true,
            Packet::Reset if stream.stage == Stage::Broken => return,
            Packet::Reset => stream.broke(),
            Packet::Bytes(bytes) => {
                stream.in_flight -= bytes.len();
                if stream.reading_ended {
                    let sender = stream.peer;
                    if stream.writing_ended {
                        // Nobody can ever take the bytes, nor answer: the connection is over.
                        stream.broke();
                        self.edge(to.id);
                        if let Some(sender) = sender {
                            self.transmit(sender, Packet::Reset);
                        }
                    } else {
                        self.made_room(sender);
                    }
                    return;
                }
                stream.received.extend(bytes);
            }
        }
        self.edge(to.id);
    }
}
