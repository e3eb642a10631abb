//! Workers: instances of one guest, each on a thread of its own, and what their ends mean together.

use crate::UNUSABLE;
use crate::cli::exit_code;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_host::{Killer, Outcome, RunError, Runner};

/// How long a guest whose switch was pulled may take to be gone: this program doesn't wait for it any longer. Only a
/// system call that can't be woken takes so long, such as one on a FIFO that nobody else opens.
const PATIENCE: Duration = Duration::from_millis(30);

/// How they ended: as the first that failed, or well.
pub struct Ended {
    outcome: Result<Outcome, RunError>,
    /// Which one failed, where there are several.
    worker: Option<usize>,
}

enum Event {
    /// A worker's switch was pulled.
    Pulled(usize),
    /// A worker ended, or panicked.
    Ended(usize, thread::Result<Result<Outcome, RunError>>),
}

/// Runs each to its end, on a thread with a stack of so many bytes. One that exits with 0 ends alone, and so does one
/// that has finished. One that fails (exits with another code, traps or can't begin) ends all others, as a fault in
/// one thread ends a process: who watches this program sees it, and starts it anew.
pub fn run(runners: Vec<Runner>, killer: &Killer, stack_bytes: usize) -> Ended {
    let several = runners.len() > 1;
    let (sender, events) = channel();
    let switches: Vec<Killer> = runners.iter().map(Runner::killer).collect();
    for (worker, runner) in runners.into_iter().enumerate() {
        let name = if several { format!("worker {worker}") } else { "guest".to_owned() };
        start(thread::Builder::new().name(name).stack_size(stack_bytes), worker, runner, &sender);
    }

    let mut running: HashSet<usize> = (0..switches.len()).collect();
    // When it has to be gone, of each whose switch was pulled.
    let mut due: HashMap<usize, Instant> = HashMap::new();
    let mut failed = None;
    while !running.is_empty() {
        let first_due = due.iter().filter(|(worker, _)| running.contains(worker)).min_by_key(|(_, at)| **at);
        let event = match first_due {
            None => events.recv().expect("a sender is here"),
            Some((&worker, at)) => {
                let told = events.recv_timeout(at.saturating_duration_since(Instant::now()));
                // It can't be woken, and goes when this program does.
                told.unwrap_or_else(|_| {
                    let outcome = switches[worker].outcome().unwrap_or(Outcome::Killed);
                    Event::Ended(worker, Ok(Ok(outcome)))
                })
            }
        };
        match event {
            Event::Pulled(worker) => {
                due.entry(worker).or_insert(Instant::now() + PATIENCE);
            }
            Event::Ended(worker, outcome) => {
                running.remove(&worker);
                let is_well = matches!(outcome, Ok(Ok(Outcome::Exited(0) | Outcome::Finished)));
                if !is_well && failed.is_none() {
                    failed = Some((worker, outcome));
                    killer.kill();
                }
            }
        }
    }
    match failed {
        None => Ended { outcome: Ok(Outcome::Exited(0)), worker: None },
        Some((worker, Ok(outcome))) => Ended { outcome, worker: several.then_some(worker) },
        Some((_, Err(panic))) => resume_unwind(panic),
    }
}

fn start(thread: thread::Builder, worker: usize, runner: Runner, sender: &Sender<Event>) {
    // Whoever listens may be gone, when a worker before has failed.
    let told = sender.clone();
    runner.killer().on_kill(move || drop(told.send(Event::Pulled(worker))));
    let told = sender.clone();
    let work = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| runner.run()));
        drop(told.send(Event::Ended(worker, outcome)));
    };
    if let Err(error) = thread.spawn(work) {
        drop(sender.send(Event::Ended(worker, Ok(Err(RunError::no_thread(&error))))));
    }
}

impl Ended {
    /// What there is to say of it, if it isn't plain.
    pub fn told(&self) -> Option<String> {
        let told = match &self.outcome {
            Ok(Outcome::Trapped { message, backtrace }) => {
                format!("the guest trapped: {message}\n{backtrace}")
            }
            Ok(Outcome::TimedOut) => "the guest ran for longer than --timeout, and was ended".to_owned(),
            Ok(Outcome::OutOfCpuTime) => {
                "the guest used more CPU time than --max-cpu, and was ended".to_owned()
            }
            Ok(Outcome::Exited(code)) if *code != 0 && self.worker.is_some() => {
                format!("the guest exited with {code}, and the other workers were ended")
            }
            Ok(_) => return None,
            Err(error) => error.to_string(),
        };
        Some(match self.worker {
            None => told,
            Some(worker) => format!("worker {worker}: {told}"),
        })
    }

    /// What the shell is told. `signal_code` is that of the signal that pulled the switch, if one did.
    pub fn exit_code(&self, signal_code: Option<u8>) -> u8 {
        self.outcome.as_ref().map_or(UNUSABLE, |outcome| exit_code(outcome, signal_code))
    }
}
