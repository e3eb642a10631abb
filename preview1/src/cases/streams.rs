//! Accepting, receiving, sending and shutting down, done right. Bad calls are in `bad_calls.rs`.

use super::guest::{BUFFER, BYTES, IOVECS, NONBLOCK, PEEK, ROFLAGS, STAT, WAITALL, errno};
use super::{Guest, Peer, Rig};
use crate::{Errno, Memory, Progress, Received, Watch};

const READ: u32 = 1;
const WRITE: u32 = 2;

pub fn a_blocking_accept_takes_a_connection_that_comes<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let first = guest.process.sock_accept(&mut Memory::new(&mut guest.memory), listener, 0, STAT);
    assert_eq!(first, Ok(Progress::Blocked));
    let peer = Peer::connects(&mut guest, address);
    let accepted = guest.accept(listener, 0).unwrap();
    assert_eq!(accepted.peer, peer.address(&mut guest));
}

pub fn a_nonblocking_accept_answers_eagain<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, _) = guest.listening();
    guest.set_nonblocking(listener);
    for _ in 0..3 {
        assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
    }
}

pub fn an_accepted_stream_blocks_unless_accept_is_told_otherwise<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    let _peers = [Peer::connects(&mut guest, address), Peer::connects(&mut guest, address)];
    guest.arrives(Watch::Read(listener));
    let blocking = guest.accept(listener, 0).unwrap().fd;
    guest.arrives(Watch::Read(listener));
    let nonblocking = guest.accept(listener, NONBLOCK).unwrap().fd;
    assert_eq!(guest.recv(nonblocking, 1, 0), errno(Errno::Again));
    guest.lay_out(&[(BUFFER, 1)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.fd_read(memory, blocking, IOVECS, 1, BYTES), Ok(Progress::Blocked));
}

pub fn a_blocking_receive_waits_for_bytes<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.lay_out(&[(BUFFER, 9)]);
    let memory = &mut Memory::new(&mut guest.memory);
    assert_eq!(guest.process.fd_read(memory, fd, IOVECS, 1, BYTES), Ok(Progress::Blocked));
    peer.sends(&mut guest, b"h");
    assert_eq!(guest.recv(fd, 9, 0), Ok(b"h".to_vec()));
}

pub fn a_nonblocking_receive_answers_eagain<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    guest.set_nonblocking(fd);
    for _ in 0..3 {
        assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Again));
        assert_eq!(guest.read(fd, &[(BUFFER, 9)]), errno(Errno::Again));
    }
}

pub fn a_program_that_never_polls_sees_new_bytes<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    for word in [b"one", b"two"] {
        assert_eq!(guest.recv(fd, 3, 0), errno(Errno::Again));
        peer.sends(&mut guest, word);
        let received = (0..1_000_000).find_map(|_| guest.recv(fd, 3, 0).ok());
        assert_eq!(received.as_deref(), Some(&word[..]));
    }
}

pub fn a_program_that_never_polls_sees_new_connections<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    guest.set_nonblocking(listener);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
    let _peer = Peer::connects(&mut guest, address);
    assert!((0..1_000_000).any(|_| guest.accept(listener, 0).is_ok()));
}

pub fn peeked_bytes_stay<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 2, PEEK), Ok(b"he".to_vec()));
    assert_eq!(guest.recv(fd, 2, PEEK), Ok(b"he".to_vec()));
    guest.hears(fd, b"hello");
    assert_eq!(guest.recv(fd, 2, PEEK), errno(Errno::Again));
    peer.finishes(&mut guest);
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 2, PEEK), Ok(vec![]));
}

pub fn a_receive_of_everything_gathers_several_arrivals<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    let halves = [(BUFFER, 4), (BUFFER + 100, 5)];
    for iovecs in [&[(BUFFER, 9)][..], &halves[..]] {
        for word in [b"abc", b"def"] {
            peer.sends(&mut guest, word);
            guest.arrives(Watch::Read(fd));
            guest.lay_out(iovecs);
            let memory = &mut Memory::new(&mut guest.memory);
            let count = iovecs.len() as u32;
            let progress = guest.process.sock_recv(memory, fd, IOVECS, count, WAITALL, BYTES, ROFLAGS);
            assert_eq!(progress, Ok(Progress::Blocked));
        }
        peer.sends(&mut guest, b"ghi");
        let received = guest.finish(|process, memory| {
            process.sock_recv(memory, fd, IOVECS, iovecs.len() as u32, WAITALL, BYTES, ROFLAGS)
        });
        assert_eq!(received, Ok(Received { bytes: 9, truncated: false }));
        let text: Vec<u8> = iovecs.iter().flat_map(|&(at, n)| guest.bytes_at(at, n).to_vec()).collect();
        assert_eq!(text, b"abcdefghi");
    }
}

pub fn a_receive_of_everything_ends_with_the_stream<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"some");
    peer.finishes(&mut guest);
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(b"some".to_vec()));
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(vec![]));
}

pub fn a_reset_behind_what_was_gathered_is_told_by_the_next_call<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.send(fd, b"unread").unwrap();
    peer.sends(&mut guest, b"some");
    while guest.recv(fd, 9, PEEK).unwrap().len() < 4 {}
    guest.lay_out(&[(BUFFER, 9)]);
    let memory = &mut Memory::new(&mut guest.memory);
    let progress = guest.process.sock_recv(memory, fd, IOVECS, 1, WAITALL, BYTES, ROFLAGS);
    assert_eq!(progress, Ok(Progress::Blocked));
    peer.closes(&mut guest);
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(b"some".to_vec()));
    assert_eq!(guest.recv(fd, 9, WAITALL), errno(Errno::Connreset));
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(vec![]));
}

pub fn a_nonblocking_receive_of_everything_takes_what_is_there<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    peer.sends(&mut guest, b"x");
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 9, WAITALL), Ok(b"x".to_vec()));
    assert_eq!(guest.recv(fd, 9, WAITALL), errno(Errno::Again));
}

pub fn buffers_are_read_into_in_order<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"abcdef");
    while guest.recv(fd, 9, PEEK).unwrap().len() < 6 {}
    let iovecs = [(BUFFER + 50, 2), (BUFFER, 0), (BUFFER + 10, 3), (BUFFER + 20, 9)];
    assert_eq!(guest.read(fd, &iovecs), Ok(6));
    assert_eq!(guest.bytes_at(BUFFER + 50, 3), b"ab\0");
    assert_eq!(guest.bytes_at(BUFFER + 10, 4), b"cde\0");
    assert_eq!(guest.bytes_at(BUFFER + 20, 2), b"f\0");
}

pub fn of_buffers_that_overlap_the_later_one_wins<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"abcdef");
    while guest.recv(fd, 9, PEEK).unwrap().len() < 6 {}
    guest.memory[BUFFER as usize..][..9].fill(b'.');
    assert_eq!(guest.read(fd, &[(BUFFER, 4), (BUFFER + 2, 2)]), Ok(6));
    assert_eq!(guest.bytes_at(BUFFER, 5), b"abef.");
}

pub fn buffers_are_written_from_in_order<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.memory[BUFFER as usize..][..6].copy_from_slice(b"abcdef");
    let iovecs = [(BUFFER + 4, 2), (BUFFER, 0), (BUFFER, 3), (BUFFER + 1, 1)];
    assert_eq!(guest.write(fd, &iovecs), Ok(6));
    peer.hears(&mut guest, b"efabcb");
}

pub fn ending_sending_ends_the_peers_stream_and_nothing_else<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.send(fd, b"last").unwrap();
    assert_eq!(guest.process.sock_shutdown(fd, WRITE), Ok(()));
    peer.hears(&mut guest, b"last");
    peer.hears_the_end(&mut guest);
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
    assert!(guest.arrives(Watch::Write(fd)).hangup);
    peer.sends(&mut guest, b"still");
    guest.hears(fd, b"still");
}

pub fn ending_receiving_reads_zero_and_leaves_sending<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.set_nonblocking(fd);
    assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Again));
    assert_eq!(guest.process.sock_shutdown(fd, READ), Ok(()));
    assert!(guest.arrives(Watch::Read(fd)).hangup);
    assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
    guest.send(fd, b"still").unwrap();
    peer.hears(&mut guest, b"still");
}

pub fn ending_both_ways_at_once_ends_both<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    assert_eq!(guest.process.sock_shutdown(fd, READ | WRITE), Ok(()));
    assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
    peer.hears_the_end(&mut guest);
}

pub fn what_has_ended_both_ways_cannot_be_ended_again<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    assert_eq!(guest.process.sock_shutdown(fd, WRITE), Ok(()));
    assert_eq!(guest.process.sock_shutdown(fd, WRITE), Ok(()));
    peer.hears_the_end(&mut guest);
    peer.finishes(&mut guest);
    assert!(guest.arrives(Watch::Read(fd)).hangup);
    for how in [READ, WRITE, READ | WRITE] {
        assert_eq!(guest.process.sock_shutdown(fd, how), Err(Errno::Notconn));
    }
    assert_eq!(guest.recv(fd, 9, 0), Ok(vec![]));
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
}

pub fn sending_to_a_closed_peer_is_a_broken_pipe<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, peer) = guest.connected();
    peer.closes(&mut guest);
    assert!(guest.arrives(Watch::Read(fd)).hangup);
    // The first bytes may go before the system knows; what comes back for them tells.
    if guest.send(fd, b"lost").is_ok() {
        while !guest.arrives(Watch::Write(fd)).hangup {}
    }
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
    assert_eq!(guest.send(fd, b"x"), errno(Errno::Pipe));
}
