//! Which direction is asked about, and when again. The bench and its host are in the folder's `mod.rs`.

use super::{BOTH, Bench, Direction, Interest, Token, Trigger};

#[test]
fn a_ready_source_is_reported_once_until_it_is_drained() {
    let mut bench = Bench::new();
    let key = bench.register(4, 7, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [7]);
    assert_eq!(bench.tokens(), []);
    assert!(bench.host.last_call().directions.is_empty());
    bench.selector.rearm(key, Direction::Read);
    assert_eq!(bench.tokens(), [7]);
}

#[test]
fn both_directions_of_a_source_are_one_event() {
    let mut bench = Bench::new();
    bench.register(4, 7, BOTH);
    bench.host.ready(4, Direction::Read);
    bench.host.ready(4, Direction::Write);
    let event = bench.one_event();
    assert!(event.is_readable() && event.is_writable());
    assert!(!event.is_error() && !event.is_read_closed() && !event.is_write_closed());
}

#[test]
fn a_drained_source_registered_for_both_does_not_spin() {
    let mut bench = Bench::new();
    let key = bench.register(4, 7, BOTH);
    bench.host.ready(4, Direction::Write);
    assert!(bench.one_event().is_writable());
    for _ in 0..3 {
        bench.selector.rearm(key, Direction::Read);
        assert_eq!(bench.tokens(), []);
    }
    assert_eq!(
        bench.host.last_call().directions,
        [(4, Direction::Read)],
        "the writable direction isn't asked about again"
    );
}

#[test]
fn arming_a_direction_of_no_interest_does_nothing() {
    let mut bench = Bench::new();
    let key = bench.register(4, 7, Interest::READABLE);
    bench.selector.rearm(key, Direction::Write);
    bench.host.ready(4, Direction::Write);
    assert_eq!(bench.tokens(), []);
    assert_eq!(bench.host.last_call().directions, [(4, Direction::Read)]);
}

#[test]
fn arming_twice_asks_once() {
    let mut bench = Bench::new();
    let key = bench.register(4, 7, Interest::READABLE);
    bench.selector.rearm(key, Direction::Read);
    bench.selector.rearm(key, Direction::Read);
    bench.tokens();
    assert_eq!(bench.host.last_call().directions, [(4, Direction::Read)]);
}

#[test]
fn reregistering_replaces_token_and_interest_and_asks_anew() {
    let mut bench = Bench::new();
    bench.register(4, 7, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    bench.host.ready(4, Direction::Write);
    assert_eq!(bench.tokens(), [7]);
    bench.selector.reregister(4, Token(8), Interest::WRITABLE).expect("registered");
    let event = bench.one_event();
    assert_eq!(event.token(), Token(8));
    assert!(event.is_writable() && !event.is_readable());
    bench.selector.reregister(4, Token(8), Interest::WRITABLE).expect("registered");
    assert_eq!(bench.tokens(), [8], "ready when reregistered");
}

#[test]
fn an_operation_that_drained_a_source_takes_its_queued_event_back() {
    let mut bench = Bench::with_room(1);
    bench.register(4, 4, Interest::READABLE);
    let queued = bench.register(5, 5, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    bench.host.ready(5, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    bench.host.quiet(5);
    bench.selector.rearm(queued, Direction::Read);
    assert_eq!(bench.tokens(), []);
    bench.host.ready(5, Direction::Read);
    assert_eq!(bench.tokens(), [5]);
}

#[test]
fn a_bare_descriptor_is_reported_as_long_as_it_is_ready() {
    let mut bench = Bench::new();
    bench.selector.register(4, Token(4), Interest::READABLE, Trigger::Level).expect("a new registration");
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert_eq!(bench.tokens(), [4]);
    bench.host.quiet(4);
    assert_eq!(bench.tokens(), []);
}
