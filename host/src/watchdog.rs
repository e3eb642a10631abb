//! The watchdog: ends a guest at its limits of time, of the clock's and of the processor's. How a guest is ended is
//! `kill.rs`'s.

use crate::kill::Cause;
use crate::{Killer, Limits};
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

/// CPU time is asked for no oftener than this: what a guest may use beyond its limit.
const CPU_TICK: Duration = Duration::from_millis(10);

/// When a guest is asked again that has not answered: it sleeps, or was asked just before it could hear.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Watches one guest until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Tells the watchdog how much CPU time the guest has used. Belongs to the guest's thread.
#[derive(Clone, Debug)]
pub struct CpuMeter {
    shared: Arc<Shared>,
    limit: Duration,
    /// What the thread had used before.
    before: Duration,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The guest has ended.
    ended: bool,
    /// The meter was asked, and has not answered. A guest that waits answers when it goes on, and uses nothing until
    /// then.
    asked: bool,
    cpu_used: Duration,
}

impl Watchdog {
    /// Begins to watch, on a thread of its own, a guest that is about to run on this one. `interrupt` makes the guest
    /// call its meter soon. None without limits of time.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn start(
        limits: &Limits,
        killer: &Killer,
        interrupt: impl Fn() + Send + 'static,
    ) -> io::Result<Option<(Watchdog, Option<CpuMeter>)>> {
        let (wall, cpu) = (limits.wall_time, limits.cpu_time);
        if wall.is_none() && cpu.is_none() {
            return Ok(None);
        }
        let shared = Arc::new(Shared::default());
        let watched = Watched { shared: Arc::clone(&shared), killer: killer.clone(), wall, cpu };
        let thread = Builder::new().name("watchdog".to_owned()).spawn(move || watched.watch(&interrupt))?;
        let meter = cpu.map(|limit| CpuMeter { shared: Arc::clone(&shared), limit, before: cpu_of_thread() });
        Ok(Some((Watchdog { shared, thread: Some(thread) }, meter)))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic; if it did, the guest has ended all the same.
            drop(thread.join());
        }
    }
}

impl CpuMeter {
    /// Tells what the guest has used by now, and whether that is more than it may.
    pub fn is_over(&self) -> bool {
        let used = cpu_of_thread().saturating_sub(self.before);
        let mut state = self.shared.state();
        state.cpu_used = used;
        state.asked = false;
        self.shared.changed.notify_all();
        used >= self.limit
    }
}

struct Watched {
    shared: Arc<Shared>,
    killer: Killer,
    wall: Option<Duration>,
    cpu: Option<Duration>,
}

impl Watched {
    fn watch(&self, interrupt: &impl Fn()) {
        let started = Instant::now();
        let mut told = started;
        let mut state = self.shared.state();
        while !state.ended {
            let wall_left = self.wall.map(|limit| limit.saturating_sub(started.elapsed()));
            if wall_left == Some(Duration::ZERO) {
                drop(state);
                return self.killer.end(Cause::TimedOut);
            }
            // A thread uses no more CPU time than passes: until so much has, there is nothing to ask.
            let cpu_left = self.cpu.map(|limit| {
                let wait = limit.saturating_sub(state.cpu_used).max(CPU_TICK);
                (if state.asked { ASK_AGAIN } else { wait }).saturating_sub(told.elapsed())
            });
            if cpu_left == Some(Duration::ZERO) {
                state.asked = true;
                told = Instant::now();
                interrupt();
                continue;
            }
            state = match wall_left.into_iter().chain(cpu_left).min() {
                Some(left) => {
                    self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cpu_of_thread() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
