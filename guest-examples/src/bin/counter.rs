//! One replica of a counter: it adds what its clients say, tells the other replicas, and ends up with the same sum as
//! they, whatever happens to the connections between them.
//!
//! `counter OWN_ADDRESS OTHER_ADDRESS...`; with `forget` at the end it has a bug: after a connection has broken, what
//! was said meanwhile is never said again.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(0);

/// A replica that can't be reached is tried again after this.
const RETRY: Duration = Duration::from_millis(500);

/// More than a line ever has, in bytes.
const LINE_BYTES: usize = 256;

fn main() -> Result<()> {
    let mut words: Vec<String> = env::args().skip(1).collect();
    let forgets = words.last().is_some_and(|last| last == "forget");
    words.truncate(words.len() - usize::from(forgets));
    let addresses: Vec<SocketAddr> = words
        .iter()
        .map(|word| {
            word.parse().with_context(|| format!("{word} is no address; one looks like 127.0.0.1:8080"))
        })
        .collect::<Result<_>>()?;
    let (own, others) = addresses.split_first().context("counter OWN_ADDRESS OTHER_ADDRESS...")?;

    let mut listener = TcpListener::bind(*own)?;
    println!("listening on {}", listener.local_addr().unwrap_or(*own));
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut replica = Replica::new(own.to_string(), others, forgets);

    let mut events = Events::with_capacity(64);
    loop {
        replica.connect(poll.registry())?;
        match poll.poll(&mut events, replica.patience()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                replica.welcome(&listener, poll.registry())?;
            } else {
                replica.serve(event);
            }
        }
        replica.flush();
    }
}

/// One replica: what it and the others have counted, and everybody it is connected with.
struct Replica {
    name: String,
    forgets: bool,
    /// What was added at each replica; only grows, so that the largest number said is the latest.
    counted: BTreeMap<String, u64>,
    others: Vec<Other>,
    lines: BTreeMap<Token, Line>,
    last: usize,
}

/// Another replica.
struct Other {
    address: SocketAddr,
    /// The connection that tells it, if there is one.
    token: Option<Token>,
    retry: Instant,
}

/// A connection, and what is on its way through it.
struct Line {
    socket: TcpStream,
    /// It is connected; one that was accepted always is.
    up: bool,
    heard: Vec<u8>,
    waiting: Vec<u8>,
    gone: bool,
}

impl Line {
    fn new(socket: TcpStream, up: bool) -> Line {
        Line { socket, up, heard: Vec::new(), waiting: Vec::new(), gone: false }
    }
}

impl Replica {
    fn new(name: String, others: &[SocketAddr], forgets: bool) -> Replica {
        let retry = Instant::now();
        let others = others.iter().map(|&address| Other { address, token: None, retry }).collect();
        Replica { name, forgets, counted: BTreeMap::new(), others, lines: BTreeMap::new(), last: 0 }
    }

    /// Connects to every replica it has no connection with, if it is time.
    fn connect(&mut self, registry: &Registry) -> io::Result<()> {
        let now = Instant::now();
        for other in self.others.iter_mut().filter(|other| other.token.is_none() && other.retry <= now) {
            other.retry = now + RETRY;
            let Ok(mut socket) = TcpStream::connect(other.address) else { continue };
            self.last += 1;
            let token = Token(self.last);
            registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
            other.token = Some(token);
            self.lines.insert(token, Line::new(socket, false));
        }
        Ok(())
    }

    /// How long until another replica is to be tried again.
    fn patience(&self) -> Option<Duration> {
        let missing = self.others.iter().filter(|other| other.token.is_none());
        missing.map(|other| other.retry.saturating_duration_since(Instant::now())).min()
    }

    fn welcome(&mut self, listener: &TcpListener, registry: &Registry) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((mut socket, _)) => {
                    self.last += 1;
                    let token = Token(self.last);
                    registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
                    self.lines.insert(token, Line::new(socket, true));
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(()),
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // No room for one more: the listener is reported again when there is.
                    _ => {
                        println!("cannot accept: {error}");
                        return Ok(());
                    }
                },
            }
        }
    }

    fn serve(&mut self, event: &Event) {
        let token = event.token();
        let Some(line) = self.lines.get_mut(&token) else { return };
        if !line.up {
            if !event.is_writable() {
                return;
            }
            line.gone = line.socket.take_error().map_or(true, |error| error.is_some());
            line.up = !line.gone;
            // What the other missed. Without it, the sums part when the last thing said was lost.
            if line.up && !self.forgets {
                let said = self.own_count();
                self.say(token, &said);
            }
        }
        for text in self.read(token) {
            self.obey(token, &text);
        }
    }

    /// The whole lines that have come.
    fn read(&mut self, token: Token) -> Vec<String> {
        let Some(line) = self.lines.get_mut(&token) else { return Vec::new() };
        let mut chunk = [0; 512];
        while !line.gone {
            match line.socket.read(&mut chunk) {
                Ok(0) => line.gone = true,
                Ok(size) => line.heard.extend_from_slice(&chunk[..size]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => line.gone = true,
            }
        }
        let mut texts = Vec::new();
        while let Some(end) = line.heard.iter().position(|&byte| byte == b'\n') {
            let text: Vec<u8> = line.heard.drain(..=end).collect();
            texts.push(String::from_utf8_lossy(&text[..end]).into_owned());
        }
        line.gone |= line.heard.len() > LINE_BYTES;
        texts
    }

    /// `add N` and `value` from clients, `have REPLICA N` from other replicas.
    fn obey(&mut self, token: Token, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["add", number] => {
                let Ok(number) = number.parse::<u64>() else { return self.say(token, "what?") };
                let counted = self.counted.entry(self.name.clone()).or_default();
                *counted = counted.saturating_add(number);
                self.say(token, "ok");
                let said = self.own_count();
                for token in self.others.iter().filter_map(|other| other.token).collect::<Vec<_>>() {
                    if self.lines.get(&token).is_some_and(|line| line.up) {
                        self.say(token, &said);
                    }
                }
            }
            ["value"] => {
                let sum = self.counted.values().fold(0, |sum: u64, counted| sum.saturating_add(*counted));
                self.say(token, &format!("value {sum}"));
            }
            ["have", replica, number] => {
                if let Ok(number) = number.parse::<u64>() {
                    let counted = self.counted.entry(replica.to_owned()).or_default();
                    *counted = number.max(*counted);
                }
            }
            _ => self.say(token, "what?"),
        }
    }

    fn own_count(&self) -> String {
        format!("have {} {}", self.name, self.counted.get(&self.name).unwrap_or(&0))
    }

    fn say(&mut self, token: Token, text: &str) {
        if let Some(line) = self.lines.get_mut(&token) {
            line.waiting.extend_from_slice(text.as_bytes());
            line.waiting.push(b'\n');
        }
    }

    /// Writes what waits, and lets go of who is gone.
    fn flush(&mut self) {
        for line in self.lines.values_mut().filter(|line| line.up) {
            while !line.gone && !line.waiting.is_empty() {
                match line.socket.write(&line.waiting) {
                    Ok(size) => drop(line.waiting.drain(..size)),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => line.gone = true,
                }
            }
        }
        // Dropping a socket closes it and takes it out of the poll.
        self.lines.retain(|_, line| !line.gone);
        for other in &mut self.others {
            other.token = other.token.filter(|token| self.lines.contains_key(token));
        }
    }
}
