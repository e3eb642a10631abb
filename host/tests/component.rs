//! Components in wasm's text format: how they end, and what keeps one from being run. What needs a compiler for
//! wasm32-wasip2 is in `wasip2.rs`.

mod guest;
mod program;

use guest::PATIENCE;
use program::Program;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_host::{Killer, Module, Outcome, Runner, TraceFormat};
use wasi_poll_preview1::MemoryNetwork;

/// A component whose `wasi:cli/run` has this body, over `$exit` with a code and `$fail` with a result.
fn component(body: &str) -> String {
    format!(
        r#"(component
        (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
        (core func $fail (canon lower (func $exit "exit")))
        (core module $code
            (import "" "fail" (func $fail (param i32)))
            (memory 2)
            (func $breaks unreachable)
            (func (export "run") (result i32) {body}))
        (core instance $instance (instantiate $code (with "" (instance (export "fail" (func $fail))))))
        (func $run (result (result)) (canon lift (core func $instance "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $exported)))"#
    )
}

fn runner(body: &str) -> Runner {
    Runner::new(&Module::from_bytes("guest.wat", component(body).as_bytes()).unwrap()).unwrap()
}

#[test]
fn the_exit_code_is_the_guests() {
    for (body, code) in [
        ("(i32.const 0)", 0),
        ("(i32.const 1)", 1),
        ("(call $fail (i32.const 0)) (i32.const 1)", 0),
        ("(call $fail (i32.const 1)) (i32.const 0)", 1),
    ] {
        assert_eq!(runner(body).run().unwrap(), Outcome::Exited(code), "{body}");
    }
}

#[test]
fn the_program_exits_as_it_does_for_modules() {
    let program = Program::new();
    let guest = program.file("guest.wat", component("(i32.const 1)"));
    assert_eq!(program.run(&[], &guest).status.code(), Some(1));
    let traps = program.file("guest.wat", component("(call $breaks) (i32.const 0)"));
    program.says(&[], &traps, 134, "the guest trapped: ");
    program.says(&[], &traps, 134, "breaks");
}

#[test]
fn the_kill_switch_ends_a_busy_loop() {
    let runner = runner("(loop (br 0)) (i32.const 0)");
    let killer = runner.killer();
    let (ended, told) = channel();
    thread::spawn(move || ended.send(runner.run().unwrap()));
    assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "it ended by itself");
    let pulled = Instant::now();
    killer.kill();
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Outcome::Killed);
    assert!(pulled.elapsed() < Duration::from_secs(1), "it took {:?}", pulled.elapsed());
}

#[test]
fn a_switch_pulled_before_the_start_ends_it_at_once() {
    let runner = runner("(loop (br 0)) (i32.const 0)");
    runner.killer().kill();
    assert_eq!(runner.run().unwrap(), Outcome::Killed);
}

#[test]
fn what_is_no_program_is_2_and_says_why() {
    let program = Program::new();
    let exported = |name: &str| component("(i32.const 0)").replace("wasi:cli/run@0.2.0", name);
    for (content, told) in [
        ("(component)".to_owned(), "exports no wasi:cli/run: a library"),
        ("\n;; one\n(component)".to_owned(), "exports no wasi:cli/run: a library"),
        ("(component (import \"wasi:cli/exit\"))".to_owned(), "it doesn't compile"),
        (exported("wasi:cli/run@0.3.0"), "it exports wasi:cli/run@0.3.0, and this host runs wasi:cli/run@0.2"),
        (
            component("(i32.const 0)").replacen(
                "(component",
                "(component (import \"a:b/c@1.0.0\" (instance)) (import \"wasi:http/types@0.2.0\" (instance))",
                1,
            ),
            "doesn't have: a:b/c@1.0.0, wasi:http/types@0.2.0",
        ),
        (
            component("(i32.const 0)").replacen(
                "(component",
                "(component (import \"wasi:cli/environment@0.2.0\" (instance (export \"nothing\" (func))))",
                1,
            ),
            "wasi:cli/environment@0.2.0",
        ),
    ] {
        program.says(&[], &program.file("guest.wat", content), 2, told);
    }
    program.says(&[], &program.file("part", b"\0asm\x0d\0\x01\0"), 2, "exports no wasi:cli/run");
}

#[test]
fn a_component_has_no_trace() {
    let program = Program::new();
    let guest = program.file("guest.wat", component("(i32.const 0)"));
    program.says(&["--trace"], &guest, 2, "it is a component, whose calls can't be traced");
    let traced = runner("(i32.const 0)").trace(std::io::sink(), TraceFormat::Text);
    assert!(traced.run().unwrap_err().to_string().contains("can't be traced"));
}

#[test]
fn a_component_knows_the_systems_network_alone() {
    let guest = Module::from_bytes("guest.wat", component("(i32.const 0)").as_bytes()).unwrap();
    assert!(guest.is_component());
    let error = Runner::on_network(&guest, MemoryNetwork::new(), Killer::new()).run().unwrap_err();
    assert!(error.to_string().contains("no other network than the system's"), "{error}");
}

#[test]
fn a_component_that_wants_more_than_its_limits_is_told_which() {
    let program = Program::new();
    let guest = program.file("guest.wat", component("(i32.const 0)"));
    program.says(&["--max-memory", "65536"], &guest, 2, "its limit is 65536; --max-memory sets it");
}

#[test]
fn where_a_component_may_listen_is_said_and_nothing_is_opened() {
    let program = Program::new();
    let guest = program.file("guest.wat", component("(i32.const 0)"));
    // Somebody listens there, so that opening it would fail.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap();
    program.says(
        &["--listen", &taken.to_string()],
        &guest,
        0,
        &format!("wasi-poll: the guest may listen on {taken}; as a component, it does so itself"),
    );
}

#[test]
fn a_component_has_no_workers_and_takes_no_open_socket() {
    let program = Program::new();
    let guest = program.file("guest.wat", component("(i32.const 0)"));
    program.says(&["--workers=2"], &guest, 2, "cannot run guest.wat in 2 workers: it is a component");
    let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = runner("(i32.const 0)").adopt_listener(None, open).unwrap_err();
    assert!(error.to_string().contains("it is a component, which opens its sockets itself"), "{error}");
}

#[test]
fn a_component_has_limits_of_time_and_instances() {
    let program = Program::new();
    let busy = program.file("guest.wat", component("(loop (br 0)) (i32.const 0)"));
    program.says(&["--timeout=100ms"], &busy, 124, "the guest ran for longer than --timeout");
    program.says(&["--max-cpu=50ms"], &busy, 152, "the guest used more CPU time than --max-cpu");
    let guest = program.file("guest.wat", component("(i32.const 0)"));
    program.says(&["--max-instances=0"], &guest, 2, "--max-instances sets the limit");
    program.says(
        &["--grace=1s"],
        &guest,
        2,
        "it is a component, whose listeners can't be closed from outside",
    );
}
