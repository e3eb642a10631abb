//! What `poll_oneoff` tells, and when, of good subscriptions. Bad ones are in `bad_polls.rs`.

use super::guest::{errno, span};
use super::{Guest, Peer, Rig};
use crate::{Clock, Errno, Event, EventKind, Ready, Subscription, Watch};

pub fn a_timeout_alone_elapses_and_never_early<R: Rig>() {
    let mut guest = Guest::<R>::new();
    for timeout_ns in [1, 999, 3_000_001] {
        let start_ns = guest.now_ns();
        let events = guest.poll(&[span(7, timeout_ns)]).unwrap();
        assert_eq!(events, [Event { userdata: 7, errno: Errno::Success, kind: EventKind::Clock }]);
        assert!(guest.now_ns() >= start_ns + timeout_ns, "early");
    }
}

pub fn a_zero_timeout_returns_at_once_with_what_is_ready<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    assert_eq!(guest.ready_now(&[Watch::Read(fd)]), []);
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    let events = guest.ready_now(&[Watch::Read(fd)]);
    assert_eq!(events.len(), 1, "{events:?}");
}

pub fn a_huge_timeout_does_not_overflow<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    for absolute in [false, true] {
        for clock in [Clock::Monotonic, Clock::Realtime] {
            for timeout_ns in [u64::MAX, u64::MAX - 1, i64::MAX as u64] {
                let forever =
                    Subscription { userdata: 1, watch: Watch::Clock { clock, timeout_ns, absolute } };
                let read = Subscription { userdata: 2, watch: Watch::Read(fd) };
                let events = guest.poll(&[forever, read]).unwrap();
                assert_eq!(events.iter().map(|event| event.userdata).collect::<Vec<_>>(), [2]);
            }
        }
    }
}

pub fn a_pending_connection_makes_a_listener_readable_until_it_is_drained<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    guest.is_quiet(&[Watch::Read(listener), Watch::Write(listener)]);
    let _peers = [Peer::connects(&mut guest, address), Peer::connects(&mut guest, address)];
    for _ in 0..2 {
        let ready = guest.arrives(Watch::Read(listener));
        assert!(ready.bytes > 0 && !ready.hangup, "{ready:?}");
        guest.accept(listener, 0).unwrap();
    }
    assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
    guest.is_quiet(&[Watch::Read(listener)]);
    let _third = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
}

pub fn a_connected_stream_is_writable_and_has_nothing_to_read<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    let ready = guest.arrives(Watch::Write(fd));
    assert_eq!(ready, Ready { bytes: 1, hangup: false, error: None });
    guest.is_quiet(&[Watch::Read(fd)]);
}

pub fn a_drained_stream_is_quiet_until_new_bytes<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    for word in [b"first", b"again"] {
        peer.sends(&mut guest, word);
        guest.hears(fd, word);
        assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Again));
        guest.is_quiet(&[Watch::Read(fd)]);
    }
}

pub fn both_directions_of_a_stream_are_told_in_one_poll<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    let ready = Ready { bytes: 1, hangup: false, error: None };
    let told = |userdata, kind| Event { userdata, errno: Errno::Success, kind };
    assert_eq!(
        guest.first_of(&[Watch::Write(fd), Watch::Read(fd)]),
        [told(0, EventKind::Write(ready)), told(1, EventKind::Read(ready))]
    );
}

pub fn bytes_that_came_before_the_poll_are_told_until_they_are_read<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    guest.arrives(Watch::Read(fd));
    guest.hears(fd, b"hell");
    guest.arrives(Watch::Read(fd));
    guest.hears(fd, b"o");
    guest.is_quiet(&[Watch::Read(fd)]);
}

pub fn a_source_that_may_be_ready_is_told_only_if_it_is<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"exact");
    // Every byte there was, and no call that met EAGAIN: only the network knows.
    guest.hears(fd, b"exact");
    guest.is_quiet(&[Watch::Read(fd)]);
    assert_eq!(guest.ready_now(&[Watch::Read(fd)]), []);
}

pub fn a_source_that_is_always_ready_hides_no_other<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (writable, _one) = guest.accepts_from(listener, address);
    let (readable, mut other) = guest.accepts_from(listener, address);
    guest.is_quiet(&[Watch::Read(readable)]);
    other.sends(&mut guest, b"hello");
    let both = (0..1_000_000).any(|_| {
        guest
            .first_of(&[Watch::Write(writable), Watch::Read(readable)])
            .iter()
            .any(|event| event.userdata == 1)
    });
    assert!(both, "the bytes are never told");
}

pub fn a_full_stream_is_writable_again_when_the_peer_has_read<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    let chunk = vec![b'x'; 50_000];
    let mut sent = 0;
    // The system moves bytes on for a while: it is full when no room comes in time.
    let timeout = span(1, 20_000_000);
    let write = Subscription { userdata: 0, watch: Watch::Write(fd) };
    while guest.poll(&[write, timeout]).unwrap()[0].userdata == 0 {
        while let Ok(moved) = guest.send(fd, &chunk) {
            sent += moved as usize;
        }
        assert_eq!(guest.send(fd, &chunk), errno(Errno::Again));
    }
    guest.is_quiet(&[Watch::Write(fd)]);
    assert_eq!(peer.receives(&mut guest, sent).len(), sent);
    guest.arrives(Watch::Write(fd));
    assert!(guest.send(fd, b"more").is_ok());
}

pub fn the_peers_end_is_a_hangup_and_reads_zero<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.finishes(&mut guest);
    for _ in 0..2 {
        let ready = guest.arrives(Watch::Read(fd));
        assert_eq!(ready, Ready { bytes: 0, hangup: true, error: None });
        assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
    }
    // Its own direction is open still.
    assert_eq!(guest.arrives(Watch::Write(fd)), Ready { bytes: 1, hangup: false, error: None });
    guest.send(fd, b"bye").unwrap();
    peer.hears(&mut guest, b"bye");
}

pub fn an_end_right_behind_bytes_is_not_lost_behind_a_short_read<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    peer.sends(&mut guest, b"last");
    peer.finishes(&mut guest);
    while !guest.arrives(Watch::Read(fd)).hangup {}
    assert_eq!(guest.recv(fd, 100, 0), Ok(b"last".to_vec()));
    assert!(guest.arrives(Watch::Read(fd)).hangup);
    assert_eq!(guest.recv(fd, 100, 0), Ok(vec![]));
}

pub fn a_reset_is_an_error_on_that_source_alone<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (broken, peer) = guest.accepts_from(listener, address);
    let (whole, mut other) = guest.accepts_from(listener, address);
    guest.send(broken, b"unread").unwrap();
    peer.closes(&mut guest);
    let events = guest.first_of(&[Watch::Read(whole), Watch::Read(broken)]);
    let ready = Ready { bytes: 0, hangup: true, error: Some(Errno::Connreset) };
    assert_eq!(events, [Event { userdata: 1, errno: Errno::Success, kind: EventKind::Read(ready) }]);
    assert_eq!(guest.arrives(Watch::Write(broken)), ready);
    assert_eq!(guest.recv(broken, 9, 0), errno(Errno::Connreset));
    assert_eq!(guest.recv(broken, 9, 0), Ok(vec![]));
    assert_eq!(guest.send(broken, b"x"), errno(Errno::Pipe));
    let ready = guest.arrives(Watch::Read(broken));
    assert!(ready.hangup && ready.error.is_none(), "{ready:?}");
    other.sends(&mut guest, b"still here");
    guest.hears(whole, b"still here");
}

pub fn bytes_that_came_before_a_reset_are_received_before_it<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.send(fd, b"unread").unwrap();
    peer.sends(&mut guest, b"last");
    peer.closes(&mut guest);
    while guest.arrives(Watch::Read(fd)).error.is_none() {}
    assert_eq!(guest.recv(fd, 9, 0), Ok(b"last".to_vec()));
    assert_eq!(guest.arrives(Watch::Read(fd)).error, Some(Errno::Connreset));
    assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Connreset));
    assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
}

pub fn a_send_takes_the_error_of_a_reset_too<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, peer) = guest.connected();
    guest.send(fd, b"unread").unwrap();
    peer.closes(&mut guest);
    assert_eq!(guest.arrives(Watch::Read(fd)).error, Some(Errno::Connreset));
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Connreset));
    for watch in [Watch::Read(fd), Watch::Write(fd)] {
        assert_eq!(guest.arrives(watch), Ready { bytes: 0, hangup: true, error: None }, "{watch:?}");
    }
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
    assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
}

pub fn a_foreign_fd_is_always_ready<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let file = guest.process.insert_foreign(42).unwrap();
    for watch in [Watch::Read(0), Watch::Write(1), Watch::Read(file), Watch::Write(file)] {
        assert_eq!(guest.arrives(watch), Ready { bytes: 1, hangup: false, error: None });
    }
}
