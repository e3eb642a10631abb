//! Reads of one byte: room for one, again and again.

use super::model::Model;
use super::{Check, Finding, Level, Rule};
use crate::{Entry, Userdata};
use std::collections::BTreeMap;

const READS: usize = 32;

#[derive(Default)]
pub struct OneByte {
    reads: BTreeMap<u32, Vec<u64>>,
}

impl Check for OneByte {
    fn call(&mut self, entry: &Entry, _: &Model, found: &mut Vec<Finding>) {
        let Some(fd) = entry.fd else { return };
        match &*entry.call {
            "fd_read" | "sock_recv" if entry.asked == Some(1) && entry.bytes == Some(1) => {
                self.reads.entry(fd).or_default().push(entry.n);
            }
            "fd_close" => self.report(fd, found),
            _ => {}
        }
    }

    fn end(&mut self, _: Option<&super::model::Turn>, _: &Model, found: &mut Vec<Finding>) {
        let fds: Vec<u32> = self.reads.keys().copied().collect();
        for fd in fds {
            self.report(fd, found);
        }
    }
}

impl OneByte {
    fn report(&mut self, fd: u32, found: &mut Vec<Finding>) {
        let Some(reads) = self.reads.remove(&fd) else { return };
        if reads.len() >= READS {
            let what = format!("{} reads had room for one byte, and got it", reads.len());
            let userdata: Option<Userdata> = None;
            found.push(Finding::new(Rule::OneByteReads, Level::Warning, what, &reads).on(fd, userdata));
        }
    }
}
