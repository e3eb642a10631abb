//! Sockets that share their port with others (`SO_REUSEPORT`): the system gives each connection, and each sender's
//! datagrams, to one of them.

use mio::net::{TcpListener, UdpSocket};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

/// A listener on `address`.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound(address, SocketType::STREAM)?;
    rustix::net::listen(&socket, super::BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// A datagram socket on `address`.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from_std(bound(address, SocketType::DGRAM)?.into()))
}

fn bound(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK, None)?;
    if kind == SocketType::STREAM {
        // As mio's: a port whose last connections linger is free.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    sockopt::set_socket_reuseport(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}
