//! Registrations: what is registered twice, not at all or no more, and under which token.

use mio::event::Source;

use crate::prelude::*;

/// Its bytes stay where they are.
pub fn a_deregistered_source_stays_silent() -> Case {
    Case::of_rows(&[10])
        .guest(|guest| {
            let (mut watch, mut streams) = guest.connections(2)?;
            for (token, stream) in streams.iter_mut().enumerate() {
                watch.add(stream, token, READ)?;
            }
            watch.remove(&mut streams[0])?;
            guest.say("send");
            // The second's bytes were sent after the first's, so those are there, too.
            watch.next_is(1)?;
            drain(&mut streams[1])?;
            watch.quiet()?;
            ensure!(drain(&mut streams[0])? == b"first");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut first, mut second) = (peer.connect()?, peer.connect()?);
            peer.wait_for("send")?;
            first.write_all(b"first")?;
            second.write_all(b"second")?;
            peer.wait_for("done")
        })
}

/// The next socket gets the dropped one's number, and none of its events.
pub fn a_dropped_source_stays_silent_though_its_fd_number_is_used_again() -> Case {
    Case::of_rows(&[10])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 0, READ)?;
            for token in 1..=5 {
                guest.say("connect");
                watch.next_is(0)?;
                let (mut stream, _) = listener.accept()?;
                ensure!(listener.accept().is_err_and(|e| e.kind() == ErrorKind::WouldBlock));
                watch.add(&mut stream, token, BOTH)?;
                guest.say("send");
                // Its own token, and never an earlier one's.
                while !watch.next_is(token)?.readable {}
                if token % 2 == 0 {
                    ensure!(drain(&mut stream)? == b"!");
                }
                // Dropped while registered, with or without bytes unread.
            }
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let address = peer.hear("listening on ")?.parse()?;
            let mut streams = Vec::new();
            for _ in 1..=5 {
                peer.wait_for("connect")?;
                let mut stream = peer.connect_to(address)?;
                peer.wait_for("send")?;
                stream.write_all(b"!")?;
                streams.push(stream);
            }
            peer.wait_for("done")
        })
}

/// Also when it was as good as reported, and only the capacity kept it back.
pub fn a_source_dropped_before_its_event_was_delivered_stays_silent() -> Case {
    Case::of_rows(&[10, 11])
        .guest(|guest| {
            let (mut all, mut streams) = guest.connections(3)?;
            // The third's bytes were sent last.
            all.add(&mut streams[2], 2, READ)?;
            all.next_is(2)?;
            let mut watch = Watch::with_capacity(1)?;
            for (token, stream) in streams.iter_mut().enumerate().take(2) {
                watch.add(stream, token, READ)?;
            }
            let first = watch.next()?[0].token;
            drop(streams.remove(1 - first));
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut streams = [peer.connect()?, peer.connect()?, peer.connect()?];
            for stream in &mut streams {
                stream.write_all(b"!")?;
            }
            peer.wait_for("done")
        })
}

/// Under another token, and with another poll, too.
pub fn a_deregistered_source_can_be_registered_again() -> Case {
    Case::of_rows(&[8, 10])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            let mut other = Watch::new()?;
            for token in 1..=3 {
                watch.add(&mut stream, token, READ)?;
                ensure!(watch.next_is(token)?.readable);
                watch.remove(&mut stream)?;
                other.add(&mut stream, token, READ)?;
                ensure!(other.next_is(token)?.readable);
                other.remove(&mut stream)?;
            }
            watch_is_silent(&mut watch)?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"!")?;
            peer.wait_for("done")
        })
}

/// The first registration stands.
pub fn registering_twice_is_already_exists() -> Case {
    Case::of_rows(&[14])
        .guest(|guest| {
            let mut listener = guest.listen()?;
            let mut watch = Watch::new()?;
            watch.add(&mut listener, 1, READ)?;
            let error = watch.add(&mut listener, 2, READ).err().context("registered twice")?;
            ensure!(error.kind() == ErrorKind::AlreadyExists, "{error:?}");
            guest.say("connect");
            watch.next_is(1)?;
            listener.accept()?;
            Ok(())
        })
        .peer(|peer| {
            let address = peer.hear("listening on ")?.parse()?;
            peer.wait_for("connect")?;
            drop(peer.connect_to(address)?);
            Ok(())
        })
}

/// Neither what never was, nor what no longer is.
pub fn what_is_not_registered_is_not_found() -> Case {
    Case::of_rows(&[14]).guest(|guest| {
        fn is_not_found(watch: &Watch, source: &mut impl Source) -> Result<()> {
            let error = watch.again(source, 1, READ).err().context("reregistered")?;
            ensure!(error.kind() == ErrorKind::NotFound, "reregistering: {error:?}");
            let error = watch.remove(source).err().context("deregistered")?;
            ensure!(error.kind() == ErrorKind::NotFound, "deregistering: {error:?}");
            Ok(())
        }
        let mut listener = guest.listen()?;
        let watch = Watch::new()?;
        is_not_found(&watch, &mut listener).context("never registered")?;
        watch.add(&mut listener, 1, READ)?;
        watch.remove(&mut listener)?;
        is_not_found(&watch, &mut listener).context("deregistered")
    })
}

/// What stood before is gone.
pub fn reregistering_changes_the_token_and_the_interest() -> Case {
    Case::of_rows(&[8, 16])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            let seen = watch.next_is(1)?;
            ensure!(seen.readable && !seen.writable, "{seen:?}");
            watch.again(&mut stream, 2, WRITE)?;
            let seen = watch.next_is(2)?;
            ensure!(seen.writable && !seen.readable, "{seen:?}");
            watch.again(&mut stream, 3, READ)?;
            let seen = watch.next_is(3)?;
            ensure!(seen.readable && !seen.writable, "{seen:?}");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"!")?;
            peer.wait_for("done")
        })
}

/// None is kept for the poller's own use.
pub fn any_token_comes_back_as_it_went_in() -> Case {
    Case::of_rows(&[16])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            for token in [0, 1, 1 << 16, usize::MAX >> 1, usize::MAX - 1, usize::MAX] {
                watch.add(&mut stream, token, BOTH)?;
                // With a timeout, whose clock is another subscription.
                ensure!(watch.next_is(token)?.writable);
                watch.again(&mut stream, token, BOTH)?;
                let seen = watch.poll(None)?;
                ensure!(seen.len() == 1 && seen[0].token == token, "{token}: {seen:?}");
                watch.remove(&mut stream)?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let _stream = peer.connect()?;
            peer.wait_for("done")
        })
}

/// Cloned, and between polls: as connections that accept connections do.
pub fn a_cloned_registry_registers_for_the_same_poll() -> Case {
    Case::of_rows(&[17])
        .guest(|guest| {
            let (mut watch, mut streams) = guest.connections(2)?;
            let registry = watch.registry().try_clone()?;
            registry.register(&mut streams[0], Token(1), WRITE)?;
            ensure!(watch.next_is(1)?.writable);
            registry.register(&mut streams[1], Token(2), WRITE)?;
            ensure!(watch.next_is(2)?.writable);
            // What one has registered, the other knows.
            watch.again(&mut streams[0], 3, WRITE)?;
            ensure!(watch.next_is(3)?.writable);
            watch.remove(&mut streams[0])?;
            registry.deregister(&mut streams[1])?;
            watch_is_silent(&mut watch)?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let _streams = [peer.connect()?, peer.connect()?];
            peer.wait_for("done")
        })
}

fn watch_is_silent(watch: &mut Watch) -> Result<()> {
    let seen = watch.now()?;
    ensure!(seen.is_empty(), "{seen:?}");
    watch.quiet()
}
