//! What is set on a datagram socket: its options, and the groups it belongs to.

use std::net::{IpAddr, Ipv4Addr};

use crate::prelude::*;

/// Of this machine's own; no two cases send to the same port of it.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 7, 1);

/// Each for itself.
pub fn a_datagram_sockets_options_are_what_they_were_set_to() -> Case {
    Case::of_rows(&[24]).listeners(0).granted(&[Grant::Udp("127.0.0.1")]).guest(|_| {
        let socket = UdpSocket::bind(ANY_PORT)?;
        ensure!(!socket.broadcast()? && socket.multicast_loop_v4()? && socket.multicast_ttl_v4()? == 1);
        for on in [true, false, true] {
            socket.set_broadcast(on)?;
            socket.set_multicast_loop_v4(!on)?;
            ensure!(socket.broadcast()? == on && socket.multicast_loop_v4()? != on);
        }
        for ttl in [1, 2, 255] {
            socket.set_ttl(ttl)?;
            socket.set_multicast_ttl_v4(ttl - 1)?;
            ensure!(socket.ttl()? == ttl, "{:?}, and it was set to {ttl}", socket.ttl());
            ensure!(socket.multicast_ttl_v4()? == ttl - 1, "{:?}", socket.multicast_ttl_v4());
        }
        Ok(())
    })
}

/// Where the machine has IPv6.
pub fn an_ipv6_datagram_socket_has_options_of_its_own() -> Case {
    Case::of_rows(&[24]).listeners(0).granted(&[Grant::Udp("[::1]")]).guest(|_| {
        let socket = match UdpSocket::bind("[::1]:0".parse()?) {
            // Not every machine has such an address.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return Ok(()),
            socket => socket?,
        };
        socket.only_v6()?;
        for on in [false, true] {
            socket.set_multicast_loop_v6(on)?;
            ensure!(socket.multicast_loop_v6()? == on, "it was set to {on}");
        }
        Ok(())
    })
}

/// And none that has left it, or never joined.
pub fn a_datagram_to_a_group_reaches_its_members() -> Case {
    Case::of_rows(&[24])
        .listeners(0)
        .granted(&[Grant::Udp("127.0.0.1"), Grant::Udp("0.0.0.0"), Grant::Udp("239.255.7.1")])
        .guest(|_| {
            let mut watch = Watch::new()?;
            let mut member = UdpSocket::bind("0.0.0.0:0".parse()?)?;
            let group = SocketAddr::new(GROUP.into(), member.local_addr()?.port());
            let sender = UdpSocket::bind(ANY_PORT)?;
            watch.add(&mut member, 1, READ)?;
            let mut bytes = [0; 8];

            member.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
            ensure!(sender.send_to(b"members", group)? == 7);
            watch.next_is(1)?;
            let (size, from) = member.recv_from(&mut bytes)?;
            ensure!(size == 7 && from == sender.local_addr()?, "{size} bytes from {from}");

            // The second comes after the first would have.
            member.leave_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
            sender.send_to(b"left", group)?;
            sender.send_to(b"alone", SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), group.port()))?;
            let error = member.recv_from(&mut bytes).err();
            if error.is_some_and(|error| error.kind() == ErrorKind::WouldBlock) {
                watch.next_is(1)?;
                member.recv_from(&mut bytes)?;
            }
            ensure!(bytes[..5] == *b"alone", "{bytes:?}");
            Ok(())
        })
}

/// A group is an address, too.
pub fn joining_a_group_outside_the_grants_is_permission_denied() -> Case {
    Case::of_rows(&[24]).listeners(0).granted(&[Grant::Udp("0.0.0.0")]).guest(|_| {
        let socket = UdpSocket::bind("0.0.0.0:0".parse()?)?;
        let error = socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).err().context("it joined")?;
        ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
        Ok(())
    })
}
