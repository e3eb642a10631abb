//! How a poll ends: wakes and timeouts. The bench and its host are in the folder's `mod.rs`.

use std::io;
use std::time::Duration;

use super::{Bench, Direction, Interest, Token};

#[test]
fn wakes_before_a_poll_are_one_event_and_end_it_at_once() {
    let mut bench = Bench::new();
    bench.register(4, 4, Interest::READABLE);
    let waker = bench.selector.register_waker(Token(9));
    bench.selector.wake(waker);
    bench.selector.wake(waker);
    let events = bench.poll(None);
    assert_eq!(events.len(), 1);
    assert!(events[0].token() == Token(9) && events[0].is_readable());
    assert_eq!(bench.host.last_call().timeout_ns, Some(0));
    assert_eq!(bench.tokens(), []);
    bench.selector.wake(waker);
    assert_eq!(bench.tokens(), [9]);
}

#[test]
fn a_wake_ends_a_poll_with_nothing_registered_without_asking_the_host() {
    let mut bench = Bench::new();
    let waker = bench.selector.register_waker(Token(9));
    bench.selector.wake(waker);
    assert_eq!(bench.poll(None).len(), 1);
    assert!(bench.host.calls.is_empty());
}

#[test]
fn several_wakers_each_have_their_token() {
    let mut bench = Bench::new();
    let first = bench.selector.register_waker(Token(1));
    let second = bench.selector.register_waker(Token(2));
    bench.selector.wake(second);
    bench.selector.wake(first);
    assert_eq!(bench.tokens(), [2, 1]);
}

#[test]
fn a_dropped_wakers_wake_is_not_reported() {
    let mut bench = Bench::new();
    let waker = bench.selector.register_waker(Token(9));
    bench.selector.wake(waker);
    bench.selector.remove(waker);
    bench.selector.wake(waker);
    assert_eq!(bench.tokens(), []);
}

#[test]
fn an_empty_set_with_a_timeout_is_the_clock_alone() {
    let mut bench = Bench::new();
    assert!(bench.poll(Some(Duration::from_millis(5))).is_empty());
    let call = bench.host.last_call();
    assert_eq!(call.timeout_ns, Some(5_000_000));
    assert!(call.directions.is_empty());
}

#[test]
fn an_empty_set_without_a_timeout_is_invalid_input() {
    let mut bench = Bench::new();
    bench.selector.register_waker(Token(9));
    let error = bench.selector.poll(&mut bench.host, &mut bench.events, None).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(bench.host.calls.is_empty());
}

#[test]
fn timeouts_are_exact_to_the_nanosecond_and_huge_ones_saturate() {
    let mut bench = Bench::new();
    for (timeout, expected_ns) in [
        (Duration::ZERO, 0),
        (Duration::from_nanos(1), 1),
        (Duration::from_nanos(1_500_000_001), 1_500_000_001),
        (Duration::MAX, u64::MAX),
    ] {
        bench.poll(Some(timeout));
        assert_eq!(bench.host.last_call().timeout_ns, Some(expected_ns));
    }
}

#[test]
fn without_a_timeout_no_clock_is_asked_for() {
    let mut bench = Bench::new();
    bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    bench.poll(None);
    assert_eq!(bench.host.last_call().timeout_ns, None);
}
