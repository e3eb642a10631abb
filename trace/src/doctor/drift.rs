//! Timeout drift: a timer of one period rings later each time, because every poll gets the whole period again.

use super::model::{Model, Turn};
use super::{Check, Finding, Level, Rule};

/// Rings in a row, from which a drift can be told.
const RINGS: usize = 5;

#[derive(Default)]
pub struct Drift {
    period_ns: u64,
    /// The one before: of a timer that is given what is left of its period, this is the period.
    before_ns: u64,
    /// When it rang first and last since the period is this one, and in which polls.
    rings: Vec<u64>,
    first_ns: u64,
    last_ns: u64,
    /// How late the host was, which is not the guest's fault.
    late_ns: u64,
}

impl Check for Drift {
    fn poll(&mut self, poll: &Turn, _: &Model, found: &mut Vec<Finding>) {
        let Some(period_ns) = poll.timeout_ns.filter(|&timeout_ns| timeout_ns >= super::WAITED_NS) else {
            self.report(found);
            return;
        };
        if period_ns != self.period_ns {
            self.report(found);
            self.before_ns = std::mem::replace(&mut self.period_ns, period_ns);
        }
        if !poll.rang {
            // Something else ended it. Given the whole period again, the ring moves by what has passed.
            return;
        }
        let rang_ns = poll.until_ns();
        if self.rings.is_empty() {
            self.first_ns = rang_ns;
        } else {
            self.late_ns += poll.took_ns.saturating_sub(period_ns);
        }
        self.last_ns = rang_ns;
        self.rings.push(poll.n);
    }

    fn end(&mut self, _: Option<&Turn>, _: &Model, found: &mut Vec<Finding>) {
        self.report(found);
    }
}

impl Drift {
    fn report(&mut self, found: &mut Vec<Finding>) {
        let rings = std::mem::take(&mut self.rings);
        let late_ns = std::mem::take(&mut self.late_ns);
        if rings.len() < RINGS {
            return;
        }
        let periods = rings.len() as u64 - 1;
        let between_ns = (self.last_ns - self.first_ns) / periods;
        if between_ns.abs_diff(self.before_ns) < self.before_ns / 50 {
            return;
        }
        let due_ns = periods.saturating_mul(self.period_ns).saturating_add(late_ns);
        let drift_ns = (self.last_ns - self.first_ns).saturating_sub(due_ns);
        // Hundredths of the period are what a loop's own work takes.
        if drift_ns < periods * (self.period_ns / 50) || drift_ns < 2 * super::WAITED_NS {
            return;
        }
        let level = if drift_ns >= self.period_ns { Level::Warning } else { Level::Note };
        let what = format!(
            "a timer of {} ns rang {} times, and by then {drift_ns} ns later than {periods} periods after the first",
            self.period_ns,
            rings.len()
        );
        found.push(Finding::new(Rule::TimeoutDrift, level, what, &rings));
    }
}
