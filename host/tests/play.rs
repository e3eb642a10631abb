//! Playing one guest: virtual time, what follows from the seed, and what counts as a failure. Guests that talk to each
//! other are the conformance package's.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wasi_poll_host::Outcome;
use wasi_poll_host::play::{Failure, FaultKind, Play, Report, Scenario, ScheduledFault, Span, Trigger};

/// A guest of these imports and this body, with 64 KiB of memory.
fn guest(imports: &str, body: &str) -> String {
    let import = |line: &str| {
        let (name, kind) = line.trim().split_once(' ').unwrap();
        format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {kind}))")
    };
    let imports: Vec<String> = imports.lines().filter(|line| !line.trim().is_empty()).map(import).collect();
    format!(
        "(module {} (memory (export \"memory\") 1) (func (export \"_start\") {body}))",
        imports.join("\n")
    )
}

const POLL: &str = "poll_oneoff (param i32 i32 i32 i32) (result i32)";
const EXIT: &str = "proc_exit (param i32)";
const CLOCK: &str = "clock_time_get (param i32 i64 i32) (result i32)";
const RANDOM: &str = "random_get (param i32 i32) (result i32)";
const WRITE: &str = "fd_write (param i32 i32 i32 i32) (result i32)";

/// Waits for so many nanoseconds: a subscription at 0, the event at 64, their count at 128.
fn sleep(ns: u64) -> String {
    format!(
        "(i32.store8 (i32.const 8) (i32.const 0)) (i32.store (i32.const 16) (i32.const 1))
         (i64.store (i32.const 24) (i64.const {ns}))
         (drop (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))"
    )
}

/// Writes `length` bytes at 256 to stdout.
fn print(length: u32) -> String {
    format!(
        "(i32.store (i32.const 512) (i32.const 256)) (i32.store (i32.const 516) (i32.const {length}))
         (drop (call $fd_write (i32.const 1) (i32.const 512) (i32.const 1) (i32.const 520)))"
    )
}

fn play(more: &str, text: &str, seed: u64, faults: Vec<ScheduledFault>) -> Report {
    play_until(None, more, text, seed, faults)
}

fn play_until(until: Option<Span>, more: &str, text: &str, seed: u64, faults: Vec<ScheduledFault>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("guest.wat"), text).unwrap();
    let text = format!("[[guest]]\nname = \"guest\"\nmodule = \"guest.wat\"\n{more}");
    let scenario = Scenario { until, ..Scenario::parse(&text).unwrap() };
    let play = Play::new(scenario, &[folder.path().to_path_buf()]).unwrap();
    play.play(seed, faults, Trigger::Level, None).unwrap()
}

#[test]
fn a_day_of_an_idle_guest_takes_milliseconds() {
    let minute = sleep(60_000_000_000);
    let body = format!(
        "(local $left i32) (local.set $left (i32.const 1439))
         (loop $next {minute} (local.set $left (i32.sub (local.get $left) (i32.const 1)))
           (br_if $next (local.get $left)))"
    );
    let begun = Instant::now();
    let report = play("exit = 0", &guest(POLL, &body), 0, Vec::new());
    assert_eq!(report.failures, []);
    assert!(report.took >= Span::from_secs(1439 * 60), "{}", report.took);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn random_numbers_and_clocks_follow_from_the_seed() {
    let body = format!(
        "(drop (call $random_get (i32.const 256) (i32.const 16)))
         (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 272)))
         (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 280))) {}",
        print(32)
    );
    let text = guest(&[RANDOM, CLOCK, WRITE].join("\n"), &body);
    let said = |seed| play("", &text, seed, Vec::new()).said;
    assert_eq!(said(1), said(1));
    assert_ne!(said(1)[0].bytes[..16], said(2)[0].bytes[..16]);
    assert_eq!(said(1)[0].bytes[16..], said(2)[0].bytes[16..], "the time is the same in both");
}

#[test]
fn a_guest_that_never_waits_still_sees_time_pass() {
    // Until a second is over.
    let body = "(loop $again (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 256)))
        (br_if $again (i64.lt_u (i64.load (i32.const 256)) (i64.const 1000000000))))";
    let report = play("exit = 0", &guest(CLOCK, body), 0, Vec::new());
    assert_eq!(report.failures, []);
    assert!(report.took >= Span::from_secs(1) && report.took < Span::from_secs(2), "{}", report.took);
}

#[test]
fn a_guest_that_never_waits_is_played_no_longer_than_asked() {
    let body = "(loop $for_ever (drop (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 256)))
        (br $for_ever))";
    let report = play_until(Some(Span::from_ns(50_000_000)), "", &guest(CLOCK, body), 0, Vec::new());
    assert_eq!((report.failures, &report.outcomes[..]), (Vec::new(), &[None][..]));
    assert!(
        report.took >= Span::from_ns(50_000_000) && report.took < Span::from_ns(60_000_000),
        "{}",
        report.took
    );
}

#[test]
fn a_trap_an_exit_and_a_guest_that_runs_on_are_failures() {
    let trapped = play("", &guest("", "unreachable"), 0, Vec::new());
    assert!(matches!(&trapped.failures[..], [Failure::Trapped { guest, .. }] if guest == "guest"));
    assert!(matches!(trapped.outcomes[..], [Some(Outcome::Trapped { .. })]));

    let exits = guest(EXIT, "(call $proc_exit (i32.const 3))");
    let exited = play("", &exits, 0, Vec::new());
    assert!(matches!(exited.failures[..], [Failure::Exited { code: 3, expected: 0, .. }]));
    assert_eq!(play("exit = 3", &exits, 0, Vec::new()).failures, []);

    let report = play("exit = 0\n", &guest(POLL, &sleep(u64::MAX)), 0, Vec::new());
    assert!(matches!(report.failures[..], [Failure::RanOn { expected: 0, .. }]), "{:?}", report.failures);
}

#[test]
fn what_a_guest_prints_is_held_against_the_scenario() {
    let text = guest(WRITE, &format!("(i32.store8 (i32.const 256) (i32.const 65)) {}", print(1)));
    assert_eq!(play("prints = [\"A\"]\nnever-prints = [\"B\"]", &text, 0, Vec::new()).failures, []);
    let missing = play("prints = [\"B\"]", &text, 0, Vec::new());
    assert!(matches!(missing.failures[..], [Failure::Printed { was_printed: false, .. }]));
    let too_much = play("never-prints = [\"A\"]", &text, 0, Vec::new());
    assert!(matches!(too_much.failures[..], [Failure::Printed { was_printed: true, .. }]));
}

#[test]
fn a_wall_clock_that_jumps_wakes_nobody_early() {
    let text = guest(
        &[POLL, CLOCK, WRITE].join("\n"),
        &format!(
            "{} (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 256))) {}",
            sleep(1_000_000_000),
            print(8)
        ),
    );
    let mut jump = ScheduledFault::new(FaultKind::ClockJump, "guest", Span::from_ns(500_000_000));
    jump.by = Some(Span::from_secs(3_600));
    let time_ns = |faults| {
        let report = play("exit = 0", &text, 0, faults);
        assert!(report.took >= Span::from_secs(1) && report.took < Span::from_secs(2), "{}", report.took);
        u64::from_le_bytes(report.said[0].bytes[..8].try_into().unwrap())
    };
    assert_eq!(time_ns(vec![jump]) - time_ns(Vec::new()), 3_600_000_000_000);
}

#[test]
fn a_scenario_that_makes_no_sense_is_told_why() {
    let why = |text: &str| Scenario::parse(text).unwrap_err();
    let guest = "[[guest]]\nname = \"a\"\nmodule = \"a.wasm\"\n";
    assert!(why("").contains("no [[guest]]"));
    assert!(why(&format!("{guest}{guest}")).contains("two are called a"));
    assert!(why(&format!("{guest}speed = 1")).contains("unknown field `speed`"));
    assert!(why(&format!("{guest}[link]\nlatency = \"fast\"")).contains("\"fast\" is no span of time"));
    let fault = format!("{guest}[[fault]]\nkind = \"reset\"\non = \"b\"\nat = \"1s\"");
    assert!(why(&fault).contains("nobody is called b; there are a"));
    let missing = Play::new(Scenario::parse(guest).unwrap(), &[PathBuf::from("nowhere")]).err().unwrap();
    assert!(missing.to_string().contains("--modules"), "{missing}");
}
