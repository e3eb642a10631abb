//! The same guest and the same peers on the operating system's sockets and in memory: the same errnos, bytes and
//! events. What may differ is written in `src/twins.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasi_poll_fuzz::twins::Twins;

fuzz_target!(|twins: Twins| twins.run());
