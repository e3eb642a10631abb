//! The native world: both halves in this process, on mio and the operating system's sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::{fs, process};

use anyhow::{Context, Result, anyhow};

use crate::os_peer::Os;
use crate::verdict::{self, CASE_TIME};
use crate::{Case, Guest, Peer, World};

/// Runs a case.
///
/// # Panics
/// When it fails.
pub fn run(name: &str, case: &Case) {
    let (said, heard, log) = verdict::lines();
    let directory = case.directory.then(greeting);
    let addresses = addresses(case);
    let path = directory.as_ref().map(|directory| directory.path().to_owned());

    let (end, ended) = mpsc::channel();
    let half = case.guest;
    thread::spawn(move || {
        let mut guest = Guest::new(World::Native, path, addresses, move |line| said.say(line));
        // The receiver gives up when this comes too late.
        let _ = end.send(half(&mut guest));
    });

    let peer = (case.peer)(&mut Peer::new(Os(heard)));
    let guest = ended.recv_timeout(CASE_TIME).unwrap_or_else(|error| match error {
        RecvTimeoutError::Timeout => Err(anyhow!("not at all, in {CASE_TIME:?}")),
        RecvTimeoutError::Disconnected => Err(anyhow!("in a panic")),
    });
    verdict::judge(name, World::Native, &log, guest, peer);
}

/// A directory with a file `greeting` in it.
///
/// # Panics
/// When it can't be made.
pub fn greeting() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory can be made");
    fs::write(directory.path().join("greeting"), "hello from a file").expect("and written to");
    directory
}

/// The addresses to grant. Where ports are to be known, they are free ones.
///
/// # Panics
/// When there are none.
pub fn addresses(case: &Case) -> Vec<SocketAddr> {
    let addresses: Result<_> = (0..case.listeners)
        .map(|_| if case.ports_are_known { free_address() } else { Ok(([127, 0, 0, 1], 0).into()) })
        .collect();
    addresses.expect("this machine has free ports")
}

/// An address that is free and stays so.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((unshared_ip(), 0))?;
    listener.local_addr().context("a listener has an address")
}

/// A loopback address at which no other test has anything.
pub fn unshared_ip() -> IpAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let [.., high, low] = process::id().to_be_bytes();
    let own = 1 + NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes()[3] % 250;
    Ipv4Addr::new(127, own, high, low).into()
}
