//! `shutdown`, of one half or both, by either side.

use crate::peer::{expect, read_to_end};
use crate::prelude::*;

/// The peer reads to the end, and can still answer.
pub fn shutting_down_the_write_half_leaves_the_other_open() -> Case {
    Case::of_rows(&[23, 25])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            put(&mut stream, b"all")?;
            stream.shutdown(Shutdown::Write)?;
            let error = stream.write(b"more").err().context("it is shut down")?;
            ensure!(error.kind() == ErrorKind::BrokenPipe, "{error:?}");
            let mut bytes = Vec::new();
            while bytes.len() < 6 {
                watch.next_is(1)?;
                bytes.extend(drain(&mut stream)?);
            }
            ensure!(bytes == b"answer", "{bytes:?}");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            let size = read_to_end(&mut *stream)?;
            ensure!(size == 3, "{size} bytes and the end");
            stream.write_all(b"answer")?;
            peer.wait_for("done")
        })
}

/// Reading ends at once; writing goes on.
pub fn shutting_down_the_read_half_leaves_the_other_open() -> Case {
    Case::of_rows(&[23])
        .guest(|guest| {
            let (_, mut stream) = guest.connection()?;
            stream.shutdown(Shutdown::Read)?;
            ensure!(until_closed(&mut stream)?.is_empty());
            put(&mut stream, b"written")?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            expect(&mut *stream, b"written")?;
            peer.wait_for("done")
        })
}

/// As dropping does, but the socket is still there to say so.
pub fn shutting_down_both_halves_ends_the_stream() -> Case {
    Case::of_rows(&[23, 25])
        .guest(|guest| {
            let (_, mut stream) = guest.connection()?;
            put(&mut stream, b"last")?;
            stream.shutdown(Shutdown::Both)?;
            ensure!(until_closed(&mut stream)?.is_empty());
            let error = stream.write(b"more").err().context("it is shut down")?;
            ensure!(error.kind() == ErrorKind::BrokenPipe, "{error:?}");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            let size = read_to_end(&mut *stream)?;
            ensure!(size == 4, "{size} bytes and the end");
            peer.wait_for("done")
        })
}

/// A client that has said all it will still wants its answer.
pub fn a_peers_half_close_leaves_the_other_half_open() -> Case {
    Case::of_rows(&[12, 23])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            guest.say("ask");
            let mut bytes = Vec::new();
            loop {
                watch.next_is(1)?;
                // The end may come with the bytes, or be the next event.
                match stream.read_to_end(&mut bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    ended => {
                        ended?;
                        break;
                    }
                }
            }
            ensure!(bytes == b"question", "{bytes:?}");
            put(&mut stream, b"answer")?;
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            peer.wait_for("ask")?;
            stream.write_all(b"question")?;
            stream.shutdown(Shutdown::Write)?;
            expect(&mut *stream, b"answer")?;
            ensure!(read_to_end(&mut *stream)? == 0);
            Ok(())
        })
}
