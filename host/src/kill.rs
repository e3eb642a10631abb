//! The kill switch: one flag, why it was set, and what has to be woken so that it is seen. Who looks at it, and what
//! happens then, is written where they look.

use crate::Outcome;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

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
    /// A [`Cause`], or 0 while nobody has pulled it.
    cause: AtomicU8,
    finishing: AtomicBool,
    wakes: Mutex<Wakes>,
}

#[derive(Default)]
struct Wakes {
    on_kill: Vec<Wake>,
    on_finish: Vec<Wake>,
    /// Switches that are pulled with this one.
    children: Vec<Weak<Shared>>,
}

type Wake = Box<dyn Fn() + Send + Sync>;

/// Why a guest was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    Killed = 1,
    TimedOut,
    OutOfCpuTime,
    Finished,
}

impl Killer {
    /// A switch that is not pulled yet.
    pub fn new() -> Killer {
        Killer::default()
    }

    /// A switch for one guest: pulled with this one, and by what concerns that guest alone.
    pub(crate) fn child(&self) -> Killer {
        let child = Killer::new();
        let mut wakes = self.shared.wakes();
        wakes.children.retain(|known| known.strong_count() > 0);
        wakes.children.push(Arc::downgrade(&child.shared));
        drop(wakes);
        if self.is_finishing() {
            child.finish();
        }
        if self.is_killed() {
            child.kill();
        }
        child
    }

    /// Ends the guest. Pulling it again, or after the guest has ended, does nothing.
    pub fn kill(&self) {
        self.shared.end(Cause::Killed);
    }

    /// Ends the guest for a reason of the host's own. The first reason counts.
    pub(crate) fn end(&self, cause: Cause) {
        self.shared.end(cause);
    }

    /// Asks the guest to finish: its listeners are closed, in its next call that waits, polls or accepts, and it is
    /// ended with [`Outcome::Finished`] once it has no other socket left and waits for nothing but connections.
    /// To the guest it is as if nobody came any more. It may take as long as it likes: [`kill`](Self::kill) it when
    /// that is too long.
    ///
    /// Networks other than the system's don't know of this.
    pub fn finish(&self) {
        self.shared.finish();
    }

    /// Whether it was pulled.
    pub fn is_killed(&self) -> bool {
        self.shared.cause.load(Ordering::SeqCst) != 0
    }

    /// Whether the guest was asked to finish.
    pub fn is_finishing(&self) -> bool {
        self.shared.finishing.load(Ordering::Relaxed)
    }

    /// How a guest has ended, or will any moment, by this switch. `None` while nobody has pulled it.
    pub fn outcome(&self) -> Option<Outcome> {
        let cause = self.shared.cause.load(Ordering::SeqCst);
        [
            (Cause::Killed, Outcome::Killed),
            (Cause::TimedOut, Outcome::TimedOut),
            (Cause::OutOfCpuTime, Outcome::OutOfCpuTime),
            (Cause::Finished, Outcome::Finished),
        ]
        .into_iter()
        .find_map(|(known, outcome)| (known as u8 == cause).then_some(outcome))
    }

    /// From now on `wake` is called when the switch is pulled; at once if it was. A
    /// [`Network`](wasi_poll_preview1::Network) that can block has to end its wait then.
    pub fn on_kill(&self, wake: impl Fn() + Send + Sync + 'static) {
        let mut wakes = self.shared.wakes();
        if self.shared.cause.load(Ordering::SeqCst) != 0 {
            wake();
        }
        wakes.on_kill.push(Box::new(wake));
    }

    /// From now on `wake` is called when the guest is asked to finish; at once if it was.
    pub(crate) fn on_finish(&self, wake: impl Fn() + Send + Sync + 'static) {
        let mut wakes = self.shared.wakes();
        if self.shared.finishing.load(Ordering::SeqCst) {
            wake();
        }
        wakes.on_finish.push(Box::new(wake));
    }
}

impl Shared {
    fn end(&self, cause: Cause) {
        // Pulled again, it wakes again: that costs nothing, and may help.
        let _ = self.cause.compare_exchange(0, cause as u8, Ordering::SeqCst, Ordering::SeqCst);
        let wakes = self.wakes();
        for wake in &wakes.on_kill {
            wake();
        }
        for child in wakes.children.iter().filter_map(Weak::upgrade) {
            child.end(cause);
        }
    }

    fn finish(&self) {
        self.finishing.store(true, Ordering::SeqCst);
        let wakes = self.wakes();
        for wake in &wakes.on_finish {
            wake();
        }
        for child in wakes.children.iter().filter_map(Weak::upgrade) {
            child.finish();
        }
    }

    fn wakes(&self) -> MutexGuard<'_, Wakes> {
        self.wakes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Killer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Killer").field("outcome", &self.outcome()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cause, Killer};
    use crate::Outcome;

    #[test]
    fn the_first_cause_counts() {
        let killer = Killer::new();
        assert_eq!(killer.outcome(), None);
        killer.end(Cause::TimedOut);
        killer.kill();
        assert_eq!(killer.outcome(), Some(Outcome::TimedOut));
    }

    #[test]
    fn a_switch_ends_its_children_and_no_child_ends_another() {
        let killer = Killer::new();
        let (one, other) = (killer.child(), killer.child());
        one.end(Cause::OutOfCpuTime);
        assert!(!killer.is_killed() && !other.is_killed());
        killer.finish();
        assert!(other.is_finishing() && killer.child().is_finishing());
        killer.kill();
        assert_eq!(one.outcome(), Some(Outcome::OutOfCpuTime));
        assert_eq!(
            (other.outcome(), killer.child().outcome()),
            (Some(Outcome::Killed), Some(Outcome::Killed))
        );
    }
}
