//! Which addresses are taken, and whose they are; streams and datagrams have their own. There is no routing: every
//! address exists.

use crate::{Errno, SocketId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The ports given out for port 0 and to streams that connect: the dynamic range of RFC 6335.
const DYNAMIC_PORTS: std::ops::RangeInclusive<u16> = 49_152..=u16::MAX;

/// The addresses in use.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    taken: BTreeSet<SocketAddr>,
    owners: BTreeMap<SocketAddr, SocketId>,
}

impl Addresses {
    /// Takes `address`, with the lowest free port for port 0.
    pub fn bind(&mut self, address: SocketAddr) -> Result<SocketAddr, Errno> {
        let address = match address.port() {
            0 => self.lowest_free(address.ip()).ok_or(Errno::Addrnotavail)?,
            _ => address,
        };
        if self.is_taken(address) {
            return Err(Errno::Addrinuse);
        }
        self.taken.insert(address);
        Ok(address)
    }

    /// Names who gets what goes to an address that [`bind`](Addresses::bind) took.
    pub fn belongs_to(&mut self, address: SocketAddr, owner: SocketId) {
        self.owners.insert(address, owner);
    }

    /// Frees an address.
    pub fn release(&mut self, address: SocketAddr) {
        self.taken.remove(&address);
        self.owners.remove(&address);
    }

    /// Who gets what goes to `address`.
    pub fn owner(&self, address: SocketAddr) -> Option<SocketId> {
        let everywhere = SocketAddr::new(unspecified(address.ip()), address.port());
        self.owners.get(&address).or_else(|| self.owners.get(&everywhere)).copied()
    }

    fn lowest_free(&self, ip: IpAddr) -> Option<SocketAddr> {
        DYNAMIC_PORTS.map(|port| SocketAddr::new(ip, port)).find(|&address| !self.is_taken(address))
    }

    /// Whether `address` can't be bound; the unspecified address stands for all of its family.
    fn is_taken(&self, address: SocketAddr) -> bool {
        if !address.ip().is_unspecified() {
            let everywhere = SocketAddr::new(unspecified(address.ip()), address.port());
            return self.taken.contains(&address) || self.taken.contains(&everywhere);
        }
        self.taken.iter().any(|taken| taken.port() == address.port() && taken.is_ipv4() == address.is_ipv4())
    }
}

/// Where what is sent to `address` goes: to the unspecified address is to this machine, as on Linux.
pub(super) fn destination(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn unspecified(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
