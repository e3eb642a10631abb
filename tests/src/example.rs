//! A server of `guest-examples`, running in one world or another, and its clients.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::peer::PATIENCE;
use crate::running::Running;
use crate::{World, build, verdict, wasip1};

/// A server that listens.
#[derive(Debug)]
pub struct Example {
    /// The program.
    pub running: Running,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How to start an example on a port that the system chooses.
///
/// # Errors
/// When it doesn't build.
pub fn command(example: &str, world: World) -> Result<Command> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut command = if world.is_guest() {
        let mut command = wasip1::host(&[any]);
        command.args(grants(example)).arg(build::guest("guest-examples", example)?);
        command
    } else {
        Command::new(build::native("guest-examples", example)?)
    };
    command.arg(any.to_string());
    Ok(command)
}

/// What a host grants an example beside its listener.
fn grants(example: &str) -> &[&str] {
    match example {
        "token" => &["--allow-connect", "127.0.0.1"],
        _ => &[],
    }
}

impl Example {
    /// Starts it, and waits until it tells where it listens.
    ///
    /// # Errors
    /// When it doesn't.
    pub fn start(command: &mut Command) -> Result<Example> {
        let (said, mut heard, _) = verdict::lines();
        let mut running = Running::start(command, said)?;
        match heard.next_line() {
            Ok(line) => {
                let address = line.strip_prefix("listening on ").context(line.clone())?;
                Ok(Example { running, address: address.parse()? })
            }
            Err(error) => Err(error.context(running.stop())),
        }
    }

    /// Connects to it.
    ///
    /// # Errors
    /// When it doesn't listen.
    pub fn connect(&self) -> Result<TcpStream> {
        connect(self.address)
    }
}

/// Connects a client, none of whose operations waits for ever.
///
/// # Errors
/// When nobody listens.
pub fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).context("connect")?;
    Ok(bounded(stream)?)
}

/// Lets none of a stream's operations wait for ever.
///
/// # Errors
/// When the options can't be set.
pub fn bounded(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a message and reads it back.
///
/// # Errors
/// When something else comes back.
pub fn echo(stream: &mut TcpStream, message: &[u8]) -> Result<()> {
    stream.write_all(message)?;
    let mut answer = vec![0; message.len()];
    stream.read_exact(&mut answer).context("the echo")?;
    ensure!(answer == message, "{answer:?} came back for {message:?}");
    Ok(())
}

/// Makes the peer's next read or write fail with a reset.
///
/// # Errors
/// When the option can't be set.
pub fn reset(stream: TcpStream) -> Result<()> {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO))?;
    drop(stream);
    Ok(())
}
