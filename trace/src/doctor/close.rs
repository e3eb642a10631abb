//! A subscription left after close: a poll is asked about an fd that the guest has closed.

use super::model::{Model, Turn};
use super::{Check, Finding, Level, Rule};

pub struct LeftAfterClose;

impl Check for LeftAfterClose {
    fn turn(&mut self, _: &Turn, next: &Turn, model: &Model, found: &mut Vec<Finding>) {
        for interest in &next.interests {
            let told = next.told.iter().any(|told| told.fd == interest.fd && told.failed.is_some());
            let Some(closed) = model.closed_by(interest.fd).filter(|_| told) else { continue };
            let what = format!("was closed by #{closed}, and #{} still subscribes to it: EBADF", next.n);
            let finding = Finding::new(Rule::LeftAfterClose, Level::Error, what, &[closed, next.n]);
            found.push(finding.on(interest.fd, Some(interest.userdata)));
        }
    }
}
