//! How operations on a source decide what is asked about next. The pair of sockets is in the folder's `mod.rs`.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown};
use std::os::fd::AsRawFd;

use super::{BOTH, Pair, arrived, asked, connected, poll};
use crate::net::{TcpListener, UdpSocket};
use crate::wasip1::script;
use crate::wasip1::selector::Direction;
use crate::{Events, Interest, Token};

#[test]
fn a_read_that_would_block_asks_about_reading_again() {
    let mut pair = Pair::reported();
    let error = pair.stream.read(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(pair.asked(), [Direction::Read]);
}

#[test]
fn a_short_read_asks_about_reading_again() {
    let mut pair = Pair::reported();
    pair.peer.write_all(b"abc").expect("a write");
    arrived(&pair.stream);
    assert_eq!(pair.stream.read(&mut [0; 8]).expect("a read"), 3);
    assert_eq!(pair.asked(), [Direction::Read]);
}

#[test]
fn a_full_read_leaves_the_rest_to_the_reader() {
    let mut pair = Pair::reported();
    pair.peer.write_all(b"abcd").expect("a write");
    arrived(&pair.stream);
    assert_eq!(pair.stream.read(&mut [0; 2]).expect("a read"), 2);
    assert_eq!(pair.asked(), []);
}

#[test]
fn the_end_of_a_stream_is_not_asked_about_again() {
    let mut pair = Pair::reported();
    pair.peer.shutdown(Shutdown::Write).expect("a shutdown");
    arrived(&pair.stream);
    assert_eq!(pair.stream.read(&mut [0; 8]).expect("a read"), 0);
    assert_eq!(pair.asked(), []);
}

#[test]
fn a_vectored_read_is_short_by_the_sum_of_its_buffers() {
    let mut pair = Pair::reported();
    pair.peer.write_all(b"abcd").expect("a write");
    arrived(&pair.stream);
    let (mut first, mut second) = ([0; 2], [0; 2]);
    let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!(pair.stream.read_vectored(&mut bufs).expect("a read"), 4);
    assert_eq!(pair.asked(), [], "both buffers are full");
    pair.peer.write_all(b"abc").expect("a write");
    arrived(&pair.stream);
    let mut bufs = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
    assert_eq!((&pair.stream).read_vectored(&mut bufs).expect("a read"), 3);
    assert_eq!(pair.asked(), [Direction::Read]);
}

#[test]
fn a_full_write_is_not_asked_about_and_a_short_one_is() {
    let mut pair = Pair::reported();
    assert_eq!(pair.stream.write_vectored(&[IoSlice::new(b"ab"), IoSlice::new(b"c")]).expect("a write"), 3);
    assert_eq!(pair.asked(), []);
    let block = vec![0; 1 << 20];
    while pair.stream.write(&block).is_ok_and(|count| count == block.len()) {}
    assert_eq!(pair.asked(), [Direction::Write]);
}

#[test]
fn a_peek_asks_again_only_where_it_would_block() {
    let mut pair = Pair::reported();
    script::with(|script| script.transfers.push_back(Ok(1)));
    assert_eq!(pair.stream.peek(&mut [0; 8]).expect("a peek"), 1);
    assert_eq!(pair.asked(), []);
    let error = pair.stream.peek(&mut [0; 8]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(pair.asked(), [Direction::Read]);
}

#[test]
fn an_operation_of_the_callers_own_that_would_block_asks_about_both_directions() {
    let mut pair = Pair::reported();
    assert_eq!(pair.stream.try_io(|| Ok(7)).expect("the closure's value"), 7);
    assert_eq!(pair.asked(), []);
    let blocked: io::Result<()> = pair.stream.try_io(|| Err(io::ErrorKind::WouldBlock.into()));
    assert!(blocked.is_err());
    assert_eq!(pair.asked(), [Direction::Read, Direction::Write]);
}

#[test]
fn an_interrupted_operation_asks_again() {
    let mut pair = Pair::reported();
    let failed: io::Result<()> = pair.stream.try_io(|| Err(io::ErrorKind::Interrupted.into()));
    assert!(failed.is_err());
    assert_eq!(pair.asked(), [Direction::Read, Direction::Write]);
}

#[test]
fn a_failure_that_stays_is_not_asked_about_again() {
    let mut pair = Pair::reported();
    let failed: io::Result<()> = pair.stream.try_io(|| Err(io::ErrorKind::ConnectionReset.into()));
    assert!(failed.is_err());
    assert_eq!(pair.asked(), []);
}

#[test]
fn an_accept_asks_again_when_the_queue_is_empty_or_there_was_no_room() {
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let fd = listener.as_raw_fd();
    let mut listener = TcpListener::from_std(listener);
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    poll.registry().register(&mut listener, Token(1), Interest::READABLE).expect("a new registration");
    script::with(|script| script.ready(fd, Direction::Read));
    asked(&mut poll, &mut events);
    script::with(|script| {
        script.quiet(fd);
        script.accepts.push_back(Ok(connected().0.into()));
    });
    let (_stream, peer) = listener.accept().expect("a connection");
    assert_eq!(peer, "0.0.0.0:0".parse().expect("an address"));
    assert_eq!(asked(&mut poll, &mut events), [], "there may be more");

    for error in [
        io::Error::from(io::ErrorKind::WouldBlock),
        io::Error::from(io::ErrorKind::ConnectionAborted),
        io::Error::from_raw_os_error(i32::from(wasi::ERRNO_MFILE.raw())),
    ] {
        script::with(|script| {
            script.ready(fd, Direction::Read);
        });
        poll.registry().reregister(&mut listener, Token(1), Interest::READABLE).expect("registered");
        asked(&mut poll, &mut events);
        let text = error.to_string();
        script::with(|script| {
            script.quiet(fd);
            script.accepts.push_back(Err(error));
        });
        listener.accept().unwrap_err();
        assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read)], "after {text}");
    }
}

#[test]
fn a_connected_datagram_socket_moves_datagrams_and_asks_again_where_it_would_block() {
    let mut socket = UdpSocket::from_std(net::UdpSocket::bind("127.0.0.1:0").expect("a socket"));
    let fd = socket.as_raw_fd();
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    poll.registry().register(&mut socket, Token(1), BOTH).expect("a new registration");
    script::with(|script| {
        script.ready(fd, Direction::Read);
        script.ready(fd, Direction::Write);
        script.transfers.extend([Ok(3), Ok(2), Ok(1)]);
    });
    asked(&mut poll, &mut events);
    script::with(|script| script.quiet(fd));
    assert_eq!(socket.send(b"abcd").expect("a send"), 3);
    assert_eq!(socket.recv(&mut [0; 8]).expect("a receive"), 2);
    assert_eq!(socket.peek(&mut [0; 8]).expect("a peek"), 1);
    assert_eq!(asked(&mut poll, &mut events), [], "a datagram says nothing of the next one");
    socket.recv(&mut [0; 8]).unwrap_err();
    socket.send(b"a").unwrap_err();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read), (fd, Direction::Write)]);
}
