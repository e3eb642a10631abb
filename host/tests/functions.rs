//! A guest may import every function of preview1, and nothing else.

mod guest;

use guest::{FUNCTIONS, module, text};
use wasi_poll_host::{Module, Outcome, Runner};

#[test]
fn a_guest_that_imports_all_46_functions_runs() {
    assert_eq!(FUNCTIONS.len(), 46);
    let runner = Runner::new(&module("", "")).unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
}

#[test]
fn what_is_not_preview1s_is_named() {
    let odd = text("", "").replace("\"sock_shutdown\"", "\"sock_connect\"");
    let refused = Module::from_bytes("guest.wasm", odd.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        refused,
        "cannot run guest.wasm: it imports what this host doesn't have: wasi_snapshot_preview1::sock_connect"
    );
}

#[test]
fn a_clock_of_cpu_time_is_not_supported_and_an_unknown_one_makes_no_sense() {
    let runner = Runner::new(&module(
        "",
        "(call $is (call $clock_time_get (i32.const 2) (i64.const 0) (i32.const 64)) (i32.const 58) (i32.const 1))
         (call $is (call $clock_res_get (i32.const 3) (i32.const 64)) (i32.const 58) (i32.const 2))
         (call $is (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 64)) (i32.const 28) (i32.const 3))
         (call $must (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 64)) (i32.const 4))",
    ));
    assert_eq!(runner.unwrap().run().unwrap(), Outcome::Exited(0));
}

#[test]
fn a_pointer_outside_the_memory_traps_with_the_calls_name() {
    for (call, name) in [
        (
            "(call $sock_recv (i32.const 3) (i32.const -8) (i32.const 1) (i32.const 0) (i32.const 8) (i32.const 12))",
            "sock_recv",
        ),
        ("(call $poll_oneoff (i32.const -48) (i32.const 0) (i32.const 1) (i32.const 8))", "poll_oneoff"),
        ("(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const -8))", "clock_time_get"),
        ("(call $random_get (i32.const -8) (i32.const 64))", "random_get"),
        ("(call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 8))", "fd_write"),
        (
            "(call $path_open (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const -4))",
            "path_open",
        ),
        ("(call $fd_fdstat_get (i32.const 3) (i32.const 4))", "fd_fdstat_get"),
    ] {
        // A stream at 5, for the calls that are refused on a listener before they look at memory.
        let body = format!("(drop {call})").replace("$sock_recv (i32.const 3)", "$sock_recv (i32.const 5)");
        let accept =
            "(call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 8)) (i32.const 1))";
        let runner = Runner::new(&module("", &format!("{accept} {body}")))
            .and_then(|runner| runner.listen(None, ([127, 0, 0, 1], 0).into()))
            .unwrap();
        let _peer = std::net::TcpStream::connect(runner.listeners()[0].address).unwrap();
        match runner.run().unwrap() {
            Outcome::Trapped { message, backtrace } => {
                assert!(message.starts_with(&format!("{name}: ")), "{message}");
                assert!(backtrace.contains("_start"), "{backtrace}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}
