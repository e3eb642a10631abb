//! A loop that is told of what isn't there, and one that doesn't look.

use wasi_poll_trace::doctor::{self, Rule};
use wasi_poll_trace::{Clock, Entry, Event, Header, Kind, Subscription, Trace, Userdata, World};

/// Forty polls that tell fd 4 readable, or over, each with a read behind it, which would have blocked, if it is `tried`.
fn trace(tried: bool, hangup: bool) -> Trace {
    let read = Subscription {
        userdata: Userdata(1),
        kind: Kind::Read,
        fd: Some(4),
        clock: None,
        timeout_ns: None,
        absolute: false,
    };
    let event =
        Event { userdata: Userdata(1), kind: Kind::Read, errno: None, nbytes: 1, hangup, error: None };
    let mut entries = Vec::new();
    for round in 0..40 {
        let mut poll = Entry::call("poll_oneoff", round * 2_000);
        (poll.subscriptions, poll.events, poll.errno) =
            (vec![read], vec![event.clone()], Some("ESUCCESS".into()));
        entries.push(poll);
        if tried {
            let mut read = Entry::on("fd_read", 4, round * 2_000 + 1_000);
            read.errno = Some("EAGAIN".into());
            entries.push(read);
        }
    }
    for (n, entry) in (1..).zip(&mut entries) {
        entry.n = n;
    }
    Trace { header: Header::new(World::Play, Clock::Virtual), entries, cut: false }
}

#[test]
fn a_loop_that_tries_what_it_is_told_in_vain_is_not_spinning() {
    assert_eq!(doctor::examine(&trace(true, false)), []);
    let found = doctor::examine(&trace(false, false));
    assert!(found.iter().any(|finding| finding.rule == Rule::Spinning), "{found:?}");
}

#[test]
fn a_loop_that_looks_for_an_end_that_is_not_there_ignores_none() {
    assert_eq!(doctor::examine(&trace(true, true)), []);
    let found = doctor::examine(&trace(false, true));
    assert!(found.iter().any(|finding| finding.rule == Rule::HangupIgnored), "{found:?}");
}
