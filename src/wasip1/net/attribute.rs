//! `Attribute`, what the network directory tells of a socket, and sets. Where the directory is, and how its
//! paths read, is `directory`'s.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::str::FromStr;

use super::super::host;
use super::super::io_source::IoSource;
use super::directory::Directory;
use super::grant::unsupported;

/// An attribute of a socket, by its name.
#[derive(Copy, Clone, Debug)]
pub(super) struct Attribute(&'static str);

impl Attribute {
    pub(super) const LOCAL: Attribute = Attribute("local");
    pub(super) const PEER: Attribute = Attribute("peer");
    pub(super) const NODELAY: Attribute = Attribute("nodelay");
    pub(super) const TTL: Attribute = Attribute("ttl");
    pub(super) const ONLY_V6: Attribute = Attribute("only_v6");
    pub(super) const BROADCAST: Attribute = Attribute("broadcast");
    pub(super) const MULTICAST_LOOP_V4: Attribute = Attribute("multicast_loop_v4");
    pub(super) const MULTICAST_LOOP_V6: Attribute = Attribute("multicast_loop_v6");
    pub(super) const MULTICAST_TTL_V4: Attribute = Attribute("multicast_ttl_v4");
    pub(super) const JOIN_V4: Attribute = Attribute("join_v4");
    pub(super) const LEAVE_V4: Attribute = Attribute("leave_v4");
    pub(super) const JOIN_V6: Attribute = Attribute("join_v6");
    pub(super) const LEAVE_V6: Attribute = Attribute("leave_v6");
    const ERROR: Attribute = Attribute("error");

    /// What it says of `socket`.
    pub(super) fn read<T: FromStr>(self, socket: impl AsFd) -> io::Result<T> {
        let directory = Directory::get().ok_or_else(|| self.unsupported())?;
        self.read_in(directory, socket.as_fd())
    }

    /// Whether it is on for `socket`.
    pub(super) fn is_on(self, socket: impl AsFd) -> io::Result<bool> {
        self.read::<u8>(socket).map(|value| value != 0)
    }

    /// Lets it say `value` of `socket`.
    pub(super) fn write(self, socket: impl AsFd, value: impl Display) -> io::Result<()> {
        let directory = Directory::get().ok_or_else(|| self.unsupported())?;
        directory.write(socket.as_fd(), self.0, value)
    }

    /// Turns it on or off for `socket`.
    pub(super) fn turn(self, socket: impl AsFd, on: bool) -> io::Result<()> {
        self.write(socket, u8::from(on))
    }

    fn read_in<T: FromStr>(self, directory: Directory, socket: BorrowedFd<'_>) -> io::Result<T> {
        let value = directory.read(socket, self.0)?;
        value.as_str().parse().map_err(|_| {
            let (name, value) = (self.0, value.as_str());
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the network directory says that a socket's `{name}` is `{value}`"),
            )
        })
    }

    fn unsupported(self) -> io::Error {
        let what = format_args!("reach a socket's attribute `{}`", self.0);
        unsupported(what, "--allow-listen, --allow-connect or --allow-udp")
    }
}

/// The peer of `stream`, where the host can tell it. Cheap where it can't, as each accepted stream asks.
pub(super) fn peer_of(stream: impl AsFd) -> Option<SocketAddr> {
    let directory = Directory::get()?;
    Attribute::PEER.read_in(directory, stream.as_fd()).ok()
}

/// Takes the error pending on the socket: what the network directory tells, or, where it can't, what the
/// last error event told.
pub(super) fn take_error<T: AsFd>(source: &IoSource<T>) -> io::Result<Option<io::Error>> {
    let told = source.take_errno();
    // An event told it too, but a call may have returned it since, and then it isn't pending any more.
    let pending = Directory::get().map(|directory| Attribute::ERROR.read_in(directory, source.as_fd()));
    let errno = match (pending, told) {
        (Some(Ok(errno)), _) | (_, Some(errno)) => errno,
        (Some(Err(error)), None) => return Err(error),
        (None, None) => 0,
    };
    Ok((errno != 0).then(|| host::error_of(errno)))
}
