//! The peer's side of the network: its ends of streams, its listeners and its datagram sockets, which block by
//! handing the baton over.

use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};

use anyhow::Result;
use wasi_poll_preview1::{Errno, MemoryNetwork, Network, SocketId};

use super::{BACKLOG, Lockstep, error_of};
use crate::peer::{Accepted, Datagrams, Full, Listener, Stream, Surroundings};

impl Surroundings for Lockstep {
    fn connect(&mut self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(self.own(|network| network.connect(address))?))
    }

    fn listen(&mut self, ip: IpAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(self.own(|network| Ok(network.listen((ip, 0).into())?.0))?))
    }

    fn listen_full(&mut self) -> io::Result<Full> {
        let listener = Surroundings::listen(self, [127, 0, 0, 1].into())?;
        let address = listener.address()?;
        let streams =
            (0..BACKLOG).map(|_| Surroundings::connect(self, address)).collect::<io::Result<_>>()?;
        Ok((listener, streams))
    }

    fn bind(&mut self, ip: IpAddr) -> io::Result<Box<dyn Datagrams>> {
        Ok(Box::new(self.own(|network| Ok(Network::bind(network, (ip, 0).into())?.0))?))
    }

    fn nobody(&mut self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 9).into())
    }

    fn next_line(&mut self) -> Result<String> {
        // The first thing a peer half does: the guest has the baton until it comes here.
        let mut state = self.turn_of_peer(self.lock())?;
        loop {
            match state.lines.pop_front() {
                Some(line) => return Ok(line),
                None => state = self.hand_to_guest(state)?,
            }
        }
    }
}

impl Lockstep {
    /// Opens a socket of the peer's.
    fn own(&self, open: impl FnOnce(&mut MemoryNetwork) -> Result<SocketId, Errno>) -> io::Result<End> {
        let mut state = self.turn_of_peer(self.lock())?;
        let socket = open(&mut state.network).map_err(error_of)?;
        state.peers.insert(socket);
        Ok(End { socket, lockstep: self.clone() })
    }
}

/// One of the peer's sockets.
struct End {
    socket: SocketId,
    lockstep: Lockstep,
}

impl Read for End {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        self.lockstep.blocking(|network| network.receive(self.socket, bytes, false))
    }
}

impl Write for End {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lockstep.blocking(|network| network.send(self.socket, &[IoSlice::new(bytes)]))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for End {
    fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        self.lockstep.blocking(|network| network.shutdown(self.socket, how))
    }

    fn reset(self: Box<Self>) -> io::Result<()> {
        self.lockstep.lock().network.reset(self.socket);
        Ok(())
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.local()
    }
}

impl Listener for End {
    fn accept(&mut self) -> io::Result<Accepted> {
        let (socket, address) = self.lockstep.blocking(|network| network.accept(self.socket))?;
        self.lockstep.lock().peers.insert(socket);
        Ok((Box::new(End { socket, lockstep: self.lockstep.clone() }), address))
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.local()
    }
}

impl Datagrams for End {
    fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        self.lockstep.blocking(|network| network.send_datagram(self.socket, &[IoSlice::new(bytes)], Some(to)))
    }

    fn receive_from(&mut self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let got = self.lockstep.blocking(|network| network.receive_datagram(self.socket, bytes, false))?;
        Ok((got.bytes, got.from))
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.local()
    }
}

impl End {
    fn local(&self) -> io::Result<SocketAddr> {
        self.lockstep.lock().network.local_address(self.socket).map_err(error_of)
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.lockstep.lock();
        if state.peers.remove(&self.socket) {
            state.network.close(self.socket);
        }
    }
}
