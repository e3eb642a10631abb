//! An edge that isn't drained: told readable, and not read until nothing is left.

use super::model::{Model, Opened, Told, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Kind, Trigger, Userdata};
use std::collections::BTreeMap;

/// Told at once again so often without having been drained, it is the program's way.
const TOLD_AGAIN: usize = 4;

/// What a guest owes a socket it was told readable.
#[derive(Clone, Debug)]
struct Owed {
    /// The poll that told it.
    told: u64,
    userdata: Userdata,
    /// The last read or accept since, which didn't drain it.
    last: Option<u64>,
    /// The poll that slept over it, while there was something.
    slept: Option<u64>,
}

pub struct Drain {
    /// Edge-triggered, who subscribes is not told again either.
    trigger: Trigger,
    owed: BTreeMap<u32, Owed>,
    /// By fd: what told it again, at once, though it wasn't drained.
    again: BTreeMap<u32, (Vec<u64>, Userdata)>,
    /// The last poll found nothing to tell when it began.
    waited: bool,
}

impl Drain {
    pub fn new(trigger: Trigger) -> Drain {
        Drain { trigger, owed: BTreeMap::new(), again: BTreeMap::new(), waited: false }
    }

    /// Nothing told the guest in this poll, though there was something.
    fn sleeps_over(&self, poll: &Turn, fd: u32) -> bool {
        let would_tell = match self.trigger {
            Trigger::Level => poll.subscribes(fd, Kind::Read),
            Trigger::Edge => poll.told.iter().any(|told| told.fd == fd && told.kind == Kind::Read),
        };
        poll.waited() && !would_tell && poll.is_ready(fd, Kind::Read)
    }

    fn left_behind(&self, fd: u32, owed: &Owed, slept: u64, level: Level) -> Finding {
        let read = match owed.last {
            Some(_) => "was told readable and read, but not until it would block",
            None => "was told readable, and not read",
        };
        let slept_so = match self.trigger {
            Trigger::Level => "without a subscription to it",
            Trigger::Edge => "and was not told again",
        };
        let after = if level == Level::Error { ", and is left so" } else { ", and read only later" };
        let what = format!("{read}; the loop then slept {slept_so}, while more was there{after}");
        let calls: Vec<u64> = [Some(owed.told), owed.last, Some(slept)].into_iter().flatten().collect();
        Finding::new(Rule::EdgeNotDrained, level, what, &calls).on(fd, Some(owed.userdata))
    }
}

impl Check for Drain {
    fn call(&mut self, entry: &Entry, model: &Model, found: &mut Vec<Finding>) {
        let Some(fd) = entry.fd else { return };
        if is_drained(entry, model) {
            if let Some(owed) = self.owed.remove(&fd)
                && let Some(slept) = owed.slept
            {
                found.push(self.left_behind(fd, &owed, slept, Level::Warning));
            }
        } else if let (Some(owed), true) = (self.owed.get_mut(&fd), takes(entry)) {
            owed.last = Some(entry.n);
        }
    }

    fn poll(&mut self, poll: &Turn, _: &Model, _: &mut Vec<Finding>) {
        self.waited = poll.waited();
        let slept: Vec<u32> = self.owed.keys().copied().filter(|&fd| self.sleeps_over(poll, fd)).collect();
        for fd in slept {
            if let Some(owed) = self.owed.get_mut(&fd) {
                owed.slept.get_or_insert(poll.n);
            }
        }
    }

    fn told(&mut self, told: &Told, _: &Model, _: &mut Vec<Finding>) {
        // Of an end or an error nothing has to be drained: that nobody acts on it is another rule.
        if told.kind != Kind::Read || told.failed.is_some() || told.hangup || told.error {
            return;
        }
        let new = Owed { told: told.n, userdata: told.userdata, last: None, slept: None };
        let owed = self.owed.entry(told.fd).or_insert(new);
        // A guest that read nothing at all is no half-drained one: other rules are about that.
        if owed.last.take().is_some() && !self.waited {
            self.again.entry(told.fd).or_insert((Vec::new(), told.userdata)).0.push(told.n);
        }
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        for (&fd, owed) in &self.owed {
            if let Some(slept) = owed.slept {
                found.push(self.left_behind(fd, owed, slept, Level::Error));
            }
        }
        for (&fd, (polls, userdata)) in &self.again {
            if polls.len() >= TOLD_AGAIN {
                let what = format!(
                    "was read, but not until it would block, and the next poll told it again at once: {} times",
                    polls.len()
                );
                let finding = Finding::new(Rule::EdgeNotDrained, Level::Warning, what, polls);
                found.push(finding.on(fd, Some(*userdata)));
            }
        }
    }
}

fn takes(entry: &Entry) -> bool {
    matches!(&*entry.call, "fd_read" | "sock_recv" | "sock_accept")
}

/// Whether this call has shown that nothing is left, or has ended the fd.
pub fn is_drained(entry: &Entry, model: &Model) -> bool {
    match &*entry.call {
        "fd_close" | "fd_renumber" => true,
        "fd_read" | "sock_recv" => match entry.bytes {
            // An error, EAGAIN among them.
            None => !entry.succeeded(),
            Some(0) => true,
            // A datagram is short when there are more, too.
            Some(_) if entry.fd.and_then(|fd| model.opened(fd)) == Some(Opened::Datagrams) => false,
            Some(bytes) => entry.asked.is_some_and(|asked| bytes < asked),
        },
        "sock_accept" => !entry.succeeded(),
        _ => false,
    }
}
