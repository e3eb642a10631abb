//! Starvation: a socket is told ready in poll after poll, and others are served.

use super::model::{Model, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Kind, Userdata};
use std::collections::{BTreeMap, BTreeSet};

/// Polls that told it, and served others.
const POLLS: usize = 16;
/// Calls on one fd, in one turn, while another waits.
const CALLS: usize = 256;

#[derive(Default)]
pub struct Starvation {
    /// By fd: the polls it was passed over in.
    passed: BTreeMap<u32, (Vec<u64>, Userdata)>,
}

impl Check for Starvation {
    fn turn(&mut self, turn: &Turn, _: &Turn, _: &Model, found: &mut Vec<Finding>) {
        let mut calls: BTreeMap<u32, usize> = BTreeMap::new();
        for fd in turn.calls.iter().filter_map(|entry| entry.fd) {
            *calls.entry(fd).or_default() += 1;
        }
        let told: BTreeSet<(u32, Userdata)> = turn
            .told
            .iter()
            .filter(|told| told.kind == Kind::Read && told.failed.is_none())
            .map(|told| (told.fd, told.userdata))
            .collect();
        let moved = |entry: &Entry| entry.new_fd.is_some() || entry.bytes.is_some_and(|bytes| bytes > 0);
        let is_other_served = |fd: u32| turn.calls.iter().any(|entry| entry.fd != Some(fd) && moved(entry));
        for &(fd, userdata) in &told {
            if calls.contains_key(&fd) {
                self.report(fd, found);
            } else if is_other_served(fd) {
                self.passed.entry(fd).or_insert((Vec::new(), userdata)).0.push(turn.n);
            }
        }
        for entry in &turn.calls {
            if let (Some(fd), "fd_close" | "fd_renumber") = (entry.fd, &*entry.call) {
                self.passed.remove(&fd);
            }
        }
        monopoly(turn, &told, found);
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        let fds: Vec<u32> = self.passed.keys().copied().collect();
        for fd in fds {
            self.report(fd, found);
        }
    }
}

impl Starvation {
    fn report(&mut self, fd: u32, found: &mut Vec<Finding>) {
        let Some((polls, userdata)) = self.passed.remove(&fd) else { return };
        if polls.len() >= POLLS {
            let what =
                format!("told ready in {} polls in a row that served others, and not served", polls.len());
            found.push(Finding::new(Rule::Starvation, Level::Warning, what, &polls).on(fd, Some(userdata)));
        }
    }
}

/// One fd is read on and on, while another that the same poll told waits for its first call.
fn monopoly(turn: &Turn, told: &BTreeSet<(u32, Userdata)>, found: &mut Vec<Finding>) {
    let mut run: Option<(u32, Vec<u64>)> = None;
    let mut served: BTreeSet<u32> = BTreeSet::new();
    for entry in
        turn.calls.iter().filter(|entry| matches!(&*entry.call, "fd_read" | "sock_recv" | "sock_accept"))
    {
        let Some(fd) = entry.fd else { continue };
        served.insert(fd);
        match &mut run {
            Some((running, calls)) if *running == fd => calls.push(entry.n),
            _ => run = Some((fd, vec![entry.n])),
        }
        let Some((running, calls)) = &run else { continue };
        let waits = told.iter().find(|(other, _)| !served.contains(other));
        if calls.len() == CALLS
            && let Some((waiting, _)) = waits
        {
            let userdata = told.iter().find(|(other, _)| other == running).map(|(_, userdata)| *userdata);
            let what = format!(
                "was read {CALLS} times and more behind one poll, #{}, while fd {waiting}, which it told, too, waited",
                turn.n
            );
            let finding = Finding::new(Rule::Starvation, Level::Warning, what, calls);
            found.push(finding.on(*running, userdata));
            return;
        }
    }
}
