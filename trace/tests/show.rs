//! A trace in the terminal: what is seen, and where the keys lead.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::KeyCode;
use wasi_poll_trace::picture::{Filter, Picture, Scale, Show, svg, text};
use wasi_poll_trace::{Change, Clock, Entry, Event, Header, Kind, Subscription, Trace, Userdata, World};

fn entry(n: u64, mut entry: Entry, errno: &'static str) -> Entry {
    entry.n = n;
    entry.errno = Some(errno.into());
    entry
}

/// A server's few calls, 1 ms apart.
fn trace() -> Trace {
    let at = |n: u64| n * 1_000_000;
    let mut accept = entry(1, Entry::on("sock_accept", 3, at(1)), "ESUCCESS");
    (accept.new_fd, accept.peer) = (Some(4), Some("10.0.0.2:50000".parse().unwrap()));
    let mut poll = entry(2, Entry::call("poll_oneoff", at(2)), "ESUCCESS");
    poll.took_ns = 900_000;
    poll.subscriptions = vec![Subscription {
        userdata: Userdata(0xbeef),
        kind: Kind::Read,
        fd: Some(4),
        clock: None,
        timeout_ns: None,
        absolute: false,
    }];
    let event = Event {
        userdata: Userdata(0xbeef),
        kind: Kind::Read,
        errno: None,
        nbytes: 1,
        hangup: false,
        error: None,
    };
    poll.events = vec![event];
    let mut read = entry(3, Entry::on("fd_read", 4, at(3)), "ESUCCESS");
    (read.asked, read.bytes) = (Some(64), Some(5));
    let mut open = entry(4, Entry::on("path_open", 5, at(4)), "ESUCCESS");
    (open.path, open.new_fd) = (Some("tcp/connect/\u{1b}[2Jx".to_owned()), Some(6));
    let close = entry(5, Entry::on("fd_close", 4, at(5)), "ESUCCESS");
    let header = Header::new(World::Run, Clock::Real);
    Trace { header, entries: vec![accept, poll, read, open, close], cut: false }
}

/// The screen after these keys, line by line.
fn screen(show: &mut Show, keys: &str) -> Vec<String> {
    for key in keys.chars() {
        let code = match key {
            '>' => KeyCode::Right,
            '<' => KeyCode::Left,
            '\n' => KeyCode::Enter,
            letter => KeyCode::Char(letter),
        };
        assert!(show.key(code));
    }
    let mut terminal = Terminal::new(TestBackend::new(100, 16)).unwrap();
    terminal.draw(|frame| frame.render_widget(show.screen(), frame.area())).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..buffer.area.height).map(line).collect()
}

fn lane<'a>(lines: &'a [String], label: &str) -> &'a str {
    lines.iter().find(|line| line.starts_with(label)).unwrap_or_else(|| panic!("{label} in {lines:#?}"))
}

#[test]
fn a_lane_shows_when_its_socket_was_opened_told_read_and_closed() {
    let lines = screen(&mut Show::new(&trace()), "");
    let marks: String =
        lane(&lines, "fd 4 ← 10.0.0.2:50000")[24..].chars().filter(|c| "o^rx".contains(*c)).collect();
    assert_eq!(marks, "o^rx");
    assert!(lane(&lines, "polls").contains('█'));
    assert!(
        lines[12].starts_with('─') && lines[13].starts_with("#1 0.001000000 sock_accept fd 3: fd 4"),
        "{lines:#?}"
    );
}

#[test]
fn faults_have_a_lane_and_what_has_no_room_is_counted() {
    let mut noted = trace();
    noted.entries.insert(3, entry(9, Entry::note("kind = \"reset\"", 3_500_000), "ESUCCESS"));
    let drawn = text(&noted, 100, 5);
    let lines: Vec<String> = drawn.lines().map(str::to_owned).collect();
    assert!(lane(&lines, "notes").contains('*') && lines[1].starts_with("notes"), "{drawn}");
    assert!(lane(&lines, "polls").contains('█'), "{drawn}");
    assert!(lane(&lines, "… and ").starts_with("… and 2 lanes more"), "{drawn}");
    let path = "tcp/connect/10.0.0.9:80".to_owned();
    noted.entries[4].path = Some(path);
    assert!(text(&noted, 100, 24).contains("fd 6 → 10.0.0.9:80"), "{drawn}");
    assert!(!text(&noted, 100, 24).contains("lanes more"));
}

#[test]
fn a_subscription_that_ends_behind_its_fd_makes_no_lane() {
    let mut trace = trace();
    let lanes = Picture::new(&trace).lanes.len();
    let mut write = entry(6, Entry::on("fd_write", 6, 6_000_000), "ESUCCESS");
    let subscription = trace.entries[1].subscriptions[0];
    write.changes = vec![Change { subscription, removed: true, edge: false }];
    trace.entries.push(write);
    assert_eq!(Picture::new(&trace).lanes.len(), lanes);
}

#[test]
fn a_step_goes_to_the_next_call_and_back() {
    let mut show = Show::new(&trace());
    assert!(screen(&mut show, ">>")[13].starts_with("#3 "));
    assert!(screen(&mut show, "<")[13].starts_with("#2 "));
    assert!(screen(&mut show, ">>>>>>>>")[13].starts_with("#5 "), "it stops at the last");
}

#[test]
fn a_filter_leaves_the_wanted_rows_and_steps_among_them() {
    let mut show = Show::new(&trace());
    let lines = screen(&mut show, "f0xbeef\n");
    assert!(lines[0].contains("2 lanes") && lines[0].contains("filter \"0xbeef\""), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("fd 6")));
    assert!(screen(&mut show, ">>>")[13].starts_with("#5 "), "over #4, which is on no row that is left");
}

#[test]
fn a_search_goes_to_the_next_call_that_has_the_text() {
    let mut show = Show::new(&trace());
    assert!(screen(&mut show, "/fd_close\n")[13].starts_with("#5 "));
    assert!(screen(&mut show, "/fd_read\n")[13].starts_with("#3 "), "from the end on at the beginning");
    assert!(screen(&mut show, "/nothing has this\n")[15].contains("no call has"));
}

#[test]
fn zooming_keeps_the_call_in_view() {
    let mut show = Show::new(&trace());
    let lines = screen(&mut show, ">>++");
    assert!(lane(&lines, "fd 4").contains('r'), "{lines:#?}");
    assert!(!lane(&lines, "fd 4")[24..].contains('x'), "{lines:#?}");
    assert!(lane(&screen(&mut show, "0"), "fd 4")[24..].contains('x'));
}

#[test]
fn calls_can_be_as_wide_as_each_other() {
    let lines = screen(&mut Show::new(&trace()), "t");
    assert!(lines[0].starts_with("#1 … #6"), "{lines:#?}");
}

#[test]
fn what_a_guest_wrote_is_escaped_on_every_screen() {
    let mut show = Show::new(&trace());
    let lines = screen(&mut show, "/path_open\n");
    assert!(lines[13].contains("tcp/connect/\\u{1b}[2Jx"), "{lines:#?}");
    assert!(!lines.concat().contains('\u{1b}'));
    let drawn = svg(&Picture::new(&trace()), Scale::Time, &Filter::default());
    assert!(!drawn.contains('\u{1b}') && drawn.contains("tcp/connect/\\u{1b}"));
}

#[test]
fn an_svg_has_a_row_for_each_lane_and_a_title_for_each_call() {
    let picture = Picture::new(&trace());
    let drawn = svg(&picture, Scale::Calls, &Filter::default());
    assert_eq!(drawn.matches("<text x=\"6\"").count(), picture.lanes.len());
    assert!(drawn.contains("<title>0.003000000 fd_read fd 4: 5 bytes [0 ns]</title>"), "{drawn}");
    let filtered = svg(&picture, Scale::Calls, &Filter("fd 6".to_owned()));
    assert_eq!(filtered.matches("<text x=\"6\"").count(), 2, "the polls, and fd 6");
}

#[test]
fn an_empty_trace_is_an_empty_picture() {
    let trace = Trace { header: Header::new(World::Run, Clock::Real), entries: Vec::new(), cut: false };
    let mut show = Show::new(&trace);
    let lines = screen(&mut show, "><+-t/x\nnN0");
    assert!(lines[0].contains("0 calls"));
    assert!(svg(&Picture::new(&trace), Scale::Time, &Filter::default()).ends_with("</svg>\n"));
}
