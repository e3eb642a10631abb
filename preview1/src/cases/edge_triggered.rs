//! What an edge-triggered `poll_oneoff` tells, and hides. Level-triggered ones are in `polling.rs`.

use super::guest::{errno, span};
use super::{Guest, Peer, Rig};
use crate::{EdgeTrigger, Errno, Hidden, Subscription, Watch};

/// A guest that polls edge-triggered, and what is hidden from it.
fn edge_triggered<R: Rig>() -> (Guest<R>, EdgeTrigger) {
    let (mut guest, trigger) = (Guest::new(), EdgeTrigger::default());
    guest.process.set_edge_trigger(trigger.clone());
    (guest, trigger)
}

/// It doesn't subscribe for one poll.
fn looks_away<R: Rig>(guest: &mut Guest<R>) {
    guest.is_quiet(&[]);
}

pub fn an_edge_that_is_not_drained_is_told_again_when_more_comes_alone<R: Rig>() {
    let (mut guest, _) = edge_triggered::<R>();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 2, 0).unwrap(), b"he");
    guest.is_quiet(&[Watch::Read(fd)]);
    peer.sends(&mut guest, b"!");
    guest.arrives(Watch::Read(fd));
    let mut heard = Vec::new();
    while let Ok(more) = guest.recv(fd, 64, 0) {
        heard.extend(more);
    }
    assert_eq!(heard, b"llo!");
}

pub fn a_drained_edge_is_told_with_the_next_bytes<R: Rig>() {
    let (mut guest, trigger) = edge_triggered::<R>();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    // One that meets EAGAIN, and one that moves less than it asked for.
    for drained_by in [4, 64] {
        peer.sends(&mut guest, b"four");
        guest.arrives(Watch::Read(fd));
        assert_eq!(guest.recv(fd, drained_by, 0).unwrap(), b"four");
        if drained_by == 4 {
            assert_eq!(guest.recv(fd, 4, 0), errno(Errno::Again));
        }
        guest.is_quiet(&[Watch::Read(fd)]);
        assert_eq!(trigger.hidden(), [], "nothing is there to be hidden");
    }
    peer.finishes(&mut guest);
    assert!(guest.arrives(Watch::Read(fd)).hangup);
}

pub fn room_is_told_once_until_there_was_none<R: Rig>() {
    let (mut guest, _) = edge_triggered::<R>();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    guest.arrives(Watch::Write(fd));
    guest.is_quiet(&[Watch::Write(fd)]);
    let chunk = vec![b'x'; 50_000];
    let mut sent = 0;
    // The system moves bytes on for a while: it is full when no room comes in time.
    let write = Subscription { userdata: 0, watch: Watch::Write(fd) };
    loop {
        while let Ok(moved) = guest.send(fd, &chunk) {
            sent += moved as usize;
        }
        if guest.poll(&[write, span(1, 20_000_000)]).unwrap()[0].userdata == 1 {
            break;
        }
    }
    peer.receives(&mut guest, sent);
    guest.arrives(Watch::Write(fd));
}

pub fn an_edge_is_told_to_whoever_subscribes_anew<R: Rig>() {
    let (mut guest, _) = edge_triggered::<R>();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    for _ in 0..2 {
        guest.arrives(Watch::Read(fd));
        guest.is_quiet(&[Watch::Read(fd)]);
        looks_away(&mut guest);
    }
    guest.arrives(Watch::Read(fd));
    let other = Subscription { userdata: 77, watch: Watch::Read(fd) };
    let events = guest.poll(&[other, span(1, 0)]).unwrap();
    assert_eq!(events.iter().map(|event| event.userdata).collect::<Vec<_>>(), [77, 1]);
}

pub fn a_listener_of_which_one_connection_was_taken_is_hidden_until_the_next<R: Rig>() {
    let (mut guest, trigger) = edge_triggered::<R>();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let _peers = [Peer::connects(&mut guest, address), Peer::connects(&mut guest, address)];
    guest.arrives(Watch::Read(listener));
    guest.accept(listener, 0).unwrap();
    guest.is_quiet(&[Watch::Read(listener)]);
    assert_eq!(trigger.hidden(), [], "that poll has ended");
    let _third = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    guest.accept(listener, 0).unwrap();
    guest.accept(listener, 0).unwrap();
}

pub fn a_number_that_is_another_socket_is_told_anew<R: Rig>() {
    let (mut guest, _) = edge_triggered::<R>();
    let (listener, address) = guest.listening();
    let (fd, _peer) = guest.accepts_from(listener, address);
    guest.arrives(Watch::Write(fd));
    let _ = guest.process.fd_close(fd).unwrap();
    let again = Peer::connects(&mut guest, address);
    // The same array as before, and not a poll without it.
    let next = guest.accept(listener, 0).unwrap().fd;
    assert_eq!(next, fd);
    guest.arrives(Watch::Write(fd));
    drop(again);
}

pub fn a_poll_that_waits_tells_what_it_hides<R: Rig>() {
    let (mut guest, trigger) = edge_triggered::<R>();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    let read = Subscription { userdata: 5, watch: Watch::Read(fd) };
    guest.poll(&[read]).unwrap();
    let told_ns = guest.now_ns();
    guest.subscribe(&[read]);
    guest.begins_to_poll(1);
    let hidden = trigger.hidden();
    assert!(matches!(hidden[..], [Hidden { write: false, userdata: 5, .. }]), "{hidden:?}");
    assert!(hidden[0].fd == fd && hidden[0].told_ns <= told_ns, "{hidden:?}");
}
