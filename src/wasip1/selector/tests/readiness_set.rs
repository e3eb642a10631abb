//! What changes where the host keeps the subscriptions: what it is told, when, and in how many calls.

use super::*;

#[test]
fn changes_go_with_the_next_poll_all_at_once() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, BOTH);
    bench.register(5, 5, Interest::READABLE);
    bench.selector.reregister(5, Token(5), Interest::WRITABLE).expect("a registration");
    bench.register(6, 6, BOTH);
    bench.selector.deregister(6).expect("a registration");
    assert_eq!(bench.host.writes, [], "none of these is a call of its own");
    assert_eq!(bench.tokens(), []);
    assert_eq!(bench.host.writes, [9], "one write");
    let subscribed: Vec<_> = bench.host.set.keys().copied().collect();
    assert_eq!(subscribed, [(4, Direction::Read), (4, Direction::Write), (5, Direction::Write)]);
    assert_eq!(bench.tokens(), []);
    assert_eq!(bench.host.writes.len(), 1, "nothing changed, nothing is written");
}

#[test]
fn what_was_told_is_subscribed_again_by_rearming_alone() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    let key = bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert!(bench.host.set.is_empty(), "the host has told it");
    assert_eq!(bench.tokens(), []);
    assert_eq!(bench.host.writes, [1]);
    bench.selector.rearm(key, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert_eq!(bench.host.writes, [1, 1]);
}

#[test]
fn a_poll_that_waits_reads_only_when_there_is_something() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, Interest::READABLE);
    assert!(bench.poll(Some(Duration::from_millis(5))).is_empty());
    assert_eq!(bench.host.calls.len(), 1, "{:?}", bench.host.calls);
    assert_eq!(bench.host.last_call().timeout_ns, Some(5_000_000));
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.poll(None).len(), 1);
}

#[test]
fn what_has_no_room_stays_with_the_host() {
    let Some(mut bench) = Bench::with_set(1) else { return };
    for fd in 4..9 {
        bench.register(fd, token_of(fd), Interest::READABLE);
        bench.host.ready(fd, Direction::Read);
    }
    let mut told = bench.tokens();
    assert_eq!((told.len(), bench.host.set.len()), (1, 2));
    for _ in 0..4 {
        told.extend(bench.tokens());
    }
    told.sort_unstable();
    assert_eq!(told, [4, 5, 6, 7, 8]);
}

#[test]
fn both_directions_of_a_source_are_one_event_wherever_a_read_ends() {
    let Some(mut bench) = Bench::with_set(1) else { return };
    bench.register(4, 4, Interest::READABLE);
    bench.register(5, 5, BOTH);
    bench.register(6, 6, BOTH);
    for fd in 4..7 {
        bench.host.ready(fd, Direction::Read);
        bench.host.ready(fd, Direction::Write);
    }
    assert!(bench.one_event().is_readable());
    for _ in 0..2 {
        let event = bench.one_event();
        assert!(event.is_readable() && event.is_writable(), "{event:?}");
    }
}

#[test]
fn a_host_that_takes_fewer_changes_is_told_the_rest_before_the_poll() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.host.most_changes = Some(2);
    for fd in 4..9 {
        bench.register(fd, token_of(fd), Interest::READABLE);
    }
    bench.host.ready(8, Direction::Read);
    assert_eq!(bench.tokens(), [8]);
    assert_eq!(bench.host.writes, [5, 3, 1]);
}

#[test]
fn a_failed_descriptor_leaves_the_set_in_both_directions() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, BOTH);
    bench.host.answer(4, Direction::Read, Answer { error: EBADF, ..Answer::default() });
    assert!(bench.one_event().is_error());
    bench.host.quiet(4);
    assert_eq!(bench.tokens(), []);
    assert!(bench.host.set.is_empty(), "{:?}", bench.host.set);
}

#[test]
fn with_a_set_a_poll_that_nothing_could_end_is_still_refused() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    let error = bench.selector.poll(&mut bench.host, &mut bench.events, None).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    let key = bench.register(4, 4, BOTH);
    bench.selector.remove(key);
    let error = bench.selector.poll(&mut bench.host, &mut bench.events, None).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
