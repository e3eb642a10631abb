//! Many seeds of one scenario, over the machine's cores, until the first that fails.

use super::Report;
use crate::RunError;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What came of playing many seeds.
#[derive(Debug)]
pub struct Swept {
    /// How many were played.
    pub played: u64,
    /// The lowest seed that failed, and how.
    pub failed: Option<(u64, Report)>,
}

/// Has `play` play every seed of a range until one fails, on so many threads, and calls `played` after each. Of several that
/// fail the lowest is told, so that the answer doesn't depend on the threads.
///
/// # Errors
/// When a guest can't be started.
pub fn sweep(
    seeds: Range<u64>,
    threads: usize,
    play: impl Fn(u64) -> Result<Report, RunError> + Sync,
    played: impl Fn() + Sync,
) -> Result<Swept, RunError> {
    let next = AtomicU64::new(seeds.start);
    // No seed from here on is worth playing.
    let end = AtomicU64::new(seeds.end);
    let failed: Mutex<Option<(u64, Result<Report, RunError>)>> = Mutex::new(None);
    let count = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end.load(Ordering::Relaxed) {
                        return;
                    }
                    let report = play(seed);
                    count.fetch_add(1, Ordering::Relaxed);
                    played();
                    if report.as_ref().is_ok_and(|report| report.failures.is_empty()) {
                        continue;
                    }
                    end.fetch_min(seed, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                        *failed = Some((seed, report));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let failed = failed.map(|(seed, report)| report.map(|report| (seed, report))).transpose()?;
    Ok(Swept { played: count.into_inner(), failed })
}
