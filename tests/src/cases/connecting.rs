//! Connecting: it never waits, and an event and `take_error` tell how it ended.

use crate::peer::expect;
use crate::prelude::*;

/// Then it is a stream like any other, and each end knows the other's address.
pub fn a_connect_is_writable_when_it_is_connected() -> Case {
    Case::of_rows(&[20])
        .granted(&[Grant::Connect("127.0.0.1")])
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut stream = connected(&mut watch, 1, address)?;
            guest.say(stream.local_addr()?);
            let seen = watch.next_is(1)?;
            ensure!(seen.readable && !seen.error, "{seen:?}");
            ensure!(drain(&mut stream)? == b"welcome");
            put(&mut stream, b"thank you")?;
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut listener, _told) = peer.listen()?;
            let (mut stream, address) = listener.accept()?;
            let told: SocketAddr = peer.hear("")?.parse()?;
            ensure!(address == told, "the guest is at {told}, and comes from {address}");
            stream.write_all(b"welcome")?;
            expect(&mut *stream, b"thank you")?;
            peer.wait_for("done")
        })
}

/// The peer's queue is full: nobody answers until there is room in it.
pub fn a_connect_returns_at_once_and_is_quiet_until_it_is_answered() -> Case {
    Case::of_rows(&[20])
        .granted(&[Grant::Connect("127.0.0.0/8")])
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let start = Instant::now();
            let mut stream = TcpStream::connect(address)?;
            ensure!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            watch.add(&mut stream, 1, BOTH)?;
            watch.quiet()?;
            let error = stream.peer_addr().err().context("it isn't connected")?;
            ensure!(error.kind() == ErrorKind::NotConnected, "{error:?}");
            ensure!(stream.take_error()?.is_none(), "nothing is wrong yet");
            guest.say("accept");
            while !watch.next_is(1)?.writable || stream.peer_addr().is_err() {}
            ensure!(stream.take_error()?.is_none());
            ensure!(stream.peer_addr()? == address, "{:?}", stream.peer_addr());
            put(&mut stream, b"at last")?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let ((mut listener, before), _told) = peer.listen_full()?;
            peer.wait_for("accept")?;
            let mut streams = Vec::new();
            for _ in before {
                streams.push(listener.accept()?);
            }
            let (mut stream, _) = listener.accept()?;
            expect(&mut *stream, b"at last")?;
            peer.wait_for("done")
        })
}

/// Told at once or by an event, and by nothing else: the loop goes on.
pub fn a_refused_connect_is_connection_refused() -> Case {
    Case::of_rows(&[20])
        .granted(&[Grant::Connect("127.0.0.0/8")])
        .guest(|guest| {
            let (mut watch, mut other, address) = guest.told()?;
            watch.add(&mut other, 2, READ)?;
            let error = match TcpStream::connect(address) {
                Err(error) => error,
                Ok(mut stream) => {
                    watch.add(&mut stream, 1, BOTH)?;
                    let seen = watch.next_is(1)?;
                    ensure!(seen.writable || seen.error, "{seen:?}");
                    let error = stream.take_error()?.context("nobody is there")?;
                    ensure!(stream.take_error()?.is_none(), "it was taken");
                    let told = stream.peer_addr().err().context("it isn't connected")?;
                    ensure!(told.kind() == ErrorKind::NotConnected, "{told:?}");
                    error
                }
            };
            ensure!(error.kind() == ErrorKind::ConnectionRefused, "{error:?}");
            guest.say("refused");
            watch.next_is(2)?;
            ensure!(drain(&mut other)? == b"go on");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut told = peer.nobody()?;
            peer.wait_for("refused")?;
            told.write_all(b"go on")?;
            peer.wait_for("done")
        })
}

/// Both ends of a connection in one loop, with nobody else.
pub fn a_program_connects_to_its_own_listener() -> Case {
    Case::of_rows(&[18, 20, 22])
        .listeners(0)
        .granted(&[Grant::Listen("127.0.0.1"), Grant::Connect("127.0.0.1")])
        .guest(|_| {
            let mut watch = Watch::new()?;
            let mut listener = TcpListener::bind(ANY_PORT)?;
            let address = listener.local_addr()?;
            watch.add(&mut listener, 0, READ)?;
            let mut clients = Vec::new();
            for token in 1..=5 {
                let mut client = TcpStream::connect(address)?;
                watch.add(&mut client, token, WRITE)?;
                let (mut accepted, mut connected) = (None, false);
                while accepted.is_none() || !connected {
                    for seen in watch.next()? {
                        match seen.token {
                            0 => accepted = Some(accept_last(&listener)?),
                            _ => connected = seen.token == token && client.take_error()?.is_none(),
                        }
                    }
                }
                let (mut server, from) = accepted.context("it was accepted")?;
                ensure!(from == client.local_addr()?, "from {from}, of {:?}", client.local_addr());
                ensure!(server.peer_addr()? == from && server.local_addr()? == address);
                watch.again(&mut client, token, READ)?;
                put(&mut server, &[token as u8; 9])?;
                ensure!(watch.next_is(token)?.readable);
                ensure!(drain(&mut client)? == [token as u8; 9]);
                clients.push((client, server));
            }
            watch.quiet()
        })
}

/// And no signal, though this end was the one that connected.
pub fn writing_to_a_closed_peer_that_was_connected_to_is_broken_pipe() -> Case {
    Case::of_rows(&[20, 25])
        .granted(&[Grant::Connect("127.0.0.1")])
        .guest(|guest| {
            let (mut watch, _told, address) = guest.told()?;
            let mut stream = connected(&mut watch, 1, address)?;
            guest.say("close");
            while !watch.next_is(1)?.read_closed {}
            ensure!(until_closed(&mut stream)?.is_empty());
            let start = Instant::now();
            let error = loop {
                ensure!(start.elapsed() < Duration::from_secs(5), "nothing ended it");
                if let Err(error) = put(&mut stream, b"anybody?") {
                    break error.downcast::<io::Error>()?;
                }
                watch.poll(Some(Duration::from_millis(5)))?;
            };
            ensure!(error.kind() == ErrorKind::BrokenPipe, "{error:?}");
            Ok(())
        })
        .peer(|peer| {
            let (mut listener, _told) = peer.listen()?;
            let _stream = listener.accept()?;
            peer.wait_for("close")
        })
}

/// The one connection that pends.
fn accept_last(listener: &TcpListener) -> Result<(TcpStream, SocketAddr)> {
    let accepted = listener.accept()?;
    let error = listener.accept().err().context("another connection pends")?;
    ensure!(error.kind() == ErrorKind::WouldBlock, "{error:?}");
    Ok(accepted)
}

/// Connects, registers for both directions, and waits until that has ended well.
fn connected(watch: &mut Watch, token: usize, address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    watch.add(&mut stream, token, BOTH)?;
    let seen = watch.next_is(token)?;
    ensure!(seen.writable && !seen.error, "{seen:?}");
    if let Some(error) = stream.take_error()? {
        bail!("not connected: {error}");
    }
    ensure!(stream.peer_addr()? == address, "{:?}", stream.peer_addr());
    Ok(stream)
}
