//! How what travels between two addresses gets there: how long it takes, what is lost and what a partition holds
//! back. What it is that travels is `transport.rs`'s and `delivery.rs`'s.

use super::MemoryNetwork;
use super::random::Random;
use super::socket::Action;
use crate::{Levels, SocketId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What becomes of a part of a stream that a link loses. A lost datagram is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// TCP sends it again, and it comes so much later, with all that is behind it.
    Delay {
        /// How much later, in nanoseconds.
        retransmit_ns: u64,
    },
    /// The connection breaks, at both ends.
    Reset,
}

/// What lies between two addresses, the same in both directions. The default takes no time and loses nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// How long everything takes at least, in nanoseconds.
    pub latency_ns: u64,
    /// How much longer it may take, evenly between nothing and this. Streams stay in order; datagrams may not.
    pub jitter_ns: u64,
    /// How many bytes pass in a second, in each direction; `None` is any number.
    pub bytes_per_second: Option<u64>,
    /// How many in a million sends are lost.
    pub loss_per_million: u32,
    /// What becomes of them.
    pub loss: Loss,
    /// The receive buffer of its streams, in bytes; `None` is the network's own.
    pub buffer_bytes: Option<usize>,
}

impl Default for Link {
    fn default() -> Link {
        Link {
            latency_ns: 0,
            jitter_ns: 0,
            bytes_per_second: None,
            loss_per_million: 0,
            loss: Loss::Delay { retransmit_ns: 200_000_000 },
            buffer_bytes: None,
        }
    }
}

/// From where to where.
pub(super) type Route = (IpAddr, IpAddr);

/// All links, and what of them is in use.
#[derive(Debug)]
pub(super) struct Links {
    pub default: Link,
    between: BTreeMap<Route, Link>,
    /// Until when a direction with a bandwidth is busy with what was sent before.
    busy_until_ns: BTreeMap<Route, u64>,
    /// What waits for a partition to heal, in the order it was sent.
    cut: BTreeMap<Route, Vec<Action>>,
    /// The open ends of connections that a loss breaks.
    pub broken: BTreeSet<SocketId>,
    random: Random,
}

impl Default for Links {
    fn default() -> Links {
        Links {
            default: Link::default(),
            between: BTreeMap::new(),
            busy_until_ns: BTreeMap::new(),
            cut: BTreeMap::new(),
            broken: BTreeSet::new(),
            random: Random::new(0),
        }
    }
}

/// What becomes of something sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It is there at this time.
    Arrives(u64),
    /// It is lost, and TCP would find out at this time.
    Lost(Loss, u64),
    /// It waits for the partition to heal.
    Held,
}

impl Links {
    /// The link of a route.
    pub fn of(&self, route: Route) -> Link {
        if self.between.is_empty() {
            return self.default;
        }
        self.between.get(&route).copied().unwrap_or(self.default)
    }

    /// Sends so many bytes at `now_ns`.
    fn pass(&mut self, route: Route, bytes: usize, now_ns: u64) -> Passage {
        if self.cut.contains_key(&route) {
            return Passage::Held;
        }
        let link = self.of(route);
        let mut leaves_ns = now_ns;
        if let Some(rate) = link.bytes_per_second {
            let busy_until_ns = self.busy_until_ns.entry(route).or_default();
            let takes_ns = u128::from(bytes as u64) * 1_000_000_000 / u128::from(rate.max(1));
            leaves_ns =
                now_ns.max(*busy_until_ns).saturating_add(u64::try_from(takes_ns).unwrap_or(u64::MAX));
            *busy_until_ns = leaves_ns;
        }
        let jitter_ns = if link.jitter_ns > 0 { self.random.below(link.jitter_ns + 1) } else { 0 };
        let arrives_ns = leaves_ns.saturating_add(link.latency_ns).saturating_add(jitter_ns);
        if self.random.chance(link.loss_per_million) {
            Passage::Lost(link.loss, arrives_ns)
        } else {
            Passage::Arrives(arrives_ns)
        }
    }
}

/// What several machines on one network need of it.
impl MemoryNetwork {
    /// When the next thing happens by itself.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        self.schedule.next_ns()
    }

    /// Makes time pass with nothing done about what becomes due: the next wait does that.
    pub(crate) fn pass_to(&mut self, now_ns: u64) {
        self.now_ns = self.now_ns.max(now_ns);
    }

    /// What a socket is ready for.
    pub(crate) fn levels_of(&self, socket: SocketId) -> Levels {
        self.levels(socket)
    }

    /// Whether a look-up was answered since this was asked last.
    pub(crate) fn take_answered(&mut self) -> bool {
        std::mem::take(&mut self.answered)
    }

    /// Whether a link's loss breaks, or has broken, this socket's connection.
    pub(crate) fn has_lost(&self, socket: SocketId) -> bool {
        self.links.broken.contains(&socket)
    }
}

impl MemoryNetwork {
    /// Sets from what seed jitter and loss follow; 0 unless set.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> MemoryNetwork {
        self.links.random = Random::new(seed);
        self
    }

    /// Sets what lies between any two addresses that have no link of their own.
    #[must_use]
    pub fn with_link(mut self, link: Link) -> MemoryNetwork {
        self.links.default = link;
        self
    }

    /// From now on, `link` lies between these two addresses; with `None`, what lies between any two. What is on
    /// its way arrives when it would have.
    ///
    /// ```
    /// use wasi_poll_preview1::{Link, MemoryNetwork, Network};
    /// let mut network = MemoryNetwork::new();
    /// let (listener, address) = network.listen("10.0.0.1:80".parse().unwrap()).unwrap();
    /// let slow = Link { latency_ns: 5_000_000, ..Link::default() };
    /// network.set_link("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap(), Some(slow));
    /// network.connect_from("10.0.0.2:0".parse().unwrap(), address).unwrap();
    /// assert!(network.accept(listener).is_err());
    /// network.wait(None, &mut Vec::new()).unwrap();
    /// assert_eq!(network.now_ns(), 5_000_000);
    /// assert!(network.accept(listener).is_ok());
    /// ```
    pub fn set_link(&mut self, one: IpAddr, other: IpAddr, link: Option<Link>) {
        for route in [(one, other), (other, one)] {
            match link {
                Some(link) => self.links.between.insert(route, link),
                None => self.links.between.remove(&route),
            };
        }
    }

    /// What lies between these two addresses now.
    pub fn link(&self, one: IpAddr, other: IpAddr) -> Link {
        self.links.of((one, other))
    }

    /// Parts two addresses: streams between them wait until [`heal`](MemoryNetwork::heal), as TCP goes on trying,
    /// and datagrams are lost. What is on its way arrives.
    pub fn cut(&mut self, one: IpAddr, other: IpAddr) {
        for route in [(one, other), (other, one)] {
            self.links.cut.entry(route).or_default();
        }
    }

    /// Joins two addresses that were [`cut`](MemoryNetwork::cut): what waited is sent now.
    pub fn heal(&mut self, one: IpAddr, other: IpAddr) {
        for route in [(one, other), (other, one)] {
            for action in self.links.cut.remove(&route).unwrap_or_default() {
                self.send_off(route, 0, action);
            }
        }
    }

    /// Sends something off. It is done at once when that takes no time and nothing was sent before it.
    pub(super) fn send_off(&mut self, route: Route, bytes: usize, action: Action) {
        let at_ns = match self.links.pass(route, bytes, self.now_ns) {
            Passage::Arrives(at_ns) => at_ns,
            Passage::Held => {
                if action.is_stream() {
                    self.links.cut.entry(route).or_default().push(action);
                } else {
                    self.lose(action);
                }
                return;
            }
            Passage::Lost(_, at_ns) if !action.is_stream() => {
                self.schedule.push(at_ns, Action::Lose(Box::new(action)));
                return;
            }
            Passage::Lost(Loss::Delay { retransmit_ns }, at_ns) => at_ns.saturating_add(retransmit_ns),
            Passage::Lost(Loss::Reset, at_ns) => {
                self.break_at(at_ns, &action);
                return;
            }
        };
        let at_ns = self.in_order(&action, at_ns);
        if at_ns <= self.now_ns {
            self.run(action);
        } else {
            self.schedule.push(at_ns, action);
        }
    }
}
