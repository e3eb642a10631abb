//! `poll_oneoff`: which of the subscriptions to tell of, and how long to wait for the first. Bytes are
//! `record.rs`'s.

use crate::fd_table::{Descriptor, Role};
use crate::readiness::Certainty;
use crate::record::{self, EVENT_BYTES, Ready, SUBSCRIPTION_BYTES};
use crate::{
    Clock, Errno, Event, EventKind, Failure, Levels, Memory, Network, Probe, Process, Progress, SocketId,
    Subscription, Watch,
};

/// What is kept of a `poll_oneoff` while it waits, and its buffers between calls.
#[derive(Debug, Default)]
pub struct Polling {
    subscriptions: Vec<Subscription>,
    /// When each clock subscription expires, in order, on the network's clock.
    deadlines_ns: Vec<u64>,
    events: Vec<Event>,
    probes: Vec<Probe>,
    /// The answers about foreign descriptors: at most one each.
    foreign: Vec<Probe>,
    /// A call has decoded its subscriptions and waits.
    in_progress: bool,
    /// This call has asked the network what happened.
    collected: bool,
}

/// What a `poll_oneoff` told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polled {
    /// How many events.
    pub events: u32,
}

impl<N: Network> Process<N> {
    /// `poll_oneoff`: `count` subscriptions (48 bytes each) at `subscriptions`, events (32 bytes each) to
    /// `events`, their number to `events_count` (4 bytes). Level-triggered, as preview1 is. All
    /// subscriptions are decoded before an event is written, so the two may overlap.
    ///
    /// # Errors
    /// `EINVAL` for no subscription or one that makes no sense, `ENOMEM` for more than allowed, `ENOTSUP` for
    /// a clock of CPU time; a trap for a bad pointer. A bad fd is an event of its own with `EBADF`.
    pub fn poll_oneoff(
        &mut self,
        memory: &mut Memory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        events_count: u32,
    ) -> Result<Progress<Polled>, Failure> {
        if !self.polling.in_progress {
            self.begin_poll(memory, subscriptions, events, count, events_count)?;
        }
        if self.turn_poll() == Progress::Blocked {
            self.polling.in_progress = true;
            return Ok(Progress::Blocked);
        }
        self.polling.in_progress = false;
        let told = &self.polling.events;
        let into = memory.slice_mut(events, told.len() as u32 * EVENT_BYTES)?;
        for (event, record) in told.iter().zip(into.chunks_exact_mut(EVENT_BYTES as usize)) {
            record.copy_from_slice(&event.encode());
        }
        let told = told.len() as u32;
        record::write_u32(memory, events_count, told)?;
        Ok(Progress::Done(Polled { events: told }))
    }

    /// The subscriptions and events of the last `poll_oneoff`, for who observes the process.
    pub fn last_poll(&self) -> (&[Subscription], &[Event]) {
        (&self.polling.subscriptions, &self.polling.events)
    }

    fn begin_poll(
        &mut self,
        memory: &Memory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        events_count: u32,
    ) -> Result<(), Failure> {
        let polling = &mut self.polling;
        polling.subscriptions.clear();
        polling.deadlines_ns.clear();
        polling.events.clear();
        polling.collected = false;
        if count == 0 {
            return Err(Errno::Inval.into());
        }
        if count > self.limits.subscriptions {
            return Err(Errno::Nomem.into());
        }
        let (Some(in_bytes), Some(out_bytes)) =
            (count.checked_mul(SUBSCRIPTION_BYTES), count.checked_mul(EVENT_BYTES))
        else {
            return Err(Errno::Nomem.into());
        };
        memory.check(subscriptions, u64::from(in_bytes), 8)?;
        memory.check(events, u64::from(out_bytes), 8)?;
        memory.check(events_count, 4, 4)?;
        for record in memory.slice(subscriptions, in_bytes)?.chunks_exact(SUBSCRIPTION_BYTES as usize) {
            let subscription = Subscription::decode(record)?;
            if let Watch::Clock { clock, timeout_ns, absolute } = subscription.watch {
                let now_ns = self.network.now_ns();
                let span_ns = match (clock, absolute) {
                    (_, false) => timeout_ns,
                    (Clock::Monotonic, true) => timeout_ns.saturating_sub(now_ns),
                    (Clock::Realtime, true) => timeout_ns.saturating_sub(self.network.realtime_ns()),
                };
                self.polling.deadlines_ns.push(now_ns.saturating_add(span_ns));
            }
            self.polling.subscriptions.push(subscription);
        }
        Ok(())
    }

    /// One look at everything. Blocked, with the deadline set, when there is nothing to tell yet.
    fn turn_poll(&mut self) -> Progress<()> {
        self.probe_doubtful();
        self.tell();
        if self.polling.events.is_empty() {
            self.polling.collected = true;
            // A deadline of u64::MAX lies half a millennium ahead: no deadline.
            self.deadline_ns =
                self.polling.deadlines_ns.iter().copied().min().filter(|&at_ns| at_ns < u64::MAX);
            return Progress::Blocked;
        }
        if !std::mem::replace(&mut self.polling.collected, true) {
            // Something is ready already. What else has happened must be heard, too, or a source that is
            // always ready would hide all others.
            let now_ns = self.network.now_ns();
            if self.collect(Some(now_ns)).is_err() {
                return Progress::Blocked;
            }
            self.probe_doubtful();
            self.tell();
        }
        Progress::Done(())
    }

    /// Asks the network about every subscribed direction that may or may not be ready, in one go.
    fn probe_doubtful(&mut self) {
        let Polling { subscriptions, probes, foreign, .. } = &mut self.polling;
        probes.clear();
        foreign.clear();
        for subscription in &*subscriptions {
            let (Watch::Read(fd) | Watch::Write(fd)) = subscription.watch else { continue };
            match self.table.get(fd) {
                Ok(Descriptor::Socket(socket)) => {
                    let certainty = match subscription.watch {
                        Watch::Read(_) => socket.readiness.read,
                        _ => socket.readiness.write,
                    };
                    if certainty == Certainty::Maybe {
                        probes.push(Probe { socket: socket.id, levels: Levels::default() });
                    }
                }
                Ok(Descriptor::Foreign { source: Some(id), .. })
                    if !foreign.iter().any(|probe| probe.socket == *id) =>
                {
                    foreign.push(Probe { socket: *id, levels: Levels::default() });
                }
                _ => {}
            }
        }
        if !foreign.is_empty() {
            self.network.probe(foreign);
        }
        if !probes.is_empty() {
            self.network.probe(probes);
            for Probe { socket, levels } in probes.drain(..) {
                if let Some(found) = self.table.by_id(socket) {
                    let error = if levels.error { self.network.take_error(socket) } else { None };
                    found.probed(levels, error);
                }
            }
        }
    }

    /// Fills in the events for everything that is ready now.
    fn tell(&mut self) {
        let now_ns = if self.polling.deadlines_ns.is_empty() { 0 } else { self.network.now_ns() };
        let mut deadlines_ns = self.polling.deadlines_ns.iter();
        let starved = self.starved_until_ns.is_some() || self.has_room().is_err();
        let foreign = &self.polling.foreign;
        let table = &self.table;
        let mut kind_of = |watch| match watch {
            Watch::Clock { .. } => {
                let due = deadlines_ns.next().is_some_and(|&at_ns| at_ns <= now_ns);
                Ok(due.then_some(EventKind::Clock))
            }
            Watch::Read(fd) => Ok(read_ready(table.get(fd)?, foreign, starved).map(EventKind::Read)),
            Watch::Write(fd) => Ok(write_ready(table.get(fd)?, foreign).map(EventKind::Write)),
        };
        self.polling.events.clear();
        for &Subscription { userdata, watch } in &self.polling.subscriptions {
            match kind_of(watch) {
                Ok(None) => {}
                Ok(Some(kind)) => {
                    self.polling.events.push(Event { userdata, errno: Errno::Success, kind });
                }
                Err(errno) => {
                    let kind = match watch {
                        Watch::Write(_) => EventKind::Write(Ready::default()),
                        _ => EventKind::Read(Ready::default()),
                    };
                    self.polling.events.push(Event { userdata, errno, kind });
                }
            }
        }
    }

    /// What one socket or source is ready for now.
    pub(crate) fn probe_one(&mut self, socket: SocketId) -> Levels {
        let mut probe = [Probe { socket, levels: Levels::default() }];
        self.network.probe(&mut probe);
        probe[0].levels
    }
}

fn read_ready(descriptor: &Descriptor, foreign: &[Probe], starved: bool) -> Option<Ready> {
    let Descriptor::Socket(socket) = descriptor else {
        return foreign_ready(descriptor, foreign, |levels| (levels.readable, levels.read_closed));
    };
    let readiness = &socket.readiness;
    let ready = readiness.read == Certainty::Ready && !(starved && socket.role == Role::Listener);
    ready.then(|| Ready {
        bytes: u64::from(!readiness.read_closed),
        hangup: readiness.read_closed || readiness.error.is_some(),
        error: readiness.error,
    })
}

fn write_ready(descriptor: &Descriptor, foreign: &[Probe]) -> Option<Ready> {
    let Descriptor::Socket(socket) = descriptor else {
        return foreign_ready(descriptor, foreign, |levels| (levels.writable, levels.write_closed));
    };
    let readiness = &socket.readiness;
    let ready = readiness.write == Certainty::Ready && socket.role != Role::Listener;
    ready.then(|| Ready {
        bytes: u64::from(!readiness.write_closed),
        hangup: readiness.write_closed || readiness.error.is_some(),
        error: readiness.error,
    })
}

fn foreign_ready(
    descriptor: &Descriptor,
    foreign: &[Probe],
    direction: impl Fn(&Levels) -> (bool, bool),
) -> Option<Ready> {
    let Some(id) = descriptor.source() else { return Some(Ready { bytes: 1, ..Ready::default() }) };
    let levels = &foreign.iter().find(|probe| probe.socket == id)?.levels;
    let (ready, hangup) = direction(levels);
    (ready || hangup).then_some(Ready { bytes: u64::from(!hangup), hangup, error: None })
}
