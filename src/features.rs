//! The crate's features: documentation only, no code.
//!
//! | feature | default | gives |
//! |---|---|---|
//! | `native` | yes | mio 1.2 itself with `os-poll`, `os-ext` and `net`, re-exported, on every target but `wasm32-wasip1` |
//!
//! mio's own features need no naming: polling ([`Poll`](crate::Poll)), the network types
//! ([`net`](crate::net)) and `SourceFd` are there in every world.
//!
//! # In each world
//! On `wasm32-wasip1` `native` changes nothing, as mio is not a dependency there. Elsewhere the crate
//! doesn't build without it.
