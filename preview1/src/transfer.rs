//! What streams and datagrams share: when a call is known to move nothing, when it waits, and how iovecs become
//! buffers.

use crate::fd_table::Socket;
use crate::net_dir::Refusal;
use crate::readiness::Certainty;
use crate::{Errno, Failure, Memory, Network, Process, Progress, Trap, record};
use std::io::IoSlice;

impl<N: Network> Process<N> {
    /// Decodes a call's iovecs, each checked to lie in the memory, and adds their lengths up.
    ///
    /// # Errors
    /// `ENOMEM` for more than allowed, `EINVAL` when their lengths add up to 2³² or more; a trap for a bad pointer.
    pub(crate) fn decode_iovecs(
        &mut self,
        memory: &Memory<'_>,
        iovecs: u32,
        count: u32,
    ) -> Result<u32, Failure> {
        let limit = self.limits.iovecs;
        if count > limit {
            self.refusal = Some(Refusal { flag: "--max-iovecs", what: format!("{limit} buffers in a call") });
        }
        record::read_iovecs(memory, iovecs, count, limit, &mut self.iovecs)
    }

    /// As [`decode_iovecs`](Self::decode_iovecs), of a stream: what is past the limit of bytes in a call is left to the
    /// next call.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn decode_stream_iovecs(
        &mut self,
        memory: &Memory<'_>,
        iovecs: u32,
        count: u32,
    ) -> Result<u32, Failure> {
        let (total, limit) = (self.decode_iovecs(memory, iovecs, count)?, self.limits.call_bytes);
        self.asked = total;
        if total <= limit {
            return Ok(total);
        }
        let mut left = limit;
        for (_, length) in &mut self.iovecs {
            *length = left.min(*length);
            left -= *length;
        }
        Ok(limit)
    }

    /// Whether a call on `fd` is known to move nothing. It is taken at its word once between two waits: a
    /// program that never waits, but calls again and again, has to hear of what arrives, too.
    pub(crate) fn refuses(&mut self, fd: u32, direction: Direction) -> Result<bool, Errno> {
        let turn = self.turn;
        let socket = self.table.socket(fd)?;
        if direction.of(socket) != Certainty::NotReady {
            return Ok(false);
        }
        if std::mem::replace(&mut socket.readiness.refused_in_turn, turn) == turn {
            let now_ns = self.network.now_ns();
            if self.collect(Some(now_ns)).is_err() {
                return Ok(true);
            }
            return Ok(direction.of(self.table.socket(fd)?) == Certainty::NotReady);
        }
        Ok(true)
    }

    /// A call found a direction of `fd` drained, as whoever made it can tell: an edge comes next.
    pub(crate) fn drained(&mut self, fd: u32, direction: Direction) {
        if self.polling.sets.is_empty() {
            return;
        }
        let maybe_ready =
            self.table.socket(fd).is_ok_and(|socket| direction.of(socket) != Certainty::NotReady);
        for (_, set) in &mut self.polling.sets {
            set.watches.drained(fd, direction, maybe_ready);
        }
    }

    /// Takes in a call's answer: one of `EAGAIN` and `EINTR` has found its direction drained, as far as whoever made it
    /// can tell.
    pub(crate) fn answered<T>(
        &mut self,
        fd: u32,
        direction: Direction,
        answer: Result<Progress<T>, Failure>,
    ) -> Result<Progress<T>, Failure> {
        if matches!(answer, Err(Failure::Errno(Errno::Again | Errno::Intr))) {
            self.drained(fd, direction);
        }
        answer
    }

    /// What a call answers that would have to wait: `EAGAIN`, or that it does wait, for as long as it takes.
    pub(crate) fn blocked<T>(&mut self, fd: u32) -> Result<Progress<T>, Failure> {
        if self.table.socket(fd)?.flags.is_nonblock() {
            return Err(Errno::Again.into());
        }
        self.deadline_ns = None;
        Ok(Progress::Blocked)
    }
}

/// Which way bytes move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    pub(crate) fn of(self, socket: &Socket) -> Certainty {
        match self {
            Direction::Read => socket.readiness.read,
            Direction::Write => socket.readiness.write,
        }
    }
}

/// Whether a call that failed so left the connection as it was, and can be made again.
pub(crate) fn is_passing(errno: Errno) -> bool {
    matches!(errno, Errno::Intr | Errno::Nobufs | Errno::Nomem)
}

/// Hands `on` the iovecs' bytes from their byte `skip` on.
pub(crate) fn with_slices<R>(
    memory: &Memory<'_>,
    iovecs: &[(u32, u32)],
    skip: usize,
    on: impl FnOnce(&[IoSlice<'_>]) -> R,
) -> Result<R, Trap> {
    /// So many buffers, which is more than programs use, are listed without allocating.
    const FEW: usize = 16;
    if let [(pointer, length)] = *iovecs
        && skip == 0
    {
        return Ok(on(&[IoSlice::new(memory.slice(pointer, length)?)]));
    }
    let mut few = [IoSlice::new(&[]); FEW];
    let mut many = Vec::new();
    let slices = if iovecs.len() <= FEW {
        &mut few[..iovecs.len()]
    } else {
        many.resize(iovecs.len(), IoSlice::new(&[]));
        &mut many[..]
    };
    let mut skip = skip as u32;
    for (slice, &(pointer, length)) in slices.iter_mut().zip(iovecs) {
        let skipped = skip.min(length);
        skip -= skipped;
        *slice = IoSlice::new(memory.slice(pointer + skipped, length - skipped)?);
    }
    Ok(on(slices))
}

/// The iovecs' bytes, one after the other in `into`.
pub(crate) fn gather<'a>(
    memory: &Memory<'_>,
    iovecs: &[(u32, u32)],
    into: &'a mut Vec<u8>,
) -> Result<&'a [u8], Trap> {
    into.clear();
    for &(pointer, length) in iovecs {
        into.extend_from_slice(memory.slice(pointer, length)?);
    }
    Ok(into)
}

/// Spreads `bytes` over the iovecs from their byte `skip` on, in order: where they overlap, the later wins.
pub(crate) fn scatter(
    memory: &mut Memory<'_>,
    iovecs: &[(u32, u32)],
    skip: usize,
    mut bytes: &[u8],
) -> Result<(), Trap> {
    let mut skip = skip as u32;
    for &(pointer, length) in iovecs {
        let skipped = skip.min(length);
        skip -= skipped;
        let (now, later) = bytes.split_at(bytes.len().min((length - skipped) as usize));
        memory.slice_mut(pointer + skipped, now.len() as u32)?.copy_from_slice(now);
        bytes = later;
    }
    Ok(())
}
