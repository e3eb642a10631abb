//! Which number is which descriptor: the lowest free one is given out next, as POSIX has it. What can be done
//! with a descriptor is not decided here.

use crate::readiness::Readiness;
use crate::{Errno, Fdflags, Filetype, Levels, SocketId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What an fd is, for a caller that routes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A socket: the calls are [`Process`](crate::Process)'s.
    Socket,
    /// A file, a directory or stdio, held elsewhere under this number of its own.
    Foreign(u32),
    /// The network directory: the calls are [`Process`](crate::Process)'s, too.
    NetDir,
    /// A readiness set: likewise.
    ReadinessSet,
}

/// One entry of the table.
#[derive(Clone, Copy, Debug)]
pub enum Descriptor {
    /// Held elsewhere.
    Foreign {
        /// The number it has there.
        inner: u32,
        /// What tells its readiness; without one it is always ready, as files are.
        source: Option<SocketId>,
        /// Its `fdflags`, where the calls that move its bytes are the process's.
        flags: Fdflags,
    },
    /// A socket.
    Socket(Socket),
    /// The network directory.
    NetDir,
    /// The readiness set of this number of its own.
    ReadinessSet(usize),
}

/// A socket of the guest.
#[derive(Clone, Copy, Debug)]
pub struct Socket {
    /// The network's name for it.
    pub id: SocketId,
    /// Whether it listens or is a stream.
    pub role: Role,
    /// Its `fdflags`.
    pub flags: Fdflags,
    /// What it is known to be ready for.
    pub readiness: Readiness,
}

/// What a socket is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It accepts.
    Listener,
    /// It sends and receives bytes.
    Stream,
    /// It sends and receives datagrams.
    Datagram {
        /// To and from one peer alone, so that no address leads them.
        connected: bool,
    },
}

impl Socket {
    /// Takes in an edge. A datagram socket has no end of stream, though systems report one with its errors.
    pub fn edge(&mut self, levels: Levels, error: Option<Errno>) {
        self.readiness.edge(self.role.levels(levels), error);
    }

    /// Takes in a probe's answer.
    pub fn probed(&mut self, levels: Levels, error: Option<Errno>) {
        self.readiness.probed(self.role.levels(levels), error);
    }
}

impl Role {
    /// What of these levels means something for it.
    fn levels(self, levels: Levels) -> Levels {
        match self {
            Role::Datagram { .. } => Levels { read_closed: false, write_closed: false, ..levels },
            Role::Listener | Role::Stream => levels,
        }
    }

    /// What `fd_fdstat_get` tells.
    pub fn filetype(self) -> Filetype {
        match self {
            Role::Listener | Role::Stream => Filetype::SocketStream,
            Role::Datagram { .. } => Filetype::SocketDgram,
        }
    }
}

/// A process's file descriptors.
#[derive(Debug, Default)]
pub struct FdTable {
    slots: Vec<Option<Descriptor>>,
    free: BinaryHeap<Reverse<u32>>,
    /// The fd of each socket, by the network's number.
    fd_of: Vec<Option<u32>>,
    open: u32,
}

impl FdTable {
    /// How many fds are open.
    pub fn open(&self) -> u32 {
        self.open
    }

    /// The number behind the highest one that was ever open.
    pub fn end(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Puts a descriptor at the lowest free number.
    pub fn insert(&mut self, descriptor: Descriptor) -> u32 {
        let fd = loop {
            match self.free.pop() {
                // A renumber may have filled it meanwhile.
                Some(Reverse(fd)) if self.slots[fd as usize].is_some() => {}
                Some(Reverse(fd)) => break fd,
                None => {
                    self.slots.push(None);
                    break self.slots.len() as u32 - 1;
                }
            }
        };
        self.put(fd, descriptor);
        fd
    }

    /// Takes the descriptor at `fd` out.
    pub fn remove(&mut self, fd: u32) -> Result<Descriptor, Errno> {
        let descriptor = self.slots.get_mut(fd as usize).and_then(Option::take).ok_or(Errno::Badf)?;
        self.open -= 1;
        self.free.push(Reverse(fd));
        if let Some(id) = descriptor.source() {
            self.fd_of[id.0 as usize] = None;
        }
        Ok(descriptor)
    }

    /// Moves `from` onto `to`, which must be open, and gives back what was there. Both may be the same.
    pub fn renumber(&mut self, from: u32, to: u32) -> Result<Option<Descriptor>, Errno> {
        self.get(from)?;
        self.get(to)?;
        if from == to {
            return Ok(None);
        }
        let replaced = self.slots[to as usize].take().ok_or(Errno::Badf)?;
        if let Some(id) = replaced.source() {
            self.fd_of[id.0 as usize] = None;
        }
        self.open -= 1;
        let moved = self.remove(from)?;
        self.put(to, moved);
        Ok(Some(replaced))
    }

    /// The descriptor at `fd`.
    #[inline]
    pub fn get(&self, fd: u32) -> Result<&Descriptor, Errno> {
        self.slots.get(fd as usize).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    /// Names what tells the readiness of the foreign descriptor at `fd`.
    pub fn set_foreign_source(&mut self, fd: u32, id: SocketId) -> Result<(), Errno> {
        match self.slots.get_mut(fd as usize).and_then(Option::as_mut) {
            Some(Descriptor::Foreign { source, .. }) => *source = Some(id),
            _ => return Err(Errno::Badf),
        }
        self.name(id, fd);
        Ok(())
    }

    /// The flags of the foreign descriptor at `fd`.
    pub fn foreign_flags(&mut self, fd: u32) -> Result<&mut Fdflags, Errno> {
        match self.slots.get_mut(fd as usize).and_then(Option::as_mut) {
            Some(Descriptor::Foreign { flags, .. }) => Ok(flags),
            _ => Err(Errno::Badf),
        }
    }

    /// The socket at `fd`.
    #[inline]
    pub fn socket(&mut self, fd: u32) -> Result<&mut Socket, Errno> {
        match self.slots.get_mut(fd as usize).and_then(Option::as_mut) {
            Some(Descriptor::Socket(socket)) => Ok(socket),
            Some(_) => Err(Errno::Notsock),
            None => Err(Errno::Badf),
        }
    }

    /// The fd of the socket the network calls `id`, if it is still open.
    #[inline]
    pub fn fd_of(&self, id: SocketId) -> Option<u32> {
        self.fd_of.get(id.0 as usize).copied().flatten()
    }

    /// Every socket, by fd.
    pub fn sockets(&self) -> impl Iterator<Item = (u32, &Socket)> {
        (0..).zip(&self.slots).filter_map(|(fd, slot)| match slot {
            Some(Descriptor::Socket(socket)) => Some((fd, socket)),
            _ => None,
        })
    }

    /// Every descriptor, for the end of the process.
    pub fn drain(&mut self) -> impl Iterator<Item = Descriptor> + '_ {
        self.open = 0;
        self.fd_of.clear();
        self.free.clear();
        self.slots.drain(..).flatten()
    }

    fn put(&mut self, fd: u32, descriptor: Descriptor) {
        if let Some(id) = descriptor.source() {
            self.name(id, fd);
        }
        self.slots[fd as usize] = Some(descriptor);
        self.open += 1;
    }

    fn name(&mut self, SocketId(id): SocketId, fd: u32) {
        let id = id as usize;
        if self.fd_of.len() <= id {
            self.fd_of.resize(id + 1, None);
        }
        self.fd_of[id] = Some(fd);
    }
}

impl Descriptor {
    /// The network's number for it, if it has one.
    pub fn source(&self) -> Option<SocketId> {
        match self {
            Descriptor::Foreign { source, .. } => *source,
            Descriptor::Socket(socket) => Some(socket.id),
            Descriptor::NetDir | Descriptor::ReadinessSet(_) => None,
        }
    }
}
