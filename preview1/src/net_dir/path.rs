//! The paths of the network directory, parsed. What is behind one is not opened here.

use super::attribute::Attribute;
use crate::Errno;
use std::net::SocketAddr;

/// Longest path or value, in bytes.
pub(crate) const TEXT_BYTES: u32 = 1024;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NetPath {
    /// The directory itself.
    Root,
    /// A readiness set.
    Poll,
    Listen(SocketAddr),
    Connect(SocketAddr),
    Bind(SocketAddr),
    Attribute(u32, Attribute),
    /// A name to look up, as the guest wrote it.
    Name(String),
}

impl NetPath {
    /// # Errors
    /// `ENAMETOOLONG`, `ENOENT` for what is not in the directory, `EINVAL` for an address or number that
    /// doesn't parse.
    pub(crate) fn parse(path: &[u8]) -> Result<NetPath, Errno> {
        if path.len() > TEXT_BYTES as usize {
            return Err(Errno::Nametoolong);
        }
        let path = str::from_utf8(path).map_err(|_| Errno::Inval)?;
        let address = |text: &str| text.parse::<SocketAddr>().map_err(|_| Errno::Inval);
        if let Some(text) = path.strip_prefix("tcp/listen/") {
            Ok(NetPath::Listen(address(text)?))
        } else if let Some(text) = path.strip_prefix("tcp/connect/") {
            Ok(NetPath::Connect(address(text)?))
        } else if let Some(text) = path.strip_prefix("udp/bind/") {
            Ok(NetPath::Bind(address(text)?))
        } else if let Some(name) = path.strip_prefix("dns/") {
            Ok(NetPath::Name(name.into()))
        } else if let Some(rest) = path.strip_prefix("fd/") {
            let (fd, attribute) = rest.split_once('/').ok_or(Errno::Noent)?;
            let fd = fd.parse().map_err(|_| Errno::Inval)?;
            Ok(NetPath::Attribute(fd, Attribute::named(attribute).ok_or(Errno::Noent)?))
        } else if path == "poll" {
            Ok(NetPath::Poll)
        } else if matches!(path, "" | "." | "./") {
            Ok(NetPath::Root)
        } else {
            Err(Errno::Noent)
        }
    }
}
