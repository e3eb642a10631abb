//! What opening a path of the network directory opens: listeners, streams and datagram sockets.

use super::guest::{FD, MEMORY_BYTES, NONBLOCK, PATH, STAT, errno, is_misaligned, is_out_of_bounds};
use super::{Guest, Peer, Rig};
use crate::net_dir::Grants;
use crate::{Closed, Errno, Limits, Memory, Watch};

const DIRECTORY: u32 = 2;
const APPEND: u32 = 1;

pub fn a_listener_on_port_0_is_opened_and_says_its_address<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let listener = guest.open("tcp/listen/127.0.0.1:0", 0).unwrap();
    let address = guest.local(listener);
    assert_ne!(address.port(), 0);
    let (fd, mut peer) = guest.accepts_from(listener, address);
    peer.sends(&mut guest, b"hello");
    guest.hears(fd, b"hello");
    assert_eq!(guest.local(fd), address);
    assert_eq!(guest.attribute(fd, "peer"), Ok(peer.address(&mut guest).to_string()));
}

pub fn a_listener_opened_nonblocking_does_not_wait<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let listener = guest.open("tcp/listen/127.0.0.1:0", NONBLOCK).unwrap();
    assert_eq!(guest.accept(listener, 0), errno(Errno::Again));
    guest.is_quiet(&[Watch::Read(listener), Watch::Write(listener)]);
}

pub fn a_taken_address_is_in_use_until_its_listener_is_closed<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let listener = guest.open("tcp/listen/127.0.0.1:0", 0).unwrap();
    let path = format!("tcp/listen/{}", guest.local(listener));
    assert_eq!(guest.open(&path, 0), errno(Errno::Addrinuse));
    assert_eq!(guest.next_fd(), 5);
    assert_eq!(guest.process.fd_close(listener), Ok(Closed::Whole));
    assert_eq!(guest.open(&path, 0), Ok(4));
}

pub fn a_preopened_listener_is_claimed_by_its_address_once<R: Rig>() {
    let mut guest = Guest::<R>::new();
    let (listener, address) = guest.listening();
    let (other, _) = guest.listening();
    // A grant of something else is enough for the directory to be there.
    guest.process.grant(Grants { dns: vec!["*".parse().unwrap()], ..Grants::default() }).unwrap();
    let path = format!("tcp/listen/{address}");
    assert_eq!(guest.open(&path, NONBLOCK), Ok(listener));
    assert_eq!(guest.accept(listener, 0), errno(Errno::Again), "with the flags it was claimed with");
    assert_eq!(guest.open(&path, NONBLOCK), errno(Errno::Addrinuse));
    assert_eq!(guest.process.take_refusal(), None);
    // It goes on being claimed under another number, and is nobody's once it is closed.
    assert_eq!(guest.process.fd_renumber(listener, other), Ok(Closed::Whole));
    assert_eq!(guest.open(&path, NONBLOCK), errno(Errno::Addrinuse));
    assert_eq!(guest.process.fd_close(other), Ok(Closed::Whole));
    assert_eq!(guest.open(&path, NONBLOCK), errno(Errno::Acces));
}

pub fn a_claimed_listener_has_the_number_it_was_moved_to<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (listener, address) = guest.listening();
    let (to, _) = guest.listening();
    assert_eq!(guest.process.fd_renumber(listener, to), Ok(Closed::Whole));
    assert_eq!(guest.open(&format!("tcp/listen/{address}"), 0), Ok(to));
    guest.accepts_from(to, address);
}

pub fn a_nonblocking_connect_is_writable_when_it_is_done<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (listener, address) = guest.listening();
    let fd = guest.open(&format!("tcp/connect/{address}"), NONBLOCK).unwrap();
    guest.arrives(Watch::Write(fd));
    assert_eq!(guest.attribute(fd, "error"), Ok("0".into()));
    assert_eq!(guest.attribute(fd, "peer"), Ok(address.to_string()));
    guest.arrives(Watch::Read(listener));
    let accepted = guest.accept(listener, 0).unwrap();
    assert_eq!(guest.local(fd), accepted.peer);
    assert_eq!(guest.recv(fd, 9, 0), errno(Errno::Again));
    assert_eq!(guest.send(fd, b"ping"), Ok(4));
    guest.hears(accepted.fd, b"ping");
    assert_eq!(guest.send(accepted.fd, b"pong"), Ok(4));
    guest.hears(fd, b"pong");
}

pub fn a_refused_nonblocking_connect_tells_its_error_once<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let address = guest.nobodys_address();
    match guest.open(&format!("tcp/connect/{address}"), NONBLOCK) {
        Ok(fd) => {
            let ready = guest.arrives(Watch::Write(fd));
            assert_eq!(ready.error, Some(Errno::Connrefused));
            assert_eq!(guest.attribute(fd, "error"), Ok(Errno::Connrefused.raw().to_string()));
            assert_eq!(guest.attribute(fd, "error"), Ok("0".into()));
            assert_eq!(guest.attribute(fd, "peer"), errno(Errno::Notconn));
        }
        // What is known at once is told at once.
        refused => assert_eq!(refused, errno(Errno::Connrefused)),
    }
}

pub fn a_blocking_connect_waits_until_the_connection_stands<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (listener, address) = guest.listening();
    let fd = guest.open(&format!("tcp/connect/{address}"), 0).unwrap();
    assert_eq!(guest.attribute(fd, "peer"), Ok(address.to_string()));
    let accepted = guest.accept(listener, 0).unwrap().fd;
    assert_eq!(guest.send(accepted, b"hello"), Ok(5));
    assert_eq!(guest.recv(fd, 1, 0), Ok(b"h".to_vec()), "it blocks, too");
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    guest.arrives(Watch::Read(accepted));
}

pub fn a_blocking_connect_that_is_refused_opens_nothing<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let address = guest.nobodys_address();
    for _ in 0..3 {
        assert_eq!(guest.open(&format!("tcp/connect/{address}"), 0), errno(Errno::Connrefused));
        assert_eq!(guest.next_fd(), 4);
    }
    // Nothing of it is left for the next connect.
    let (listener, address) = guest.listening();
    let fd = guest.open(&format!("tcp/connect/{address}"), 0).unwrap();
    assert_eq!(guest.attribute(fd, "peer"), Ok(address.to_string()));
    assert_eq!(guest.accept(listener, 0).unwrap().peer, guest.local(fd));
}

pub fn at_the_limit_of_fds_nothing_is_opened<R: Rig>() {
    let mut guest = Guest::<R>::granted(Grants::all(), Limits { fds: 5, ..Limits::default() });
    let (listener, address) = guest.listening();
    let connect = format!("tcp/connect/{address}");
    for path in ["tcp/listen/127.0.0.1:0", "udp/bind/127.0.0.1:0", &connect] {
        for flags in [0, NONBLOCK] {
            assert_eq!(guest.open(path, flags), errno(Errno::Mfile), "{path}");
        }
    }
    // A claim needs no fd, and nobody has connected.
    assert_eq!(guest.open(&format!("tcp/listen/{address}"), NONBLOCK), Ok(listener));
    guest.is_quiet(&[Watch::Read(listener)]);
}

pub fn a_bad_pointer_traps_before_anything_is_opened<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (listener, address) = guest.listening();
    let path = guest.put(PATH, format!("tcp/connect/{address}").as_bytes());
    for opened in [MEMORY_BYTES, MEMORY_BYTES - 3, u32::MAX] {
        let result = guest.finish(|process, memory| process.net_open(memory, path, 0, 0, opened));
        assert!(is_out_of_bounds(&result), "{opened}");
    }
    for outside in [(MEMORY_BYTES - 1, 2), (u32::MAX, 1), (0, u32::MAX)] {
        let result = guest.finish(|process, memory| process.net_open(memory, outside, 0, 0, FD));
        assert!(is_out_of_bounds(&result), "{outside:?}");
    }
    assert!(is_misaligned(&guest.finish(|process, memory| process.net_open(memory, path, 0, 0, FD + 2))));
    assert_eq!(guest.next_fd(), listener + 1);
    guest.is_quiet(&[Watch::Read(listener)]);
}

pub fn an_opened_socket_says_what_it_is<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let (_, address) = guest.listening();
    let connect = format!("tcp/connect/{address}");
    for (path, filetype) in [("tcp/listen/127.0.0.1:0", 6), (&connect, 6), ("udp/bind/127.0.0.1:0", 5)] {
        let named = guest.put(PATH, path.as_bytes());
        let mut memory = Memory::new(&mut guest.memory);
        guest.process.net_filestat(&mut memory, named, STAT).unwrap();
        assert_eq!(guest.memory[STAT as usize + 16], filetype, "{path} itself");
        for flags in [0, NONBLOCK] {
            let fd = guest.open(path, flags).unwrap();
            let mut memory = Memory::new(&mut guest.memory);
            guest.process.fd_fdstat_get(&mut memory, fd, STAT).unwrap();
            let stat = guest.bytes_at(STAT, 4);
            assert_eq!((stat[0], u32::from(stat[2])), (filetype, flags), "{path}");
            let mut memory = Memory::new(&mut guest.memory);
            guest.process.fd_filestat_get(&mut memory, fd, STAT).unwrap();
            assert_eq!(guest.memory[STAT as usize + 16], filetype, "{path}");
        }
    }
}

pub fn flags_no_socket_has_open_nothing<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let path = guest.put(PATH, b"udp/bind/127.0.0.1:0");
    let directory = guest.finish(|process, memory| process.net_open(memory, path, DIRECTORY, 0, FD));
    assert_eq!(directory, errno(Errno::Notdir));
    for flags in [APPEND, APPEND | NONBLOCK, u32::MAX] {
        assert_eq!(guest.open("udp/bind/127.0.0.1:0", flags), errno(Errno::Inval));
    }
    assert_eq!(guest.next_fd(), 4);
    // What concerns files alone means nothing.
    assert!(guest.finish(|process, memory| process.net_open(memory, path, 1 | 4 | 8, 0, FD)).is_ok());
}

pub fn closing_an_opened_stream_ends_the_peers<R: Rig>() {
    let mut guest = Guest::<R>::free();
    let listener = guest.open("tcp/listen/127.0.0.1:0", 0).unwrap();
    let address = guest.local(listener);
    let mut peer = Peer::connects(&mut guest, address);
    let fd = guest.accept(listener, 0).unwrap().fd;
    assert_eq!(guest.process.fd_close(fd), Ok(Closed::Whole));
    peer.hears_the_end(&mut guest);
    assert_eq!(guest.attribute(fd, "local"), errno(Errno::Badf));
}
