//! What a play starts from: the guests' files, the network between them, and what each guest is given. Who has
//! which turn is `player.rs`'s.

use super::watchdog::Watchdog;
use super::{GuestPart, Scenario, Span};
use crate::engine::Setup;
use crate::preopens::{self, Listener};
use crate::refusals::Refusals;
use crate::stdio::Stdio;
use crate::{Grants, Killer, Limits, Module, RunError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use wasi_poll_preview1::{Machine, Machines, MemoryNetwork, Network, Process};

/// A guest that made so many calls without waiting lets others come first.
const CALLS_IN_A_TURN: u32 = 1_000;

/// Where a module's file is.
pub fn found(module: &Path, folders: &[PathBuf]) -> Result<PathBuf, RunError> {
    let places = folders.iter().map(|folder| folder.join(module));
    places.clone().find(|path| path.exists()).ok_or_else(|| {
        let looked: Vec<String> = places.map(|path| path.display().to_string()).collect();
        RunError::new(format!(
            "there is no guest {}: neither {} exists; --modules names the folder it is in",
            module.display(),
            looked.join(" nor ")
        ))
    })
}

pub fn network(scenario: &Scenario, seed: u64) -> MemoryNetwork {
    let mut network = MemoryNetwork::new().with_seed(seed).with_link(scenario.link.link());
    for (name, addresses) in &scenario.names {
        network.set_name(name, addresses);
    }
    let (names, addresses) = (scenario.names(), scenario.addresses());
    let address = |name: &String| names.iter().position(|known| known == name).map(|at| addresses[at]);
    for link in &scenario.links {
        if let (Some(one), Some(other)) = (address(&link.between[0]), address(&link.between[1])) {
            network.set_link(one, other, Some(link.link.link()));
        }
    }
    network
}

/// What a guest is given: all of the virtual network, its listeners, and nothing of this machine.
pub fn setup(
    guest: &GuestPart,
    module: &Module,
    mut machine: Machine,
    killer: &Killer,
) -> Result<Setup<Machine>, RunError> {
    let mut listeners = Vec::new();
    let mut sockets = Vec::new();
    for (number, &address) in guest.listen.iter().enumerate() {
        let opened = machine.listen(address);
        let (socket, address) = opened.map_err(|errno| preopens::cannot_listen(address, errno))?;
        listeners.push(Listener { name: None, address, fd: 3 + number as u32, datagrams: false });
        sockets.push(socket);
    }
    let mut process = Process::new(machine);
    let past_limit = |_| RunError::new(format!("the guest {} has more listeners than fds", guest.name));
    for socket in sockets {
        process.preopen_listener(socket).map_err(past_limit)?;
    }
    process.grant(Grants::all()).map_err(past_limit)?;
    let mut variables = guest.variables.clone();
    for (name, value) in preopens::variables(&listeners) {
        variables.entry(name.to_owned()).or_insert(value);
    }
    let name = std::iter::once(module.name().to_owned());
    Ok(Setup {
        process,
        arguments: name.chain(guest.arguments.iter().cloned()).collect(),
        variables: variables.into_iter().collect(),
        directories: Vec::new(),
        stdio: Stdio::default(),
        trace: None,
        refusals: Refusals::default(),
        limits: Limits::default(),
        killer: killer.clone(),
        cpu_meter: None,
        seed: None,
    })
}

/// What happens before each call of a guest: it costs time, and after many the others come first.
pub fn turn(
    scenario: &Scenario,
    number: usize,
    machines: &Machines,
    watchdog: &Watchdog,
) -> impl FnMut() -> bool + Send + 'static {
    let call_ns = scenario.call.map_or(1_000, Span::ns);
    let (machines, calls) = (machines.clone(), watchdog.calls());
    let mut in_turn = 0;
    move || {
        calls.fetch_add(1, Ordering::Relaxed);
        machines.spend(call_ns);
        in_turn += 1;
        let ends = in_turn >= CALLS_IN_A_TURN;
        if ends {
            in_turn = 0;
            machines.wake(number);
        }
        ends
    }
}
