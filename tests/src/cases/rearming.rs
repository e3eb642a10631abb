//! What makes an edge possible again: `WouldBlock`, and reads and writes that move less than asked.

use crate::peer::{expect, read_to_end};
use crate::prelude::*;

/// More than a socket's buffers hold in any world.
const PLENTY_BYTES: usize = 16 << 20;

/// A program may stop at a read that doesn't fill its buffer: the socket was empty.
pub fn a_short_read_rearms_like_would_block() -> Case {
    Case::of_rows(&[9])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            let mut buffer = [0; 64];
            for round in 1..=5 {
                guest.say("send");
                watch.next_is(1)?;
                let size = stream.read(&mut buffer)?;
                ensure!(size == round, "read {size} of {round} bytes");
                watch.quiet()?;
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            for round in 1..=5 {
                peer.wait_for("send")?;
                stream.write_all(&[7; 64][..round])?;
            }
            peer.wait_for("done")
        })
}

/// It took what there was room for; the next room is news.
pub fn a_short_write_rearms_like_would_block() -> Case {
    Case::of_rows(&[9])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, WRITE)?;
            watch.next_is(1)?;
            let bytes = vec![1; PLENTY_BYTES];
            let mut sent = 0;
            // Never to `WouldBlock`: each write is larger than the room there is.
            loop {
                let size = stream.write(&bytes).context("a short write was to come first")?;
                ensure!(size < bytes.len(), "there is no end to it");
                sent += size;
                // What the peer's side has taken meanwhile is an edge as well.
                if watch.poll(Some(Duration::from_millis(100)))?.is_empty() {
                    break;
                }
            }
            guest.say("full");
            ensure!(watch.next_is(1)?.writable);
            guest.say(format_args!("sent {sent}"));
            Ok(())
        })
        .peer(take_all)
}

/// To `WouldBlock`, and on from there.
pub fn a_full_stream_is_writable_again_when_its_peer_has_read() -> Case {
    Case::of_rows(&[5, 9])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, BOTH)?;
            watch.next_is(1)?;
            let bytes = [1; 16 * 1024];
            let mut sent = 0;
            loop {
                match stream.write(&bytes) {
                    Ok(size) => sent += size,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        if watch.poll(Some(Duration::from_millis(100)))?.is_empty() {
                            break;
                        }
                    }
                    Err(error) => return Err(error.into()),
                }
                ensure!(sent < PLENTY_BYTES, "there is no end to it");
            }
            guest.say("full");
            ensure!(watch.next_is(1)?.writable);
            put(&mut stream, b"x")?;
            guest.say(format_args!("sent {}", sent + 1));
            Ok(())
        })
        .peer(take_all)
}

fn take_all(peer: &mut crate::Peer) -> Result<()> {
    let mut stream = peer.connect()?;
    peer.wait_for("full")?;
    let got = read_to_end(&mut *stream)?;
    let sent: usize = peer.hear("sent ")?.parse()?;
    ensure!(got == sent, "the guest sent {sent} bytes, {got} came");
    Ok(())
}

/// A program that reads in small pieces and is overtaken by new bytes still gets all of them.
pub fn bytes_that_come_between_two_reads_are_not_lost() -> Case {
    Case::of_rows(&[5, 9])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            let mut two = [0; 2];
            ensure!(stream.read(&mut two)? == 2);
            put(&mut stream, b"more")?;
            let mut bytes = two.to_vec();
            loop {
                bytes.extend(drain(&mut stream)?);
                if bytes.len() == 8 {
                    break;
                }
                watch.next_is(1)?;
            }
            ensure!(bytes == b"abcdefgh", "{bytes:?}");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"abcd")?;
            expect(&mut *stream, b"more")?;
            stream.write_all(b"efgh")?;
            peer.wait_for("done")
        })
}
