//! Clients of an echo server: each sends its next message when the last one has come back whole.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// Nothing comes back for so long: the server hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The busy clients.
#[derive(Debug)]
pub struct Echo {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    message: Vec<u8>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    /// Bytes of the message that are on their way, and that came back.
    sent: usize,
    received: usize,
}

impl Echo {
    /// Connects them, and has each message come back once, by which the server has accepted all who came before.
    ///
    /// # Errors
    /// When the server doesn't accept or answer.
    pub fn connect(address: SocketAddr, count: usize, message_bytes: usize, limit: Duration) -> Result<Echo> {
        let poll = Poll::new()?;
        let mut clients = Vec::with_capacity(count);
        for token in 0..count {
            let stream = std::net::TcpStream::connect_timeout(&address, limit)
                .with_context(|| format!("busy connection {token} to {address}"))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let mut stream = TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(token), both)?;
            clients.push(Client { stream, sent: 0, received: 0 });
        }
        let message = (0..=u8::MAX).cycle().take(message_bytes).collect();
        let buffer = vec![0; message_bytes.max(16 * 1024)];
        let mut echo = Echo { poll, events: Events::with_capacity(1024), clients, message, buffer };
        for client in &mut echo.clients {
            client.send(&echo.message)?;
        }
        let first_answers = Instant::now();
        let mut answered = 0;
        while answered < count as u64 {
            ensure!(first_answers.elapsed() < limit, "{answered} of {count} first messages came back");
            answered += echo.turn()?;
        }
        Ok(echo)
    }

    /// Goes on for a span, and tells how many messages came back.
    ///
    /// # Errors
    /// When a connection is lost, or another message comes back.
    pub fn run(&mut self, span: Duration) -> Result<u64> {
        let begun = Instant::now();
        let mut answered = 0;
        while begun.elapsed() < span {
            answered += self.turn()?;
        }
        Ok(answered)
    }

    /// Serves what one poll tells of.
    fn turn(&mut self) -> Result<u64> {
        match self.poll.poll(&mut self.events, Some(PATIENCE)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(0),
            polled => polled?,
        }
        if self.events.is_empty() {
            bail!("the server answered nothing for {PATIENCE:?}");
        }
        let mut answered = 0;
        for event in &self.events {
            let client = &mut self.clients[event.token().0];
            if client.received(&mut self.buffer, &self.message)? {
                (client.sent, client.received) = (0, 0);
                answered += 1;
            }
            client.send(&self.message)?;
        }
        Ok(answered)
    }
}

impl Client {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        while self.sent < message.len() {
            match self.stream.write(&message[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what there is, and answers whether that makes the message whole.
    fn received(&mut self, buffer: &mut [u8], message: &[u8]) -> Result<bool> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(bytes) => {
                    let expected = message.get(self.received..self.received + bytes);
                    ensure!(expected == Some(&buffer[..bytes]), "not what was sent came back");
                    self.received += bytes;
                    if self.received == message.len() {
                        return Ok(true);
                    }
                    // Less than there was room for: it is drained.
                    if bytes < buffer.len() {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
