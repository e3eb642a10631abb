//! A server that measures itself: what one poll costs beside all the connections it has, and what it costs to
//! register one more. Whoever sends a byte is answered with a line of two numbers, in ns: `POLL REGISTER`.

mod listener;

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

/// How long each of the two is repeated.
const SPAN: Duration = Duration::from_millis(150);

fn main() -> io::Result<()> {
    let mut listener = TcpListener::from_std(listener::listener()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut streams: Slab<TcpStream> = Slab::new();
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        let mut asking = Vec::new();
        for event in &events {
            if event.token() == LISTENER {
                while let Some(mut stream) = accepted(&listener)? {
                    let entry = streams.vacant_entry();
                    poll.registry().register(&mut stream, Token(entry.key()), Interest::READABLE)?;
                    entry.insert(stream);
                }
            } else {
                asking.push(event.token());
            }
        }
        for token in asking {
            let stream = &mut streams[token.0];
            if drained(stream).unwrap_or(0) == 0 {
                poll.registry().deregister(stream)?;
                streams.remove(token.0);
                continue;
            }
            let poll_ns = measure(|| poll.poll(&mut events, Some(Duration::ZERO)))?;
            // One that is there already, so that the number of sources is as it was.
            poll.registry().deregister(stream)?;
            let register_ns = measure(|| {
                poll.registry().register(stream, token, Interest::READABLE)?;
                poll.poll(&mut events, Some(Duration::ZERO))?;
                poll.registry().deregister(stream)?;
                poll.poll(&mut events, Some(Duration::ZERO))
            })?;
            poll.registry().register(stream, token, Interest::READABLE)?;
            stream.write_all(format!("{poll_ns:.0} {register_ns:.0}\n").as_bytes())?;
        }
    }
}

fn accepted(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(Some(stream)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads all there is, and answers how many bytes that were: none at the stream's end.
fn drained(stream: &mut TcpStream) -> io::Result<usize> {
    let mut buffer = [0; 64];
    let mut bytes = 0;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(0),
            Ok(size) => bytes += size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// How long one turn takes, in ns: the fastest tenth of [`SPAN`], as whatever disturbs only slows down.
fn measure(mut turn: impl FnMut() -> io::Result<()>) -> io::Result<f64> {
    let mut fastest_ns = f64::MAX;
    for _ in 0..10 {
        let (start, mut turns) = (Instant::now(), 0_u32);
        while turns == 0 || start.elapsed() < SPAN / 10 {
            // Looking at the clock is a call, too.
            for _ in 0..if turns == 0 { 1 } else { 16 } {
                turn()?;
                turns += 1;
            }
        }
        fastest_ns = fastest_ns.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(turns));
    }
    Ok(fastest_ns)
}
