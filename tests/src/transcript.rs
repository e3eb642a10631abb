//! What a program prints when the same happens to it in the same order, whatever world it runs in. `token` is its
//! own client; to `listener_reader`, one here does the same each time.

use std::io::Write;
use std::net::Shutdown;
use std::process::Command;

use anyhow::{Context, Result};

use crate::example::connect;
use crate::running::Running;
use crate::verdict::{self, Heard};

/// As many as the server takes, before the one that ends it.
const SOCKETS: usize = 32;

/// What the messages are long, in turns: around the size of the server's read buffer, 256 bytes, and larger.
const SIZES: [usize; 7] = [1, 17, 255, 256, 257, 100, 512];

/// What happened.
#[derive(Debug)]
pub struct Transcript {
    /// What the program printed, line by line.
    pub lines: Vec<String>,
    /// How it ended.
    pub end: Result<()>,
}

impl Transcript {
    /// How many sockets and bytes the program counted: `done: 32 sockets, 6121 bytes`.
    pub fn counted(&self) -> Option<(usize, usize)> {
        let (sockets, bytes) = self.lines.last()?.strip_prefix("done: ")?.split_once(" sockets, ")?;
        Some((sockets.parse().ok()?, bytes.strip_suffix(" bytes")?.parse().ok()?))
    }
}

/// Starts a program that needs nobody else, and waits for its end.
///
/// # Errors
/// When it can't be started.
pub fn record_alone(program: &mut Command) -> Result<Transcript> {
    let (said, _heard, log) = verdict::lines();
    let end = Running::start(program, said)?.end().map(drop);
    Ok(Transcript { lines: log.lines(), end })
}

/// Starts the server, connects to it as often as it allows, and once more.
///
/// # Errors
/// When it can't be started.
pub fn record(server: &mut Command) -> Result<Transcript> {
    let (said, mut heard, log) = verdict::lines();
    let mut server = Running::start(server, said)?;
    let end = match drive(&mut heard) {
        Ok(()) => server.end().map(drop),
        Err(error) => Err(error.context(server.stop())),
    };
    Ok(Transcript { lines: log.lines(), end })
}

/// Each step waits until the server has said what it made of the one before: that is the whole order.
fn drive(heard: &mut Heard) -> Result<()> {
    let mut wait_for = |beginning: &str| -> Result<String> {
        let line = heard.next_line().with_context(|| format!("wait for {beginning:?}"))?;
        let rest = line.strip_prefix(beginning);
        Ok(rest.with_context(|| format!("expected {beginning:?}, not {line:?}"))?.to_owned())
    };
    let address = wait_for("listening on ")?.parse()?;

    let mut sockets = Vec::new();
    for token in 0..SOCKETS {
        sockets.push(connect(address)?);
        wait_for(&format!("listener: accepted token {token},"))?;
    }
    // In another order than they came, all of them open.
    for step in 0..SOCKETS {
        let token = step * 11 % SOCKETS;
        let message = vec![b'm'; SIZES[step % SIZES.len()]];
        sockets[token].write_all(&message)?;
        wait_for(&format!("token {token}: read"))?;
    }
    for step in 0..SOCKETS {
        let token = (step * 7 + 3) % SOCKETS;
        sockets[token].shutdown(Shutdown::Both)?;
        wait_for(&format!("token {token}: closed"))?;
    }
    let _one_more = connect(address)?;
    wait_for("listener: accepted one more")?;
    wait_for("done: ")?;
    Ok(())
}
