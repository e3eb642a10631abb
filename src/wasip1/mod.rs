//! The API on `wasm32-wasip1`: what mio's names are made of there. Which world is built is chosen in
//! `lib.rs`, not here.
//!
//! Where to look:
//! - a [`Token`] becomes a subscription's userdata in `selector/registration.rs` (`Key::userdata`);
//! - an edge is disarmed in `selector/mod.rs` (`Selector::receive`) and armed again in
//!   `io_source.rs` (`IoSource::transfer`, `IoSource::operate`), which calls `Selector::drained`;
//! - the calls into the host are in `sys.rs`, the poller's only unsafe file.

pub mod event;
pub mod net;

mod interest;
mod io_source;
mod poll;
mod registry;
pub(crate) mod selector;
mod source_fd;
#[cfg_attr(test, expect(dead_code, reason = "unit tests call the script in its place"))]
mod sys;
mod token;
mod waker;

#[cfg(test)]
pub(crate) mod script;
#[cfg(test)]
use script as host;
#[cfg(not(test))]
use sys as host;

#[doc(no_inline)]
pub use event::Events;
pub use interest::Interest;
pub use poll::Poll;
pub use registry::Registry;
pub use token::Token;
pub use waker::Waker;

pub mod unix {
    //! `SourceFd` under the name it has natively, so that one source compiles in both worlds.

    pub use super::source_fd::SourceFd;
}

pub mod wasi {
    //! `SourceFd` under the name mio gives it on WASI.

    pub use super::source_fd::SourceFd;
}
