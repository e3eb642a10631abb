//! Reading and writing beyond `read` and `write`.

use std::io::{IoSlice, IoSliceMut};

use crate::peer::expect;
use crate::prelude::*;

/// Several buffers, one call.
pub fn vectored_reads_and_writes_keep_their_order() -> Case {
    Case::of_rows(&[23])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            let (mut one, mut none, mut three, mut rest) = ([0; 1], [0; 0], [0; 3], [0; 100]);
            let size = stream.read_vectored(&mut [
                IoSliceMut::new(&mut one),
                IoSliceMut::new(&mut none),
                IoSliceMut::new(&mut three),
                IoSliceMut::new(&mut rest),
            ])?;
            ensure!(size == 10, "{size} of 10 bytes");
            ensure!(one == *b"0" && three == *b"123" && rest[..6] == *b"456789");

            let buffers = [b"vec".as_slice(), b"", b"tor", b"ed"].map(IoSlice::new);
            let size = stream.write_vectored(&buffers)?;
            ensure!(size == 8, "{size} of 8 bytes");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"0123456789")?;
            expect(&mut *stream, b"vectored")?;
            peer.wait_for("done")
        })
}

/// However often; and a peek that would block says so, and the next bytes are news.
pub fn peeked_bytes_are_read_again() -> Case {
    Case::of_rows(&[9, 23])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            for _ in 0..2 {
                guest.say("send");
                watch.next_is(1)?;
                let mut two = [0; 2];
                for _ in 0..3 {
                    ensure!(stream.peek(&mut two)? == 2 && two == *b"pe", "{two:?}");
                }
                ensure!(stream.read(&mut two)? == 2 && two == *b"pe", "{two:?}");
                ensure!(drain(&mut stream)? == b"ek");
                let error = stream.peek(&mut two).err().context("there is nothing to peek at")?;
                ensure!(error.kind() == ErrorKind::WouldBlock, "{error:?}");
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            for _ in 0..2 {
                peer.wait_for("send")?;
                stream.write_all(b"peek")?;
            }
            peer.wait_for("done")
        })
}
