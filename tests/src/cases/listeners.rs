//! Listeners: binding where it is allowed, and accepting.

use crate::prelude::*;

/// And a drained one is quiet until the next comes.
pub fn a_pending_connection_makes_a_listener_readable() -> Case {
    Case::of_rows(&[4])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 9, READ)?;
            let mut streams = Vec::new();
            for _ in 0..3 {
                guest.say("next");
                let seen = watch.next_is(9)?;
                ensure!(seen.readable && !seen.writable && !seen.error, "{seen:?}");
                streams.push(listener.accept()?);
                nothing_pends(&listener)?;
                watch.quiet()?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let address = peer.hear("listening on ")?.parse()?;
            let mut streams = Vec::new();
            for _ in 0..3 {
                peer.wait_for("next")?;
                streams.push(peer.connect_to(address)?);
            }
            peer.wait_for("done")
        })
}

/// One event stands for all of them.
pub fn draining_accept_takes_every_pending_connection_and_ends_in_would_block() -> Case {
    Case::of_rows(&[4])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 0, READ)?;
            watch.next_is(0)?;
            let (mut first, _) = listener.accept()?;
            // Its byte was sent when all of them had connected.
            watch.add(&mut first, 1, READ)?;
            while !watch.next()?.iter().any(|seen| seen.token == 1) {}
            let mut rest = Vec::new();
            for _ in 1..5 {
                rest.push(listener.accept().context("an earlier event told of it")?);
            }
            nothing_pends(&listener)?;
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut first = peer.connect()?;
            let mut rest = Vec::new();
            for _ in 1..5 {
                rest.push(peer.connect()?);
            }
            first.write_all(b"!")?;
            peer.wait_for("done")
        })
}

/// Where a guest's listener is decided outside of it.
pub fn bind_to_port_zero_listens_and_local_addr_tells_the_real_port() -> Case {
    Case::of_rows(&[18])
        .guest(|guest| {
            let listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
            let address = listener.local_addr()?;
            ensure!(address.ip() == guest.addresses()[0].ip() && address.port() != 0, "{address}");
            accept_one(guest, listener)
        })
        .peer(|peer| {
            let _stream = peer.connect()?;
            peer.wait_for("accepted")
        })
}

/// An address with its port, as it was granted.
pub fn bind_to_a_granted_address_listens() -> Case {
    Case::of_rows(&[18])
        .listeners(2)
        .known_ports()
        .guest(|guest| {
            // The second first: it is found by its address, not by its place.
            let granted = guest.addresses()[1];
            let listener = TcpListener::bind(granted)?;
            ensure!(listener.local_addr()? == granted, "{:?}", listener.local_addr());
            accept_one(guest, listener)
        })
        .peer(|peer| {
            let _stream = peer.connect()?;
            peer.wait_for("accepted")
        })
}

/// Each has an address of its own, and its own events.
pub fn two_listeners_are_told_apart() -> Case {
    Case::of_rows(&[16, 18])
        .listeners(2)
        .guest(|guest| {
            let (mut one, mut two) = (guest.listen()?, guest.listen()?);
            ensure!(one.local_addr()? != two.local_addr()?, "both at {:?}", one.local_addr());
            let mut watch = Watch::new()?;
            watch.add(&mut one, 1, READ)?;
            watch.add(&mut two, 2, READ)?;
            guest.say("connect to two");
            watch.next_is(2)?;
            let _stream = two.accept()?;
            nothing_pends(&one)?;
            guest.say("connect to one");
            watch.next_is(1)?;
            let _stream = one.accept()?;
            nothing_pends(&two)?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let one = peer.hear("listening on ")?.parse()?;
            let two = peer.hear("listening on ")?.parse()?;
            peer.wait_for("connect to two")?;
            let _two = peer.connect_to(two)?;
            peer.wait_for("connect to one")?;
            let _one = peer.connect_to(one)?;
            peer.wait_for("done")
        })
}

/// A host that opens listeners and no more has no call that tells it: there it is unspecified, as in std.
pub fn accept_tells_the_peers_address_where_the_host_can() -> Case {
    Case::of_rows(&[22])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 0, READ)?;
            watch.next_is(0)?;
            let (mut stream, address) = listener.accept()?;
            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            let told: SocketAddr = String::from_utf8(drain(&mut stream)?)?.parse()?;
            let unspecified = guest.world().is_guest() && address == ([0; 4], 0).into();
            ensure!(address == told || unspecified, "accept told {address}, it is {told}");
            if let Ok(address) = stream.peer_addr() {
                ensure!(address == told, "peer_addr told {address}, it is {told}");
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            let address = stream.address()?;
            stream.write_all(address.to_string().as_bytes())?;
            peer.wait_for("done")
        })
}

/// With a network directory it can, as the stream can ever after.
pub fn accept_tells_the_peers_address_where_there_is_a_network_directory() -> Case {
    Case::of_rows(&[22])
        .granted(&[Grant::Connect("127.0.0.1:1")])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 0, READ)?;
            watch.next_is(0)?;
            let (mut stream, address) = listener.accept()?;
            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            let told: SocketAddr = String::from_utf8(drain(&mut stream)?)?.parse()?;
            ensure!(address == told, "accept told {address}, it is {told}");
            ensure!(stream.peer_addr()? == told, "peer_addr told {:?}, it is {told}", stream.peer_addr());
            ensure!(stream.local_addr()? == listener.local_addr()?, "{:?}", stream.local_addr());
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            let address = stream.address()?;
            stream.write_all(address.to_string().as_bytes())?;
            peer.wait_for("done")
        })
}

/// None was opened beforehand: the program opens them, as many as it likes.
pub fn bind_beyond_the_preopened_listens() -> Case {
    Case::of_rows(&[18])
        .granted(&[Grant::Listen("127.0.0.1")])
        .guest(|guest| {
            let preopened = guest.listen()?;
            let own: Vec<_> =
                (0..3).map(|_| TcpListener::bind(ANY_PORT)).collect::<Result<_, _>>().context("bind")?;
            let mut ports = vec![preopened.local_addr()?.port()];
            for listener in &own {
                let address = listener.local_addr()?;
                ensure!(address.ip() == ANY_PORT.ip() && address.port() != 0, "{address}");
                ports.push(address.port());
            }
            ports.sort_unstable();
            ports.dedup();
            ensure!(ports.len() == 4, "{ports:?}");
            for listener in own {
                accept_one(guest, listener)?;
            }
            nothing_pends(&preopened)
        })
        .peer(|peer| {
            peer.hear("listening on ")?;
            for _ in 0..3 {
                let address = peer.hear("listening on ")?.parse()?;
                let _stream = peer.connect_to(address)?;
                peer.wait_for("accepted")?;
            }
            Ok(())
        })
}

/// Unlike a preopened one, which is claimed for good.
pub fn a_listener_of_ones_own_that_was_dropped_can_be_bound_again() -> Case {
    Case::of_rows(&[18, 19])
        .listeners(0)
        .granted(&[Grant::Listen("127.0.0.1")])
        .guest(|guest| {
            let address = guest.listen()?.local_addr()?;
            for _ in 0..3 {
                let listener = TcpListener::bind(address).context("it was dropped")?;
                ensure!(listener.local_addr()? == address, "{:?}", listener.local_addr());
                let error = TcpListener::bind(address).err().context("bound twice")?;
                ensure!(error.kind() == ErrorKind::AddrInUse, "{error:?}");
            }
            let listener = TcpListener::bind(address)?;
            accept_one(guest, listener)
        })
        .peer(|peer| {
            let first = peer.hear("listening on ")?;
            let address = peer.hear("listening on ")?;
            ensure!(address == first, "first at {first}, and then at {address}");
            let address = address.parse()?;
            let _stream = peer.connect_to(address)?;
            peer.wait_for("accepted")
        })
}

fn accept_one(guest: &mut Guest, mut listener: TcpListener) -> Result<()> {
    let mut watch = Watch::new()?;
    watch.add(&mut listener, 0, READ)?;
    nothing_pends(&listener)?;
    guest.say(format_args!("listening on {}", listener.local_addr()?));
    watch.next_is(0)?;
    let _stream = listener.accept()?;
    guest.say("accepted");
    Ok(())
}

fn nothing_pends(listener: &TcpListener) -> Result<()> {
    let error = listener.accept().err().context("nothing was to be accepted")?;
    ensure!(error.kind() == ErrorKind::WouldBlock, "accept ended in {error:?}");
    Ok(())
}
