//! Datagrams as mio's socket can't move them: gathered from several buffers, and told when their end was lost. One
//! system call each.

use mio::net::UdpSocket;
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, recvmsg, sendmsg,
    sendmsg_addr,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use wasi_poll_preview1::Datagram;

/// Receives the next datagram; with `peek` it stays.
pub fn receive(socket: &UdpSocket, into: &mut [u8], peek: bool) -> io::Result<Datagram> {
    let flags = if peek { RecvFlags::PEEK } else { RecvFlags::empty() };
    let received = socket.try_io(|| {
        let mut no_control = RecvAncillaryBuffer::default();
        Ok(recvmsg(socket, &mut [IoSliceMut::new(into)], &mut no_control, flags)?)
    })?;
    let from = match received.address.map(SocketAddr::try_from) {
        Some(Ok(from)) => from,
        // Some systems don't name the one peer there is.
        _ => socket.peer_addr()?,
    };
    Ok(Datagram { bytes: received.bytes, truncated: received.flags.contains(ReturnFlags::TRUNC), from })
}

/// Sends all of `from` as one datagram, to `to` or to the connected peer.
pub fn send(socket: &UdpSocket, from: &[IoSlice<'_>], to: Option<SocketAddr>) -> io::Result<usize> {
    socket.try_io(|| {
        let mut no_control = SendAncillaryBuffer::default();
        Ok(match to {
            Some(to) => sendmsg_addr(socket, &to, from, &mut no_control, SendFlags::NOSIGNAL)?,
            None => sendmsg(socket, from, &mut no_control, SendFlags::NOSIGNAL)?,
        })
    })
}
