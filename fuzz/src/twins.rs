//! The same guest twice, on the operating system's sockets and in memory, and what must be the same of both. How peers
//! are driven is `sides.rs`'s.
//!
//! # What may differ, and is left out
//! - Ports the system chooses: the guest in memory is given those of its twin; who an accepted stream's peer is, and
//!   where a connected stream starts, is not compared.
//! - When a refused connect is told: at once, or by the stream's pending error.
//! - How much fits into a buffer: nobody ever fills one.
//! - When bytes arrive: after each step, what it sent is waited for. What the system then still answers with `EAGAIN`, or
//!   tells in a poll, is asked for again for a while.
//! - What arrives when the guest has ended receiving: Linux keeps it and resets the connection as it is closed, BSD drops
//!   it, and so does memory. Nobody ends receiving here.
//! - Nagle's algorithm: every stream sends at once.

use crate::arbitrary;
use crate::bytes::{Address, Bytes, Fd, Flags, Pointer, Told};
use crate::call::Call;
use crate::loopback::Loopback;
use crate::sides::{Came, InMemory, OfTheSystem, Side};
use crate::twin::Twin;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use wasi_poll_preview1::{Errno, Event, Failure, Target};

/// Steps of a life, at most, so that no buffer fills.
const STEPS: usize = 80;
/// Streams on the other side, at most.
const STREAMS: usize = 8;
const NONBLOCK: u32 = 4;
/// How long the system may take, on a machine that does much else, and how often it is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_micros(300);

arbitrary! {
/// A guest's life.
#[derive(Clone, Debug)]
pub struct Twins {
    /// What happens.
    pub steps: Vec<Step>,
}
}

arbitrary! {
/// One step, which both take.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "peer and guest, in plain words")]
pub enum Step {
    Write(Pointer, Bytes),
    Call(Call),
    Poll(Vec<(Fd, bool)>),
    Listen,
    Connect(u8),
    Bind,
    Attribute(Fd, u8),
    Set(Fd, u8, u8),
    SetText(Fd, u8, Address),
    ConnectDatagrams(Fd, u8),
    SendTo(Fd, u8, u8),
    PeerConnects(u8),
    PeerAccepts,
    PeerSends(u8, u8),
    PeerReceives(u8, u8),
    PeerFinishes(u8),
    PeerCloses(u8, bool),
    PeerSendsTo(u8, u8),
    PeerReceivesFrom,
    OpenSet,
    TellSet(Fd, Vec<Told>),
    TakeFromSet(Fd),
}
}

/// Attributes whose values both have in common.
const ATTRIBUTES: [&str; 8] = [
    "error",
    "nodelay",
    "ttl",
    "only_v6",
    "broadcast",
    "multicast_loop_v4",
    "multicast_ttl_v4",
    "multicast_loop_v6",
];

/// Both, and the addresses they share.
struct Pair {
    system: Twin<OfTheSystem>,
    memory: Twin<InMemory>,
    /// The peer's listener, then those of the guest.
    listeners: Vec<SocketAddr>,
    /// The peer's datagram socket, then those of the guest.
    datagrams: Vec<SocketAddr>,
}

/// What a step answers in memory and on the system, which is asked again while it says what `may_change`.
macro_rules! same {
    ($pair:ident, $step:ident, $twin:ident => $run:expr, $may_change:expr) => {{
        let expected = {
            let $twin = &mut $pair.memory;
            $run
        };
        let mut answered = {
            let $twin = &mut $pair.system;
            $run
        };
        let began = Instant::now();
        while answered != expected && $may_change(&answered) && began.elapsed() < PATIENCE {
            thread::sleep(AGAIN);
            answered = {
                let $twin = &mut $pair.system;
                $run
            };
        }
        assert_eq!(answered, expected, "the system answers the first, memory the second, to {:?}", $step);
        expected
    }};
}

fn is_again<T>(result: &Result<T, Failure>) -> bool {
    matches!(result, Err(Failure::Errno(Errno::Again)))
}

impl Twins {
    /// Lives both lives.
    ///
    /// # Panics
    /// When they differ.
    pub fn run(&self) {
        let Some((system, listener, datagrams)) = Twin::<OfTheSystem>::new(None, None) else { return };
        let (memory, ..) =
            Twin::<InMemory>::new(Some(listener), Some(datagrams)).expect("nobody is there yet");
        let Some(loopback) = Loopback::new() else { return };
        let mut pair = Pair { system, memory, listeners: vec![listener], datagrams: vec![datagrams] };
        for step in self.steps.iter().take(STEPS) {
            if !pair.step(step) {
                break;
            }
            loopback.settles();
        }
        pair.system.ends();
    }
}

impl Pair {
    fn at(addresses: &[SocketAddr], place: u8) -> SocketAddr {
        addresses[usize::from(place) % addresses.len()]
    }

    /// Takes a step; false when the two can't go on together.
    fn step(&mut self, step: &Step) -> bool {
        match step {
            Step::Write(Pointer(at), bytes) => {
                let bytes = bytes.laid_out();
                for memory in [&mut self.system.memory, &mut self.memory.memory] {
                    let at = (*at as usize).min(memory.len());
                    let fits = bytes.len().min(memory.len() - at);
                    memory[at..at + fits].copy_from_slice(&bytes[..fits]);
                }
            }
            Step::Call(call) => return self.call(call),
            Step::Poll(watches) => {
                let _ = same!(self, step, twin => twin.poll(watches), |_: &_| true);
            }
            Step::Listen => return self.listen("tcp/listen"),
            Step::Bind => return self.listen("udp/bind"),
            Step::Connect(to) => return self.connect(Self::at(&self.listeners, *to)),
            Step::Attribute(Fd(fd), name) => {
                let name = ATTRIBUTES[usize::from(*name) % ATTRIBUTES.len()];
                let _ = same!(self, step, twin => twin.attribute(*fd, name), |_: &_| name == "error");
            }
            Step::Set(Fd(fd), name, value) => {
                let name = ATTRIBUTES[usize::from(*name) % ATTRIBUTES.len()];
                let value = if name == "nodelay" && *value == 0 { 1 } else { *value }.to_string();
                let _ = same!(self, step, twin => twin.set(*fd, name, &value), |_: &_| false);
            }
            Step::SetText(Fd(fd), name, value) => {
                let name = ["local", "peer", "error", "join_v4", "nobody"][usize::from(*name) % 5];
                let value = value.text();
                let _ = same!(self, step, twin => twin.set(*fd, name, &value), |_: &_| false);
            }
            Step::ConnectDatagrams(Fd(fd), to) => {
                let to = Self::at(&self.datagrams, *to).to_string();
                let _ = same!(self, step, twin => twin.set(*fd, "peer", &to), |_: &_| false);
            }
            Step::SendTo(Fd(fd), to, count) => {
                let to = Self::at(&self.datagrams, *to);
                let _ = same!(self, step, twin => twin.send_to(*fd, to, *count), is_again);
            }
            Step::OpenSet => assert_eq!(self.system.open("poll"), self.memory.open("poll"), "a set"),
            Step::TellSet(Fd(fd), records) if self.is_set(*fd) => {
                let _ = same!(self, step, twin => twin.tells_set(*fd, records), |_: &_| false);
            }
            Step::TakeFromSet(Fd(fd)) if self.is_set(*fd) => self.take_from_set(*fd),
            Step::TellSet(..) | Step::TakeFromSet(_) => {}
            _ => return self.peer(step),
        }
        true
    }

    fn is_set(&self, fd: u32) -> bool {
        self.memory.process.target(fd) == Ok(Target::ReadinessSet)
    }

    /// What both have to tell, in whichever order: an event that was taken doesn't come again, so those of the system
    /// are gathered until there are as many.
    fn take_from_set(&mut self, fd: u32) {
        let key = |event: &Event| event.encode();
        let mut expected = self.memory.takes_from_set(fd);
        let mut answered = self.system.takes_from_set(fd);
        let few = |answered: &Result<Vec<_>, _>| answered.as_ref().map_or(0, Vec::len);
        let began = Instant::now();
        while few(&answered) < few(&expected) && began.elapsed() < PATIENCE {
            thread::sleep(AGAIN);
            if let Ok(more) = self.system.takes_from_set(fd) {
                answered = Ok([answered.unwrap_or_default(), more].concat());
            }
        }
        for events in [&mut expected, &mut answered].into_iter().flatten() {
            events.sort_by_key(key);
        }
        assert_eq!(answered, expected, "the system tells the first of the set at {fd}, memory the second");
    }

    fn peer(&mut self, step: &Step) -> bool {
        match step {
            Step::PeerConnects(to) if self.memory.streams.len() < STREAMS => {
                let to = Self::at(&self.listeners, *to);
                let memory = InMemory::connect(self.memory.process.network(), to);
                let system = OfTheSystem::connect(self.system.process.network(), to);
                return self.connected(step, system, memory);
            }
            Step::PeerAccepts if self.memory.streams.len() < STREAMS => {
                let memory = InMemory::accept(self.memory.process.network(), &self.memory.listener);
                let mut system = OfTheSystem::accept(self.system.process.network(), &self.system.listener);
                let began = Instant::now();
                while system.is_none() && memory.is_some() && began.elapsed() < PATIENCE {
                    thread::sleep(AGAIN);
                    system = OfTheSystem::accept(self.system.process.network(), &self.system.listener);
                }
                return self.connected(step, system, memory);
            }
            Step::PeerSends(place, count) => {
                let bytes: Vec<u8> = (0..*count).collect();
                let nothing = |came: &Option<Came>| *came == Some(Came::Nothing);
                same!(self, step, twin => twin.peer_sends(*place, &bytes), nothing);
            }
            Step::PeerReceives(place, most) => {
                let most = 1 + usize::from(*most);
                let nothing = |came: &Option<Came>| *came == Some(Came::Nothing);
                same!(self, step, twin => twin.peer_receives(*place, most), nothing);
            }
            Step::PeerFinishes(place) => {
                self.memory.with(*place, InMemory::finish);
                self.system.with(*place, OfTheSystem::finish);
            }
            Step::PeerCloses(place, reset) => {
                let at = usize::from(*place) % self.memory.streams.len().max(1);
                if let Some(Some(stream)) = self.memory.streams.get_mut(at).map(Option::take) {
                    InMemory::close(self.memory.process.network(), stream, *reset);
                }
                if let Some(Some(stream)) = self.system.streams.get_mut(at).map(Option::take) {
                    OfTheSystem::close(self.system.process.network(), stream, *reset);
                }
            }
            Step::PeerSendsTo(to, count) => {
                let (to, bytes) = (Self::at(&self.datagrams, *to), (0..*count).collect::<Vec<u8>>());
                InMemory::send_to(self.memory.process.network(), &mut self.memory.datagrams, &bytes, to);
                OfTheSystem::send_to(self.system.process.network(), &mut self.system.datagrams, &bytes, to);
            }
            Step::PeerReceivesFrom => {
                same!(self, step, twin => twin.peer_receives_from(), Option::is_none);
            }
            _ => {}
        }
        true
    }

    fn connected(
        &mut self,
        step: &Step,
        system: Option<<OfTheSystem as Side>::Stream>,
        memory: Option<<InMemory as Side>::Stream>,
    ) -> bool {
        assert_eq!(system.is_some(), memory.is_some(), "on the system, and in memory: {step:?}");
        if memory.is_some() {
            self.system.streams.push(system);
            self.memory.streams.push(memory);
        }
        true
    }

    /// Those that can't block, and need no more than memory and fds.
    fn call(&mut self, call: &Call) -> bool {
        let call = match call.clone() {
            Call::SockAccept { fd, flags, accepted } => {
                Call::SockAccept { fd, flags: Flags(flags.0 | NONBLOCK), accepted }
            }
            Call::PollOneoff { .. }
            | Call::PathOpen { .. }
            | Call::PathReadlink { .. }
            | Call::PathSymlink { .. }
            | Call::FdFdstatSetFlags { .. }
            | Call::SockShutdown { how: Flags(1 | 3), .. } => return true,
            // Events come in whichever order.
            Call::FdRead { fd, .. } if self.is_set(fd.0) => return true,
            call => call,
        };
        let _ = same!(self, call, twin => twin.call(&call), is_again);
        assert!(self.system.memory == self.memory.memory, "{call:?} left something else in memory");
        true
    }

    /// Opens a listener or a datagram socket on the system, and the same in memory.
    fn listen(&mut self, kind: &str) -> bool {
        let opened = self.system.open(&format!("{kind}/127.0.0.1:0"));
        let address = opened.map(|fd| self.system.local(fd));
        let port = address.map_or(0, |address| address.port());
        let in_memory = self.memory.open(&format!("{kind}/127.0.0.1:{port}"));
        if in_memory == Err(Errno::Addrinuse.into()) {
            // By a stream that was given that port in memory alone.
            return false;
        }
        assert_eq!(opened, in_memory, "{kind} on the system, and in memory");
        let addresses = if kind == "udp/bind" { &mut self.datagrams } else { &mut self.listeners };
        addresses.extend(address);
        true
    }

    /// Connects to a listener of the peer's or of the guest's, which may be there no more.
    fn connect(&mut self, to: SocketAddr) -> bool {
        let path = format!("tcp/connect/{to}");
        let (system, memory) = (self.system.open(&path), self.memory.open(&path));
        if memory != Err(Errno::Connrefused.into()) || memory == system {
            assert_eq!(system, memory, "a connect on the system, and in memory");
            if let Ok(fd) = system {
                self.system.sends_at_once(fd);
                self.memory.sends_at_once(fd);
            }
            return true;
        }
        let fd = system.expect("what is not refused at once is open");
        let refused = Errno::Connrefused.raw().to_string();
        let (mut told, began) = (false, Instant::now());
        while !told && began.elapsed() < PATIENCE {
            told = self.system.attribute(fd, "error").as_ref() == Ok(&refused);
            thread::sleep(AGAIN);
        }
        if !told {
            // Of those that listened there nobody does any more; another program was given the port since.
            return false;
        }
        // In memory the number comes and goes, too: who subscribes to it in a set is told.
        let Ok(number) = self.memory.open("poll") else { return false };
        assert_eq!(number, fd, "the lowest free number");
        self.system.process.fd_close(fd).is_ok() && self.memory.process.fd_close(number).is_ok()
    }
}
