//! The kill switch ends a guest in every state, within a second.

mod guest;

use guest::{Lines, PATIENCE, clock_subscription, module, read_subscription, sleeps};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_host::{Killer, Outcome, Runner};

const AT_ONCE: Duration = Duration::from_secs(1);

/// What the guest does that is ended.
#[derive(PartialEq, Eq)]
enum Does {
    Compute,
    /// Its thread sleeps by then.
    Wait,
}

/// Runs a guest that does what comes before, says `ready` and then does what has no end; pulls the switch when it does.
#[track_caller]
fn ends_when_killed(does: &Does, items: &str, before: &str, endless: &str) {
    let body = format!(
        "{before} (call $say (i32.const 16) (i32.const 6)) {endless} (call $proc_exit (i32.const 7))"
    );
    let guest = module(items, &body);
    let (stdout, lines) = Lines::new();
    let runner = Runner::new(&guest)
        .and_then(|runner| runner.listen(None, ([127, 0, 0, 1], 0).into()))
        .expect("a listener")
        .stdout(stdout);
    let (killer, address) = (runner.killer(), runner.listeners()[0].address);
    // For the guests that accept; the others leave it pending.
    let _peer = TcpStream::connect(address).expect("connect to the guest");
    let (sender, thread) = channel();
    let running = thread::spawn(move || {
        sender.send(std::fs::read_link("/proc/thread-self").expect("this thread")).expect("the test");
        runner.run()
    });
    let thread = Path::new("/proc").join(thread.recv().expect("the guest's thread"));
    assert_eq!(lines.recv_timeout(PATIENCE).expect("the guest is ready"), "ready");
    let began = Instant::now();
    while *does == Does::Wait && !sleeps(&thread) {
        assert!(began.elapsed() < PATIENCE, "it doesn't wait");
    }
    let pulled = Instant::now();
    killer.kill();
    while !running.is_finished() {
        assert!(pulled.elapsed() < AT_ONCE, "it goes on");
        thread::yield_now();
    }
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
}

const ACCEPTS: &str =
    "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))";

#[test]
fn a_busy_loop_ends() {
    ends_when_killed(&Does::Compute, "", "", "(loop (br 0))");
}

#[test]
fn a_loop_of_calls_that_fail_at_once_ends() {
    let calls = "(loop (drop (call $fd_tell (i32.const 77) (i32.const 8))) (br 0))";
    ends_when_killed(&Does::Compute, "", "", calls);
}

#[test]
fn a_poll_for_ever_ends() {
    // Of a stream that nobody writes to.
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(1, 5));
    let poll = "(drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))";
    ends_when_killed(&Does::Wait, &items, ACCEPTS, poll);
}

#[test]
fn a_blocked_accept_ends() {
    // The second: the first finds the test's connection.
    let accept = "(drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)))";
    ends_when_killed(&Does::Wait, "", ACCEPTS, accept);
}

#[test]
fn a_blocked_read_ends() {
    let read = "(call $iovec (i32.const 1024) (i32.const 16))
        (drop (call $fd_read (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 8)))";
    ends_when_killed(&Does::Wait, "", ACCEPTS, read);
}

#[test]
fn a_blocked_write_ends() {
    // The peer never reads.
    let write = "(call $iovec (i32.const 0) (i32.const 65536))
        (loop
            (call $must (call $fd_write (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
            (br 0))";
    ends_when_killed(&Does::Wait, "", ACCEPTS, write);
}

#[test]
fn a_sleep_ends() {
    let items = format!("(data (i32.const 64) \"{}\")", clock_subscription(1, 3_600_000_000_000));
    let poll = "(drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))";
    ends_when_killed(&Does::Wait, &items, "", poll);
}

#[test]
fn a_switch_pulled_before_the_start_ends_it_at_once() {
    let runner = Runner::new(&module("", "(loop (br 0))")).unwrap();
    runner.killer().kill();
    assert_eq!(runner.run().unwrap(), Outcome::Killed);
}

#[test]
fn one_switch_ends_one_guest() {
    let guest = module("", "(call $say (i32.const 16) (i32.const 6)) (loop (br 0))");
    let start = |stdout| {
        let runner = Runner::new(&guest).unwrap().stdout(stdout);
        let killer: Killer = runner.killer();
        (killer, thread::spawn(move || runner.run()))
    };
    let ((stdout, lines), (other_stdout, other_lines)) = (Lines::new(), Lines::new());
    let (killer, running) = start(stdout);
    let (other_killer, other_running) = start(other_stdout);
    lines.recv_timeout(PATIENCE).unwrap();
    other_lines.recv_timeout(PATIENCE).unwrap();
    killer.kill();
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
    assert!(!other_running.is_finished(), "the other guest ended, too");
    other_killer.kill();
    assert_eq!(other_running.join().unwrap().unwrap(), Outcome::Killed);
}
