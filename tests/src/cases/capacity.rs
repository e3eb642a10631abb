//! `Events::with_capacity`, when more is ready than it holds.

use crate::Peer;
use crate::prelude::*;

const STREAMS: usize = 8;

/// None is lost, and none is told twice.
pub fn there_are_never_more_events_than_the_capacity_and_the_rest_come_next() -> Case {
    Case::of_rows(&[11])
        .guest(|guest| {
            let mut streams = ready_streams(guest)?;
            let mut watch = Watch::with_capacity(3)?;
            for (token, stream) in streams.iter_mut().enumerate() {
                watch.add(stream, token, BOTH)?;
            }
            let mut told = Vec::new();
            while told.len() < STREAMS {
                let seen = watch.next()?;
                ensure!(seen.len() <= 3, "{} events: {seen:?}", seen.len());
                ensure!(seen.iter().all(|seen| seen.readable && seen.writable), "{seen:?}");
                told.extend(seen.iter().map(|seen| seen.token));
            }
            told.sort_unstable();
            ensure!(told.iter().copied().eq(0..STREAMS), "{told:?}");
            watch.quiet()?;
            guest.say("done");
            Ok(())
        })
        .peer(make_ready)
}

/// With room for one event only, and sources that are always ready again.
pub fn over_many_polls_every_ready_source_is_served() -> Case {
    const ROUNDS: usize = 6;
    Case::of_rows(&[11])
        .guest(|guest| {
            let mut streams = ready_streams(guest)?;
            let mut watch = Watch::with_capacity(1)?;
            for (token, stream) in streams.iter_mut().enumerate() {
                watch.add(stream, token, READ)?;
            }
            let mut served = [0_usize; STREAMS];
            for _ in 0..ROUNDS * STREAMS {
                let seen = watch.next()?;
                ensure!(seen.len() == 1, "{seen:?}");
                served[seen[0].token] += 1;
                watch.again(&mut streams[seen[0].token], seen[0].token, READ)?;
            }
            // In turns, give or take one.
            ensure!(served.iter().all(|times| times.abs_diff(ROUNDS) <= 1), "{served:?}");
            guest.say("done");
            Ok(())
        })
        .peer(make_ready)
}

/// All of them have bytes; none was read from.
fn ready_streams(guest: &mut Guest) -> Result<Vec<TcpStream>> {
    let (mut watch, mut streams) = guest.connections(STREAMS)?;
    let last = STREAMS - 1;
    watch.add(&mut streams[last], last, READ)?;
    watch.next_is(last)?;
    watch.remove(&mut streams[last])?;
    Ok(streams)
}

fn make_ready(peer: &mut Peer) -> Result<()> {
    let mut streams = (0..STREAMS).map(|_| peer.connect()).collect::<Result<Vec<_>>>()?;
    for stream in &mut streams {
        stream.write_all(b"ready")?;
    }
    peer.wait_for("done")
}
