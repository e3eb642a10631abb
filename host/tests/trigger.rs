//! The same guest level-triggered and edge-triggered: who doesn't drain is told of, and who drains is left in peace.

mod guest;

use guest::{clock_subscription, read_subscription};
use std::path::Path;
use std::process::{Command, Output};
use wasi_poll_host::play::{Failure, Play, Report, Scenario, Trigger};
use wasi_poll_trace::Userdata;

/// Where its stream is: behind the listener and the network directory.
const STREAM: u32 = 5;

/// Takes one connection, and goes on with the stream.
fn server(turns: &str) -> String {
    server_with("", turns)
}

fn server_with(more: &str, turns: &str) -> String {
    let read = read_subscription(0x2, STREAM);
    let clock = clock_subscription(u64::MAX, 5_000_000);
    let items = format!("(data (i32.const 64) \"{read}\") (data (i32.const 112) \"{clock}\") {more}");
    let body = format!(
        "(call $must (call $sock_accept (i32.const 3) (i32.const 4) (i32.const 32)) (i32.const 1))
         (call $is (i32.load (i32.const 32)) (i32.const {STREAM}) (i32.const 2))
         {turns}"
    );
    guest::text(&items, &body)
}

/// Waits for the stream, or with a second subscription no longer than 5 ms.
fn poll(subscriptions: u32) -> String {
    format!(
        "(call $must (call $poll_oneoff (i32.const 64) (i32.const 512) (i32.const {subscriptions}) (i32.const 8))
            (i32.const 3))"
    )
}

/// Reads at most so many bytes; how many stands at 8, and the errno is left.
fn read(bytes: u32) -> String {
    format!(
        "(call $iovec (i32.const 1024) (i32.const {bytes}))
         (call $fd_read (i32.const {STREAM}) (i32.const 0) (i32.const 1) (i32.const 8))"
    )
}

/// Answers the stream.
fn answer() -> String {
    format!(
        "(call $iovec (i32.const 16) (i32.const 6))
         (call $must (call $fd_write (i32.const {STREAM}) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 4))"
    )
}

/// Answers after eight bytes, of which it takes four behind each poll.
fn half_drains() -> String {
    let four = format!("{} {} (i32.const 5) (call $must)", poll(1), read(4));
    server(&format!("{four} {four} {}", answer()))
}

/// The same, and takes four again and again until there are none.
fn drains() -> String {
    let until_again = format!(
        "(block $drained (loop $more {}
            (br_if $drained (i32.ne (i32.const 0))) (local.set $n (i32.add (local.get $n) (i32.load (i32.const 8))))
            (br $more)))",
        read(4)
    );
    server(&format!(
        "(loop $next {} {until_again} (br_if $next (i32.lt_u (local.get $n) (i32.const 8)))) {}",
        poll(1),
        answer()
    ))
}

/// Takes four bytes whenever it is told, for 5 polls that wait 5 ms at most.
fn wakes_by_a_timer() -> String {
    let four = format!("(if (i32.eq (i32.load8_u (i32.const 522)) (i32.const 1)) (then {} (drop)))", read(4));
    server(&format!(
        "(loop $next {} {four} (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $n) (i32.const 5))))",
        poll(2)
    ))
}

/// Takes four bytes, and then waits for another connection alone.
fn turns_away() -> String {
    let listener = read_subscription(0x1, 3);
    let turns = format!(
        "{} {} (i32.const 5) (call $must)
         (call $must (call $poll_oneoff (i32.const 160) (i32.const 512) (i32.const 1) (i32.const 8)) (i32.const 6))",
        poll(1),
        read(4)
    );
    server_with(&format!("(data (i32.const 160) \"{listener}\")"), &turns)
}

const ASKS: &str = "{ send = \"8 bytes.\" }, { expect = \"ready\" }, \"close\"";
const SENDS: &str = "{ send = \"8 bytes.\" }, { wait = \"1s\" }, \"close\"";

/// Writes the guest and its scenario.
fn written(folder: &Path, text: &str, steps: &str) -> String {
    std::fs::write(folder.join("guest.wat"), text).unwrap();
    let scenario = format!(
        "[[guest]]\nname = \"server\"\nmodule = \"guest.wat\"\nlisten = [\"10.0.0.1:80\"]\n
         [[peer]]\nname = \"client\"\nwithin = \"5s\"\nsteps = [{{ connect = \"10.0.0.1:80\" }}, {steps}]\n"
    );
    std::fs::write(folder.join("scenario.toml"), &scenario).unwrap();
    scenario
}

fn play(text: &str, steps: &str, trigger: Trigger) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::parse(&written(folder.path(), text, steps)).unwrap();
    let play = Play::new(scenario, &[folder.path().to_path_buf()]).unwrap();
    play.play(0, Vec::new(), trigger, None).unwrap()
}

/// What `wasi-poll play` says of it, and its exit code.
fn told(text: &str, steps: &str, flags: &[&str]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), text, steps);
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasi-poll"));
    let Output { stdout, stderr, status } =
        command.arg("play").args(flags).arg(folder.path().join("scenario.toml")).output().unwrap();
    (String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(), status.code())
}

#[test]
fn a_guest_that_reads_a_part_works_level_triggered_and_hangs_edge_triggered() {
    assert_eq!(play(&half_drains(), ASKS, Trigger::Level).failures, []);
    let failures = play(&half_drains(), ASKS, Trigger::Edge).failures;
    let [Failure::Undrained { guest, fd, userdata, told_by: None, .. }, Failure::Expectation { peer, .. }] =
        &failures[..]
    else {
        panic!("{failures:?}")
    };
    assert_eq!((&**guest, *fd, *userdata, &**peer), ("server", STREAM, Userdata(0x2), "client"));
}

#[test]
fn a_guest_that_reads_until_it_would_block_plays_the_same_either_way() {
    for trigger in [Trigger::Level, Trigger::Edge] {
        assert_eq!(play(&drains(), ASKS, trigger).failures, [], "{trigger}");
    }
    let (text, code) = told(&drains(), ASKS, &["--trigger", "both"]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn what_hangs_is_told_with_the_call_that_told_it() {
    let (text, code) = told(&half_drains(), ASKS, &["--trigger", "edge", "--trace", "/dev/null"]);
    let says = "the guest server waits for fd 5, userdata 0x2, of which it was told by #2 after";
    assert!(text.contains(says) && code == Some(1), "{text}");
    assert!(text.contains("wasi-poll play --seed 0 --trigger edge"), "{text}");
}

#[test]
fn a_difference_between_the_triggers_is_a_failure_of_every_seed() {
    let (text, code) = told(&half_drains(), ASKS, &["--trigger", "both", "--seeds", "0..3"]);
    assert!(text.contains("0 is the first that fails") && code == Some(1), "{text}");
    assert!(text.contains("edge-triggered alone, the guest server waits for fd 5"), "{text}");
    assert!(text.contains("exits with 0 level-triggered, and runs on edge-triggered"), "{text}");
}

#[test]
fn the_doctor_sees_an_edge_slept_over_though_the_guest_subscribes() {
    let (text, code) = told(&wakes_by_a_timer(), SENDS, &["--doctor", "note"]);
    assert_eq!(code, Some(0), "{text}");
    let (text, code) = told(&wakes_by_a_timer(), SENDS, &["--trigger", "edge", "--doctor", "error"]);
    assert!(text.contains("error: edge-not-drained, fd 5, userdata 0x2") && code == Some(1), "{text}");
    assert!(text.contains("slept and was not told again, while more was there"), "{text}");
    let (text, code) = told(&wakes_by_a_timer(), SENDS, &["--trigger", "both"]);
    assert!(text.contains("edge-triggered alone, the doctor finds error: edge-not-drained"), "{text}");
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn the_call_a_guest_waits_in_at_the_end_is_examined_too() {
    let (text, code) = told(&turns_away(), SENDS, &["--doctor", "error"]);
    assert!(text.contains("error: edge-not-drained, fd 5, userdata 0x2") && code == Some(1), "{text}");
    assert!(
        text.contains("slept without a subscription to it, while more was there, and is left so"),
        "{text}"
    );
}
