//! What whoever observes a process may ask it after a call. No call of a guest's comes here, and nothing is changed.

use crate::fd_table::{Descriptor, Role};
use crate::readiness::Certainty;
use crate::{Levels, Network, Probe, Process};
use std::net::SocketAddr;

/// What one socket is ready for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyFd {
    /// The socket's fd.
    pub fd: u32,
    /// Bytes, a connection, an end or an error can be taken.
    pub read: bool,
    /// There is room, or sending fails at once.
    pub write: bool,
}

impl<N: Network> Process<N> {
    /// Every socket that is ready now, by fd; asks the network about those of which that isn't known.
    ///
    /// ```
    /// use wasi_poll_preview1::{MemoryNetwork, Network, Process};
    /// let mut network = MemoryNetwork::new();
    /// let address = "10.0.0.1:80".parse().unwrap();
    /// let (listener, _) = network.listen(address).unwrap();
    /// let _client = network.connect(address).unwrap();
    /// let mut process = Process::new(network);
    /// let fd = process.preopen_listener(listener).unwrap();
    /// assert_eq!(process.ready_fds().iter().map(|ready| ready.fd).collect::<Vec<_>>(), [fd]);
    /// ```
    pub fn ready_fds(&mut self) -> Vec<ReadyFd> {
        let mut probes = Vec::new();
        let sockets = || self.table.sockets();
        for (_, socket) in sockets() {
            let in_doubt = |certainty| matches!(certainty, Certainty::Maybe | Certainty::Unheard);
            if in_doubt(socket.readiness.read) || in_doubt(socket.readiness.write) {
                probes.push(Probe { socket: socket.id, levels: Levels::default() });
            }
        }
        if !probes.is_empty() {
            self.network.probe(&mut probes);
        }
        let mut answers = probes.iter().peekable();
        let mut ready = Vec::new();
        for (fd, socket) in sockets() {
            let levels = answers.next_if(|probe| probe.socket == socket.id).map(|probe| probe.levels);
            let levels = levels.unwrap_or_default();
            let is_ready = |certainty: Certainty, level: bool| match certainty {
                Certainty::Ready => true,
                Certainty::Maybe | Certainty::Unheard => level || levels.error,
                Certainty::NotReady => false,
            };
            let read = is_ready(socket.readiness.read, levels.readable || levels.read_closed);
            let write = is_ready(socket.readiness.write, levels.writable || levels.write_closed)
                && socket.role != Role::Listener;
            if read || write {
                ready.push(ReadyFd { fd, read, write });
            }
        }
        ready
    }

    /// Where in the guest's memory the last call that moved bytes had its buffers: pointers and lengths.
    pub fn last_buffers(&self) -> &[(u32, u32)] {
        &self.iovecs
    }

    /// The socket's own address and its peer's, as far as it has them.
    pub fn addresses(&mut self, fd: u32) -> (Option<SocketAddr>, Option<SocketAddr>) {
        match self.table.get(fd) {
            Ok(&Descriptor::Socket(socket)) => {
                (self.network.local_address(socket.id).ok(), self.network.peer_address(socket.id).ok())
            }
            _ => (None, None),
        }
    }

    /// Whether each datagram of this socket is led by its address.
    pub fn has_led_datagrams(&self, fd: u32) -> bool {
        matches!(
            self.table.get(fd),
            Ok(Descriptor::Socket(socket)) if socket.role == Role::Datagram { connected: false }
        )
    }
}
