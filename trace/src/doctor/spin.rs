//! Spinning: polls that return at once, one after another, and bring nothing.

use super::model::{Model, Told, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Kind, Userdata};
use std::collections::BTreeMap;

/// So many fruitless polls in a row are no accident.
const POLLS: usize = 16;
/// As many of which nothing was told but that the time is over: a program may look so a few times.
const CLOCK_POLLS: usize = 64;
/// So many have taken the core for a while.
const MANY_POLLS: usize = 128;

#[derive(Default)]
pub struct Spin {
    /// The fruitless polls in a row, so far.
    polls: Vec<u64>,
    began_ns: u64,
    until_ns: u64,
    /// How often each was told meanwhile.
    told: BTreeMap<(u32, Kind), (usize, Userdata)>,
}

impl Check for Spin {
    fn turn(&mut self, turn: &Turn, next: &Turn, _: &Model, found: &mut Vec<Finding>) {
        if turn.waited() || turn.progressed(next) || was_answered_in_vain(turn) {
            self.report(found);
            return;
        }
        if self.polls.is_empty() {
            self.began_ns = turn.at_ns;
        }
        self.polls.push(turn.n);
        self.until_ns = next.at_ns;
        for told in &turn.told {
            self.told.entry((told.fd, told.kind)).or_insert((0, told.userdata)).0 += 1;
        }
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        self.report(found);
    }
}

/// Whether the guest tried everything it was told, and nothing was there: that is whoever told it, and not the loop.
fn was_answered_in_vain(turn: &Turn) -> bool {
    let tried = |told: &Told| {
        turn.calls.iter().any(|entry| {
            let calls: &[&str] = match told.kind {
                Kind::Write => &["fd_write", "sock_send"],
                _ => &["fd_read", "sock_recv", "sock_accept"],
            };
            entry.fd == Some(told.fd) && entry.answered("EAGAIN") && calls.contains(&&*entry.call)
        })
    };
    !turn.told.is_empty() && turn.told.iter().all(tried)
}

impl Spin {
    fn report(&mut self, found: &mut Vec<Finding>) {
        let polls = std::mem::take(&mut self.polls);
        let told = std::mem::take(&mut self.told);
        let at_least = if told.is_empty() { CLOCK_POLLS } else { POLLS };
        if polls.len() < at_least {
            return;
        }
        let level = if polls.len() < MANY_POLLS { Level::Warning } else { Level::Error };
        let span_ns = self.until_ns.saturating_sub(self.began_ns);
        let most = told.iter().max_by_key(|(_, (times, _))| *times);
        let why = match most {
            None => "their timeout was over at once, and nothing else was told".to_owned(),
            Some(((fd, kind), (times, _))) => {
                let kind = if *kind == Kind::Write { "writable" } else { "readable" };
                format!("fd {fd} was told {kind} in {times} of them")
            }
        };
        let what = format!(
            "{} polls in a row returned at once, within {span_ns} ns, and between them no byte was moved and no interest \
             changed: {why}",
            polls.len()
        );
        let finding = Finding::new(Rule::Spinning, level, what, &polls);
        found.push(match most {
            Some(((fd, _), (_, userdata))) => finding.on(*fd, Some(*userdata)),
            None => finding,
        });
    }
}
