//! What the public types promise, over a scripted host and real loopback sockets. What the selector
//! promises is tested beside it.

mod answers;
mod datagrams;
mod lifetimes;
mod network_directory;
mod operations;

use std::net;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;

use crate::event::Event;
use crate::net::TcpStream;
use crate::wasip1::script;
use crate::wasip1::selector::Direction;
use crate::{Events, Interest, Poll, Token};

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
