//! The wasip1 world: the guest half in the host's own process, on the operating system's sockets.

use std::net::SocketAddr;
use std::process::Command;

use crate::os_peer::Os;
use crate::running::Running;
use crate::{Case, Peer, World, build, native, verdict};

/// What a guest finds its directory as.
pub const GUEST_DIRECTORY: &str = "/data";

/// Runs a case.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, case: &Case) {
    let (said, heard, log) = verdict::lines();
    let directory = case.directory.then(native::greeting);
    let addresses = native::addresses(case);
    let mut command = host(&addresses);
    if let Some(directory) = &directory {
        command.arg("--dir").arg(format!("{}::{GUEST_DIRECTORY}", directory.path().display()));
    }
    command.arg(build::case_guest()).args(args(name, World::Wasip1, case, &addresses));

    let guest = Running::start(&mut command, said).expect("the host starts");
    let peer = (case.peer)(&mut Peer::new(Os(heard)));
    let guest = guest.end().map(drop);
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

/// What the guest half's binary is told.
pub fn args(name: &str, world: World, case: &Case, addresses: &[SocketAddr]) -> Vec<String> {
    let directory = if case.directory { GUEST_DIRECTORY } else { "-" };
    let mut args = vec![name.into(), world.to_string(), directory.into()];
    args.extend(addresses.iter().map(ToString::to_string));
    args
}
