//! A deterministic network in memory, with a virtual clock.
use crate::{Edge, Errno, Network, Probe, SocketId, Stop};
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};

/// A deterministic network.
#[derive(Debug, Default)]
pub struct MemoryNetwork {
    now_ns: u64,
}

impl MemoryNetwork {
    /// An empty one.
    pub fn new() -> MemoryNetwork {
        MemoryNetwork::default()
    }
}

impl Network for MemoryNetwork {
    fn now_ns(&mut self) -> u64 {
        self.now_ns
    }
    fn realtime_ns(&mut self) -> u64 {
        self.now_ns
    }
    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        Ok((SocketId(0), address))
    }
    fn connect(&mut self, _: SocketAddr) -> Result<SocketId, Errno> {
        Err(Errno::Connrefused)
    }
    fn accept(&mut self, _: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        Err(Errno::Again)
    }
    fn receive(&mut self, _: SocketId, _: &mut [u8], _: bool) -> Result<usize, Errno> {
        Err(Errno::Again)
    }
    fn send(&mut self, _: SocketId, _: &[IoSlice<'_>]) -> Result<usize, Errno> {
        Err(Errno::Again)
    }
    fn shutdown(&mut self, _: SocketId, _: Shutdown) -> Result<(), Errno> {
        Ok(())
    }
    fn take_error(&mut self, _: SocketId) -> Option<Errno> {
        None
    }
    fn close(&mut self, _: SocketId) {}
    fn probe(&mut self, _: &mut [Probe]) {}
    fn wait(&mut self, deadline_ns: Option<u64>, _: &mut Vec<Edge>) -> Result<(), Stop> {
        self.now_ns = deadline_ns.ok_or(Stop::Stalled)?;
        Ok(())
    }
}
