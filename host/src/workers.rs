//! Workers: instances of one guest, each on a thread of its own, and what their ends mean together.

use crate::UNUSABLE;
use crate::cli::exit_code;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::channel;
use std::thread;
use wasi_poll_host::{Killer, Outcome, RunError, Runner};

/// How they ended: as the first that failed, or well.
pub struct Ended {
    outcome: Result<Outcome, RunError>,
    /// Which one failed, where there are several.
    worker: Option<usize>,
}

/// Runs each to its end. One that exits with 0 ends alone. One that fails (exits with another code, traps or can't
/// begin) ends all others, as a fault in one thread ends a process: who watches this program sees it, and starts it
/// anew.
pub fn run(runners: Vec<Runner>, killer: &Killer) -> Ended {
    let several = runners.len() > 1;
    let (end, ends) = channel();
    let mut threads = Vec::new();
    for (worker, runner) in runners.into_iter().enumerate() {
        let told = end.clone();
        let work = move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| runner.run()));
            // It is waited for until every sender is gone.
            let _ = told.send((worker, outcome));
        };
        let name = if several { format!("worker {worker}") } else { "guest".to_owned() };
        match thread::Builder::new().name(name).spawn(work) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                let _ = end.send((worker, Ok(Err(RunError::no_thread(&error)))));
            }
        }
    }
    drop(end);

    let mut failed = None;
    for (worker, outcome) in ends {
        if failed.is_none() && !matches!(outcome, Ok(Ok(Outcome::Exited(0)))) {
            failed = Some((worker, outcome));
            killer.kill();
        }
    }
    for thread in threads {
        thread.join().unwrap_or_else(|panic| resume_unwind(panic));
    }
    match failed {
        None => Ended { outcome: Ok(Outcome::Exited(0)), worker: None },
        Some((worker, Ok(outcome))) => Ended { outcome, worker: several.then_some(worker) },
        Some((_, Err(panic))) => resume_unwind(panic),
    }
}

impl Ended {
    /// What there is to say of it, if it isn't plain.
    pub fn told(&self) -> Option<String> {
        let told = match &self.outcome {
            Ok(Outcome::Trapped { message, backtrace }) => {
                format!("the guest trapped: {message}\n{backtrace}")
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
