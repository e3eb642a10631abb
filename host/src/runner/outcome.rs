//! How a guest ended. What the program makes of it is `cli.rs`'s.

#[cfg(doc)]
use crate::{Killer, Limits};

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// By itself, with this code.
    Exited(u32),
    /// By a fault: its own, or a host call that no correct program makes.
    Trapped {
        /// What happened; of a host call, with the call's name before it.
        message: String,
        /// Where, innermost first: a line a function, with the source's file and line where the module has
        /// them. Empty when no function of the guest was running.
        backtrace: String,
    },
    /// By its [`Killer`].
    Killed,
    /// By its limit [`wall_time`](Limits::wall_time).
    TimedOut,
    /// By its limit [`cpu_time`](Limits::cpu_time).
    OutOfCpuTime,
    /// Because it was asked to [finish](Killer::finish), and had nothing left to do.
    Finished,
}
