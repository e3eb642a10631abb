//! The measured echo server: mio's API and std, and nothing that asks which world it is in.

mod listener;

use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);

/// The largest message comes in one read.
const BUFFER_BYTES: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let mut listener = TcpListener::from_std(listener::listener()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut clients: Slab<Client> = Slab::new();
    let mut buffer = vec![0; BUFFER_BYTES];

    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            let token = event.token();
            if token == LISTENER {
                accept_all(&listener, poll.registry(), &mut clients)?;
            } else if let Some(client) = clients.get_mut(token.0) {
                let is_open = client.turn(poll.registry(), token, &mut buffer).unwrap_or(false);
                if !is_open {
                    // mio's own backend for wasip1 doesn't do this when the stream is dropped.
                    poll.registry().deregister(&mut client.stream)?;
                    clients.remove(token.0);
                }
            }
        }
    }
}

fn accept_all(listener: &TcpListener, registry: &Registry, clients: &mut Slab<Client>) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                let entry = clients.vacant_entry();
                registry.register(&mut stream, Token(entry.key()), Interest::READABLE)?;
                entry.insert(Client { stream, unsent: Vec::new() });
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(()),
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                _ => return Err(error),
            },
        }
    }
}

struct Client {
    stream: TcpStream,
    /// What the stream didn't take at once; nothing is read while there is some.
    unsent: Vec<u8>,
}

impl Client {
    /// Echoes what there is, and answers whether there can be more.
    fn turn(&mut self, registry: &Registry, token: Token, buffer: &mut [u8]) -> io::Result<bool> {
        if !self.unsent.is_empty() {
            let sent = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..sent);
            if !self.unsent.is_empty() {
                return Ok(true);
            }
            registry.reregister(&mut self.stream, token, Interest::READABLE)?;
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(size) => {
                    let sent = write(&mut self.stream, &buffer[..size])?;
                    if sent < size {
                        self.unsent.extend_from_slice(&buffer[sent..size]);
                        registry.reregister(&mut self.stream, token, Interest::WRITABLE)?;
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes until it is all written or would block, and tells how far it came.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(size) => sent += size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
