//! An echo server on stock mio, as one writes it for `wasm32-wasip1`: its listener is fd 3.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::FromRawFd;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);

fn main() -> io::Result<()> {
    // SAFETY: the host preopens a listener there, and nothing else in this program takes it.
    let listener = unsafe { std::net::TcpListener::from_raw_fd(3) };
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(64);
    let mut streams: HashMap<Token, TcpStream> = HashMap::new();
    let mut next = 1;
    println!("ready");

    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let token = event.token();
            if token == LISTENER {
                loop {
                    match listener.accept() {
                        Ok((mut stream, _)) => {
                            poll.registry().register(&mut stream, Token(next), Interest::READABLE)?;
                            streams.insert(Token(next), stream);
                            next += 1;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                }
            } else if let Some(stream) = streams.get_mut(&token) {
                if !echo(stream) {
                    // mio's backend for wasip1 doesn't do this when the stream is dropped.
                    poll.registry().deregister(stream)?;
                    streams.remove(&token);
                }
            }
        }
    }
}

/// Echoes what there is, and answers whether there can be more. Small messages: they always fit.
fn echo(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(size) => {
                if stream.write_all(&buffer[..size]).is_err() {
                    return false;
                }
            }
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}
