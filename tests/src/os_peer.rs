//! Peers on the operating system's sockets, for the worlds whose guests have those, too.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use anyhow::Result;

use crate::example;
use crate::peer::{Stream, Surroundings};
use crate::verdict::Heard;

/// The operating system, and the lines of one guest.
#[derive(Debug)]
pub struct Os(pub Heard);

impl Surroundings for Os {
    fn connect(&mut self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let stream = example::connect(address).map_err(io::Error::other)?;
        Ok(Box::new(OsStream(stream)))
    }

    fn next_line(&mut self) -> Result<String> {
        self.0.next_line()
    }
}

struct OsStream(TcpStream);

impl Read for OsStream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for OsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for OsStream {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    fn reset(self: Box<Self>) -> io::Result<()> {
        example::reset(self.0).map_err(io::Error::other)
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
