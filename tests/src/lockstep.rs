//! Two halves on one deterministic network, and a baton: exactly one of them runs at a time.
//!
//! The guest has it until its network waits with nothing ready; the peer, until it would block. Only when both
//! would wait does the virtual clock move, and only to the guest's deadline. So a case has one order of events.

mod network;
mod peers;

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use wasi_poll_preview1::{Errno, MemoryNetwork, SocketId};

/// How many connections a listener holds that nobody accepted yet.
const BACKLOG: usize = 16;

/// What the two halves share. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Lockstep(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    network: MemoryNetwork,
    /// Who has the baton.
    turn: Turn,
    /// What the guest has said and the peer not yet heard.
    lines: VecDeque<String>,
    /// The peer's sockets. Their edges are no business of the guest's.
    peers: BTreeSet<SocketId>,
    peer_ended: bool,
    guest_ended: bool,
    killed: bool,
}

impl Default for State {
    fn default() -> State {
        State {
            network: MemoryNetwork::new().with_backlog(BACKLOG),
            turn: Turn::Guest,
            lines: VecDeque::new(),
            peers: BTreeSet::new(),
            peer_ended: false,
            guest_ended: false,
            killed: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
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
