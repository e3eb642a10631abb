//! How often a guest polls, by its trace.

use std::io::BufReader;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::NamedTempFile;
use wasi_poll_trace::Trace;

use crate::example::{self, Example};

/// Starts a server with `host`'s arguments, has ten clients talk to it, and checks that it polls for each of them, and
/// then at most twice in a second in which nothing happens.
///
/// # Errors
/// When it doesn't, or a client fails.
pub fn at_most_two_in_an_idle_second(mut host: Command, arguments: &[&std::ffi::OsStr]) -> Result<()> {
    // A file has every line before the guest goes on; through a pipe they would come when they come.
    let trace = NamedTempFile::new()?;
    host.arg(format!("--trace={}", trace.path().display())).args(["--trace-format", "json"]);
    let server = Example::start(host.args(arguments))?;
    let mut clients = (0..10).map(|_| server.connect()).collect::<Result<Vec<_>>>()?;
    // The first message may be read as the stream is accepted; the second one takes a poll.
    for message in [b"hello\n", b"again\n"] {
        clients.iter_mut().try_for_each(|client| example::echo(client, message))?;
    }

    let polls = || -> Result<usize> {
        let trace = Trace::read(BufReader::new(trace.reopen()?))?;
        Ok(trace.entries.iter().filter(|entry| entry.is_poll()).count())
    };
    let busy = polls()?;
    ensure!(busy >= clients.len(), "only {busy} polls were traced for {} clients", clients.len());
    thread::sleep(Duration::from_secs(1));
    let idle = polls()? - busy;
    ensure!(idle <= 2, "{idle} polls in an idle second");
    Ok(())
}
