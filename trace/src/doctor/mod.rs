//! The poll doctor: reads a trace and tells what is wrong with the guest's loop, by whose fd and in which calls.
//!
//! | rule | finds |
//! |---|---|
//! | [`Rule::Spinning`] | polls that return at once, again and again, and bring nothing |
//! | [`Rule::WritableStorm`] | a socket reported writable in every poll, to which nothing is written |
//! | [`Rule::EdgeNotDrained`] | a loop that doesn't read until nothing is left: it works level-triggered, and hangs on epoll |
//! | [`Rule::ReadyNotSubscribed`] | a socket that is ready while the loop sleeps, which nothing subscribes to |
//! | [`Rule::LeftAfterClose`] | a subscription to an fd that was closed |
//! | [`Rule::HangupIgnored`] | an end or error that was told, and nobody acted on |
//! | [`Rule::Starvation`] | a socket that waits its turn while others are served |
//! | [`Rule::TimeoutDrift`] | a regular timer that rings later each time |
//! | [`Rule::OneByteReads`] | reads with room for a single byte |
//!
//! ```
//! use wasi_poll_trace::doctor::{self, Rule};
//! use wasi_poll_trace::{Clock, Entry, Header, Trace, World};
//!
//! let read = |n: u64| {
//!     let mut entry = Entry::on("fd_read", 4, n * 1_000);
//!     (entry.n, entry.asked, entry.bytes, entry.errno) = (n, Some(1), Some(1), Some("ESUCCESS".into()));
//!     entry
//! };
//! let header = Header::new(World::Run, Clock::Real).with_guest("slow.wasm", None);
//! let trace = Trace { header, entries: (1..=100).map(read).collect(), cut: false };
//! let findings = doctor::examine(&trace);
//! assert_eq!(findings[0].rule, Rule::OneByteReads);
//! assert_eq!(findings[0].fd, Some(4));
//! ```

mod close;
mod drain;
mod drift;
mod finding;
mod hangup;
mod model;
mod one_byte;
mod spin;
mod starvation;
mod storm;
mod subscribed;

pub use finding::{Finding, Level, Rule};

use crate::{Entry, Header, Observe, Trace, Trigger};
use model::{Model, Told, Turn};
use std::collections::BTreeMap;

/// A poll that took at least this long has waited: nothing was ready when it began.
const WAITED_NS: u64 = 1_000_000;

/// What one rule knows of one guest so far.
trait Check: Send {
    /// A call has ended. The model knows of it.
    fn call(&mut self, _entry: &Entry, _model: &Model, _found: &mut Vec<Finding>) {}

    /// The guest was told something, by a poll or by a readiness set.
    fn told(&mut self, _told: &Told, _model: &Model, _found: &mut Vec<Finding>) {}

    /// A poll has ended. What it told comes next, and then the calls behind it.
    fn poll(&mut self, _poll: &Turn, _model: &Model, _found: &mut Vec<Finding>) {}

    /// A poll, and all calls behind it until the `next` poll, which has ended, too. Comes before that one's `poll`.
    fn turn(&mut self, _turn: &Turn, _next: &Turn, _model: &Model, _found: &mut Vec<Finding>) {}

    /// There is no more. `last` is the poll that none follows.
    fn end(&mut self, _last: Option<&Turn>, _model: &Model, _found: &mut Vec<Finding>) {}
}

/// One guest, as far as its calls were seen.
struct Patient {
    model: Model,
    turn: Option<Turn>,
    checks: Vec<Box<dyn Check>>,
}

impl Patient {
    fn new(trigger: Trigger) -> Patient {
        Patient {
            model: Model::default(),
            turn: None,
            checks: vec![
                Box::new(spin::Spin::default()),
                Box::new(storm::Storm::default()),
                Box::new(drain::Drain::new(trigger)),
                Box::new(subscribed::Unsubscribed::default()),
                Box::new(close::LeftAfterClose),
                Box::new(hangup::Hangup::default()),
                Box::new(starvation::Starvation::default()),
                Box::new(drift::Drift::default()),
                Box::new(one_byte::OneByte::default()),
            ],
        }
    }

    fn entry(&mut self, entry: &Entry, found: &mut Vec<Finding>) {
        if self.model.is_poll(entry) {
            let next = if entry.set { self.model.set_turn(entry) } else { self.model.turn(entry) };
            if let Some(turn) = self.turn.take() {
                for check in &mut self.checks {
                    check.turn(&turn, &next, &self.model, found);
                }
            }
            for check in &mut self.checks {
                check.poll(&next, &self.model, found);
                for told in &next.told {
                    check.told(told, &self.model, found);
                }
            }
            self.turn = Some(next);
        } else {
            let told = self.model.call(entry, self.turn.as_mut());
            for check in &mut self.checks {
                for told in &told {
                    check.told(told, &self.model, found);
                }
            }
        }
        for check in &mut self.checks {
            check.call(entry, &self.model, found);
        }
    }

    fn end(&mut self, found: &mut Vec<Finding>) {
        for check in &mut self.checks {
            check.end(self.turn.as_ref(), &self.model, found);
        }
    }
}

/// Examines guests while they run, call by call.
#[derive(Default)]
pub struct Doctor {
    guests: BTreeMap<Option<String>, Patient>,
    /// Names the guest where its calls don't.
    name: Option<String>,
    trigger: Trigger,
    found: Vec<Finding>,
}

impl Doctor {
    /// One who has seen nothing.
    pub fn new() -> Doctor {
        Doctor::default()
    }

    /// What is found, the worst first; of what is equally bad, the earliest first. Says what only the end can show, so ask
    /// once, at the end.
    pub fn findings(mut self) -> Vec<Finding> {
        let mut all = std::mem::take(&mut self.found);
        for (guest, patient) in &mut self.guests {
            let before = all.len();
            patient.end(&mut all);
            for finding in &mut all[before..] {
                finding.guest = guest.clone().or_else(|| self.name.clone());
            }
        }
        let mut merged: Vec<Finding> = Vec::new();
        for finding in all {
            match merged.iter_mut().find(|known| known.is_alike(&finding)) {
                Some(known) => known.merge(finding),
                None => merged.push(finding),
            }
        }
        merged.sort_by_key(|finding| (std::cmp::Reverse(finding.level), finding.calls.first().copied()));
        merged
    }
}

impl Observe for Doctor {
    fn begin(&mut self, header: &Header) {
        self.trigger = header.trigger;
        if let [guest] = &header.guests[..] {
            self.name = Some(guest.name.clone());
        }
    }

    fn entry(&mut self, entry: &Entry) {
        if entry.call == "note" {
            return;
        }
        let before = self.found.len();
        let patient = self.guests.entry(entry.guest.clone()).or_insert_with(|| Patient::new(self.trigger));
        patient.entry(entry, &mut self.found);
        for finding in &mut self.found[before..] {
            finding.guest = entry.guest.clone().or_else(|| self.name.clone());
        }
    }
}

/// Examines a whole trace: what is found, the worst first.
pub fn examine(trace: &Trace) -> Vec<Finding> {
    let mut doctor = Doctor::new();
    doctor.begin(&trace.header);
    trace.entries.iter().for_each(|entry| doctor.entry(entry));
    doctor.findings()
}
