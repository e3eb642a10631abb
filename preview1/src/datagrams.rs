//! How datagrams move: each whole, and led by an address record on a socket that is not connected. What the
//! calls are is `sockets.rs`'s.

use crate::net_dir::Use;
use crate::readiness::Certainty;
use crate::record::{self, ADDRESS_BYTES};
use crate::transfer::{Direction, scatter, slices};
use crate::{Errno, Failure, Memory, Network, Process, Progress, Received};

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
        let total =
            record::read_iovecs(memory, iovecs, count, self.limits.iovecs, &mut self.iovecs)? as usize;
        let led_bytes = if connected { 0 } else { ADDRESS_BYTES };
        if total < led_bytes {
            return Err(Errno::Inval.into());
        }
        if self.refuses(fd, Direction::Read)? {
            return self.blocked(fd);
        }
        let socket = self.table.socket(fd)?;
        if let Some(errno) = socket.readiness.take_error() {
            return Err(errno.into());
        }
        let room = (total - led_bytes).min(DATAGRAM_BYTES);
        let mut scratch = vec![0; led_bytes + room];
        match self.network.receive_datagram(socket.id, &mut scratch[led_bytes..], peek) {
            Ok(datagram) => {
                socket.readiness.read = Certainty::Maybe;
                scratch[..led_bytes].copy_from_slice(&record::encode_address(datagram.from)[..led_bytes]);
                let bytes = led_bytes + datagram.bytes;
                scatter(memory, &self.iovecs, 0, &scratch[..bytes])?;
                let bytes = bytes as u32;
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
            for slice in slices(memory, &self.iovecs, 0)? {
                let now = slice.len().min(ADDRESS_BYTES - filled);
                address[filled..filled + now].copy_from_slice(&slice[..now]);
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
            return Err(errno.into());
        }
        if total as usize - led_bytes > DATAGRAM_BYTES {
            return Err(Errno::Msgsize.into());
        }
        match self.network.send_datagram(socket.id, &slices(memory, &self.iovecs, led_bytes)?, to) {
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
                Err(errno.into())
            }
        }
    }
}
