//! One connection of a soak: it sends, stalls, reads, compares and ends as its temper has it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with, sockopt};

use super::temper::{Ending, Temper};
use super::{Count, PATTERN_BYTES};

/// How long a slow reader pauses after each piece.
const PAUSE: Duration = Duration::from_millis(2);

/// A client that is connecting or connected.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what it may do, and what it has done, each for itself")]
pub struct Connection {
    pub stream: TcpStream,
    /// Directions are open until they would block; an event opens them again.
    pub readable: bool,
    pub writable: bool,
    temper: Temper,
    /// Where in the pattern its bytes begin.
    start: usize,
    sent: usize,
    received: usize,
    finished: bool,
    stalled_until: Option<Instant>,
    has_stalled: bool,
    connected: bool,
}

/// What becomes of a connection after its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It waits for its next event.
    Waits,
    /// It does nothing for so long.
    Stalls(Duration),
    /// It is over: closed by being dropped.
    Ended,
}

impl Connection {
    /// Begins to connect from one address to another.
    pub fn open(from: Ipv4Addr, to: SocketAddr, start: usize, temper: Temper) -> Result<Connection> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        bind(&socket, &SocketAddr::from((from, 0))).with_context(|| format!("no port is free on {from}"))?;
        match connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(error) => return Err(error).with_context(|| format!("connect from {from} to {to}")),
        }
        Ok(Connection {
            stream: TcpStream::from_std(socket.into()),
            readable: false,
            writable: false,
            temper,
            start,
            sent: 0,
            received: 0,
            finished: false,
            stalled_until: None,
            has_stalled: false,
            connected: false,
        })
    }

    /// Does nothing from now on for `span`: until when.
    pub fn stall(&mut self, span: Duration) -> Instant {
        let until = Instant::now() + span;
        self.stalled_until = Some(until);
        self.has_stalled = true;
        until
    }

    /// A stall may be over.
    pub fn goes_on(&mut self, now: Instant) {
        self.stalled_until = self.stalled_until.filter(|until| *until > now);
    }

    /// Goes on until it would block, stalls, or is over. `pattern` holds each place twice; `piece` is room for what is
    /// received.
    ///
    /// # Errors
    /// When something else comes back than what was sent, or the server ends it.
    pub fn turn(&mut self, pattern: &[u8], piece: &mut [u8]) -> Result<Turn> {
        if self.stalled_until.is_some() || !(self.readable || self.writable) {
            return Ok(Turn::Waits);
        }
        if !std::mem::replace(&mut self.connected, true)
            && let Some(error) = self.stream.take_error()?
        {
            return Err(error).context("connect");
        }
        loop {
            if let Some((at, span)) = self.temper.stall
                && self.sent >= at
            {
                self.temper.stall = None;
                return Ok(Turn::Stalls(span));
            }
            if self.breaks_off()? {
                return Ok(Turn::Ended);
            }
            let wrote = self.send(pattern)?;
            if self.sent == self.temper.bytes && !self.finished && self.temper.ending == Ending::HalfClose {
                self.finished = true;
                self.stream.shutdown(Shutdown::Write)?;
            }
            let read = self.receive(pattern, piece)?;
            let is_whole = self.received == self.temper.bytes && self.sent == self.temper.bytes;
            match self.temper.ending {
                Ending::Close if is_whole => return Ok(Turn::Ended),
                Ending::HalfClose if read == Some(0) => {
                    ensure!(is_whole, "the stream ended after {} bytes", self.received);
                    return Ok(Turn::Ended);
                }
                _ => ensure!(read != Some(0), "the stream ended before we did"),
            }
            match (wrote, read) {
                (None, None) => return Ok(Turn::Waits),
                (_, Some(_)) if self.temper.slow => return Ok(Turn::Stalls(PAUSE)),
                _ => {}
            }
        }
    }

    /// Adds what it did.
    pub fn count(&self, count: &mut Count) {
        count.connections += 1;
        count.half_closed += u64::from(self.finished);
        match self.temper.ending {
            Ending::Reset(_) => count.reset += 1,
            Ending::Abandon(_) => count.abandoned += 1,
            Ending::Close | Ending::HalfClose => {
                count.sent_bytes += self.sent as u64;
                count.received_bytes += self.received as u64;
            }
        }
        count.stalled += u64::from(self.has_stalled);
    }

    /// Whether it is to break off here. A reset is prepared: closing does the rest.
    fn breaks_off(&self) -> io::Result<bool> {
        let moved = self.sent + self.received;
        match self.temper.ending {
            Ending::Reset(at) if moved >= at => {
                sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
                Ok(true)
            }
            Ending::Abandon(at) => Ok(moved >= at),
            _ => Ok(false),
        }
    }

    /// Sends a piece: how many bytes went. `None` when nothing can.
    fn send(&mut self, pattern: &[u8]) -> Result<Option<usize>> {
        let left = (self.temper.bytes - self.sent).min(self.temper.piece_bytes);
        if left == 0 || !self.writable {
            return Ok(None);
        }
        let at = (self.start + self.sent) % PATTERN_BYTES;
        match self.stream.write(&pattern[at..at + left.min(PATTERN_BYTES)]) {
            Ok(moved) => {
                self.sent += moved;
                Ok(Some(moved))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.writable = false;
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("after {} bytes sent", self.sent)),
        }
    }

    /// Receives a piece, and compares it: how many bytes came. `None` when none are there.
    fn receive(&mut self, pattern: &[u8], piece: &mut [u8]) -> Result<Option<usize>> {
        if !self.readable || self.temper.slow && self.sent < self.temper.bytes {
            return Ok(None);
        }
        let piece = &mut piece[..self.temper.piece_bytes];
        match self.stream.read(piece) {
            Ok(moved) => {
                let at = (self.start + self.received) % PATTERN_BYTES;
                if piece[..moved] != pattern[at..at + moved] {
                    bail!("other bytes than were sent came back behind {}", self.received);
                }
                self.received += moved;
                ensure!(self.received <= self.sent, "more came back than was sent");
                Ok(Some(moved))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.readable = false;
                Ok(None)
            }
            Err(error) => Err(error).with_context(|| format!("after {} bytes received", self.received)),
        }
    }
}
