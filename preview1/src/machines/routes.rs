//! What faults do to what lies between two machines, when several of them overlap: each ends by itself, and what is
//! between the two is whole again when the last has ended.

use crate::{Link, MemoryNetwork};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Two addresses, whoever of the two was named first.
type Between = (IpAddr, IpAddr);

/// The two addresses in the order by which they are known here.
pub(super) fn between(one: IpAddr, other: IpAddr) -> Between {
    (one.min(other), one.max(other))
}

/// How many partitions part two machines.
#[derive(Debug, Default)]
pub(super) struct Parted(BTreeMap<Between, u32>);

impl Parted {
    /// One more begins; true when it is the first.
    pub fn parts(&mut self, one: IpAddr, other: IpAddr) -> bool {
        let count = self.0.entry(between(one, other)).or_default();
        *count += 1;
        *count == 1
    }

    /// One ends; true when it is the last.
    pub fn heals(&mut self, one: IpAddr, other: IpAddr) -> bool {
        let key = between(one, other);
        let Some(count) = self.0.get_mut(&key) else { return false };
        *count -= 1;
        *count == 0 && self.0.remove(&key).is_some()
    }
}

/// What links are slowed to, and what they are otherwise.
#[derive(Debug, Default)]
pub(super) struct Slowed(BTreeMap<Between, (Link, Vec<u64>)>);

impl Slowed {
    /// A link carries no more than this, from now on.
    pub fn slows(&mut self, network: &mut MemoryNetwork, one: IpAddr, other: IpAddr, bytes_per_second: u64) {
        let whole = network.link(one, other);
        let (whole, rates) = self.0.entry(between(one, other)).or_insert((whole, Vec::new()));
        rates.push(bytes_per_second);
        network.set_link(one, other, Some(at_most(*whole, rates)));
    }

    /// One that was slowed to this isn't any more.
    pub fn restores(
        &mut self,
        network: &mut MemoryNetwork,
        one: IpAddr,
        other: IpAddr,
        bytes_per_second: u64,
    ) {
        let key = between(one, other);
        let Some((whole, rates)) = self.0.get_mut(&key) else { return };
        if let Some(at) = rates.iter().position(|rate| *rate == bytes_per_second) {
            rates.remove(at);
        }
        network.set_link(one, other, Some(at_most(*whole, rates)));
        if rates.is_empty() {
            self.0.remove(&key);
        }
    }
}

/// The link, at the slowest of these rates.
fn at_most(link: Link, rates: &[u64]) -> Link {
    Link { bytes_per_second: rates.iter().copied().chain(link.bytes_per_second).min(), ..link }
}
