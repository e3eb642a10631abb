//! The options of a `UdpSocket`, each an attribute in the network directory. How its datagrams move is
//! `udp_socket`'s.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::UdpSocket;
use super::attribute::Attribute;
use super::grant::Grant;

impl UdpSocket {
    /// Allows sending to broadcast addresses.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        Attribute::BROADCAST.turn(self, on)
    }

    /// Whether sending to broadcast addresses is allowed.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn broadcast(&self) -> io::Result<bool> {
        Attribute::BROADCAST.is_on(self)
    }

    /// Has IPv4 multicast looped back to this host.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        Attribute::MULTICAST_LOOP_V4.turn(self, on)
    }

    /// Whether IPv4 multicast is looped back to this host.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        Attribute::MULTICAST_LOOP_V4.is_on(self)
    }

    /// Sets the time to live of outgoing IPv4 multicast packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        Attribute::MULTICAST_TTL_V4.write(self, ttl)
    }

    /// The time to live of outgoing IPv4 multicast packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        Attribute::MULTICAST_TTL_V4.read(self)
    }

    /// Has IPv6 multicast looped back to this host.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        Attribute::MULTICAST_LOOP_V6.turn(self, on)
    }

    /// Whether IPv6 multicast is looped back to this host.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        Attribute::MULTICAST_LOOP_V6.is_on(self)
    }

    /// Sets the time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        Attribute::TTL.write(self, ttl)
    }

    /// The time to live of outgoing packets.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn ttl(&self) -> io::Result<u32> {
        Attribute::TTL.read(self)
    }

    /// Joins an IPv4 multicast group on the interface with this address.
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't
    /// allow it, and [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn join_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        let joined = Attribute::JOIN_V4.write(self, format_args!("{multiaddr} {interface}"));
        joined.map_err(|error| Grant::JOIN_GROUP.explain(error, multiaddr))
    }

    /// Joins an IPv6 multicast group on the interface with this index.
    ///
    /// # Errors
    /// In a guest [`PermissionDenied`](io::ErrorKind::PermissionDenied) where the host's grants don't
    /// allow it, and [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        let joined = Attribute::JOIN_V6.write(self, format_args!("{multiaddr} {interface}"));
        joined.map_err(|error| Grant::JOIN_GROUP.explain(error, multiaddr))
    }

    /// Leaves an IPv4 multicast group.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn leave_multicast_v4(&self, multiaddr: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        Attribute::LEAVE_V4.write(self, format_args!("{multiaddr} {interface}"))
    }

    /// Leaves an IPv6 multicast group.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        Attribute::LEAVE_V6.write(self, format_args!("{multiaddr} {interface}"))
    }

    /// Whether an IPv6 socket refuses IPv4.
    ///
    /// # Errors
    /// In a guest [`Unsupported`](io::ErrorKind::Unsupported) without a network directory.
    pub fn only_v6(&self) -> io::Result<bool> {
        Attribute::ONLY_V6.is_on(self)
    }
}
