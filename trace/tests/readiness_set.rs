//! The doctor sees through a readiness set: what it subscribes to, and what it told.

use wasi_poll_trace::doctor::{Finding, Rule, examine};
use wasi_poll_trace::{
    Change, Clock, Entry, Event, Header, Kind, ReadyFd, Subscription, Trace, Userdata, World,
};

const SET: u32 = 4;
const STREAM: u32 = 5;

/// A trace, call by call, 5 ms apart.
#[derive(Default)]
struct Calls(Vec<Entry>);

fn subscription(fd: u32, userdata: u64) -> Subscription {
    Subscription {
        userdata: Userdata(userdata),
        kind: Kind::Read,
        fd: Some(fd),
        clock: None,
        timeout_ns: None,
        absolute: false,
    }
}

fn readable(userdata: u64) -> Event {
    Event {
        userdata: Userdata(userdata),
        kind: Kind::Read,
        errno: None,
        nbytes: 1,
        hangup: false,
        error: None,
    }
}

impl Calls {
    fn new() -> Calls {
        let mut open = Entry::on("path_open", 3, 0);
        (open.path, open.new_fd) = (Some("poll".to_owned()), Some(SET));
        let mut accept = Entry::on("sock_accept", 3, 0);
        accept.new_fd = Some(STREAM);
        Calls::default().and(open).and(accept).arms()
    }

    fn and(mut self, mut entry: Entry) -> Calls {
        entry.n = self.0.len() as u64 + 1;
        entry.at_ns = entry.n * 5_000_000;
        entry.errno.get_or_insert("ESUCCESS".into());
        self.0.push(entry);
        self
    }

    /// Subscribes to the stream, in the set.
    fn arms(self) -> Calls {
        let mut write = Entry::on("fd_write", SET, 0);
        write.changes =
            vec![Change { subscription: subscription(STREAM, 0x77), removed: false, edge: false }];
        self.and(write)
    }

    /// Subscribes to the stream, which stays.
    fn stays(self) -> Calls {
        let mut write = Entry::on("fd_write", SET, 0);
        write.changes = vec![Change { subscription: subscription(STREAM, 0x77), removed: false, edge: true }];
        self.and(write)
    }

    /// Reads the set, which is the poll.
    fn polls(self, took_ns: u64, told: &[u64], ready: bool) -> Calls {
        let mut read = Entry::on("fd_read", SET, 0);
        (read.set, read.took_ns) = (true, took_ns);
        read.events = told.iter().copied().map(readable).collect();
        read.ready = vec![ReadyFd { fd: STREAM, read: ready, write: true }];
        self.and(read)
    }

    /// Sleeps until the set has something to tell.
    fn sleeps(self, ready: bool) -> Calls {
        let mut poll = Entry::call("poll_oneoff", 0);
        poll.took_ns = 4_000_000;
        poll.subscriptions = vec![subscription(SET, 0x1)];
        poll.events = vec![readable(0x1)];
        poll.ready = vec![ReadyFd { fd: STREAM, read: ready, write: true }];
        self.and(poll)
    }

    fn told(self) -> Calls {
        let mut read = Entry::on("fd_read", SET, 0);
        (read.set, read.timeout_ns) = (true, Some(0));
        read.events = vec![readable(0x77)];
        self.sleeps(true).and(read)
    }

    fn reads(self, asked: u32, bytes: u32) -> Calls {
        let mut read = Entry::on("fd_read", STREAM, 0);
        (read.asked, read.bytes) = (Some(asked), Some(bytes));
        self.and(read)
    }

    fn findings(self) -> Vec<Finding> {
        examine(&Trace { header: Header::new(World::Run, Clock::Real), entries: self.0, cut: false })
    }
}

#[test]
fn an_edge_that_a_set_told_and_that_is_left_behind_is_found() {
    let findings = Calls::new().told().reads(8, 8).sleeps(true).findings();
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.rule, finding.fd), (Rule::EdgeNotDrained, Some(STREAM)));
    assert_eq!(finding.userdata, Some(Userdata(0x77)), "not that of the set's own subscription");
}

#[test]
fn a_loop_that_drains_what_a_set_told_and_arms_it_again_is_left_in_peace() {
    let mut calls = Calls::new();
    for _ in 0..40 {
        calls = calls.told().reads(64, 8).arms();
    }
    assert_eq!(calls.sleeps(false).findings(), []);
}

#[test]
fn a_loop_whose_polls_are_reads_of_a_set_is_left_in_peace() {
    let mut calls = Calls::new().stays();
    for _ in 0..40 {
        calls = calls.polls(4_000_000, &[0x77], true).reads(64, 8);
    }
    assert_eq!(calls.polls(4_000_000, &[], false).findings(), []);
}

#[test]
fn an_edge_that_such_a_read_told_and_that_is_left_behind_is_found() {
    let calls = Calls::new().stays().polls(4_000_000, &[0x77], true).reads(8, 8);
    let findings = calls.polls(4_000_000, &[], true).findings();
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.rule, finding.fd), (Rule::EdgeNotDrained, Some(STREAM)));
}

#[test]
fn reads_of_a_set_that_bring_nothing_are_spinning() {
    let mut calls = Calls::new().stays();
    for _ in 0..40 {
        calls = calls.polls(0, &[0x77], true);
    }
    let findings = calls.findings();
    assert!(findings.iter().any(|finding| finding.rule == Rule::Spinning), "{findings:?}");
}

#[test]
fn a_member_of_a_set_that_is_watched_counts_as_subscribed_to() {
    // It became ready as each poll ended; what told it comes later.
    let waits = Calls::new().sleeps(true).sleeps(true).sleeps(true).sleeps(true);
    assert_eq!(waits.findings(), []);
}
