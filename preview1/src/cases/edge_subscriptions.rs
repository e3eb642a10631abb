//! Readiness sets whose subscriptions stay: when they are quiet, and what ends that. And how long a read waits.

use super::guest::{BUFFER, BYTES, IOVECS, errno};
use super::{Guest, Peer, Rig};
use crate::record::EVENT_BYTES;
use crate::{Change, Clock, Errno, Limits, Memory, Progress, Watch};

const ROOM: u32 = 64;

pub(super) fn begin(userdata: u64, watch: Watch) -> Change {
    Change { userdata, watch, unsubscribe: false, edge: true }
}

fn waits(timeout_ns: u64) -> Change {
    let clock = Watch::Clock { clock: Clock::Monotonic, timeout_ns, absolute: false };
    Change { userdata: 0, watch: clock, unsubscribe: false, edge: false }
}

impl<R: Rig> Guest<R> {
    #[track_caller]
    fn makes(&mut self, set: u32, changes: &[Change]) {
        assert_eq!(self.changes(set, changes), Ok(changes.len() as u32 * 48));
    }

    /// A set that waits as long as it takes.
    fn waiting_set(&mut self) -> u32 {
        self.process.open_set(crate::Fdflags::default()).expect("a free fd")
    }

    /// Reads the set, which waits if it is to: whose events came.
    #[track_caller]
    fn reads(&mut self, set: u32) -> Vec<u64> {
        let told = self.told(set, ROOM).expect("events");
        told.iter().map(|event| event.userdata).collect()
    }

    #[track_caller]
    fn hears_nothing(&mut self, set: u32) {
        assert_eq!(self.told(set, ROOM), errno(Errno::Again));
    }
}

pub fn an_edge_subscription_is_told_again_once_it_was_drained<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    guest.set_nonblocking(stream);
    let set = guest.waiting_set();
    guest.makes(set, &[begin(7, Watch::Read(stream))]);
    for _ in 0..3 {
        peer.sends(&mut guest, b"ab");
        assert_eq!(guest.reads(set), [7]);
        assert_eq!(guest.recv(stream, 2, 0), Ok(b"ab".to_vec()));
        assert_eq!(guest.recv(stream, 2, 0), errno(Errno::Again));
    }
}

pub fn an_edge_subscription_is_quiet_until_it_was_drained<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let (set, quick) = (guest.waiting_set(), [waits(1_000_000)]);
    guest.makes(set, &[begin(7, Watch::Read(stream))]);
    peer.sends(&mut guest, b"abcd");
    assert_eq!(guest.reads(set), [7]);
    guest.makes(set, &quick);
    guest.hears_nothing(set);
    assert_eq!(guest.recv(stream, 2, 0), Ok(b"ab".to_vec()));
    guest.hears_nothing(set);
    peer.sends(&mut guest, b"ef");
    guest.arrives(Watch::Read(stream));
    guest.hears_nothing(set);
}

pub fn a_short_receive_and_a_short_send_drain<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    guest.set_nonblocking(stream);
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream)), begin(2, Watch::Write(stream))]);
    let mut told = guest.reads(set);
    while !told.contains(&1) {
        peer.sends(&mut guest, b"ab");
        told.extend(guest.reads(set));
    }
    assert_eq!(guest.recv(stream, 1024, 0).map(|bytes| bytes.is_empty()), Ok(false));
    peer.sends(&mut guest, b"cd");
    assert_eq!(guest.reads(set), [1]);
    // More than any network takes at once: what it didn't take says that it is full.
    let filled = guest.write(stream, &[(BUFFER, 16 * 1024); 1024]).expect("some of it");
    assert!((1..16 << 20).contains(&filled));
    peer.receives(&mut guest, filled as usize);
    assert_eq!(guest.reads(set), [2]);
}

pub fn a_receive_cut_to_the_limit_counts_as_short<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { call_bytes: 4, ..Limits::default() });
    let (stream, mut peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream))]);
    peer.sends(&mut guest, b"abcdef");
    guest.arrives(Watch::Read(stream));
    assert_eq!(guest.reads(set), [1]);
    assert_eq!(guest.recv(stream, 100, 0), Ok(b"abcd".to_vec()));
    assert_eq!(guest.reads(set), [1], "the caller saw fewer bytes than it asked for");
}

pub fn looking_at_bytes_does_not_drain<R: Rig>() {
    const PEEK: u32 = 1;
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream))]);
    peer.sends(&mut guest, b"ab");
    assert_eq!(guest.reads(set), [1]);
    guest.makes(set, &[waits(1_000_000)]);
    assert_eq!(guest.recv(stream, 100, PEEK), Ok(b"ab".to_vec()));
    guest.hears_nothing(set);
}

pub fn the_end_of_a_stream_is_told_once<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream))]);
    peer.finishes(&mut guest);
    assert_eq!(guest.reads(set), [1]);
    guest.makes(set, &[waits(1_000_000)]);
    assert_eq!(guest.recv(stream, 100, 0), Ok(Vec::new()));
    guest.hears_nothing(set);
}

pub fn a_listener_is_told_again_once_nobody_is_pending<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(listener))]);
    for _ in 0..2 {
        let _peer = Peer::connects(&mut guest, address);
        assert_eq!(guest.reads(set), [1]);
        let accepted = guest.accept(listener, 0).expect("a connection");
        guest.set_nonblocking(listener);
        assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
        let _ = guest.process.fd_close(accepted.fd).expect("an open fd");
    }
}

pub fn subscribing_again_ends_the_quiet<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream))]);
    peer.sends(&mut guest, b"ab");
    assert_eq!(guest.reads(set), [1]);
    guest.makes(set, &[begin(2, Watch::Read(stream))]);
    assert_eq!(guest.reads(set), [2]);
}

pub fn the_close_of_a_quiet_descriptor_is_told_and_ends_its_subscription<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Write(stream))]);
    assert_eq!(guest.reads(set), [1]);
    let _ = guest.process.fd_close(stream).expect("an open fd");
    let told = guest.told(set, ROOM).expect("events");
    assert_eq!(told.iter().map(|event| event.errno).collect::<Vec<_>>(), [Errno::Badf]);
    guest.makes(set, &[waits(0)]);
    guest.hears_nothing(set);
}

pub fn what_is_no_socket_is_told_at_each_read<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Write(1))]);
    for _ in 0..3 {
        assert_eq!(guest.reads(set), [1]);
    }
}

pub fn a_read_of_a_set_waits_no_longer_than_it_is_to<R: Rig>() {
    const SPAN_NS: u64 = 3_000_000;
    let mut guest = Guest::<R>::new();
    let (stream, mut peer) = guest.connected();
    let set = guest.waiting_set();
    guest.makes(set, &[begin(1, Watch::Read(stream)), waits(SPAN_NS)]);
    for _ in 0..2 {
        let began_ns = guest.now_ns();
        guest.hears_nothing(set);
        assert!(guest.now_ns() - began_ns >= SPAN_NS, "it ends too early");
    }
    guest.makes(set, &[waits(0)]);
    guest.hears_nothing(set);
    guest.makes(set, &[waits(u64::MAX)]);
    peer.sends(&mut guest, b"a");
    assert_eq!(guest.reads(set), [1], "it waits as long as it takes");
}

pub fn a_set_that_does_not_block_does_not_wait_whatever_its_timeout<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (stream, _peer) = guest.connected();
    let set = guest.set_of_its_own();
    guest.makes(set, &[begin(1, Watch::Read(stream)), waits(u64::MAX)]);
    guest.lay_out(&[(BUFFER, EVENT_BYTES)]);
    let memory = &mut Memory::new(&mut guest.memory);
    let read = guest.process.set_read(memory, set, (IOVECS, 1), BYTES).map(|read| read == Progress::Blocked);
    assert_eq!(read, errno(Errno::Again));
}
