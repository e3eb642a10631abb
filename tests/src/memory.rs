//! The memory world: the guest half on this project's host, on a deterministic network, in lock step with its peer.

use std::net::SocketAddr;
use std::thread;

use wasi_poll_host::{Killer, Runner};

use crate::lockstep::Lockstep;
use crate::{Case, Peer, World, hosted, verdict};

/// Runs a case.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, case: &Case) {
    let (said, _, log) = verdict::lines();
    let lockstep = Lockstep::new();
    let killer = Killer::new();
    let stop = lockstep.clone();
    killer.on_kill(move || stop.kill());
    let runner = Runner::on_network(hosted::module(), lockstep.clone(), killer);

    let hears = lockstep.clone();
    let say = move |line: &str| {
        said.say(line);
        hears.say(line);
    };
    let guest_side = lockstep.clone();
    let half = case.peer;
    let peer_side = thread::spawn(move || {
        let ended = half(&mut Peer::new(lockstep.clone()));
        lockstep.peer_ended();
        ended
    });
    let ended = move || guest_side.guest_ended();
    let (guest, ()) = hosted::run(runner, (name, case, World::Memory), &addresses(case), say, ended, || ());
    let peer = peer_side.join().unwrap_or_else(|_| Err(anyhow::anyhow!("in a panic")));
    verdict::judge(name, World::Memory, &log, guest, peer);
}

/// Every address is free there.
fn addresses(case: &Case) -> Vec<SocketAddr> {
    let port = |number| if case.ports_are_known { 7000 + number } else { 0 };
    (0..case.listeners as u16).map(|number| ([127, 0, 0, 1], port(number)).into()).collect()
}
