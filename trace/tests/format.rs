//! What is written is read back, and what is no trace is told so.

use std::borrow::Cow;
use wasi_poll_trace::{
    Change, Clock, ClockName, Data, Entry, Event, GuestName, Header, Kind, ReadyFd, Subscription, Trace,
    Userdata, World, Writer,
};

/// An entry with every key there is.
fn full() -> Entry {
    let subscription = Subscription {
        userdata: Userdata(u64::MAX),
        kind: Kind::Clock,
        fd: Some(5),
        clock: Some(ClockName::Realtime),
        timeout_ns: Some(u64::MAX),
        absolute: true,
    };
    Entry {
        n: 9,
        guest: Some("a".to_owned()),
        call: Cow::Borrowed("poll_oneoff"),
        fd: Some(1),
        onto: Some(2),
        at_ns: 3,
        took_ns: 4,
        path: Some("\u{1b}[2J".to_owned()),
        target: Some("t".to_owned()),
        value: Some("v".to_owned()),
        flags: Some(1),
        asked: Some(10),
        bytes: Some(9),
        led_bytes: Some(8),
        truncated: true,
        data: Some(Data(vec![0, 255, b'x'])),
        new_fd: Some(6),
        local: Some("127.0.0.1:80".parse().unwrap()),
        peer: Some("[::1]:9".parse().unwrap()),
        clock: Some(ClockName::Monotonic),
        time_ns: Some(u64::MAX),
        subscriptions: vec![subscription],
        set: true,
        timeout_ns: Some(7),
        changes: vec![Change { subscription, removed: true, edge: true }],
        events: vec![Event {
            userdata: Userdata(7),
            kind: Kind::Write,
            errno: Some("EBADF".into()),
            nbytes: 1,
            hangup: true,
            error: Some("ECONNRESET".into()),
        }],
        ready: vec![ReadyFd { fd: 5, read: true, write: false }],
        errno: Some("ESUCCESS".into()),
        ended: Some("why".to_owned()),
        code: Some(3),
        text: Some("x".to_owned()),
    }
}

fn written(header: &Header, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, header).unwrap();
    for entry in entries {
        writer.write(&mut entry.clone()).unwrap();
    }
    bytes
}

#[test]
fn what_is_written_is_read_back() {
    let mut header = Header::new(World::Replay, Clock::Virtual).with_seed(u64::MAX);
    header.guests = vec![GuestName { name: "a".to_owned(), module: Some("00".to_owned()) }];
    (header.scenario, header.data, header.started_unix_ns) = (Some("chat".to_owned()), true, 5);
    let trace = Trace::read(&written(&header, &[full()])[..]).unwrap();
    assert_eq!(trace, Trace { header, entries: vec![full()], cut: false });
}

#[test]
fn a_line_has_no_control_character_of_any_kind() {
    let mut entry = Entry::call("path_open", 0);
    entry.path = Some("a\u{7f}b\u{9b}2J\u{1b}[2J\u{e9}\u{85}".to_owned());
    let bytes = written(&Header::new(World::Run, Clock::Real), &[entry.clone()]);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.lines().all(|line| !line.contains(char::is_control)), "{text:?}");
    assert_eq!(Trace::read(&bytes[..]).unwrap().entries[0].path, entry.path);
}

#[test]
fn what_says_nothing_is_left_out() {
    let bytes = written(&Header::new(World::Run, Clock::Real), &[Entry::call("sched_yield", 0)]);
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "{\"wasi_poll_trace\":1,\"world\":\"run\",\"clock\":\"real\"}\n{\"n\":1,\"call\":\"sched_yield\",\"at_ns\":0}\n"
    );
}

#[test]
fn keys_of_a_later_writer_are_ignored() {
    let text = "{\"wasi_poll_trace\":1,\"world\":\"run\",\"clock\":\"real\",\"mood\":\"good\"}\n\
                {\"n\":1,\"call\":\"x\",\"at_ns\":0,\"colour\":{\"a\":[1]}}\n";
    assert_eq!(Trace::read(text.as_bytes()).unwrap().entries.len(), 1);
}

#[test]
fn a_last_line_that_was_cut_short_is_left_out() {
    let mut bytes = written(&Header::new(World::Run, Clock::Real), &[full(), full()]);
    bytes.truncate(bytes.len() - 20);
    let trace = Trace::read(&bytes[..]).unwrap();
    assert_eq!((trace.entries.len(), trace.cut), (1, true));
}

#[test]
fn what_is_no_trace_is_told_so() {
    let header = "{\"wasi_poll_trace\":1,\"world\":\"run\",\"clock\":\"real\"}\n";
    for (text, line, why) in [
        ("", 1, "empty"),
        ("0.000 fd_close fd 3: done\n", 1, "no `wasi_poll_trace`"),
        ("{\"wasi_poll_trace\":2}\n", 1, "version 2, and 1 is the latest"),
        ("{\"wasi_poll_trace\":1,\"world\":\"moon\"}\n", 1, "moon"),
        (&format!("{header}nonsense\n{header}"), 2, "expected"),
        (&format!("{header}{{\"n\":1,\"call\":\"x\",\"at_ns\":0,\"data\":\"!\"}}\n"), 2, "data"),
    ] {
        let error = Trace::read(text.as_bytes()).unwrap_err();
        assert_eq!(error.line(), line, "{text}");
        assert!(error.to_string().contains(why), "{text}: {error}");
    }
    assert!(Trace::read(&b"\xff\xfe\n"[..]).is_err());
}

#[test]
fn a_line_for_people_obeys_nothing_a_guest_wrote() {
    let mut entry = Entry::on("path_open", 3, 1_500_000_000);
    entry.path = Some("tcp/\u{1b}]0;x\u{7}\u{202e}".to_owned());
    entry.errno = Some("EINVAL".into());
    assert_eq!(
        entry.to_string(),
        "1.500000000 path_open fd 3 \"tcp/\\u{1b}]0;x\\u{7}\\u{202e}\": EINVAL [0 ns]"
    );
}
