//! The calls that move bytes or connections: `sock_*`, and `fd_read` and `fd_write` on sockets. What is
//! reported ready is `poll.rs`'s.

use crate::fd_table::{Role, Socket};
use crate::readiness::Certainty;
use crate::record::{self, Fdflags};
use crate::{Errno, Failure, Memory, Network, Process, Progress, Trap};
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};

const PEEK: u32 = 1;
const WAITALL: u32 = 2;

/// What `sock_accept` opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The new stream's fd.
    pub fd: u32,
    /// Who connected.
    pub peer: SocketAddr,
}

/// What a receive took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// How many bytes.
    pub bytes: u32,
}

impl<N: Network> Process<N> {
    /// `sock_accept`: the new fd is written to `fd_pointer` (4 bytes).
    ///
    /// # Errors
    /// `EAGAIN` when a non-blocking listener has none pending, `EMFILE` at the limit of fds (and the listener
    /// is not reported until one is free), `EINVAL` on a stream or for any flag but `NONBLOCK`, `EBADF`,
    /// `ENOTSOCK`; a trap for a bad pointer.
    pub fn sock_accept(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        flags: u32,
        fd_pointer: u32,
    ) -> Result<Progress<Accepted>, Failure> {
        let socket = self.table.socket(fd)?;
        if socket.role != Role::Listener {
            return Err(Errno::Inval.into());
        }
        let flags = Fdflags::of_socket(flags)?;
        memory.check(fd_pointer, 4, 4)?;
        if self.refuses(fd, Direction::Read)? {
            return self.blocked(fd);
        }
        self.has_room()?;
        let listener = self.table.socket(fd)?;
        match self.network.accept(listener.id) {
            Ok((id, peer)) => {
                listener.readiness.read = Certainty::Maybe;
                let new = self.insert_socket(id, Role::Stream, flags)?;
                record::write_u32(memory, fd_pointer, new)?;
                Ok(Progress::Done(Accepted { fd: new, peer }))
            }
            Err(Errno::Again) => {
                listener.readiness.read_drained();
                self.blocked(fd)
            }
            Err(errno) => {
                self.accept_starved |= matches!(errno, Errno::Mfile | Errno::Nfile);
                Err(errno.into())
            }
        }
    }

    /// `sock_recv`: bytes into the iovecs, their number to `bytes_pointer` (4 bytes), `roflags` to
    /// `roflags_pointer` (2 bytes).
    ///
    /// # Errors
    /// `EAGAIN`, `ENOTCONN` on a listener, `EINVAL` for unknown flags, `EBADF`, `ENOTSOCK`, those of the
    /// connection; see [`fd_read`](Self::fd_read) for the iovecs.
    #[expect(clippy::too_many_arguments, reason = "the call's own")]
    pub fn sock_recv(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        flags: u32,
        bytes_pointer: u32,
        roflags_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        self.stream(fd)?;
        if flags & !(PEEK | WAITALL) != 0 {
            return Err(Errno::Inval.into());
        }
        memory.check(roflags_pointer, 2, 2)?;
        let progress = self.receive(memory, fd, (iovecs, count), flags, bytes_pointer)?;
        if matches!(progress, Progress::Done(_)) {
            record::write_u16(memory, roflags_pointer, 0)?;
        }
        Ok(progress)
    }

    /// `fd_read` on a socket: bytes into the iovecs, their number to `bytes_pointer` (4 bytes).
    ///
    /// # Errors
    /// `EAGAIN`, `ENOTCONN` on a listener, `EBADF`, `ENOTSOCK`, those of the connection; `ENOMEM` for more
    /// iovecs than allowed, `EINVAL` when their lengths add up to 2³² or more; a trap for a bad pointer.
    pub fn fd_read(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        self.stream(fd)?;
        self.receive(memory, fd, (iovecs, count), 0, bytes_pointer)
    }

    /// `sock_send`: the iovecs' bytes, and how many went to `bytes_pointer` (4 bytes). There are no flags.
    ///
    /// # Errors
    /// `EINVAL` for any flag, else as [`fd_write`](Self::fd_write).
    pub fn sock_send(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        flags: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<u32>, Failure> {
        self.stream(fd)?;
        if flags != 0 {
            return Err(Errno::Inval.into());
        }
        self.fd_write(memory, fd, iovecs, count, bytes_pointer)
    }

    /// `fd_write` on a socket: the iovecs' bytes, and how many went to `bytes_pointer` (4 bytes).
    ///
    /// # Errors
    /// `EAGAIN`, `EPIPE` when the peer is gone, `ENOTCONN` on a listener, and as [`fd_read`](Self::fd_read).
    pub fn fd_write(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        iovecs: u32,
        count: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<u32>, Failure> {
        self.stream(fd)?;
        memory.check(bytes_pointer, 4, 4)?;
        let total = record::read_iovecs(memory, iovecs, count, self.limits.iovecs, &mut self.iovecs)?;
        if total == 0 {
            record::write_u32(memory, bytes_pointer, 0)?;
            return Ok(Progress::Done(0));
        }
        if self.refuses(fd, Direction::Write)? {
            return self.blocked(fd);
        }
        let socket = self.table.socket(fd)?;
        if let Some(errno) = socket.readiness.error.take() {
            return Err(errno.into());
        }
        let sent = match self.iovecs[..] {
            [(pointer, length)] => {
                self.network.send(socket.id, &[IoSlice::new(memory.slice(pointer, length)?)])
            }
            ref iovecs => {
                let slices = iovecs
                    .iter()
                    .map(|&(pointer, length)| Ok(IoSlice::new(memory.slice(pointer, length)?)))
                    .collect::<Result<Vec<_>, Trap>>()?;
                self.network.send(socket.id, &slices)
            }
        };
        match sent {
            Ok(bytes) => {
                socket.readiness.sent(bytes, total as usize);
                record::write_u32(memory, bytes_pointer, bytes as u32)?;
                Ok(Progress::Done(bytes as u32))
            }
            Err(Errno::Again) => {
                socket.readiness.write_filled();
                self.blocked(fd)
            }
            Err(errno) => {
                socket.readiness.write_closed |= errno == Errno::Pipe;
                Err(errno.into())
            }
        }
    }

    /// `sock_shutdown`: bit 0 ends receiving, bit 1 sending.
    ///
    /// # Errors
    /// `EINVAL` for no bit or an unknown one, `ENOTCONN` on a listener or when the peer is gone, `EBADF`,
    /// `ENOTSOCK`.
    pub fn sock_shutdown(&mut self, fd: u32, how: u32) -> Result<(), Errno> {
        self.stream(fd)?;
        let how = match how {
            1 => Shutdown::Read,
            2 => Shutdown::Write,
            3 => Shutdown::Both,
            _ => return Err(Errno::Inval),
        };
        let socket = self.table.socket(fd)?;
        self.network.shutdown(socket.id, how)?;
        if how != Shutdown::Write {
            socket.readiness.read_closed = true;
            socket.readiness.read = Certainty::Ready;
        }
        if how != Shutdown::Read {
            socket.readiness.write_closed = true;
            socket.readiness.write = Certainty::Ready;
        }
        Ok(())
    }

    fn receive(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        (iovecs, count): (u32, u32),
        flags: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        if self.gathered == 0 {
            // Once some was gathered, the array may lie under it: what was decoded then still holds.
            record::read_iovecs(memory, iovecs, count, self.limits.iovecs, &mut self.iovecs)?;
        }
        let total = self.iovecs.iter().map(|&(_, length)| length as usize).sum();
        if total == 0 {
            record::write_u32(memory, bytes_pointer, 0)?;
            return Ok(Progress::Done(Received { bytes: 0 }));
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
                    self.table.socket(fd)?.readiness.error = Some(errno);
                }
                Err(failure) => return Err(failure),
            }
            let bytes = std::mem::take(&mut self.gathered) as u32;
            record::write_u32(memory, bytes_pointer, bytes)?;
            return Ok(Progress::Done(Received { bytes }));
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
        /// Several buffers are received through one of at most this many bytes, and no guest can ask for more.
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
                let mut scratch = vec![0; asked];
                let received = self.network.receive(socket.id, &mut scratch, peek);
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
            Err(errno) => {
                socket.readiness.read_closed = true;
                socket.readiness.read = Certainty::Ready;
                Err(errno.into())
            }
        }
    }

    fn stream(&mut self, fd: u32) -> Result<(), Errno> {
        match self.table.socket(fd)?.role {
            Role::Stream => Ok(()),
            Role::Listener => Err(Errno::Notconn),
        }
    }

    /// Whether a call on `fd` is known to move nothing. It is taken at its word once between two waits: a
    /// program that never waits, but calls again and again, has to hear of what arrives, too.
    fn refuses(&mut self, fd: u32, direction: Direction) -> Result<bool, Errno> {
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

    /// What a call answers that would have to wait: `EAGAIN`, or that it does wait, for as long as it takes.
    fn blocked<T>(&mut self, fd: u32) -> Result<Progress<T>, Failure> {
        if self.table.socket(fd)?.flags.is_nonblock() {
            return Err(Errno::Again.into());
        }
        self.deadline_ns = None;
        Ok(Progress::Blocked)
    }
}

/// Which way bytes move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
}

impl Direction {
    fn of(self, socket: &Socket) -> Certainty {
        match self {
            Direction::Read => socket.readiness.read,
            Direction::Write => socket.readiness.write,
        }
    }
}

/// Spreads `bytes` over the iovecs from their byte `skip` on, in order: where they overlap, the later wins.
fn scatter(
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
