//! Readiness sets: subscriptions that the host keeps, so that a poll costs what is ready. What their bytes are
//! is `record.rs`'s, what is ready `poll/look.rs`'s.
//!
//! See [the protocol](crate::net_dir#readiness-sets).

use crate::fd_table::Descriptor;
use crate::net_dir::Refusal;
use crate::poll::Whose;
use crate::record::{self, Change, EVENT_BYTES, Fdstat, SUBSCRIPTION_BYTES};
use crate::transfer::{Direction, gather, scatter};
use crate::watches::Watches;
use crate::{Errno, Event, Failure, Fdflags, Filetype, Memory, Network, Process, Progress, Received, Watch};

/// One readiness set.
#[derive(Debug, Default)]
pub(crate) struct ReadinessSet {
    /// At most one for each direction of each fd.
    pub(crate) watches: Watches,
    flags: Fdflags,
    /// How long a read waits; none is for as long as it takes.
    timeout_ns: Option<u64>,
    /// Whether it has something to tell, once this poll has looked.
    pub(crate) is_ready: Option<bool>,
}

/// Kept for their capacity, and for who observes the process.
#[derive(Debug, Default)]
pub(crate) struct Exchanged {
    changes: Vec<Change>,
    events: Vec<Event>,
    /// Records on their way from or to several buffers.
    bytes: Vec<u8>,
    /// What is kept of a read while it waits.
    waiting: Option<Waiting>,
}

/// A read that waits, or is about to.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// Until when.
    deadline_ns: Option<u64>,
}

impl ReadinessSet {
    /// Makes one change.
    ///
    /// # Errors
    /// `ENOMEM` at `limit` subscriptions.
    fn change(&mut self, change: Change, limit: u32, fd_bound: u32) -> Result<(), Errno> {
        let (direction, fd) = match change.watch {
            Watch::Read(fd) => (Direction::Read, fd),
            Watch::Write(fd) => (Direction::Write, fd),
            Watch::Clock { timeout_ns, .. } => {
                // A span of u64::MAX ends in half a millennium: never.
                self.timeout_ns = Some(timeout_ns).filter(|&timeout_ns| timeout_ns < u64::MAX);
                return Ok(());
            }
        };
        let earlier = self.watches.find(fd, direction);
        if change.unsubscribe {
            if let Some(id) = earlier.filter(|&id| self.watches.get(id).userdata == change.userdata) {
                self.watches.remove(id);
            }
            return Ok(());
        }
        if let Some(id) = earlier {
            self.watches.remove(id);
        }
        if self.watches.len() >= limit as usize {
            return Err(Errno::Nomem);
        }
        let id = self.watches.insert((change.userdata, 0), fd, direction, fd_bound);
        self.watches.set_edge(id, change.edge);
        Ok(())
    }

    /// How long a read waits for its first event.
    fn waits_ns(&self) -> Option<u64> {
        if self.flags.is_nonblock() { Some(0) } else { self.timeout_ns }
    }
}

impl<N: Network> Process<N> {
    /// Opens a readiness set at the lowest free fd.
    pub(crate) fn open_set(&mut self, flags: Fdflags) -> Result<u32, Errno> {
        if self.polling.sets.len() >= self.limits.readiness_sets as usize {
            let what = format!("{} readiness sets", self.limits.readiness_sets);
            self.refusal = Some(Refusal { flag: "--max-readiness-sets", what });
            return Err(Errno::Mfile);
        }
        self.make_room()?;
        let set = self.polling.sets.insert(ReadinessSet { flags, ..ReadinessSet::default() });
        Ok(self.table.insert(Descriptor::ReadinessSet(set)))
    }

    #[cold]
    fn set_is_full(&mut self) -> Errno {
        let what = format!("{} subscriptions in a readiness set", self.limits.subscriptions);
        self.refusal = Some(Refusal { flag: "--max-subscriptions", what });
        Errno::Nomem
    }

    /// `fd_write` on a readiness set: changes (48 bytes each), made in order, and how many bytes of them to
    /// `bytes_pointer` (4 bytes). Fewer than were written when there is no room for more subscriptions.
    ///
    /// # Errors
    /// `EINVAL` for bytes that are no whole records, or a record that makes no sense: none is made then.
    /// `ENOMEM` when not even the first has room; of iovecs as [`fd_write`](Self::fd_write).
    pub fn set_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        bytes_pointer: u32,
    ) -> Result<u32, Failure> {
        let set = self.set_at(fd)?;
        memory.check(bytes_pointer, 4, 4)?;
        let total = self.decode_iovecs(memory, iovecs, count)?;
        if !total.is_multiple_of(SUBSCRIPTION_BYTES) {
            return Err(Errno::Inval.into());
        }
        if total / SUBSCRIPTION_BYTES > self.limits.subscriptions {
            return Err(self.set_is_full().into());
        }
        let fd_bound = self.fd_bound();
        let Exchanged { changes, bytes, .. } = &mut self.exchanged;
        let records = match self.iovecs[..] {
            [(pointer, length)] => memory.slice(pointer, length)?,
            ref iovecs => gather(memory, iovecs, bytes)?,
        };
        changes.clear();
        for record in records.chunks_exact(SUBSCRIPTION_BYTES as usize) {
            changes.push(Change::decode(record)?);
        }
        let mut made = 0;
        for &change in &*changes {
            match self.polling.sets[set].change(change, self.limits.subscriptions, fd_bound) {
                Ok(()) => made += 1,
                Err(_) if made == 0 => return Err(self.set_is_full().into()),
                Err(_) => break,
            }
        }
        changes.truncate(made);
        let written = made as u32 * SUBSCRIPTION_BYTES;
        record::write_u32(memory, bytes_pointer, written)?;
        Ok(written)
    }

    /// `fd_read` on a readiness set: as many events (32 bytes each) as there are and the buffers have room for,
    /// their bytes to `bytes_pointer` (4 bytes). What was told is no longer subscribed, or quiet until it was drained.
    ///
    /// # Errors
    /// `EAGAIN` when there is none in the time it waits, `EINVAL` when there is no room for one; of iovecs as
    /// [`fd_read`](Self::fd_read).
    pub fn set_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        let set = self.set_at(fd)?;
        memory.check(bytes_pointer, 4, 4)?;
        let total = self.decode_iovecs(memory, iovecs, count)?;
        let room = total / EVENT_BYTES;
        if room == 0 {
            return Err(Errno::Inval.into());
        }
        if self.turn_set(set, room as usize) == Progress::Blocked {
            return Ok(Progress::Blocked);
        }
        self.exchanged.waiting = None;
        let Exchanged { events, bytes, .. } = &mut self.exchanged;
        if events.is_empty() {
            return Err(Errno::Again.into());
        }
        let told = events.len() as u32 * EVENT_BYTES;
        if let [(pointer, _)] = self.iovecs[..] {
            let records = memory.slice_mut(pointer, told)?;
            for (event, record) in events.iter().zip(records.chunks_exact_mut(EVENT_BYTES as usize)) {
                record.copy_from_slice(&event.encode());
            }
        } else {
            bytes.clear();
            bytes.extend(events.iter().flat_map(Event::encode));
            scatter(memory, &self.iovecs, 0, bytes)?;
        }
        record::write_u32(memory, bytes_pointer, told)?;
        Ok(Progress::Done(Received { bytes: told, truncated: false }))
    }

    /// `fd_fdstat_get` of a readiness set, written to `pointer` (24 bytes): of no file type preview1 knows.
    ///
    /// # Errors
    /// `EBADF` when it is none; a trap when the record lies outside the memory or misaligned.
    pub fn set_fdstat(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        /// `fd_read`, `fd_fdstat_set_flags`, `fd_write`, `fd_filestat_get` and `poll_fd_readwrite`.
        const RIGHTS: u64 = 1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27;
        let set = self.set_at(fd)?;
        let flags = self.polling.sets[set].flags;
        let stat = Fdstat { filetype: Filetype::Unknown, flags, rights: RIGHTS };
        Ok(record::write_fdstat(memory, pointer, &stat)?)
    }

    /// `fd_filestat_get` of a readiness set, written to `pointer` (64 bytes).
    ///
    /// # Errors
    /// `EBADF` when it is none; a trap when the record lies outside the memory or misaligned.
    pub fn set_filestat(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        self.set_at(fd)?;
        Ok(record::write_filestat(memory, pointer, Filetype::Unknown)?)
    }

    /// `fd_prestat_get` of a readiness set, written to `pointer` (8 bytes): as of a socket, success with a tag that
    /// is not a directory's. C libraries look for directories when the first path is opened, and end the program
    /// at an fd that answers neither this nor `EBADF`.
    ///
    /// # Errors
    /// `EBADF` when it is none; a trap when the record lies outside the memory or misaligned.
    pub fn set_prestat(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        self.set_at(fd)?;
        Ok(record::write_socket_prestat(memory, pointer)?)
    }

    /// `fd_fdstat_set_flags` of a readiness set.
    ///
    /// # Errors
    /// `EBADF` when it is none; `EINVAL` for any flag but `NONBLOCK`.
    pub fn set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Errno> {
        let set = self.set_at(fd)?;
        self.polling.sets[set].flags = Fdflags::of_socket(flags)?;
        Ok(())
    }

    /// How long a read of the set at `fd` waits, in nanoseconds, for who observes the process; `None` for as long as
    /// it takes, and where there is no set.
    pub fn set_waits_ns(&self, fd: u32) -> Option<u64> {
        self.polling.sets[self.set_at(fd).ok()?].waits_ns()
    }

    /// The changes of the last [`set_write`](Self::set_write), for who observes the process.
    pub fn last_changes(&self) -> &[Change] {
        &self.exchanged.changes
    }

    /// The events of the last [`set_read`](Self::set_read), for who observes the process.
    pub fn last_events(&self) -> &[Event] {
        &self.exchanged.events
    }

    /// One look at a set, which lists up to `room` events. Blocked, with the deadline set, when there are none and it
    /// is to wait for them.
    fn turn_set(&mut self, set: usize, room: usize) -> Progress<()> {
        self.look(Whose::Set(set));
        let waits_ns = self.polling.sets[set].waits_ns();
        if self.exchanged.waiting.is_none() {
            // What else has happened must be heard, too, or who is always ready would hide all others.
            if waits_ns == Some(0) || self.polling.sets[set].watches.first().is_some() {
                if self.collect(Some(0)).is_err() {
                    return Progress::Blocked;
                }
                self.look(Whose::Set(set));
            }
            let until_ns =
                |span_ns| if span_ns == 0 { 0 } else { self.network.now_ns().saturating_add(span_ns) };
            self.exchanged.waiting = Some(Waiting { deadline_ns: waits_ns.map(until_ns) });
        }
        self.tell_set(set, room);
        let deadline_ns = self.exchanged.waiting.and_then(|waiting| waiting.deadline_ns);
        let is_over = |at_ns| at_ns == 0 || at_ns <= self.network.now_ns();
        if !self.exchanged.events.is_empty() || deadline_ns.is_some_and(is_over) {
            return Progress::Done(());
        }
        self.deadline_ns = deadline_ns;
        Progress::Blocked
    }

    /// Lists up to `room` events of what is ready. Their subscriptions end, or are quiet until they are drained.
    fn tell_set(&mut self, set: usize, room: usize) {
        let mut events = std::mem::take(&mut self.exchanged.events);
        events.clear();
        let mut at = self.polling.sets[set].watches.first();
        while let Some(id) = at
            && events.len() < room
        {
            at = self.polling.sets[set].watches.behind(id);
            let watch = self.polling.sets[set].watches.get(id);
            if let Some(event) = self.known().event_of(watch, |_| None) {
                events.push(event);
                let stays = watch.edge && event.errno == Errno::Success;
                // Of what is no socket nothing tells when it is drained: it is told at each read.
                let is_quiet = stays && self.known().is_socket(watch.fd);
                let watches = &mut self.polling.sets[set].watches;
                if is_quiet {
                    watches.hush(id);
                } else if !stays {
                    watches.remove(id);
                }
            }
        }
        self.exchanged.events = events;
    }

    fn set_at(&self, fd: u32) -> Result<usize, Errno> {
        match self.table.get(fd)? {
            Descriptor::ReadinessSet(set) => Ok(*set),
            _ => Err(Errno::Badf),
        }
    }
}
