//! What can be asked of and set on a socket beside moving bytes. What each means is the system's to say.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// An option of a socket, as POSIX names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketOption {
    /// `TCP_NODELAY`: 0 or 1.
    Nodelay,
    /// `IP_TTL`, or `IPV6_UNICAST_HOPS`: 1 … 255.
    Ttl,
    /// `IPV6_V6ONLY`: 0 or 1. It can only be read.
    OnlyV6,
    /// `SO_BROADCAST`: 0 or 1.
    Broadcast,
    /// `IP_MULTICAST_LOOP`: 0 or 1.
    MulticastLoopV4,
    /// `IP_MULTICAST_TTL`: 0 … 255.
    MulticastTtlV4,
    /// `IPV6_MULTICAST_LOOP`: 0 or 1.
    MulticastLoopV6,
}

/// A multicast group, and the interface it is joined or left on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// An IPv4 group; the interface by its address, or the unspecified one for any.
    V4(Ipv4Addr, Ipv4Addr),
    /// An IPv6 group; the interface by its number, or 0 for any.
    V6(Ipv6Addr, u32),
}

/// What a datagram socket received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// How many of its bytes there was room for.
    pub bytes: usize,
    /// Whether there were more, which are lost.
    pub truncated: bool,
    /// Who sent it.
    pub from: SocketAddr,
}
