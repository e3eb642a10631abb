//! How datagrams move: each whole, and led by an address record on a socket that is not connected. What the
//! calls are is `sockets.rs`'s.

use crate::net_dir::Use;
use crate::readiness::Certainty;
use crate::record::{self, ADDRESS_BYTES};
use crate::transfer::{Direction, scatter, with_slices};
use crate::{Datagram, Errno, Failure, Memory, Network, Process, Progress, Received, SocketId, Trap};

/// No datagram has more bytes than this, and so no guest can make the host hold more for one.
const DATAGRAM_BYTES: usize = 64 * 1024;

impl<N: Network> Process<N> {
    /// Receives a datagram. A short one says nothing about the next: only `EAGAIN` drains the socket.
    pub(crate) fn receive_one(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        connected: bool,
        (iovecs, count): (u32, u32),
        peek: bool,
        bytes_pointer: u32,
    ) -> Result<Progress<Received>, Failure> {
        memory.check(bytes_pointer, 4, 4)?;
        let total = self.decode_iovecs(memory, iovecs, count)? as usize;
        let led_bytes = if connected { 0 } else { ADDRESS_BYTES };
        if total < led_bytes {
            return Err(Errno::Inval.into());
        }
        if self.refuses(fd, Direction::Read)? {
            return self.blocked(fd);
        }
        let socket = self.table.socket(fd)?;
        if let Some(errno) = socket.readiness.take_error() {
            self.polling.wake(fd);
            return Err(errno.into());
        }
        let id = socket.id;
        let received = receive_into(&mut self.network, id, memory, &self.iovecs, led_bytes, peek)?;
        match received {
            Ok(datagram) => {
                socket.readiness.read = Certainty::Maybe;
                let bytes = (led_bytes + datagram.bytes) as u32;
                record::write_u32(memory, bytes_pointer, bytes)?;
                Ok(Progress::Done(Received { bytes, truncated: datagram.truncated }))
            }
            Err(Errno::Again) => {
                socket.readiness.read_drained();
                self.blocked(fd)
            }
            Err(errno) => {
                // It may have been the pending error, by which the socket was ready.
                socket.readiness.asked_again();
                self.polling.wake(fd);
                Err(errno.into())
            }
        }
    }

    /// Sends the decoded iovecs as one datagram.
    pub(crate) fn send_one(
        &mut self,
        memory: &mut Memory<'_>,
        fd: u32,
        connected: bool,
        total: u32,
        bytes_pointer: u32,
    ) -> Result<Progress<u32>, Failure> {
        let mut to = None;
        let mut led_bytes = 0;
        if !connected {
            led_bytes = ADDRESS_BYTES;
            if (total as usize) < led_bytes {
                return Err(Errno::Inval.into());
            }
            let mut address = [0; ADDRESS_BYTES];
            let mut filled = 0;
            for &(pointer, length) in &self.iovecs {
                let now = (length as usize).min(ADDRESS_BYTES - filled);
                address[filled..filled + now].copy_from_slice(memory.slice(pointer, now as u32)?);
                filled += now;
            }
            let address = record::decode_address(&address)?;
            if self.permit(Use::Udp, address)? == Progress::Blocked {
                return Ok(Progress::Blocked);
            }
            to = Some(address);
        }
        if self.refuses(fd, Direction::Write)? {
            return self.blocked(fd);
        }
        let socket = self.table.socket(fd)?;
        if let Some(errno) = socket.readiness.take_error() {
            self.polling.wake(fd);
            return Err(errno.into());
        }
        if total as usize - led_bytes > DATAGRAM_BYTES {
            return Err(Errno::Msgsize.into());
        }
        let (network, id) = (&mut self.network, socket.id);
        let sent = with_slices(memory, &self.iovecs, led_bytes, |from| network.send_datagram(id, from, to))?;
        match sent {
            Ok(bytes) => {
                socket.readiness.write = Certainty::Maybe;
                let bytes = (led_bytes + bytes) as u32;
                record::write_u32(memory, bytes_pointer, bytes)?;
                Ok(Progress::Done(bytes))
            }
            Err(Errno::Again) => {
                socket.readiness.write_filled();
                self.blocked(fd)
            }
            Err(errno) => {
                // It may have been the pending error, by which the socket was ready.
                socket.readiness.asked_again();
                self.polling.wake(fd);
                Err(errno.into())
            }
        }
    }
}

/// Receives a datagram behind the first `led_bytes` of the iovecs, and its sender's address into them.
fn receive_into<N: Network>(
    network: &mut N,
    id: SocketId,
    memory: &mut Memory<'_>,
    iovecs: &[(u32, u32)],
    led_bytes: usize,
    peek: bool,
) -> Result<Result<Datagram, Errno>, Trap> {
    let address_of = |datagram: &Datagram| record::encode_address(datagram.from);
    match *iovecs {
        [(pointer, length)] => {
            let (address, bytes) = memory.slice_mut(pointer, length)?.split_at_mut(led_bytes);
            let received = network.receive_datagram(id, bytes, peek);
            if let Ok(datagram) = &received {
                address.copy_from_slice(&address_of(datagram)[..led_bytes]);
            }
            Ok(received)
        }
        // The address has a buffer of its own, which doesn't lie over the other.
        [(first, led), (second, length)]
            if led as usize == led_bytes
                && (first.saturating_add(led) <= second || second.saturating_add(length) <= first) =>
        {
            let received = network.receive_datagram(id, memory.slice_mut(second, length)?, peek);
            if let Ok(datagram) = &received {
                memory.slice_mut(first, led)?.copy_from_slice(&address_of(datagram)[..led_bytes]);
            }
            Ok(received)
        }
        _ => {
            let total: usize = iovecs.iter().map(|&(_, length)| length as usize).sum();
            let mut scratch = vec![0; led_bytes + (total - led_bytes).min(DATAGRAM_BYTES)];
            let received = network.receive_datagram(id, &mut scratch[led_bytes..], peek);
            if let Ok(datagram) = &received {
                scratch[..led_bytes].copy_from_slice(&address_of(datagram)[..led_bytes]);
                scatter(memory, iovecs, 0, &scratch[..led_bytes + datagram.bytes])?;
            }
            Ok(received)
        }
    }
}
