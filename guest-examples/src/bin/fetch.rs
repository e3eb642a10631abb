//! Fetches a page over HTTP by its server's name, `fetch localhost:8080 /index.html`, on a poll loop, and prints it as a whole.
//! Looking the name up waits; nothing after it does.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// The connection: there is one at a time.
const SERVER: Token = Token(0);

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let server = args.next().context("say where from: fetch HOST:PORT [PATH]")?;
    let path = args.next().unwrap_or("/".into());

    // Of several addresses, the first that answers.
    let mut refused = None;
    for address in look_up(&server)? {
        match Fetch::connect(address) {
            Ok(fetch) => return fetch.print(&server, &path),
            Err(error) => refused = Some(error.context(format!("{server} at {address}"))),
        }
    }
    Err(refused.unwrap_or_else(|| anyhow::anyhow!("{server} has no address")))
}

/// The addresses of `HOST:PORT`.
fn look_up(server: &str) -> Result<Vec<SocketAddr>> {
    match server.to_socket_addrs() {
        Ok(addresses) => return Ok(addresses.collect()),
        // Where the standard library has no resolver, a host may have one.
        Err(error) if error.kind() == ErrorKind::Unsupported => {}
        Err(error) => return Err(error).context(server.to_owned()),
    }
    let (name, port) = server.rsplit_once(':').context("a server looks like localhost:8080")?;
    let port = port.parse().context("a port is a number")?;
    // A name's addresses are what the link of that name in the network directory points to.
    let link = fs::read_link(Path::new("/net/dns").join(name)).with_context(|| {
        format!("cannot look {name} up; `wasi-poll run` grants it with --allow-dns {name}")
    })?;
    let addresses = link.to_str().context("addresses are text")?.split(',');
    addresses.map(|ip| Ok(SocketAddr::new(ip.parse::<IpAddr>()?, port))).collect()
}

/// A connection and the poll it is registered with.
struct Fetch {
    stream: TcpStream,
    poll: Poll,
    events: Events,
}

impl Fetch {
    /// Connects.
    fn connect(address: SocketAddr) -> Result<Fetch> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(8));
        let mut stream = TcpStream::connect(address)?;
        poll.registry().register(&mut stream, SERVER, Interest::READABLE | Interest::WRITABLE)?;
        let mut fetch = Fetch { stream, poll, events };
        loop {
            fetch.wait()?;
            if let Some(error) = fetch.stream.take_error()? {
                return Err(error.into());
            }
            match fetch.stream.peer_addr() {
                Ok(_) => return Ok(fetch),
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Asks for the page, and prints it.
    fn print(mut self, server: &str, path: &str) -> Result<()> {
        let request = format!("GET {path} HTTP/1.0\r\nHost: {server}\r\nConnection: close\r\n\r\n");
        let mut rest = request.as_bytes();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(size) => rest = &rest[size..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("ask"),
            }
        }
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(size) => answer.extend_from_slice(&chunk[..size]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("read the answer"),
            }
        }
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer has no end")?;
        let status = String::from_utf8_lossy(&answer[..end]).lines().next().unwrap_or_default().to_owned();
        ensure!(status.split(' ').nth(1) == Some("200"), "{server} answered {status:?}");
        io::stdout().write_all(&answer[end + 4..])?;
        Ok(())
    }

    /// Waits until something happens to the connection.
    fn wait(&mut self) -> Result<()> {
        match self.poll.poll(&mut self.events, Some(PATIENCE)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Ok(()) if self.events.is_empty() => bail!("nothing was heard in {PATIENCE:?}"),
            result => Ok(result?),
        }
    }
}
