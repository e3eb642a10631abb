//! Two halves on one deterministic network, and a baton: exactly one of them runs at a time.
//!
//! The guest has it until its network waits with nothing ready; the peer, until it would block. Only when both
//! would wait does the virtual clock move, and only to the guest's deadline. So a case has one order of events.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use wasi_poll_preview1::{Edge, Errno, MemoryNetwork, Network, Probe, SocketId, Stop};

use crate::peer::{Stream, Surroundings};

/// What the two halves share. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Lockstep(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    network: MemoryNetwork,
    /// Who has the baton.
    turn: Turn,
    /// What the guest has said and the peer not yet heard.
    lines: VecDeque<String>,
    /// The peer's ends. Their edges are no business of the guest's.
    peers: BTreeSet<SocketId>,
    peer_ended: bool,
    guest_ended: bool,
    killed: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    #[default]
    Guest,
    Peer,
}

impl Lockstep {
    /// Nothing is open yet, and the guest begins.
    pub fn new() -> Lockstep {
        Lockstep::default()
    }

    /// Passes on a line the guest said.
    pub fn say(&self, line: &str) {
        self.lock().lines.push_back(line.into());
    }

    /// The guest half has ended: the peer half runs on to its own end.
    pub fn guest_ended(&self) {
        let mut state = self.lock();
        state.guest_ended = true;
        state.turn = Turn::Peer;
        self.0.changed.notify_all();
    }

    /// The peer half has ended: the guest half runs on to its own end.
    pub fn peer_ended(&self) {
        let mut state = self.lock();
        state.peer_ended = true;
        state.turn = Turn::Guest;
        self.0.changed.notify_all();
    }

    /// Ends both halves' waits.
    pub fn kill(&self) {
        self.lock().killed = true;
        self.0.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands the baton over, and waits until it comes back or nobody is left to hand it.
    fn hand_to_peer<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.turn = Turn::Peer;
        self.0.changed.notify_all();
        while state.turn == Turn::Peer && !state.killed {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// The peer would block: the guest's turn, until it would, too.
    fn hand_to_guest<'a>(&'a self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>> {
        if state.guest_ended {
            return Err(io::Error::new(ErrorKind::TimedOut, "the guest has ended, and this would block"));
        }
        state.turn = Turn::Guest;
        self.0.changed.notify_all();
        self.turn_of_peer(state)
    }

    fn turn_of_peer<'a>(&'a self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>> {
        while state.turn == Turn::Guest {
            if state.killed {
                return Err(io::Error::new(ErrorKind::TimedOut, "the case took too long"));
            }
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(state)
    }

    /// Calls until it doesn't block.
    fn blocking<T>(&self, mut call: impl FnMut(&mut MemoryNetwork) -> Result<T, Errno>) -> io::Result<T> {
        let mut state = self.lock();
        loop {
            match call(&mut state.network) {
                Ok(done) => return Ok(done),
                Err(Errno::Again) => state = self.hand_to_guest(state)?,
                Err(errno) => return Err(error_of(errno)),
            }
        }
    }
}

/// The guest's side.
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
        if edges.len() > told || deadline_ns.is_some_and(|deadline_ns| deadline_ns <= now_ns) {
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

/// The peer's side.
impl Surroundings for Lockstep {
    fn connect(&mut self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let mut state = self.turn_of_peer(self.lock())?;
        let socket = state.network.connect(address).map_err(error_of)?;
        state.peers.insert(socket);
        Ok(Box::new(End { socket, lockstep: self.clone() }))
    }

    fn next_line(&mut self) -> Result<String> {
        // The first thing a peer half does: the guest has the baton until it comes here.
        let mut state = self.turn_of_peer(self.lock())?;
        loop {
            match state.lines.pop_front() {
                Some(line) => return Ok(line),
                None => state = self.hand_to_guest(state)?,
            }
        }
    }
}

/// One of the peer's ends.
struct End {
    socket: SocketId,
    lockstep: Lockstep,
}

impl Read for End {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.lockstep.blocking(|network| network.receive(self.socket, bytes, false))
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lockstep.blocking(|network| network.send(self.socket, &[IoSlice::new(bytes)]))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for End {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.lockstep.blocking(|network| network.shutdown(self.socket, how))
    }

    fn reset(self: Box<Self>) -> io::Result<()> {
        self.lockstep.lock().network.reset(self.socket);
        Ok(())
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.lockstep.lock().network.local_address(self.socket).map_err(error_of)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.lockstep.lock();
        if state.peers.remove(&self.socket) {
            state.network.close(self.socket);
        }
    }
}

fn error_of(errno: Errno) -> io::Error {
    let kind = match errno {
        Errno::Connrefused => ErrorKind::ConnectionRefused,
        Errno::Connreset => ErrorKind::ConnectionReset,
        Errno::Notconn => ErrorKind::NotConnected,
        Errno::Pipe => ErrorKind::BrokenPipe,
        _ => ErrorKind::Other,
    };
    io::Error::new(kind, format!("{errno:?}"))
}
