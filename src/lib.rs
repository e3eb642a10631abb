//! mio's readiness API in two worlds: native programs, and `wasm32-wasip1` guests.
//!
//! A server written against [mio](https://docs.rs/mio/1) compiles unchanged for both once the
//! dependency is named:
//!
//! ```toml
//! [dependencies]
//! mio = { package = "wasi-poll", version = "0.1" }
//! ```
//!
//! # In each world
//! - **Native and `wasm32-wasip2`**: every name *is* mio's, re-exported, so the crates that implement
//!   mio's [`Source`](event::Source) fit as they are. (mio has no [`Waker`] on wasip2.)
//! - **`wasm32-wasip1`**: the same names with the same signatures, over preview1's `poll_oneoff`.
//!   Sockets are the host's to grant: listeners it opened before, and, where it preopens its network
//!   directory, `/net`, whatever that allows. What neither gives compiles and returns
//!   [`Unsupported`](std::io::ErrorKind::Unsupported), with a text that says why.
//!
//! The [`guide`] builds a server step by step and tells what differs between the worlds.
//!
//! ```
//! use std::time::Duration;
//! use wasi_poll::{Events, Poll, Token, Waker};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut poll = Poll::new()?;
//! let mut events = Events::with_capacity(16);
//! let waker = Waker::new(poll.registry(), Token(7))?;
//!
//! waker.wake()?;
//! poll.poll(&mut events, Some(Duration::from_secs(1)))?;
//! assert_eq!(events.iter().next().map(|event| event.token()), Some(Token(7)));
//! # Ok(())
//! # }
//! ```
//!
//! This file holds the choice of a world and nothing else: no other one asks what the target is.

pub mod features;
pub mod guide;

// Unit tests run ours in every world, over a scripted host.
#[cfg(any(test, all(target_os = "wasi", target_env = "p1")))]
mod wasip1;
#[cfg(any(test, all(target_os = "wasi", target_env = "p1")))]
pub use wasip1::*;

// What runs on the script still needs somebody's sockets beneath, and a guest can't open any.
#[cfg(all(test, not(target_family = "wasm")))]
mod loopback_tests;

#[cfg(all(feature = "native", not(any(test, all(target_os = "wasi", target_env = "p1")))))]
pub use mio::*;

// It stands before mio's `net`, which comes with all the rest of mio.
#[cfg(all(feature = "native", target_os = "wasi", not(any(test, target_env = "p1"))))]
mod wasip2;
#[cfg(all(feature = "native", target_os = "wasi", not(any(test, target_env = "p1"))))]
pub use wasip2::net;

#[cfg(all(feature = "native", target_os = "wasi", not(any(test, target_env = "p1"))))]
pub mod unix {
    //! `SourceFd` under the name it has on Unix, so that one source compiles in every world.

    pub use mio::wasi::SourceFd;
}

#[cfg(not(any(feature = "native", test, all(target_os = "wasi", target_env = "p1"))))]
compile_error!(
    "outside wasm32-wasip1 this crate is mio re-exported: enable its `native` feature (it is on by default)"
);
