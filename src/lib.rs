//! mio's readiness API in two worlds: native, where it is mio, and `wasm32-wasip1`.

#[cfg(all(feature = "native", not(all(target_os = "wasi", target_env = "p1"))))]
pub use mio::*;
