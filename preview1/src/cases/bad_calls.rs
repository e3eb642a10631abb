//! What the calls on sockets answer a guest that is wrong or hostile. A trap comes before anything is done.

use super::guest::{
    BUFFER, BYTES, FD, IOVECS, MEMORY_BYTES, NONBLOCK, PEEK, ROFLAGS, STAT, WAITALL, errno, is_misaligned,
    is_out_of_bounds,
};
use super::{Guest, Peer, Rig};
use crate::{Errno, Failure, Limits, Memory, Progress, Received, Watch};

const END: u32 = MEMORY_BYTES;

/// What each call on a stream answers for these iovecs.
fn every_transfer<R: Rig>(guest: &mut Guest<R>, fd: u32, at: u32, count: u32) -> [Result<u32, Failure>; 4] {
    let bytes = |received: Received| received.bytes;
    [
        guest.finish(|process, memory| process.fd_read(memory, fd, at, count, BYTES)).map(bytes),
        guest
            .finish(|process, memory| process.sock_recv(memory, fd, at, count, 0, BYTES, ROFLAGS))
            .map(bytes),
        guest.finish(|process, memory| process.fd_write(memory, fd, at, count, BYTES)),
        guest.finish(|process, memory| process.sock_send(memory, fd, at, count, 0, BYTES)),
    ]
}

pub fn no_iovec_or_empty_ones_move_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    guest.lay_out(&[(BUFFER, 0), (END, 0)]);
    for count in [0, 1, 2] {
        assert_eq!(every_transfer(&mut guest, fd, IOVECS, count), [const { Ok(0) }; 4], "{count} iovecs");
    }
    // Nothing received for want of room is no end of the stream.
    guest.is_quiet(&[Watch::Read(fd)]);
    peer.sends(&mut guest, b"hello");
    assert!(!guest.arrives(Watch::Read(fd)).hangup);
    guest.hears(fd, b"hello");
    guest.lay_out(&[(BUFFER, 0), (END, 0)]);
    guest.process.sock_shutdown(fd, 3).unwrap();
    assert_eq!(every_transfer(&mut guest, fd, IOVECS, 2), [const { Ok(0) }; 4], "with nothing to move");
}

pub fn more_iovecs_than_allowed_are_enomem<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { iovecs: 2, ..Limits::default() });
    let (fd, _peer) = guest.connected();
    guest.lay_out(&[(BUFFER, 0); 3]);
    for count in [3, 0x2000_0001, u32::MAX] {
        assert_eq!(every_transfer(&mut guest, fd, IOVECS, count), [const { errno_of(Errno::Nomem) }; 4]);
    }
    assert_eq!(every_transfer(&mut guest, fd, IOVECS, 2), [const { Ok(0) }; 4]);
}

pub fn iovec_lengths_that_overflow_are_einval<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    guest.lay_out(&[(BUFFER, 1), (BUFFER, u32::MAX)]);
    assert_eq!(every_transfer(&mut guest, fd, IOVECS, 2), [const { errno_of(Errno::Inval) }; 4]);
    guest.lay_out(&[(BUFFER, 1 << 31), (BUFFER, 1 << 31)]);
    assert_eq!(every_transfer(&mut guest, fd, IOVECS, 2), [const { errno_of(Errno::Inval) }; 4]);
}

pub fn one_iovec_out_of_bounds_traps_before_any_byte_moves<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    for bad in [(END, 1), (END - 1, 2), (u32::MAX, 1), (BUFFER, END), (u32::MAX, u32::MAX - 5)] {
        guest.lay_out(&[(BUFFER, 5), bad]);
        let before = guest.memory.clone();
        for result in every_transfer(&mut guest, fd, IOVECS, 2) {
            assert!(is_out_of_bounds(&result), "{bad:?}: {result:?}");
        }
        assert!(guest.memory == before, "a trap wrote to memory");
    }
    guest.hears(fd, b"hello");
    guest.send(fd, b"first").unwrap();
    peer.hears(&mut guest, b"first");
}

pub fn an_iovec_array_out_of_bounds_or_misaligned_traps<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    for at in [END, END - 8, u32::MAX - 7] {
        for result in every_transfer(&mut guest, fd, at, 2) {
            assert!(is_out_of_bounds(&result), "{at:#x}: {result:?}");
        }
    }
    for result in every_transfer(&mut guest, fd, IOVECS + 2, 1) {
        assert!(is_misaligned(&result), "{result:?}");
    }
    guest.hears(fd, b"hello");
}

pub fn a_result_pointer_out_of_bounds_or_misaligned_traps_before_any_byte_moves<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, mut peer) = guest.connected();
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    guest.memory[BUFFER as usize..][..5].copy_from_slice(b"WRONG");
    guest.lay_out(&[(BUFFER, 5)]);
    let before = guest.memory.clone();
    for (bytes, roflags) in [(END, ROFLAGS), (BYTES + 2, ROFLAGS), (BYTES, END), (BYTES, ROFLAGS + 1)] {
        let received =
            guest.finish(|process, memory| process.sock_recv(memory, fd, IOVECS, 1, 0, bytes, roflags));
        assert!(matches!(received, Err(Failure::Trap(_))), "{bytes:#x} {roflags:#x}: {received:?}");
    }
    for bytes in [END, END - 2, u32::MAX - 3, BYTES + 1] {
        let read = guest.finish(|process, memory| process.fd_read(memory, fd, IOVECS, 1, bytes));
        assert!(matches!(read, Err(Failure::Trap(_))), "{bytes:#x}: {read:?}");
        let written = guest.finish(|process, memory| process.fd_write(memory, fd, IOVECS, 1, bytes));
        assert!(matches!(written, Err(Failure::Trap(_))), "{bytes:#x}: {written:?}");
        let sent = guest.finish(|process, memory| process.sock_send(memory, fd, IOVECS, 1, 0, bytes));
        assert!(matches!(sent, Err(Failure::Trap(_))), "{bytes:#x}: {sent:?}");
    }
    assert!(guest.memory == before, "a trap wrote to memory");
    guest.hears(fd, b"hello");
    guest.send(fd, b"right").unwrap();
    peer.hears(&mut guest, b"right");
}

pub fn an_accept_to_a_bad_pointer_traps_and_the_connection_is_still_there<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let _peer = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    for pointer in [END, END - 2, u32::MAX - 3, FD + 2] {
        let memory = &mut Memory::new(&mut guest.memory);
        let accepted = guest.process.sock_accept(memory, listener, 0, pointer);
        assert!(matches!(accepted, Err(Failure::Trap(_))), "{pointer:#x}: {accepted:?}");
    }
    assert_eq!(guest.accept(listener, 0).unwrap().fd, listener + 1);
}

pub fn a_stat_to_a_bad_pointer_traps<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _) = guest.listening();
    for (pointer, is_trap) in [
        (END, is_out_of_bounds::<()> as fn(&_) -> _),
        (u32::MAX - 7, is_out_of_bounds),
        (STAT + 2, is_misaligned),
    ] {
        let memory = &mut Memory::new(&mut guest.memory);
        assert!(is_trap(&guest.process.fd_fdstat_get(memory, fd, pointer)), "{pointer:#x}");
        assert!(is_trap(&guest.process.fd_filestat_get(memory, fd, pointer)), "{pointer:#x}");
        assert!(is_trap(&guest.process.fd_prestat_get(memory, fd, pointer)), "{pointer:#x}");
    }
    let memory = &mut Memory::new(&mut guest.memory);
    assert!(is_out_of_bounds(&guest.process.fd_fdstat_get(memory, fd, END - 16)));
    assert!(is_out_of_bounds(&guest.process.fd_filestat_get(memory, fd, END - 56)));
    assert!(is_out_of_bounds(&guest.process.fd_prestat_get(memory, fd, END - 4)));
}

pub fn a_gathering_receive_over_its_own_iovecs_keeps_to_them<R: Rig>() {
    for count in [1, 2] {
        let mut guest = Guest::<R>::new();
        let (fd, mut peer) = guest.connected();
        // The first arrival overwrites the array with zeros, the lengths with it.
        guest.lay_out(&[(IOVECS, 20), (BUFFER, 4)][..count as usize]);
        let gather = |guest: &mut Guest<R>| {
            let memory = &mut Memory::new(&mut guest.memory);
            guest.process.sock_recv(memory, fd, IOVECS, count, WAITALL, BYTES, ROFLAGS)
        };
        peer.sends(&mut guest, &[0; 16]);
        while guest.bytes_at(IOVECS, 8) != [0; 8] {
            guest.arrives(Watch::Read(fd));
            assert_eq!(gather(&mut guest), Ok(Progress::Blocked));
        }
        let missing = if count == 1 { 4 } else { 8 };
        peer.sends(&mut guest, &b"the last"[..missing]);
        let received = guest
            .finish(|process, memory| process.sock_recv(memory, fd, IOVECS, count, WAITALL, BYTES, ROFLAGS));
        assert_eq!(received, Ok(Received { bytes: 16 + missing as u32, truncated: false }));
        assert_eq!(guest.bytes_at(IOVECS + 16, 4), b"the ");
        // And nothing of it is left for the next call.
        peer.sends(&mut guest, b"next");
        guest.hears(fd, b"next");
    }
}

pub fn unknown_flags_are_einval_and_do_nothing<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (fd, mut peer) = guest.accepts_from(listener, address);
    peer.sends(&mut guest, b"hello");
    guest.arrives(Watch::Read(fd));
    for flags in [4, 8, PEEK | 4, 0x8000, 0x1_0000, u32::MAX] {
        assert_eq!(guest.recv(fd, 5, flags), errno(Errno::Inval), "recv {flags:#x}");
    }
    for flags in [1, 2, 0x1_0000, u32::MAX] {
        guest.lay_out(&[(BUFFER, 5)]);
        let sent = guest.finish(|process, memory| process.sock_send(memory, fd, IOVECS, 1, flags, BYTES));
        assert_eq!(sent, errno(Errno::Inval), "send {flags:#x}");
    }
    for how in [0, 4, 5, 0x100, u32::MAX] {
        assert_eq!(guest.process.sock_shutdown(fd, how), Err(Errno::Inval), "shutdown {how:#x}");
    }
    let _second = Peer::connects(&mut guest, address);
    guest.arrives(Watch::Read(listener));
    for flags in [1, 2, 8, 16, NONBLOCK | 1, 0x1_0004, u32::MAX] {
        assert_eq!(guest.accept(listener, flags), errno(Errno::Inval), "accept {flags:#x}");
        assert_eq!(guest.process.fd_fdstat_set_flags(fd, flags), Err(Errno::Inval), "flags {flags:#x}");
    }
    guest.accept(listener, 0).unwrap();
    guest.hears(fd, b"hello");
    guest.send(fd, b"first").unwrap();
    peer.hears(&mut guest, b"first");
}

/// What every call on a socket answers for `fd`.
fn every_socket_call<R: Rig>(guest: &mut Guest<R>, fd: u32) -> Vec<Failure> {
    guest.lay_out(&[(BUFFER, 1)]);
    let mut results = every_transfer(guest, fd, IOVECS, 1).map(|result| result.map(|_| ())).to_vec();
    results.push(guest.accept(fd, 0).map(|_| ()));
    results.push(guest.process.sock_shutdown(fd, 1).map_err(Failure::from));
    results.push(guest.process.fd_fdstat_set_flags(fd, NONBLOCK).map_err(Failure::from));
    let memory = &mut Memory::new(&mut guest.memory);
    results.push(guest.process.fd_fdstat_get(memory, fd, STAT));
    results.push(guest.process.fd_filestat_get(memory, fd, STAT));
    results.push(guest.process.fd_prestat_get(memory, fd, STAT));
    results.into_iter().map(|result| result.expect_err("no socket")).collect()
}

pub fn socket_calls_on_what_is_no_socket_are_enotsock<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let file = guest.process.insert_foreign(42).unwrap();
    for fd in [0, 1, 2, file] {
        for failure in every_socket_call(&mut guest, fd) {
            assert_eq!(failure, Failure::Errno(Errno::Notsock));
        }
    }
}

pub fn socket_calls_on_what_is_not_open_are_ebadf<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (closed, _peer) = guest.connected();
    let _ = guest.process.fd_close(closed).unwrap();
    for fd in [closed, closed + 1, u32::MAX] {
        for failure in every_socket_call(&mut guest, fd) {
            assert_eq!(failure, Failure::Errno(Errno::Badf));
        }
        assert_eq!(guest.process.fd_close(fd), Err(Errno::Badf));
        assert_eq!(guest.process.target(fd), Err(Errno::Badf));
    }
}

pub fn transfers_on_a_listener_are_enotconn<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, _) = guest.listening();
    // Known to have nothing pending: that must not be taken for nothing to read.
    guest.set_nonblocking(listener);
    assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
    guest.lay_out(&[(BUFFER, 1)]);
    assert_eq!(every_transfer(&mut guest, listener, IOVECS, 1), [const { errno_of(Errno::Notconn) }; 4]);
    assert_eq!(guest.process.sock_shutdown(listener, 1), Err(Errno::Notconn));
}

pub fn accept_on_a_stream_is_einval<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (fd, _peer) = guest.connected();
    guest.set_nonblocking(fd);
    for _ in 0..3 {
        assert_eq!(guest.accept(fd, 0), errno(Errno::Inval));
        assert_eq!(guest.recv(fd, 1, 0), errno(Errno::Again));
    }
}

/// [`errno`] where a constant is due.
const fn errno_of(errno: Errno) -> Result<u32, Failure> {
    Err(Failure::Errno(errno))
}
