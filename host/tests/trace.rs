//! A trace has a line for each call on a socket or a poll, as it ends.

mod guest;

use guest::script::Script;
use guest::{Lines, module, read_subscription, write_subscription};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc::Receiver;
use wasi_poll_host::{Grants, Outcome, Runner, TraceFormat};
use wasi_poll_trace::{ClockName, Kind, Subscription, Trace, Userdata};

/// Accepts; polls the stream; echoes what it reads once; ends sending, moves the stream onto a copy's number and
/// closes it; and once more, which is refused.
const EXCHANGE: &str = "
    (call $must (call $sock_accept (i32.const 3) (i32.const 0) (i32.const 32)) (i32.const 1))
    (call $must (call $poll_oneoff (i32.const 64) (i32.const 256) (i32.const 1) (i32.const 8)) (i32.const 2))
    (call $iovec (i32.const 1024) (i32.const 64))
    (call $must (call $fd_read (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
    (call $iovec (i32.const 1024) (i32.load (i32.const 8)))
    (call $must (call $sock_send (i32.const 5) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 8)) (i32.const 4))
    (call $must (call $sock_shutdown (i32.const 5) (i32.const 2)) (i32.const 5))
    (call $must (call $fd_renumber (i32.const 5) (i32.const 3)) (i32.const 6))
    (call $must (call $fd_close (i32.const 3)) (i32.const 7))
    (call $is (call $fd_close (i32.const 3)) (i32.const 8) (i32.const 8))
    (call $say (i32.const 16) (i32.const 6))";

/// Runs the exchange, and gives its lines and the peer's address.
fn exchange(format: TraceFormat) -> (Receiver<String>, String) {
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(0xfeed_0000_0000_0001, 5));
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
            format!("sock_accept fd 3: fd 5 from {peer}").as_str(),
            "poll_oneoff (read fd 5 as 0xfeed000000000001): (readable as 0xfeed000000000001)",
            "fd_read fd 5: 6 bytes",
            "sock_send fd 5: 6 bytes",
            "sock_shutdown fd 5: done",
            "fd_renumber fd 5 onto fd 3: done",
            "fd_close fd 3: done",
            "fd_close fd 3: EBADF",
            "end: exit code 0",
        ]
    );
}

#[test]
fn a_trace_for_programs_is_an_object_a_line() {
    let (lines, peer) = exchange(TraceFormat::Json);
    let mut objects = lines.iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let header = objects.next().unwrap();
    assert_eq!((&header["wasi_poll_trace"], &header["world"]), (&1.into(), &"run".into()));
    assert_eq!(header["guests"][0]["name"], "guest.wasm");
    assert_eq!(header["guests"][0]["module"].as_str().map(str::len), Some(64));
    let objects: Vec<Value> = objects.collect();
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
            "fd_close",
            "end"
        ]
    );
    let ok = "ESUCCESS";
    assert_eq!(of("errno")[..8], [ok, ok, ok, ok, ok, ok, ok, "EBADF"]);
    assert_eq!(of("n"), (1..=9).collect::<Vec<_>>());
    assert_eq!((&objects[0]["new_fd"], &objects[0]["peer"]), (&5.into(), &peer.into()));
    assert_eq!(
        objects[1]["subscriptions"],
        serde_json::json!([{ "userdata": "0xfeed000000000001", "type": "read", "fd": 5 }])
    );
    assert_eq!(
        objects[1]["events"],
        serde_json::json!([{ "userdata": "0xfeed000000000001", "type": "read", "nbytes": 1 }])
    );
    assert_eq!(objects[1]["ready"], serde_json::json!([{ "fd": 5, "read": true, "write": true }]));
    assert_eq!((&objects[2]["asked"], &objects[2]["bytes"]), (&64.into(), &6.into()));
    assert_eq!((&objects[4]["flags"], &objects[5]["onto"]), (&2.into(), &3.into()));
    assert_eq!(objects[8]["code"], 0);
    assert!(objects.iter().all(|object| object.get("data").is_none()), "nobody asked for the bytes");
    let began: Vec<u64> = of("at_ns").iter().map(|value| value.as_u64().unwrap()).collect();
    assert!(began.is_sorted());
}

#[test]
fn the_bytes_moved_are_told_to_who_asks_for_them() {
    let items = format!("(data (i32.const 64) \"{}\")", read_subscription(7, 5));
    let (sink, lines) = Lines::new();
    let runner = Runner::new(&module(&items, EXCHANGE))
        .and_then(|runner| runner.listen(None, (Ipv4Addr::LOCALHOST, 0).into()))
        .unwrap()
        .trace(sink, TraceFormat::Json)
        .trace_data(true);
    let mut peer = TcpStream::connect(runner.listeners()[0].address).unwrap();
    peer.write_all(b"\x1b[2Jhi").unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    let text: String = lines.iter().map(|line| line + "\n").collect();
    let trace = Trace::read(text.as_bytes()).unwrap();
    assert!(trace.header.data);
    let data =
        |call: &str| trace.entries.iter().find(|entry| entry.call == call).unwrap().data.clone().unwrap().0;
    assert_eq!(data("fd_read"), b"\x1b[2Jhi");
    assert_eq!(data("sock_send"), b"\x1b[2Jhi");
}

#[test]
fn a_reading_of_a_clock_is_told() {
    let (sink, lines) = Lines::new();
    let guest = module(
        "",
        "(call $must (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 8)) (i32.const 1))
         (call $is (call $clock_time_get (i32.const 2) (i64.const 1) (i32.const 8)) (i32.const 58) (i32.const 2))",
    );
    let runner = Runner::new(&guest).unwrap().trace(sink, TraceFormat::Json);
    assert_eq!(runner.run().unwrap(), Outcome::Exited(0));
    let text: String = lines.iter().map(|line| line + "\n").collect();
    let entries = Trace::read(text.as_bytes()).unwrap().entries;
    assert_eq!(entries[0].clock, Some(ClockName::Monotonic));
    assert!(entries[0].time_ns >= Some(entries[0].at_ns));
    assert_eq!(entries[1].errno.as_deref(), Some("ENOTSUP"));
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

#[test]
fn what_a_link_says_is_in_the_trace() {
    let mut script = Script::default();
    script.opens("udp/bind/127.0.0.1:0", 4, 0).reads_link("fd/4/peer", 53).reads("fd/4/broadcast", "0");
    let (sink, lines) = Lines::new();
    script.ends(script.runner(Grants::all()).trace(sink, TraceFormat::Json));
    let text: String = lines.iter().map(|line| line + "\n").collect();
    let entries = Trace::read(text.as_bytes()).unwrap().entries;
    let asked: Vec<_> = entries.iter().filter(|entry| entry.call == "path_readlink").collect();
    let [refused, read] = asked[..] else { panic!("{text}") };
    assert_eq!((refused.errno.as_deref(), &refused.value), (Some("ENOTCONN"), &None));
    assert_eq!((read.path.as_deref(), read.value.as_deref()), (Some("fd/4/broadcast"), Some("0")));
    assert!(
        read.bytes.is_none() && read.brief().to_string().ends_with("\"fd/4/broadcast\": \"0\""),
        "{text}"
    );
}

#[test]
fn what_a_readiness_set_was_told_and_tells_is_in_the_trace() {
    let mut script = Script::default();
    script.opens("poll", 0, 0).opens("udp/bind/127.0.0.1:0", 4, 0);
    write!(script.items, "(data (i32.const 64) \"{}\")", write_subscription(0x9, 5)).unwrap();
    let moves = |name: &str, pointer: u32, bytes: u32| {
        format!(
            "(call $iovec (i32.const {pointer}) (i32.const {bytes}))
             (call $must (call ${name} (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 90))"
        )
    };
    script.body.push_str(&moves("fd_write", 64, 48));
    script.body.push_str(&moves("fd_read", 512, 64));
    let (sink, lines) = Lines::new();
    script.ends(script.runner(Grants::all()).trace(sink, TraceFormat::Json));
    let text: String = lines.iter().map(|line| line + "\n").collect();
    let entries = Trace::read(text.as_bytes()).unwrap().entries;
    let of = |call: &str| entries.iter().find(|entry| entry.call == call).unwrap().clone();
    let [change] = of("fd_write").changes[..] else { panic!("{text}") };
    let Subscription { userdata, kind, fd, .. } = change.subscription;
    assert_eq!((userdata, kind, fd, change.removed), (Userdata(9), Kind::Write, Some(5), false));
    let [event] = &of("fd_read").events[..] else { panic!("{text}") };
    assert_eq!((event.userdata, event.kind), (Userdata(9), Kind::Write));
}
