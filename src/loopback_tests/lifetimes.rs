//! Who is registered how long. The pair of sockets is in the folder's `mod.rs`.

use std::io;
use std::net;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::time::Duration;

use super::{BOTH, Pair, asked, connected, poll};
use crate::event::{Event, Source};
use crate::net::TcpStream;
use crate::unix::SourceFd;
use crate::wasip1::selector::Direction;
use crate::{Events, Registry, Token, Waker};

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
