//! A guest while it runs: what is counted, and what is seen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::time::Duration;
use wasi_poll_trace::live::{Live, LiveScreen};
use wasi_poll_trace::{Entry, Event, Kind, Observe, Subscription, Userdata};

fn entry(mut entry: Entry, errno: &'static str) -> Entry {
    entry.errno = Some(errno.into());
    entry
}

fn accepted(fd: u32) -> Entry {
    let mut accepted = entry(Entry::on("sock_accept", 3, 0), "ESUCCESS");
    (accepted.new_fd, accepted.peer) = (Some(fd), Some("10.0.0.2:7".parse().unwrap()));
    accepted
}

fn moved(call: &'static str, fd: u32, bytes: u32) -> Entry {
    let mut moved = entry(Entry::on(call, fd, 0), "ESUCCESS");
    moved.bytes = Some(bytes);
    moved
}

/// A poll that tells this fd readable.
fn told(fd: u32) -> Entry {
    let mut poll = entry(Entry::call("poll_oneoff", 0), "ESUCCESS");
    let userdata = Userdata(fd.into());
    let (clock, timeout_ns) = (None, None);
    poll.subscriptions =
        vec![Subscription { userdata, kind: Kind::Read, fd: Some(fd), clock, timeout_ns, absolute: false }];
    poll.events =
        vec![Event { userdata, kind: Kind::Read, errno: None, nbytes: 1, hangup: false, error: None }];
    poll
}

fn tell(live: &mut Live, entries: &[Entry]) {
    for entry in entries {
        live.entry(entry);
    }
}

#[test]
fn rates_are_of_the_time_since_the_last_tick() {
    let mut live = Live::new();
    tell(&mut live, &[accepted(4), told(4), moved("fd_read", 4, 3_000), moved("fd_write", 4, 500)]);
    let sample = live.tick(Duration::from_secs(2));
    assert_eq!((sample.polls, sample.calls, sample.bytes_in, sample.bytes_out), (0, 2, 1_500, 250));
    tell(&mut live, &[told(4), told(4), told(4)]);
    let sample = live.tick(Duration::from_millis(100));
    assert_eq!((sample.polls, sample.bytes_in, sample.history), (30, 0, vec![0, 30]));
}

#[test]
fn an_event_whose_first_call_would_block_is_spurious() {
    let mut live = Live::new();
    let blocked = entry(Entry::on("fd_read", 4, 0), "EAGAIN");
    // The first is: the second read of the second event is the one that drains.
    tell(&mut live, &[accepted(4), told(4), blocked.clone(), told(4), moved("fd_read", 4, 5), blocked]);
    assert_eq!(live.tick(Duration::from_secs(1)).spurious, 50);
    assert_eq!(live.tick(Duration::from_secs(1)).spurious, 0);
}

#[test]
fn the_busiest_socket_is_first_and_a_closed_one_is_gone() {
    let mut live = Live::new();
    tell(&mut live, &[accepted(4), accepted(5), moved("fd_read", 4, 10), moved("fd_read", 5, 20)]);
    let names = |live: &Live| {
        let sample = live.tick(Duration::from_secs(1));
        sample.sockets.into_iter().map(|socket| socket.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&live), ["fd 5 ← 10.0.0.2:7", "fd 4 ← 10.0.0.2:7"]);
    tell(&mut live, &[moved("fd_read", 4, 1), entry(Entry::on("fd_close", 5, 0), "ESUCCESS")]);
    assert_eq!(names(&live), ["fd 4 ← 10.0.0.2:7"]);
}

#[test]
fn workers_with_the_same_fds_are_told_apart() {
    let live = Live::new();
    for worker in ["0", "1"] {
        tell(&mut live.of_worker(worker), &[accepted(4), moved("fd_read", 4, 1)]);
    }
    assert_eq!(live.tick(Duration::from_secs(1)).sockets.len(), 2);
}

#[test]
fn the_screen_shows_sockets_rates_and_the_guests_words_escaped() {
    let mut live = Live::new();
    tell(&mut live, &[accepted(4), told(4), moved("fd_read", 4, 3_000)]);
    live.wrote(b"hello\n\x1b[2J");
    live.wrote(b"gone\nunfinished");
    let sample = live.tick(Duration::from_secs(1));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let screen = LiveScreen { name: "echo.wasm", sample: &sample };
    terminal.draw(|frame| frame.render_widget(screen, frame.area())).unwrap();
    let shown: String =
        terminal.backend().buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect();
    for told in
        ["echo.wasm", "3.0 kB/s in", "polls a second: 1", "fd 4 ← 10.0.0.2:7", "hello", "\\u{1b}[2Jgone"]
    {
        assert!(shown.contains(told), "{told:?} in {shown:?}");
    }
    assert!(!shown.contains('\u{1b}') && !shown.contains("unfinished"));
}

#[test]
fn a_small_terminal_is_drawn_in_too() {
    let sample = Live::new().tick(Duration::ZERO);
    for (width, height) in [(1, 1), (5, 3), (80, 2)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let screen = LiveScreen { name: "x", sample: &sample };
        terminal.draw(|frame| frame.render_widget(screen, frame.area())).unwrap();
    }
}
