//! What binding answers when it is not allowed.

use crate::peer::expect_datagram;
use crate::prelude::*;

/// Twice is once too often, in every world.
pub fn bind_to_an_address_already_claimed_is_addr_in_use() -> Case {
    Case::of_rows(&[19]).guest(|guest| {
        let listener = guest.listen()?;
        let address = listener.local_addr()?;
        let error = TcpListener::bind(address).err().context("bound twice")?;
        ensure!(error.kind() == ErrorKind::AddrInUse, "{error:?}");
        Ok(())
    })
}

/// Natively a program may bind what its user may.
pub fn bind_to_an_address_never_granted_is_permission_denied() -> Case {
    Case::of_rows(&[19]).guest(|guest| {
        let mut address = guest.addresses()[0];
        address.set_port(9);
        let error = TcpListener::bind(address).err().context("bound what wasn't granted")?;
        ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
        // And it cost nothing: the granted one is still there.
        guest.listen()?;
        Ok(())
    })
}

/// Something is granted, but not this. Nothing is opened by asking.
pub fn bind_outside_the_grants_is_permission_denied() -> Case {
    Case::of_rows(&[19]).listeners(0).granted(&[Grant::Listen("127.0.0.1")]).guest(|guest| {
        for address in ["127.0.0.2:0", "0.0.0.0:0", "[::1]:0"] {
            let error = TcpListener::bind(address.parse()?).err().context("bound what wasn't granted")?;
            denied(&error, &format!("--allow-listen {address}"))?;
        }
        guest.listen()?;
        Ok(())
    })
}

/// Whoever listens there is never told: what comes to it first is its own.
pub fn connect_outside_the_grants_is_permission_denied_before_anything_is_sent() -> Case {
    Case::of_rows(&[21])
        .granted(&[Grant::Connect("127.0.0.1:1"), Grant::Connect("127.0.0.2"), Grant::Listen("127.0.0.1")])
        .guest(|guest| {
            let (mut watch, mut told, address) = guest.told()?;
            for _ in 0..3 {
                let error = TcpStream::connect(address).err().context("connected to what wasn't granted")?;
                denied(&error, &format!("--allow-connect {address}"))?;
            }
            // It cost nothing, and disturbed nobody.
            watch.add(&mut told, 1, READ)?;
            guest.say("denied");
            watch.next_is(1)?;
            ensure!(drain(&mut told)? == b"go on");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut listener, mut told) = peer.listen()?;
            peer.wait_for("denied")?;
            let own = peer.connect_to(listener.address()?)?;
            let (_, from) = listener.accept()?;
            ensure!(from == own.address()?, "a connection came from {from}");
            told.write_all(b"go on")?;
            peer.wait_for("done")
        })
}

/// Its own address, and each that it sends to.
pub fn datagrams_outside_the_grants_are_permission_denied_before_any_is_sent() -> Case {
    Case::of_rows(&[21, 24])
        .granted(&[Grant::Udp("127.0.0.2"), Grant::Connect("127.0.0.1"), Grant::Listen("127.0.0.1")])
        .guest(|guest| {
            let (_, _told, address) = guest.told()?;
            let error = UdpSocket::bind(ANY_PORT).err().context("bound what wasn't granted")?;
            denied(&error, &format!("--allow-udp {ANY_PORT}"))?;
            let socket = UdpSocket::bind("127.0.0.2:0".parse()?)?;
            for _ in 0..2 {
                let error = socket.send_to(b"no", address).err().context("sent what wasn't granted")?;
                denied(&error, &format!("--allow-udp {address}"))?;
                let error = socket.connect(address).err().context("connected to what wasn't granted")?;
                denied(&error, &format!("--allow-udp {address}"))?;
            }
            guest.say("denied");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            peer.wait_for("denied")?;
            let address = socket.address()?;
            socket.send_to(b"own", address)?;
            let from = expect_datagram(&mut *socket, b"own")?;
            ensure!(from == address, "a datagram came from {from}");
            Ok(())
        })
}

/// A guest that was given a listener and nothing else.
pub fn without_a_grant_what_needs_one_is_denied_and_names_the_flag() -> Case {
    Case::of_rows(&[19, 21])
        .guest(|guest| {
            let (_, stream) = guest.connection()?;
            let address = "10.1.2.3:456".parse()?;
            let error = TcpStream::connect(address).err().context("connected without a grant")?;
            denied(&error, "--allow-connect 10.1.2.3:456")?;
            let error = UdpSocket::bind(address).err().context("bound datagrams without a grant")?;
            denied(&error, "--allow-udp 10.1.2.3:456")?;
            let error = TcpListener::bind(address).err().context("bound what wasn't granted")?;
            denied(&error, "--listen 10.1.2.3:456")?;
            denied(&error, "--allow-listen 10.1.2.3:456")?;
            // What it has, it may ask about and adjust.
            ensure!(stream.peer_addr()?.ip().is_loopback(), "the peer's address");
            stream.set_nodelay(true)?;
            ensure!(stream.nodelay()?, "it was set");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let _stream = peer.connect()?;
            peer.wait_for("done")
        })
}

fn denied(error: &io::Error, flag: &str) -> Result<()> {
    ensure!(error.kind() == ErrorKind::PermissionDenied, "{error:?}");
    ensure!(error.to_string().contains(flag), "it names no {flag}: {error}");
    Ok(())
}
