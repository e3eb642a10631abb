//! Timers on a poll loop: a heap of deadlines, the nearest of which is the poll's timeout.
//! Some tick; and whoever connects is closed when its time is over. Ends after so many ticks (the second argument).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::env;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);

const NAMES: [&str; 3] = ["quick", "steady", "slow"];
const PERIODS: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(50), Duration::from_millis(120)];

/// What a connection gets.
const PATIENCE: Duration = Duration::from_millis(70);

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let address = args.next().unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;
    let count = args.next().unwrap_or("20".into());
    let count: u32 = count.parse().context("the second argument is a number of ticks")?;

    let mut listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr().unwrap_or(address));

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(8);

    let start = Instant::now();
    // Deadlines are counted from the start, in whole periods: lateness doesn't add up.
    let mut deadlines: BinaryHeap<_> =
        PERIODS.into_iter().enumerate().map(|(timer, period)| Reverse((period, timer))).collect();
    let mut connections = HashMap::new();
    let mut next = NAMES.len();
    let mut ticks = 0;

    while ticks < count {
        let timeout = deadlines.peek().map(|Reverse((at, _))| at.saturating_sub(start.elapsed()));
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }

        if !events.is_empty() {
            loop {
                match listener.accept() {
                    Ok((connection, _)) => {
                        connections.insert(next, connection);
                        deadlines.push(Reverse((start.elapsed() + PATIENCE, next)));
                        println!("connection {next}: {} ms from now", PATIENCE.as_millis());
                        next += 1;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }

        // A poll may end for another reason than its timeout: the clock says what is due.
        let now = start.elapsed();
        while let Some(&Reverse((deadline, timer))) = deadlines.peek()
            && deadline <= now
            && ticks < count
        {
            deadlines.pop();
            if connections.remove(&timer).is_some() {
                println!("connection {timer}: closed");
            } else {
                ticks += 1;
                println!("tick {ticks}: {} at {} ms", NAMES[timer], deadline.as_millis());
                deadlines.push(Reverse((deadline + PERIODS[timer], timer)));
            }
        }
    }
    Ok(())
}
