//! Very many connections to an echo server, each of another temper, a number of them at once: what comes back is
//! compared with what was sent, byte by byte. What one connection does is in `soak/`; how the server fares meanwhile
//! is for who started it to see.

mod connection;
mod flags;
mod server;
mod temper;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Interest, Poll, Token};

use clap::Parser;
use connection::{Connection, Turn};
use flags::Flags;
pub use server::{Report, run};
use temper::{Random, Temper};

/// Clients connect from so many addresses: from each there are some 28,000 ports, and one is not free again for a
/// minute.
const ADDRESSES: u64 = 16;

/// However many connections there are, they take no longer.
const TIME: Duration = Duration::from_mins(30);

/// When nothing happens for so long, something is stuck.
const PATIENCE: Duration = Duration::from_secs(30);

/// What all connections send from. Its length is a prime, so that bytes in the wrong place show.
const PATTERN_BYTES: usize = 65_521;

/// Connections to open, and what they are drawn from.
#[derive(Debug)]
pub struct Soak {
    server: SocketAddr,
    random: Random,
    /// Each place twice, so that a run from any place is one slice.
    pattern: Vec<u8>,
    /// Room for what a connection receives at a time.
    piece: Vec<u8>,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    /// When a stalled connection goes on.
    alarms: BinaryHeap<Reverse<(Instant, usize)>>,
    count: Count,
}

/// How many did what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Connections that came to their end.
    pub connections: u64,
    /// Those that ended sending before they received the rest.
    pub half_closed: u64,
    /// Those that broke off with a reset.
    pub reset: u64,
    /// Those that broke off with a close.
    pub abandoned: u64,
    /// Those that did nothing for a while, or read slowly.
    pub stalled: u64,
    /// Bytes sent by those that didn't break off.
    pub sent_bytes: u64,
    /// Bytes they got back, each the right one.
    pub received_bytes: u64,
}

/// The program `soak`.
///
/// # Errors
/// Those of [`run`].
pub fn main() -> Result<()> {
    let Flags { connections, at_once, seed } = Flags::parse();
    println!("seed          {seed}");
    let report = run(connections, at_once, seed).with_context(|| format!("with --seed {seed}"))?;
    println!("{report}");
    Ok(())
}

impl Soak {
    /// Of connections to `server`, drawn from `seed`.
    ///
    /// # Errors
    /// When the system has no room for a poll.
    pub fn new(server: SocketAddr, seed: u64) -> Result<Soak> {
        let mut random = Random::new(seed);
        let once: Vec<u8> = (0..PATTERN_BYTES).map(|_| random.next() as u8).collect();
        Ok(Soak {
            server,
            random,
            pattern: once.repeat(2),
            piece: vec![0; PATTERN_BYTES],
            poll: Poll::new()?,
            connections: Vec::new(),
            free: Vec::new(),
            alarms: BinaryHeap::new(),
            count: Count::default(),
        })
    }

    /// What has been done so far.
    pub fn count(&self) -> Count {
        self.count
    }

    /// Opens `connections`, never more than `at_once` of them together, and sees each to its end.
    ///
    /// # Errors
    /// When one ends otherwise than it is to, gets other bytes than it sent, or nothing happens any more.
    pub fn run(&mut self, connections: u64, at_once: usize) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut left = connections;
        let began = Instant::now();
        let mut moved = began;
        while left > 0 || self.open() > 0 {
            while left > 0 && self.open() < at_once {
                self.connect().with_context(|| format!("connection {}", connections - left))?;
                left -= 1;
            }
            let next = self.alarms.peek().map(|Reverse((at, _))| *at);
            let timeout =
                next.map_or(PATIENCE, |at| at.saturating_duration_since(Instant::now()).min(PATIENCE));
            match self.poll.poll(&mut events, Some(timeout)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            let mut turns = Vec::new();
            for event in &events {
                if let Some(Some(connection)) = self.connections.get_mut(event.token().0) {
                    connection.readable |= event.is_readable() || event.is_error();
                    connection.writable |= event.is_writable() || event.is_error();
                    turns.push(event.token().0);
                }
            }
            let now = Instant::now();
            while let Some(&Reverse((at, place))) = self.alarms.peek()
                && at <= now
            {
                self.alarms.pop();
                if let Some(Some(connection)) = self.connections.get_mut(place) {
                    connection.goes_on(now);
                    turns.push(place);
                }
            }
            if !turns.is_empty() {
                moved = now;
            }
            ensure!(began.elapsed() < TIME, "{left} connections are left after {TIME:?}");
            ensure!(moved.elapsed() < PATIENCE, "nothing happens any more:\n{}", self.stuck());
            for place in turns {
                self.turn(place)?;
            }
        }
        Ok(())
    }

    fn open(&self) -> usize {
        self.connections.len() - self.free.len()
    }

    fn connect(&mut self) -> Result<()> {
        let from = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + self.random.below(ADDRESSES) as u32);
        let start = self.random.below(PATTERN_BYTES as u64) as usize;
        let temper = Temper::draw(&mut self.random);
        let mut connection = Connection::open(from, self.server, start, temper)?;
        let place = self.free.pop().unwrap_or(self.connections.len());
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.stream, Token(place), both)?;
        if place == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[place] = Some(connection);
        Ok(())
    }

    fn turn(&mut self, place: usize) -> Result<()> {
        // It may have ended in this very round.
        let Some(Some(connection)) = self.connections.get_mut(place) else { return Ok(()) };
        match connection.turn(&self.pattern, &mut self.piece).with_context(|| format!("{connection:?}"))? {
            Turn::Waits => {}
            Turn::Stalls(span) => self.alarms.push(Reverse((connection.stall(span), place))),
            Turn::Ended => {
                connection.count(&mut self.count);
                self.connections[place] = None;
                self.free.push(place);
            }
        }
        Ok(())
    }

    fn stuck(&self) -> String {
        let open: Vec<_> = self.connections.iter().flatten().take(10).collect();
        format!("{open:#?}")
    }
}
