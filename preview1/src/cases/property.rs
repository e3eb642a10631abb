//! Random programs and peers against a naive model: every event it expects is told, and no other, and every
//! byte comes in its place.

mod model;
mod peers;

use super::guest::{NONBLOCK, PEEK, errno};
use super::random::Random;
use super::{Guest, MemoryRig};
use crate::test_attribute::test;
use crate::{
    Accepted, Errno, Event, EventKind, Failure, Limits, MemoryNetwork, Network, Process, Ready, SocketId,
    Watch,
};
use model::Connection;
use std::net::SocketAddr;

const CAPACITY: usize = 12;
const FDS: u32 = 9;
const LISTENER: u32 = 3;

/// The guest, and what is believed of it.
struct World {
    random: Random,
    guest: Guest<MemoryRig<0>>,
    address: SocketAddr,
    connections: Vec<Connection>,
    next_byte: u8,
}

impl World {
    fn new(seed: u64) -> World {
        let mut process = Process::new(MemoryNetwork::new().with_receive_buffer_bytes(CAPACITY));
        process.set_limits(Limits { fds: FDS, ..Limits::default() });
        let mut guest = Guest { process, memory: vec![0; super::guest::MEMORY_BYTES as usize] };
        let (listener, address) = guest.listening();
        assert_eq!(listener, LISTENER);
        guest.set_nonblocking(listener);
        World { random: Random(seed), guest, address, connections: Vec::new(), next_byte: 0 }
    }

    fn network(&mut self) -> &mut MemoryNetwork {
        self.guest.process.network()
    }

    fn bytes(&mut self) -> Vec<u8> {
        let count = 1 + self.random.below(2 * CAPACITY);
        let first = self.next_byte;
        self.next_byte = first.wrapping_add(count as u8);
        (0..count).map(|place| first.wrapping_add(place as u8)).collect()
    }

    /// A connection that has an fd.
    fn accepted(&mut self) -> Option<(usize, u32)> {
        let open: Vec<_> =
            self.connections.iter().enumerate().filter_map(|(at, c)| Some((at, c.fd?))).collect();
        (!open.is_empty()).then(|| open[self.random.below(open.len())])
    }

    /// A connection whose peer is open.
    fn with_peer(&mut self) -> Option<(usize, SocketId)> {
        let open: Vec<_> =
            self.connections.iter().enumerate().filter_map(|(at, c)| Some((at, c.peer?))).collect();
        (!open.is_empty()).then(|| open[self.random.below(open.len())])
    }

    fn step(&mut self) {
        match self.random.below(17) {
            0 => self.peer_connects(),
            1..=3 => self.peer_sends(),
            4..=5 => self.peer_receives(),
            6 => self.peer_ends(),
            7 => self.guest_accepts(),
            8..=10 => self.guest_receives(),
            11..=12 => self.guest_sends(),
            13 => self.guest_ends(),
            _ => self.guest_polls(),
        }
    }

    fn guest_accepts(&mut self) {
        let at_limit = self.guest.process.has_room().is_err();
        let pending = self.connections.iter().position(|connection| connection.fd.is_none());
        let fits = |result: &Result<Accepted, Failure>| match pending {
            Some(_) if at_limit => *result == errno(Errno::Mfile),
            Some(_) => result.is_ok(),
            // Which of the two it meets first.
            None => *result == errno(Errno::Again) || (at_limit && *result == errno(Errno::Mfile)),
        };
        let accepted = self.believing(|guest| guest.accept(LISTENER, NONBLOCK), fits);
        if let (Some(at), Ok(Accepted { fd, .. })) = (pending, accepted) {
            self.connections[at].fd = Some(fd);
        }
    }

    fn guest_receives(&mut self) {
        let Some((at, fd)) = self.accepted() else { return };
        let (most, flags) = (1 + self.random.below(2 * CAPACITY), self.random.below(4) / 3);
        let flags = flags as u32 * PEEK;
        let (bytes, ended, error) = {
            let connection = &self.connections[at];
            let ended = connection.peer_finished || connection.receiving_ended || connection.broken;
            let most = most.min(connection.to_guest.len());
            (connection.to_guest.iter().take(most).copied().collect::<Vec<_>>(), ended, connection.error)
        };
        let fits = |result: &Result<Vec<u8>, Failure>| match error {
            _ if !bytes.is_empty() => *result == Ok(bytes.clone()),
            // The end stands before the error where that was not heard of yet.
            Some(error) => *result == errno(error) || (ended && *result == Ok(vec![])),
            None if ended => *result == Ok(vec![]),
            None => *result == errno(Errno::Again),
        };
        let received = self.believing(|guest| guest.recv(fd, most as u32, flags), fits);
        let connection = &mut self.connections[at];
        match received {
            Ok(bytes) if flags == 0 => drop(connection.to_guest.drain(..bytes.len())),
            Ok(_) | Err(Failure::Errno(Errno::Again)) => {}
            Err(_) => connection.error = None,
        }
    }

    fn guest_sends(&mut self) {
        let Some((at, fd)) = self.accepted() else { return };
        let bytes = self.bytes();
        let connection = &self.connections[at];
        let moved = bytes.len().min(connection.room());
        let expected = match connection.error {
            Some(error) => errno(error),
            None if connection.guest_finished || connection.broken => errno(Errno::Pipe),
            None if moved == 0 => errno(Errno::Again),
            None => Ok(moved as u32),
        };
        self.believing(|guest| guest.send(fd, &bytes), |result| *result == expected).ok();
        let connection = &mut self.connections[at];
        match expected {
            Ok(_) if connection.peer.is_some() => connection.to_peer.extend(&bytes[..moved]),
            Ok(_) => connection.breaks(),
            Err(_) => connection.error = None,
        }
    }

    fn guest_ends(&mut self) {
        let Some((at, fd)) = self.accepted() else { return };
        match self.random.below(4) {
            0 => self.closed(at, fd),
            1 => {
                let Some((onto, to)) = self.accepted() else { return };
                let _ = self.guest.process.fd_renumber(fd, to).unwrap();
                self.connections[at].fd = Some(to);
                if onto != at {
                    self.forgotten(onto);
                }
            }
            how => {
                let how = how as u32 - 1;
                let ended = self.guest.process.sock_shutdown(fd, how);
                let connection = &mut self.connections[at];
                if connection.broken || (connection.peer_finished && connection.guest_finished) {
                    assert_eq!(ended, Err(Errno::Notconn));
                } else {
                    assert_eq!(ended, Ok(()));
                    connection.receiving_ended |= how == 1;
                    connection.guest_finished |= how == 2;
                }
            }
        }
    }

    fn closed(&mut self, at: usize, fd: u32) {
        let _ = self.guest.process.fd_close(fd).unwrap();
        self.forgotten(at);
    }

    /// The guest's end is closed: the peer gets what was sent to it, and closes, too.
    fn forgotten(&mut self, at: usize) {
        let connection = self.connections.remove(at);
        let Some(peer) = connection.peer else { return };
        let mut into = vec![0; CAPACITY];
        if !connection.to_peer.is_empty() {
            let received = self.network().receive(peer, &mut into, false);
            assert_eq!(received, Ok(connection.to_peer.len()));
            assert!(connection.to_peer.iter().eq(&into[..connection.to_peer.len()]));
        }
        let reset = !connection.to_guest.is_empty() && !connection.guest_finished;
        let end = if reset { Err(Errno::Connreset) } else { Ok(0) };
        assert_eq!(self.network().receive(peer, &mut into, false), end);
        self.network().close(peer);
    }

    fn guest_polls(&mut self) {
        let mut watches: Vec<Watch> =
            (0..FDS + 2).flat_map(|fd| [Watch::Read(fd), Watch::Write(fd)]).collect();
        watches.retain(|_| self.random.below(4) > 0);
        let told = self.guest.ready_now(&watches);
        let expected: Vec<Event> =
            (0..).zip(&watches).filter_map(|(userdata, &watch)| self.expected(userdata, watch)).collect();
        assert_eq!(told, expected, "of {watches:?}");
    }

    fn expected(&self, userdata: u64, watch: Watch) -> Option<Event> {
        let always = Ready { bytes: 1, hangup: false, error: None };
        let (fd, write) = match watch {
            Watch::Read(fd) => (fd, false),
            Watch::Write(fd) => (fd, true),
            Watch::Clock { .. } => return None,
        };
        let connection = self.connections.iter().find(|connection| connection.fd == Some(fd));
        let (errno, ready) = match connection {
            _ if fd < LISTENER => (Errno::Success, always),
            _ if fd == LISTENER => {
                let pending = self.connections.iter().any(|connection| connection.fd.is_none());
                (pending && !write && self.guest.process.has_room().is_ok()).then_some(())?;
                (Errno::Success, always)
            }
            None => (Errno::Badf, Ready::default()),
            Some(connection) if write => (Errno::Success, connection.write_ready()?),
            Some(connection) => (Errno::Success, connection.read_ready()?),
        };
        let ready = if ready.error.is_some() { Ready { bytes: 0, hangup: true, ..ready } } else { ready };
        let kind = if write { EventKind::Write(ready) } else { EventKind::Read(ready) };
        Some(Event { userdata, errno, kind })
    }

    /// Makes a call that has to fit. A first `EAGAIN` is allowed for what the guest could not have heard of
    /// yet; a second one is not.
    #[track_caller]
    fn believing<T: std::fmt::Debug>(
        &mut self,
        call: impl Fn(&mut Guest<MemoryRig<0>>) -> Result<T, Failure>,
        fits: impl Fn(&Result<T, Failure>) -> bool,
    ) -> Result<T, Failure> {
        let mut result = call(&mut self.guest);
        if !fits(&result) && matches!(result, Err(Failure::Errno(Errno::Again))) {
            result = call(&mut self.guest);
        }
        assert!(fits(&result), "{result:?} does not fit");
        result
    }
}

#[test]
fn no_event_is_lost_and_none_is_spurious() {
    for seed in 1..=40_u64 {
        let mut world = World::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..4_000 {
            world.step();
        }
        world.guest_polls();
    }
}
