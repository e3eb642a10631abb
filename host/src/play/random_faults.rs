//! Faults that follow from a seed: how many, of which kinds, on whom and when.

use super::{FaultKind, Scenario, ScheduledFault, Span};
use serde::Deserialize;
use wasi_poll_preview1::Random;

/// What goes wrong by the seed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RandomFaults {
    /// How many faults there are.
    pub count: u32,
    /// All begin by then; the longest that lasts takes a quarter of it.
    pub within: Span,
    /// Of these kinds; of all unless it says.
    #[serde(default)]
    pub kinds: Vec<FaultKind>,
    /// On these guests and peers, and between them alone; on any unless it says.
    #[serde(default)]
    pub on: Vec<String>,
}

impl RandomFaults {
    /// The faults of one seed, in the order they begin.
    pub fn schedule(&self, scenario: &Scenario, seed: u64) -> Vec<ScheduledFault> {
        // Another source than the links', so that leaving faults out changes nothing else.
        let mut random = Random::new(seed ^ 0x6661_756c_7473).split();
        let kinds = if self.kinds.is_empty() { &FaultKind::ALL[..] } else { &self.kinds };
        let on: Vec<&str> =
            if self.on.is_empty() { scenario.names() } else { self.on.iter().map(String::as_str).collect() };
        let mut faults: Vec<ScheduledFault> =
            (0..self.count).map(|_| self.fault(kinds, &on, &mut random)).collect();
        faults.sort_by_key(|fault| fault.at);
        faults
    }

    fn fault(&self, kinds: &[FaultKind], on: &[&str], random: &mut Random) -> ScheduledFault {
        let kind = kinds[random.below(kinds.len() as u64) as usize];
        let name = on[random.below(on.len() as u64) as usize];
        // Whole milliseconds are easier to read.
        let whole = |ns: u64| Span::from_ns(ns / 1_000_000 * 1_000_000);
        let at = whole(random.below(self.within.ns()));
        let mut fault = ScheduledFault::new(kind, name, at);
        if kind.lasts() {
            fault.lasts = Some(whole(random.below(self.within.ns() / 4) + 1_000_000));
        }
        match kind {
            FaultKind::ShortReads | FaultKind::ShortWrites => fault.amount = Some(random.below(8) + 1),
            FaultKind::Again => fault.amount = Some(random.below(20) + 1),
            FaultKind::Reset | FaultKind::HalfClose => fault.amount = Some(random.below(16)),
            FaultKind::Slow => fault.amount = Some(random.below(2_000) + 100),
            FaultKind::LateReadiness => fault.late = Some(whole(random.below(50_000_000) + 1_000_000)),
            FaultKind::ClockJump => {
                let by = Some(whole(random.below(3_600_000_000_000)));
                *(if random.below(2) == 0 { &mut fault.by } else { &mut fault.back }) = by;
            }
            FaultKind::Spurious | FaultKind::Full | FaultKind::Partition => {}
        }
        if matches!(kind, FaultKind::Partition | FaultKind::Reset | FaultKind::HalfClose) {
            let others: Vec<&str> = on.iter().copied().filter(|other| *other != name).collect();
            let narrowed = !self.on.is_empty() || random.below(2) == 0;
            let other = others.get(random.below(others.len() as u64) as usize);
            fault.from = other.filter(|_| narrowed).map(|other| (*other).to_owned());
        }
        fault
    }
}
