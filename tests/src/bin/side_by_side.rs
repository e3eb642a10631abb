//! Runs the same server natively and as a guest, on real sockets, and shows what each of them printed, side by side.

#[cfg(not(target_family = "wasm"))]
use std::process::ExitCode;

#[cfg(not(target_family = "wasm"))]
fn main() -> anyhow::Result<ExitCode> {
    conformance::side_by_side::run()
}

#[cfg(target_family = "wasm")]
fn main() {
    eprintln!("this runs natively: it starts a guest of its own");
}
