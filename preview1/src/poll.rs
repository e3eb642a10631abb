//! `poll_oneoff`: how long to wait for the first event, and whom to tell. What changed in the guest's array is
//! `poll/array.rs`'s, what is ready `poll/look.rs`'s. Bytes are `record.rs`'s.

mod array;
mod edge_trigger;
mod look;

use crate::fd_table::Descriptor;
use crate::net_dir::Refusal;
use crate::readiness_set::ReadinessSet;
use crate::record::{self, EVENT_BYTES, SUBSCRIPTION_BYTES};
use crate::{
    Clock, Errno, Event, EventKind, Failure, Memory, Network, Probe, Process, Progress, Subscription,
};
use array::SubscriptionArray;
pub use edge_trigger::{EdgeTrigger, Hidden};
pub(crate) use look::{Known, Whose};
use slab::Slab;

/// What a guest watches, and what is kept of a `poll_oneoff` while it waits and between calls.
#[derive(Debug, Default)]
pub(crate) struct Polling {
    /// The subscriptions of the last call.
    array: SubscriptionArray,
    /// The readiness sets that are open.
    pub(crate) sets: Slab<ReadinessSet>,
    /// The events of this call, each with the place of its subscription.
    told: Vec<(u32, Event)>,
    probes: Vec<Probe>,
    /// The answers about foreign descriptors: at most one each.
    pub(crate) foreign: Vec<Probe>,
    /// Hides what was told, where polls are edge-triggered.
    trigger: Option<EdgeTrigger>,
    /// A call has taken its subscriptions in and waits.
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

impl Polling {
    /// Something may have become ready on `fd`.
    pub(crate) fn wake(&mut self, fd: u32) {
        self.array.watches.wake(fd);
        for (_, set) in &mut self.sets {
            set.watches.wake(fd);
        }
    }

    /// The network has something new about `fd`.
    pub(crate) fn edge(&mut self, fd: u32) {
        if let Some(trigger) = &self.trigger {
            trigger.forgets(fd);
        }
        self.wake(fd);
    }

    /// What was open at `fd` is gone. The array names numbers, whatever they mean; a set names what it was
    /// told to watch.
    pub(crate) fn gone(&mut self, fd: u32) {
        if let Some(trigger) = &self.trigger {
            trigger.forgets(fd);
        }
        self.array.watches.wake(fd);
        for (_, set) in &mut self.sets {
            set.watches.orphan(fd);
        }
    }
}

impl<N: Network> Process<N> {
    /// `poll_oneoff`: `count` subscriptions (48 bytes each) at `subscriptions`, events (32 bytes each) to
    /// `events`, in the subscriptions' order, their number to `events_count` (4 bytes). Level-triggered, as
    /// preview1 is, unless [told otherwise](Self::set_edge_trigger). All subscriptions are read before an event is written, so the two may overlap.
    ///
    /// Subscriptions that are as they were at the last call cost a comparison of their bytes.
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
        if let Some(trigger) = &self.polling.trigger {
            trigger.has_told(self.network.now_ns());
        }
        let told = &self.polling.told;
        let into = memory.slice_mut(events, told.len() as u32 * EVENT_BYTES)?;
        for ((_, event), record) in told.iter().zip(into.chunks_exact_mut(EVENT_BYTES as usize)) {
            record.copy_from_slice(&event.encode());
        }
        let told = told.len() as u32;
        record::write_u32(memory, events_count, told)?;
        Ok(Progress::Done(Polled { events: told }))
    }

    /// The subscriptions and events of the last `poll_oneoff`, for who observes the process.
    pub fn last_poll(&self) -> (Vec<Subscription>, Vec<Event>) {
        (self.polling.array.decoded(), self.polling.told.iter().map(|(_, event)| *event).collect())
    }

    fn begin_poll(
        &mut self,
        memory: &Memory<'_>,
        subscriptions: u32,
        events: u32,
        count: u32,
        events_count: u32,
    ) -> Result<(), Failure> {
        let fd_bound = self.fd_bound();
        let polling = &mut self.polling;
        polling.told.clear();
        polling.collected = false;
        if count == 0 {
            return Err(Errno::Inval.into());
        }
        if count > self.limits.subscriptions {
            let what = format!("{} subscriptions in a poll", self.limits.subscriptions);
            self.refusal = Some(Refusal { flag: "--max-subscriptions", what });
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
        polling.array.update(memory.slice(subscriptions, in_bytes)?, fd_bound)?;
        if let Some(trigger) = &polling.trigger {
            trigger.begins(&polling.array.decoded());
        }
        if !polling.array.clocks.is_empty() {
            let now_ns = self.network.now_ns();
            for clock in polling.array.clocks.values_mut() {
                let span_ns = match (clock.clock, clock.absolute) {
                    (_, false) => clock.timeout_ns,
                    (Clock::Monotonic, true) => clock.timeout_ns.saturating_sub(now_ns),
                    (Clock::Realtime, true) => clock.timeout_ns.saturating_sub(self.network.realtime_ns()),
                };
                clock.deadline_ns = now_ns.saturating_add(span_ns);
            }
        }
        Ok(())
    }

    /// One look at everything. Blocked, with the deadline set, when there is nothing to tell yet.
    fn turn_poll(&mut self) -> Progress<()> {
        self.tell_array();
        if self.polling.told.is_empty() {
            self.polling.collected = true;
            let deadlines_ns = self.polling.array.clocks.values().map(|clock| clock.deadline_ns);
            // A deadline of u64::MAX lies half a millennium ahead: no deadline.
            self.deadline_ns = deadlines_ns.min().filter(|&at_ns| at_ns < u64::MAX);
            return Progress::Blocked;
        }
        if !std::mem::replace(&mut self.polling.collected, true) {
            // Something is ready already. What else has happened must be heard, too, or a source that is
            // always ready would hide all others.
            if self.collect(Some(0)).is_err() {
                return Progress::Blocked;
            }
            self.tell_array();
        }
        Progress::Done(())
    }

    /// Lists the events of everything in the array that is ready now.
    fn tell_array(&mut self) {
        self.look_into_watched_sets();
        self.look(Whose::Array);
        let now_ns = if self.polling.array.clocks.is_empty() { 0 } else { self.network.now_ns() };
        let mut told = std::mem::take(&mut self.polling.told);
        let Polling { array, sets, trigger, .. } = &self.polling;
        let known = self.known();
        told.clear();
        if let Some(trigger) = trigger {
            trigger.looks();
        }
        for watch in array.watches.queued() {
            let set_is_ready = |set: usize| sets.get(set).and_then(|set| set.is_ready);
            let Some(event) = known.event_of(watch, set_is_ready) else { continue };
            let hides = |trigger: &EdgeTrigger| known.is_socket(watch.fd) && !trigger.tells(watch, &event);
            if !trigger.as_ref().is_some_and(hides) {
                told.push((watch.place, event));
            }
        }
        for (&place, clock) in &array.clocks {
            if clock.deadline_ns <= now_ns {
                let event = Event { userdata: clock.userdata, errno: Errno::Success, kind: EventKind::Clock };
                told.push((place, event));
            }
        }
        if !told.is_sorted_by_key(|(place, _)| *place) {
            told.sort_unstable_by_key(|(place, _)| *place);
        }
        self.polling.told = told;
    }

    /// Finds out which of the sets in the array have something to tell.
    fn look_into_watched_sets(&mut self) {
        if self.polling.sets.is_empty() {
            return;
        }
        for (_, set) in &mut self.polling.sets {
            set.is_ready = None;
        }
        let mut at = self.polling.array.watches.first();
        while let Some(id) = at {
            at = self.polling.array.watches.behind(id);
            let fd = self.polling.array.watches.get(id).fd;
            if let Ok(&Descriptor::ReadinessSet(set)) = self.table.get(fd)
                && self.polling.sets[set].is_ready.is_none()
            {
                self.look(Whose::Set(set));
                let is_ready = self.has_something_to_tell(set);
                self.polling.sets[set].is_ready = Some(is_ready);
            }
        }
    }

    /// Whether a set has something to tell. It has been looked into.
    fn has_something_to_tell(&self, set: usize) -> bool {
        let known = self.known();
        self.polling.sets[set].watches.queued().any(|watch| known.event_of(watch, |_| None).is_some())
    }

    pub(crate) fn known(&self) -> Known<'_> {
        Known {
            table: &self.table,
            foreign: &self.polling.foreign,
            starved: self.starved_until_ns.is_some() || self.has_room().is_err(),
        }
    }

    /// What one socket or source is ready for now.
    pub(crate) fn probe_one(&mut self, socket: crate::SocketId) -> crate::Levels {
        let mut probe = [Probe { socket, levels: crate::Levels::default() }];
        self.network.probe(&mut probe);
        probe[0].levels
    }
}
