//! The kill switch ends a guest in every state, within a second.

mod guest;

use guest::{Lines, PATIENCE, clock_subscription, module, read_subscription};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_host::{Killer, Outcome, Runner};

const AT_ONCE: Duration = Duration::from_secs(1);

/// Runs a guest that says `ready` and then does what has no end; pulls the switch when it has said so.
#[track_caller]
fn ends_when_killed(items: &str, endless: &str) {
    let guest = module(items, &format!("(call $say (i32.const 16) (i32.const 6)) {endless}"));
    let (stdout, lines) = Lines::new();
    let runner = Runner::new(&guest)
        .and_then(|runner| runner.listen(None, ([127, 0, 0, 1], 0).into()))
        .expect("a listener")
        .stdout(stdout);
    let (killer, address) = (runner.killer(), runner.listeners()[0].address);
    let running = thread::spawn(move || runner.run());
    assert_eq!(lines.recv_timeout(PATIENCE).expect("the guest is ready"), "ready");
    // For the guests that accept; the others leave it pending.
    let _peer = TcpStream::connect(address).expect("connect to the guest");
    let pulled = Instant::now();
    killer.kill();
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
    assert!(pulled.elapsed() < AT_ONCE, "it took {:?}", pulled.elapsed());
}

#[test]
fn a_busy_loop_ends() {
    ends_when_killed("", "(loop (br 0))");
}

#[test]
fn a_loop_of_calls_that_fail_at_once_ends() {
    ends_when_killed("", "(loop (drop (call $fd_tell (i32.const 77) (i32.const 8))) (br 0))");
}

#[test]
fn a_poll_for_ever_ends() {
    // Of a stream that nobody writes to.
    ends_when_killed(
        &format!("(data (i32.const 64) \"{}\")", read_subscription(1, 5)),
        "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
         (drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))
         (call $proc_exit (i32.const 2))",
    );
}

#[test]
fn a_blocked_accept_ends() {
    // The second: the first finds the test's connection.
    ends_when_killed(
        "",
        "(drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)))
         (drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)))
         (call $proc_exit (i32.const 2))",
    );
}

#[test]
fn a_blocked_read_ends() {
    ends_when_killed(
        "",
        "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
         (call $iovec (i32.const 1024) (i32.const 16))
         (drop (call $fd_read (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 8)))
         (call $proc_exit (i32.const 2))",
    );
}

#[test]
fn a_blocked_write_ends() {
    // The peer never reads.
    ends_when_killed(
        "",
        "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
         (call $iovec (i32.const 0) (i32.const 65536))
         (loop
            (call $must (call $fd_write (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
            (br 0))",
    );
}

#[test]
fn a_sleep_ends() {
    ends_when_killed(
        &format!("(data (i32.const 64) \"{}\")", clock_subscription(1, 3_600_000_000_000)),
        "(drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))
         (call $proc_exit (i32.const 2))",
    );
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
