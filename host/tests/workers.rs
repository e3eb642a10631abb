//! Several workers in one program: what they share, and what the end of one does.

mod guest;
mod program;

use guest::text;
use program::Program;
use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Stdio};

/// Answers each connection with all of its variables and hangs up. A connection that begins with `t` makes it trap, one
/// with `q` makes it exit with 0, one with `f` with 7.
const SERVER: &str = "
    (call $must (call $environ_sizes_get (i32.const 64) (i32.const 68)) (i32.const 1))
    (call $must (call $environ_get (i32.const 1024) (i32.const 4096)) (i32.const 2))
    (loop
        (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 3))
        (local.set $fd (i32.load (i32.const 32)))
        (call $iovec (i32.const 40) (i32.const 1))
        (call $must (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 4))
        (local.set $n (i32.load8_u (i32.const 40)))
        (if (i32.eq (local.get $n) (i32.const 116)) (then unreachable))
        (if (i32.eq (local.get $n) (i32.const 113)) (then (call $proc_exit (i32.const 0))))
        (if (i32.eq (local.get $n) (i32.const 102)) (then (call $proc_exit (i32.const 7))))
        (call $iovec (i32.const 4096) (i32.load (i32.const 68)))
        (call $must (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 5))
        (call $must (call $fd_close (local.get $fd)) (i32.const 6))
        (br 0))";

/// The program with so many workers of a guest that listens, and where it does.
fn serve(program: &Program, workers: u16, arguments: &[&str]) -> (Child, BufReader<ChildStderr>, SocketAddr) {
    let guest = program.file("guest.wasm", text("", SERVER));
    let mut child = program
        .command()
        .args(["--listen=127.0.0.1:0", &format!("--workers={workers}")])
        .args(arguments)
        .arg(guest)
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    let told = line.strip_prefix("wasi-poll: listening on ").unwrap_or_else(|| panic!("{line:?}"));
    assert_eq!(line.contains(&format!("in each of {workers} workers")), workers > 1, "{line}");
    (child, stderr, told.split(' ').next().unwrap().parse().unwrap())
}

fn ask(address: SocketAddr, what: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(what.as_bytes()).unwrap();
    let mut answer = String::new();
    // A reset is what a connection sees that still waited for a worker that ended.
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn worker_of(answer: &str) -> Option<String> {
    let number = answer.split('\0').find_map(|variable| variable.strip_prefix("WASI_POLL_WORKER="));
    number.map(str::to_owned)
}

#[test]
fn connections_are_spread_over_the_workers_of_one_port() {
    let program = Program::new();
    let (mut child, _stderr, address) = serve(&program, 3, &[]);
    // By the sender's port, at random: that a worker of three gets none of 100 has a chance of 1 in 10^17.
    let answered: HashSet<_> = (0..100).filter_map(|_| worker_of(&ask(address, "a"))).collect();
    let all = ["0", "1", "2"].map(str::to_owned);
    assert_eq!(answered, HashSet::from(all));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "Ctrl-C ends them all");
}

#[test]
fn a_trap_in_one_worker_ends_them_all_and_says_in_which() {
    let program = Program::new();
    for (cause, code, told) in [
        ("t", 134, "the guest trapped: "),
        ("f", 7, "the guest exited with 7, and the other workers were ended"),
    ] {
        let (mut child, mut stderr, address) = serve(&program, 2, &[]);
        ask(address, cause);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let mut said = String::new();
        stderr.read_to_string(&mut said).unwrap();
        assert!(said.starts_with("wasi-poll: worker ") && said.contains(told), "{said}");
    }
}

#[test]
fn a_worker_that_is_done_leaves_the_others_to_go_on() {
    let program = Program::new();
    let (mut child, mut stderr, address) = serve(&program, 2, &[]);
    ask(address, "q");
    // The listener of the one that ended was closed before its connection: all come to the other one.
    let answered: HashSet<_> = (0..20).map(|_| worker_of(&ask(address, "a"))).collect();
    assert_eq!(answered.len(), 1, "{answered:?}");
    assert!(!answered.contains(&None), "one was not answered");
    ask(address, "q");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn only_the_first_worker_has_stdin() {
    // Each says what it reads, and ends.
    let body = "
        (call $iovec (i32.const 1024) (i32.const 512))
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 1))
        (call $say (i32.const 1024) (i32.load (i32.const 8)))";
    let program = Program::new();
    let guest = program.guest(body);
    let mut child = program.command().arg("--workers=4").arg(guest).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"once\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"once\n"[..]));
}

#[test]
fn each_worker_has_a_trace_of_its_own() {
    let program = Program::new();
    let path = program.folder.path().join("trace");
    let (mut child, _stderr, address) = serve(&program, 2, &[&format!("--trace={}", path.display())]);
    while fs::metadata(path.with_extension("0")).unwrap().len() == 0
        || fs::metadata(path.with_extension("1")).unwrap().len() == 0
    {
        ask(address, "a");
    }
    ask(address, "t");
    child.wait().unwrap();
    program.says(&["--workers=2", "--trace"], &program.guest(""), 2, "--trace=FILE writes FILE.0, FILE.1, …");
}

#[test]
fn a_port_that_somebody_else_shares_is_taken_all_the_same() {
    let program = Program::new();
    let (mut child, _stderr, address) = serve(&program, 2, &[]);
    let listen = format!("--listen={address}");
    let told = format!("cannot listen on {address}: address already in use");
    program.says(&[&listen, "--workers=2"], &program.guest(""), 2, &told);
    ask(address, "t");
    child.wait().unwrap();

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    program.says(&[&listen, "--workers=2"], &program.guest(""), 2, "address already in use");
}

#[test]
fn one_worker_is_told_of_no_number() {
    let program = Program::new();
    let (mut child, _stderr, address) = serve(&program, 1, &[]);
    assert_eq!(worker_of(&ask(address, "a")), None);
    ask(address, "q");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_number_of_workers_that_makes_no_sense_is_refused() {
    let program = Program::new();
    let guest = program.guest("");
    program.says(&["--workers=0"], &guest, 2, "1..=1024");
    program.says(&["--workers=many"], &guest, 2, "--workers");
}
