//! The kill switch: one flag, and what has to be woken so that it is seen. Who looks at it, and what happens
//! then, is written where they look.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Ends a guest in whatever state it is: computing, polling, blocked, asleep. Clones are the same switch.
///
/// ```
/// let killer = wasi_poll_host::Killer::new();
/// let elsewhere = killer.clone();
/// std::thread::spawn(move || elsewhere.kill()).join().unwrap();
/// assert!(killer.is_killed());
/// ```
#[derive(Clone, Default)]
pub struct Killer {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    killed: AtomicBool,
    wakes: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Killer {
    /// A switch that is not pulled yet.
    pub fn new() -> Killer {
        Killer::default()
    }

    /// Ends the guest. Pulling it again, or after the guest has ended, does nothing.
    pub fn kill(&self) {
        self.shared.killed.store(true, Ordering::SeqCst);
        for wake in self.wakes().iter() {
            wake();
        }
    }

    /// Whether it was pulled.
    pub fn is_killed(&self) -> bool {
        self.shared.killed.load(Ordering::Relaxed)
    }

    /// From now on `wake` is called when the switch is pulled; at once if it was. A
    /// [`Network`](wasi_poll_preview1::Network) that can block has to end its wait then.
    pub fn on_kill(&self, wake: impl Fn() + Send + Sync + 'static) {
        let mut wakes = self.wakes();
        if self.shared.killed.load(Ordering::SeqCst) {
            wake();
        }
        wakes.push(Box::new(wake));
    }

    fn wakes(&self) -> std::sync::MutexGuard<'_, Vec<Box<dyn Fn() + Send + Sync>>> {
        self.shared.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Killer").field("killed", &self.is_killed()).finish_non_exhaustive()
    }
}
