//! A subscription left after close: a poll is asked about an fd that the guest has closed.

use super::model::{Model, Told};
use super::{Check, Finding, Level, Rule};

pub struct LeftAfterClose;

impl Check for LeftAfterClose {
    fn told(&mut self, told: &Told, model: &Model, found: &mut Vec<Finding>) {
        let (Some(errno), Some(closed)) = (&told.failed, model.closed_by(told.fd)) else { return };
        let what = format!("was closed by #{closed}, and is still subscribed to in #{}: {errno}", told.n);
        let finding = Finding::new(Rule::LeftAfterClose, Level::Error, what, &[closed, told.n]);
        found.push(finding.on(told.fd, Some(told.userdata)));
    }
}
