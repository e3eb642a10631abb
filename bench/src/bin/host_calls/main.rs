//! `bench-host-calls CALL NUMBER`: makes a host call so often, on a network in memory and without an engine, so that a
//! tool can count the instructions of each. Nothing is measured here.
#![forbid(unsafe_code)]

mod record;

use std::env;
use std::io::IoSlice;
use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, bail, ensure};
use wasi_poll_preview1::{Failure, Memory, MemoryNetwork, Network, Process, Progress, SocketId};

/// Where in the guest's memory what is.
const IOVEC: u32 = 0;
const RESULT: u32 = 16;
const BUFFER: u32 = 1024;
const EVENTS: u32 = 64 * 1024;
const SUBSCRIPTIONS: u32 = 1024 * 1024;
const MEMORY_BYTES: usize = 2 * 1024 * 1024;

/// Few: how the network moves them is not what is counted.
const MESSAGE_BYTES: u32 = 16;
/// `FDFLAGS_NONBLOCK`
const NONBLOCK: u32 = 4;

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let call = arguments.next().context("which call, and how often")?;
    let number: u32 = arguments.next().context("how often")?.parse()?;
    let mut guest = Guest::new(number)?;
    match call.as_str() {
        "read" => guest.read(number),
        "write" => guest.write(number),
        "drained-read" => guest.drained_read(number),
        "poll" => guest.poll(1, number),
        "poll-100" => guest.poll(100, number),
        "poll-1000" => guest.poll(1000, number),
        "changed-poll-1000" => guest.changed_poll(1000, number),
        _ => bail!("{call} is no call that is made here"),
    }
}

struct Guest {
    process: Process<MemoryNetwork>,
    bytes: Vec<u8>,
    listener: u32,
    address: SocketAddr,
    peers: Vec<SocketId>,
}

impl Guest {
    fn new(number: u32) -> Result<Guest> {
        let room = number as usize * MESSAGE_BYTES as usize;
        let network = MemoryNetwork::new().with_backlog(number.max(1001) as usize);
        let mut network = network.with_receive_buffer_bytes(room.max(64 * 1024));
        let (listener, address) = network.listen(SocketAddr::from(([127, 0, 0, 1], 80)))?;
        let mut process = Process::new(network);
        let listener = process.preopen_listener(listener)?;
        process.fd_fdstat_set_flags(listener, NONBLOCK)?;
        let mut bytes = vec![0; MEMORY_BYTES];
        bytes[..4].copy_from_slice(&BUFFER.to_le_bytes());
        bytes[4..8].copy_from_slice(&MESSAGE_BYTES.to_le_bytes());
        Ok(Guest { process, bytes, listener, address, peers: Vec::new() })
    }

    fn read(&mut self, number: u32) -> Result<()> {
        let fd = self.connected()?;
        for _ in 0..number {
            let message = [b'm'; MESSAGE_BYTES as usize];
            self.process.network().send(self.peers[0], &[IoSlice::new(&message)])?;
        }
        self.poll_once(1, 1)?;
        for _ in 0..number {
            let memory = &mut Memory::new(&mut self.bytes);
            done(&self.process.fd_read(memory, fd, IOVEC, 1, RESULT))?;
        }
        Ok(())
    }

    fn write(&mut self, number: u32) -> Result<()> {
        let fd = self.connected()?;
        for _ in 0..number {
            let memory = &mut Memory::new(&mut self.bytes);
            done(&self.process.fd_write(memory, fd, IOVEC, 1, RESULT))?;
        }
        Ok(())
    }

    /// The read that ends every drain, and the poll that comes between two of them.
    fn drained_read(&mut self, number: u32) -> Result<()> {
        let fd = self.connected()?;
        for _ in 0..number {
            self.poll_once(1, 1)?;
            let memory = &mut Memory::new(&mut self.bytes);
            let read = self.process.fd_read(memory, fd, IOVEC, 1, RESULT);
            ensure!(read.is_err(), "nothing was sent");
        }
        Ok(())
    }

    /// Polls that find nothing, with as many sockets in the array.
    fn poll(&mut self, sockets: u32, number: u32) -> Result<()> {
        self.lay_out(sockets)?;
        for _ in 0..number {
            self.poll_once(sockets, 1)?;
        }
        Ok(())
    }

    /// The same, with one record another than at the last poll.
    fn changed_poll(&mut self, sockets: u32, number: u32) -> Result<()> {
        self.lay_out(sockets)?;
        for turn in 0..number {
            // Its userdata: the array's middle is as far from both ends.
            let at = SUBSCRIPTIONS as usize + sockets as usize / 2 * record::SUBSCRIPTION_BYTES;
            self.bytes[at..at + 4].copy_from_slice(&turn.to_le_bytes());
            self.poll_once(sockets, 1)?;
        }
        Ok(())
    }

    /// One connection, drained, and alone in the array.
    fn connected(&mut self) -> Result<u32> {
        self.lay_out(1)?;
        self.poll_once(1, 1)?;
        Ok(self.listener + 1)
    }

    fn lay_out(&mut self, sockets: u32) -> Result<()> {
        self.arrive(sockets)?;
        for place in 0..sockets {
            let fd = self.accepted()?;
            self.subscribe(place, record::readable(fd));
        }
        self.subscribe(sockets, record::at_once());
        Ok(())
    }

    fn subscribe(&mut self, place: u32, record: [u8; record::SUBSCRIPTION_BYTES]) {
        let at = SUBSCRIPTIONS as usize + place as usize * record.len();
        self.bytes[at..at + record.len()].copy_from_slice(&record);
    }

    /// Polls the array, where so many events are to come.
    fn poll_once(&mut self, sockets: u32, events: u32) -> Result<()> {
        loop {
            let memory = &mut Memory::new(&mut self.bytes);
            match self.process.poll_oneoff(memory, SUBSCRIPTIONS, EVENTS, sockets + 1, RESULT) {
                Ok(Progress::Done(_)) => break,
                Ok(Progress::Blocked) => self.process.wait()?,
                Err(failure) => bail!("{failure:?}"),
            }
        }
        let told = u32::from_le_bytes(self.bytes[RESULT as usize..][..4].try_into()?);
        ensure!(told >= events, "{told} events, and not {events}");
        Ok(())
    }

    fn arrive(&mut self, number: u32) -> Result<()> {
        for _ in 0..number {
            let peer = self.process.network().connect(self.address)?;
            self.peers.push(peer);
        }
        while self.process.network().step() {}
        Ok(())
    }

    fn accepted(&mut self) -> Result<u32> {
        let memory = &mut Memory::new(&mut self.bytes);
        done(&self.process.sock_accept(memory, self.listener, NONBLOCK, RESULT))?;
        Ok(u32::from_le_bytes(self.bytes[RESULT as usize..][..4].try_into()?))
    }
}

fn done<T>(progress: &Result<Progress<T>, Failure>) -> Result<()> {
    match progress {
        Ok(Progress::Done(_)) => Ok(()),
        Ok(Progress::Blocked) => Err(anyhow!("a call blocked that had all it needs")),
        Err(failure) => Err(anyhow!("{failure:?}")),
    }
}
