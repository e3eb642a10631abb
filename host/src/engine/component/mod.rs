//! Components: guests for wasm32-wasip2, whose files, clocks and sockets are all wasmtime-wasi's. What of the network
//! they may use is decided outside of this folder.

mod command;
mod names;
mod run;
mod sockets;
mod stdio;

pub use command::{Command, compile, is_component};
pub use run::{ComponentSetup, run_component};
