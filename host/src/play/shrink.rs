//! The smallest schedule of faults that still fails: Zeller and Hildebrandt's ddmin, and shorter faults after that.

use super::{ScheduledFault, Span};

/// Leaves out faults, and shortens what is left, as long as `fails` says that the rest still fails.
///
/// ```
/// use wasi_poll_host::play::{FaultKind, ScheduledFault, Span, shrink};
/// let fault = |kind| ScheduledFault::new(kind, "server", Span::from_secs(1));
/// let all = vec![fault(FaultKind::Spurious), fault(FaultKind::Reset), fault(FaultKind::Full)];
/// let is_reset = |fault: &ScheduledFault| fault.kind == FaultKind::Reset;
/// let least = shrink(all, |faults| faults.iter().any(is_reset));
/// assert_eq!(least, [fault(FaultKind::Reset)]);
/// ```
pub fn shrink(
    mut faults: Vec<ScheduledFault>,
    mut fails: impl FnMut(&[ScheduledFault]) -> bool,
) -> Vec<ScheduledFault> {
    let mut parts = 2;
    while !faults.is_empty() {
        let size = faults.len().div_ceil(parts);
        let without = (0..faults.len()).step_by(size).find_map(|from| {
            let to = (from + size).min(faults.len());
            let rest: Vec<ScheduledFault> = [&faults[..from], &faults[to..]].concat();
            fails(&rest).then_some(rest)
        });
        match without {
            Some(rest) => {
                faults = rest;
                parts = (parts - 1).max(2);
            }
            None if size == 1 => break,
            None => parts = (parts * 2).min(faults.len()),
        }
    }
    for at in 0..faults.len() {
        while faults[at].kind.lasts() && faults[at].lasts_ns() > 2_000_000 {
            let mut shorter = faults.clone();
            // Whole milliseconds are easier to read.
            shorter[at].lasts = Some(Span::from_ns(faults[at].lasts_ns() / 2_000_000 * 1_000_000));
            if !fails(&shorter) {
                break;
            }
            faults = shorter;
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::shrink;
    use crate::play::{FaultKind, ScheduledFault, Span};

    fn faults(count: u64) -> Vec<ScheduledFault> {
        let fault = |at| ScheduledFault::new(FaultKind::Partition, "server", Span::from_secs(at));
        (0..count).map(fault).collect()
    }

    #[test]
    fn two_faults_that_only_fail_together_are_both_kept() {
        let mut tries = 0;
        let least = shrink(faults(40), |faults| {
            tries += 1;
            let has = |at| faults.iter().any(|fault| fault.at == Span::from_secs(at));
            has(3) && has(31)
        });
        let times: Vec<u64> = least.iter().map(|fault| fault.at.ns() / 1_000_000_000).collect();
        assert_eq!(times, [3, 31]);
        assert!(tries < 200, "it took {tries} plays");
    }

    #[test]
    fn what_fails_without_any_fault_needs_none() {
        assert_eq!(shrink(faults(5), |_| true), []);
    }

    #[test]
    fn a_fault_is_kept_as_long_as_it_has_to_be() {
        let least = shrink(faults(1), |faults| faults.iter().any(|fault| fault.lasts_ns() >= 200_000_000));
        assert_eq!(least[0].lasts, Some(Span::from_ns(250_000_000)));
    }
}
