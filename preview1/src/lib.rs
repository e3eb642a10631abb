//! What a preview1 host's sockets and `poll_oneoff` mean. No engine, no operating system, no unsafe.
//!
//! A [`Process`] is one guest's file descriptors and what they are ready for. It stands on a [`Network`],
//! which can be the operating system's or [`MemoryNetwork`], a deterministic one with a virtual clock.
//! An engine hands it the guest's linear memory, call by call:
//!
//! ```
//! use wasi_poll_preview1::{Memory, MemoryNetwork, Network, Process, Progress};
//!
//! let mut network = MemoryNetwork::new();
//! let (listener, _address) = network.listen("10.0.0.1:80".parse().unwrap()).unwrap();
//! let mut process = Process::new(network);
//! let fd = process.preopen_listener(listener).unwrap();
//! assert_eq!(fd, 3);
//!
//! // A blocking accept with nobody there: the engine waits, with no borrow of the guest's memory, and
//! // makes the same call again. Here nothing can ever arrive, and the network says so.
//! let mut bytes = vec![0; 64];
//! let accepted = process.sock_accept(&mut Memory::new(&mut bytes), fd, 0, 0);
//! assert!(matches!(accepted, Ok(Progress::Blocked)));
//! assert!(process.wait().is_err());
//! ```
//!
//! # Where things are
//!
//! | file | noun |
//! |---|---|
//! | `record.rs` | the bytes of subscriptions, events, fdstats: the only file that knows offsets |
//! | `errno.rs`, `failure.rs`, `memory.rs` | what a call answers, and how it reaches guest memory |
//! | `fd_table.rs` | which number is which descriptor |
//! | `readiness.rs` | what a socket is known to be ready for |
//! | `process.rs`, `sockets.rs`, `poll.rs`, `readiness_set.rs` | the calls themselves |
//! | `watches.rs`, `poll/` | what is subscribed, and what of that is ready |
//! | `streams.rs`, `datagrams.rs`, `transfer.rs` | how bytes move between guest memory and the network |
//! | `net_dir/` | the network directory: its protocol, its paths, its grants |
//! | `observe.rs` | what an observer may ask after a call |
//! | `foreign.rs` | reading and writing streams held elsewhere, such as stdio |
//! | `network.rs`, `memory_network/` | what sockets stand on |
//! | `machines/` | several guests on one deterministic network, and its faults |
//! | `cases/` | what every network passes, behind the feature `cases` for other crates |
//!
//! # How sockets reach a guest
//!
//! Preopened listeners sit at fd 3, 4, … in the order given, then the directories. `fd_prestat_get` on a
//! socket answers success with tag 1, which is no directory's, so that a guest's C library goes on
//! scanning. The host also sets these variables:
//!
//! | variable | value |
//! |---|---|
//! | `LISTEN_FDS` | how many listeners, in decimal |
//! | `LISTEN_FDNAMES` | their names, separated by colons; `unknown` where none was given |
//! | `LISTEN_FDADDRS` | the addresses they really listen on, separated by commas |
//! | `FD_COUNT`, `FD_NAMES` | the same for all of stdin, stdout, stderr and the listeners |
#![forbid(unsafe_code)]

mod datagrams;
mod errno;
mod failure;
mod fd_table;
mod foreign;
mod machines;
mod memory;
mod memory_network;
pub mod net_dir;
mod network;
mod observe;
mod poll;
mod process;
mod readiness;
mod readiness_set;
mod record;
mod socket_option;
mod sockets;
mod streams;
#[cfg(test)]
mod test_attribute;
mod transfer;
mod watches;

pub use errno::Errno;
pub use failure::{Failure, Trap};
pub use fd_table::Target;
pub use machines::{Fault, Machine, Machines};
pub use memory::Memory;
pub use memory_network::{Link, Loss, MemoryNetwork, Random};
pub use network::{Edge, Levels, Network, Probe, SocketId, Stop};
pub use observe::ReadyFd;
pub use poll::{EdgeTrigger, Hidden, Polled};
pub use process::{Closed, Limits, Process, Progress};
pub use record::{
    Change, Clock, Event, EventKind, Fdflags, Fdstat, Filetype, Ready, SUBSCRIPTION_BYTES, Subscription,
    Watch,
};
pub use socket_option::{Datagram, Group, SocketOption};
pub use sockets::{Accepted, Received};

#[cfg(any(test, feature = "cases"))]
pub mod cases;
