//! Timers on a poll loop: a heap of deadlines, the nearest of which is the poll's timeout.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::env;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::{Events, Poll};

const NAMES: [&str; 3] = ["quick", "steady", "slow"];
const PERIODS: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(50), Duration::from_millis(120)];

fn main() -> Result<()> {
    let count = env::args().nth(1).unwrap_or("12".into());
    let count: usize = count.parse().context("the argument is a number of ticks")?;

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);

    let start = Instant::now();
    // Deadlines are kept since the start and in whole periods, so lateness doesn't add up.
    let mut timers: BinaryHeap<_> =
        PERIODS.into_iter().enumerate().map(|(timer, period)| Reverse((period, timer))).collect();

    for tick in 1..=count {
        let Reverse((deadline, timer)) = timers.pop().expect("every timer goes back below");

        // A poll may end for another reason than its timeout: ask the clock each time.
        while let Some(left) = deadline.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) {
            match poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => result?,
            }
            // A server would look at `events` here.
        }

        println!("{tick:3}: {} at {} ms", NAMES[timer], deadline.as_millis());
        timers.push(Reverse((deadline + PERIODS[timer], timer)));
    }
    Ok(())
}
