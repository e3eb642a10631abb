//! Who is registered, and who has gone. The bench and its host are in the folder's `mod.rs`.

use std::io;

use super::{Answer, BOTH, Bench, Direction, EBADF, Interest, Key, Selector, Token, Trigger, token_of};

#[test]
fn any_token_comes_back_as_it_went_in() {
    let mut bench = Bench::new();
    for (fd, token) in [(4, 0), (5, usize::MAX), (6, usize::MAX - 1)] {
        bench.register(fd, token, Interest::READABLE);
        bench.host.ready(fd, Direction::Read);
    }
    let mut tokens = bench.tokens();
    tokens.sort_unstable();
    assert_eq!(tokens, [0, usize::MAX - 1, usize::MAX]);
}

#[test]
fn registering_twice_is_already_exists() {
    let mut bench = Bench::new();
    bench.register(4, 7, Interest::READABLE);
    let error = bench.selector.register(4, Token(8), BOTH, Trigger::Level).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [7]);
}

#[test]
fn what_is_not_registered_is_not_found() {
    let mut bench = Bench::new();
    let reregistered = bench.selector.reregister(4, Token(1), BOTH).unwrap_err();
    assert_eq!(reregistered.kind(), io::ErrorKind::NotFound);
    let deregistered = bench.selector.deregister(4).unwrap_err();
    assert_eq!(deregistered.kind(), io::ErrorKind::NotFound);
    bench.register(4, 7, BOTH);
    bench.selector.deregister(4).expect("registered");
    let again = bench.selector.deregister(4).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_negative_descriptor_is_invalid_input() {
    let error = Selector::new(None).register(-1, Token(0), BOTH, Trigger::Edge).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn deregistering_keeps_every_other_subscription() {
    let mut bench = Bench::new();
    for fd in 4..10 {
        bench.register(fd, token_of(fd), BOTH);
    }
    for fd in [4, 9, 6] {
        bench.selector.deregister(fd).expect("registered");
        bench.selector.check_invariants();
    }
    for fd in 4..10 {
        bench.host.ready(fd, Direction::Write);
    }
    let mut tokens = bench.tokens();
    tokens.sort_unstable();
    assert_eq!(tokens, [5, 7, 8]);
}

#[test]
fn a_descriptor_number_used_again_hears_nothing_of_its_former_source() {
    let mut bench = Bench::with_room(1);
    let former = bench.register(4, 7, BOTH);
    bench.register(5, 8, Interest::READABLE);
    bench.host.ready(5, Direction::Read);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens().len(), 1, "one of the two stays queued");
    bench.selector.remove(former);
    bench.host.quiet(4);
    bench.host.quiet(5);
    bench.register(4, 9, BOTH);
    bench.selector.rearm(former, Direction::Read);
    bench.selector.remove(former);
    let tokens = [bench.tokens(), bench.tokens()].concat();
    assert!(!tokens.contains(&7) && !tokens.contains(&9), "{tokens:?}");
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [9]);
}

#[test]
fn a_closed_descriptors_number_can_be_registered_anew() {
    let mut bench = Bench::new();
    let former = bench.register(4, 4, BOTH);
    let failed = Answer { error: EBADF, ..Answer::default() };
    bench.host.answer(4, Direction::Read, failed);
    bench.one_event();
    bench.host.ready(4, Direction::Read);
    bench.register(4, 9, Interest::READABLE);
    assert!(!bench.selector.is_live(former));
    assert_eq!(bench.tokens(), [9]);
}

#[test]
fn a_steady_poll_allocates_nothing() {
    let mut bench = Bench::new();
    let keys: Vec<Key> = (4..12).map(|fd| bench.register(fd, token_of(fd), BOTH)).collect();
    for fd in 4..12 {
        bench.host.ready(fd, Direction::Read);
        bench.host.ready(fd, Direction::Write);
    }
    bench.tokens();
    let before = bench.selector.capacities();
    for _ in 0..50 {
        for key in &keys {
            bench.selector.rearm(*key, Direction::Read);
            bench.selector.rearm(*key, Direction::Write);
        }
        assert_eq!(bench.tokens().len(), 8);
    }
    assert_eq!(bench.selector.capacities(), before);
}
