//! A case's guest half as a guest of this project's host, in this process, whatever network is under it.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use anyhow::{Result, bail};
use wasi_poll_host::{Grants, Module, Outcome, Runner};
use wasi_poll_preview1::Network;

use crate::verdict::CASE_TIME;
use crate::{Case, Grant, World, build, native};

/// What a guest finds its directory as.
const GUEST_DIRECTORY: &str = "/data";

/// The cases' guest halves. Built and compiled once in a process.
///
/// # Panics
/// When they don't build, or the host takes them for no guest.
pub fn module() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| Module::load(build::case_guest()).expect("the host takes its guest"))
}

/// Grants a guest half what it needs, runs it, and ends it when that takes too long. `peer` runs meanwhile, and
/// `ended` when the guest has ended.
///
/// # Panics
/// When the host can't grant that.
pub fn run<N: Network + Send + 'static, P>(
    runner: Runner<N>,
    (name, case, world): (&str, &Case, World),
    addresses: &[SocketAddr],
    said: impl Fn(&str) + Send + 'static,
    ended: impl FnOnce() + Send + 'static,
    peer: impl FnOnce() -> P,
) -> (Result<()>, P) {
    let directory = case.directory.then(native::greeting);
    let complaints = Complaints::default();
    let mut runner = runner
        .args([name, &world.to_string(), if case.directory { GUEST_DIRECTORY } else { "-" }])
        .args(addresses.iter().map(ToString::to_string))
        .env("RUST_BACKTRACE", "0")
        .grants(grants(case))
        .stdout(Lines { said, line: Vec::new() })
        .stderr(complaints.clone());
    for address in addresses {
        runner = runner.listen(None, *address).expect("it is free");
    }
    if let Some(directory) = &directory {
        runner = runner.dir(directory.path(), GUEST_DIRECTORY).expect("it is there");
    }

    let killer = runner.killer();
    let (end, outcome) = mpsc::channel();
    thread::spawn(move || {
        let outcome = runner.run();
        ended();
        // The receiver gives up when this comes too late.
        let _ = end.send(outcome);
    });
    let peer = peer();
    let outcome = outcome.recv_timeout(CASE_TIME).or_else(|error| {
        killer.kill();
        if error == RecvTimeoutError::Timeout { outcome.recv_timeout(CASE_TIME) } else { Err(error) }
    });
    let guest = match outcome {
        Ok(outcome) => outcome.map_err(Into::into).and_then(|outcome| well(&outcome, &complaints.text())),
        Err(error) => Err(anyhow::anyhow!("the host didn't end: {error}")),
    };
    (guest, peer)
}

fn grants(case: &Case) -> Grants {
    let mut grants = Grants::default();
    for grant in case.grants {
        let (rules, rule) = match grant {
            Grant::Connect(rule) => (&mut grants.connect, rule),
            Grant::Listen(rule) => (&mut grants.listen, rule),
            Grant::Udp(rule) => (&mut grants.udp, rule),
        };
        rules.push(rule.parse().expect("a case's rules can be read"));
    }
    grants
}

fn well(outcome: &Outcome, complaints: &str) -> Result<()> {
    match outcome {
        Outcome::Exited(0) => Ok(()),
        Outcome::Exited(code) => bail!("with code {code}\n{complaints}"),
        Outcome::Trapped { message, backtrace } => bail!("in a trap: {message}\n{backtrace}\n{complaints}"),
        Outcome::Killed => bail!("killed after {CASE_TIME:?}\n{complaints}"),
        other => bail!("as {other:?}\n{complaints}"),
    }
}

/// Cuts what is written into lines.
struct Lines<S> {
    said: S,
    line: Vec<u8>,
}

impl<S: Fn(&str)> Write for Lines<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte == b'\n' {
                (self.said)(&String::from_utf8_lossy(&self.line));
                self.line.clear();
            } else {
                self.line.push(*byte);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a guest writes to standard error.
#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<Vec<u8>>>);

impl Complaints {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Complaints {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
