//! preview1's calls on the network directory. What may be used is `permit.rs`'s.

use super::attribute::{Attribute, parse_group, parse_option};
use super::path::{NetPath, TEXT_BYTES};
use super::permit::{Refusal, Use};
use crate::fd_table::Role;
use crate::readiness::Readiness;
use crate::record::{self, Fdflags, Fdstat, Filetype};
use crate::{Errno, Failure, Group, Levels, Memory, Network, Probe, Process, Progress, SocketId};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// The directory's name.
const NAME: &[u8] = b"/net";

const OPEN_DIRECTORY: u32 = 2;

/// What `path_open` in the network directory opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The new fd.
    pub fd: u32,
}

impl<N: Network> Process<N> {
    /// `path_open` in the network directory: a listener, a stream, a datagram socket or a readiness set, its fd
    /// written to `opened` (4 bytes).
    ///
    /// # Errors
    /// See [the protocol](crate::net_dir).
    pub fn net_open(
        &mut self,
        memory: &mut Memory<'_>,
        (path, length): (u32, u32),
        oflags: u32,
        fdflags: u32,
        opened: u32,
    ) -> Result<Progress<Opened>, Failure> {
        memory.check(opened, 4, 4)?;
        let path = read_path(memory, path, length)?;
        if oflags & OPEN_DIRECTORY != 0 {
            return Err(Errno::Notdir.into());
        }
        let flags = Fdflags::of_socket(fdflags)?;
        let progress = match path {
            NetPath::Listen(address) => self.open_listener(address, flags)?,
            NetPath::Connect(address) => self.open_stream(address, flags)?,
            NetPath::Bind(address) => self.open_datagram_socket(address, flags)?,
            NetPath::Poll => Progress::Done(Opened { fd: self.open_set(flags)? }),
            NetPath::Root => return Err(Errno::Isdir.into()),
            NetPath::Attribute(..) | NetPath::Name(_) => return Err(Errno::Loop.into()),
        };
        if let Progress::Done(Opened { fd }) = progress {
            record::write_u32(memory, opened, fd)?;
        }
        Ok(progress)
    }

    /// `path_readlink` in the network directory: an attribute's value or a name's addresses, as much as fits
    /// into `size` bytes at `buffer`, and how much that is to `used` (4 bytes).
    ///
    /// # Errors
    /// See [the protocol](crate::net_dir).
    pub fn net_readlink(
        &mut self,
        memory: &mut Memory<'_>,
        (path, length): (u32, u32),
        buffer: u32,
        size: u32,
        used: u32,
    ) -> Result<Progress<u32>, Failure> {
        memory.check(buffer, u64::from(size), 1)?;
        memory.check(used, 4, 4)?;
        let mut value = String::new();
        match read_path(memory, path, length)? {
            NetPath::Attribute(fd, attribute) => self.write_attribute(fd, attribute, &mut value)?,
            NetPath::Name(name) => match self.look_up(&name)? {
                Progress::Done(addresses) => value = joined(&addresses),
                Progress::Blocked => return Ok(Progress::Blocked),
            },
            _ => return Err(Errno::Inval.into()),
        }
        let fits = value.len().min(size as usize) as u32;
        memory.slice_mut(buffer, fits)?.copy_from_slice(&value.as_bytes()[..fits as usize]);
        record::write_u32(memory, used, fits)?;
        Ok(Progress::Done(fits))
    }

    /// `path_symlink` in the network directory: sets an attribute to the link's target.
    ///
    /// # Errors
    /// See [the protocol](crate::net_dir).
    pub fn net_symlink(
        &mut self,
        memory: &mut Memory<'_>,
        (target, target_length): (u32, u32),
        (path, length): (u32, u32),
    ) -> Result<Progress<()>, Failure> {
        let value = memory.slice(target, target_length)?;
        let path = read_path(memory, path, length)?;
        if target_length > TEXT_BYTES {
            return Err(Errno::Nametoolong.into());
        }
        let value = str::from_utf8(value).map_err(|_| Errno::Inval)?;
        let NetPath::Attribute(fd, attribute) = path else { return Err(Errno::Perm.into()) };
        let socket = self.table.socket(fd)?;
        let (id, role) = (socket.id, socket.role);
        match (attribute, role) {
            (Attribute::Option(option), _) => {
                self.network.set_option(id, option, parse_option(option, value)?)?;
            }
            (Attribute::Membership { join, v6 }, Role::Datagram { .. }) => {
                let group = parse_group(v6, value)?;
                if join && self.permit_group(id, group)? == Progress::Blocked {
                    return Ok(Progress::Blocked);
                }
                self.network.set_membership(id, group, join)?;
            }
            (Attribute::Peer, Role::Datagram { .. }) => {
                let peer = value.parse::<SocketAddr>().map_err(|_| Errno::Inval)?;
                if self.permit(Use::Udp, peer)? == Progress::Blocked {
                    return Ok(Progress::Blocked);
                }
                self.network.connect_datagram(id, peer)?;
                self.table.socket(fd)?.role = Role::Datagram { connected: true };
            }
            _ => return Err(Errno::Noprotoopt.into()),
        }
        Ok(Progress::Done(()))
    }

    /// `path_filestat_get` in the network directory, written to `pointer` (64 bytes): the type of what the
    /// path names, and nothing else.
    ///
    /// # Errors
    /// See [the protocol](crate::net_dir).
    pub fn net_filestat(
        &mut self,
        memory: &mut Memory<'_>,
        (path, length): (u32, u32),
        pointer: u32,
    ) -> Result<(), Failure> {
        memory.check(pointer, record::FILESTAT_BYTES.into(), 8)?;
        let filetype = match read_path(memory, path, length)? {
            NetPath::Root => Filetype::Directory,
            NetPath::Listen(_) | NetPath::Connect(_) => Filetype::SocketStream,
            NetPath::Bind(_) => Filetype::SocketDgram,
            NetPath::Attribute(..) | NetPath::Name(_) => Filetype::SymbolicLink,
            NetPath::Poll => Filetype::Unknown,
        };
        Ok(record::write_filestat(memory, pointer, filetype)?)
    }

    /// `fd_prestat_get` of the network directory, written to `pointer` (8 bytes).
    ///
    /// # Errors
    /// A trap when the record lies outside the memory or misaligned.
    pub fn net_prestat(&self, memory: &mut Memory<'_>, pointer: u32) -> Result<(), Failure> {
        Ok(record::write_dir_prestat(memory, pointer, NAME.len() as u32)?)
    }

    /// `fd_prestat_dir_name` of the network directory: `/net`, to `size` bytes at `buffer`.
    ///
    /// # Errors
    /// `ENAMETOOLONG` when it doesn't fit; a trap for a bad pointer.
    pub fn net_prestat_dir_name(
        &self,
        memory: &mut Memory<'_>,
        buffer: u32,
        size: u32,
    ) -> Result<(), Failure> {
        memory.check(buffer, u64::from(size), 1)?;
        if (size as usize) < NAME.len() {
            return Err(Errno::Nametoolong.into());
        }
        memory.slice_mut(buffer, NAME.len() as u32)?.copy_from_slice(NAME);
        Ok(())
    }

    /// `fd_fdstat_get` of the network directory, written to `pointer` (24 bytes).
    ///
    /// # Errors
    /// A trap when the record lies outside the memory or misaligned.
    pub fn net_fdstat(&self, memory: &mut Memory<'_>, pointer: u32) -> Result<(), Failure> {
        // C libraries ask for no more rights than the directory says it passes on.
        let stat = Fdstat { filetype: Filetype::Directory, flags: Fdflags::default(), rights: (1 << 30) - 1 };
        Ok(record::write_dir_fdstat(memory, pointer, &stat)?)
    }

    /// What any other call answers on the network directory.
    pub fn errno_of_net_call(call: &str) -> Errno {
        match call {
            _ if call.starts_with("path_") => Errno::Perm,
            "fd_readdir" | "fd_fdstat_set_rights" => Errno::Notsup,
            _ => Errno::Isdir,
        }
    }

    fn open_listener(&mut self, address: SocketAddr, flags: Fdflags) -> Result<Progress<Opened>, Failure> {
        if let Some(fd) = self.claim(address, Role::Listener)? {
            self.table.socket(fd)?.flags = flags;
            return Ok(Progress::Done(Opened { fd }));
        }
        self.make_room()?;
        if self.permit(Use::Listen, address)? == Progress::Blocked {
            return Ok(Progress::Blocked);
        }
        let (id, _) = self.network.listen(address)?;
        self.opened(id, Role::Listener, flags, Readiness::unheard())
    }

    /// The fd of the preopened listener or datagram socket on `address`, if there is one.
    ///
    /// # Errors
    /// `EADDRINUSE` when it was claimed before.
    fn claim(&mut self, address: SocketAddr, role: Role) -> Result<Option<u32>, Errno> {
        let mut preopened = self.preopened.iter_mut();
        let Some(found) = preopened.find(|found| found.address == address && found.role == role) else {
            return Ok(None);
        };
        if std::mem::replace(&mut found.claimed, true) {
            return Err(Errno::Addrinuse);
        }
        Ok(self.table.fd_of(found.id))
    }

    /// Whether the socket may join a group: the group's address, with the port the socket hears it on.
    fn permit_group(&mut self, id: SocketId, group: Group) -> Result<Progress<()>, Errno> {
        let ip: IpAddr = match group {
            Group::V4(address, _) => address.into(),
            Group::V6(address, _) => address.into(),
        };
        let port = self.network.local_address(id)?.port();
        self.permit(Use::Udp, SocketAddr::new(ip, port))
    }

    fn open_stream(&mut self, address: SocketAddr, flags: Fdflags) -> Result<Progress<Opened>, Failure> {
        if let Some(id) = self.connecting {
            return self.finish_connecting(id, flags);
        }
        self.make_room()?;
        if self.permit(Use::Connect, address)? == Progress::Blocked {
            return Ok(Progress::Blocked);
        }
        self.make_room_to_connect()?;
        let id = self.network.connect(address)?;
        if flags.is_nonblock() {
            self.pending_connects.push(id);
            return self.opened(id, Role::Stream, flags, Readiness::unheard());
        }
        self.finish_connecting(id, flags)
    }

    /// Only at the limit are those that were connecting asked whether they still are.
    ///
    /// # Errors
    /// `ENOBUFS` at the limit.
    fn make_room_to_connect(&mut self) -> Result<(), Errno> {
        let limit = self.limits.connects;
        if self.pending_connects.len() < limit as usize {
            return Ok(());
        }
        let ask = |&socket: &SocketId| Probe { socket, levels: Levels::default() };
        let mut probes: Vec<Probe> = self.pending_connects.iter().map(ask).collect();
        self.network.probe(&mut probes);
        let pending = probes.iter().filter(|probe| !probe.levels.writable && !probe.levels.error);
        self.pending_connects = pending.map(|probe| probe.socket).collect();
        if self.pending_connects.len() < limit as usize {
            return Ok(());
        }
        self.refusal = Some(Refusal { flag: "--max-connects", what: format!("{limit} connects at once") });
        Err(Errno::Nobufs)
    }

    fn finish_connecting(&mut self, id: SocketId, flags: Fdflags) -> Result<Progress<Opened>, Failure> {
        let levels = self.probe_one(id);
        self.connecting = None;
        if levels.error
            && let Some(errno) = self.network.take_error(id)
        {
            self.network.close(id);
            return Err(errno.into());
        }
        if !levels.writable {
            self.connecting = Some(id);
            self.deadline_ns = None;
            return Ok(Progress::Blocked);
        }
        self.opened(id, Role::Stream, flags, Readiness::unknown())
    }

    fn open_datagram_socket(
        &mut self,
        address: SocketAddr,
        flags: Fdflags,
    ) -> Result<Progress<Opened>, Failure> {
        if let Some(fd) = self.claim(address, Role::Datagram { connected: false })? {
            self.table.socket(fd)?.flags = flags;
            return Ok(Progress::Done(Opened { fd }));
        }
        self.make_room()?;
        if self.permit(Use::Udp, address)? == Progress::Blocked {
            return Ok(Progress::Blocked);
        }
        let (id, _) = self.network.bind(address)?;
        self.opened(id, Role::Datagram { connected: false }, flags, Readiness::unheard())
    }

    fn opened(
        &mut self,
        id: SocketId,
        role: Role,
        flags: Fdflags,
        readiness: Readiness,
    ) -> Result<Progress<Opened>, Failure> {
        match self.insert_socket(id, role, flags, readiness) {
            Ok(fd) => Ok(Progress::Done(Opened { fd })),
            Err(errno) => {
                self.network.close(id);
                self.pending_connects.retain(|pending| *pending != id);
                Err(errno.into())
            }
        }
    }

    fn write_attribute(&mut self, fd: u32, attribute: Attribute, value: &mut String) -> Result<(), Errno> {
        let socket = self.table.socket(fd)?;
        let id = socket.id;
        let written = match attribute {
            Attribute::Local => write!(value, "{}", self.network.local_address(id)?),
            Attribute::Peer => write!(value, "{}", self.network.peer_address(id)?),
            Attribute::Error => {
                let errno = socket.readiness.take_error().or_else(|| self.network.take_error(id));
                // By an error the network still had, the socket was ready, too.
                socket.readiness.asked_again();
                self.polling.wake(fd);
                write!(value, "{}", errno.map_or(0, Errno::raw))
            }
            Attribute::Option(option) => write!(value, "{}", self.network.option(id, option)?),
            Attribute::Membership { .. } => return Err(Errno::Noprotoopt),
        };
        written.map_err(|_| Errno::Io)
    }
}

fn read_path(memory: &Memory<'_>, path: u32, length: u32) -> Result<NetPath, Failure> {
    Ok(NetPath::parse(memory.slice(path, length)?)?)
}

fn joined(addresses: &[IpAddr]) -> String {
    let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    words.join(",")
}
