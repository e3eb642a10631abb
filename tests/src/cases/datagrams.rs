//! Datagrams: each whole, from somebody and to somebody, and how they make a socket ready. What is set on a socket
//! is `datagram_options`'.

use crate::peer::expect_datagram;
use crate::prelude::*;

const GRANTS: &[Grant] = &[Grant::Udp("127.0.0.1"), Grant::Udp("127.0.0.2")];

/// Whole, however long, and none of them with another's bytes.
pub fn a_datagram_is_received_whole_with_its_senders_address() -> Case {
    Case::of_rows(&[24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut socket = bound(guest)?;
            watch.add(&mut socket, 1, READ)?;
            for size in SIZES {
                guest.say("send");
                ensure!(watch.next_is(1)?.readable);
                let mut bytes = vec![0; 70_000];
                let (got, from) = socket.recv_from(&mut bytes)?;
                ensure!(from == address, "it came from {from}, and {address} sent it");
                ensure!(
                    got == size && bytes[..got].iter().all(|byte| *byte == size as u8),
                    "{got} of {size}"
                );
                ensure!(socket.send_to(&bytes[..got], address)? == size);
                empty(&socket)?;
            }
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let guest = peer.hear("bound to ")?.parse()?;
            for size in SIZES {
                peer.wait_for("send")?;
                let bytes = vec![size as u8; size];
                socket.send_to(&bytes, guest)?;
                let from = expect_datagram(&mut *socket, &bytes)?;
                ensure!(from == guest, "it came from {from}, and {guest} sent it");
            }
            peer.wait_for("done")
        })
}

const SIZES: [usize; 6] = [1, 0, 100, 1473, 9000, 60_000];

/// Once, as a stream: and a drained one is quiet until the next datagram.
pub fn a_datagram_socket_is_writable_once_and_quiet_when_drained() -> Case {
    Case::of_rows(&[5, 24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, _) = guest.told()?;
            let mut socket = bound(guest)?;
            watch.add(&mut socket, 1, BOTH)?;
            let seen = watch.next_is(1)?;
            ensure!(seen.writable && !seen.readable && !seen.error, "{seen:?}");
            watch.quiet()?;
            for round in 0..3 {
                guest.say("send");
                while !watch.next_is(1)?.readable {}
                // The last of them says that the others are there, too.
                let mut got = Vec::new();
                while got.len() < 3 {
                    let mut byte = [0; 8];
                    match socket.recv_from(&mut byte) {
                        Ok((size, _)) => got.push((size, byte[0])),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => drop(watch.next_is(1)?),
                        Err(error) => return Err(error.into()),
                    }
                }
                ensure!(got == [(1, round), (1, round + 10), (1, round + 20)], "{got:?}");
                empty(&socket)?;
                watch.quiet()?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let guest = peer.hear("bound to ")?.parse()?;
            for round in 0..3 {
                peer.wait_for("send")?;
                for byte in [round, round + 10, round + 20] {
                    socket.send_to(&[byte], guest)?;
                }
            }
            peer.wait_for("done")
        })
}

/// It sends without naming anybody, and hears nobody else.
pub fn a_connected_datagram_socket_has_one_peer() -> Case {
    Case::of_rows(&[24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut socket = bound(guest)?;
            let error = socket.peer_addr().err().context("it isn't connected")?;
            ensure!(error.kind() == ErrorKind::NotConnected, "{error:?}");
            ensure!(socket.send(b"to whom?").is_err());

            socket.connect(address)?;
            ensure!(socket.peer_addr()? == address, "{:?}", socket.peer_addr());
            watch.add(&mut socket, 1, READ)?;
            for round in 0..3_u8 {
                ensure!(socket.send(&[round; 50])? == 50);
                watch.next_is(1)?;
                let mut bytes = [0; 100];
                if round == 1 {
                    let (size, from) = socket.recv_from(&mut bytes)?;
                    ensure!(size == 60 && from == address, "{size} bytes from {from}");
                } else {
                    let size = socket.recv(&mut bytes)?;
                    ensure!(size == 60, "{size} bytes");
                }
                ensure!(bytes[..60] == [round; 60]);
                empty(&socket)?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let mut stranger = peer.bind_to([127, 0, 0, 1].into())?;
            let guest = peer.hear("bound to ")?.parse()?;
            for round in 0..3 {
                ensure!(expect_datagram(&mut *socket, &[round; 50])? == guest);
                stranger.send_to(b"psst", guest)?;
                socket.send_to(&[round; 60], guest)?;
            }
            peer.wait_for("done")
        })
}

/// However often, with its sender or without.
pub fn a_peeked_datagram_is_received_again() -> Case {
    Case::of_rows(&[24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut socket = bound(guest)?;
            watch.add(&mut socket, 1, READ)?;
            for connected in [false, true] {
                if connected {
                    socket.connect(address)?;
                }
                guest.say("send");
                watch.next_is(1)?;
                let mut bytes = [0; 8];
                for _ in 0..3 {
                    ensure!(socket.peek_from(&mut bytes)? == (4, address));
                    if connected {
                        ensure!(socket.peek(&mut bytes)? == 4);
                    }
                    ensure!(bytes[..4] == *b"peek", "{bytes:?}");
                }
                ensure!(socket.recv_from(&mut bytes)? == (4, address));
                let error = socket.peek_from(&mut bytes).err().context("there is nothing to peek at")?;
                ensure!(error.kind() == ErrorKind::WouldBlock, "{error:?}");
            }
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let guest = peer.hear("bound to ")?.parse()?;
            for _ in 0..2 {
                peer.wait_for("send")?;
                socket.send_to(b"peek", guest)?;
            }
            peer.wait_for("done")
        })
}

/// And never becomes the beginning of the next one.
pub fn a_datagram_longer_than_the_buffer_loses_its_end() -> Case {
    Case::of_rows(&[24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut socket = bound(guest)?;
            watch.add(&mut socket, 1, READ)?;
            for connected in [false, true] {
                if connected {
                    socket.connect(address)?;
                }
                guest.say("send");
                watch.next_is(1)?;
                let mut four = [0; 4];
                let (size, from) = socket.recv_from(&mut four)?;
                ensure!(size == 4 && four == *b"long" && from == address, "{size}: {four:?} from {from}");
                let mut many = [0; 40];
                loop {
                    match socket.recv(&mut many) {
                        Ok(size) => break ensure!(many[..size] == *b"next", "{size}: {many:?}"),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => drop(watch.next_is(1)?),
                        Err(error) => return Err(error.into()),
                    }
                }
                empty(&socket)?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let guest = peer.hear("bound to ")?.parse()?;
            for _ in 0..2 {
                peer.wait_for("send")?;
                socket.send_to(b"longer than four", guest)?;
                socket.send_to(b"next", guest)?;
            }
            peer.wait_for("done")
        })
}

/// A connected socket is told that nobody heard it, and goes on.
pub fn a_datagram_that_nobody_hears_is_connection_refused_for_a_connected_socket() -> Case {
    Case::of_rows(&[24])
        .granted(GRANTS)
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut socket = bound(guest)?;
            let nobody = UdpSocket::bind(ANY_PORT)?.local_addr()?;
            socket.connect(nobody)?;
            watch.add(&mut socket, 1, READ)?;
            socket.send(b"anybody?")?;
            let seen = watch.next_is(1)?;
            ensure!(seen.readable || seen.error, "{seen:?}");
            let error = socket.recv(&mut [0; 8]).err().context("nobody is there")?;
            ensure!(error.kind() == ErrorKind::ConnectionRefused, "{error:?}");
            empty(&socket)?;

            socket.connect(address)?;
            socket.send(b"and you?")?;
            watch.next_is(1)?;
            ensure!(socket.recv(&mut [0; 8])? == 3);
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut socket, _told) = peer.bind()?;
            let guest = peer.hear("bound to ")?.parse()?;
            ensure!(expect_datagram(&mut *socket, b"and you?")? == guest);
            socket.send_to(b"yes", guest)?;
            peer.wait_for("done")
        })
}

/// An address with its port; and to port 0, the real one is told.
pub fn a_datagram_socket_is_bound_where_it_says() -> Case {
    Case::of_rows(&[24]).listeners(0).granted(GRANTS).guest(|_| {
        let socket = UdpSocket::bind(ANY_PORT)?;
        let address = socket.local_addr()?;
        ensure!(address.ip() == ANY_PORT.ip() && address.port() != 0, "{address}");
        let error = UdpSocket::bind(address).err().context("bound twice")?;
        ensure!(error.kind() == ErrorKind::AddrInUse, "{error:?}");
        drop(socket);
        let socket = UdpSocket::bind(address).context("it was dropped")?;
        ensure!(socket.local_addr()? == address, "{:?}", socket.local_addr());
        ensure!(socket.take_error()?.is_none());
        Ok(())
    })
}

/// Bound, and the peer is told where.
fn bound(guest: &mut Guest) -> Result<UdpSocket> {
    let socket = UdpSocket::bind(ANY_PORT)?;
    guest.say(format_args!("bound to {}", socket.local_addr()?));
    Ok(socket)
}

/// Nothing can be received.
fn empty(socket: &UdpSocket) -> Result<()> {
    match socket.recv_from(&mut [0; 8]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        other => bail!("nothing was to come, not {other:?}"),
    }
}
