//! The worlds a case runs in, by name.

use std::fmt;
use std::str::FromStr;

/// One target the same program runs in, with what stands under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// This machine's own target: mio.
    Native,
    /// A `wasm32-wasip1` guest on this project's host, on the operating system's sockets.
    Wasip1,
    /// A `wasm32-wasip1` guest on this project's host, on a deterministic network with a virtual clock.
    Memory,
}

impl World {
    /// Whether the guest half runs on preview1.
    pub fn is_guest(self) -> bool {
        self != World::Native
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            World::Native => "native",
            World::Wasip1 => "wasip1",
            World::Memory => "memory",
        })
    }
}

impl FromStr for World {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<World> {
        [World::Native, World::Wasip1, World::Memory]
            .into_iter()
            .find(|world| world.to_string() == name)
            .ok_or_else(|| anyhow::anyhow!("no world is called {name}"))
    }
}
