//! Playing: guests on a deterministic network with a virtual clock, scripted peers, and faults that follow from a
//! seed. What a fault does is `wasi-poll-preview1`'s; here a scenario is read and its guests get their turns.

mod fault;
pub mod guide;
mod judge;
mod peer;
mod player;
mod random_faults;
mod said;
mod scenario;
mod script;
mod setting;
mod shrink;
mod span;
mod sweep;
mod trigger;
mod watchdog;

pub use fault::{FaultKind, Schedule, ScheduledFault};
pub use judge::Failure;
pub use player::{Play, Report};
pub use random_faults::RandomFaults;
pub use said::{Line, Said};
pub use scenario::{GuestPart, LinkBetween, LinkPart, LossKind, PeerPart, Scenario};
pub use script::Step;
pub use shrink::shrink;
pub use span::Span;
pub use sweep::{Swept, sweep};
pub use trigger::differences;
pub use wasi_poll_trace::Trigger;
