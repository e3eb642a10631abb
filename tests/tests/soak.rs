//! A short soak. `just soak` is a long one.

#![cfg(not(target_family = "wasm"))]

use anyhow::{Context, Result};
use conformance::soak;

#[test]
fn after_two_thousand_connections_the_host_is_as_it_was() -> Result<()> {
    // Another seed each time: what fails is found again by it.
    let seed = u64::from(std::process::id());
    let report = soak::run(2_000, 512, seed).with_context(|| format!("with --seed {seed}"))?;
    println!("{report}");
    Ok(())
}
