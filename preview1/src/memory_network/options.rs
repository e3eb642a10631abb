//! The options of a socket in memory: which kind has which, and what each is at first. What one does is decided
//! where datagrams are delivered; most only remember their value.

use super::socket::{Kind, Socket};
use crate::{Errno, SocketOption};

/// The options of one socket, with a system's defaults.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "options that are on or off, as POSIX has them")]
pub(super) struct Options {
    pub nodelay: bool,
    pub ttl: u32,
    pub broadcast: bool,
    pub multicast_loop_v4: bool,
    pub multicast_ttl_v4: u32,
    pub multicast_loop_v6: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            nodelay: false,
            ttl: 64,
            broadcast: false,
            multicast_loop_v4: true,
            multicast_ttl_v4: 1,
            multicast_loop_v6: true,
        }
    }
}

impl Socket {
    /// Reads an option.
    pub fn option(&self, option: SocketOption) -> Result<u32, Errno> {
        self.has(option)?;
        let options = &self.options;
        Ok(match option {
            SocketOption::Nodelay => options.nodelay.into(),
            SocketOption::Ttl => options.ttl,
            // No socket here hears both families.
            SocketOption::OnlyV6 => 1,
            SocketOption::Broadcast => options.broadcast.into(),
            SocketOption::MulticastLoopV4 => options.multicast_loop_v4.into(),
            SocketOption::MulticastTtlV4 => options.multicast_ttl_v4,
            SocketOption::MulticastLoopV6 => options.multicast_loop_v6.into(),
        })
    }

    /// Sets an option.
    pub fn set_option(&mut self, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.has(option)?;
        let on = value == 1;
        let least = u32::from(option == SocketOption::Ttl);
        let most = if matches!(option, SocketOption::Ttl | SocketOption::MulticastTtlV4) { 255 } else { 1 };
        if !(least..=most).contains(&value) {
            return Err(Errno::Inval);
        }
        let options = &mut self.options;
        match option {
            SocketOption::Nodelay => options.nodelay = on,
            SocketOption::Ttl => options.ttl = value,
            SocketOption::OnlyV6 => return Err(Errno::Noprotoopt),
            SocketOption::Broadcast => options.broadcast = on,
            SocketOption::MulticastLoopV4 => options.multicast_loop_v4 = on,
            SocketOption::MulticastTtlV4 => options.multicast_ttl_v4 = value,
            SocketOption::MulticastLoopV6 => options.multicast_loop_v6 = on,
        }
        Ok(())
    }

    /// Whether a socket of this kind and family has the option at all.
    fn has(&self, option: SocketOption) -> Result<(), Errno> {
        let (is_stream, is_datagram, is_ipv4) = match &self.kind {
            Kind::Stream(stream) => (true, false, stream.local.is_ipv4()),
            Kind::Listener(listener) => (false, false, listener.address.is_ipv4()),
            Kind::Datagram(socket) => (false, true, socket.bound.is_ipv4()),
        };
        let has = match option {
            SocketOption::Nodelay => is_stream,
            SocketOption::Ttl => true,
            SocketOption::OnlyV6 => !is_stream && !is_ipv4,
            SocketOption::Broadcast => is_datagram,
            SocketOption::MulticastLoopV4 | SocketOption::MulticastTtlV4 => is_datagram && is_ipv4,
            SocketOption::MulticastLoopV6 => is_datagram && !is_ipv4,
        };
        if has { Ok(()) } else { Err(Errno::Noprotoopt) }
    }
}
