//! Every case as a guest of this project's host on a deterministic network, in lock step with its peer.

#![cfg(not(target_family = "wasm"))]

use conformance::{guest_tests, memory as world};

conformance::for_each_case!(guest_tests);
