//! Names looked up by the system's resolver, which blocks: each on a thread of its own, a few at once. Who may look
//! what up is preview1's to say.

use mio::Waker;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_preview1::Errno;

/// Threads at once. The system's resolver takes up to half a minute for a name whose server is silent.
const THREADS: usize = 4;
/// Names known at once: being looked up, queued, or answered and not told. More than any rules name: one call asks
/// for all of its rules' names.
const NAMES: usize = 1024;
/// A name that nobody asked for in so long is not waited for any more, and an answer as old is no answer.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(20);

type Answer = Result<Vec<IpAddr>, Errno>;
type Ask = fn(&str) -> Answer;

/// The names being looked up. Dropped, it forgets them; threads end with the name they have.
pub struct Resolver {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    /// Ends the network's wait when there is an answer.
    waker: Arc<Waker>,
    ask: Ask,
}

#[derive(Default)]
struct State {
    names: HashMap<String, Name>,
    threads: usize,
}

struct Name {
    asked: Instant,
    stage: Stage,
}

#[derive(PartialEq, Eq)]
enum Stage {
    Queued,
    Running,
    Answered(Answer),
}

impl Resolver {
    /// One that asks the system.
    pub fn new(waker: Arc<Waker>) -> Resolver {
        Resolver::asking(waker, ask_system)
    }

    fn asking(waker: Arc<Waker>, ask: Ask) -> Resolver {
        Resolver { shared: Arc::new(Shared { state: Mutex::default(), waker, ask }) }
    }

    /// The addresses of a name; `None` until they are there.
    pub fn resolve(&self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        let now = Instant::now();
        let mut state = self.shared.state();
        state.forget(now);
        match state.names.get_mut(name) {
            Some(known @ Name { stage: Stage::Queued | Stage::Running, .. }) => {
                known.asked = now;
                return Ok(None);
            }
            Some(_) => {}
            None => {
                state.make_room();
                state.names.insert(name.to_owned(), Name { asked: now, stage: Stage::Queued });
                return self.start_thread(&mut state).map(|()| None);
            }
        }
        match state.names.remove(name).map(|known| known.stage) {
            Some(Stage::Answered(answer)) => answer.map(Some),
            _ => Ok(None),
        }
    }

    /// Unless enough are at work already: they take what is queued.
    fn start_thread(&self, state: &mut State) -> Result<(), Errno> {
        if state.threads == THREADS {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        match thread::Builder::new().name("resolver".to_owned()).spawn(move || shared.work()) {
            Ok(_) => state.threads += 1,
            Err(_) if state.threads > 0 => {}
            Err(_) => {
                state.names.clear();
                return Err(Errno::Io);
            }
        }
        Ok(())
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.shared.state().names.clear();
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("names", &self.shared.state().names.len()).finish_non_exhaustive()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does: one queued name after another, until there is none.
    fn work(&self) {
        while let Some(name) = self.next() {
            let answer = (self.ask)(&name);
            if let Some(known) = self.state().names.get_mut(&name) {
                known.stage = Stage::Answered(answer);
            }
            // It fails only when the poll is gone, and then nobody waits.
            drop(self.waker.wake());
        }
    }

    fn next(&self) -> Option<String> {
        let mut state = self.state();
        state.forget(Instant::now());
        let queued = state.names.iter_mut().filter(|(_, known)| known.stage == Stage::Queued);
        // The oldest first.
        if let Some((name, known)) = queued.min_by_key(|(_, known)| known.asked) {
            known.stage = Stage::Running;
            return Some(name.clone());
        }
        state.threads -= 1;
        None
    }
}

impl State {
    /// Forgets what nobody asked for in a while. What a thread has is kept until it comes back with it: looked up
    /// twice at once, a name would take two threads.
    fn forget(&mut self, now: Instant) {
        self.names.retain(|_, known| {
            known.stage == Stage::Running || now.duration_since(known.asked) < FORGOTTEN_AFTER
        });
    }

    /// Before one more is added: the one that was asked for longest ago goes, unless a thread has it.
    fn make_room(&mut self) {
        if self.names.len() < NAMES {
            return;
        }
        let idle = self.names.iter().filter(|(_, known)| known.stage != Stage::Running);
        if let Some(oldest) = idle.min_by_key(|(_, known)| known.asked).map(|(name, _)| name.clone()) {
            self.names.remove(&oldest);
        }
    }
}

fn ask_system(name: &str) -> Answer {
    let found = (name, 0).to_socket_addrs().map_err(|error| errno_of_failure(&error))?;
    let mut addresses = Vec::new();
    for address in found.map(|address| address.ip()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(Errno::Noent) } else { Ok(addresses) }
}

/// The resolver's failures have numbers of their own, of which the standard library keeps the text alone: what it
/// calls temporary, or says of itself, is no word about the name.
fn errno_of_failure(error: &io::Error) -> Errno {
    let text = error.to_string().to_lowercase();
    let of_the_name = error.raw_os_error().is_none()
        && !["temporary", "try again", "recoverable", "memory"].iter().any(|word| text.contains(word));
    if of_the_name { Errno::Noent } else { Errno::Io }
}

#[cfg(test)]
mod tests;
