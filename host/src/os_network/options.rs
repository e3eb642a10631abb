//! The options of the system's sockets. Which values a guest may set is preview1's to say.

use super::source::Source;
use rustix::io::Errno as Os;
use rustix::net::sockopt;
use std::io;
use wasi_poll_preview1::{Group, SocketOption};

/// Reads an option.
///
/// # Errors
/// `ENOPROTOOPT` when the socket has no such option.
pub fn read(source: &Source, option: SocketOption) -> io::Result<u32> {
    check(source, option)?;
    Ok(match option {
        SocketOption::Nodelay => sockopt::tcp_nodelay(source)?.into(),
        SocketOption::Ttl if is_v6(source)? => sockopt::ipv6_unicast_hops(source)?.into(),
        SocketOption::Ttl => sockopt::ip_ttl(source)?,
        SocketOption::OnlyV6 => sockopt::ipv6_v6only(source)?.into(),
        SocketOption::Broadcast => sockopt::socket_broadcast(source)?.into(),
        SocketOption::MulticastLoopV4 => sockopt::ip_multicast_loop(source)?.into(),
        SocketOption::MulticastTtlV4 => sockopt::ip_multicast_ttl(source)?,
        SocketOption::MulticastLoopV6 => sockopt::ipv6_multicast_loop(source)?.into(),
    })
}

/// Sets an option.
///
/// # Errors
/// `ENOPROTOOPT` when the socket has no such option, or it can only be read; `EINVAL`.
pub fn set(source: &Source, option: SocketOption, value: u32) -> io::Result<()> {
    check(source, option)?;
    match option {
        SocketOption::Nodelay => sockopt::set_tcp_nodelay(source, value != 0)?,
        SocketOption::Ttl if is_v6(source)? => {
            let hops = u8::try_from(value).map_err(|_| Os::INVAL)?;
            sockopt::set_ipv6_unicast_hops(source, Some(hops))?;
        }
        SocketOption::Ttl => sockopt::set_ip_ttl(source, value)?,
        SocketOption::OnlyV6 => return Err(Os::NOPROTOOPT.into()),
        SocketOption::Broadcast => sockopt::set_socket_broadcast(source, value != 0)?,
        SocketOption::MulticastLoopV4 => sockopt::set_ip_multicast_loop(source, value != 0)?,
        SocketOption::MulticastTtlV4 => sockopt::set_ip_multicast_ttl(source, value)?,
        SocketOption::MulticastLoopV6 => sockopt::set_ipv6_multicast_loop(source, value != 0)?,
    }
    Ok(())
}

/// Joins a multicast group, or leaves it.
///
/// # Errors
/// `ENOPROTOOPT` when it is no datagram socket, and those of the system.
pub fn set_membership(source: &Source, group: Group, join: bool) -> io::Result<()> {
    let Source::Datagrams(socket) = source else { return Err(Os::NOPROTOOPT.into()) };
    match (group, join) {
        (Group::V4(group, interface), true) => socket.join_multicast_v4(&group, &interface),
        (Group::V4(group, interface), false) => socket.leave_multicast_v4(&group, &interface),
        (Group::V6(group, interface), true) => socket.join_multicast_v6(&group, interface),
        (Group::V6(group, interface), false) => socket.leave_multicast_v6(&group, interface),
    }
}

/// Systems take some options on sockets that make nothing of them; here they are the same everywhere.
fn check(source: &Source, option: SocketOption) -> io::Result<()> {
    let has = match (source, option) {
        (Source::Watched(_), _) => return Err(Os::NOTSOCK.into()),
        (Source::Retired { .. }, _) => false,
        (_, SocketOption::Ttl) => true,
        (Source::Stream { .. }, option) => option == SocketOption::Nodelay,
        (Source::Listener(_), option) => option == SocketOption::OnlyV6,
        (Source::Datagrams(_), option) => option != SocketOption::Nodelay,
    };
    let only_v6 = matches!(option, SocketOption::OnlyV6 | SocketOption::MulticastLoopV6);
    if has && (!only_v6 || is_v6(source)?) { Ok(()) } else { Err(Os::NOPROTOOPT.into()) }
}

fn is_v6(source: &Source) -> io::Result<bool> {
    source.local_addr().map(|address| address.is_ipv6())
}
