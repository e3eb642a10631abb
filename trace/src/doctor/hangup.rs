//! A hangup ignored: an end or an error was told, and nothing was done about it.

use super::model::{Model, Told, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Userdata};
use std::collections::BTreeMap;

/// Polls that a guest may make before it acts on an end.
const POLLS: usize = 8;

/// An end that was told.
struct Over {
    n: u64,
    userdata: Userdata,
    /// The polls since.
    polls: Vec<u64>,
    /// A read has seen the end; what remains is to close it, after what is still to be written.
    seen: bool,
}

#[derive(Default)]
pub struct Hangup {
    over: BTreeMap<u32, Over>,
}

impl Check for Hangup {
    fn call(&mut self, entry: &Entry, _: &Model, found: &mut Vec<Finding>) {
        let Some(fd) = entry.fd else { return };
        let Some(told) = self.over.get_mut(&fd) else { return };
        match &*entry.call {
            "fd_close" | "fd_renumber" => {
                if let Some(told) = self.over.remove(&fd) {
                    report(fd, &told, Level::Warning, found);
                }
            }
            // Whoever told it has taken it back: the guest looked.
            "fd_read" | "sock_recv" if entry.answered("EAGAIN") => told.polls.clear(),
            "fd_read" | "sock_recv" if entry.bytes == Some(0) || !entry.succeeded() => told.seen = true,
            // Bytes before the end. And half a connection may go on for long: so long as it is written to, it isn't
            // forgotten.
            "fd_read" | "sock_recv" | "fd_write" | "sock_send" => told.polls.clear(),
            _ => {}
        }
    }

    fn told(&mut self, told: &Told, _: &Model, _: &mut Vec<Finding>) {
        if told.hangup || told.error {
            let (n, userdata) = (told.n, told.userdata);
            self.over.entry(told.fd).or_insert(Over { n, userdata, polls: Vec::new(), seen: false });
        }
    }

    fn poll(&mut self, poll: &Turn, _: &Model, _: &mut Vec<Finding>) {
        self.over.values_mut().for_each(|over| over.polls.push(poll.n));
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        for (&fd, told) in &self.over {
            report(fd, told, Level::Error, found);
        }
    }
}

fn report(fd: u32, told: &Over, level: Level, found: &mut Vec<Finding>) {
    if told.polls.len() < POLLS {
        return;
    }
    let (level, did) = match (told.seen, level) {
        (true, _) => (Level::Warning, "was read to its end, but"),
        (false, level) => (level, "was not read to its end, and"),
    };
    let until = if level == Level::Error { "is never" } else { "is not" };
    let what = format!(
        "#{} told that it is over; it {did} {until} closed within the next {} polls",
        told.n,
        told.polls.len()
    );
    let calls: Vec<u64> = std::iter::once(told.n).chain(told.polls.iter().copied()).collect();
    found.push(Finding::new(Rule::HangupIgnored, level, what, &calls).on(fd, Some(told.userdata)));
}
