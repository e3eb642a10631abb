//! `Directory`, the network directory that a host preopens as `/net`: where it is and how its paths read.
//! What can be asked of a socket in it is `attribute`'s.
//!
//! | call | does |
//! |---|---|
//! | `path_open tcp/listen/ADDR`, `tcp/connect/ADDR`, `udp/bind/ADDR` | opens a socket |
//! | `path_open poll` | opens a readiness set |
//! | `path_readlink fd/N/ATTRIBUTE` | reads an attribute of the socket at descriptor `N` |
//! | `path_symlink VALUE fd/N/ATTRIBUTE` | sets it |
//!
//! Those are preview1's own calls, so a program that uses it still starts on hosts without one.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use super::super::host;
use super::claims::claims;
use super::preopen::FIRST_PREOPEN;
use super::text::Text;

const NAME: &[u8] = b"/net";

/// The network directory of this program.
#[derive(Copy, Clone, Debug)]
pub(super) struct Directory(RawFd);

/// A socket to open, as the path says it.
#[derive(Copy, Clone, Debug)]
pub(super) enum Request {
    Listen,
    Connect,
    BindDatagram,
}

/// Looks for the directory among the preopens. It is the last of its name: hosts put it behind those that
/// their users named.
///
/// `name_bytes` tells how long the name of a preopened directory is, `None` for a preopened socket, and
/// fails behind the last preopen; `read_name` reads it.
pub(in super::super) fn find(
    name_bytes: impl Fn(RawFd) -> io::Result<Option<usize>>,
    read_name: impl Fn(RawFd, &mut [u8]) -> io::Result<()>,
) -> Option<RawFd> {
    (FIRST_PREOPEN..)
        .map_while(|fd| Some((fd, name_bytes(fd).ok()?)))
        .filter(|(fd, bytes)| {
            let mut name = [0; NAME.len()];
            *bytes == Some(NAME.len()) && read_name(*fd, &mut name).is_ok() && name == NAME
        })
        .map(|(fd, _)| fd)
        .last()
}

/// A readiness set, where the host keeps them.
pub(in super::super) fn open_readiness_set() -> Option<OwnedFd> {
    let Directory(directory) = Directory::get()?;
    // Likewise.
    drop(claims());
    host::path_open(directory, "poll", 0).ok()
}

impl Directory {
    /// The one this program was given, if any.
    pub(super) fn get() -> Option<Directory> {
        host::network_directory().map(Directory)
    }

    /// Opens a socket that doesn't block.
    pub(super) fn open(self, request: Request, address: SocketAddr) -> io::Result<OwnedFd> {
        // A socket opened before the preopened ones are counted would be taken for one of them.
        drop(claims());
        let path = match request {
            Request::Listen => Text::of(format_args!("tcp/listen/{address}")),
            Request::Connect => Text::of(format_args!("tcp/connect/{address}")),
            Request::BindDatagram => Text::of(format_args!("udp/bind/{address}")),
        };
        host::path_open(self.0, path.as_str(), wasi::FDFLAGS_NONBLOCK)
    }

    /// What `attribute` of `socket` says.
    pub(super) fn read(self, socket: BorrowedFd<'_>, attribute: &str) -> io::Result<Text> {
        let path = path_of(socket, attribute);
        Text::filled(|target| host::path_readlink(self.0, path.as_str(), target))
    }

    /// Lets `attribute` of `socket` say `value`.
    pub(super) fn write(
        self,
        socket: BorrowedFd<'_>,
        attribute: &str,
        value: impl Display,
    ) -> io::Result<()> {
        let path = path_of(socket, attribute);
        let value = Text::of(format_args!("{value}"));
        host::path_symlink(value.as_str(), self.0, path.as_str())
    }
}

fn path_of(socket: BorrowedFd<'_>, attribute: &str) -> Text {
    Text::of(format_args!("fd/{}/{attribute}", socket.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks among these preopens, a socket being `None`.
    fn found(preopens: &[Option<&str>]) -> Option<RawFd> {
        let preopen = |fd: RawFd| {
            let place = usize::try_from(fd - FIRST_PREOPEN).expect("a preopen's number");
            preopens.get(place).copied().ok_or(io::ErrorKind::NotFound)
        };
        find(
            |fd| Ok(preopen(fd)?.map(str::len)),
            |fd, name| {
                name.copy_from_slice(preopen(fd)?.expect("a directory").as_bytes());
                Ok(())
            },
        )
    }

    #[test]
    fn it_is_found_behind_sockets_and_directories() {
        assert_eq!(found(&[None, None, Some("/data"), Some("/tmp"), Some("/net")]), Some(7));
    }

    #[test]
    fn it_is_the_last_of_its_name() {
        assert_eq!(found(&[Some("/net"), Some("/net"), Some("/nets")]), Some(4));
    }

    #[test]
    fn where_there_is_none_none_is_found() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[None, Some("net"), Some("/Net"), Some("/")]), None);
    }
}
