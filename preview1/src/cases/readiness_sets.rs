//! Readiness sets: what a change does, what is told, and when a subscription ends.

use super::guest::{BUFFER, BYTES, IOVECS, MEMORY_BYTES, NONBLOCK, errno, is_out_of_bounds, span};
use super::{Guest, Peer, Rig};
use crate::record::{EVENT_BYTES, SUBSCRIPTION_BYTES};
use crate::{
    Change, Clock, Errno, Event, EventKind, Failure, Limits, Memory, Progress, Ready, Subscription, Watch,
};

const ROOM: u32 = 64;

fn begin(userdata: u64, watch: Watch) -> Change {
    Change { userdata, watch, unsubscribe: false, edge: false }
}

fn end(userdata: u64, watch: Watch) -> Change {
    Change { userdata, watch, unsubscribe: true, edge: false }
}

fn badf(userdata: u64, write: bool) -> Event {
    let none = Ready::default();
    let kind = if write { EventKind::Write(none) } else { EventKind::Read(none) };
    Event { userdata, errno: Errno::Badf, kind }
}

impl<R: Rig> Guest<R> {
    /// Opens a set that doesn't wait.
    pub(super) fn set_of_its_own(&mut self) -> u32 {
        self.process.open_set(crate::Fdflags::NONBLOCK).expect("a free fd")
    }

    /// Writes these changes.
    pub(super) fn changes(&mut self, set: u32, changes: &[Change]) -> Result<u32, Failure> {
        let bytes: Vec<u8> = changes.iter().flat_map(Change::encode).collect();
        self.memory[BUFFER as usize..][..bytes.len()].copy_from_slice(&bytes);
        self.lay_out(&[(BUFFER, bytes.len() as u32)]);
        self.process.set_write(&mut Memory::new(&mut self.memory), set, (IOVECS, 1), BYTES)
    }

    /// Makes one change.
    #[track_caller]
    fn change(&mut self, set: u32, change: Change) {
        assert_eq!(self.changes(set, &[change]), Ok(SUBSCRIPTION_BYTES));
    }

    /// Reads up to `room` events.
    pub(super) fn told(&mut self, set: u32, room: u32) -> Result<Vec<Event>, Failure> {
        self.lay_out(&[(BUFFER, room * EVENT_BYTES)]);
        let read = self.finish(|process, memory| process.set_read(memory, set, (IOVECS, 1), BYTES))?;
        Ok(self.events_at(BUFFER, read.bytes / EVENT_BYTES))
    }

    /// Waits for the set, as programs do, and reads it: whose events came.
    #[track_caller]
    fn hears_of(&mut self, set: u32) -> Vec<u64> {
        self.arrives(Watch::Read(set));
        self.told(set, ROOM).expect("events").iter().map(|event| event.userdata).collect()
    }
}

pub fn a_set_tells_of_new_bytes_once<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.set_of_its_own();
    guest.change(set, begin(7, Watch::Read(stream)));
    guest.is_quiet(&[Watch::Read(set)]);
    peer.sends(&mut guest, b"ab");
    assert_eq!(guest.hears_of(set), [7]);
    // It was told, and is no longer subscribed, though the bytes are still there.
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again));
    guest.is_quiet(&[Watch::Read(set)]);
    guest.change(set, begin(8, Watch::Read(stream)));
    assert_eq!(guest.hears_of(set), [8]);
}

pub fn a_subscription_to_what_is_ready_already_is_told<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    peer.sends(&mut guest, b"ab");
    guest.arrives(Watch::Read(stream));
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Write(stream)));
    guest.change(set, begin(2, Watch::Read(stream)));
    let mut told = guest.hears_of(set);
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
}

pub fn a_drained_stream_is_told_by_a_set_when_bytes_come<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    guest.set_nonblocking(stream);
    let set = guest.set_of_its_own();
    for round in 0..20 {
        guest.change(set, begin(round, Watch::Read(stream)));
        assert_eq!(guest.told(set, ROOM), errno(Errno::Again), "in round {round}");
        peer.sends(&mut guest, b"0123456789");
        assert_eq!(guest.hears_of(set), [round]);
        // In one read or in two, the second of which takes exactly what is left.
        let first = if round % 2 == 0 { 10 } else { 4 };
        guest.hears(stream, &b"0123456789"[..first]);
        guest.hears(stream, &b"0123456789"[first..]);
        assert_eq!(guest.recv(stream, 1, 0), errno(Errno::Again));
    }
}

pub fn a_set_tells_no_more_than_there_is_room_for_and_the_rest_next<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let set = guest.set_of_its_own();
    let mut connections = Vec::new();
    for userdata in 0..5 {
        let (stream, peer) = guest.accepts_from(listener, address);
        guest.change(set, begin(userdata, Watch::Write(stream)));
        connections.push((stream, peer));
    }
    let mut told = Vec::new();
    while told.len() < 5 {
        guest.arrives(Watch::Read(set));
        let some = guest.told(set, 2).expect("events");
        assert!((1..=2).contains(&some.len()));
        told.extend(some.iter().map(|event| event.userdata));
    }
    told.sort_unstable();
    assert_eq!(told, [0, 1, 2, 3, 4]);
    guest.is_quiet(&[Watch::Read(set)]);
}

pub fn subscribing_again_replaces_and_unsubscribing_ends<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Write(stream)));
    guest.change(set, begin(2, Watch::Write(stream)));
    assert_eq!(guest.hears_of(set), [2]);
    guest.change(set, begin(3, Watch::Write(stream)));
    // Of another userdata, or another type: that is not there.
    guest.change(set, end(2, Watch::Write(stream)));
    guest.change(set, end(3, Watch::Read(stream)));
    assert_eq!(guest.hears_of(set), [3]);
    guest.change(set, begin(4, Watch::Write(stream)));
    guest.change(set, end(4, Watch::Write(stream)));
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again));
    guest.is_quiet(&[Watch::Read(set)]);
}

pub fn a_closed_fd_is_told_by_a_set_and_its_number_is_silent<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (stream, _peer) = guest.accepts_from(listener, address);
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Read(stream)));
    guest.change(set, begin(2, Watch::Write(stream)));
    let _ = guest.process.fd_close(stream).expect("an open fd");
    let (again, mut peer) = guest.accepts_from(listener, address);
    assert_eq!(again, stream, "the number is given out again");
    peer.sends(&mut guest, b"for nobody");
    guest.arrives(Watch::Read(again));
    let mut told = guest.told(set, ROOM).expect("events");
    told.sort_by_key(|event| event.userdata);
    assert_eq!(told, [badf(1, false), badf(2, true)]);
    guest.is_quiet(&[Watch::Read(set)]);
    guest.change(set, begin(3, Watch::Read(again)));
    assert_eq!(guest.hears_of(set), [3]);
}

pub fn an_fd_unsubscribed_or_subscribed_anew_after_its_close_tells_nothing_of_the_old<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (stream, _peer) = guest.accepts_from(listener, address);
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Read(stream)));
    guest.change(set, begin(2, Watch::Write(stream)));
    let _ = guest.process.fd_close(stream).expect("an open fd");
    guest.change(set, end(1, Watch::Read(stream)));
    let (again, _second) = guest.accepts_from(listener, address);
    guest.change(set, begin(3, Watch::Write(again)));
    assert_eq!(guest.hears_of(set), [3]);
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again));
}

pub fn renumbering_ends_the_subscriptions_of_both_numbers<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (from, _one) = guest.accepts_from(listener, address);
    let (to, _two) = guest.accepts_from(listener, address);
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Read(from)));
    guest.change(set, begin(2, Watch::Read(to)));
    let _ = guest.process.fd_renumber(to, to).expect("nothing to do");
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again));
    let _ = guest.process.fd_renumber(from, to).expect("two open fds");
    let mut told = guest.told(set, ROOM).expect("events");
    told.sort_by_key(|event| event.userdata);
    assert_eq!(told, [badf(1, false), badf(2, false)]);
}

pub fn a_bad_fd_in_a_set_is_an_event_of_its_own<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let set = guest.set_of_its_own();
    let other = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Read(u32::MAX)));
    guest.change(set, begin(2, Watch::Write(77)));
    guest.change(set, begin(3, Watch::Read(other)));
    let mut told = guest.told(set, ROOM).expect("events");
    told.sort_by_key(|event| event.userdata);
    let nested = Event { userdata: 3, errno: Errno::Inval, kind: EventKind::Read(Ready::default()) };
    assert_eq!(told, [badf(1, false), badf(2, true), nested]);
    guest.is_quiet(&[Watch::Read(set), Watch::Read(other)]);
}

pub fn a_blocking_set_waits_for_its_first_event<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let set = guest.set_of_its_own();
    guest.process.set_flags(set, 0).expect("a set");
    guest.change(set, begin(5, Watch::Read(listener)));
    let _peer = Peer::connects(&mut guest, address);
    let told = guest.told(set, ROOM).expect("events");
    assert_eq!(told.iter().map(|event| event.userdata).collect::<Vec<_>>(), [5]);
}

pub fn a_program_that_reads_its_set_without_polling_it_hears_of_new_bytes<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.set_of_its_own();
    guest.change(set, begin(1, Watch::Read(stream)));
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again));
    peer.sends(&mut guest, b"a");
    let give_up_ns = guest.now_ns() + 5_000_000_000;
    loop {
        match guest.told(set, ROOM) {
            Ok(told) => break assert_eq!(told[0].userdata, 1),
            Err(again) => assert_eq!(again, Errno::Again.into()),
        }
        assert!(guest.now_ns() < give_up_ns, "the bytes are not told");
        // Time passes in memory only while somebody waits.
        guest.sleeps(1_000);
    }
}

pub fn changes_that_make_no_sense_are_einval_and_none_is_made<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.set_of_its_own();
    let good = begin(1, Watch::Write(stream));
    let clock = |clock, absolute| begin(2, Watch::Clock { clock, timeout_ns: 0, absolute });
    assert_eq!(guest.changes(set, &[good, clock(Clock::Monotonic, true)]), errno(Errno::Inval));
    assert_eq!(guest.changes(set, &[good, clock(Clock::Realtime, false)]), errno(Errno::Inval));
    // An unknown tag, an unknown flag, and two that don't go together.
    for (offset, byte) in [(8, 3), (40, 4), (40, 3), (41, 1)] {
        let mut record = good.encode();
        record[offset] = byte;
        let bytes = [good.encode(), record].concat();
        guest.memory[BUFFER as usize..][..bytes.len()].copy_from_slice(&bytes);
        guest.lay_out(&[(BUFFER, bytes.len() as u32)]);
        let memory = &mut Memory::new(&mut guest.memory);
        assert_eq!(guest.process.set_write(memory, set, (IOVECS, 1), BYTES), errno(Errno::Inval));
    }
    guest.lay_out(&[(BUFFER, SUBSCRIPTION_BYTES + 1)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.set_write(memory, set, (IOVECS, 1), BYTES), errno(Errno::Inval));
    assert_eq!(guest.told(set, 0), errno(Errno::Inval), "no room for one event");
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again), "none was made");
}

pub fn a_set_with_a_bad_pointer_traps_and_changes_and_tells_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.set_of_its_own();
    let memory_end = MEMORY_BYTES;
    let record = begin(1, Watch::Write(stream)).encode();
    guest.memory[BUFFER as usize..][..record.len()].copy_from_slice(&record);
    guest.lay_out(&[(BUFFER, SUBSCRIPTION_BYTES)]);
    let written = guest.process.set_write(&mut Memory::new(&mut guest.memory), set, (IOVECS, 1), memory_end);
    assert!(is_out_of_bounds(&written));
    guest.lay_out(&[(memory_end - 8, SUBSCRIPTION_BYTES)]);
    let written = guest.process.set_write(&mut Memory::new(&mut guest.memory), set, (IOVECS, 1), BYTES);
    assert!(is_out_of_bounds(&written));
    assert_eq!(guest.told(set, ROOM), errno(Errno::Again), "nothing was subscribed");
    guest.change(set, begin(1, Watch::Write(stream)));
    guest.lay_out(&[(memory_end - 8, EVENT_BYTES)]);
    let read = guest.process.set_read(&mut Memory::new(&mut guest.memory), set, (IOVECS, 1), BYTES);
    assert!(is_out_of_bounds(&read));
    assert_eq!(guest.hears_of(set), [1], "nothing was lost");
}

pub fn changes_and_events_spread_over_several_buffers<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.set_of_its_own();
    let records = [begin(1, Watch::Write(stream)), begin(2, Watch::Read(99))];
    let bytes: Vec<u8> = records.iter().flat_map(Change::encode).collect();
    guest.memory[BUFFER as usize..][..bytes.len()].copy_from_slice(&bytes);
    guest.lay_out(&[(BUFFER, 50), (BUFFER + 50, 46)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.set_write(memory, set, (IOVECS, 2), BYTES), Ok(96));
    guest.arrives(Watch::Read(set));
    guest.lay_out(&[(BUFFER, 8), (BUFFER + 8, 56)]);
    let memory = &mut Memory::new(&mut guest.memory);
    let read = guest.process.set_read(memory, set, (IOVECS, 2), BYTES).expect("events");
    assert!(matches!(read, Progress::Done(received) if received.bytes == 64));
    let mut told: Vec<u64> = guest.events_at(BUFFER, 2).iter().map(|event| event.userdata).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
}

pub fn a_full_set_takes_what_has_room_and_then_is_enomem<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { subscriptions: 3, ..Limits::default() });
    let set = guest.set_of_its_own();
    let all: Vec<Change> = (0..3).map(|fd| begin(u64::from(fd), Watch::Read(90 + fd))).collect();
    guest.change(set, begin(9, Watch::Write(90)));
    assert_eq!(guest.changes(set, &all), Ok(2 * SUBSCRIPTION_BYTES));
    assert_eq!(guest.changes(set, &all[2..]), errno(Errno::Nomem));
    let too_many: Vec<Change> = (0..4).map(|_| all[0]).collect();
    assert_eq!(guest.changes(set, &too_many), errno(Errno::Nomem));
    assert_eq!(guest.told(set, ROOM).map(|told| told.len()), Ok(3));
    assert_eq!(guest.changes(set, &all[2..]), Ok(SUBSCRIPTION_BYTES));
}

pub fn there_are_no_more_sets_than_allowed_and_closing_one_frees_it<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { readiness_sets: 2, ..Limits::default() });
    let first = guest.set_of_its_own();
    guest.set_of_its_own();
    assert_eq!(guest.process.open_set(crate::Fdflags::default()), Err(Errno::Mfile));
    let _ = guest.process.fd_close(first).expect("an open fd");
    assert_eq!(guest.set_of_its_own(), first);
    let again = Subscription { userdata: 0, watch: Watch::Read(first) };
    assert_eq!(guest.poll(&[again, span(1, 0)]).map(|told| told.len()), Ok(1), "it is empty");
}

pub fn a_set_is_opened_by_its_path_and_says_what_it_is<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let set = guest.open("poll", NONBLOCK).expect("a set");
    assert_eq!(guest.process.target(set), Ok(crate::Target::ReadinessSet));
    let memory = &mut Memory::new(&mut guest.memory);
    guest.process.set_fdstat(memory, set, BUFFER).expect("a stat");
    assert_eq!(guest.bytes_at(BUFFER, 4), [0, 0, NONBLOCK as u8, 0], "of no known type, not blocking");
    guest.process.set_prestat(&mut Memory::new(&mut guest.memory), set, BUFFER).expect("a prestat");
    assert_ne!(guest.bytes_at(BUFFER, 1), [0], "no directory");
    guest.process.set_filestat(&mut Memory::new(&mut guest.memory), set, BUFFER).expect("a stat");
    assert_eq!(guest.process.set_flags(set, 1), Err(Errno::Inval));
    assert_eq!(guest.recv(set, 1, 0), errno(Errno::Notsock));
    assert_eq!(guest.accept(set, 0), errno(Errno::Notsock));
    assert_eq!(guest.told(0, ROOM), errno(Errno::Badf));
    assert_eq!(guest.changes(99, &[]), errno(Errno::Badf));
    assert_eq!(guest.open("poll/", 0), errno(Errno::Noent));
    assert_eq!(guest.open("poll", 1), errno(Errno::Inval));
}

pub fn a_listener_at_the_limit_of_fds_is_mute_in_a_set_until_one_is_free<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { fds: 5, ..Limits::default() });
    let (listener, address) = guest.listening();
    let set = guest.set_of_its_own();
    let _peer = Peer::connects(&mut guest, address);
    guest.change(set, begin(1, Watch::Read(listener)));
    guest.is_quiet(&[Watch::Read(set)]);
    let _ = guest.process.fd_close(0).expect("an open fd");
    assert_eq!(guest.hears_of(set), [1]);
}
