//! The wasip1 world: the guest half on this project's host, on the operating system's sockets.

use std::net::SocketAddr;
use std::process::Command;

use wasi_poll_host::Runner;

use crate::os_peer::Os;
use crate::{Case, Peer, World, build, hosted, native, verdict};

/// Runs a case.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, case: &Case) {
    let (said, heard, log) = verdict::lines();
    let runner = Runner::new(hosted::module()).expect("the system has room for a poll");
    let say = move |line: &str| said.say(line);
    let peer = || (case.peer)(&mut Peer::new(Os(heard)));
    let addresses = native::addresses(case);
    let (guest, peer) = hosted::run(runner, (name, case, World::Wasip1), &addresses, say, || (), peer);
    verdict::judge(name, World::Wasip1, &log, guest, peer);
}

/// The host's command line, up to where the module's name goes.
pub fn host(listen: &[SocketAddr]) -> Command {
    let mut command = Command::new(build::host());
    command.arg("run");
    for address in listen {
        command.arg("--listen").arg(address.to_string());
    }
    command
}
