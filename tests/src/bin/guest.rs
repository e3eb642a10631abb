//! Runs the guest half of the case it is told: `guest CASE WORLD DIRECTORY|- ADDRESS…`.

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use conformance::Guest;

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let mut next = |what| args.next().with_context(|| format!("the {what} is missing"));
    let (name, world, directory) = (next("case")?, next("world")?.parse()?, next("directory")?);
    let addresses = args.map(|address| address.parse()).collect::<Result<Vec<SocketAddr>, _>>()?;

    let case = conformance::cases::by_name(&name).with_context(|| format!("no case {name}"))?;
    let directory = (directory != "-").then(|| directory.into());
    // A line is flushed as it is said: somebody waits for it.
    (case.guest)(&mut Guest::new(world, directory, addresses, |line| println!("{line}")))
}
