//! What the caller had no room for. The bench and its host are in the folder's `mod.rs`.

use std::io;
use std::time::Duration;

use super::{BOTH, Bench, Direction, Interest, Token, token_of};

#[test]
fn no_more_events_than_there_is_room_for_and_the_rest_comes_first() {
    let mut bench = Bench::with_room(2);
    for fd in 4..9 {
        bench.register(fd, token_of(fd), Interest::READABLE);
        bench.host.ready(fd, Direction::Read);
    }
    let served = [bench.tokens(), bench.tokens(), bench.tokens()];
    assert_eq!(served, [vec![4, 5], vec![6, 7], vec![8]]);
    assert_eq!(bench.tokens(), []);
}

#[test]
fn a_busy_source_does_not_starve_the_others() {
    let mut bench = Bench::with_room(1);
    let busy = bench.register(4, 4, Interest::READABLE);
    for fd in 4..8 {
        if fd > 4 {
            bench.register(fd, token_of(fd), Interest::READABLE);
        }
        bench.host.ready(fd, Direction::Read);
    }
    let mut served = Vec::new();
    for _ in 0..8 {
        served.extend(bench.tokens());
        bench.selector.rearm(busy, Direction::Read);
    }
    for token in 4..8 {
        assert!(served.contains(&token), "{token} was starved: {served:?}");
    }
}

#[test]
fn a_poll_with_events_queued_asks_the_host_without_waiting() {
    let mut bench = Bench::with_room(1);
    for fd in [4, 5, 6] {
        bench.register(fd, token_of(fd), Interest::READABLE);
    }
    bench.host.ready(4, Direction::Read);
    bench.host.ready(5, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    bench.host.ready(6, Direction::Read);
    let events = bench.poll(None);
    assert_eq!(events[0].token(), Token(5));
    let call = bench.host.last_call();
    assert_eq!(call.timeout_ns, Some(0));
    assert_eq!(call.directions, [(6, Direction::Read)]);
    assert_eq!(bench.tokens(), [6]);
}

#[test]
fn queued_events_of_a_deregistered_source_are_dropped() {
    let mut bench = Bench::with_room(1);
    for fd in [4, 5, 6] {
        bench.register(fd, token_of(fd), Interest::READABLE);
        bench.host.ready(fd, Direction::Read);
    }
    assert_eq!(bench.tokens(), [4]);
    bench.selector.deregister(5).expect("registered");
    assert_eq!(bench.tokens(), [6]);
    assert_eq!(bench.tokens(), []);
}

#[test]
fn no_room_for_events_is_invalid_input() {
    let mut bench = Bench::with_room(0);
    bench.register(4, 4, BOTH);
    let error = bench.selector.poll(&mut bench.host, &mut bench.events, Some(Duration::ZERO)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
