//! What changes where the host keeps the subscriptions: what it is told, when, and in how many calls.

use super::super::{Change, Host};
use super::*;
use std::os::fd::BorrowedFd;

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
    assert_eq!(bench.host.writes, [10], "one write, with the timeout");
    assert_eq!(bench.host.armed(), [(4, Direction::Read), (4, Direction::Write), (5, Direction::Write)]);
    assert_eq!(bench.tokens(), []);
    assert_eq!(bench.host.writes.len(), 1, "nothing changed, nothing is written");
}

#[test]
fn what_was_told_is_told_again_by_the_host_that_saw_it_drained() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    let key = bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert!(bench.host.armed().is_empty(), "the host has told it");
    assert_eq!(bench.tokens(), []);
    bench.host.drained(4, Direction::Read);
    bench.selector.drained(key, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert_eq!(bench.host.writes, [2], "what the host has seen it isn't told");
}

#[test]
fn what_may_be_ready_still_is_subscribed_again_by_a_change() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    let key = bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    bench.selector.rearm(key, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    assert_eq!(bench.host.writes, [2, 1]);
}

#[test]
fn what_was_drained_behind_the_pollers_back_is_told_again() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    bench.host.drained(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
}

#[test]
fn a_source_whose_operations_cannot_be_seen_is_subscribed_again_each_time() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.selector.register(0, Token(1), Interest::READABLE, Trigger::Level).expect("a new registration");
    bench.host.ready(0, Direction::Read);
    assert_eq!(bench.tokens(), [1]);
    assert!(bench.host.set.is_empty(), "an event ends it");
    assert_eq!(bench.tokens(), [1]);
    assert_eq!(bench.host.writes, [2, 1]);
}

#[test]
fn what_was_told_is_unsubscribed_with_its_source() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    let key = bench.register(4, 4, BOTH);
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.tokens(), [4]);
    bench.selector.remove(key);
    assert_eq!(bench.tokens(), []);
    assert!(bench.host.set.is_empty(), "{:?}", bench.host.set);
}

#[test]
fn a_poll_is_one_call_and_a_new_timeout_one_more() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, Interest::READABLE);
    assert!(bench.poll(Some(Duration::from_millis(5))).is_empty());
    assert_eq!(bench.host.calls.len(), 1, "{:?}", bench.host.calls);
    assert_eq!(bench.host.last_call().timeout_ns, Some(5_000_000));
    assert!(bench.poll(Some(Duration::from_millis(5))).is_empty());
    assert_eq!(bench.host.writes, [2], "it waits as long as the one before");
    bench.host.ready(4, Direction::Read);
    assert_eq!(bench.poll(None).len(), 1);
    assert_eq!(bench.host.last_call().timeout_ns, None);
    assert_eq!(bench.host.writes, [2, 1]);
}

#[test]
fn a_timeout_that_was_never_told_is_replaced() {
    let Some(mut bench) = Bench::with_set(16) else { return };
    bench.register(4, 4, Interest::READABLE);
    bench.host.most_changes = Some(0);
    let mut wait = |milliseconds| {
        let timeout = Duration::from_millis(milliseconds);
        let _ = bench.selector.poll(&mut Full(&mut bench.host), &mut bench.events, Some(timeout));
        bench.host.writes.pop()
    };
    assert_eq!((wait(1), wait(2), wait(3)), (Some(2), Some(2), Some(2)));
}

/// A host that has no room for changes.
struct Full<'a>(&'a mut Script);

impl Host for Full<'_> {
    fn poll_oneoff(&mut self, _: &[wasi::Subscription], _: &mut Vec<wasi::Event>) -> io::Result<()> {
        unreachable!("the set is read")
    }

    fn write_changes(&mut self, set: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize> {
        self.0.write_changes(set, changes)?;
        Err(io::ErrorKind::OutOfMemory.into())
    }

    fn read_events(&mut self, _: BorrowedFd<'_>, _: &mut Vec<wasi::Event>, _: usize) -> io::Result<()> {
        unreachable!("the changes come first")
    }
}

#[test]
fn what_has_no_room_stays_with_the_host() {
    let Some(mut bench) = Bench::with_set(1) else { return };
    for fd in 4..9 {
        bench.register(fd, token_of(fd), Interest::READABLE);
        bench.host.ready(fd, Direction::Read);
    }
    let mut told = bench.tokens();
    assert_eq!((told.len(), bench.host.armed().len()), (1, 2));
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
    assert_eq!(bench.host.writes, [6, 4, 2]);
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
