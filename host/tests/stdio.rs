//! stdin, stdout and stderr of the program, and the signals that reach it.

mod guest;
mod program;

use guest::{PATIENCE, text};
use program::{Program, start};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Instant;

#[test]
fn a_signal_ends_a_guest_in_any_state_and_tells_the_shell() {
    use rustix::process::{Pid, Signal, kill_process};
    let ready = "(call $say (i32.const 16) (i32.const 6)) (call $iovec (i32.const 1024) (i32.const 16))";
    for endless in [
        "(loop (br 0))",
        "(drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))",
        "(drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 8)))",
        // Nobody reads what it writes.
        "(call $iovec (i32.const 0) (i32.const 65536))
         (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))",
    ] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
            let program = Program::new();
            let guest = program.guest(&format!("{ready} {endless}"));
            let (mut child, _stdout) = start(&program, &guest, Stdio::piped());
            let _stdin = child.stdin.take();
            let sent = Instant::now();
            kill_process(Pid::from_child(&child), signal).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{endless}");
            assert!(sent.elapsed().as_millis() < 1000, "{endless} took {:?}", sent.elapsed());
        }
    }
}

#[test]
fn a_closed_stdout_is_the_guests_broken_pipe_and_no_fault_of_the_host() {
    let body = "
        (call $say (i32.const 16) (i32.const 6))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $iovec (i32.const 16) (i32.const 6))
        (call $proc_exit (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))";
    let program = Program::new();
    let (mut child, stdout) = start(&program, &program.guest(body), Stdio::piped());
    drop(stdout);
    drop(child.stdin.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    // EPIPE.
    assert_eq!(child.wait().unwrap().code(), Some(64), "{stderr}");
}

#[test]
fn a_polled_stdin_is_ready_when_it_has_bytes_and_a_read_takes_no_more_than_it_asks_for() {
    let subscription = guest::read_subscription(7, 0);
    let items = format!("(data (i32.const 64) \"{subscription}\")");
    // Twice: a poll, and a read of one byte. Then a poll that tells the end, and the end.
    let one = "
        (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 1))
        (call $is (i32.load (i32.const 256)) (i32.const 7) (i32.const 2))
        (call $iovec (i32.const 1024) (i32.const 1))
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
        (local.set $n (i32.add (i32.mul (local.get $n) (i32.const 10)) (i32.load (i32.const 8))))";
    let body = format!(
        "(call $say (i32.const 16) (i32.const 6)) {one} {one} {one} (call $proc_exit (local.get $n))"
    );
    let program = Program::new();
    let (mut child, _stdout) =
        start(&program, &program.file("guest.wasm", text(&items, &body)), Stdio::piped());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"ab").unwrap();
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(110));
}

#[test]
fn a_nonblocking_stdin_answers_eagain_and_is_so_for_the_guest_alone() {
    let body = "
        (call $must (call $fd_fdstat_set_flags (i32.const 0) (i32.const 4)) (i32.const 1))
        (call $must (call $fd_fdstat_get (i32.const 0) (i32.const 64)) (i32.const 2))
        (call $is (i32.load16_u (i32.const 66)) (i32.const 4) (i32.const 3))
        (call $iovec (i32.const 1024) (i32.const 16))
        (call $is
            (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 6) (i32.const 4))
        (call $say (i32.const 16) (i32.const 6))";
    let program = Program::new();
    let guest = program.guest(body);
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let shared = theirs.try_clone().unwrap();
    let (mut child, _stdout) = start(&program, &guest, OwnedFd::from(theirs).into());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!rustix::fs::fcntl_getfl(&shared).unwrap().contains(rustix::fs::OFlags::NONBLOCK));
    drop(ours);
}

#[test]
fn a_file_as_stdin_is_always_ready() {
    let items = format!("(data (i32.const 64) \"{}\")", guest::read_subscription(7, 0));
    let body = "
        (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 1))
        (call $iovec (i32.const 1024) (i32.const 16))
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
        (call $proc_exit (i32.load (i32.const 8)))";
    let program = Program::new();
    let guest = program.file("guest.wasm", text(&items, body));
    let file = fs::File::open(program.file("input", "abc")).unwrap();
    let began = Instant::now();
    assert_eq!(program.command().arg(guest).stdin(file).status().unwrap().code(), Some(3));
    assert!(began.elapsed() < PATIENCE);
}

#[test]
fn a_full_stdout_is_not_writable() {
    // Writes until a poll of stdout and a clock that has expired tells of the clock alone.
    let items = format!(
        "(data (i32.const 64) \"{}{}\")",
        guest::write_subscription(1, 1),
        guest::clock_subscription(2, 0)
    );
    let body = "
        (call $iovec (i32.const 1024) (i32.const 65536))
        (loop
            (call $must
                (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 2) (i32.const 12)) (i32.const 1))
            (if (i32.eq (i32.load (i32.const 12)) (i32.const 1))
                (then (call $proc_exit (i32.add (i32.load (i32.const 256)) (i32.const 40)))))
            (call $must (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
            (br 0))";
    let program = Program::new();
    let guest = program.file("guest.wasm", text(&items, body));
    let mut child = program.command().arg(guest).spawn().unwrap();
    let _unread = child.stdout.take();
    assert_eq!(child.wait().unwrap().code(), Some(42));
}
