//! One datagram socket: what it holds, whom it hears and what it is ready for. How a datagram gets there is
//! `delivery.rs`'s.

use crate::{Datagram, Errno, Group, Levels};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// What a datagram takes up beside its bytes, so that empty ones fill a queue, too.
const OVERHEAD_BYTES: usize = 64;

/// Most groups of one socket, as Linux has it.
const GROUPS: usize = 20;

/// What a datagram of so many bytes takes up.
pub(super) fn cost_bytes(bytes: usize) -> usize {
    bytes + OVERHEAD_BYTES
}

/// A datagram socket.
#[derive(Debug)]
pub(super) struct DatagramSocket {
    /// What it was bound to.
    pub bound: SocketAddr,
    /// Who it is connected to, and the address it then has itself.
    pub connected: Option<(SocketAddr, SocketAddr)>,
    /// What arrived and was not yet received, with its senders.
    received: VecDeque<(SocketAddr, Vec<u8>)>,
    /// What `received` takes up, in bytes.
    held_bytes: usize,
    /// What it sent and has not arrived takes up, in bytes.
    pub in_flight_bytes: usize,
    /// A send found no room; that there is some again is an edge.
    pub was_full: bool,
    /// What `SO_ERROR` tells.
    pub error: Option<Errno>,
    groups: Vec<Group>,
}

impl DatagramSocket {
    /// One that is bound, and no more.
    pub fn new(bound: SocketAddr) -> DatagramSocket {
        DatagramSocket {
            bound,
            connected: None,
            received: VecDeque::new(),
            held_bytes: 0,
            in_flight_bytes: 0,
            was_full: false,
            error: None,
            groups: Vec::new(),
        }
    }

    /// The address it has itself.
    pub fn local(&self) -> SocketAddr {
        self.connected.map_or(self.bound, |(_, local)| local)
    }

    /// Whether it hears this sender.
    pub fn hears(&self, from: SocketAddr) -> bool {
        self.connected.is_none_or(|(peer, _)| peer == from)
    }

    /// Whether it is in a group, on any interface.
    pub fn is_member(&self, address: IpAddr) -> bool {
        self.groups.iter().any(|group| match *group {
            Group::V4(group, _) => IpAddr::V4(group) == address,
            Group::V6(group, _) => IpAddr::V6(group) == address,
        })
    }

    /// What it is ready for, with room for so many bytes on their way.
    pub fn levels(&self, send_buffer_bytes: usize) -> Levels {
        let error = self.error.is_some();
        Levels {
            readable: error || !self.received.is_empty(),
            writable: error || self.in_flight_bytes < send_buffer_bytes,
            error,
            ..Levels::default()
        }
    }

    /// Holds a datagram that arrived; false when there is no room, and it is lost.
    pub fn hold(&mut self, from: SocketAddr, bytes: Vec<u8>, receive_buffer_bytes: usize) -> bool {
        let cost_bytes = cost_bytes(bytes.len());
        // The first always fits, or a small buffer would let none through.
        let fits = self.received.is_empty() || self.held_bytes + cost_bytes <= receive_buffer_bytes;
        if fits {
            self.held_bytes += cost_bytes;
            self.received.push_back((from, bytes));
        }
        fits
    }

    /// Copies the next datagram out, and takes it out but for a peek. A pending error comes before it.
    pub fn receive(&mut self, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        if let Some(errno) = self.error.take() {
            return Err(errno);
        }
        let (from, bytes) = self.received.front().ok_or(Errno::Again)?;
        let moved = bytes.len().min(into.len());
        into[..moved].copy_from_slice(&bytes[..moved]);
        let datagram = Datagram { bytes: moved, truncated: moved < bytes.len(), from: *from };
        if !peek && let Some((_, bytes)) = self.received.pop_front() {
            self.held_bytes -= cost_bytes(bytes.len());
        }
        Ok(datagram)
    }

    /// Joins a group or leaves it.
    pub fn set_membership(&mut self, group: Group, join: bool) -> Result<(), Errno> {
        let (is_ipv4, is_group) = match group {
            Group::V4(address, _) => (true, address.is_multicast()),
            Group::V6(address, _) => (false, address.is_multicast()),
        };
        if self.bound.is_ipv4() != is_ipv4 {
            return Err(Errno::Noprotoopt);
        }
        if !is_group {
            return Err(Errno::Inval);
        }
        let place = self.groups.iter().position(|&joined| joined == group);
        match (join, place) {
            (true, Some(_)) => return Err(Errno::Addrinuse),
            (true, None) if self.groups.len() == GROUPS => return Err(Errno::Nobufs),
            (true, None) => self.groups.push(group),
            (false, Some(place)) => drop(self.groups.swap_remove(place)),
            (false, None) => return Err(Errno::Addrnotavail),
        }
        Ok(())
    }
}
