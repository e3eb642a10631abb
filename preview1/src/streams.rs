//! How bytes move through a stream. What the calls are is `sockets.rs`'s.

use crate::readiness::Certainty;
use crate::record;
use crate::sockets::{PEEK, WAITALL};
use crate::transfer::{Direction, is_passing, scatter, with_slices};
use crate::{Errno, Failure, Memory, Network, Process, Progress, Received};

impl<N: Network> Process<N> {
    /// Sends what fits of the decoded iovecs' `total` bytes.
    pub(crate) fn send_bytes(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        total: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<u32>, Failure> {
        if total == 0 {
            record::write_u32(memory, bytes_pointer, 0)?;
            return Ok(Progress::Done(0));
        }
        if self.refuses(fd, Direction::Write)? {
            return self.blocked(fd);
        }
        let socket = self.table.socket(fd)?;
        if let Some(errno) = socket.readiness.error.take() {
            self.polling.wake(fd);
            return Err(errno.into());
        }
        let (network, id) = (&mut self.network, socket.id);
        let sent = with_slices(memory, &self.iovecs, 0, |from| network.send(id, from))?;
        match sent {
            Ok(bytes) => {
                socket.readiness.sent(bytes, total as usize);
                record::write_u32(memory, bytes_pointer, bytes as u32)?;
                if (bytes as u32) < self.asked {
                    self.drained(fd, Direction::Write);
                }
                Ok(Progress::Done(bytes as u32))
            }
            Err(Errno::Again) => {
                socket.readiness.write_filled();
                self.blocked(fd)
            }
            Err(errno) => {
                socket.readiness.write_closed |= errno == Errno::Pipe;
                self.polling.wake(fd);
                Err(errno.into())
            }
        }
    }

    pub(crate) fn receive_bytes(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        flags: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        let total = if self.gathered == 0 {
            self.decode_stream_iovecs(memory, iovecs, count)? as usize
        } else {
            // Once some was gathered, the array may lie under it: what was decoded then still holds.
            self.iovecs.iter().map(|&(_, length)| length as usize).sum()
        };
        if total == 0 {
            record::write_u32(memory, bytes_pointer, 0)?;
            return Ok(Progress::Done(Received { bytes: 0, truncated: false }));
        }
        let gather = flags & WAITALL != 0 && flags & PEEK == 0 && !self.table.socket(fd)?.flags.is_nonblock();
        loop {
            if self.refuses(fd, Direction::Read)? {
                return self.blocked(fd);
            }
            match self.receive_once(memory, fd, flags & PEEK != 0, total) {
                Ok(moved) => {
                    self.gathered += moved;
                    if gather && moved > 0 && self.gathered < total {
                        continue;
                    }
                }
                Err(Failure::Errno(Errno::Again)) => return self.blocked(fd),
                // What was gathered before the error is told now, and the error by the next call.
                Err(Failure::Errno(errno)) if self.gathered > 0 => {
                    if !is_passing(errno) {
                        self.table.socket(fd)?.readiness.error = Some(errno);
                        self.polling.wake(fd);
                    }
                }
                Err(failure) => return Err(failure),
            }
            let bytes = std::mem::take(&mut self.gathered) as u32;
            record::write_u32(memory, bytes_pointer, bytes)?;
            if (1..self.asked).contains(&bytes) && flags & PEEK == 0 {
                self.drained(fd, Direction::Read);
            }
            return Ok(Progress::Done(Received { bytes, truncated: false }));
        }
    }

    /// One receive into what the iovecs have left behind `gathered` bytes.
    fn receive_once(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        peek: bool,
        total: usize,
    ) -> Result<usize, Failure> {
        /// Several buffers are received through one of this many bytes: they may overlap.
        const SCATTER_BYTES: usize = 64 * 1024;
        let socket = self.table.socket(fd)?;
        let (received, asked) = match self.iovecs[..] {
            [(pointer, length)] => {
                let gathered = self.gathered as u32;
                let into = memory.slice_mut(pointer + gathered, length - gathered)?;
                let asked = into.len();
                (self.network.receive(socket.id, into, peek), asked)
            }
            ref iovecs => {
                let asked = (total - self.gathered).min(SCATTER_BYTES);
                self.scratch.resize(SCATTER_BYTES, 0);
                let scratch = &mut self.scratch[..asked];
                let received = self.network.receive(socket.id, scratch, peek);
                if let Ok(moved) = received {
                    scatter(memory, iovecs, self.gathered, &scratch[..moved])?;
                }
                (received, asked)
            }
        };
        // The bytes that came before an error are received before it.
        if !matches!(received, Ok(1..))
            && let Some(errno) = socket.readiness.error.take()
        {
            socket.readiness.read_closed = true;
            socket.readiness.write_closed = true;
            self.polling.wake(fd);
            return Err(errno.into());
        }
        match received {
            Ok(moved) if peek => {
                socket.readiness.read_closed |= moved == 0;
                Ok(moved)
            }
            Ok(moved) => {
                socket.readiness.received(moved, asked);
                Ok(moved)
            }
            Err(Errno::Again) => {
                socket.readiness.read_drained();
                Err(Errno::Again.into())
            }
            Err(errno) if is_passing(errno) => Err(errno.into()),
            Err(errno) => {
                socket.readiness.read_closed = true;
                socket.readiness.read = Certainty::Ready;
                self.polling.wake(fd);
                Err(errno.into())
            }
        }
    }
}
