//! Runs `wasm32-wasip1` guests, and `wasm32-wasip2` components, on wasmtime and gives them sockets, directories and
//! the kill switch.
//!
//! [`Runner`] is the way in: it takes a compiled [`Module`] and what the guest is given, and runs it to its
//! [`Outcome`]. The program `wasi-poll` is that and a command line.
//!
//! # Where things are
//!
//! | file | noun |
//! |---|---|
//! | `runner.rs` and its folder | what an embedder does with a guest, and is promised |
//! | `preopens.rs`, `stdio.rs`, `limits.rs` | what a guest is given |
//! | `refusals.rs` | what is told of what it was not given |
//! | `os_network.rs` and its folder, `errno.rs` | the operating system's sockets, on mio, and its resolver |
//! | `play/`, `random.rs` | scenarios on a deterministic network: who is in them, whose turn it is, what goes wrong |
//! | `recording.rs` | a run that can be replayed without sockets |
//! | `kill.rs`, `watchdog.rs` | what ends a guest, and when |
//! | `trace.rs` | what is told of its calls |
//! | `permits.rs` | what of the network a component may use |
//! | `engine/`, `memory.rs` | wasmtime: the only files that name it |
//! | `cli.rs`, `limit_flags.rs`, `launch.rs`, `inherited.rs`, `workers.rs`, `signals.rs`, `main.rs` | the command line |
//!
//! What sockets, fds and polls mean is `wasi-poll-preview1`'s.
#![forbid(unsafe_code)]

mod engine;
mod errno;
mod error;
mod kill;
mod limits;
mod memory;
mod os_network;
mod permits;
pub mod play;
mod preopens;
mod random;
mod recording;
mod refusals;
mod runner;
mod stdio;
mod trace;
mod watchdog;

pub use engine::{Module, replay};
pub use error::RunError;
pub use kill::Killer;
pub use limits::Limits;
pub use os_network::OsNetwork;
pub use preopens::Listener;
pub use recording::{HostCall, Recording, Replayed};
pub use refusals::REFUSALS_TOLD;
pub use runner::{Outcome, Runner};
pub use trace::{Trace, TraceFormat};
pub use wasi_poll_preview1::net_dir::{BadRule, Grants, NamePattern, Refusal, Rule};
pub use wasi_poll_trace::{Entry, Header, Observe};
