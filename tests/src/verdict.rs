//! What the guest said, how its halves ended, and what to tell when that isn't well.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::peer::PATIENCE;
use crate::world::World;

/// A whole case's time. What is still running then is ended.
pub const CASE_TIME: Duration = Duration::from_secs(20);

/// Where a guest's lines go.
#[derive(Debug)]
pub struct Said {
    lines: Sender<String>,
    log: Arc<Mutex<Vec<String>>>,
}

/// Where they come from.
#[derive(Debug)]
pub struct Heard {
    lines: Receiver<String>,
    log: Arc<Mutex<Vec<String>>>,
    deadline: Instant,
}

/// Everything that was said, whoever heard it.
#[derive(Debug)]
pub struct Log(Arc<Mutex<Vec<String>>>);

/// A guest's lines, from end to end.
pub fn lines() -> (Said, Heard, Log) {
    let (sender, receiver) = mpsc::channel();
    let log = Arc::new(Mutex::new(Vec::new()));
    let deadline = Instant::now() + CASE_TIME;
    (
        Said { lines: sender, log: log.clone() },
        Heard { lines: receiver, log: log.clone(), deadline },
        Log(log),
    )
}

impl Said {
    /// Passes a line on.
    pub fn say(&self, line: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
        // Nobody has to listen: the peer half may have ended.
        let _ = self.lines.send(line.into());
    }
}

impl Heard {
    /// The next line.
    ///
    /// # Errors
    /// When the guest has ended, or is silent for too long.
    pub fn next_line(&mut self) -> Result<String> {
        let left = self.deadline.saturating_duration_since(Instant::now()).min(PATIENCE);
        self.lines.recv_timeout(left).with_context(|| {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
            format!("nothing more was said after {:?}", log.last())
        })
    }
}

impl Log {
    /// The lines, so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Panics unless both halves ended well, and tells all there is to tell.
///
/// # Panics
/// That is what it is for.
#[track_caller]
pub fn judge(name: &str, world: World, log: &Log, guest: Result<()>, peer: Result<()>) {
    let said = log.lines().join("\n    ");
    let tell = |half: Result<()>| half.err().map_or("well".into(), |error| format!("{error:?}"));
    assert!(
        guest.is_ok() && peer.is_ok(),
        "{name} ({world})\n\n  the guest half ended: {}\n\n  the peer half ended: {}\n\n  the guest said:\n    {said}\n",
        tell(guest),
        tell(peer),
    );
}
