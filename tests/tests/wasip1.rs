//! Every case as a `wasm32-wasip1` guest on this project's host, on the operating system's sockets.

#![cfg(not(target_family = "wasm"))]

use conformance::{guest_tests, wasip1 as world};

conformance::for_each_case!(guest_tests);
