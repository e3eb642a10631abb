//! A listener, a token per socket, and reads until they would block: mio's `Token` example as a server of its own.
//! It prints what happened in the order it happened, so that two worlds can be compared line by line.

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read};

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// After this many sockets, the next one ends the program.
const MAX_SOCKETS: usize = 32;

/// No socket's token: theirs count up from 0.
const LISTENER: Token = Token(1024);

fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;

    let mut listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr().unwrap_or(address));

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(128);
    let mut sockets = HashMap::new();
    let mut accepted = 0;
    let mut bytes = 0;

    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }

        for event in &events {
            if event.token() == LISTENER {
                print!("listener: ");
                while let Some(mut socket) = accept(&listener)? {
                    if accepted == MAX_SOCKETS {
                        println!("accepted one more");
                        println!("done: {accepted} sockets, {bytes} bytes");
                        return Ok(());
                    }
                    let token = Token(accepted);
                    accepted += 1;
                    poll.registry().register(&mut socket, token, Interest::READABLE)?;
                    sockets.insert(token, socket);
                    print!("accepted token {}, ", token.0);
                }
                println!("would block");
            } else if let Some(socket) = sockets.get_mut(&event.token()) {
                print!("token {}: ", event.token().0);
                let (read, open) = read_all(socket)?;
                println!("{}", if open { "would block" } else { "closed" });
                bytes += read;
                if !open {
                    // Dropping a socket closes it and takes it out of the poll.
                    sockets.remove(&event.token());
                }
            }
        }
    }
}

/// The next pending connection, or `None` when accepting would block.
fn accept(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    loop {
        match listener.accept() {
            Ok((socket, _)) => return Ok(Some(socket)),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => return Ok(None),
                // The second: the client gave up before it was accepted.
                ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                _ => return Err(error),
            },
        }
    }
}

/// Reads until it would block or the peer has closed: an event comes once, however many bytes wait.
/// Returns how many bytes there were, and whether more can follow.
fn read_all(socket: &mut TcpStream) -> io::Result<(usize, bool)> {
    // Smaller than some of the messages, so that one event takes several reads.
    let mut buffer = [0; 256];
    let mut bytes = 0;
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => return Ok((bytes, false)),
            Ok(read) => {
                print!("read {read}, ");
                bytes += read;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok((bytes, true)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
