//! What a guest half is given: its grants, a way to say where it is, and the steps that many of them begin with.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use mio::net::{TcpListener, TcpStream};

use crate::watch::{READ, Watch};
use crate::world::World;

/// This machine alone, and whichever port is free.
pub const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The half of a case that runs in the world under test.
pub struct Guest {
    world: World,
    directory: Option<PathBuf>,
    addresses: Vec<SocketAddr>,
    say: Box<dyn FnMut(&str)>,
}

impl fmt::Debug for Guest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guest").field("world", &self.world).finish_non_exhaustive()
    }
}

impl Guest {
    /// A guest half's surroundings. `say` gets each line it says.
    pub fn new(
        world: World,
        directory: Option<PathBuf>,
        addresses: Vec<SocketAddr>,
        say: impl FnMut(&str) + 'static,
    ) -> Guest {
        Guest { world, directory, addresses, say: Box::new(say) }
    }

    /// Where it runs. For the few cases whose answer is another one in another world.
    pub fn world(&self) -> World {
        self.world
    }

    /// Its directory.
    ///
    /// # Errors
    /// When the case doesn't ask for one.
    pub fn directory(&self) -> Result<&Path> {
        self.directory.as_deref().context("the case has no directory")
    }

    /// The addresses it may bind, in the order they were granted.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Tells the peer half something, usually how far it is.
    pub fn say(&mut self, line: impl Display) {
        (self.say)(&line.to_string());
    }

    /// Binds the first listener, or one of its own where none was opened for it, and tells the peer half its
    /// address.
    ///
    /// # Errors
    /// Those of `TcpListener::bind`.
    pub fn listen(&mut self) -> Result<TcpListener> {
        let address = self.addresses.first().copied().unwrap_or(ANY_PORT);
        let listener = TcpListener::bind(address).with_context(|| format!("bind {address}"))?;
        self.say(format_args!("listening on {}", listener.local_addr()?));
        Ok(listener)
    }

    /// Listens, and accepts one connection. Nothing is registered.
    ///
    /// # Errors
    /// When it doesn't come.
    pub fn connection(&mut self) -> Result<(Watch, TcpStream)> {
        let (watch, mut streams) = self.connections(1)?;
        Ok((watch, streams.remove(0)))
    }

    /// Listens, accepts one connection, and reads the address that the peer tells on it. Nothing is registered.
    ///
    /// # Errors
    /// When it doesn't come.
    pub fn told(&mut self) -> Result<(Watch, TcpStream, SocketAddr)> {
        let (mut watch, mut stream) = self.connection()?;
        watch.add(&mut stream, 0, READ)?;
        watch.next_is(0)?;
        let address = String::from_utf8(drain(&mut stream)?)?.parse()?;
        watch.remove(&mut stream)?;
        Ok((watch, stream, address))
    }

    /// Listens, and accepts this many connections, in the order they were made. Nothing is registered.
    ///
    /// # Errors
    /// When they don't come.
    pub fn connections(&mut self, count: usize) -> Result<(Watch, Vec<TcpStream>)> {
        let mut watch = Watch::new()?;
        let mut listener = self.listen()?;
        watch.add(&mut listener, 0, READ)?;
        let mut streams = Vec::new();
        while streams.len() < count {
            watch.next_is(0)?;
            loop {
                match listener.accept() {
                    Ok((stream, _)) => streams.push(stream),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        ensure!(streams.len() == count, "{count} connections were to come, not {}", streams.len());
        watch.remove(&mut listener)?;
        Ok((watch, streams))
    }
}

/// Reads until it would block. The stream must still be open.
///
/// # Errors
/// When it is closed, or broken.
pub fn drain(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match read_on(stream, &mut bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(bytes),
        Err(error) => Err(error).context("drain"),
        Ok(()) => anyhow::bail!("the stream ended after {bytes:?}"),
    }
}

/// Reads until the peer's close. The caller knows that it is there.
///
/// # Errors
/// When it isn't.
pub fn until_closed(stream: &mut TcpStream) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    read_on(stream, &mut bytes).with_context(|| format!("a close was to follow {bytes:?}"))?;
    Ok(bytes)
}

fn read_on(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(size) => bytes.extend_from_slice(&chunk[..size]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes a few bytes to a stream that has room for them.
///
/// # Errors
/// When it hasn't.
pub fn put(stream: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    let size = stream.write(bytes).context("put")?;
    ensure!(size == bytes.len(), "put {size} of {} bytes", bytes.len());
    Ok(())
}
