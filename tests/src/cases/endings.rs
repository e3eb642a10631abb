//! How a connection ends, when it is the peer that ends it.

use crate::peer::expect;
use crate::prelude::*;

/// What it sent before comes first.
pub fn a_peers_close_reads_zero_and_is_read_closed() -> Case {
    Case::of_rows(&[12])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            ensure!(!watch.next_is(1)?.read_closed, "it isn't yet");
            ensure!(drain(&mut stream)? == b"bye");
            guest.say("close");
            let seen = watch.next_is(1)?;
            ensure!(seen.readable && seen.read_closed, "{seen:?}");
            ensure!(until_closed(&mut stream)?.is_empty());
            ensure!(until_closed(&mut stream)?.is_empty(), "once more");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"bye")?;
            peer.wait_for("close")
        })
}

/// The loop and the other connections go on.
pub fn a_reset_is_an_error_on_that_source_alone() -> Case {
    Case::of_rows(&[12])
        .guest(|guest| {
            let (mut watch, mut streams) = guest.connections(2)?;
            for (token, stream) in streams.iter_mut().enumerate() {
                watch.add(stream, token, READ)?;
            }
            guest.say("reset");
            let seen = watch.next_is(0)?;
            ensure!(seen.readable || seen.error, "it wakes the reader: {seen:?}");
            let error = streams[0].read(&mut [0; 8]).err().context("it was reset")?;
            ensure!(error.kind() == ErrorKind::ConnectionReset, "{error:?}");
            drop(streams.remove(0));

            guest.say("send");
            watch.next_is(1)?;
            ensure!(drain(&mut streams[0])? == b"still here");
            put(&mut streams[0], b"good")?;
            Ok(())
        })
        .peer(|peer| {
            let (first, mut second) = (peer.connect()?, peer.connect()?);
            peer.wait_for("reset")?;
            first.reset()?;
            peer.wait_for("send")?;
            second.write_all(b"still here")?;
            expect(&mut *second, b"good")
        })
}

/// And no signal: the program is there to say so.
pub fn writing_to_a_closed_peer_is_broken_pipe() -> Case {
    Case::of_rows(&[25])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, BOTH)?;
            guest.say("close");
            while !watch.next_is(1)?.read_closed {}
            ensure!(until_closed(&mut stream)?.is_empty());
            // The peer's answer to the first of these says that nobody is there.
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
            let _stream = peer.connect()?;
            peer.wait_for("close")
        })
}
