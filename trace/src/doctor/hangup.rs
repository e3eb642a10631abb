//! A hangup ignored: an end or an error was told, and nothing was done about it.

use super::model::{Model, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Userdata};
use std::collections::BTreeMap;

/// Polls that a guest may make before it acts on an end.
const POLLS: usize = 8;

/// An end that was told.
struct Told {
    n: u64,
    userdata: Userdata,
    /// The polls since.
    polls: Vec<u64>,
    /// A read has seen the end; what remains is to close it, after what is still to be written.
    seen: bool,
}

#[derive(Default)]
pub struct Hangup {
    told: BTreeMap<u32, Told>,
}

impl Check for Hangup {
    fn call(&mut self, entry: &Entry, _: &Model, found: &mut Vec<Finding>) {
        let Some(fd) = entry.fd else { return };
        let Some(told) = self.told.get_mut(&fd) else { return };
        match &*entry.call {
            "fd_close" | "fd_renumber" => {
                if let Some(told) = self.told.remove(&fd) {
                    report(fd, &told, Level::Warning, found);
                }
            }
            "fd_read" | "sock_recv" if entry.bytes == Some(0) || !entry.succeeded() => {
                told.seen |= !entry.answered("EAGAIN");
            }
            // Bytes before the end. And half a connection may go on for long: so long as it is written to, it isn't
            // forgotten.
            "fd_read" | "sock_recv" | "fd_write" | "sock_send" => told.polls.clear(),
            _ => {}
        }
    }

    fn turn(&mut self, _: &Turn, next: &Turn, model: &Model, _: &mut Vec<Finding>) {
        for told in &next.told {
            if (told.hangup || told.error) && model.closed_by(told.fd).is_none() {
                let (n, userdata) = (told.n, told.userdata);
                self.told.entry(told.fd).or_insert(Told { n, userdata, polls: Vec::new(), seen: false });
            }
        }
        for told in self.told.values_mut().filter(|told| told.n != next.n) {
            told.polls.push(next.n);
        }
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        for (&fd, told) in &self.told {
            report(fd, told, Level::Error, found);
        }
    }
}

fn report(fd: u32, told: &Told, level: Level, found: &mut Vec<Finding>) {
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
