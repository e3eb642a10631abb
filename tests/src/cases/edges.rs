//! Edges: what is reported, once, and when it is reported again.

use crate::prelude::*;

/// Room is an edge, too, and it is told once.
pub fn a_connected_stream_is_writable_once() -> Case {
    Case::of_rows(&[5])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, WRITE)?;
            let seen = watch.next_is(1)?;
            ensure!(seen.writable && !seen.readable && !seen.error, "{seen:?}");
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let _stream = peer.connect()?;
            peer.wait_for("done")
        })
}

/// Over and over.
pub fn a_drained_stream_is_quiet_until_new_bytes_come() -> Case {
    Case::of_rows(&[5])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 4, READ)?;
            for round in 0..3 {
                watch.quiet()?;
                guest.say("quiet");
                let seen = watch.next_is(4)?;
                ensure!(seen.readable && !seen.writable, "{seen:?}");
                let bytes = drain(&mut stream)?;
                ensure!(bytes == [round; 100], "round {round}: {bytes:?}");
            }
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            for round in 0..3 {
                peer.wait_for("quiet")?;
                stream.write_all(&[round; 100])?;
            }
            peer.wait_for("done")
        })
}

/// Not one a direction: a program handles a source once a turn.
pub fn a_source_registered_for_both_directions_gives_one_event_carrying_both() -> Case {
    Case::of_rows(&[6])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, READ)?;
            watch.next_is(1)?;
            watch.remove(&mut stream)?;
            watch.add(&mut stream, 2, BOTH)?;
            let seen = watch.next_is(2)?;
            ensure!(seen.readable && seen.writable, "{seen:?}");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"!")?;
            peer.wait_for("done")
        })
}

/// A writable socket that nobody writes to must not make the loop spin.
pub fn a_drained_source_registered_for_both_directions_does_not_wake_an_idle_loop() -> Case {
    Case::of_rows(&[7])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, BOTH)?;
            while !watch.next_is(1)?.readable {}
            ensure!(drain(&mut stream)? == b"once");

            let second = Duration::from_secs(1);
            let start = Instant::now();
            let mut polls = 0;
            while let Some(left) = second.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
                for seen in watch.poll(Some(left))? {
                    ensure!(!seen.error, "{seen:?}");
                    ensure!(drain(&mut stream)?.is_empty());
                }
                polls += 1;
                ensure!(polls <= 2, "{polls} polls in {:?} of idling", start.elapsed());
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"once")?;
            peer.wait_for("done")
        })
}

/// Answering costs no event of its own.
pub fn each_message_costs_at_most_one_event() -> Case {
    const MESSAGES: usize = 40;
    Case::of_rows(&[7])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, BOTH)?;
            let mut events = 0;
            let mut echoed = 0;
            while echoed < MESSAGES {
                watch.next_is(1)?;
                events += 1;
                let bytes = drain(&mut stream)?;
                echoed += bytes.len();
                if !bytes.is_empty() {
                    put(&mut stream, &bytes)?;
                }
            }
            // One more: the room there was at the beginning.
            ensure!(events <= MESSAGES + 1, "{events} events for {MESSAGES} messages");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            for _ in 0..MESSAGES {
                stream.write_all(b"m")?;
                crate::peer::expect(&mut *stream, b"m")?;
            }
            peer.wait_for("done")
        })
}

/// The bytes were there first.
pub fn a_source_that_is_ready_when_registered_reports_it() -> Case {
    Case::of_rows(&[8])
        .guest(|guest| {
            let (mut watch, mut streams) = guest.connections(2)?;
            // The second's bytes were sent after the first's.
            watch.add(&mut streams[1], 1, READ)?;
            watch.next_is(1)?;
            watch.add(&mut streams[0], 0, READ)?;
            ensure!(watch.next_is(0)?.readable);
            ensure!(drain(&mut streams[0])? == b"first");
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let (mut first, mut second) = (peer.connect()?, peer.connect()?);
            first.write_all(b"first")?;
            second.write_all(b"second")?;
            peer.wait_for("done")
        })
}

/// This is how a program that stops in the middle asks to be told again.
pub fn a_source_that_is_ready_when_reregistered_reports_it_again() -> Case {
    Case::of_rows(&[8])
        .guest(|guest| {
            let (mut watch, mut stream) = guest.connection()?;
            watch.add(&mut stream, 1, BOTH)?;
            while !watch.next_is(1)?.readable {}
            watch.quiet()?;
            let mut byte = [0];
            for expected in *b"again" {
                watch.again(&mut stream, 1, BOTH)?;
                let seen = watch.next_is(1)?;
                ensure!(seen.readable && seen.writable, "{seen:?}");
                watch.quiet()?;
                ensure!(stream.read(&mut byte)? == 1 && byte[0] == expected, "{byte:?}");
            }
            guest.say("done");
            Ok(())
        })
        .peer(|peer| {
            let mut stream = peer.connect()?;
            stream.write_all(b"again")?;
            peer.wait_for("done")
        })
}
