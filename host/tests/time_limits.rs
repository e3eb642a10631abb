//! Limits of time, of the clock's and of the processor's.

mod guest;
mod program;

use guest::{clock_subscription, module, text};
use program::Program;
use std::time::{Duration, Instant};
use wasi_poll_host::{Limits, Outcome, Runner};

const BUSY: &str = "(loop (br 0))";

fn sleep(timeout: Duration) -> (String, &'static str) {
    let record = clock_subscription(1, timeout.as_nanos() as u64);
    let poll = "(call $must
        (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 1))";
    (format!("(data (i32.const 64) \"{record}\")"), poll)
}

#[test]
fn a_guest_that_runs_for_too_long_ends_with_124_whatever_it_does() {
    let program = Program::new();
    let folder = program.folder.path().join("d");
    std::fs::create_dir(&folder).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, folder.join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let (asleep, poll) = sleep(Duration::from_hours(1));
    for (items, endless) in [
        ("", BUSY),
        (asleep.as_str(), poll),
        ("", "(drop (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 8)))"),
        // Nobody ever opens its other end.
        (
            "(data (i32.const 8192) \"fifo\")",
            "(drop (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))",
        ),
    ] {
        let guest = program.file("guest.wasm", text(items, endless));
        let (dir, began) = (format!("--dir={}::/d", folder.display()), Instant::now());
        program.says(
            &["--timeout=150ms", "--listen=127.0.0.1:0", &dir],
            &guest,
            124,
            "the guest ran for longer than --timeout, and was ended",
        );
        assert!(began.elapsed() >= Duration::from_millis(150), "{endless} ended early");
        assert!(began.elapsed() < guest::PATIENCE, "{endless} took {:?}", began.elapsed());
    }
}

#[test]
fn a_look_up_that_nobody_answers_ends_with_124() {
    let program = Program::on_silent_names();
    let look_up = "(drop (call $path_readlink (i32.const 3) (i32.const 8192) (i32.const 13) (i32.const 1024)
        (i32.const 512) (i32.const 40)))";
    let guest = program.file("guest.wasm", text("(data (i32.const 8192) \"dns/name.test\")", look_up));
    let began = Instant::now();
    let arguments = &["--timeout=150ms", "--allow-dns=*"];
    program.says(arguments, &guest, 124, "the guest ran for longer than --timeout, and was ended");
    assert!(began.elapsed() >= Duration::from_millis(150), "it ended early");
    // A look-up is given up after ten seconds.
    assert!(began.elapsed() < Duration::from_secs(9), "it took {:?}", began.elapsed());
}

#[test]
fn a_guest_that_uses_too_much_cpu_time_ends_with_152() {
    let program = Program::new();
    let busy = program.guest(BUSY);
    program.says(
        &["--max-cpu=50ms"],
        &busy,
        152,
        "the guest used more CPU time than --max-cpu, and was ended",
    );
    // A loop of host calls, too.
    let calls = program.guest("(loop (drop (call $fd_tell (i32.const 77) (i32.const 8))) (br 0))");
    program.says(&["--max-cpu=50ms", "--workers=2"], &calls, 152, "the guest used more CPU time");
    program.says(&["--max-cpu=0s"], &busy, 2, "it is no time at all");
    program.says(&["--timeout=5"], &busy, 2, "a duration looks like 500ms, 10s or 1h30m");
}

#[test]
fn time_asleep_is_no_cpu_time() {
    let (items, poll) = sleep(Duration::from_millis(300));
    let limits = Limits { cpu_time: Some(Duration::from_millis(100)), ..Limits::default() };
    let ended = Runner::new(&module(&items, poll)).unwrap().limits(limits).run();
    assert_eq!(ended.unwrap(), Outcome::Exited(0));
    // It is asked when it goes on, and then counts.
    let ended = Runner::new(&module(&items, &format!("{poll} {BUSY}"))).unwrap().limits(limits).run();
    assert_eq!(ended.unwrap(), Outcome::OutOfCpuTime);
}

#[test]
fn a_limit_of_one_guest_ends_no_other() {
    let killer = wasi_poll_host::Killer::new();
    let guest = module("", BUSY);
    let limits = Limits { wall_time: Some(Duration::from_millis(50)), ..Limits::default() };
    let other = Runner::with_killer(&guest, &killer).unwrap();
    let other = std::thread::spawn(move || other.run());
    let ended = Runner::with_killer(&guest, &killer).unwrap().limits(limits).run();
    assert_eq!(ended.unwrap(), Outcome::TimedOut);
    assert!(!other.is_finished() && !killer.is_killed());
    killer.kill();
    assert_eq!(other.join().unwrap().unwrap(), Outcome::Killed);
}
