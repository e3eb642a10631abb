//! One packet: IP and TCP or UDP headers round some bytes, and the sequence numbers that belong there.

use etherparse::{IpHeaders, PacketBuilder, PacketBuilderStep};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const HOPS: u8 = 64;
const WINDOW_BYTES: u16 = u16::MAX;

/// What a TCP segment says beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
}

/// Two addresses, and how far each has come.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    pub local: SocketAddr,
    pub peer: SocketAddr,
    pub is_udp: bool,
    pub ended_out: bool,
    pub ended_in: bool,
    sent: u32,
    received: u32,
}

impl Conversation {
    /// One that hasn't begun.
    pub fn new(local: SocketAddr, peer: SocketAddr, is_udp: bool) -> Conversation {
        Conversation { local, peer, is_udp, ended_out: false, ended_in: false, sent: 0, received: 0 }
    }

    /// The packet that carries this, out of the guest or into it.
    ///
    /// # Errors
    /// When it is too long for one.
    pub fn packet(&mut self, out: bool, segment: Segment, payload: &[u8]) -> io::Result<Vec<u8>> {
        let (from, to) = if out { (self.local, self.peer) } else { (self.peer, self.local) };
        let builder = headers(from.ip(), to.ip());
        let mut packet = Vec::with_capacity(payload.len() + 60);
        if self.is_udp {
            builder.udp(from.port(), to.port()).write(&mut packet, payload).map_err(io::Error::other)?;
            return Ok(packet);
        }
        let (own, others) =
            if out { (&mut self.sent, self.received) } else { (&mut self.received, self.sent) };
        let sequence = *own;
        *own = own.wrapping_add(payload.len() as u32 + u32::from(segment.syn) + u32::from(segment.fin));
        let mut tcp = builder.tcp(from.port(), to.port(), sequence, WINDOW_BYTES);
        // Only the first of all acknowledges nothing.
        if !segment.syn || others > 0 {
            tcp = tcp.ack(others);
        }
        if segment.syn {
            tcp = tcp.syn();
        }
        if segment.fin {
            tcp = tcp.fin();
        }
        if segment.rst {
            tcp = tcp.rst();
        }
        if !payload.is_empty() {
            tcp = tcp.psh();
        }
        tcp.write(&mut packet, payload).map_err(io::Error::other)?;
        Ok(packet)
    }
}

fn headers(from: IpAddr, to: IpAddr) -> PacketBuilderStep<IpHeaders> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), HOPS),
        (from, to) => PacketBuilder::ipv6(mapped(from).octets(), mapped(to).octets(), HOPS),
    }
}

/// An address of the other family is in a conversation as its mapped one.
fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}
