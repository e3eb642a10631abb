//! The command line of a soak.

use std::hash::{BuildHasher, RandomState};

use clap::Parser;

/// Opens very many connections to a guest's echo server, each of another temper, and checks that every byte comes back
/// and that the host is afterwards as it was before.
#[derive(Debug, Parser)]
#[command(name = "soak")]
pub struct Flags {
    /// How many connections, one after another
    #[arg(long, value_name = "NUMBER", default_value_t = 200_000)]
    pub connections: u64,

    /// How many of them together at most
    #[arg(long, value_name = "NUMBER", default_value_t = 512)]
    pub at_once: usize,

    /// What they are drawn from. The same seed draws the same connections; one is made up when it is left out
    #[arg(long, value_name = "NUMBER", default_value_t = RandomState::new().hash_one(0))]
    pub seed: u64,
}
