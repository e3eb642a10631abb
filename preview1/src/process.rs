//! One guest's fds, its network and its limits, and the calls on fds that move no bytes. The calls on sockets
//! are in `sockets.rs`, `poll_oneoff` in `poll.rs`.

use crate::fd_table::{Descriptor, FdTable, Role, Socket};
use crate::net_dir::{Grants, Lookups, Refusal};
use crate::poll::Polling;
use crate::readiness::Readiness;
use crate::readiness_set::Exchanged;
use crate::record::{self, Fdflags, Fdstat};
use crate::{Edge, Errno, Failure, Memory, Network, SocketId, Stop, Target};
use std::net::SocketAddr;

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<T> {
    /// It is done.
    Done(T),
    /// It has to wait. Call [`Process::wait`], with no borrow of the guest's memory, and then make the same
    /// call with the same arguments again.
    Blocked,
}

/// What one guest may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open fds, files and stdio included.
    pub fds: u32,
    /// Subscriptions in one `poll_oneoff`.
    pub subscriptions: u32,
    /// Iovecs in one read, write, send or receive.
    pub iovecs: u32,
    /// Open readiness sets. Each can hold as many subscriptions as one `poll_oneoff`.
    pub readiness_sets: u32,
    /// Bytes moved by one read, write, send or receive on a stream.
    pub call_bytes: u32,
    /// Streams that are connecting at once.
    pub connects: u32,
    /// Names looked up in a minute, for the guest and for rules on names.
    pub lookups: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            fds: 16_384,
            subscriptions: 65_536,
            iovecs: 1_024,
            readiness_sets: 32,
            call_bytes: 16 << 20,
            connects: 1_024,
            lookups: 6_000,
        }
    }
}

/// What `fd_close` or `fd_renumber` leaves for whoever holds files and directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a foreign descriptor has to be closed where it is held"]
pub enum Closed {
    /// Nothing.
    Whole,
    /// The descriptor of this number of its own has to be closed there.
    Foreign(u32),
}

/// A listener or a datagram socket the guest was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preopened {
    pub(crate) address: SocketAddr,
    pub(crate) id: SocketId,
    pub(crate) role: Role,
    /// The guest has asked for it by its address.
    pub(crate) claimed: bool,
}

/// One guest's file descriptors, and the network they stand on. Its sockets close when it is dropped.
#[derive(Debug)]
pub struct Process<N: Network> {
    pub(crate) network: N,
    pub(crate) table: FdTable,
    pub(crate) limits: Limits,
    /// Counts the waits, so that a refusal without asking is given once between two of them.
    pub(crate) turn: u64,
    /// Until when the blocked call waits.
    pub(crate) deadline_ns: Option<u64>,
    /// Until when no accept is worth a try: the network could open no more sockets, and none was closed since. That
    /// one more connection waits makes no room for it.
    pub(crate) starved_until_ns: Option<u64>,
    pub(crate) polling: Polling,
    pub(crate) exchanged: Exchanged,
    /// Kept for its capacity.
    pub(crate) iovecs: Vec<(u32, u32)>,
    /// What several buffers are received through; as long as that ever took.
    pub(crate) scratch: Vec<u8>,
    /// How many bytes the last transfer on a stream asked for, before it was cut to the limit of a call.
    pub(crate) asked: u32,
    /// How far a blocked receive of everything asked for has come, in bytes.
    pub(crate) gathered: usize,
    pub(crate) grants: Grants,
    pub(crate) lookups: Lookups,
    pub(crate) refusal: Option<Refusal>,
    /// The stream a blocked open of one connects.
    pub(crate) connecting: Option<SocketId>,
    /// Streams that were connecting when they were last looked at.
    pub(crate) pending_connects: Vec<SocketId>,
    /// The preopened sockets that are still open.
    pub(crate) preopened: Vec<Preopened>,
    edges: Vec<Edge>,
}

impl<N: Network> Process<N> {
    /// A process with stdin, stdout and stderr at fd 0, 1 and 2, held elsewhere under the same numbers.
    pub fn new(network: N) -> Process<N> {
        let mut table = FdTable::default();
        for inner in 0..3 {
            table.insert(Descriptor::Foreign { inner, source: None, flags: Fdflags::default() });
        }
        Process {
            network,
            table,
            limits: Limits::default(),
            turn: 1,
            deadline_ns: None,
            starved_until_ns: None,
            polling: Polling::default(),
            exchanged: Exchanged::default(),
            iovecs: Vec::new(),
            scratch: Vec::new(),
            asked: 0,
            gathered: 0,
            grants: Grants::default(),
            lookups: Lookups::default(),
            refusal: None,
            connecting: None,
            pending_connects: Vec::new(),
            preopened: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Sets what the guest may use up.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The network underneath.
    pub fn network(&mut self) -> &mut N {
        &mut self.network
    }

    /// Gives the guest a listener, at the lowest free fd; blocking, as an inherited one is.
    ///
    /// # Errors
    /// `EMFILE` at the limit of fds.
    pub fn preopen_listener(&mut self, listener: SocketId) -> Result<u32, Errno> {
        self.preopen(listener, Role::Listener)
    }

    /// Gives the guest a bound datagram socket, at the lowest free fd; blocking, as an inherited one is. What it moves
    /// is led by [address records](crate::net_dir), as of one that the guest has bound itself.
    ///
    /// # Errors
    /// `EMFILE` at the limit of fds.
    pub fn preopen_datagrams(&mut self, socket: SocketId) -> Result<u32, Errno> {
        self.preopen(socket, Role::Datagram { connected: false })
    }

    fn preopen(&mut self, id: SocketId, role: Role) -> Result<u32, Errno> {
        let fd = self.insert_socket(id, role, Fdflags::default(), Readiness::unknown())?;
        if let Ok(address) = self.network.local_address(id) {
            self.preopened.push(Preopened { address, id, role, claimed: false });
        }
        Ok(fd)
    }

    /// Gives the guest a file or directory that is held elsewhere as `inner`, at the lowest free fd.
    ///
    /// # Errors
    /// `EMFILE` at the limit of fds.
    pub fn insert_foreign(&mut self, inner: u32) -> Result<u32, Errno> {
        self.has_room()?;
        Ok(self.table.insert(Descriptor::Foreign { inner, source: None, flags: Fdflags::default() }))
    }

    /// From now on, `source` tells when the foreign descriptor at `fd` is ready. Without one it always is.
    ///
    /// # Errors
    /// `EBADF` when nothing foreign is open there.
    pub fn set_foreign_source(&mut self, fd: u32, source: SocketId) -> Result<(), Errno> {
        self.table.set_foreign_source(fd, source)
    }

    /// What `fd` is: whose call it is.
    ///
    /// # Errors
    /// `EBADF` when it is not open.
    #[inline]
    pub fn target(&self, fd: u32) -> Result<Target, Errno> {
        Ok(match self.table.get(fd)? {
            Descriptor::Foreign { inner, .. } => Target::Foreign(*inner),
            Descriptor::Socket(_) => Target::Socket,
            Descriptor::NetDir => Target::NetDir,
            Descriptor::ReadinessSet(_) => Target::ReadinessSet,
        })
    }

    /// Whether one more fd may be opened.
    ///
    /// # Errors
    /// `EMFILE` at the limit.
    pub fn has_room(&self) -> Result<(), Errno> {
        if self.table.open() < self.limits.fds { Ok(()) } else { Err(Errno::Mfile) }
    }

    /// No fd from here on can ever be open.
    pub(crate) fn fd_bound(&self) -> u32 {
        self.limits.fds.max(self.table.end())
    }

    /// As [`has_room`](Self::has_room), for who is about to open one: at the limit, that is told, too.
    ///
    /// # Errors
    /// `EMFILE` at the limit.
    pub fn make_room(&mut self) -> Result<(), Errno> {
        self.has_room().inspect_err(|_| {
            self.refusal = Some(Refusal { flag: "--max-fds", what: format!("{} open fds", self.limits.fds) });
        })
    }

    /// Waits for what the blocked call waits for. May end early; the call decides.
    ///
    /// # Errors
    /// [`Stop`] when the guest must be ended.
    pub fn wait(&mut self) -> Result<(), Stop> {
        let deadline_ns = self.deadline_ns.take().into_iter().chain(self.starved_until_ns).min();
        self.collect(deadline_ns)
    }

    /// Blocks until the foreign descriptor at `fd` can be read (or written, with `write`), if anything tells.
    ///
    /// # Errors
    /// `EBADF` when it is not open.
    pub fn foreign_ready(&mut self, fd: u32, write: bool) -> Result<Progress<()>, Errno> {
        let Some(id) = self.table.get(fd)?.source() else { return Ok(Progress::Done(())) };
        let levels = self.probe_one(id);
        if if write { levels.writable } else { levels.readable } {
            return Ok(Progress::Done(()));
        }
        self.deadline_ns = None;
        Ok(Progress::Blocked)
    }

    /// `fd_close`: the next descriptor may get the same number; nothing of the old one is told of it.
    ///
    /// # Errors
    /// `EBADF` when it is not open.
    pub fn fd_close(&mut self, fd: u32) -> Result<Closed, Errno> {
        let descriptor = self.table.remove(fd)?;
        self.polling.gone(fd);
        Ok(self.discard(descriptor))
    }

    /// `fd_renumber`: moves `from` onto `to`, closing what was there. Onto itself it does nothing.
    ///
    /// # Errors
    /// `EBADF` when either is not open.
    pub fn fd_renumber(&mut self, from: u32, to: u32) -> Result<Closed, Errno> {
        let replaced = self.table.renumber(from, to)?;
        if from != to {
            self.polling.gone(from);
            self.polling.gone(to);
        }
        Ok(replaced.map_or(Closed::Whole, |descriptor| self.discard(descriptor)))
    }

    /// `fd_fdstat_get` of a socket, written to `pointer` (24 bytes).
    ///
    /// # Errors
    /// `EBADF`, `ENOTSOCK`; a trap when the record lies outside the memory or misaligned.
    pub fn fd_fdstat_get(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        /// `fd_read`, `fd_fdstat_set_flags`, `fd_write`, `fd_filestat_get`, `poll_fd_readwrite`,
        /// `sock_shutdown` and `sock_accept`.
        const SOCKET_RIGHTS: u64 = 1 << 1 | 1 << 3 | 1 << 6 | 1 << 21 | 1 << 27 | 1 << 28 | 1 << 29;
        let socket = self.table.socket(fd)?;
        let stat = Fdstat { filetype: socket.role.filetype(), flags: socket.flags, rights: SOCKET_RIGHTS };
        Ok(record::write_fdstat(memory, pointer, &stat)?)
    }

    /// `fd_filestat_get` of a socket, written to `pointer` (64 bytes): its type, and nothing else.
    ///
    /// # Errors
    /// `EBADF`, `ENOTSOCK`; a trap when the record lies outside the memory or misaligned.
    pub fn fd_filestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        let filetype = self.table.socket(fd)?.role.filetype();
        Ok(record::write_filestat(memory, pointer, filetype)?)
    }

    /// `fd_fdstat_set_flags` of a socket.
    ///
    /// # Errors
    /// `EBADF`, `ENOTSOCK`; `EINVAL` for any flag but `NONBLOCK`.
    pub fn fd_fdstat_set_flags(&mut self, fd: u32, flags: u32) -> Result<(), Errno> {
        let socket = self.table.socket(fd)?;
        socket.flags = Fdflags::of_socket(flags)?;
        Ok(())
    }

    /// `fd_prestat_get` of a socket, written to `pointer` (8 bytes): success, with a tag that is not a
    /// directory's, so that guests go on scanning for directories behind it.
    ///
    /// # Errors
    /// `EBADF`, `ENOTSOCK`; a trap when the record lies outside the memory or misaligned.
    pub fn fd_prestat_get(&mut self, memory: &mut Memory<'_>, fd: u32, pointer: u32) -> Result<(), Failure> {
        self.table.socket(fd)?;
        Ok(record::write_socket_prestat(memory, pointer)?)
    }

    /// What every call on files answers for a socket, by what POSIX says of the call of that name.
    ///
    /// ```
    /// use wasi_poll_preview1::{Errno, MemoryNetwork, Process};
    /// assert_eq!(Process::<MemoryNetwork>::errno_of_file_call("fd_seek"), Errno::Spipe);
    /// assert_eq!(Process::<MemoryNetwork>::errno_of_file_call("path_open"), Errno::Notdir);
    /// ```
    pub fn errno_of_file_call(call: &str) -> Errno {
        match call {
            "fd_seek" | "fd_tell" | "fd_pread" | "fd_pwrite" | "fd_advise" | "fd_allocate" => Errno::Spipe,
            "fd_fdstat_set_rights" => Errno::Notsup,
            "fd_readdir" | "fd_prestat_dir_name" => Errno::Notdir,
            _ if call.starts_with("path_") => Errno::Notdir,
            _ => Errno::Inval,
        }
    }

    /// Takes in what has happened until now, or waits for it until `deadline_ns`.
    pub(crate) fn collect(&mut self, deadline_ns: Option<u64>) -> Result<(), Stop> {
        self.turn += 1;
        let mut edges = std::mem::take(&mut self.edges);
        let stopped = self.network.wait(deadline_ns, &mut edges);
        for Edge { socket, levels } in edges.drain(..) {
            if let Some(fd) = self.table.fd_of(socket)
                && let Ok(found) = self.table.socket(fd)
            {
                let error = if levels.error { self.network.take_error(socket) } else { None };
                found.edge(levels, error);
                self.polling.edge(fd);
            }
        }
        if self.starved_until_ns.is_some_and(|until_ns| until_ns <= self.network.now_ns()) {
            self.starved_until_ns = None;
        }
        self.edges = edges;
        stopped
    }

    pub(crate) fn insert_socket(
        &mut self,
        id: SocketId,
        role: Role,
        flags: Fdflags,
        readiness: Readiness,
    ) -> Result<u32, Errno> {
        self.make_room()?;
        let socket = Socket { id, role, flags, readiness };
        Ok(self.table.insert(Descriptor::Socket(socket)))
    }

    fn discard(&mut self, descriptor: Descriptor) -> Closed {
        if let Some(id) = descriptor.source() {
            self.network.close(id);
            self.preopened.retain(|preopened| preopened.id != id);
            self.pending_connects.retain(|pending| *pending != id);
        }
        // A file counts against the system's limit as a socket does.
        self.starved_until_ns = None;
        match descriptor {
            Descriptor::Socket(_) | Descriptor::NetDir => Closed::Whole,
            Descriptor::ReadinessSet(set) => {
                self.polling.sets.remove(set);
                Closed::Whole
            }
            Descriptor::Foreign { inner, .. } => Closed::Foreign(inner),
        }
    }
}

impl<N: Network> Drop for Process<N> {
    fn drop(&mut self) {
        if let Some(id) = self.connecting {
            self.network.close(id);
        }
        for descriptor in self.table.drain() {
            if let Some(id) = descriptor.source() {
                self.network.close(id);
            }
        }
    }
}
