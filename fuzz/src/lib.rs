//! What the fuzz targets share: guests that do anything, the network under them watched, and the heap bounded. What
//! one target checks stands in `fuzz_targets/`.
//!
//! | file | noun |
//! |---|---|
//! | `bytes.rs` | pointers, counts, fds and records as an arbitrary guest chooses them |
//! | `choice.rs` | how a type is made of arbitrary bytes |
//! | `call.rs` | one host call with arbitrary arguments |
//! | `peer.rs` | what happens on the other side meanwhile |
//! | `script.rs` | a guest's whole life, and what must hold in it |
//! | `twins.rs`, `twin.rs`, `sides.rs` | the same guest on the system's sockets and in memory |
//! | `loopback.rs` | when what was sent there has arrived |
//! | `watched.rs` | a network that knows which sockets the guest holds |
//! | `guest.rs` | whole modules, for the engine |
//! | `budget.rs` | how much of the heap a run may take |

pub mod budget;
pub mod bytes;
pub mod call;
mod choice;
pub mod guest;
#[cfg(feature = "host")]
pub mod loopback;
pub mod peer;
pub mod script;
#[cfg(feature = "host")]
pub mod sides;
#[cfg(feature = "host")]
pub mod twin;
#[cfg(feature = "host")]
pub mod twins;
pub mod watched;
