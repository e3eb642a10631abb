//! An echo server with a bounded buffer a client: one that reads slowly is read slowly, and disturbs nobody else.

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(0);

/// A client that has this many bytes waiting for it isn't read from until it takes some.
const BUFFER_BYTES: usize = 64 * 1024;

/// What one client may move before the others get their turn.
const TURN_BYTES: usize = 4 * BUFFER_BYTES;

fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;

    let mut listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr().unwrap_or(address));

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(1024);
    let mut clients: HashMap<Token, Client> = HashMap::new();
    let mut next = 1;

    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }

        // Set when there may be connections that no event will tell of again.
        let mut accepting = false;

        for event in &events {
            let token = event.token();
            if token == LISTENER {
                accepting = true;
                continue;
            }
            let Some(client) = clients.get_mut(&token) else {
                continue;
            };
            // An error wakes both directions: the read or write that follows says what it was.
            client.readable |= event.is_readable() || event.is_error();
            client.writable |= event.is_writable() || event.is_error();
            match client.turn(poll.registry(), token) {
                Ok(true) => {}
                ended => {
                    if let Err(error) = ended {
                        eprintln!("client {}: {error}", token.0);
                    }
                    clients.remove(&token);
                    // The listener may have been left undrained for want of a free socket.
                    accepting = true;
                }
            }
        }

        if accepting {
            accept_all(&listener, poll.registry(), &mut clients, &mut next)?;
        }
    }
}

/// Accepts until it would block. Running out of sockets is no reason to stop serving.
fn accept_all(
    listener: &TcpListener,
    registry: &Registry,
    clients: &mut HashMap<Token, Client>,
    next: &mut usize,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut socket, _)) => {
                let token = Token(*next);
                *next += 1;
                registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
                clients.insert(token, Client::new(socket));
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(()),
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                _ if clients.is_empty() => return Err(error),
                _ => {
                    eprintln!("cannot accept until a client leaves: {error}");
                    return Ok(());
                }
            },
        }
    }
}

struct Client {
    socket: TcpStream,
    /// Read and not yet written back: `buffer[written..]`.
    buffer: Vec<u8>,
    written: usize,
    /// A direction is open until it would block; its next event opens it again. Remembering this
    /// is what makes it right to stop in the middle, as a full buffer does.
    readable: bool,
    writable: bool,
    /// The client has said all it will. What is left is still written to it.
    read_closed: bool,
}

impl Client {
    fn new(socket: TcpStream) -> Self {
        let buffer = Vec::new();
        Self { socket, buffer, written: 0, readable: false, writable: false, read_closed: false }
    }

    /// Moves what can be moved. Answers whether the client is still there.
    fn turn(&mut self, registry: &Registry, token: Token) -> io::Result<bool> {
        let mut moved = 0;
        while moved < TURN_BYTES {
            let now = self.fill()? + self.flush()?;
            if now == 0 {
                return Ok(!self.read_closed || self.waiting() > 0);
            }
            moved += now;
        }
        // Still going. Reregistering makes the next poll report it again, after the others.
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.reregister(&mut self.socket, token, both)?;
        Ok(true)
    }

    fn waiting(&self) -> usize {
        self.buffer.len() - self.written
    }

    /// Reads into the buffer until that is full, the client has closed or it would block.
    fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        let mut filled = 0;
        while self.readable && !self.read_closed && self.waiting() < BUFFER_BYTES {
            match self.socket.read(&mut chunk) {
                Ok(0) => self.read_closed = true,
                Ok(size) => {
                    self.buffer.extend_from_slice(&chunk[..size]);
                    filled += size;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Writes from the buffer until that is empty or it would block.
    fn flush(&mut self) -> io::Result<usize> {
        let mut flushed = 0;
        while self.writable && self.waiting() > 0 {
            match self.socket.write(&self.buffer[self.written..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(size) => {
                    self.written += size;
                    flushed += size;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.drain(..self.written);
        self.written = 0;
        Ok(flushed)
    }
}
