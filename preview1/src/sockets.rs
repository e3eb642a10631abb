//! The calls that move bytes or connections, as the ABI has them: `sock_*`, and `fd_read` and `fd_write` on
//! sockets. How bytes move is `streams.rs`'s and `datagrams.rs`'s.

use crate::fd_table::Role;
use crate::readiness::{Certainty, Readiness};
use crate::record::{self, Fdflags};
use crate::transfer::Direction;
use crate::{Errno, Failure, Memory, Network, Process, Progress};
use std::net::{Shutdown, SocketAddr};

pub(crate) const PEEK: u32 = 1;
pub(crate) const WAITALL: u32 = 2;

/// How long a listener is not reported for which the network could open no more sockets. Others may use them up,
/// and nothing tells when they don't any more; asking again at once would be a busy loop.
const STARVED_NS: u64 = 500_000_000;

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
    /// Whether a datagram had more, which are lost.
    pub truncated: bool,
}

impl<N: Network> Process<N> {
    /// `sock_accept`: the new fd is written to `fd_pointer` (4 bytes).
    ///
    /// # Errors
    /// `EAGAIN` when a non-blocking listener has none pending, `EMFILE` at the limit of fds (and the listener
    /// is not reported until one is free); `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` when the system can open no
    /// more (and the listener is not reported for half a second, or until something is closed here); `EINVAL` on a stream or for any flag but `NONBLOCK`, `EBADF`,
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
        let accepted = self.accept(memory, fd, flags, fd_pointer);
        self.answered(fd, Direction::Read, accepted)
    }

    fn accept(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        flags: Fdflags,
        fd_pointer: u32,
    ) -> Result<Progress<Accepted>, Failure> {
        if self.refuses(fd, Direction::Read)? {
            return self.blocked(fd);
        }
        self.make_room()?;
        let listener = self.table.socket(fd)?;
        match self.network.accept(listener.id) {
            Ok((id, peer)) => {
                listener.readiness.read = Certainty::Maybe;
                let new = self.insert_socket(id, Role::Stream, flags, Readiness::unheard())?;
                record::write_u32(memory, fd_pointer, new)?;
                Ok(Progress::Done(Accepted { fd: new, peer }))
            }
            Err(Errno::Again) => {
                listener.readiness.read_drained();
                self.blocked(fd)
            }
            Err(errno) => {
                // The connection may have gone with the error, or still be there.
                listener.readiness.asked_again();
                self.polling.wake(fd);
                if matches!(errno, Errno::Mfile | Errno::Nfile | Errno::Nobufs | Errno::Nomem) {
                    self.starved_until_ns = Some(self.network.now_ns().saturating_add(STARVED_NS));
                }
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
        let role = self.not_a_listener(fd)?;
        if flags & !(PEEK | WAITALL) != 0 {
            return Err(Errno::Inval.into());
        }
        memory.check(roflags_pointer, 2, 2)?;
        let progress = self.receive(memory, fd, role, (iovecs, count), flags, bytes_pointer)?;
        if let Progress::Done(Received { truncated, .. }) = progress {
            record::write_u16(memory, roflags_pointer, u16::from(truncated))?;
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
        let role = self.not_a_listener(fd)?;
        self.receive(memory, fd, role, (iovecs, count), 0, bytes_pointer)
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
        self.not_a_listener(fd)?;
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
        let role = self.not_a_listener(fd)?;
        memory.check(bytes_pointer, 4, 4)?;
        let sent = if let Role::Datagram { connected } = role {
            let total = self.decode_iovecs(memory, iovecs, count)?;
            self.send_one(memory, fd, connected, total, bytes_pointer)
        } else {
            let total = self.decode_stream_iovecs(memory, iovecs, count)?;
            self.send_bytes(memory, fd, total, bytes_pointer)
        };
        self.answered(fd, Direction::Write, sent)
    }

    /// `sock_shutdown`: bit 0 ends receiving, bit 1 sending.
    ///
    /// # Errors
    /// `EINVAL` for no bit or an unknown one, `ENOTCONN` on a listener or when the peer is gone, `EBADF`,
    /// `ENOTSOCK`.
    pub fn sock_shutdown(&mut self, fd: u32, how: u32) -> Result<(), Errno> {
        self.not_a_listener(fd)?;
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
        self.polling.wake(fd);
        Ok(())
    }

    fn receive(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        role: Role,
        iovecs: (u32, u32),
        flags: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        let received = match role {
            Role::Datagram { connected } => {
                self.receive_one(memory, fd, connected, iovecs, flags & PEEK != 0, bytes_pointer)
            }
            _ => self.receive_bytes(memory, fd, iovecs, flags, bytes_pointer),
        };
        self.answered(fd, Direction::Read, received)
    }

    fn not_a_listener(&mut self, fd: u32) -> Result<Role, Errno> {
        match self.table.socket(fd)?.role {
            role @ (Role::Stream | Role::Datagram { .. }) => Ok(role),
            Role::Listener => Err(Errno::Notconn),
        }
    }
}
