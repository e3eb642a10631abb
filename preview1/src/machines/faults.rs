//! What is done to a machine on purpose: every kind of fault, how long it lasts and how a call meets it. What lies
//! between machines is the links'; when which fault comes is a player's to choose.

use super::State;
use super::routes::between;
use crate::{Errno, Network, Random, SocketId};
use std::collections::BTreeSet;
use std::net::{IpAddr, Shutdown};

/// Something that a program has to live with, done to one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A receive takes at most so many bytes, whatever there is.
    ShortReads {
        /// At least 1.
        bytes: usize,
    },
    /// A send takes at most so many bytes, whatever the room.
    ShortWrites {
        /// At least 1.
        bytes: usize,
    },
    /// The next calls on sockets that are ready answer `EAGAIN` all the same; each socket is ready again, with an
    /// edge, after `again_ns`.
    Again {
        /// How many calls.
        calls: u32,
        /// How long a refused socket is quiet, in nanoseconds.
        again_ns: u64,
    },
    /// Every readiness is told late, each by another time: sources that became ready in one order are reported in
    /// another.
    LateReadiness {
        /// The longest that one is late, in nanoseconds.
        up_to_ns: u64,
    },
    /// Every stream and listener is reported readable once, whether it is or not.
    Spurious,
    /// Nothing more can be opened: `EMFILE`.
    Full,
    /// The wall clock jumps. The monotonic one does not.
    ClockJump {
        /// By how much, in nanoseconds; back when negative.
        by_ns: i64,
    },
    /// One of its connections breaks at both ends.
    Reset {
        /// Which one: modulo how many there are.
        nth: u64,
        /// Of those with this address alone.
        with: Option<IpAddr>,
    },
    /// The other end of one of its connections sends no more.
    HalfClose {
        /// Which one: modulo how many there are.
        nth: u64,
        /// Of those with this address alone.
        with: Option<IpAddr>,
    },
    /// It reaches another machine no more, nor is it reached from there; with `None`, no other machine.
    Partition {
        /// The other's address.
        from: Option<IpAddr>,
    },
    /// What lies between it and all others carries only so much.
    Slow {
        /// Bytes a second, in each direction.
        bytes_per_second: u64,
    },
}

/// What comes later.
#[derive(Clone, Copy, Debug)]
pub(super) enum Later {
    /// A fault begins, and lasts until then.
    Begins { machine: usize, fault: Fault, until_ns: u64 },
    /// A readiness that was kept back is told.
    Tells { machine: usize, socket: SocketId },
    /// Sockets can be opened again.
    HasRoom { machine: usize },
    /// Machines reach each other again.
    Heals { one: IpAddr, other: IpAddr },
    /// A link is slowed to this no more.
    Restores { one: IpAddr, other: IpAddr, bytes_per_second: u64 },
}

/// The faults that one machine is in. Of one kind there may be several at once, and each ends by itself.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    short_reads: Lasting<usize>,
    short_writes: Lasting<usize>,
    /// How many calls are still refused, and for how long each.
    again: Lasting<(u32, u64)>,
    late: Lasting<u64>,
    full: Lasting<()>,
    pub clock_jumped_ns: i64,
    /// The sockets whose readiness is kept back.
    hushed: BTreeSet<SocketId>,
}

/// Faults of one kind, each with when it ends.
#[derive(Debug)]
struct Lasting<T>(Vec<(T, u64)>);

impl<T> Default for Lasting<T> {
    fn default() -> Lasting<T> {
        Lasting(Vec::new())
    }
}

impl<T> Lasting<T> {
    fn begin(&mut self, fault: T, until_ns: u64) {
        self.0.push((fault, until_ns));
    }

    fn now(&self, now_ns: u64) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |(_, until_ns)| now_ns < *until_ns).map(|(fault, _)| fault)
    }
}

impl Lasting<usize> {
    /// The tightest limit there is now.
    fn most(&self, now_ns: u64) -> usize {
        self.now(now_ns).map(|&bytes| bytes.max(1)).min().unwrap_or(usize::MAX)
    }
}

impl Trouble {
    pub fn most_read(&self, now_ns: u64) -> usize {
        self.short_reads.most(now_ns)
    }

    pub fn most_written(&self, now_ns: u64) -> usize {
        self.short_writes.most(now_ns)
    }

    pub fn is_full(&self, now_ns: u64) -> bool {
        self.full.now(now_ns).next().is_some()
    }

    pub fn is_hushed(&self, socket: SocketId) -> bool {
        self.hushed.contains(&socket)
    }

    pub fn unhush(&mut self, socket: SocketId) {
        self.hushed.remove(&socket);
    }

    /// How late the next readiness is told, if it is.
    pub fn delay_ns(&self, now_ns: u64, random: &mut Random) -> Option<u64> {
        let up_to_ns = self.late.now(now_ns).max()?;
        Some(random.below(*up_to_ns) + 1)
    }

    /// How long the next call on a ready socket has nothing to do, if it is refused.
    fn refusal_ns(&mut self, now_ns: u64) -> Option<u64> {
        self.again.0.retain(|((calls, _), until_ns)| *calls > 0 && now_ns < *until_ns);
        let ((calls, again_ns), _) = self.again.0.first_mut()?;
        *calls -= 1;
        Some((*again_ns).max(1))
    }
}

impl super::Machines {
    /// At `at_ns`, `fault` begins on a machine, and lasts until `until_ns` if it is one that lasts.
    pub fn plan(&self, machine: usize, fault: Fault, at_ns: u64, until_ns: u64) {
        self.lock().later.push(at_ns, Later::Begins { machine, fault, until_ns });
    }
}

impl State {
    pub(super) fn happens(&mut self, later: Later) {
        match later {
            Later::Begins { machine, fault, until_ns } => self.begin(machine, fault, until_ns),
            Later::Tells { machine, socket } => {
                let owner = &mut self.machines[machine];
                if owner.trouble.hushed.remove(&socket) {
                    owner.told_next.push_back((socket, false));
                }
            }
            Later::HasRoom { machine } => self.tell_all(machine, false),
            Later::Heals { one, other } => {
                if self.parted.heals(one, other) {
                    self.network.heal(one, other);
                }
            }
            Later::Restores { one, other, bytes_per_second } => {
                self.slowed.restores(&mut self.network, one, other, bytes_per_second);
            }
        }
    }

    fn begin(&mut self, machine: usize, fault: Fault, until_ns: u64) {
        let trouble = &mut self.machines[machine].trouble;
        match fault {
            Fault::ShortReads { bytes } => trouble.short_reads.begin(bytes, until_ns),
            Fault::ShortWrites { bytes } => trouble.short_writes.begin(bytes, until_ns),
            Fault::Again { calls, again_ns } => trouble.again.begin((calls, again_ns), until_ns),
            Fault::LateReadiness { up_to_ns } => trouble.late.begin(up_to_ns, until_ns),
            Fault::ClockJump { by_ns } => {
                trouble.clock_jumped_ns = trouble.clock_jumped_ns.saturating_add(by_ns);
            }
            Fault::Full => {
                trouble.full.begin((), until_ns);
                self.later.push(until_ns, Later::HasRoom { machine });
            }
            Fault::Spurious => self.tell_all(machine, true),
            Fault::Reset { nth, with } => {
                if let Some(stream) = self.connection(machine, nth, with) {
                    self.network.break_connection(stream);
                }
            }
            Fault::HalfClose { nth, with } => {
                if let Some(other) =
                    self.connection(machine, nth, with).and_then(|stream| self.network.other_end(stream))
                {
                    // A connection that isn't one yet has nothing to end.
                    let _ = self.network.shutdown(other, Shutdown::Write);
                }
            }
            Fault::Partition { from } => {
                for (one, other) in self.routes(machine, from) {
                    if self.parted.parts(one, other) {
                        self.network.cut(one, other);
                    }
                    self.later.push(until_ns, Later::Heals { one, other });
                }
            }
            Fault::Slow { bytes_per_second } => {
                for (one, other) in self.routes(machine, None) {
                    self.slowed.slows(&mut self.network, one, other, bytes_per_second);
                    self.later.push(until_ns, Later::Restores { one, other, bytes_per_second });
                }
            }
        }
    }

    /// A call on a socket that is ready: refused, when a fault has it so.
    pub(super) fn refuses(&mut self, machine: usize, socket: SocketId) -> Result<(), Errno> {
        let now_ns = self.network.now_ns();
        match self.machines[machine].trouble.refusal_ns(now_ns) {
            Some(again_ns) => {
                self.hush(machine, socket, again_ns);
                Err(Errno::Again)
            }
            None => Ok(()),
        }
    }

    /// Keeps back for so long that a socket is ready.
    pub(super) fn hush(&mut self, machine: usize, socket: SocketId, ns: u64) {
        self.machines[machine].trouble.hushed.insert(socket);
        let at_ns = self.network.now_ns().saturating_add(ns);
        self.later.push(at_ns, Later::Tells { machine, socket });
    }

    /// A call was cut short although the socket has more: a short count says that it has not, until the next edge.
    pub(super) fn tell_rest(&mut self, machine: usize, socket: SocketId, cut_short: bool) {
        if cut_short {
            self.machines[machine].told_next.push_back((socket, false));
        }
    }

    fn tell_all(&mut self, machine: usize, spurious: bool) {
        let mine = self.owners.iter().filter(|(_, owner)| **owner == machine);
        let sockets: Vec<SocketId> = mine.map(|(socket, _)| *socket).collect();
        self.machines[machine].told_next.extend(sockets.into_iter().map(|socket| (socket, spurious)));
    }

    /// A connection of the machine's, marked as hit at both ends.
    fn connection(&mut self, machine: usize, nth: u64, with: Option<IpAddr>) -> Option<SocketId> {
        let mine: Vec<SocketId> =
            self.owners.iter().filter(|(_, owner)| **owner == machine).map(|(socket, _)| *socket).collect();
        let mut streams = Vec::new();
        for socket in mine {
            let peer = self.network.peer_address(socket).map(|address| address.ip());
            if let Some(other) = self.network.other_end(socket)
                && with.is_none_or(|with| peer == Ok(with))
            {
                streams.push((socket, other));
            }
        }
        let at = nth.checked_rem(streams.len() as u64)?;
        let (stream, other) = streams[at as usize];
        self.hit.extend([stream, other]);
        Some(stream)
    }

    /// Between this machine and that of the address, or all others.
    fn routes(&self, machine: usize, from: Option<IpAddr>) -> Vec<(IpAddr, IpAddr)> {
        let one = self.machines[machine].address;
        let others = self.machines.iter().map(|owner| owner.address).filter(|&other| other != one);
        others
            .filter(|&other| from.is_none_or(|from| from == other))
            .map(|other| between(one, other))
            .collect()
    }
}
