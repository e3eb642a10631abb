//! A chat: every line a client sends goes to all the others. One that doesn't keep up is dropped, and the others are told.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::io::{self, ErrorKind, Read, Write};

use anyhow::{Context, Result};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

/// Clients are numbered from 1, and a client's number is its token.
const LISTENER: Token = Token(0);

/// A client with more than this waiting for it is too slow.
const BUFFER_BYTES: usize = 64 * 1024;

/// A client whose line is longer than this isn't chatting.
const LINE_BYTES: usize = 4 * 1024;

/// What one client may say before the others get their turn.
const TURN_BYTES: usize = 16 * 1024;

fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;

    let mut listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr().unwrap_or(address));

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(256);
    let mut room = Room::default();

    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                room.welcome(&listener, poll.registry())?;
            } else {
                room.serve(event, poll.registry())?;
            }
        }
        room.flush();
    }
}

/// All clients. What one causes for another is only buffered; `flush` writes and drops.
#[derive(Default)]
struct Room {
    clients: BTreeMap<usize, Client>,
    last: usize,
}

struct Client {
    socket: TcpStream,
    /// The beginning of a line whose end hasn't come.
    line: Vec<u8>,
    /// Written when the socket takes it.
    waiting: VecDeque<u8>,
    /// Why this client is to be dropped.
    gone: Option<String>,
}

impl Room {
    /// Accepts until it would block.
    fn welcome(&mut self, listener: &TcpListener, registry: &Registry) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((mut socket, _)) => {
                    self.last += 1;
                    let both = Interest::READABLE | Interest::WRITABLE;
                    registry.register(&mut socket, Token(self.last), both)?;
                    let mut client =
                        Client { socket, line: Vec::new(), waiting: VecDeque::new(), gone: None };
                    client.tell(&format!("* you are client {}", self.last));
                    self.tell_others(self.last, &format!("* client {} is here", self.last));
                    self.clients.insert(self.last, client);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(()),
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// Takes in what a client said. Its own buffer is flushed with everybody's.
    fn serve(&mut self, event: &Event, registry: &Registry) -> io::Result<()> {
        let number = event.token().0;
        let Some(client) = self.clients.get_mut(&number) else {
            return Ok(());
        };
        if !event.is_readable() && !event.is_error() {
            return Ok(());
        }
        let (lines, drained) = client.read_lines();
        if !drained {
            // Reregistering makes the next poll report it again, after the others.
            let both = Interest::READABLE | Interest::WRITABLE;
            registry.reregister(&mut client.socket, event.token(), both)?;
        }
        for line in lines {
            self.tell_others(number, &format!("{number}: {line}"));
        }
        Ok(())
    }

    fn tell_others(&mut self, number: usize, text: &str) {
        for (_, client) in self.clients.iter_mut().filter(|(other, _)| **other != number) {
            client.tell(text);
        }
    }

    /// Writes to everybody, and drops who is gone. A farewell can make another one too slow.
    fn flush(&mut self) {
        loop {
            for client in self.clients.values_mut() {
                client.flush();
            }
            let gone = self.clients.iter_mut().find_map(|(n, c)| Some((*n, c.gone.take()?)));
            let Some((number, reason)) = gone else { return };
            self.clients.remove(&number);
            self.tell_others(number, &format!("* client {number} {reason}"));
        }
    }
}

impl Client {
    /// Reads until it would block, the client has left or its turn is over.
    /// Returns the whole lines, and whether it was one of the first two.
    fn read_lines(&mut self) -> (Vec<String>, bool) {
        let mut chunk = [0; 1024];
        let mut lines = Vec::new();
        let mut read = 0;
        while read < TURN_BYTES {
            match self.socket.read(&mut chunk) {
                Ok(0) => {
                    self.gone = Some("left".into());
                    return (lines, true);
                }
                Ok(size) => {
                    read += size;
                    for byte in &chunk[..size] {
                        match byte {
                            b'\n' => {
                                lines.push(String::from_utf8_lossy(&self.line).into_owned());
                                self.line.clear();
                            }
                            _ => self.line.push(*byte),
                        }
                    }
                    if self.line.len() > LINE_BYTES {
                        self.gone = Some("said too much at once".into());
                        return (lines, true);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return (lines, true),
                    ErrorKind::Interrupted => {}
                    _ => {
                        self.gone = Some(format!("was lost: {error}"));
                        return (lines, true);
                    }
                },
            }
        }
        (lines, false)
    }

    fn tell(&mut self, text: &str) {
        self.waiting.extend(text.bytes().chain([b'\n']));
        if self.waiting.len() > BUFFER_BYTES {
            self.flush();
        }
        if self.waiting.len() > BUFFER_BYTES {
            self.gone = Some("was too slow".into());
        }
    }

    /// Writes until nothing waits or it would block.
    fn flush(&mut self) {
        while self.gone.is_none() && !self.waiting.is_empty() {
            match self.socket.write(self.waiting.as_slices().0) {
                Ok(size) => drop(self.waiting.drain(..size)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.gone = Some(format!("was lost: {error}")),
            }
        }
    }
}
