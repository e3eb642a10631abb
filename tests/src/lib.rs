//! One set of cases, run in every world: natively on mio, and as a `wasm32-wasip1` guest on this project's host,
//! whose sockets are the operating system's or a deterministic network's.
//!
//! A [`Case`] has a guest half, written on the public API alone, and a peer half, which is the other end of its
//! sockets. They meet in two ways: bytes on those sockets, and lines the guest says. Nothing is ordered by sleeping.

pub mod case;
pub mod cases;
pub mod guest;
pub mod parity;
pub mod peer;
pub mod prelude;
pub mod watch;
pub mod world;

#[cfg(not(target_family = "wasm"))]
pub mod build;
#[cfg(not(target_family = "wasm"))]
pub mod example;
#[cfg(not(target_family = "wasm"))]
pub mod hosted;
#[cfg(not(target_family = "wasm"))]
pub mod lockstep;
#[cfg(not(target_family = "wasm"))]
pub mod memory;
#[cfg(not(target_family = "wasm"))]
pub mod native;
#[cfg(not(target_family = "wasm"))]
pub mod os_peer;
#[cfg(not(target_family = "wasm"))]
pub mod polls;
#[cfg(not(target_family = "wasm"))]
pub mod process;
#[cfg(not(target_family = "wasm"))]
pub mod running;
#[cfg(not(target_family = "wasm"))]
pub mod side_by_side;
#[cfg(not(target_family = "wasm"))]
pub mod skip;
#[cfg(not(target_family = "wasm"))]
pub mod soak;
#[cfg(not(target_family = "wasm"))]
pub mod strace;
#[cfg(not(target_family = "wasm"))]
pub mod transcript;
#[cfg(not(target_family = "wasm"))]
pub mod usage;
#[cfg(not(target_family = "wasm"))]
pub mod verdict;
#[cfg(not(target_family = "wasm"))]
pub mod wasip1;

pub use case::{Case, Grant};
pub use guest::Guest;
pub use peer::Peer;
pub use world::World;
