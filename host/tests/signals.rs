//! Ctrl-C and SIGTERM: how soon a guest is gone, whatever it does, and how it is let to finish.

mod guest;
mod program;

use guest::{PATIENCE, clock_subscription, read_subscription, sleeps, text};
use program::{Program, full_listener};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{read_dir, read_to_string};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// A signal ends a guest within this.
const SOON: Duration = Duration::from_millis(50);
/// A machine that does much else may be late now and then; a program that takes too long is late each time.
const ATTEMPTS: usize = 8;

/// A guest that was started and said that it is ready.
struct Started {
    child: Child,
    /// One connection to its listener.
    peer: TcpStream,
    address: SocketAddr,
    _stdin: ChildStdin,
    _stdout: BufReader<ChildStdout>,
    /// What it says beside that it listens.
    stderr: BufReader<ChildStderr>,
}

/// Starts a guest of a program that has to stay: with a listener at fd 3, a directory with a FIFO in it at fd 4, and `/net` at fd 5, connects to it,
/// and waits until it says `ready`.
fn start(program: &Program, arguments: &[&str], items: &str, body: &str) -> Started {
    let guest = program.file("guest.wasm", text(items, body));
    let folder = program.folder.path().join("d");
    if std::fs::create_dir(&folder).is_ok() {
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, folder.join("fifo"), fifo, 0o600.into(), 0).unwrap();
    }
    let mut child = program
        .command()
        .args([
            "--listen=127.0.0.1:0",
            "--allow-connect=127.0.0.1",
            &format!("--dir={}::/d", folder.display()),
        ])
        .args(arguments)
        .arg(guest)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut line).unwrap();
    let told = line.strip_prefix("wasi-poll: listening on ").unwrap_or_else(|| panic!("{line:?}"));
    let address = told.split(' ').next().unwrap().parse().unwrap();
    let peer = TcpStream::connect(address).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    line.clear();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    Started { _stdin: child.stdin.take().unwrap(), child, peer, address, _stdout: stdout, stderr }
}

impl Started {
    /// Returns when the guest waits for something.
    fn waits(&self) {
        let tasks = Path::new("/proc").join(self.child.id().to_string()).join("task");
        let is_guest = |task: &Path| read_to_string(task.join("comm")).is_ok_and(|name| name == "guest\n");
        let began = Instant::now();
        loop {
            let tasks = read_dir(&tasks).unwrap().map(|task| task.unwrap().path());
            if tasks.into_iter().any(|task| is_guest(&task) && sleeps(&task)) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "it doesn't wait");
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn exits_with(&mut self, code: i32) {
        let ended = self.child.wait().unwrap();
        let mut complaints = String::new();
        self.stderr.read_to_string(&mut complaints).unwrap();
        assert_eq!(ended.code(), Some(code), "{complaints}");
    }
}

const READY: &str = "(call $say (i32.const 16) (i32.const 6))";
const ACCEPT: &str =
    "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))";

/// That both signals end a guest that waits so for ever, each soon.
#[track_caller]
fn ends_soon(items: &str, body: &str) {
    ends_soon_on(&Program::new(), &[], items, body, Started::waits);
}

/// The same of a guest that computes.
#[track_caller]
fn busy_ends_soon(body: &str) {
    ends_soon_on(&Program::new(), &[], "", body, |_| {});
}

#[track_caller]
fn ends_soon_on(program: &Program, arguments: &[&str], items: &str, body: &str, is_there: fn(&Started)) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let took = (0..ATTEMPTS).map(|_| {
            let mut started = start(program, arguments, items, body);
            is_there(&started);
            let sent = Instant::now();
            started.signal(signal);
            started.exits_with(code);
            sent.elapsed()
        });
        let mut late = Vec::new();
        for took in took {
            if took <= SOON {
                late.clear();
                break;
            }
            late.push(took);
        }
        assert!(late.is_empty(), "{signal:?} took {late:?}");
    }
}

#[test]
fn a_busy_loop_ends_soon() {
    busy_ends_soon(&format!("{READY} (loop (br 0))"));
}

#[test]
fn a_loop_of_calls_ends_soon() {
    busy_ends_soon(&format!("{READY} (loop (drop (call $fd_tell (i32.const 77) (i32.const 8))) (br 0))"));
}

#[test]
fn a_poll_for_ever_ends_soon() {
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(1, 6));
    let poll = "(drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))";
    ends_soon(&items, &format!("{ACCEPT} {READY} {poll}"));
}

#[test]
fn a_sleep_ends_soon() {
    let items = format!("(data (i32.const 64) \"{}\")", clock_subscription(1, 3_600_000_000_000));
    let poll = "(drop (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)))";
    ends_soon(&items, &format!("{READY} {poll}"));
}

#[test]
fn a_blocked_accept_ends_soon() {
    ends_soon("", &format!("{ACCEPT} {READY} {ACCEPT}"));
}

#[test]
fn a_blocked_read_ends_soon() {
    let read = "(call $iovec (i32.const 1024) (i32.const 16))
        (drop (call $fd_read (i32.const 6) (i32.const 0) (i32.const 1) (i32.const 8)))";
    ends_soon("", &format!("{ACCEPT} {READY} {read}"));
}

#[test]
fn a_blocked_write_ends_soon() {
    // The peer never reads.
    let write = "(call $iovec (i32.const 0) (i32.const 65536))
        (loop (drop (call $fd_write (i32.const 6) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))";
    ends_soon("", &format!("{ACCEPT} {READY} {write}"));
}

#[test]
fn a_blocked_connect_ends_soon() {
    let (address, _open) = full_listener();
    let path = format!("tcp/connect/{address}");
    let connect = format!(
        "(drop (call $path_open (i32.const 5) (i32.const 0) (i32.const 8192) (i32.const {}) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32)))",
        path.len()
    );
    ends_soon(&format!("(data (i32.const 8192) {path:?})"), &format!("{READY} {connect}"));
}

#[test]
fn a_look_up_that_nobody_answers_ends_soon() {
    let look_up = "(drop (call $path_readlink (i32.const 5) (i32.const 8192) (i32.const 13) (i32.const 1024)
        (i32.const 512) (i32.const 40)))";
    let items = "(data (i32.const 8192) \"dns/name.test\")";
    ends_soon_on(
        &Program::on_silent_names(),
        &["--allow-dns=*"],
        items,
        &format!("{READY} {look_up}"),
        Started::waits,
    );
}

#[test]
fn a_connect_whose_rule_nobody_answers_for_ends_soon_though_it_is_not_to_block() {
    let connect =
        "(drop (call $path_open (i32.const 5) (i32.const 0) (i32.const 8192) (i32.const 24) (i32.const 0)
        (i64.const 0) (i64.const 0) (i32.const 4) (i32.const 32)))";
    let items = "(data (i32.const 8192) \"tcp/connect/192.0.2.1:80\")";
    let allowed = &["--allow-connect=name.test:80"];
    ends_soon_on(&Program::on_silent_names(), allowed, items, &format!("{READY} {connect}"), Started::waits);
}

#[test]
fn a_blocked_stdin_ends_soon() {
    let read = "(call $iovec (i32.const 1024) (i32.const 16))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))";
    ends_soon("", &format!("{READY} {read}"));
}

#[test]
fn a_blocked_stdout_ends_soon() {
    let write = "(call $iovec (i32.const 0) (i32.const 65536))
        (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))";
    ends_soon("", &format!("{READY} {write}"));
}

#[test]
fn a_fifo_that_nobody_else_opens_ends_soon() {
    let open =
        "(drop (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))";
    ends_soon("(data (i32.const 8192) \"fifo\")", &format!("{READY} {open}"));
}

/// Echoes what one connection sends until its end, and then the next one's.
const ECHO: &str = "
    (loop $next
        (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
        (local.set $fd (i32.load (i32.const 32)))
        (call $say (i32.const 16) (i32.const 6))
        (loop $more
            (call $iovec (i32.const 1024) (i32.const 64))
            (call $must (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
            (call $iovec (i32.const 1024) (i32.load (i32.const 8)))
            (if (i32.load (i32.const 8)) (then
                (call $must
                    (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
                (br $more))))
        (call $must (call $fd_close (local.get $fd)) (i32.const 4))
        (br $next))";

/// Waits until nobody can connect any more.
#[track_caller]
fn closes(address: SocketAddr) {
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < PATIENCE, "it still listens");
    }
}

#[track_caller]
fn echoes(peer: &mut TcpStream) {
    let mut heard = [0; 5];
    peer.write_all(b"hello").unwrap();
    peer.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
}

#[test]
fn with_a_grace_a_guest_finishes_the_connections_it_has_and_gets_no_more() {
    let program = Program::new();
    let mut started = start(&program, &["--grace=1h"], "", ECHO);
    echoes(&mut started.peer);
    started.signal(Signal::TERM);
    closes(started.address);
    echoes(&mut started.peer);
    started.peer.shutdown(std::net::Shutdown::Write).unwrap();
    // It waits for connections alone now, and none can come.
    started.exits_with(0);
    let mut rest = Vec::new();
    started.peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

#[test]
fn a_guest_that_polls_its_listener_alone_finishes_at_once() {
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(1, 3));
    let poll = "(call $must
        (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 5))";
    // Twice: the first tells of the connection. The second must not tell of the closed listener.
    let body = format!(
        "{poll} {ACCEPT} (call $must (call $fd_close (i32.load (i32.const 32))) (i32.const 6)) {READY} {poll}
         (call $proc_exit (i32.const 7))"
    );
    // Of two workers, one gets the connection, and the other one waits in its first poll.
    for workers in ["--workers=1", "--workers=2"] {
        let program = Program::new();
        let mut started = start(&program, &["--grace=1h", workers], &items, &body);
        started.signal(Signal::TERM);
        started.exits_with(0);
    }
}

#[test]
fn a_guest_that_has_not_finished_when_its_grace_is_over_is_ended() {
    let program = Program::new();
    let mut started = start(&program, &["--grace=200ms"], "", ECHO);
    let sent = Instant::now();
    started.signal(Signal::TERM);
    closes(started.address);
    started.exits_with(143);
    assert!(sent.elapsed() >= Duration::from_millis(200), "its grace was {:?}", sent.elapsed());
}

#[test]
fn a_second_signal_ends_a_grace() {
    let program = Program::new();
    for (second, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut started = start(&program, &["--grace=1h"], "", ECHO);
        started.signal(Signal::TERM);
        closes(started.address);
        started.signal(second);
        started.exits_with(code);
    }
    // Ctrl-C is no request to finish.
    let mut started = start(&program, &["--grace=1h"], "", ECHO);
    started.signal(Signal::INT);
    started.exits_with(130);
}

#[test]
fn a_listener_that_was_handed_over_stays_open_for_its_owner() {
    let program = Program::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let plain = program.command();
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 0</dev/null"]).arg(plain.get_program());
    command.args(plain.get_args()).args(["--listen-fds", "--grace=1h"]).arg(program.guest(ECHO));
    command.env("LISTEN_FDS", "1").stdin(OwnedFd::from(listener.try_clone().unwrap()));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut peer = TcpStream::connect(address).unwrap();
    echoes(&mut peer);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    echoes(&mut peer);
    drop(peer);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // For the next one.
    let waiting = TcpStream::connect(address).unwrap();
    assert_eq!(listener.accept().unwrap().1, waiting.local_addr().unwrap());
}
