//! A small HTTP/1.1 server that answers every request with a greeting, and lets nobody keep a connection by being slow:
//! a request that isn't there within ten seconds is answered 408, and the connection closed.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(0);

/// How long the head of a request may take, and how long an answer may wait to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A longer head is no request.
const HEAD_BYTES: usize = 8 * 1024;

const GREETING: &str = "hello from a readiness loop\n";

fn main() -> Result<()> {
    let address = env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let address = address.parse().context("an address looks like 127.0.0.1:8080")?;

    let mut listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr().unwrap_or(address));

    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut events = Events::with_capacity(256);
    let mut server = Server::default();
    loop {
        match poll.poll(&mut events, server.patience()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            if event.token() == LISTENER {
                server.welcome(&listener, poll.registry())?;
            } else {
                server.serve(event.token());
            }
        }
        server.give_up_on_the_slow();
    }
}

/// Everybody who is connected.
#[derive(Default)]
struct Server {
    clients: BTreeMap<Token, Client>,
    last: usize,
}

struct Client {
    socket: TcpStream,
    head: Vec<u8>,
    answer: Vec<u8>,
    /// When it has been too slow.
    deadline: Instant,
    /// It is closed when it has its answer.
    last_answer: bool,
}

impl Server {
    /// Until the next client has been too slow.
    fn patience(&self) -> Option<Duration> {
        let first = self.clients.values().map(|client| client.deadline).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }

    fn welcome(&mut self, listener: &TcpListener, registry: &Registry) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok((mut socket, _)) => {
                    self.last += 1;
                    let token = Token(self.last);
                    registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
                    let deadline = Instant::now() + PATIENCE;
                    let (head, answer) = (Vec::new(), Vec::new());
                    self.clients.insert(token, Client { socket, head, answer, deadline, last_answer: false });
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

    /// Reads until it would block, answers what was asked, and writes until it would block.
    fn serve(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else { return };
        if client.read().is_err() || client.write().is_err() {
            // Dropping a socket closes it and takes it out of the poll.
            self.clients.remove(&token);
        }
    }

    fn give_up_on_the_slow(&mut self) {
        let now = Instant::now();
        self.clients.retain(|_, client| {
            let late = client.deadline <= now;
            if late && !client.last_answer {
                client.respond("408 Request Timeout", "too slow\n", true);
                client.deadline = now + PATIENCE;
                return client.write().is_ok();
            }
            !late
        });
    }
}

impl Client {
    /// An error means that nothing more is to be done for it.
    fn read(&mut self) -> io::Result<()> {
        let mut chunk = [0; 1024];
        loop {
            match self.socket.read(&mut chunk) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                // After its last answer nobody listens.
                Ok(_) if self.last_answer => {}
                Ok(size) => {
                    self.head.extend_from_slice(&chunk[..size]);
                    self.answer_what_is_whole();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn answer_what_is_whole(&mut self) {
        while let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = self.head.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            self.deadline = Instant::now() + PATIENCE;
            let close = head.contains("\r\nconnection: close");
            match head.split(' ').next() {
                Some("get") => self.respond("200 OK", GREETING, close),
                _ => self.respond("405 Method Not Allowed", "only GET\n", true),
            }
        }
        if self.head.len() > HEAD_BYTES && !self.last_answer {
            self.respond("431 Request Header Fields Too Large", "too long\n", true);
        }
    }

    fn respond(&mut self, status: &str, body: &str, close: bool) {
        let connection = if close { "close" } else { "keep-alive" };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n",
            body.len()
        );
        self.answer.extend_from_slice(head.as_bytes());
        self.answer.extend_from_slice(body.as_bytes());
        self.last_answer |= close;
    }

    fn write(&mut self) -> io::Result<()> {
        while !self.answer.is_empty() {
            match self.socket.write(&self.answer) {
                Ok(size) => drop(self.answer.drain(..size)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.last_answer { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}
