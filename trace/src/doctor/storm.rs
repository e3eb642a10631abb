//! A writable storm: one socket told writable again and again, to which nothing is written.

use super::model::{Model, Told, Turn};
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Kind, Userdata};
use std::collections::BTreeMap;

const TIMES: usize = 16;

#[derive(Default)]
pub struct Storm {
    /// By fd: the polls since the last write to it that told it writable.
    told: BTreeMap<u32, (Vec<u64>, Userdata)>,
}

impl Check for Storm {
    fn told(&mut self, told: &Told, _: &Model, _: &mut Vec<Finding>) {
        if told.kind == Kind::Write && told.failed.is_none() {
            self.told.entry(told.fd).or_insert((Vec::new(), told.userdata)).0.push(told.n);
        }
    }

    fn call(&mut self, entry: &Entry, _: &Model, found: &mut Vec<Finding>) {
        if let (Some(fd), "fd_write" | "sock_send" | "fd_close" | "fd_renumber") = (entry.fd, &*entry.call) {
            self.report(fd, found);
        }
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        let fds: Vec<u32> = self.told.keys().copied().collect();
        for fd in fds {
            self.report(fd, found);
        }
    }
}

impl Storm {
    fn report(&mut self, fd: u32, found: &mut Vec<Finding>) {
        let Some((polls, userdata)) = self.told.remove(&fd) else { return };
        if polls.len() >= TIMES {
            let what = format!("told writable {} times in a row, and nothing was written to it", polls.len());
            found
                .push(Finding::new(Rule::WritableStorm, Level::Warning, what, &polls).on(fd, Some(userdata)));
        }
    }
}
