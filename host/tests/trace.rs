//! A trace has a line for each call on a socket or a poll, as it ends.

mod guest;

use guest::{Lines, module, read_subscription};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc::Receiver;
use wasi_poll_host::{Outcome, Runner, TraceFormat};

/// Accepts; polls the stream; echoes what it reads once; ends sending, moves the stream onto a copy's number and
/// closes it; and once more, which is refused.
const EXCHANGE: &str = "
    (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
    (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 2))
    (call $iovec (i32.const 1024) (i32.const 64))
    (call $must (call $fd_read (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
    (call $iovec (i32.const 1024) (i32.load (i32.const 8)))
    (call $must (call $sock_send (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8)) (i32.const 4))
    (call $must (call $sock_shutdown (i32.const 4) (i32.const 2)) (i32.const 5))
    (call $must (call $fd_renumber (i32.const 4) (i32.const 3)) (i32.const 6))
    (call $must (call $fd_close (i32.const 3)) (i32.const 7))
    (call $is (call $fd_close (i32.const 3)) (i32.const 8) (i32.const 8))
    (call $say (i32.const 16) (i32.const 6))";

/// Runs the exchange, and gives its lines and the peer's address.
fn exchange(format: TraceFormat) -> (Receiver<String>, String) {
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(0xfeed_0000_0000_0001, 4));
    let (sink, lines) = Lines::new();
    let runner = Runner::new(&module(&items, EXCHANGE))
        .and_then(|runner| runner.listen(None, (Ipv4Addr::LOCALHOST, 0).into()))
        .unwrap()
        .trace(sink, format);
    let mut peer = TcpStream::connect(runner.listeners()[0].address).unwrap();
    peer.write_all(b"\x1b[2Jhi").unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    let mut echoed = Vec::new();
    peer.read_to_end(&mut echoed).unwrap();
    assert_eq!(echoed, b"\x1b[2Jhi");
    (lines, peer.local_addr().unwrap().to_string())
}

#[test]
fn a_trace_for_reading_tells_each_call_and_its_answer() {
    let (lines, peer) = exchange(TraceFormat::Text);
    let told: Vec<String> = lines
        .iter()
        .map(|line| {
            let (began, rest) = line.split_once(' ').unwrap();
            assert!(began.parse::<f64>().is_ok(), "{line}");
            let (told, took) = rest.rsplit_once(" [").unwrap();
            assert!(took.strip_suffix(" ns]").unwrap().parse::<u64>().is_ok(), "{line}");
            told.to_owned()
        })
        .collect();
    assert_eq!(
        told,
        [
            format!("sock_accept fd 3: fd 4 from {peer}").as_str(),
            "poll_oneoff (read fd 4 as 0xfeed000000000001): (readable as 0xfeed000000000001)",
            "fd_read fd 4: 6 bytes",
            "sock_send fd 4: 6 bytes",
            "sock_shutdown fd 4: done",
            "fd_renumber fd 4 onto fd 3: done",
            "fd_close fd 3: done",
            "fd_close fd 3: EBADF",
        ]
    );
}

#[test]
fn a_trace_for_programs_is_an_object_a_line() {
    let (lines, peer) = exchange(TraceFormat::Json);
    let objects: Vec<Value> = lines.iter().map(|line| serde_json::from_str(&line).unwrap()).collect();
    let of = |key: &str| objects.iter().map(|object| object[key].clone()).collect::<Vec<_>>();
    assert_eq!(
        of("call"),
        [
            "sock_accept",
            "poll_oneoff",
            "fd_read",
            "sock_send",
            "sock_shutdown",
            "fd_renumber",
            "fd_close",
            "fd_close"
        ]
    );
    let ok = "ESUCCESS";
    assert_eq!(of("errno"), [ok, ok, ok, ok, ok, ok, ok, "EBADF"]);
    assert_eq!((&objects[0]["new_fd"], &objects[0]["peer"]), (&4.into(), &peer.into()));
    assert_eq!(
        objects[1]["subscriptions"],
        serde_json::json!([{ "userdata": "0xfeed000000000001", "watch": "read", "fd": 4 }])
    );
    let event = &objects[1]["events"][0];
    assert_eq!(
        (&event["type"], &event["errno"], &event["hangup"]),
        (&"read".into(), &ok.into(), &false.into())
    );
    assert_eq!(objects[2]["bytes"], 6);
    assert_eq!(objects[5]["onto"], 3);
    let began: Vec<u64> = of("started_ns").iter().map(|value| value.as_u64().unwrap()).collect();
    assert!(began.is_sorted());
    assert!(of("took_ns").iter().all(Value::is_u64));
}

#[test]
fn a_sink_that_fails_does_not_end_the_guest() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let guest = module("", "(call $is (call $fd_close (i32.const 9)) (i32.const 8) (i32.const 1))");
    let runner = Runner::new(&guest).unwrap().trace(Full, TraceFormat::Text);
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
}

#[test]
fn the_call_a_guest_was_ended_in_is_told() {
    let (sink, lines) = Lines::new();
    let guest =
        module("", "(drop (call $poll_oneoff (i32.const 4) (i32.const 8) (i32.const 1) (i32.const 8)))");
    let runner = Runner::new(&guest).unwrap().trace(sink, TraceFormat::Text);
    assert!(matches!(runner.run().unwrap(), Outcome::Trapped { .. }));
    let line = lines.recv().unwrap();
    assert!(
        line.contains("poll_oneoff (): ended, the guest passed 0x4 where a multiple of 8 is due"),
        "{line}"
    );
}
