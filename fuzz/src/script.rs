//! A guest's whole life: what it is given, what it does and what happens to it, and what must hold all the while. How
//! one call is made is `call.rs`'s.

use crate::arbitrary;
use crate::bytes::{Bytes, Count, Fd, Flags, MEMORY_BYTES, NAMES, Pointer, Told};
use crate::call::Call;
use crate::peer::{Act, Peers};
use crate::watched::Watched;
use std::net::SocketAddr;
use wasi_poll_preview1::net_dir::Grants;
use wasi_poll_preview1::{
    Clock, Failure, Limits, Memory, MemoryNetwork, Network, Process, Progress, SocketId, Subscription,
    Target, Watch,
};

/// Open fds a guest may have: few, so that it often meets the limit.
const FDS: u32 = 12;
/// Steps in a life, at most.
const STEPS: usize = 200;
/// A call that was blocked so often, and never stalled, spins.
const WAITS: usize = 10_000;

arbitrary! {
/// A guest's life.
#[derive(Clone, Debug)]
pub struct Script {
    /// How the network is.
    pub network: NetworkSettings,
    /// What is granted.
    pub grants: Granted,
    /// Whether stdin is a stream whose readiness is told.
    pub stdin_is_a_stream: bool,
    /// What happens.
    pub steps: Vec<Step>,
}
}

arbitrary! {
/// How the network is.
#[derive(Clone, Copy, Debug)]
pub struct NetworkSettings {
    latency: u8,
    receive_buffer: u8,
    backlog: u8,
    ticks: bool,
}
}

arbitrary! {
/// What a guest is granted.
#[derive(Clone, Copy, Debug)]
pub enum Granted {
    /// Nothing: there is no network directory.
    Nothing,
    /// Everything.
    All,
    /// Addresses that names have, and networks.
    Some,
}
}

arbitrary! {
/// One step of a life.
#[derive(Clone, Debug)]
pub enum Step {
    /// The guest writes into its memory.
    Write(Pointer, Bytes),
    /// The guest makes a call.
    Call(Call),
    /// The guest doesn't want to wait on this fd.
    Nonblocking(Fd),
    /// Something happens on the other side.
    Act(Act),
    /// Something will happen on the other side, so many microseconds from now.
    Later(u8, Act),
    /// The guest opens a readiness set, or does what it means on one.
    Set(OnSet),
}
}

arbitrary! {
/// What is done with a readiness set, as a guest that knows how does it.
#[derive(Clone, Debug)]
pub enum OnSet {
    /// It is opened, with these flags.
    Open(Flags),
    /// It is told what to watch.
    Tell(Fd, Vec<Told>),
    /// So many events are taken.
    Take(Fd, u8),
    /// It is waited for, and for a time.
    Poll(Fd, u16),
}
}

impl OnSet {
    /// The call, after what it needs was laid out.
    fn call(&self, memory: &mut [u8]) -> Call {
        /// Where a path, records and events are, an iovec, and where a number is written.
        const PLACES: [u32; 3] = [8 * 2_048, 14 * 2_048, 15 * 2_048];
        let [at, iovec, told] = PLACES;
        let mut put = |at: u32, bytes: &[u8]| memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
        let mut transfer = |length: u32| put(iovec, &[at.to_le_bytes(), length.to_le_bytes()].concat());
        match self {
            OnSet::Open(flags) => {
                put(at, b"poll");
                Call::PathOpen {
                    path: Pointer(at),
                    length: Count(4),
                    oflags: Flags(0),
                    flags: *flags,
                    opened: Pointer(told),
                }
            }
            OnSet::Tell(fd, records) => {
                let records = (1..).zip(records.iter().take(80)).map(|(place, told)| told.record(place));
                let bytes: Vec<u8> = records.flatten().collect();
                transfer(bytes.len() as u32);
                put(at, &bytes);
                Call::FdWrite { fd: *fd, iovecs: Pointer(iovec), count: Count(1), bytes: Pointer(told) }
            }
            OnSet::Take(fd, events) => {
                transfer(u32::from(*events) * 32);
                Call::FdRead { fd: *fd, iovecs: Pointer(iovec), count: Count(1), bytes: Pointer(told) }
            }
            OnSet::Poll(Fd(fd), time_ns) => {
                let watch = Watch::Clock {
                    clock: Clock::Monotonic,
                    timeout_ns: u64::from(*time_ns),
                    absolute: false,
                };
                let time = Subscription { userdata: 1, watch };
                let set = Subscription { userdata: 2, watch: Watch::Read(*fd) };
                put(at, &[time.encode(), set.encode()].concat());
                Call::PollOneoff {
                    subscriptions: Pointer(at),
                    events: Pointer(iovec),
                    count: Count(2),
                    told: Pointer(told),
                }
            }
        }
    }
}

impl NetworkSettings {
    fn network(self) -> MemoryNetwork {
        let latency_ns = u64::from(self.latency / 128) * 1_000;
        MemoryNetwork::new()
            .with_latency_ns(latency_ns)
            .with_tick_ns(u64::from(self.ticks) * 100)
            .with_receive_buffer_bytes(1 << (self.receive_buffer % 17))
            .with_backlog(usize::from(self.backlog % 8))
            .with_name(NAMES[0], &[[10, 0, 0, 2].into()])
            .with_name(NAMES[1], &[[10, 0, 0, 2].into(), [10, 0, 0, 1].into()])
            .with_name_delay_ns(NAMES[1], 50_000)
            .with_name(NAMES[2], &[])
    }
}

impl Granted {
    fn grants(self) -> Grants {
        let rule = |text: &str| text.parse().expect("a rule");
        match self {
            Granted::Nothing => Grants::default(),
            Granted::All => Grants::all(),
            Granted::Some => Grants {
                connect: vec![rule("later.test:80"), rule("none.test"), rule("10.0.0.0/31:80-81")],
                listen: vec![rule("10.0.0.1"), rule("443")],
                udp: vec![rule("now.test:*"), rule("later.test"), rule("10.0.0.1")],
                dns: vec!["*.test".parse().expect("a pattern")],
            },
        }
    }
}

impl Script {
    /// Lives it, to its end or to where nothing can ever happen.
    ///
    /// # Panics
    /// When something doesn't hold.
    pub fn run(&self) {
        let mut watched = Watched::new(self.network.network());
        let mut memory = vec![0; MEMORY_BYTES as usize];
        let (first, first_address) = watched.listen(([10, 0, 0, 1], 80).into()).expect("a listener");
        let guest: [SocketAddr; 3] = [first_address, ([10, 0, 0, 1], 443).into(), ([10, 0, 0, 1], 81).into()];
        let peers = Peers::new(&mut watched.inner, guest.into());
        let stdin =
            self.stdin_is_a_stream.then(|| watched.connect(([10, 0, 0, 2], 80).into()).expect("a stream"));
        let mut life = Life { process: Process::new(&mut watched), stdin };
        life.process.set_limits(Limits {
            fds: FDS,
            subscriptions: 64,
            iovecs: 8,
            readiness_sets: 3,
            ..Limits::default()
        });
        life.process.preopen_listener(first).expect("room");
        life.process.grant(self.grants.grants()).expect("room");
        if let Some(source) = stdin {
            life.process.set_foreign_source(0, source).expect("stdin is open");
        }
        for step in self.steps.iter().take(STEPS) {
            match step {
                Step::Write(Pointer(at), bytes) => {
                    let bytes = bytes.laid_out();
                    let at = (*at as usize).min(memory.len());
                    let fits = bytes.len().min(memory.len() - at);
                    memory[at..at + fits].copy_from_slice(&bytes[..fits]);
                }
                Step::Call(call) => {
                    if !life.call(call, &mut memory) {
                        break;
                    }
                }
                Step::Set(on_set) => {
                    let call = on_set.call(&mut memory);
                    if !life.call(&call, &mut memory) {
                        break;
                    }
                }
                Step::Nonblocking(Fd(fd)) => drop(life.process.fd_fdstat_set_flags(*fd, 4)),
                Step::Act(act) => peers.act(&mut life.process.network().inner, *act),
                Step::Later(delay, act) => {
                    let (peers, act) = (peers.clone(), *act);
                    let network = &mut life.process.network().inner;
                    let at_ns = network.now_ns() + u64::from(*delay) * 1_000;
                    network.schedule_at(at_ns, move |network| peers.act(network, act));
                }
            }
        }
        drop(life);
        assert_eq!(watched.open(), 0, "sockets were left open when the guest ended");
    }
}

/// A guest that lives.
struct Life<'a> {
    process: Process<&'a mut Watched<MemoryNetwork>>,
    /// What tells when stdin is ready.
    stdin: Option<SocketId>,
}

impl Life<'_> {
    /// Makes a call to its end; false when it waits for what can never happen.
    fn call(&mut self, call: &Call, memory: &mut [u8]) -> bool {
        let before = memory.to_vec();
        let effects = self.process.network().effects();
        for _ in 0..WAITS {
            match call.make(&mut self.process, &mut Memory::new(memory)) {
                Ok(Progress::Blocked) => {
                    if self.process.wait().is_err() {
                        return false;
                    }
                }
                Ok(Progress::Done(_)) => {
                    self.holds_what_it_has(call);
                    return true;
                }
                Err(failure) => {
                    assert!(memory == before, "{call:?} wrote to memory, and failed: {failure:?}");
                    if matches!(failure, Failure::Trap(_)) {
                        assert_eq!(
                            self.process.network().effects(),
                            effects,
                            "{call:?} had an effect, and trapped"
                        );
                    }
                    self.holds_what_it_has(call);
                    return true;
                }
            }
        }
        panic!("{call:?} waits again and again");
    }

    /// Each socket the network has open for the guest is at an fd of its.
    fn holds_what_it_has(&mut self, call: &Call) {
        let targets = || (0..FDS).map(|fd| self.process.target(fd));
        let sockets = targets().filter(|target| *target == Ok(Target::Socket)).count();
        let stdin = self.stdin.is_some() && targets().any(|target| target == Ok(Target::Foreign(0)));
        let held = sockets + usize::from(stdin);
        assert_eq!(self.process.network().open(), held, "{call:?} lost a socket, or made one up");
        assert!((FDS..FDS + 3).all(|fd| self.process.target(fd).is_err()), "{call:?} opened a huge fd");
    }
}
