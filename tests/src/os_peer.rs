//! Peers on the operating system's sockets, for the worlds whose guests have those, too.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};

use anyhow::Result;
use rustix::net::sockopt::{Timeout, set_socket_timeout};

use crate::peer::{Accepted, Datagrams, Full, Listener, PATIENCE, Stream, Surroundings};
use crate::verdict::Heard;
use crate::{example, native};

/// The operating system, and the lines of one guest.
#[derive(Debug)]
pub struct Os(pub Heard);

impl Surroundings for Os {
    fn connect(&mut self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        let stream = example::connect(address).map_err(io::Error::other)?;
        Ok(Box::new(OsStream(stream)))
    }

    fn listen(&mut self, ip: IpAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(OsListener::new(ip)?))
    }

    fn listen_full(&mut self) -> io::Result<Full> {
        let listener = OsListener::new(native::unshared_ip())?;
        // There is room for one more than it is told.
        rustix::net::listen(&listener.0, 0)?;
        let stream = self.connect(listener.address()?)?;
        Ok((Box::new(listener), vec![stream]))
    }

    fn bind(&mut self, ip: IpAddr) -> io::Result<Box<dyn Datagrams>> {
        let socket = UdpSocket::bind((ip, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Box::new(OsDatagrams(socket)))
    }

    fn nobody(&mut self) -> io::Result<SocketAddr> {
        TcpListener::bind((native::unshared_ip(), 0))?.local_addr()
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

struct OsListener(TcpListener);

impl OsListener {
    fn new(ip: IpAddr) -> io::Result<OsListener> {
        let listener = TcpListener::bind((ip, 0))?;
        // It holds for accepting, too.
        set_socket_timeout(&listener, Timeout::Recv, Some(PATIENCE))?;
        Ok(OsListener(listener))
    }
}

impl Listener for OsListener {
    fn accept(&mut self) -> io::Result<Accepted> {
        let (stream, address) = self.0.accept()?;
        Ok((Box::new(OsStream(example::bounded(stream)?)), address))
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

struct OsDatagrams(UdpSocket);

impl Datagrams for OsDatagrams {
    fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.0.send_to(bytes, to)
    }

    fn receive_from(&mut self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.recv_from(bytes)
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}
