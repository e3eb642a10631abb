//! How a datagram gets from one socket to others: who hears it, who refuses it and when. What a socket holds is
//! `datagram.rs`'s.

use super::MemoryNetwork;
use super::addresses::destination;
use super::datagram::{DatagramSocket, cost_bytes};
use super::socket::{Action, End, Flight, Kind};
use crate::{Errno, SocketId};
use std::io::IoSlice;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// No datagram is longer, in bytes: what IPv4 leaves of 65,535.
const LONGEST_BYTES: usize = 65_507;

impl MemoryNetwork {
    pub(super) fn bind_datagram(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let address = self.datagram_addresses.bind(address)?;
        let end = self.insert(Kind::Datagram(DatagramSocket::new(address)), true);
        self.datagram_addresses.belongs_to(address, end.id);
        self.edge(end.id);
        Ok((end.id, address))
    }

    pub(super) fn connect_to_peer(&mut self, id: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        let socket = self.socket(id)?;
        let bound = self.datagram(id)?.bound;
        let peer = reachable(bound, peer)?;
        if is_broadcast(peer.ip()) && !socket.options.broadcast {
            return Err(Errno::Acces);
        }
        let local = SocketAddr::new(source(bound, peer), bound.port());
        self.datagram_mut(id)?.connected = Some((peer, local));
        Ok(())
    }

    pub(super) fn send_one(
        &mut self,
        id: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        let send_buffer_bytes = self.settings.receive_buffer_bytes;
        let length = from.iter().map(|slice| slice.len()).sum();
        let options = self.socket(id)?.options;
        let end = End { id, serial: self.socket(id)?.serial };
        let socket = self.datagram_mut(id)?;
        let (to, local) = match to {
            Some(to) => {
                let to = reachable(socket.bound, to)?;
                (to, SocketAddr::new(source(socket.bound, to), socket.bound.port()))
            }
            None => socket.connected.ok_or(Errno::Destaddrreq)?,
        };
        if length > LONGEST_BYTES {
            return Err(Errno::Msgsize);
        }
        if let Some(errno) = socket.error.take() {
            return Err(errno);
        }
        if is_broadcast(to.ip()) && !options.broadcast {
            return Err(Errno::Acces);
        }
        if socket.in_flight_bytes >= send_buffer_bytes {
            socket.was_full = true;
            return Err(Errno::Again);
        }
        socket.in_flight_bytes += cost_bytes(length);
        let bytes = from.iter().flat_map(|slice| slice.iter()).copied().collect();
        let heard_by_sender = match to.ip() {
            IpAddr::V4(_) => options.multicast_loop_v4,
            IpAddr::V6(_) => options.multicast_loop_v6,
        };
        let flight = Flight { sender: end, from: local, to, bytes, heard_by_sender };
        self.send_off((local.ip(), to.ip()), length, Action::Land(flight));
        Ok(length)
    }

    /// A datagram reaches its address.
    pub(super) fn land(&mut self, flight: Flight) {
        self.has_left(&flight);
        let Flight { sender, from, to, bytes, heard_by_sender } = flight;
        if to.ip().is_multicast() || is_broadcast(to.ip()) {
            for id in self.all_that_hear(to) {
                if heard_by_sender || id != sender.id || is_broadcast(to.ip()) {
                    self.hold(id, from, bytes.clone());
                }
            }
            return;
        }
        match self.datagram_addresses.owner(to) {
            Some(id) if self.datagram(id).is_ok_and(|socket| socket.hears(from)) => {
                self.hold(id, from, bytes);
            }
            _ => self.send_off((to.ip(), from.ip()), 0, Action::Refuse { sender, to }),
        }
    }

    /// What was on its way gets nowhere: nobody learns of it, but its sender has room again.
    pub(super) fn lose(&mut self, action: Action) {
        if let Action::Land(flight) = action {
            self.has_left(&flight);
        }
    }

    /// A datagram is no longer on its way.
    fn has_left(&mut self, flight: &Flight) {
        if let Some(socket) = self.datagram_of_mut(flight.sender) {
            socket.in_flight_bytes -= cost_bytes(flight.bytes.len());
            if std::mem::take(&mut socket.was_full) {
                self.edge(flight.sender.id);
            }
        }
    }

    /// Nobody took what was sent to `to`: a sender that is connected to there learns of it.
    pub(super) fn refuse(&mut self, sender: End, to: SocketAddr) {
        if let Some(socket) = self.datagram_of_mut(sender)
            && socket.connected.is_some_and(|(peer, _)| peer == to)
        {
            socket.error = Some(Errno::Connrefused);
            self.edge(sender.id);
        }
    }

    fn hold(&mut self, id: SocketId, from: SocketAddr, bytes: Vec<u8>) {
        let receive_buffer_bytes = self.settings.receive_buffer_bytes;
        if let Ok(socket) = self.datagram_mut(id)
            && socket.hears(from)
            && socket.hold(from, bytes, receive_buffer_bytes)
        {
            self.edge(id);
        }
    }

    /// Who hears what is sent to a group, or to everybody.
    fn all_that_hear(&self, to: SocketAddr) -> Vec<SocketId> {
        let hears = |socket: &DatagramSocket| {
            let (ip, port) = (socket.bound.ip(), socket.bound.port());
            let everybody = is_broadcast(to.ip()) && socket.bound.is_ipv4();
            port == to.port()
                && (ip.is_unspecified() || ip == to.ip())
                && (everybody || socket.is_member(to.ip()))
        };
        self.sockets
            .iter()
            .filter(|(_, socket)| matches!(&socket.kind, Kind::Datagram(socket) if hears(socket)))
            .map(|(id, _)| SocketId(id as u32))
            .collect()
    }
}

/// Where a datagram to `to` goes from a socket bound to `bound`.
fn reachable(bound: SocketAddr, to: SocketAddr) -> Result<SocketAddr, Errno> {
    match (bound.is_ipv4(), to.is_ipv4()) {
        _ if to.port() == 0 => Err(Errno::Inval),
        (true, false) => Err(Errno::Afnosupport),
        (false, true) => Err(Errno::Netunreach),
        _ => Ok(destination(to)),
    }
}

/// The address a socket sends from: its own, or where every address exists, that of the other end.
fn source(bound: SocketAddr, to: SocketAddr) -> IpAddr {
    match (bound.ip(), to.ip()) {
        (ip, _) if !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast(ip) => ip,
        (_, ip) if !ip.is_multicast() && !is_broadcast(ip) => ip,
        (_, IpAddr::V4(_)) => Ipv4Addr::LOCALHOST.into(),
        (_, IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
    }
}

fn is_broadcast(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}
