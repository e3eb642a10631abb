//! Connections that say nothing, and a question to a server that answers in a line.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socket2::SockRef;

/// So many come together, and so long after the last.
const AT_ONCE: usize = 32;
const PAUSE: Duration = Duration::from_millis(2);

/// Open connections. Dropped, they are reset, so that they leave no port waiting.
#[derive(Debug)]
pub struct Idle(Vec<TcpStream>);

impl Idle {
    /// Connects `count`, or as many as `limit` allows.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr, count: usize, limit: Duration) -> Result<Idle> {
        let deadline = Instant::now() + limit;
        let mut streams = Vec::with_capacity(count);
        while streams.len() < count {
            // A full queue of those who aren't accepted yet drops the next, who then comes back a second later.
            if streams.len() % AT_ONCE == AT_ONCE - 1 {
                thread::sleep(PAUSE);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => streams.push(stream),
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => break,
                Err(error) => {
                    return Err(error).with_context(|| format!("connection {} to {address}", streams.len()));
                }
            }
        }
        Ok(Idle(streams))
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        for stream in &self.0 {
            // Refused, the port waits a minute.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
}

/// Sends a byte on a connection of its own, and reads the answer's line.
///
/// # Errors
/// When none comes in time.
pub fn ask(address: SocketAddr, limit: Duration) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(b"?")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).context("the answer to a question")?;
    Ok(answer)
}
