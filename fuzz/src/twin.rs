//! One of the two guests: its process, its memory and its peers, and what it does without ever waiting. What must be the
//! same of both is `twins.rs`'s.
#![expect(
    missing_docs,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "a guest's calls are the process's"
)]

use crate::bytes::{Fd, MEMORY_BYTES, Told};
use crate::call::Call;
use crate::sides::{Came, Side};
use std::net::SocketAddr;
use wasi_poll_preview1::net_dir::{Grants, encode_address};
use wasi_poll_preview1::{Clock, Event, Failure, Limits, Memory, Process, Progress, Subscription, Watch};

/// What is neither blocked nor blocks.
const NONBLOCK: u32 = 4;

/// One of the two.
pub struct Twin<S: Side> {
    pub process: Process<S::Network>,
    pub memory: Vec<u8>,
    pub streams: Vec<Option<S::Stream>>,
    pub listener: S::Listener,
    pub datagrams: S::Datagrams,
}

impl<S: Side> Twin<S> {
    pub fn new(
        listener: Option<SocketAddr>,
        datagrams: Option<SocketAddr>,
    ) -> Option<(Self, SocketAddr, SocketAddr)> {
        let mut network = S::network();
        let (listener, listener_address) = S::listen(&mut network, listener)?;
        let (datagrams, datagrams_address) = S::bind(&mut network, datagrams)?;
        let mut process = Process::new(network);
        process.set_limits(Limits {
            fds: 14,
            subscriptions: 64,
            iovecs: 8,
            readiness_sets: 2,
            ..Limits::default()
        });
        let here = || vec!["127.0.0.1".parse().expect("a rule")];
        let grants = Grants { connect: here(), listen: here(), udp: here(), dns: Vec::new() };
        process.grant(grants).ok()?;
        let memory = vec![0; MEMORY_BYTES as usize];
        let twin = Twin { process, memory, streams: Vec::new(), listener, datagrams };
        Some((twin, listener_address, datagrams_address))
    }

    /// Makes a call that never blocks, in the guest's own memory.
    pub fn call(&mut self, call: &Call) -> Result<u64, Failure> {
        match call.make(&mut self.process, &mut Memory::new(&mut self.memory))? {
            Progress::Done(done) => {
                if let Call::SockAccept { .. } = call {
                    self.sends_at_once(done as u32);
                }
                Ok(done)
            }
            Progress::Blocked => panic!("{call:?} blocks"),
        }
    }

    /// Or the system would keep a second send back until the first one is acknowledged, and that may take a while.
    pub fn sends_at_once(&mut self, fd: u32) {
        let _ = self.set(fd, "nodelay", "1");
    }

    /// Tells a readiness set what to watch: how many bytes of it were taken.
    pub fn tells_set(&mut self, fd: u32, records: &[Told]) -> Result<u32, Failure> {
        let mut bytes = vec![0; 16];
        let records = (1..).zip(records.iter().take(40)).map(|(place, told)| told.record(place));
        bytes.extend(records.flatten());
        let length = bytes.len() as u32 - 16;
        bytes[..8].copy_from_slice(&[16u32.to_le_bytes(), length.to_le_bytes()].concat());
        self.process.set_write(&mut Memory::new(&mut bytes), fd, (0, 1), 8)
    }

    /// All that a readiness set has to tell.
    pub fn takes_from_set(&mut self, fd: u32) -> Result<Vec<Event>, Failure> {
        const ROOM: u32 = 64 * 32;
        let mut bytes = vec![0; 16 + ROOM as usize];
        bytes[..8].copy_from_slice(&[16u32.to_le_bytes(), ROOM.to_le_bytes()].concat());
        match self.process.set_read(&mut Memory::new(&mut bytes), fd, (0, 1), 8)? {
            Progress::Done(received) => {
                let records = bytes[16..][..received.bytes as usize].chunks_exact(32);
                Ok(records.map(|record| Event::decode(record).expect("a well-formed event")).collect())
            }
            Progress::Blocked => panic!("a set that is not to wait does"),
        }
    }

    /// What is ready of these, and a time that has passed.
    pub fn poll(&mut self, watches: &[(Fd, bool)]) -> Result<Vec<Event>, Failure> {
        let watches =
            watches.iter().map(|&(Fd(fd), write)| if write { Watch::Write(fd) } else { Watch::Read(fd) });
        let now = Watch::Clock { clock: Clock::Monotonic, timeout_ns: 0, absolute: false };
        let mut bytes: Vec<u8> = (0..)
            .zip(watches.take(40).chain([now]))
            .flat_map(|(userdata, watch)| Subscription { userdata, watch }.encode())
            .collect();
        let count = bytes.len() as u32 / 48;
        let events = count * 48;
        bytes.resize((events + count * 32 + 8) as usize, 0);
        let told = match self.process.poll_oneoff(
            &mut Memory::new(&mut bytes),
            0,
            events,
            count,
            events + count * 32,
        )? {
            Progress::Done(polled) => polled.events,
            Progress::Blocked => panic!("a poll of no time blocks"),
        };
        let records = bytes[events as usize..].chunks_exact(32).take(told as usize);
        Ok(records.map(|record| Event::decode(record).expect("a well-formed event")).collect())
    }

    pub fn open(&mut self, path: &str) -> Result<u32, Failure> {
        let mut bytes = [&[0; 8], path.as_bytes()].concat();
        let path = (8, path.len() as u32);
        match self.process.net_open(&mut Memory::new(&mut bytes), path, 0, NONBLOCK, 0)? {
            Progress::Done(opened) => Ok(opened.fd),
            Progress::Blocked => panic!("an open that is not to block does"),
        }
    }

    pub fn attribute(&mut self, fd: u32, name: &str) -> Result<String, Failure> {
        let path = format!("fd/{fd}/{name}");
        let mut bytes = [&[0; 128], path.as_bytes()].concat();
        let path = (128, path.len() as u32);
        match self.process.net_readlink(&mut Memory::new(&mut bytes), path, 8, 120, 0)? {
            Progress::Done(used) => Ok(String::from_utf8_lossy(&bytes[8..8 + used as usize]).into_owned()),
            Progress::Blocked => panic!("an attribute blocks"),
        }
    }

    pub fn set(&mut self, fd: u32, name: &str, value: &str) -> Result<(), Failure> {
        let path = format!("fd/{fd}/{name}");
        let mut bytes = [value.as_bytes(), path.as_bytes()].concat();
        let (value, path) = ((0, value.len() as u32), (value.len() as u32, path.len() as u32));
        match self.process.net_symlink(&mut Memory::new(&mut bytes), value, path)? {
            Progress::Done(()) => Ok(()),
            Progress::Blocked => panic!("setting an attribute blocks"),
        }
    }

    /// A datagram led by its address, also on a socket that wants none.
    pub fn send_to(&mut self, fd: u32, to: SocketAddr, count: u8) -> Result<u32, Failure> {
        let mut bytes = vec![0; 16];
        bytes.extend(encode_address(to));
        bytes.extend(0..count);
        let length = bytes.len() as u32 - 16;
        bytes[..8].copy_from_slice(&[16u32.to_le_bytes(), length.to_le_bytes()].concat());
        match self.process.sock_send(&mut Memory::new(&mut bytes), fd, 0, 1, 0, 8)? {
            Progress::Done(sent) => Ok(sent),
            Progress::Blocked => panic!("a send that is not to block does"),
        }
    }

    pub fn local(&mut self, fd: u32) -> SocketAddr {
        self.attribute(fd, "local").expect("an address").parse().expect("an address as text")
    }

    pub fn with<T>(
        &mut self,
        place: u8,
        act: impl FnOnce(&mut S::Network, &mut S::Stream) -> T,
    ) -> Option<T> {
        let at = usize::from(place) % self.streams.len().max(1);
        Some(act(self.process.network(), self.streams.get_mut(at)?.as_mut()?))
    }

    pub fn ends(mut self) {
        for stream in std::mem::take(&mut self.streams).into_iter().flatten() {
            // Without it the system would remember each connection for a minute.
            S::close(self.process.network(), stream, true);
        }
    }
}

impl<S: Side> Twin<S> {
    pub fn peer_sends(&mut self, place: u8, bytes: &[u8]) -> Option<Came> {
        self.with(place, |network, stream| S::send(network, stream, bytes))
    }

    pub fn peer_receives(&mut self, place: u8, most: usize) -> Option<Came> {
        self.with(place, |network, stream| S::receive(network, stream, most))
    }

    pub fn peer_receives_from(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        S::receive_from(self.process.network(), &mut self.datagrams)
    }
}
