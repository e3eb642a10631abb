//! One end of a connection: the bytes it holds and what has ended. How they got here is `transport.rs`'s.

use super::socket::End;
use crate::{Errno, Levels};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Connecting,
    Connected,
    /// Refused or reset.
    Broken,
}

/// One end of a connection.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each direction ends on its own, from either side")]
pub(super) struct Stream {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// Its local address was taken for it, and is freed with it.
    pub owns_address: bool,
    pub stage: Stage,
    /// The other end, which may be closed.
    pub peer: Option<End>,
    /// What has arrived and was not yet received.
    pub received: VecDeque<u8>,
    /// How many bytes are on their way here.
    pub in_flight: usize,
    /// The other end sends no more.
    pub finished: bool,
    /// Own shutdown of receiving.
    pub reading_ended: bool,
    /// Own shutdown of sending.
    pub writing_ended: bool,
    /// What `SO_ERROR` tells.
    pub error: Option<Errno>,
    /// A send left the peer no room; that there is some again is an edge.
    pub was_full: bool,
    /// When the last thing on its way here arrives: nothing overtakes it.
    pub arrives_ns: u64,
}

impl Stream {
    /// One that is connecting.
    pub fn new(local: SocketAddr, remote: SocketAddr) -> Stream {
        Stream {
            local,
            remote,
            owns_address: false,
            stage: Stage::Connecting,
            peer: None,
            received: VecDeque::new(),
            in_flight: 0,
            finished: false,
            reading_ended: false,
            writing_ended: false,
            error: None,
            was_full: false,
            arrives_ns: 0,
        }
    }

    /// What it is ready for when its peer has `room` for so many bytes.
    pub fn levels(&self, room: usize) -> Levels {
        let broken = self.stage == Stage::Broken;
        let error = self.error.is_some();
        let read_closed = broken || self.finished || self.reading_ended;
        let write_closed = broken || self.writing_ended;
        Levels {
            readable: read_closed || error || !self.received.is_empty(),
            writable: write_closed || error || (self.stage == Stage::Connected && room > 0),
            read_closed,
            write_closed,
            error,
        }
    }

    /// Copies out what there is, and takes it out but for a peek.
    pub fn receive(&mut self, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        let moved = into.len().min(self.received.len());
        if moved > 0 {
            for (to, from) in into.iter_mut().zip(&self.received) {
                *to = *from;
            }
            if !peek {
                self.received.drain(..moved);
            }
            return Ok(moved);
        }
        if into.is_empty() || self.finished || self.reading_ended {
            return Ok(0);
        }
        match self.error.take() {
            Some(errno) => Err(errno),
            None if self.stage == Stage::Broken => Ok(0),
            None => Err(Errno::Again),
        }
    }

    /// Whether a send may go ahead at all.
    pub fn may_send(&mut self) -> Result<(), Errno> {
        if let Some(errno) = self.error.take() {
            return Err(errno);
        }
        match self.stage {
            _ if self.writing_ended => Err(Errno::Pipe),
            Stage::Broken => Err(Errno::Pipe),
            Stage::Connecting => Err(Errno::Again),
            Stage::Connected => Ok(()),
        }
    }

    /// Takes in a reset: what it means depends on how far the connection came, as on Linux.
    pub fn broke(&mut self) {
        self.error = match self.stage {
            Stage::Connecting => Some(Errno::Connrefused),
            // Both ends have finished: it was over already.
            _ if self.finished && self.writing_ended => None,
            _ if self.finished => Some(Errno::Pipe),
            _ => Some(Errno::Connreset),
        };
        self.stage = Stage::Broken;
        self.peer = None;
    }
}
