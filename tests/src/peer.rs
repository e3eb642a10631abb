//! What a peer half is given: connections to the guest's listeners, and what the guest says.
//! It names no operating system, so that the same half can be a peer on a deterministic network.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The other end of one of the guest's streams. Everything blocks, but not for ever.
pub trait Stream: Read + Write + Send {
    /// Ends one direction or both.
    ///
    /// # Errors
    /// When it isn't connected.
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()>;

    /// Closes it at once and throws away what wasn't sent: the guest meets a reset.
    ///
    /// # Errors
    /// When it can't be told to.
    fn reset(self: Box<Self>) -> io::Result<()>;

    /// This end's address.
    ///
    /// # Errors
    /// When it isn't known.
    fn address(&self) -> io::Result<SocketAddr>;
}

/// A listener of the peer's, for guests to connect to. Accepting waits, but not for ever.
pub trait Listener: Send {
    /// Takes the next connection, and tells its other end's address.
    ///
    /// # Errors
    /// When none comes.
    fn accept(&mut self) -> io::Result<Accepted>;

    /// Where it listens.
    ///
    /// # Errors
    /// When it isn't known.
    fn address(&self) -> io::Result<SocketAddr>;
}

/// A connection, and its other end's address.
pub type Accepted = (Box<dyn Stream>, SocketAddr);

/// A listener that has no room for one more connection, and those that fill it.
pub type Full = (Box<dyn Listener>, Vec<Box<dyn Stream>>);

/// A datagram socket of the peer's. Receiving waits, but not for ever.
pub trait Datagrams: Send {
    /// Sends one.
    ///
    /// # Errors
    /// When it can't be sent.
    fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize>;

    /// Receives one, and tells who sent it.
    ///
    /// # Errors
    /// When none comes.
    fn receive_from(&mut self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    /// Where it is bound.
    ///
    /// # Errors
    /// When it isn't known.
    fn address(&self) -> io::Result<SocketAddr>;
}

/// What peers stand on, in one world.
pub trait Surroundings {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    fn connect(&mut self, address: SocketAddr) -> io::Result<Box<dyn Stream>>;

    /// Listens on a port of its own.
    ///
    /// # Errors
    /// When there is none.
    fn listen(&mut self, ip: IpAddr) -> io::Result<Box<dyn Listener>>;

    /// Listens, and takes all the room that the listener has for connections.
    ///
    /// # Errors
    /// When it can't listen, or connect.
    fn listen_full(&mut self) -> io::Result<Full>;

    /// Opens a datagram socket on a port of its own.
    ///
    /// # Errors
    /// When there is none.
    fn bind(&mut self, ip: IpAddr) -> io::Result<Box<dyn Datagrams>>;

    /// An address where nobody is.
    ///
    /// # Errors
    /// When there is none.
    fn nobody(&mut self) -> io::Result<SocketAddr>;

    /// The next line that the guest says.
    ///
    /// # Errors
    /// When it ends, or is silent for too long.
    fn next_line(&mut self) -> Result<String>;
}

/// The other end of the guest's sockets.
pub struct Peer {
    surroundings: Box<dyn Surroundings>,
    listener: Option<SocketAddr>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl Peer {
    /// A peer in these surroundings.
    pub fn new(surroundings: impl Surroundings + 'static) -> Peer {
        Peer { surroundings: Box::new(surroundings), listener: None }
    }

    /// Connects to the listener the guest told of first.
    ///
    /// # Errors
    /// When it tells of none, or the connection fails.
    pub fn connect(&mut self) -> Result<Box<dyn Stream>> {
        let address = match self.listener {
            Some(address) => address,
            None => self.hear("listening on ")?.parse()?,
        };
        self.listener = Some(address);
        self.connect_to(address)
    }

    /// Connects to an address.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn connect_to(&mut self, address: SocketAddr) -> Result<Box<dyn Stream>> {
        self.surroundings.connect(address).with_context(|| format!("connect to {address}"))
    }

    /// Connects, and tells the guest an address on that connection.
    ///
    /// # Errors
    /// When the connection fails.
    pub fn tell(&mut self, address: SocketAddr) -> Result<Box<dyn Stream>> {
        let mut stream = self.connect()?;
        stream.write_all(address.to_string().as_bytes())?;
        Ok(stream)
    }

    /// Listens, and tells the guest where. The connection that it was told on is to be kept.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn listen(&mut self) -> Result<(Box<dyn Listener>, Box<dyn Stream>)> {
        let listener = self.surroundings.listen(LOOPBACK)?;
        let told = self.tell(listener.address()?)?;
        Ok((listener, told))
    }

    /// Listens where there is room for none, and tells the guest where.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn listen_full(&mut self) -> Result<(Full, Box<dyn Stream>)> {
        let full = self.surroundings.listen_full()?;
        let told = self.tell(full.0.address()?)?;
        Ok((full, told))
    }

    /// Opens a datagram socket, and tells the guest its address.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn bind(&mut self) -> Result<(Box<dyn Datagrams>, Box<dyn Stream>)> {
        let socket = self.bind_to(LOOPBACK)?;
        let told = self.tell(socket.address()?)?;
        Ok((socket, told))
    }

    /// Opens a datagram socket, and tells nobody.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn bind_to(&mut self, ip: IpAddr) -> Result<Box<dyn Datagrams>> {
        self.surroundings.bind(ip).with_context(|| format!("bind to {ip}"))
    }

    /// Tells the guest an address where nobody is.
    ///
    /// # Errors
    /// When there is none.
    pub fn nobody(&mut self) -> Result<Box<dyn Stream>> {
        let address = self.surroundings.nobody()?;
        self.tell(address)
    }

    /// Waits until the guest says exactly this.
    ///
    /// # Errors
    /// When it says something else, ends, or is silent for too long.
    pub fn wait_for(&mut self, line: &str) -> Result<()> {
        let rest = self.hear(line)?;
        ensure!(rest.is_empty(), "the guest was to say {line:?}, and went on with {rest:?}");
        Ok(())
    }

    /// Waits for a line that begins like this, and returns what follows.
    ///
    /// # Errors
    /// When the guest says something else, ends, or is silent for too long.
    pub fn hear(&mut self, beginning: &str) -> Result<String> {
        let line = self.surroundings.next_line().with_context(|| format!("wait for {beginning:?}"))?;
        let rest = line.strip_prefix(beginning);
        let rest = rest.with_context(|| format!("the guest was to say {beginning:?}, not {line:?}"))?;
        Ok(rest.into())
    }
}

/// Where peers are, unless it matters.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How long a peer waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Reads exactly these bytes.
///
/// # Errors
/// When others come, or none.
pub fn expect(stream: &mut dyn Stream, bytes: &[u8]) -> Result<()> {
    let mut got = vec![0; bytes.len()];
    stream.read_exact(&mut got).with_context(|| format!("wait for {} bytes", bytes.len()))?;
    ensure!(got == bytes, "expected {bytes:?}, got {got:?}");
    Ok(())
}

/// Reads until the guest closes, and returns how many bytes there were.
///
/// # Errors
/// When it resets the connection, or is silent for too long.
pub fn read_to_end(stream: &mut dyn Stream) -> Result<usize> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).context("read until the guest closes")?;
    Ok(bytes.len())
}

/// Receives exactly this datagram, and tells who sent it.
///
/// # Errors
/// When another comes, or none.
pub fn expect_datagram(socket: &mut dyn Datagrams, bytes: &[u8]) -> Result<SocketAddr> {
    let mut got = vec![0; bytes.len() + 1];
    let (size, from) = socket.receive_from(&mut got).with_context(|| format!("wait for {bytes:?}"))?;
    ensure!(got[..size] == *bytes, "expected {bytes:?}, got {:?}", &got[..size]);
    Ok(from)
}
