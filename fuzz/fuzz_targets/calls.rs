//! Arbitrary sequences of host calls with arbitrary arguments, on a network in memory: no panic, no leak, no wait
//! without an end, nothing allocated by the guest's number, and a call that fails has done nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasi_poll_fuzz::budget;
use wasi_poll_fuzz::script::Script;

/// Every socket's buffers full, and some more.
const HEAP_BYTES: usize = 8 * 1024 * 1024;

fuzz_target!(|script: Script| budget::within(HEAP_BYTES, || script.run()));
