//! What a hostile guest is answered by the engine, row by row of PORTABILITY.md. What the calls mean by themselves are
//! `preview1`'s cases; pointers have a file of their own, `pointers.rs`.

mod guest;
mod program;

use guest::script::Script;
use guest::{clock_subscription, module, text};
use program::Program;
use std::fs;
use std::net::TcpStream;
use tempfile::TempDir;
use wasi_poll_host::{Grants, Limits, Module, Outcome, Runner};

const EAGAIN: u32 = 6;
const EMFILE: u32 = 33;
const EINVAL: u32 = 28;
const ENOMEM: u32 = 48;

/// Runs a guest that was given a listener at 3, and a directory at 4 with a file in it, which it opens as 6. A peer
/// has connected and sent bytes, and the stream is at 7.
fn run(limits: Limits, items: &str, body: &str) -> (Outcome, TempDir) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "the content of a file").unwrap();
    let given = "
        (call $must (call $path_open (i32.const 4) (i32.const 0) (i32.const 8192) (i32.const 4) (i32.const 0)
            (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 64)) (i32.const 91))
        (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 64)) (i32.const 92))";
    let items = format!("(data (i32.const 8192) \"file\") {items}");
    let runner = Runner::new(&module(&items, &format!("{given} {body}")))
        .and_then(|runner| runner.listen(None, ([127, 0, 0, 1], 0).into()))
        .and_then(|runner| runner.dir(folder.path(), "/files"))
        .unwrap()
        .stdin(&b"stdin's bytes"[..])
        .limits(limits);
    let mut peer = TcpStream::connect(runner.listeners()[0].address).unwrap();
    std::io::Write::write_all(&mut peer, b"the peer's bytes").unwrap();
    (runner.run().unwrap(), folder)
}

/// The calls that take iovecs, on everything that has them: with this array, this many.
fn every_transfer(iovecs: u32, count: u32) -> Vec<String> {
    let at = format!("(i32.const {iovecs}) (i32.const {count})");
    let mut calls = Vec::new();
    for fd in [6, 7, 0] {
        calls.push(format!("(call $fd_read (i32.const {fd}) {at} (i32.const 32))"));
    }
    for fd in [6, 7, 1, 2] {
        calls.push(format!("(call $fd_write (i32.const {fd}) {at} (i32.const 32))"));
    }
    calls.push(format!("(call $fd_pread (i32.const 6) {at} (i64.const 0) (i32.const 32))"));
    calls.push(format!("(call $fd_pwrite (i32.const 6) {at} (i64.const 0) (i32.const 32))"));
    calls.push(format!("(call $sock_recv (i32.const 7) {at} (i32.const 0) (i32.const 32) (i32.const 36))"));
    calls.push(format!("(call $sock_send (i32.const 7) {at} (i32.const 0) (i32.const 32))"));
    calls
}

/// Iovecs at 1024, as a data segment.
fn iovecs(iovecs: &[(u32, u32)]) -> String {
    let bytes = iovecs.iter().flat_map(|(pointer, length)| [pointer.to_le_bytes(), length.to_le_bytes()]);
    let text = bytes.flatten().fold(String::new(), |text, byte| text + &format!("\\{byte:02x}"));
    format!("(data (i32.const 1024) \"{text}\")")
}

#[track_caller]
fn all_answer(limits: Limits, array: &[(u32, u32)], count: u32, errno: u32) {
    for call in every_transfer(1024, count) {
        let body = format!("(call $is {call} (i32.const {errno}) (i32.const 1))");
        let (outcome, folder) = run(limits, &iovecs(array), &body);
        assert_eq!(outcome, Outcome::Exited(0), "{call}");
        assert_eq!(
            fs::read_to_string(folder.path().join("file")).unwrap(),
            "the content of a file",
            "{call}"
        );
    }
}

#[test]
fn no_iovec_moves_nothing_on_files_sockets_and_stdio() {
    for (count, array) in [(0, &[][..]), (2, &[(2048, 0), (2 * 65_536, 0)])] {
        for call in every_transfer(1024, count) {
            let moved = "(call $is (i32.load (i32.const 32)) (i32.const 0) (i32.const 2))";
            let body = format!("(call $must {call} (i32.const 1)) {moved}");
            let items = format!("(data (i32.const 32) \"\\ff\\ff\\ff\\ff\") {}", iovecs(array));
            assert_eq!(run(Limits::default(), &items, &body).0, Outcome::Exited(0), "{call}");
        }
    }
}

#[test]
fn more_iovecs_than_the_limit_are_enomem_on_files_sockets_and_stdio() {
    let limits = Limits { iovecs: 2, ..Limits::default() };
    for count in [3, 0x2000_0001, u32::MAX] {
        all_answer(limits, &[(2048, 1); 3], count, ENOMEM);
    }
    all_answer(Limits { iovecs: 3, ..limits }, &[(2048, 0); 3], 3, 0);
}

#[test]
fn iovec_lengths_that_overflow_are_einval_on_files_sockets_and_stdio() {
    all_answer(Limits::default(), &[(2048, 1), (2048, u32::MAX)], 2, EINVAL);
}

#[test]
fn one_iovec_out_of_bounds_traps_before_io_on_files_sockets_and_stdio() {
    for (array, at, count) in [
        (&[(2048, 4), (0xFFFF_FFF0, 4)][..], 1024, 2),
        (&[(2048, 4), (2 * 65_536 - 1, 2)], 1024, 2),
        // The last record of the array itself.
        (&[(2048, 4)], 2 * 65_536 - 8, 2),
    ] {
        for call in every_transfer(at, count) {
            let (outcome, folder) = run(Limits::default(), &iovecs(array), &format!("(drop {call})"));
            let name = call.trim_start_matches("(call $").split(' ').next().unwrap();
            match outcome {
                Outcome::Trapped { message, .. } => {
                    assert!(message.starts_with(&format!("{name}: the guest passed ")), "{message}");
                }
                outcome => panic!("{call}: {outcome:?}"),
            }
            let content = fs::read_to_string(folder.path().join("file")).unwrap();
            assert_eq!(content, "the content of a file", "{call}");
        }
    }
}

#[test]
fn a_poll_of_none_or_of_too_many_is_refused_before_anything_is_allocated() {
    let span = format!("(data (i32.const 2048) \"{}\")", clock_subscription(1, 0).repeat(3));
    let poll = |count: u32, errno: u32| {
        format!(
            "(call $is (call $poll_oneoff (i32.const 2048) (i32.const 4096) (i32.const {count}) (i32.const 64))
                (i32.const {errno}) (i32.const 1))"
        )
    };
    let limited = Limits { subscriptions: 2, ..Limits::default() };
    let body = [poll(0, EINVAL), poll(2, 0), poll(3, ENOMEM), poll(u32::MAX, ENOMEM)].concat();
    assert_eq!(run(limited, &span, &body).0, Outcome::Exited(0));
    // Their bytes wrap: 48 times the first is 2³² + 32.
    let unlimited = Limits { subscriptions: u32::MAX, ..Limits::default() };
    let body = [poll(0x0555_5556, ENOMEM), poll(0x1000_0000, ENOMEM), poll(u32::MAX, ENOMEM)].concat();
    assert_eq!(run(unlimited, &span, &body).0, Outcome::Exited(0));
}

#[test]
fn at_the_limit_of_fds_nothing_is_accepted_and_the_guest_is_told() {
    // Stdio, the listener, both directories, the file and the stream.
    let limits = Limits { fds: 8, ..Limits::default() };
    let accept = |errno: u32| {
        format!(
            "(call $is (call $sock_accept (i32.const 3) (i32.const 4) (i32.const 64)) (i32.const {errno}) (i32.const 1))"
        )
    };
    let quiet = "(call $must (call $fd_fdstat_set_flags (i32.const 3) (i32.const 4)) (i32.const 3))";
    let body = format!(
        "{quiet} {} (call $must (call $fd_close (i32.const 7)) (i32.const 2)) {}",
        accept(EMFILE),
        accept(EAGAIN)
    );
    assert_eq!(run(limits, "", &body).0, Outcome::Exited(0));
}

#[test]
fn what_a_module_wants_past_a_limit_is_refused_with_the_limits_name() {
    let limits = Limits { memory_bytes: 3 * 65_536, table_elements: 10, ..Limits::default() };
    let start = "(func (export \"_start\"))";
    for (items, told) in [
        ("(memory (export \"memory\") 4)", "its limit is 196608; --max-memory sets it"),
        ("(memory (export \"memory\") 2) (memory 2)", "its limit is 196608; --max-memory sets it"),
        (
            "(memory (export \"memory\") 1) (table 11 funcref)",
            "its limit is 10; --max-table-elements sets it",
        ),
        (
            "(memory (export \"memory\") 1) (table 6 funcref) (table 6 funcref)",
            "its limit is 10; --max-table-elements sets it",
        ),
    ] {
        let guest = Module::from_bytes("guest.wasm", format!("(module {items} {start})").as_bytes()).unwrap();
        let refused = Runner::new(&guest).unwrap().limits(limits).run().unwrap_err().to_string();
        assert!(refused.contains("cannot run guest.wasm: ") && refused.contains(told), "{refused}");
    }
    // What it asks for later is refused as wasm has it.
    let body = "(call $is (memory.grow (i32.const 2)) (i32.const -1) (i32.const 1))
        (call $is (memory.grow (i32.const 1)) (i32.const 2) (i32.const 2))
        (call $is (table.grow $t (ref.null func) (i32.const 9)) (i32.const -1) (i32.const 3))
        (call $is (table.grow $t (ref.null func) (i32.const 8)) (i32.const 2) (i32.const 4))";
    let guest = module("(table $t 2 funcref)", body);
    assert_eq!(Runner::new(&guest).unwrap().limits(limits).run().unwrap(), Outcome::Exited(0));
}

#[test]
fn a_path_of_megabytes_or_without_a_meaning_is_refused() {
    let mut script = Script::default();
    let open = |length: u32| {
        format!(
            "(call $path_open (i32.const 3) (i32.const 0) (i32.const 16384) (i32.const {length}) (i32.const 0)
                (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 32))"
        )
    };
    script.answers("(i32.add (memory.grow (i32.const 64)) (i32.const -2))", 0);
    script.answers(&open(4 << 20), 37).answers(&open(1_025), 37).answers(&open(1_024), 44);
    script.opens("tcp/connect/127.0.0.1", 0, EINVAL).opens("tcp/listen/127.0.0.1:99999", 0, EINVAL);
    script.runs(Grants::all());
}

#[test]
fn what_a_guest_writes_reaches_no_terminal_through_a_trap_or_a_refusal() {
    let program = Program::new();
    // The trap's place is named as the guest likes; so are the hosts it wants, of which no rule is for a name that is none.
    let items = "(func $\"a\\1b]0;title\\07\\c2\\9b2J\" unreachable)
        (data (i32.const 8192) \"dns/\\1b]0;title\") (data (i32.const 8208) \"dns/other.test\")";
    let look_up = |at: u32, length: u32, errno: u32| {
        format!(
            "(call $is
                (call $path_readlink (i32.const 3) (i32.const {at}) (i32.const {length}) (i32.const 1024)
                    (i32.const 512) (i32.const 40))
                (i32.const {errno}) (i32.const 1))"
        )
    };
    // EINVAL, and EACCES.
    let body = look_up(8192, 13, EINVAL) + &look_up(8208, 14, 2) + "(call $\"a\\1b]0;title\\07\\c2\\9b2J\")";
    let output = program.run(&["--allow-dns=*.example"], &program.file("guest.wasm", text(items, &body)));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(134), "{stderr}");
    assert!(stderr.chars().all(|letter| letter == '\n' || !letter.is_control()), "{stderr:?}");
    assert!(stderr.contains("\\u{1b}]0;title") && stderr.contains("look up other.test"), "{stderr:?}");
}
