//! Which fd is which: numbers, closing, renumbering and the limit of them.

use super::guest::{BUFFER, STAT, errno};
use super::{Guest, Peer, Rig};
use crate::{Closed, Errno, Event, Limits, Memory, Target, Watch};

pub fn the_lowest_free_number_is_given_out_next<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (first, _one) = guest.accepts_from(listener, address);
    let (second, _two) = guest.accepts_from(listener, address);
    assert_eq!((listener, first, second), (3, 4, 5));
    assert_eq!(guest.process.fd_close(first), Ok(Closed::Whole));
    assert_eq!(guest.process.fd_close(1), Ok(Closed::Foreign(1)));
    assert_eq!(guest.process.fd_close(1), Err(Errno::Badf));
    assert_eq!(guest.process.insert_foreign(9), Ok(1));
    assert_eq!(guest.accepts_from(listener, address).0, 4);
    assert_eq!(guest.accepts_from(listener, address).0, 6);
}

pub fn a_closed_fd_is_silent_when_its_number_is_used_again<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (fd, mut old) = guest.accepts_from(listener, address);
    let mut new = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    // Polled, and with bytes that came and were never told of.
    guest.is_quiet(&[Watch::Read(fd)]);
    old.sends(&mut guest, b"old");
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    assert_eq!(guest.accept(listener, 0).unwrap().fd, fd);
    guest.is_quiet(&[Watch::Read(fd)]);
    new.sends(&mut guest, b"new");
    guest.hears(fd, b"new");
}

pub fn renumbering_moves_a_stream_and_closes_what_was_there<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (from, mut moved) = guest.accepts_from(listener, address);
    let (to, mut replaced) = guest.accepts_from(listener, address);
    guest.is_quiet(&[Watch::Read(from), Watch::Read(to)]);
    assert_eq!(guest.process.fd_renumber(from, to), Ok(Closed::Whole));
    replaced.hears_the_end(&mut guest);
    assert_eq!(guest.process.target(from), Err(Errno::Badf));
    guest.is_quiet(&[Watch::Read(to)]);
    moved.sends(&mut guest, b"moved");
    guest.hears(to, b"moved");
    assert_eq!(guest.accepts_from(listener, address).0, from, "the number is free");
}

pub fn a_renumbered_fd_is_silent_when_its_number_is_used_again<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (from, mut moved) = guest.accepts_from(listener, address);
    let (to, mut replaced) = guest.accepts_from(listener, address);
    let _new = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    guest.is_quiet(&[Watch::Read(from), Watch::Read(to)]);
    replaced.sends(&mut guest, b"never read");
    assert_eq!(guest.process.fd_renumber(from, to), Ok(Closed::Whole));
    guest.is_quiet(&[Watch::Read(to)]);
    moved.sends(&mut guest, b"moved");
    assert_eq!(guest.accept(listener, 0).unwrap().fd, from);
    guest.is_quiet(&[Watch::Read(from)]);
    guest.hears(to, b"moved");
}

pub fn renumbering_onto_itself_changes_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    assert_eq!(guest.process.fd_renumber(fd, fd), Ok(Closed::Whole));
    assert_eq!(guest.process.fd_renumber(0, 0), Ok(Closed::Whole));
    peer.sends(&mut guest, b"here");
    guest.hears(fd, b"here");
}

pub fn renumbering_what_is_not_open_is_ebadf_and_changes_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    for closed in [fd + 1, 1_000_000, u32::MAX] {
        assert_eq!(guest.process.fd_renumber(closed, fd), Err(Errno::Badf));
        assert_eq!(guest.process.fd_renumber(fd, closed), Err(Errno::Badf));
        assert_eq!(guest.process.fd_renumber(closed, closed), Err(Errno::Badf));
    }
    peer.sends(&mut guest, b"here");
    guest.hears(fd, b"here");
    assert_eq!(guest.process.insert_foreign(9), Ok(fd + 1), "the next number is what it was");
}

pub fn renumbering_takes_files_and_sockets_alike<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    let file = guest.process.insert_foreign(42).unwrap();
    assert_eq!(guest.process.fd_renumber(fd, 0), Ok(Closed::Foreign(0)));
    peer.sends(&mut guest, b"stdin");
    assert_eq!(guest.read(0, &[(BUFFER, 5)]), Ok(5));
    assert_eq!(guest.process.fd_renumber(file, 0), Ok(Closed::Whole));
    assert_eq!(guest.process.target(0), Ok(Target::Foreign(42)));
    peer.hears_the_end(&mut guest);
}

pub fn a_thousand_renumberings_leak_nothing<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { fds: 8, ..Limits::default() });
    let (fd, mut peer) = guest.connected();
    for _ in 0..1_000 {
        let file = guest.process.insert_foreign(7).unwrap();
        assert_eq!(guest.process.fd_renumber(fd, file), Ok(Closed::Foreign(7)));
        assert_eq!(guest.process.fd_renumber(file, file), Ok(Closed::Whole));
        let file_again = guest.process.insert_foreign(8).unwrap();
        assert_eq!(file_again, fd);
        assert_eq!(guest.process.fd_renumber(file, fd), Ok(Closed::Foreign(8)));
    }
    peer.sends(&mut guest, b"here");
    guest.hears(fd, b"here");
}

pub fn a_listener_is_muted_at_the_limit_of_fds_until_one_is_free<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { fds: 5, ..Limits::default() });
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let (fd, _one) = guest.accepts_from(listener, address);
    let mut two = Peer::connects(&mut guest, address);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Mfile));
    assert_eq!(guest.process.insert_foreign(9), Err(Errno::Mfile));
    guest.is_quiet(&[Watch::Read(listener)]);
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    guest.arrives(Watch::Read(listener));
    assert_eq!(guest.accept(listener, 0).unwrap().fd, fd);
    two.sends(&mut guest, b"in");
    guest.hears(fd, b"in");
}

pub fn a_socket_says_what_it_is<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (stream, _peer) = guest.accepts_from(listener, address);
    guest.set_nonblocking(stream);
    for (fd, flags) in [(listener, 0), (stream, 4)] {
        assert_eq!(guest.process.target(fd), Ok(Target::Socket));
        let at = STAT as usize;
        guest.memory[at..at + 64].fill(0xAA);
        let memory = &mut Memory::new(&mut guest.memory);
        guest.process.fd_fdstat_get(memory, fd, STAT).unwrap();
        assert_eq!(guest.memory[at..at + 8], [6, 0, flags, 0, 0, 0, 0, 0]);
        let memory = &mut Memory::new(&mut guest.memory);
        guest.process.fd_filestat_get(memory, fd, STAT).unwrap();
        assert_eq!(guest.memory[at + 16], 6);
        let memory = &mut Memory::new(&mut guest.memory);
        guest.process.fd_prestat_get(memory, fd, STAT).unwrap();
        assert_ne!(guest.memory[at], 0, "0 would be a directory");
    }
}

pub fn a_guest_that_ends_closes_its_sockets<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    let events: Vec<Event> = guest.ready_now(&[Watch::Read(fd)]);
    assert_eq!(events, []);
    for fd in 0..=fd {
        let _ = guest.process.fd_close(fd).unwrap();
    }
    peer.hears_the_end(&mut guest);
}
