//! What `Runner` promises an embedder, promise by promise.

mod guest;

use guest::{Lines, PATIENCE, clock_subscription, module};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasi_poll_host::{Entry, Grants, Header, Killer, Limits, Module, Observe, Outcome, Runner, TraceFormat};
use wasi_poll_preview1::MemoryNetwork;

const READY: &str = "(call $say (i32.const 16) (i32.const 6))";

/// What a guest does last, and what that is to whoever runs it.
type Ending = (&'static str, fn(&Outcome) -> bool);

/// How a guest may end.
fn endings() -> [Ending; 4] {
    [
        ("(call $proc_exit (i32.const 3))", |outcome| *outcome == Outcome::Exited(3)),
        ("unreachable", |outcome| matches!(outcome, Outcome::Trapped { .. })),
        ("(drop (call $random_get (i32.const -8) (i32.const 16)))", |outcome| {
            matches!(outcome, Outcome::Trapped { .. })
        }),
        // Its switch, or its limit.
        ("(loop (br 0))", |outcome| matches!(outcome, Outcome::Killed | Outcome::TimedOut)),
    ]
}

/// A writer that keeps what it was given, and what of it was flushed.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut kept = self.0.lock().unwrap();
        kept.1 = kept.0.len();
        Ok(())
    }
}

#[test]
fn however_a_guest_ends_its_sockets_are_closed_its_output_written_and_its_files_as_it_left_them() {
    for (last, is_ending) in endings() {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("file"), "before").unwrap();
        // A connection is accepted and sent to; another one is open in the guest when it ends.
        let body = format!(
            "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 91))
             (call $must (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
                (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 36)) (i32.const 92))
             (call $iovec (i32.const 16) (i32.const 5))
             (call $must (call $fd_write (i32.load (i32.const 32)) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 93))
             (call $must (call $fd_write (i32.load (i32.const 36)) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 94))
             {READY} {last}"
        );
        let guest = module("(data (i32.const 8192) \"file\")", &body);
        let kept = Kept::default();
        let runner = Runner::new(&guest).unwrap().listen(None, ([127, 0, 0, 1], 0).into()).unwrap();
        let address = runner.listeners()[0].address;
        let mut peer = TcpStream::connect(address).unwrap();
        let runner = runner.dir(folder.path(), "/files").unwrap().stdout(kept.clone());
        let limits = Limits { wall_time: Some(Duration::from_millis(300)), ..Limits::default() };
        let outcome = runner.limits(limits).run().unwrap();
        assert!(is_ending(&outcome), "{last}: {outcome:?}");

        let mut heard = String::new();
        peer.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "ready", "{last}");
        is_free(address);
        assert_eq!(*kept.0.lock().unwrap(), (b"ready\n".to_vec(), 6), "{last}");
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"readye", "{last}");
    }
}

/// That nobody listens there any more.
#[track_caller]
fn is_free(address: SocketAddr) {
    TcpStream::connect(address).expect_err("somebody listens still");
    drop(TcpListener::bind(address).expect("the port is free"));
}

/// Tells of each call by its name.
struct Names(Sender<String>);

impl Observe for Names {
    fn begin(&mut self, _: &Header) {}

    fn entry(&mut self, entry: &Entry) {
        self.0.send(entry.call.to_string()).unwrap();
    }
}

#[test]
fn whoever_observes_is_told_of_the_end_last() {
    for (last, is_ending) in endings() {
        let (sender, told) = channel();
        let guest = module("", &format!("(drop (call $sock_shutdown (i32.const 3) (i32.const 1))) {last}"));
        let limits = Limits { wall_time: Some(Duration::from_millis(300)), ..Limits::default() };
        let outcome = Runner::new(&guest).unwrap().limits(limits).observe(Names(sender)).run().unwrap();
        assert!(is_ending(&outcome), "{last}: {outcome:?}");
        let told: Vec<String> = told.iter().collect();
        assert_eq!(told, ["sock_shutdown", "end"], "{last}");
    }
}

#[test]
fn a_runner_can_be_built_on_one_thread_and_run_on_another() {
    fn is_send<T: Send>(_: &T) {}
    let runner = Runner::new(&module("", "(call $proc_exit (i32.const 3))")).unwrap();
    is_send(&runner);
    assert_eq!(thread::spawn(|| runner.run()).join().unwrap().unwrap(), Outcome::Exited(3));
}

/// Names of this process's threads that a runner may have started.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| ["watchdog", "resolver", "kill"].contains(&name.trim())).count()
}

#[test]
fn no_thread_of_a_runner_is_left_when_it_has_returned() {
    let guest = module(
        "(data (i32.const 8192) \"dns/localhost\")",
        &format!(
            "(call $must (call $path_readlink (i32.const 3) (i32.const 8192) (i32.const 13) (i32.const 1024)
            (i32.const 512) (i32.const 40)) (i32.const 1)) {READY} (loop (br 0))"
        ),
    );
    let (stdout, lines) = Lines::new();
    let grants = Grants { dns: vec!["*".parse().unwrap()], ..Grants::default() };
    let limits = Limits { wall_time: Some(Duration::from_hours(1)), ..Limits::default() };
    let runner = Runner::new(&guest).unwrap().grants(grants).limits(limits).stdout(stdout);
    let killer = runner.killer();
    let running = thread::spawn(move || runner.run());
    assert_eq!(lines.recv_timeout(PATIENCE).unwrap(), "ready");
    killer.kill();
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
    // A thread's name may stay for a moment after it was joined; other tests have such threads, too.
    let began = Instant::now();
    while threads() > 0 {
        assert!(began.elapsed() < PATIENCE, "{} threads are left", threads());
        thread::yield_now();
    }
}

/// Panics when it is written to, told of a refusal, or of a call.
struct Panics;

impl Write for Panics {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("of the embedder's own")
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Panics {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("of the embedder's own")
    }
}

impl Observe for Panics {
    fn begin(&mut self, _: &Header) {}

    fn entry(&mut self, _: &Entry) {
        panic!("of the embedder's own")
    }
}

type Given = fn(Runner) -> Runner;

#[test]
fn a_panic_of_the_embedders_own_goes_on_and_ends_that_guest_alone() {
    let guest = module(
        "(data (i32.const 8192) \"tcp/connect/192.0.2.1:80\")",
        "
        (call $iovec (i32.const 1024) (i32.const 16))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (call $say (i32.const 16) (i32.const 6))
        (drop (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 24) (i32.const 0)
            (i64.const 0) (i64.const 0) (i32.const 4) (i32.const 32)))
        (call $proc_exit (i32.const 3))",
    );
    let other = Runner::new(&module("", "(loop (br 0))")).unwrap();
    let (killer, other) = (other.killer(), thread::spawn(move || other.run()));
    let given: [Given; 4] = [
        |runner| runner.stdin(Panics),
        |runner| runner.stdout(Panics),
        |runner| runner.observe(Panics),
        |runner| runner.on_refusal(|_| panic!("of the embedder's own")),
    ];
    for given in given {
        let runner = Runner::new(&guest).unwrap().listen(None, ([127, 0, 0, 1], 0).into()).unwrap();
        let (address, its_killer) = (runner.listeners()[0].address, runner.killer());
        let panic = catch_unwind(AssertUnwindSafe(|| given(runner).run())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"of the embedder's own"));
        is_free(address);
        its_killer.kill();
    }
    // The same module, again.
    let again = Runner::new(&guest).unwrap().listen(None, ([127, 0, 0, 1], 0).into()).unwrap();
    assert_eq!(again.run().unwrap(), Outcome::Exited(3));
    assert!(!other.is_finished());
    killer.kill();
    assert_eq!(other.join().unwrap().unwrap(), Outcome::Killed);
}

/// A stdout that says when it is written to, and then blocks until it is let go on.
struct Blocks {
    written: Sender<()>,
    go_on: Receiver<()>,
}

impl Write for Blocks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.send(()).map_err(io::Error::other)?;
        self.go_on.recv().map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_of_the_embedders_own_that_blocks_is_waited_for() {
    let ((written, is_written), (go, go_on)) = (channel(), channel());
    let guest = module("", &format!("{READY} (loop (br 0))"));
    let runner = Runner::new(&guest).unwrap().stdout(Blocks { written, go_on });
    let killer = runner.killer();
    let running = thread::spawn(move || runner.run());
    is_written.recv_timeout(PATIENCE).unwrap();
    killer.kill();
    assert!(!running.is_finished());
    go.send(()).unwrap();
    assert_eq!(running.join().unwrap().unwrap(), Outcome::Killed);
}

#[test]
fn a_module_runs_again_whatever_became_of_its_guests() {
    let guest = module(
        "",
        "
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)) (i32.const 1))
        (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 1))
        (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 2))
        ;; What the one before has left in its memory would be seen here.
        (call $is (i32.load8_u (i32.const 2048)) (i32.const 0) (i32.const 4))
        (i32.store8 (i32.const 2048) (i32.const 1))
        (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 116 (; t ;))) (then unreachable))
        (if (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 98 (; b ;))) (then (loop (br 0))))
        (call $proc_exit (i32.const 3))",
    );
    let limits = Limits { wall_time: Some(Duration::from_millis(100)), ..Limits::default() };
    let run = |word: &'static str| {
        Runner::new(&guest).unwrap().stdin(word.as_bytes()).limits(limits).run().unwrap()
    };
    for _ in 0..3 {
        assert_eq!(run("exit"), Outcome::Exited(3));
        assert!(matches!(run("trap"), Outcome::Trapped { .. }));
        assert_eq!(run("busy"), Outcome::TimedOut);
    }
}

#[test]
fn a_switch_that_was_pulled_ends_whoever_runs_with_it() {
    let (guest, killer) = (module("", "(call $proc_exit (i32.const 3))"), Killer::new());
    killer.kill();
    for _ in 0..2 {
        assert_eq!(Runner::with_killer(&guest, &killer).unwrap().run().unwrap(), Outcome::Killed);
    }
}

#[test]
fn on_a_deterministic_network_the_same_guest_makes_the_same_calls() {
    let items = format!("(data (i32.const 64) \"{}\")", clock_subscription(1, 1_500_000));
    let guest = module(&items, "
        (loop $again
            (call $must (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 1024)) (i32.const 1))
            (call $must (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1032)) (i32.const 2))
            (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 3))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (i32.const 10))))");
    let run = |guest: &Module| {
        let kept = Kept::default();
        let runner = Runner::on_network(guest, MemoryNetwork::new().with_tick_ns(1_000), Killer::new());
        let runner = runner.listen(None, ([10, 0, 0, 1], 80).into()).unwrap();
        assert_eq!(runner.trace(kept.clone(), TraceFormat::Json).run().unwrap(), Outcome::Exited(0));
        let kept = kept.0.lock().unwrap();
        String::from_utf8(kept.0.clone()).unwrap()
    };
    let once = run(&guest);
    assert_eq!(once.lines().count(), 1 + 3 * 10 + 1);
    assert_eq!(run(&guest), once);
}
