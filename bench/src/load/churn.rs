//! Clients that come, say one message, hear it back and go.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

/// How many are under way at a time.
const AT_ONCE: usize = 32;
const MESSAGE: [u8; 64] = [b'm'; 64];
/// Nothing happens for so long: the server hangs.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Visit {
    stream: TcpStream,
    is_sent: bool,
    received: usize,
}

/// Keeps them coming for a span, calling `begun` after `warm_up`, and tells how many were served since.
///
/// # Errors
/// When one is refused or lost.
pub fn churn(
    address: SocketAddr,
    warm_up: Duration,
    span: Duration,
    begun: impl FnOnce() -> Result<()>,
) -> Result<u64> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(AT_ONCE);
    let mut comers = 0;
    let mut visits = Vec::with_capacity(AT_ONCE);
    for place in 0..AT_ONCE {
        visits.push(visit(&poll, address, place, &mut comers)?);
    }
    let mut begun = Some(begun);
    let mut since = Instant::now();
    let mut served = 0;
    while begun.is_some() || since.elapsed() < span {
        if since.elapsed() >= warm_up
            && let Some(begun) = begun.take()
        {
            begun()?;
            (since, served) = (Instant::now(), 0);
        }
        match poll.poll(&mut events, Some(PATIENCE)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        ensure!(!events.is_empty(), "the server did nothing for {PATIENCE:?}");
        for event in &events {
            let place = event.token().0;
            if visits[place].is_over()? {
                served += 1;
                // The old one is closed by this.
                visits[place] = visit(&poll, address, place, &mut comers)?;
            }
        }
    }
    Ok(served)
}

/// Connects from one address after another: the ports of a single one, each of which rests for a while after its
/// connection, would not last.
fn visit(poll: &Poll, address: SocketAddr, place: usize, comers: &mut usize) -> Result<Visit> {
    const SOURCES: usize = 200;
    let source = Ipv4Addr::new(127, 0, 0, 2 + (*comers % SOURCES) as u8);
    *comers += 1;
    let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from(SocketAddrV4::new(source, 0)).into())?;
    match socket.connect(&address.into()) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        connecting => connecting.with_context(|| format!("connect to {address} from {source}"))?,
    }
    socket.set_tcp_nodelay(true)?;
    let mut stream = TcpStream::from_std(socket.into());
    poll.registry().register(&mut stream, Token(place), Interest::READABLE | Interest::WRITABLE)?;
    Ok(Visit { stream, is_sent: false, received: 0 })
}

impl Visit {
    /// Goes on with it, and answers whether the message has come back.
    fn is_over(&mut self) -> Result<bool> {
        if !self.is_sent {
            match self.stream.write(&MESSAGE) {
                Ok(bytes) => ensure!(bytes == MESSAGE.len(), "a new connection takes {bytes} bytes"),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    return Ok(false);
                }
                Err(error) => return Err(error).context("the first message"),
            }
            self.is_sent = true;
        }
        let mut buffer = [0; 2 * MESSAGE.len()];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server closed a connection"),
                Ok(bytes) => self.received += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error).context("the answer"),
            }
            if self.received == MESSAGE.len() {
                return Ok(true);
            }
        }
    }
}
