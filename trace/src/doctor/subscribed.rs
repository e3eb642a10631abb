//! Ready but not subscribed: the loop sleeps, a socket has something for it, and nothing would wake it for that.

use super::drain::is_drained;
use super::model::{Model, Told, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Polls that waited meanwhile. The first may have been the one in which it became ready.
const POLLS: usize = 3;

#[derive(Default)]
pub struct Unsubscribed {
    /// The polls that slept over it.
    slept: BTreeMap<(u32, Kind), Vec<u64>>,
    /// What a poll has told, and wasn't drained since: that is another rule's.
    told: BTreeSet<(u32, Kind)>,
    /// Fds to which a write would have blocked: of no other does anybody care whether they are writable.
    full: BTreeSet<u32>,
    /// Fds of which the end, or an error, was read. They are ready for ever.
    over: BTreeSet<u32>,
}

impl Check for Unsubscribed {
    fn call(&mut self, entry: &Entry, model: &Model, found: &mut Vec<Finding>) {
        let Some(fd) = entry.fd else { return };
        match &*entry.call {
            "fd_write" | "sock_send" => {
                let is_full = entry.answered("EAGAIN")
                    || matches!((entry.asked, entry.bytes), (Some(asked), Some(bytes)) if bytes < asked);
                if is_full {
                    self.full.insert(fd)
                } else {
                    self.full.remove(&fd)
                };
                self.over(fd, Kind::Write, found);
            }
            "fd_read" | "sock_recv" | "sock_accept" => {
                self.over(fd, Kind::Read, found);
                let is_over = entry.bytes == Some(0) && entry.asked != Some(0)
                    || !entry.succeeded() && !entry.answered("EAGAIN");
                if is_over {
                    self.over.insert(fd);
                }
                if is_drained(entry, model) {
                    self.told.remove(&(fd, Kind::Read));
                }
            }
            "fd_close" | "fd_renumber" => {
                self.full.remove(&fd);
                self.over.remove(&fd);
                for kind in [Kind::Read, Kind::Write] {
                    self.over(fd, kind, found);
                    self.told.remove(&(fd, kind));
                }
            }
            _ => {}
        }
    }

    fn told(&mut self, told: &Told, _: &Model, _: &mut Vec<Finding>) {
        self.told.insert((told.fd, told.kind));
    }

    fn poll(&mut self, poll: &Turn, _: &Model, found: &mut Vec<Finding>) {
        for ready in &poll.ready {
            for (kind, is_ready) in [(Kind::Read, ready.read), (Kind::Write, ready.write)] {
                let key = (ready.fd, kind);
                let matters = match kind {
                    Kind::Write => self.full.contains(&ready.fd),
                    _ => !self.over.contains(&ready.fd),
                };
                if !is_ready || !matters || poll.subscribes(ready.fd, kind) || self.told.contains(&key) {
                    self.over(ready.fd, kind, found);
                } else if poll.waited() {
                    self.slept.entry(key).or_default().push(poll.n);
                }
            }
        }
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        for ((fd, kind), polls) in std::mem::take(&mut self.slept) {
            report(fd, kind, &polls, Level::Error, found);
        }
    }
}

impl Unsubscribed {
    /// It was dealt with after all.
    fn over(&mut self, fd: u32, kind: Kind, found: &mut Vec<Finding>) {
        if let Some(polls) = self.slept.remove(&(fd, kind)) {
            report(fd, kind, &polls, Level::Warning, found);
        }
    }
}

fn report(fd: u32, kind: Kind, polls: &[u64], level: Level, found: &mut Vec<Finding>) {
    if polls.len() < POLLS {
        return;
    }
    let state = match kind {
        Kind::Write => "a write to it was to wait for room, and there is room",
        _ => "has something to read or accept",
    };
    let what = format!("{state}, but {} polls that slept didn't subscribe to it", polls.len());
    found.push(Finding::new(Rule::ReadyNotSubscribed, level, what, polls).on(fd, None));
}
