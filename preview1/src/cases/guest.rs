//! A guest as the cases see it: calls with pointers into a memory it lays out itself. It knows no readiness.

use super::{Peer, Rig, record};
use crate::record::{EVENT_BYTES, SUBSCRIPTION_BYTES};
use crate::{
    Accepted, Clock, Errno, Event, EventKind, Failure, Limits, Memory, Network, Process, Progress, Ready,
    Subscription, Trap, Watch,
};
use std::net::SocketAddr;

/// Where the guest keeps what. Arrays have room for 1,000 records and a little more.
pub(super) const SUBSCRIPTIONS: u32 = 0;
pub(super) const EVENTS: u32 = 48_000;
pub(super) const COUNT: u32 = 80_000;
pub(super) const BYTES: u32 = 80_008;
pub(super) const ROFLAGS: u32 = 80_016;
pub(super) const FD: u32 = 80_024;
pub(super) const STAT: u32 = 80_032;
pub(super) const IOVECS: u32 = 80_128;
pub(super) const BUFFER: u32 = 131_072;
pub(super) const PATH: u32 = 196_608;
pub(super) const VALUE: u32 = 229_376;
pub(super) const MEMORY_BYTES: u32 = 262_144;

pub(super) const NONBLOCK: u32 = 4;
pub(super) const PEEK: u32 = 1;
pub(super) const WAITALL: u32 = 2;

/// How long what must come is waited for, and what must not.
const SOON_NS: u64 = 5_000_000_000;
const QUIET_NS: u64 = 20_000_000;
/// A call that is blocked for longer than a poll for something to come soon is a failure of the case.
const PATIENCE_NS: u64 = 2 * SOON_NS;
const CLOCK: u64 = u64::MAX;

/// A guest with a process and a memory of its own.
#[derive(Debug)]
pub struct Guest<R: Rig> {
    /// Its fds.
    pub process: Process<R::Network>,
    /// Its linear memory.
    pub memory: Vec<u8>,
}

pub(super) fn errno<T>(errno: Errno) -> Result<T, Failure> {
    Err(errno.into())
}

/// Whether a call trapped for a range outside the memory.
pub(super) fn is_out_of_bounds<T>(result: &Result<T, Failure>) -> bool {
    matches!(result, Err(Failure::Trap(Trap::OutOfBounds { .. })))
}

pub(super) fn is_misaligned<T>(result: &Result<T, Failure>) -> bool {
    matches!(result, Err(Failure::Trap(Trap::Misaligned { .. })))
}

/// A clock subscription for a span from now.
pub(super) fn span(userdata: u64, timeout_ns: u64) -> Subscription {
    Subscription { userdata, watch: Watch::Clock { clock: Clock::Monotonic, timeout_ns, absolute: false } }
}

impl<R: Rig> Guest<R> {
    /// One with stdin, stdout and stderr alone.
    pub fn new() -> Guest<R> {
        Guest::with_limits(Limits::default())
    }

    /// One that may use up so much.
    pub fn with_limits(limits: Limits) -> Guest<R> {
        let mut process = Process::new(R::network());
        process.set_limits(limits);
        Guest { process, memory: vec![0; MEMORY_BYTES as usize] }
    }

    /// Gives it a listener, blocking as a preopened one is: its fd and address.
    pub fn listening(&mut self) -> (u32, SocketAddr) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (id, address) = self.process.network().listen(any).expect("a free port");
        (self.process.preopen_listener(id).expect("a free fd"), address)
    }

    /// Gives it a listener and one blocking stream accepted from it.
    pub fn connected(&mut self) -> (u32, Peer<R>) {
        let (listener, address) = self.listening();
        self.accepts_from(listener, address)
    }

    /// Lets a peer connect to `listener`, and accepts it.
    pub fn accepts_from(&mut self, listener: u32, address: SocketAddr) -> (u32, Peer<R>) {
        let peer = Peer::connects(self, address);
        self.arrives(Watch::Read(listener));
        (self.accept(listener, 0).expect("a pending connection").fd, peer)
    }

    /// Makes a call until it is done, waiting in between as an engine does.
    pub fn finish<T>(
        &mut self,
        mut call: impl FnMut(&mut Process<R::Network>, &mut Memory<'_>) -> Result<Progress<T>, Failure>,
    ) -> Result<T, Failure> {
        let give_up_ns = self.now_ns() + PATIENCE_NS;
        loop {
            match call(&mut self.process, &mut Memory::new(&mut self.memory))? {
                Progress::Done(done) => return Ok(done),
                Progress::Blocked => {
                    assert!(self.now_ns() < give_up_ns, "the call is blocked, and nothing comes");
                    let until_ns = self.process.deadline_ns.map_or(give_up_ns, |at_ns| at_ns.min(give_up_ns));
                    self.process.deadline_ns = Some(until_ns);
                    self.process.wait().expect("nobody stops the guest");
                }
            }
        }
    }

    /// `sock_accept`.
    pub fn accept(&mut self, fd: u32, flags: u32) -> Result<Accepted, Failure> {
        let accepted = self.finish(|process, memory| process.sock_accept(memory, fd, flags, FD))?;
        assert_eq!(record::read_u32(&self.memory, FD), accepted.fd, "the fd in the guest's memory");
        Ok(accepted)
    }

    /// `sock_recv` of up to `most` bytes into one buffer.
    pub fn recv(&mut self, fd: u32, most: u32, flags: u32) -> Result<Vec<u8>, Failure> {
        self.lay_out(&[(BUFFER, most)]);
        let received =
            self.finish(|process, memory| process.sock_recv(memory, fd, IOVECS, 1, flags, BYTES, ROFLAGS))?;
        assert_eq!(record::read_u32(&self.memory, BYTES), received.bytes, "the count in the guest's memory");
        Ok(self.bytes_at(BUFFER, received.bytes).to_vec())
    }

    /// `sock_send` from one buffer.
    pub fn send(&mut self, fd: u32, bytes: &[u8]) -> Result<u32, Failure> {
        self.memory[BUFFER as usize..][..bytes.len()].copy_from_slice(bytes);
        self.lay_out(&[(BUFFER, bytes.len() as u32)]);
        self.finish(|process, memory| process.sock_send(memory, fd, IOVECS, 1, 0, BYTES))
    }

    /// `fd_read` into these buffers.
    pub fn read(&mut self, fd: u32, iovecs: &[(u32, u32)]) -> Result<u32, Failure> {
        self.lay_out(iovecs);
        let count = iovecs.len() as u32;
        Ok(self.finish(|process, memory| process.fd_read(memory, fd, IOVECS, count, BYTES))?.bytes)
    }

    /// `fd_write` from these buffers.
    pub fn write(&mut self, fd: u32, iovecs: &[(u32, u32)]) -> Result<u32, Failure> {
        self.lay_out(iovecs);
        let count = iovecs.len() as u32;
        self.finish(|process, memory| process.fd_write(memory, fd, IOVECS, count, BYTES))
    }

    /// `poll_oneoff`.
    pub fn poll(&mut self, subscriptions: &[Subscription]) -> Result<Vec<Event>, Failure> {
        self.subscribe(subscriptions);
        let told = self.poll_at(SUBSCRIPTIONS, EVENTS, subscriptions.len() as u32, COUNT)?;
        Ok(self.events_at(EVENTS, told))
    }

    /// `poll_oneoff` with these pointers, which may be bad.
    pub fn poll_at(
        &mut self,
        subscriptions: u32,
        events: u32,
        count: u32,
        told: u32,
    ) -> Result<u32, Failure> {
        let polled = self
            .finish(|process, memory| process.poll_oneoff(memory, subscriptions, events, count, told))?
            .events;
        assert_eq!(record::read_u32(&self.memory, told), polled, "the count in the guest's memory");
        Ok(polled)
    }

    /// `poll_oneoff` of so many subscriptions that are laid out, which has to wait.
    #[track_caller]
    pub fn begins_to_poll(&mut self, count: u32) {
        let mut memory = Memory::new(&mut self.memory);
        let polled = self.process.poll_oneoff(&mut memory, SUBSCRIPTIONS, EVENTS, count, COUNT);
        assert_eq!(polled, Ok(Progress::Blocked));
    }

    /// Polls until the first of these comes, and it comes soon: the events, each with its place as userdata.
    #[track_caller]
    pub fn first_of(&mut self, watches: &[Watch]) -> Vec<Event> {
        let events = self.poll_for(watches, SOON_NS);
        assert!(events.iter().all(|event| event.userdata != CLOCK), "nothing came of {watches:?}");
        events
    }

    /// Polls until this comes, and it comes soon: how ready it is.
    #[track_caller]
    pub fn arrives(&mut self, watch: Watch) -> Ready {
        let events = self.first_of(&[watch]);
        match events[..] {
            [
                Event {
                    errno: Errno::Success, kind: EventKind::Read(ready) | EventKind::Write(ready), ..
                },
            ] => ready,
            _ => panic!("{watch:?} brought {events:?}"),
        }
    }

    /// Polls, and nothing but the time comes.
    #[track_caller]
    pub fn is_quiet(&mut self, watches: &[Watch]) {
        let events = self.poll_for(watches, QUIET_NS);
        let quiet = events.iter().all(|event| event.userdata == CLOCK) && events.len() == 1;
        assert!(quiet, "{watches:?} should be quiet, and brought {events:?}");
    }

    /// What a poll with no time to wait tells of these.
    #[track_caller]
    pub fn ready_now(&mut self, watches: &[Watch]) -> Vec<Event> {
        let mut events = self.poll_for(watches, 0);
        assert_eq!(events.pop().map(|event| event.userdata), Some(CLOCK), "no time is no time");
        events
    }

    /// Receives exactly `bytes`, in as many arrivals as it takes.
    #[track_caller]
    pub fn hears(&mut self, fd: u32, bytes: &[u8]) {
        let mut heard = Vec::new();
        while heard.len() < bytes.len() {
            self.arrives(Watch::Read(fd));
            let missing = (bytes.len() - heard.len()) as u32;
            let some = self.recv(fd, missing, 0).expect("bytes");
            assert!(!some.is_empty(), "the stream ended after {heard:?}");
            heard.extend(some);
        }
        assert_eq!(heard, bytes, "what the guest received");
    }

    /// Sets `NONBLOCK`.
    pub fn set_nonblocking(&mut self, fd: u32) {
        self.process.fd_fdstat_set_flags(fd, NONBLOCK).expect("a socket");
    }

    /// Lets so much time pass.
    pub fn sleeps(&mut self, span_ns: u64) {
        self.poll(&[span(0, span_ns)]).expect("a good poll");
    }

    /// Nanoseconds on the network's clock.
    pub fn now_ns(&mut self) -> u64 {
        self.process.network().now_ns()
    }

    /// Lays out subscriptions at the start of the memory.
    pub fn subscribe(&mut self, subscriptions: &[Subscription]) {
        let records = self.memory.chunks_exact_mut(SUBSCRIPTION_BYTES as usize);
        for (record, subscription) in records.zip(subscriptions) {
            record.copy_from_slice(&subscription.encode());
        }
    }

    /// Lays out iovecs.
    pub fn lay_out(&mut self, iovecs: &[(u32, u32)]) {
        record::write_iovecs(&mut self.memory, IOVECS, iovecs);
    }

    /// The events a poll has written there.
    pub fn events_at(&self, pointer: u32, count: u32) -> Vec<Event> {
        self.bytes_at(pointer, count * EVENT_BYTES)
            .chunks_exact(EVENT_BYTES as usize)
            .map(|record| Event::decode(record).expect("a well-formed event"))
            .collect()
    }

    /// The bytes there.
    pub fn bytes_at(&self, pointer: u32, length: u32) -> &[u8] {
        &self.memory[pointer as usize..][..length as usize]
    }

    fn poll_for(&mut self, watches: &[Watch], timeout_ns: u64) -> Vec<Event> {
        let mut subscriptions: Vec<Subscription> =
            (0..).zip(watches).map(|(userdata, &watch)| Subscription { userdata, watch }).collect();
        subscriptions.push(span(CLOCK, timeout_ns));
        self.poll(&subscriptions).expect("a good poll")
    }
}

impl<R: Rig> Default for Guest<R> {
    fn default() -> Guest<R> {
        Guest::new()
    }
}
