//! What only a virtual clock can show: waits that end at the nanosecond, and things that happen during them.

use super::guest::{BUFFER, BYTES, COUNT, EVENTS, IOVECS, SUBSCRIPTIONS, WAITALL, errno, span};
use super::{Guest, MemoryRig, Peer};
use crate::test_attribute::test;
use crate::{
    Change, Clock, Closed, Errno, Limits, Memory, MemoryNetwork, Network, Process, Progress, SocketId, Stop,
    Subscription, Watch,
};
use std::io::IoSlice;

/// The first socket of a network is its listener.
const LISTENER: SocketId = SocketId(0);

type VirtualGuest = Guest<MemoryRig<0>>;

/// A guest with a stream, and the number of that stream's peer.
fn connected() -> (VirtualGuest, u32, SocketId) {
    let mut guest = VirtualGuest::new();
    let (listener, address) = guest.listening();
    let peer = guest.process.network().connect(address).unwrap();
    let fd = guest.accept(listener, 0).unwrap().fd;
    (guest, fd, peer)
}

fn sends_at(guest: &mut VirtualGuest, at_ns: u64, peer: SocketId, bytes: &'static [u8]) {
    guest.process.network().schedule_at(at_ns, move |network| {
        network.send(peer, &[IoSlice::new(bytes)]).unwrap();
    });
}

#[test]
fn a_timeout_ends_at_its_nanosecond() {
    let mut guest = VirtualGuest::new();
    let mut at_ns = 0;
    for timeout_ns in [0, 1, 999_999_999] {
        guest.poll(&[span(0, timeout_ns), span(1, 2_000_000_000)]).unwrap();
        at_ns += timeout_ns;
        assert_eq!(guest.now_ns(), at_ns);
    }
    for clock in [Clock::Monotonic, Clock::Realtime] {
        at_ns += 17;
        let start_ns = if clock == Clock::Realtime { MemoryNetwork::REALTIME_START_NS } else { 0 };
        let watch = Watch::Clock { clock, timeout_ns: start_ns + at_ns, absolute: true };
        guest.poll(&[Subscription { userdata: 0, watch }]).unwrap();
        assert_eq!(guest.now_ns(), at_ns);
    }
}

#[test]
fn a_poll_ends_when_bytes_come_and_not_later() {
    let (mut guest, fd, peer) = connected();
    sends_at(&mut guest, 500, peer, b"now");
    let read = Subscription { userdata: 1, watch: Watch::Read(fd) };
    let events = guest.poll(&[span(0, 1_000), read]).unwrap();
    assert_eq!(events.iter().map(|event| event.userdata).collect::<Vec<_>>(), [1]);
    assert_eq!(guest.now_ns(), 500);
}

#[test]
fn bytes_and_a_timeout_of_the_same_nanosecond_are_both_told() {
    let (mut guest, fd, peer) = connected();
    sends_at(&mut guest, 500, peer, b"now");
    let read = Subscription { userdata: 1, watch: Watch::Read(fd) };
    assert_eq!(guest.poll(&[span(0, 500), read]).unwrap().len(), 2);
}

#[test]
fn what_happens_to_others_does_not_end_a_poll() {
    let (mut guest, fd, peer) = connected();
    let other = guest.connected().0;
    for at_ns in 1..100 {
        sends_at(&mut guest, at_ns, peer, b"x");
    }
    guest.poll(&[Subscription { userdata: 1, watch: Watch::Read(other) }, span(0, 200)]).unwrap();
    assert_eq!(guest.now_ns(), 200);
    assert_eq!(guest.recv(fd, 200, 0).unwrap().len(), 99);
}

#[test]
fn a_blocked_accept_ends_when_a_peer_connects() {
    let mut guest = VirtualGuest::new();
    let (listener, address) = guest.listening();
    guest.process.network().schedule_at(70, move |network| {
        network.connect(address).unwrap();
    });
    guest.accept(listener, 0).unwrap();
    assert_eq!(guest.now_ns(), 70);
}

#[test]
fn a_blocked_receive_of_everything_ends_with_the_last_byte() {
    let (mut guest, fd, peer) = connected();
    for (at_ns, word) in [(10, b"one"), (20, b"two"), (30, b"six")] {
        sends_at(&mut guest, at_ns, peer, word);
    }
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(b"onetwosix".to_vec()));
    assert_eq!(guest.now_ns(), 30);
}

#[test]
fn a_blocked_send_ends_when_the_peer_reads() {
    let (mut guest, fd, peer) = connected();
    assert_eq!(guest.send(fd, &vec![b'x'; 65_536]), Ok(65_536));
    guest.process.network().schedule_at(40, move |network| {
        assert_eq!(network.receive(peer, &mut [0; 100], false), Ok(100));
    });
    assert_eq!(guest.send(fd, &[b'y'; 200]), Ok(100));
    assert_eq!(guest.now_ns(), 40);
}

/// Why the process stops, waiting as often as there are edges left to tell of.
fn waits_until_stopped(guest: &mut VirtualGuest) -> Option<Stop> {
    (0..3).find_map(|_| guest.process.wait().err())
}

#[test]
fn a_wait_that_nothing_can_end_is_stalled() {
    let (mut guest, fd, _peer) = connected();
    guest.lay_out(&[(BUFFER, 1)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.fd_read(memory, fd, IOVECS, 1, BYTES), Ok(Progress::Blocked));
    assert_eq!(waits_until_stopped(&mut guest), Some(Stop::Stalled));
    guest.subscribe(&[Subscription { userdata: 0, watch: Watch::Read(fd) }, span(0, u64::MAX)]);
    let memory = &mut Memory::new(&mut guest.memory);
    let polled = guest.process.poll_oneoff(memory, SUBSCRIPTIONS, EVENTS, 2, COUNT);
    assert_eq!(polled, Ok(Progress::Blocked));
    assert_eq!(waits_until_stopped(&mut guest), Some(Stop::Stalled));
    assert_eq!(guest.now_ns(), 0);
}

#[test]
fn a_guest_at_its_limit_of_fds_does_not_spin_on_its_listener() {
    let mut guest = VirtualGuest::with_limits(Limits { fds: 5, ..Limits::default() });
    let (listener, address) = guest.listening();
    let (fd, mut peer) = guest.accepts_from(listener, address);
    let _waiting = Peer::connects(&mut guest, address);
    let watches = [Watch::Read(listener), Watch::Read(fd)];
    let subscriptions = watches.map(|watch| Subscription { userdata: 0, watch });
    guest.subscribe(&subscriptions);
    let memory = &mut Memory::new(&mut guest.memory);
    let polled = guest.process.poll_oneoff(memory, SUBSCRIPTIONS, EVENTS, 2, COUNT);
    assert_eq!(polled, Ok(Progress::Blocked));
    peer.sends(&mut guest, b"x");
    assert_eq!(guest.poll_at(SUBSCRIPTIONS, EVENTS, 2, COUNT), Ok(1));
}

#[test]
fn a_listener_is_muted_while_the_network_can_open_no_more() {
    let mut guest = VirtualGuest::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let file = guest.process.insert_foreign(42).unwrap();
    let (fd, _accepted) = guest.accepts_from(listener, address);
    let _pending = Peer::connects(&mut guest, address);
    guest.process.network().set_accept_error(Some(Errno::Mfile));
    let is_starved = |guest: &mut VirtualGuest| {
        guest.arrives(Watch::Read(listener));
        assert_eq!(guest.accept(listener, 0), errno(Errno::Mfile));
        guest.is_quiet(&[Watch::Read(listener)]);
    };
    is_starved(&mut guest);
    // Worth another try: whatever is closed here, and one more connection.
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    is_starved(&mut guest);
    assert_eq!(guest.process.fd_close(file), Ok(Closed::Foreign(42)));
    is_starved(&mut guest);
    let _another = Peer::connects(&mut guest, address);
    is_starved(&mut guest);
    guest.process.network().set_accept_error(None);
    let _third = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    assert!(guest.accept(listener, 0).is_ok());
}

#[test]
fn a_half_open_connection_is_quiet_until_something_is_sent() {
    let (mut guest, fd, peer) = connected();
    guest.set_nonblocking(fd);
    guest.process.network().vanish(peer);
    guest.is_quiet(&[Watch::Read(fd)]);
    assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Again));
    assert_eq!(guest.send(fd, b"hello?"), Ok(6));
    let ready = guest.arrives(Watch::Read(fd));
    assert_eq!((ready.hangup, ready.error), (true, Some(Errno::Connreset)));
    assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Connreset));
    assert_eq!(guest.send(fd, b"hello?"), errno(Errno::Pipe));
}

#[test]
fn a_write_that_waits_for_a_peer_that_is_gone_ends() {
    let (mut guest, fd, peer) = connected();
    guest.set_nonblocking(fd);
    while guest.send(fd, &[b'x'; 8_192]).is_ok() {}
    guest.process.fd_fdstat_set_flags(fd, 0).unwrap();
    guest.process.network().schedule_at(7_000, move |network| network.vanish(peer));
    guest.lay_out(&[(BUFFER, 9)]);
    assert_eq!(guest.write(fd, &[(BUFFER, 9)]), errno(Errno::Connreset));
    assert_eq!(guest.now_ns(), 7_000);
}

#[test]
fn a_foreign_fd_with_a_source_is_ready_when_that_is() {
    let mut guest = VirtualGuest::new();
    let (_, address) = guest.listening();
    let network = guest.process.network();
    let source = network.connect(address).unwrap();
    let (writer, _) = network.accept(LISTENER).unwrap();
    guest.process.set_foreign_source(0, source).unwrap();
    guest.is_quiet(&[Watch::Read(0)]);
    assert_eq!(guest.process.foreign_ready(0, false), Ok(Progress::Blocked));
    assert_eq!(guest.process.foreign_ready(0, true), Ok(Progress::Done(())));
    assert_eq!(guest.process.foreign_ready(1, false), Ok(Progress::Done(())));
    assert_eq!(guest.process.foreign_ready(9, false), Err(Errno::Badf));
    let at_ns = guest.now_ns() + 5;
    sends_at(&mut guest, at_ns, writer, b"line");
    guest.arrives(Watch::Read(0));
    assert_eq!(guest.now_ns(), at_ns);
    assert_eq!(guest.process.foreign_ready(0, false), Ok(Progress::Done(())));
    guest.process.network().close(writer);
    assert!(guest.arrives(Watch::Read(0)).hangup);
}

#[test]
fn a_process_that_is_dropped_closes_its_sockets() {
    let mut network = MemoryNetwork::new();
    let (listener, address) = network.listen("10.0.0.1:80".parse().unwrap()).unwrap();
    let peer = network.connect(address).unwrap();
    let mut process = Process::new(&mut network);
    process.preopen_listener(listener).unwrap();
    let mut bytes = [0; 8];
    let accepted = process.sock_accept(&mut Memory::new(&mut bytes), 3, 0, 0);
    assert!(matches!(accepted, Ok(Progress::Done(_))));
    drop(process);
    assert_eq!(network.local_address(listener), Err(Errno::Badf));
    assert_eq!(network.receive(peer, &mut [0], false), Ok(0));
}

#[test]
fn who_is_ready_at_each_read_of_a_set_hides_nobody() {
    let (mut guest, fd, peer) = connected();
    let set = guest.set_of_its_own();
    let stdout = Change { userdata: 1, watch: Watch::Write(1), unsubscribe: false, edge: true };
    let stream = Change { userdata: 2, watch: Watch::Read(fd), ..stdout };
    assert_eq!(guest.changes(set, &[stdout, stream]), Ok(96));
    guest.process.set_flags(set, 0).expect("a set");
    assert_eq!(guest.told(set, 9).map(|told| told.len()), Ok(1), "stdout, which is always ready");
    guest.process.network().send(peer, &[IoSlice::new(b"x")]).unwrap();
    assert_eq!(guest.told(set, 9).map(|told| told.len()), Ok(2));
}
