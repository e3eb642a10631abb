//! Ends a play whose guest computes without a host call: virtual time stands still then, so real time has to count.

use crate::Killer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// A guest that makes no host call for so long is ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches one play. Dropped, it watches no more.
pub struct Watchdog {
    calls: Arc<AtomicU64>,
    _end: Sender<()>,
}

impl Watchdog {
    pub fn new(killer: Killer) -> Watchdog {
        let calls = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&calls);
        let (end, ended) = channel();
        // It ends by itself when this is dropped.
        std::thread::spawn(move || {
            let mut before = u64::MAX;
            while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let now = seen.load(Ordering::Relaxed);
                if now == before {
                    killer.kill();
                }
                before = now;
            }
        });
        Watchdog { calls, _end: end }
    }

    /// What counts the calls.
    pub fn calls(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.calls)
    }
}
