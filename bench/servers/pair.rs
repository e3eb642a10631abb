//! A server and its one client in a single program, whose instructions can be counted: the second argument says how many
//! messages go there and come back. Only the server's end is polled.

mod listener;

use std::env;
use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);
const SERVED: Token = Token(1);
const MESSAGE: [u8; 512] = [b'm'; 512];

fn main() -> io::Result<()> {
    let messages: u32 = env::args().nth(2).and_then(|number| number.parse().ok()).unwrap_or(1);
    let mut listener = TcpListener::from_std(listener::listener()?);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    poll.poll(&mut events, None)?;
    let (mut served, _) = listener.accept()?;
    poll.registry().register(&mut served, SERVED, Interest::READABLE)?;

    let mut buffer = [0; 4096];
    for _ in 0..messages {
        client.write_all(&MESSAGE)?;
        while !events.iter().any(|event| event.token() == SERVED) {
            poll.poll(&mut events, None)?;
        }
        events.clear();
        loop {
            match served.read(&mut buffer) {
                Ok(bytes) => served.write_all(&buffer[..bytes])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        client.read_exact(&mut buffer[..MESSAGE.len()])?;
    }
    Ok(())
}
