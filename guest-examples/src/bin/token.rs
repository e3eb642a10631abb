//! mio's `Token` example as one program without threads: who connects does so in the same event loop as who accepts.
//! A token per socket; each step waits for what the one before it led to, so every run prints the same.

use std::collections::HashMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

/// After this many sockets, the next one ends the program.
const MAX_SOCKETS: usize = 32;

/// No accepted socket's token: theirs count up from 0.
const LISTENER: Token = Token(1024);

/// Of the client that is connecting. There is one at a time.
const CLIENT: Token = Token(1025);

/// What the messages are long, in turns.
const SIZES: [usize; 7] = [1, 17, 255, 256, 257, 100, 512];

fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;

    let mut listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    println!("listening on {address}");

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(128);
    let mut sockets: HashMap<Token, TcpStream> = HashMap::new();
    let mut accepted = 0;
    let mut bytes = 0;

    let mut clients = Clients { address, sockets: Vec::new() };
    let mut steps = steps();
    // How many events are still to come of the last step.
    let mut awaited = 0;

    loop {
        if awaited == 0 {
            let step = steps.next().context("the last step was to end this")?;
            awaited = clients.take(step, poll.registry())?;
        }

        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }

        for event in &events {
            match event.token() {
                LISTENER => loop {
                    match listener.accept() {
                        Ok(_) if accepted == MAX_SOCKETS => {
                            println!("listener: accepted one more");
                            println!("done: {accepted} sockets, {bytes} bytes");
                            return Ok(());
                        }
                        Ok((mut socket, peer)) => {
                            let token = Token(accepted);
                            accepted += 1;
                            poll.registry().register(&mut socket, token, Interest::READABLE)?;
                            sockets.insert(token, socket);
                            println!("listener: accepted token {}", token.0);
                            ensure!(clients.latest()?.local_addr()? == peer, "{peer} is a stranger");
                            awaited -= 1;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => return Err(error.into()),
                    }
                },
                CLIENT => {
                    if clients.is_connected()? {
                        poll.registry().deregister(clients.latest()?)?;
                        awaited -= 1;
                    }
                }
                token => {
                    let Some(socket) = sockets.get_mut(&token) else { continue };
                    print!("token {}: ", token.0);
                    let (read, open) = read_all(socket)?;
                    println!("{}", if open { "would block" } else { "closed" });
                    bytes += read;
                    if !open {
                        sockets.remove(&token);
                    }
                    awaited -= 1;
                }
            }
        }
    }
}

/// What the clients do, one step after the other.
#[derive(Clone, Copy)]
enum Step {
    Connect,
    Send { client: usize, bytes: usize },
    Close { client: usize },
}

/// All of them connect; then they send, then close, each time in another order; and one more connects.
fn steps() -> impl Iterator<Item = Step> {
    let connect = (0..MAX_SOCKETS).map(|_| Step::Connect);
    let send = (0..MAX_SOCKETS)
        .map(|turn| Step::Send { client: turn * 11 % MAX_SOCKETS, bytes: SIZES[turn % SIZES.len()] });
    let close = (0..MAX_SOCKETS).map(|turn| Step::Close { client: (turn * 7 + 3) % MAX_SOCKETS });
    connect.chain(send).chain(close).chain([Step::Connect])
}

struct Clients {
    address: SocketAddr,
    /// In the order they connected; a closed one is gone.
    sockets: Vec<Option<TcpStream>>,
}

impl Clients {
    /// Takes a step, and tells how many events are to come of it.
    fn take(&mut self, step: Step, registry: &Registry) -> Result<usize> {
        match step {
            Step::Connect => {
                let mut socket = TcpStream::connect(self.address)?;
                // Both ends will tell: this one that it is connected, the listener that somebody is there.
                registry.register(&mut socket, CLIENT, Interest::WRITABLE)?;
                self.sockets.push(Some(socket));
                return Ok(2);
            }
            Step::Send { client, bytes } => {
                println!("client {client}: sends {bytes}");
                let socket = self.sockets[client].as_mut().context("it closes later")?;
                socket.write_all(&vec![b'm'; bytes])?;
            }
            Step::Close { client } => {
                println!("client {client}: closes");
                self.sockets[client] = None;
            }
        }
        Ok(1)
    }

    /// The one that connected last, or is about to.
    fn latest(&mut self) -> Result<&mut TcpStream> {
        self.sockets.last_mut().and_then(Option::as_mut).context("nobody has connected")
    }

    /// Whether that one is connected now.
    fn is_connected(&mut self) -> Result<bool> {
        let socket = self.latest()?;
        if let Some(error) = socket.take_error()? {
            return Err(error.into());
        }
        match socket.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            peer => Ok(peer.map(|_| true)?),
        }
    }
}

/// Reads until it would block or the peer has closed. Returns how many bytes there were, and whether more can follow.
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
