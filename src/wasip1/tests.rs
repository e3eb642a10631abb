//! What the public types promise, over a scripted host and real loopback sockets. What the selector
//! promises is tested beside it.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use super::event::{Event, Source};
use super::net::{TcpListener, TcpStream, UdpSocket};
use super::script::{self, Answer};
use super::selector::Direction;
use super::unix::SourceFd;
use super::{Events, Interest, Poll, Registry, Token, Waker};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A non-blocking stream, registered, and its blocking peer.
struct Pair {
    poll: Poll,
    events: Events,
    stream: TcpStream,
    peer: net::TcpStream,
}

impl Pair {
    /// Both directions were reported, so none is asked about.
    fn reported() -> Pair {
        let (stream, peer) = connected();
        let mut pair = Pair { poll: poll(), events: Events::with_capacity(8), stream, peer };
        pair.poll.registry().register(&mut pair.stream, Token(1), BOTH).expect("a new registration");
        let fd = pair.stream.as_raw_fd();
        script::with(|script| {
            script.ready(fd, Direction::Read);
            script.ready(fd, Direction::Write);
        });
        assert_eq!(pair.poll().len(), 1);
        script::with(|script| script.quiet(fd));
        assert_eq!(pair.asked(), []);
        pair
    }

    #[track_caller]
    fn poll(&mut self) -> Vec<Event> {
        self.poll.poll(&mut self.events, Some(Duration::ZERO)).expect("a poll");
        self.events.iter().cloned().collect()
    }

    /// The directions the next poll asks about.
    #[track_caller]
    fn asked(&mut self) -> Vec<Direction> {
        asked(&mut self.poll, &mut self.events).into_iter().map(|(_, direction)| direction).collect()
    }
}

fn poll() -> Poll {
    Poll::new().expect("a poll")
}

#[track_caller]
fn asked(poll: &mut Poll, events: &mut Events) -> Vec<(RawFd, Direction)> {
    poll.poll(events, Some(Duration::ZERO)).expect("a poll");
    script::with(|script| script.last_call().directions.clone())
}

fn connected() -> (TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a listener");
    let peer = net::TcpStream::connect(listener.local_addr().expect("its address")).expect("a peer");
    let (stream, _) = listener.accept().expect("a stream");
    stream.set_nonblocking(true).expect("a non-blocking stream");
    (TcpStream::from_std(stream), peer)
}

/// Waits until the peer's bytes, or its close, have arrived.
fn arrived(stream: &TcpStream) {
    let std = net::TcpStream::from(stream.as_fd().try_clone_to_owned().expect("another descriptor"));
    std.set_nonblocking(false).expect("a blocking stream");
    std.peek(&mut [0]).expect("bytes, or the end");
    std.set_nonblocking(true).expect("a non-blocking stream");
}

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
fn a_dropped_stream_is_deregistered() {
    let mut pair = Pair::reported();
    let fd = pair.stream.as_raw_fd();
    drop(std::mem::replace(&mut pair.stream, connected().0));
    let error = pair.poll.registry().deregister(&mut SourceFd(&fd)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_stream_given_away_is_deregistered() {
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    let (mut stream, _peer) = connected();
    poll.registry().register(&mut stream, Token(1), BOTH).expect("a new registration");
    let _leaked = stream.into_raw_fd();
    assert_eq!(asked(&mut poll, &mut events), []);

    let (mut stream, _peer) = connected();
    poll.registry().register(&mut stream, Token(1), BOTH).expect("a new registration");
    let std = net::TcpStream::from(stream);
    assert_eq!(asked(&mut poll, &mut events), []);

    let mut stream = TcpStream::from_std(std);
    poll.registry().register(&mut stream, Token(1), BOTH).expect("registered anew");
    let _owned = OwnedFd::from(stream);
    assert_eq!(asked(&mut poll, &mut events), []);
}

#[test]
fn a_deregistered_stream_may_be_registered_anew() {
    let mut pair = Pair::reported();
    pair.poll.registry().deregister(&mut pair.stream).expect("registered");
    let error = pair.poll.registry().reregister(&mut pair.stream, Token(1), BOTH).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let error = pair.poll.registry().deregister(&mut pair.stream).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    pair.poll.registry().register(&mut pair.stream, Token(2), BOTH).expect("registered anew");
    assert_eq!(pair.asked(), [Direction::Read, Direction::Write]);
}

#[test]
fn a_stream_belongs_to_one_poll_as_long_as_that_lives() {
    let mut pair = Pair::reported();
    let again = pair.poll.registry().register(&mut pair.stream, Token(1), BOTH).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    let other = poll();
    let error = other.registry().register(&mut pair.stream, Token(1), BOTH).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    let error = other.registry().deregister(&mut pair.stream).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let Pair { poll, mut stream, .. } = pair;
    drop(poll);
    other.registry().register(&mut stream, Token(1), BOTH).expect("the former poll is gone");
}

#[test]
fn a_registry_clone_registers_with_the_same_poll() {
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    let registry: Registry = poll.registry().try_clone().expect("a clone");
    let (mut stream, _peer) = connected();
    registry.register(&mut stream, Token(usize::MAX), BOTH).expect("a new registration");
    let fd = stream.as_raw_fd();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read), (fd, Direction::Write)]);
    registry.deregister(&mut stream).expect("registered");
    assert_eq!(asked(&mut poll, &mut events), []);
}

#[test]
fn an_events_error_is_taken_once() {
    let mut pair = Pair::reported();
    assert!(pair.stream.take_error().expect("an answer").is_none());
    let fd = pair.stream.as_raw_fd();
    pair.poll.registry().reregister(&mut pair.stream, Token(1), BOTH).expect("registered");
    let refused = u64::from(wasi::ERRNO_CONNREFUSED.raw());
    let answer = Answer { flags: 0b11, nbytes: refused, ..Answer::default() };
    script::with(|script| script.answer(fd, Direction::Write, answer));
    let events = pair.poll();
    assert!(events[0].is_error() && events[0].is_writable());
    let error = pair.stream.take_error().expect("an answer").expect("the error");
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_CONNREFUSED.raw())));
    assert!(pair.stream.take_error().expect("an answer").is_none());
}

#[test]
fn a_waker_ends_the_next_poll_until_it_is_dropped() {
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    let waker = Waker::new(poll.registry(), Token(9)).expect("a waker");
    waker.wake().expect("a wake");
    poll.poll(&mut events, None).expect("a poll");
    let tokens: Vec<Token> = events.iter().map(Event::token).collect();
    assert_eq!(tokens, [Token(9)]);
    waker.wake().expect("a wake");
    drop(waker);
    poll.poll(&mut events, Some(Duration::ZERO)).expect("a poll");
    assert!(events.is_empty());
}

#[test]
fn a_waker_whose_poll_is_gone_wakes_nobody() {
    let poll = poll();
    let waker = Waker::new(poll.registry(), Token(9)).expect("a waker");
    drop(poll);
    waker.wake().expect("a wake");
}

#[test]
fn a_boxed_source_is_a_source() {
    let (stream, _peer) = connected();
    let poll = poll();
    let mut boxed: Box<dyn Source> = Box::new(stream);
    poll.registry().register(&mut boxed, Token(1), BOTH).expect("a new registration");
    poll.registry().reregister(&mut boxed, Token(2), BOTH).expect("registered");
    poll.registry().deregister(&mut boxed).expect("registered");
}

#[test]
fn a_shutdown_reaches_the_host() {
    let (stream, _peer) = connected();
    stream.shutdown(Shutdown::Write).expect("a shutdown");
    let shutdowns = script::with(|script| script.shutdowns.clone());
    assert_eq!(shutdowns, [(stream.as_raw_fd(), Shutdown::Write)]);
}

#[test]
fn what_preview1_has_no_call_for_is_unsupported() {
    #[track_caller]
    fn unsupported<T>(result: io::Result<T>) {
        let error = result.err().expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        assert!(error.to_string().contains("preview1 has no call for it"), "{error}");
    }
    let address = "127.0.0.1:80".parse().expect("an address");
    let (stream, _peer) = connected();
    unsupported(TcpStream::connect(address));
    unsupported(UdpSocket::bind(address));
    unsupported(stream.peer_addr());
    unsupported(stream.local_addr());
    unsupported(stream.nodelay());
    unsupported(stream.set_nodelay(true));
    unsupported(stream.ttl());
    unsupported(stream.set_ttl(9));
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

#[test]
fn events_and_polls_print_what_they_are() {
    let mut pair = Pair::reported();
    pair.poll.registry().reregister(&mut pair.stream, Token(1), Interest::READABLE).expect("registered");
    let fd = pair.stream.as_raw_fd();
    script::with(|script| script.ready(fd, Direction::Read));
    pair.poll();
    let printed = format!("{:?}", pair.events);
    assert!(printed.starts_with("[Event { token: Token(1), readable: true, writable: false"), "{printed}");
    assert_eq!(format!("{:?}", pair.poll), "Poll { .. }");
}
