//! What a guest makes of a system that fails now and then, and of peers that are slow, gone or broken: nothing is
//! lost, and nobody waits busily. Each runs on the network under test, behind one that fails when told to.

use super::fault_rig::{Call, FaultyGuest};
use super::guest::{BUFFER, BYTES, IOVECS, NONBLOCK, WAITALL, errno, span};
use super::{DatagramPeer, Peer, Rig};
use crate::{Closed, Errno, EventKind, Memory, Progress, Subscription, Watch};

/// Waits that a poll may need beside the one that brings what it waits for.
const WAITS: u32 = 8;

/// What `act` does takes no more waits than this.
#[track_caller]
fn in_waits<R: Rig, T>(
    guest: &mut FaultyGuest<R>,
    most: u32,
    act: impl FnOnce(&mut FaultyGuest<R>) -> T,
) -> T {
    let before = guest.process.network().waits;
    let done = act(guest);
    let waits = guest.process.network().waits - before;
    assert!(waits <= most, "{waits} waits, where {most} do");
    done
}

pub fn an_accept_the_system_has_no_room_for_is_tried_again_later_and_not_at_once<R: Rig>() {
    let mut guest = FaultyGuest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    for full in [Errno::Mfile, Errno::Nfile, Errno::Nobufs, Errno::Nomem] {
        let mut peer = Peer::connects(&mut guest, address);
        guest.arrives(Watch::Read(listener));
        guest.process.network().fail(Call::Accept, full);
        assert_eq!(guest.accept(listener, 0), errno(full));
        in_waits(&mut guest, WAITS, |guest| guest.is_quiet(&[Watch::Read(listener)]));
        // Nothing else happens, and yet the connection is not forgotten.
        in_waits(&mut guest, WAITS, |guest| guest.arrives(Watch::Read(listener)));
        let fd = guest.accept(listener, 0).unwrap().fd;
        peer.sends(&mut guest, b"patient");
        guest.hears(fd, b"patient");
        assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    }
}

pub fn a_listener_without_room_is_tried_at_once_when_something_is_closed<R: Rig>() {
    let mut guest = FaultyGuest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let (fd, _one) = guest.accepts_from(listener, address);
    let _two = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    guest.process.network().fail(Call::Accept, Errno::Nfile);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Nfile));
    assert_eq!(guest.ready_now(&[Watch::Read(listener)]), []);
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    assert_eq!(guest.ready_now(&[Watch::Read(listener)]).len(), 1);
    assert_eq!(guest.accept(listener, 0).unwrap().fd, fd);
}

pub fn an_aborted_connection_is_told_and_the_next_is_accepted<R: Rig>() {
    let mut guest = FaultyGuest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let (_first, mut second) = (Peer::connects(&mut guest, address), Peer::connects(&mut guest, address));
    guest.arrives(Watch::Read(listener));
    guest.process.network().fail(Call::Abort, Errno::Connaborted);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Connaborted));
    guest.arrives(Watch::Read(listener));
    let fd = guest.accept(listener, 0).unwrap().fd;
    second.sends(&mut guest, b"second");
    guest.hears(fd, b"second");

    let _third = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    guest.process.network().fail(Call::Abort, Errno::Connaborted);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Connaborted));
    // A blocking accept that believed otherwise would hang.
    in_waits(&mut guest, WAITS, |guest| guest.is_quiet(&[Watch::Read(listener)]));
}

pub fn an_interrupted_call_moves_nothing_and_can_be_made_again<R: Rig>() {
    let mut guest = FaultyGuest::<R>::free();
    let (listener, address) = guest.listening();
    let mut peer = Peer::connects(&mut guest, address);
    guest.process.network().fail(Call::Accept, Errno::Intr);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Intr));
    let fd = guest.accept(listener, 0).unwrap().fd;

    peer.sends(&mut guest, b"question");
    guest.arrives(Watch::Read(fd));
    guest.process.network().fail(Call::Receive, Errno::Intr);
    assert_eq!(guest.recv(fd, 64, 0), errno(Errno::Intr));
    let ready = guest.arrives(Watch::Read(fd));
    assert!(!ready.hangup && ready.error.is_none(), "{ready:?}");
    guest.hears(fd, b"question");

    guest.process.network().fail(Call::Send, Errno::Intr);
    assert_eq!(guest.send(fd, b"answer"), errno(Errno::Intr));
    assert_eq!(guest.send(fd, b"answer"), Ok(6));
    peer.hears(&mut guest, b"answer");

    let (fd, address) = guest.bound(0);
    let mut peer = DatagramPeer::new(&mut guest);
    peer.sends(&mut guest, b"question", address);
    guest.process.network().fail(Call::ReceiveDatagram, Errno::Intr);
    assert_eq!(guest.recv_from(fd, 64, 0), errno(Errno::Intr));
    assert_eq!(guest.recv_from(fd, 64, 0), Ok((b"question".to_vec(), peer.address)));
    guest.process.network().fail(Call::SendDatagram, Errno::Intr);
    assert_eq!(guest.send_to(fd, b"answer", peer.address), errno(Errno::Intr));
    assert_eq!(guest.send_to(fd, b"answer", peer.address), Ok(6));
    peer.hears(&mut guest, b"answer");
    assert!(guest.process.network().has_failed());
}

pub fn an_interrupted_receive_of_everything_tells_what_it_has<R: Rig>() {
    let mut guest = FaultyGuest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"some");
    while guest.recv(fd, 9, super::guest::PEEK).unwrap().len() < 4 {}
    guest.lay_out(&[(BUFFER, 9)]);
    let memory = &mut Memory::new(&mut guest.memory);
    let blocked = guest.process.sock_recv(memory, fd, IOVECS, 1, WAITALL, BYTES, super::guest::ROFLAGS);
    assert_eq!(blocked, Ok(Progress::Blocked));
    guest.process.network().fail(Call::Receive, Errno::Intr);
    peer.sends(&mut guest, b"thing");
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(b"some".to_vec()));
    let ready = guest.arrives(Watch::Read(fd));
    assert!(!ready.hangup && ready.error.is_none(), "{ready:?}");
    assert_eq!(guest.recv(fd, 5, WAITALL), Ok(b"thing".to_vec()));
}

pub fn a_send_without_buffers_moves_nothing_and_can_be_made_again<R: Rig>() {
    let mut guest = FaultyGuest::<R>::free();
    let (fd, mut peer) = guest.connected();
    let (datagrams, _) = guest.bound(NONBLOCK);
    let mut hearer = DatagramPeer::new(&mut guest);
    for short in [Errno::Nobufs, Errno::Nomem] {
        guest.process.network().fail(Call::Send, short);
        assert_eq!(guest.send(fd, b"whole"), errno(short));
        let ready = guest.arrives(Watch::Write(fd));
        assert!(!ready.hangup && ready.error.is_none(), "{ready:?}");
        assert_eq!(guest.send(fd, b"whole"), Ok(5));
        peer.hears(&mut guest, b"whole");

        guest.process.network().fail(Call::Receive, short);
        peer.sends(&mut guest, b"whole");
        assert_eq!(guest.recv(fd, 64, 0), errno(short));
        let ready = guest.arrives(Watch::Read(fd));
        assert!(!ready.hangup && ready.error.is_none(), "{ready:?}");
        guest.hears(fd, b"whole");

        guest.process.network().fail(Call::SendDatagram, short);
        assert_eq!(guest.send_to(datagrams, b"whole", hearer.address), errno(short));
        guest.arrives(Watch::Write(datagrams));
        assert_eq!(guest.send_to(datagrams, b"whole", hearer.address), Ok(5));
        hearer.hears(&mut guest, b"whole");
    }
}

pub fn an_interrupted_wait_is_waited_again<R: Rig>() {
    const TIMEOUT_NS: u64 = 20_000_000;
    let mut guest = FaultyGuest::<R>::new();
    let (fd, mut peer) = guest.connected();
    let interrupted_often = |guest: &mut FaultyGuest<R>| {
        for _ in 0..20 {
            guest.process.network().fail(Call::Wait, Errno::Intr);
        }
    };
    interrupted_often(&mut guest);
    let start_ns = guest.now_ns();
    let read = Subscription { userdata: 2, watch: Watch::Read(fd) };
    let events = guest.poll(&[span(1, TIMEOUT_NS), read]).unwrap();
    assert_eq!(events.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::Clock]);
    assert!(guest.now_ns() >= start_ns + TIMEOUT_NS, "early");

    interrupted_often(&mut guest);
    peer.sends(&mut guest, b"on");
    assert_eq!(guest.recv(fd, 2, WAITALL), Ok(b"on".to_vec()));
}

/// Sends until nothing fits: how many bytes went.
fn fill<R: Rig>(guest: &mut FaultyGuest<R>, fd: u32, next: &mut u8) -> usize {
    let mut sent = 0;
    loop {
        let bytes: Vec<u8> = (0..8_192_u16).map(|place| next.wrapping_add(place as u8)).collect();
        match guest.send(fd, &bytes) {
            Ok(moved) => {
                *next = next.wrapping_add(moved as u8);
                sent += moved as usize;
            }
            failed => {
                assert_eq!(failed, errno(Errno::Again));
                return sent;
            }
        }
    }
}

/// As [`fill`], and again while the system still moves what it took towards the reader, whose room it may enlarge: until
/// it is full, and nobody is told otherwise for a while. A poll that waits for that costs few waits.
#[track_caller]
fn fill_up<R: Rig>(guest: &mut FaultyGuest<R>, fd: u32, next: &mut u8) -> usize {
    const QUIET_NS: u64 = 20_000_000;
    let mut sent = 0;
    loop {
        sent += fill(guest, fd, next);
        let write = Subscription { userdata: 2, watch: Watch::Write(fd) };
        let events = in_waits(guest, WAITS, |guest| guest.poll(&[span(1, QUIET_NS), write])).unwrap();
        if events.iter().all(|event| event.kind == EventKind::Clock) {
            return sent;
        }
    }
}

pub fn a_write_that_waits_for_its_reader_ends_when_that_resets<R: Rig>() {
    let mut guest = FaultyGuest::<R>::new();
    let (listener, address) = guest.listening();
    let (fd, peer) = guest.accepts_from(listener, address);
    let (other, mut undisturbed) = guest.accepts_from(listener, address);
    guest.set_nonblocking(fd);
    fill_up(&mut guest, fd, &mut 0);
    guest.process.fd_fdstat_set_flags(fd, 0).unwrap();
    guest.lay_out(&[(BUFFER, 4_096)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.fd_write(memory, fd, IOVECS, 1, BYTES), Ok(Progress::Blocked));
    // It has bytes unread.
    peer.closes(&mut guest);
    let written = in_waits(&mut guest, WAITS, |guest| guest.write(fd, &[(BUFFER, 4_096)]));
    assert_eq!(written, errno(Errno::Connreset));
    assert_eq!(guest.write(fd, &[(BUFFER, 4_096)]), errno(Errno::Pipe));
    undisturbed.sends(&mut guest, b"still");
    guest.hears(other, b"still");
}

pub fn a_slow_reader_gets_every_byte_and_is_not_waited_for_busily<R: Rig>() {
    const TURNS: usize = 4;
    let mut guest = FaultyGuest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    let (mut sent, mut received, mut next) = (0, 0, 0);
    let mut is_whole = true;
    let mut reads = |guest: &mut FaultyGuest<R>, peer: &mut Peer<_>, count| {
        let bytes = peer.receives(guest, count);
        is_whole &= bytes.iter().zip(received..).all(|(byte, place)| *byte == place as u8);
        received += count;
        received
    };
    for _ in 0..TURNS {
        sent += fill_up(&mut guest, fd, &mut next);
        let read = reads(&mut guest, &mut peer, 0);
        reads(&mut guest, &mut peer, (sent - read) / 2);
        in_waits(&mut guest, WAITS, |guest| guest.arrives(Watch::Write(fd)));
    }
    let read = reads(&mut guest, &mut peer, 0);
    reads(&mut guest, &mut peer, sent - read);
    assert!(is_whole && received == sent, "{received} of {sent} bytes, in order: {is_whole}");
}
