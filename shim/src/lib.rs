//! wasi-poll under mio's name, so that crates which depend on mio stand on it in a guest. Nothing else belongs here.
//!
//! Cargo patches every target or none, and a patch can't depend on what it replaces. So the patch is for the
//! guest's build alone: it stands in a file of its own, `guest.toml`, which only that build reads.
//!
//! ```toml
//! [build]
//! target = "wasm32-wasip1"
//!
//! [target.wasm32-wasip1]
//! rustflags = ["--cfg", "tokio_unstable"] # tokio's condition for `tokio::net` in a guest
//!
//! [patch.crates-io]
//! mio = { git = "…" }
//! ```
//!
//! `cargo --config guest.toml build` builds the guest, and a plain `cargo build` the native program, from the same
//! manifest. The lock file has to name the mio of this package's version (`cargo update mio --precise 1.2.5`);
//! where it doesn't, cargo warns that the patch was not used.

#[cfg(all(target_os = "wasi", target_env = "p1"))]
pub use wasi_poll::*;

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
compile_error!(
    "this `mio` is wasi-poll's patch for wasm32-wasip1 guests, and here mio itself is needed: move \
     `[patch.crates-io] mio` from Cargo.toml into a file `guest.toml`, and build the guest with \
     `cargo --config guest.toml build --target wasm32-wasip1`"
);
