//! Several machines on one deterministic network, each with an address, its own edges and its own clock's jumps:
//! who owns which socket, who is ready to go on and when. What is done to them on purpose is in `faults.rs`.

mod faults;
mod network;
mod routes;
#[cfg(test)]
mod tests;

use crate::memory_network::Schedule;
use crate::{Edge, MemoryNetwork, Network, Random, SocketId};
pub use faults::Fault;
use faults::{Later, Trouble};
use routes::{Parted, Slowed};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Several machines on one [`MemoryNetwork`]. Clones are the same.
///
/// Whoever runs the guests runs one at a time, until it would wait; when none [is ready](Machines::is_ready),
/// [`advance`](Machines::advance) moves the clock to what comes next. So a day in which nothing happens costs
/// nothing, and everything is a function of the guests and the seed.
///
/// ```
/// use wasi_poll_preview1::{Machines, MemoryNetwork, Network};
/// let machines = Machines::new(MemoryNetwork::new(), 0);
/// let mut server = machines.add("10.0.0.1".parse().unwrap());
/// let mut client = machines.add("10.0.0.2".parse().unwrap());
///
/// let (listener, address) = server.listen("0.0.0.0:80".parse().unwrap()).unwrap();
/// assert_eq!(address, "10.0.0.1:80".parse().unwrap());
/// server.wait(None, &mut Vec::new()).unwrap();
/// assert!(!machines.is_ready(0));
///
/// client.connect(address).unwrap();
/// assert!(machines.is_ready(0));
/// let (_, from) = server.accept(listener).unwrap();
/// assert_eq!(from, "10.0.0.2:49152".parse().unwrap());
/// ```
#[derive(Clone, Debug)]
pub struct Machines(Arc<Mutex<State>>);

/// One of several machines: its sockets have its address, and it hears of no others.
///
/// An address that means "this machine" (unspecified or loopback) is its own. Its
/// [`wait`](crate::Network::wait) never waits: it tells what there is and notes until when the machine has
/// nothing to do.
#[derive(Clone, Debug)]
pub struct Machine {
    machines: Machines,
    number: usize,
}

#[derive(Debug)]
struct State {
    network: MemoryNetwork,
    machines: Vec<Owner>,
    /// Whose each socket is.
    owners: BTreeMap<SocketId, usize>,
    later: Schedule<Later>,
    parted: Parted,
    slowed: Slowed,
    /// The sockets whose connection a fault has hit.
    hit: BTreeSet<SocketId>,
    random: Random,
    /// Kept for its capacity.
    edges: Vec<Edge>,
}

/// What is kept of one machine.
#[derive(Debug)]
struct Owner {
    address: IpAddr,
    /// The sockets it was not told of yet, oldest first; with a readiness that isn't there for a spurious one.
    told_next: VecDeque<(SocketId, bool)>,
    /// It has something to do: it began, or an answer came.
    awake: bool,
    /// Until when it waits.
    deadline_ns: Option<u64>,
    trouble: Trouble,
}

impl Machines {
    /// No machines yet, on `network`. What `seed` decides beside the links' jitter and loss: how late a delayed
    /// readiness comes.
    pub fn new(network: MemoryNetwork, seed: u64) -> Machines {
        Machines(Arc::new(Mutex::new(State {
            network,
            machines: Vec::new(),
            owners: BTreeMap::new(),
            later: Schedule::default(),
            parted: Parted::default(),
            slowed: Slowed::default(),
            hit: BTreeSet::new(),
            random: Random::new(seed),
            edges: Vec::new(),
        })))
    }

    /// Adds a machine with this address. They are numbered from 0.
    pub fn add(&self, address: IpAddr) -> Machine {
        let mut state = self.lock();
        let number = state.machines.len();
        state.machines.push(Owner {
            address,
            told_next: VecDeque::new(),
            awake: true,
            deadline_ns: None,
            trouble: Trouble::default(),
        });
        Machine { machines: self.clone(), number }
    }

    /// The network they are all on.
    pub fn on_network<T>(&self, act: impl FnOnce(&mut MemoryNetwork) -> T) -> T {
        act(&mut self.lock().network)
    }

    /// Nanoseconds since the start.
    pub fn now_ns(&self) -> u64 {
        self.lock().network.now_ns()
    }

    /// Makes so much time pass, as a call costs.
    pub fn spend(&self, ns: u64) {
        let mut state = self.lock();
        let now_ns = state.network.now_ns().saturating_add(ns);
        state.network.pass_to(now_ns);
    }

    /// A machine has something to do although nothing happened: it was interrupted.
    pub fn wake(&self, machine: usize) {
        self.lock().machines[machine].awake = true;
    }

    /// Whether a machine has something to do: it began, there is an edge to tell, or its wait is over.
    pub fn is_ready(&self, machine: usize) -> bool {
        let mut state = self.lock();
        state.collect();
        let now_ns = state.network.now_ns();
        let owner = &state.machines[machine];
        owner.awake || !owner.told_next.is_empty() || owner.deadline_ns.is_some_and(|at_ns| at_ns <= now_ns)
    }

    /// Moves the clock to what happens next, and lets it happen; but not past `until_ns`, where false says that
    /// nothing happens until then.
    pub fn advance(&self, until_ns: u64) -> bool {
        let mut state = self.lock();
        let now_ns = state.network.now_ns();
        let deadlines = state.machines.iter().filter_map(|owner| owner.deadline_ns);
        // One that has passed is a machine's that is gone: it will never wait again.
        let deadlines = deadlines.filter(|&at_ns| at_ns > now_ns);
        let next = [state.network.next_ns(), state.later.next_ns(), deadlines.min()];
        let Some(next_ns) = next.into_iter().flatten().min().filter(|&at_ns| at_ns <= until_ns) else {
            return false;
        };
        state.network.pass_to(next_ns);
        state.collect();
        true
    }

    /// From now on no machine reaches another, nor itself.
    pub fn part_all(&self) {
        let mut state = self.lock();
        let addresses: Vec<IpAddr> = state.machines.iter().map(|owner| owner.address).collect();
        for &one in &addresses {
            for &other in &addresses {
                state.network.cut(one, other);
            }
        }
    }

    /// Whether a fault, or what a link lost, has broken or ended this socket's connection: what becomes of it is
    /// nobody's failure.
    pub fn was_hit(&self, socket: SocketId) -> bool {
        let state = self.lock();
        state.hit.contains(&socket) || state.network.has_lost(socket)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Machine {
    /// Its number among the machines.
    pub fn number(&self) -> usize {
        self.number
    }

    /// The machines it is one of.
    pub fn machines(&self) -> &Machines {
        &self.machines
    }
}

impl State {
    /// Lets happen what is due, and gives every edge to whom it concerns.
    fn collect(&mut self) {
        let now_ns = self.network.now_ns();
        while let Some((_, later)) = self.later.pop_due(now_ns) {
            self.happens(later);
        }
        let mut edges = std::mem::take(&mut self.edges);
        // With a deadline that has come, this only collects.
        let _ = self.network.wait(Some(now_ns), &mut edges);
        for Edge { socket, .. } in edges.drain(..) {
            self.tell(socket);
        }
        self.edges = edges;
        if self.network.take_answered() {
            for owner in &mut self.machines {
                owner.awake = true;
            }
        }
    }

    /// Whose socket it is hears of it, at once or later.
    fn tell(&mut self, socket: SocketId) {
        let Some(&number) = self.owners.get(&socket) else { return };
        let now_ns = self.network.now_ns();
        let owner = &mut self.machines[number];
        match owner.trouble.delay_ns(now_ns, &mut self.random) {
            Some(delay_ns) => self.hush(number, socket, delay_ns),
            None => owner.told_next.push_back((socket, false)),
        }
    }

    fn owned_by(&mut self, socket: SocketId, number: usize) -> SocketId {
        self.owners.insert(socket, number);
        socket
    }

    fn closed(&mut self, socket: SocketId) {
        self.hit.remove(&socket);
        if let Some(number) = self.owners.remove(&socket) {
            let owner = &mut self.machines[number];
            owner.told_next.retain(|(told, _)| *told != socket);
            owner.trouble.unhush(socket);
        }
    }
}
