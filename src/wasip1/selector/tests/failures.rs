//! What the host says has failed or ended. The bench and its host are in the folder's `mod.rs`.

use std::io;
use std::os::fd::BorrowedFd;

use super::super::{Change, Host};
use super::{Answer, BOTH, Bench, Direction, EBADF, ECONNRESET, ERROR, HANGUP, Interest, Token, Trigger};

#[test]
fn a_failed_subscription_is_an_error_event_and_the_poll_succeeds_for_the_others() {
    let mut bench = Bench::new();
    let bad = bench.register(4, 4, BOTH);
    bench.register(5, 5, Interest::READABLE);
    let failed = Answer { error: EBADF, ..Answer::default() };
    bench.host.answer(4, Direction::Read, failed);
    bench.host.answer(4, Direction::Write, failed);
    bench.host.ready(5, Direction::Read);
    let events = bench.poll(None);
    assert_eq!(events.len(), 2);
    let event = events.iter().find(|event| event.token() == Token(4));
    let event = event.expect("the failed source's event");
    assert!(event.is_error() && event.is_readable() && event.is_writable());
    assert_eq!(bench.tokens(), [], "it doesn't fail again by itself");
    assert_eq!(bench.selector.take_errno(bad), Some(EBADF));
    assert_eq!(bench.selector.take_errno(bad), None);
}

#[test]
fn a_bare_descriptor_the_host_refuses_is_reported_once() {
    let mut bench = Bench::new();
    bench.selector.register(4, Token(4), BOTH, Trigger::Level).expect("a new registration");
    bench.host.answer(4, Direction::Read, Answer { error: EBADF, ..Answer::default() });
    assert!(bench.one_event().is_error());
    assert_eq!(bench.tokens(), []);
    bench.host.quiet(4);
    bench.host.ready(4, Direction::Read);
    bench.selector.reregister(4, Token(5), BOTH).expect("registered");
    assert_eq!(bench.tokens(), [5]);
    assert_eq!(bench.tokens(), [5], "it is level-triggered again");
}

#[test]
fn an_error_in_one_direction_wakes_the_directions_of_interest() {
    let mut bench = Bench::new();
    bench.register(4, 4, Interest::READABLE);
    let failed = Answer { error: EBADF, ..Answer::default() };
    bench.host.answer(4, Direction::Read, failed);
    let event = bench.one_event();
    assert!(event.is_error() && event.is_readable() && !event.is_writable());
}

#[test]
fn a_hangup_closes_the_direction_it_was_reported_for() {
    let mut bench = Bench::new();
    bench.register(4, 4, BOTH);
    let hangup = Answer { flags: HANGUP, ..Answer::default() };
    bench.host.answer(4, Direction::Read, hangup);
    let event = bench.one_event();
    assert!(event.is_readable() && event.is_read_closed() && !event.is_write_closed());
    bench.host.answer(4, Direction::Write, hangup);
    let event = bench.one_event();
    assert!(event.is_writable() && event.is_write_closed() && !event.is_read_closed());
}

#[test]
fn a_pending_socket_error_wakes_and_closes_both_directions() {
    let mut bench = Bench::new();
    let reset = bench.register(4, 4, BOTH);
    let answer = Answer { flags: ERROR | HANGUP, nbytes: u64::from(ECONNRESET), ..Answer::default() };
    bench.host.answer(4, Direction::Read, answer);
    let event = bench.one_event();
    assert!(event.is_error() && event.is_readable() && event.is_writable());
    assert!(event.is_read_closed() && event.is_write_closed());
    assert_eq!(bench.tokens(), [], "both directions are disarmed");
    assert_eq!(bench.selector.take_errno(reset), Some(ECONNRESET));
    assert_eq!(bench.selector.take_errno(reset), None);
}

#[test]
fn a_failed_poll_keeps_its_kind_and_loses_nothing() {
    let mut bench = Bench::new();
    bench.register(4, 4, Interest::READABLE);
    bench.host.ready(4, Direction::Read);
    bench.host.failure = Some(io::ErrorKind::Unsupported);
    let error = bench.selector.poll(&mut bench.host, &mut bench.events, None).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    assert!(bench.events.is_empty());
    assert_eq!(bench.tokens(), [4]);
}

#[test]
fn a_failed_poll_does_not_hold_back_what_is_queued() {
    let mut bench = Bench::new();
    bench.register(4, 4, Interest::READABLE);
    let waker = bench.selector.register_waker(Token(9));
    bench.selector.wake(waker);
    bench.host.failure = Some(io::ErrorKind::Unsupported);
    assert_eq!(bench.tokens(), [9]);
}

/// A host that answers what it wasn't asked.
struct Liar(Vec<wasi::Event>);

impl Host for Liar {
    fn poll_oneoff(
        &mut self,
        _subscriptions: &[wasi::Subscription],
        events: &mut Vec<wasi::Event>,
    ) -> io::Result<()> {
        events.clone_from(&self.0);
        Ok(())
    }

    fn write_changes(&mut self, _: BorrowedFd<'_>, changes: &[Change]) -> io::Result<usize> {
        Ok(changes.len())
    }

    fn read_events(&mut self, _: BorrowedFd<'_>, events: &mut Vec<wasi::Event>, _: usize) -> io::Result<()> {
        events.clone_from(&self.0);
        Ok(())
    }
}

#[test]
fn events_nobody_asked_for_are_dropped() {
    let mut bench = Bench::new();
    let former = bench.register(4, 4, BOTH);
    bench.selector.remove(former);
    let writer = bench.register(4, 5, Interest::WRITABLE);
    let event = |userdata, type_| wasi::Event {
        userdata,
        error: wasi::ERRNO_SUCCESS,
        type_,
        fd_readwrite: wasi::EventFdReadwrite { nbytes: 0, flags: 0 },
    };
    let mut liar = Liar(vec![
        event(former.userdata(), wasi::EVENTTYPE_FD_WRITE),
        event(writer.userdata(), wasi::EVENTTYPE_FD_READ),
        event(u64::MAX, wasi::EVENTTYPE_FD_READ),
        event(writer.userdata(), wasi::EVENTTYPE_CLOCK),
    ]);
    bench.selector.poll(&mut liar, &mut bench.events, None).expect("a poll");
    assert!(bench.events.is_empty(), "{:?}", bench.events);
    bench.selector.check_invariants();
}
