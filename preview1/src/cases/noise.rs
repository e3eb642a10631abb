//! A guest that calls the network directory with anything at all: no call panics, no fd is lost, and nothing is
//! held without bounds.

use super::guest::{BUFFER, BYTES, FD, IOVECS, MEMORY_BYTES, PATH, ROFLAGS, VALUE};
use super::random::Random;
use super::{Guest, MemoryRig, Rig};
use crate::net_dir::Grants;
use crate::record::encode_address;
use crate::test_attribute::test;
use crate::{Errno, Failure, Limits, Memory, MemoryNetwork, Network, Process, Progress};

const FDS: u32 = 12;

const OPENS: [&str; 4] = ["tcp/listen/", "tcp/connect/", "udp/bind/", "dns/"];

const PLACES: [&str; 16] = [
    "127.0.0.1:0",
    "127.0.0.1:49152",
    "127.0.0.1:49153",
    "0.0.0.0:0",
    "[::1]:0",
    "[::]:49154",
    "[::1]:49152",
    "[::ffff:127.0.0.1]:49152",
    "[fe80::1%3]:9",
    "255.255.255.255:49152",
    "224.0.0.251:49152",
    "localhost",
    "slow.test",
    "never.test",
    "127.0.0.1",
    "*",
];

const ATTRIBUTES: [&str; 15] = [
    "local",
    "peer",
    "error",
    "nodelay",
    "ttl",
    "only_v6",
    "broadcast",
    "multicast_loop_v4",
    "multicast_ttl_v4",
    "multicast_loop_v6",
    "join_v4",
    "leave_v4",
    "join_v6",
    "leave_v6",
    "nothing",
];

const VALUES: [&str; 12] =
    ["0", "1", "255", "256", "4294967296", "-1", "", "224.0.0.251 0.0.0.0", "ff02::fb 0", "/", "..\0", "é"];

struct Noise {
    random: Random,
    guest: Guest<MemoryRig<1_000>>,
    opened: u32,
    steps: u32,
}

impl Noise {
    fn new(seed: u64) -> Noise {
        let mut guest = Guest::granted(Grants::all(), Limits { fds: FDS, iovecs: 8, ..Limits::default() });
        guest.listening();
        let network: &mut MemoryNetwork = guest.process.network();
        network.set_name("slow.test", &[[10, 0, 0, 1].into()]);
        network.set_name("never.test", &[]);
        Noise { random: Random(seed), guest, opened: 0, steps: 0 }
    }

    /// Some text at a place of its own, or a pointer at nothing good.
    fn text(&mut self, place: u32) -> (u32, u32) {
        match self.random.below(40) {
            0 => return (self.number(), self.number()),
            1 => return (MEMORY_BYTES - 1_500, 1_400),
            _ => {}
        }
        let word = |random: &mut Random, words: &[&'static str]| words[random.below(words.len())];
        let random = &mut self.random;
        let mut bytes = match (place, random.below(8)) {
            (_, 0) => [word(random, &OPENS), word(random, &VALUES), word(random, &ATTRIBUTES)].concat(),
            (PATH, 1..4) => [word(random, &OPENS), word(random, &PLACES)].concat(),
            (PATH, _) => format!("fd/{}/{}", 2 + random.below(10), word(random, &ATTRIBUTES)),
            (_, 1..4) => word(random, &PLACES).to_owned(),
            _ => word(random, &VALUES).to_owned(),
        }
        .into_bytes();
        if self.random.below(8) == 0 && !bytes.is_empty() {
            let at = self.random.below(bytes.len());
            bytes[at] = self.random.below(256) as u8;
        }
        self.guest.put(place, &bytes)
    }

    /// A pointer, mostly a good one.
    fn pointer(&mut self, good: u32) -> u32 {
        if self.random.below(30) == 0 { self.number() } else { good }
    }

    fn number(&mut self) -> u32 {
        let edges = [0, 1, 2, 3, MEMORY_BYTES - 1, MEMORY_BYTES, u32::MAX, u32::MAX - 7, 1 << 31];
        edges[self.random.below(edges.len())]
    }

    /// Makes a call; one that is blocked is made again a few times, and then given up with all the process has.
    fn call<T>(
        &mut self,
        mut call: impl FnMut(&mut Process<MemoryNetwork>, &mut Memory<'_>) -> Result<Progress<T>, Failure>,
    ) -> bool {
        for _ in 0..20 {
            let guest = &mut self.guest;
            match call(&mut guest.process, &mut Memory::new(&mut guest.memory)) {
                Ok(Progress::Done(_)) | Err(_) => return true,
                Ok(Progress::Blocked) => {
                    if guest.process.wait().is_err() {
                        return false;
                    }
                }
            }
        }
        false
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        let fd = 3 + self.random.below(FDS as usize) as u32;
        let flags = [0, 4, 4, 4, 4, 4, 4, 1, 5][self.random.below(9)];
        match self.random.below(9) {
            0 | 1 => {
                let (path, opened) = (self.text(PATH), self.pointer(FD));
                let oflags = self.random.below(40) as u32 / 8;
                let mut fds = 0;
                let ended = self.call(|process, memory| {
                    let progress = process.net_open(memory, path, oflags, flags, opened);
                    fds += u32::from(matches!(progress, Ok(Progress::Done(_))));
                    progress
                });
                self.opened += fds;
                ended
            }
            2 => {
                let (path, size) = (self.text(PATH), self.random.below(70) as u32);
                let (into, used) = (self.pointer(BUFFER), self.pointer(BYTES));
                self.call(|process, memory| process.net_readlink(memory, path, into, size, used))
            }
            3 | 4 => {
                let (value, path) = (self.text(VALUE), self.text(PATH));
                self.call(|process, memory| process.net_symlink(memory, value, path))
            }
            5 => {
                let (path, into) = (self.text(PATH), self.pointer(BUFFER));
                let mut memory = Memory::new(&mut self.guest.memory);
                let _ = self.guest.process.net_filestat(&mut memory, path, into);
                true
            }
            6 => {
                let to = ["127.0.0.1:49152", "[::1]:49152", "255.255.255.255:49152", "10.0.0.9:0"];
                let to = to[self.random.below(4)].parse().unwrap();
                self.guest.put(BUFFER, &encode_address(to));
                self.transfer(fd, true)
            }
            7 => self.transfer(fd, false),
            _ => {
                if self.random.below(3) == 0 && fd != 3 {
                    let _ = self.guest.process.fd_close(fd);
                }
                let _ = self.guest.process.fd_fdstat_set_flags(fd, 4);
                true
            }
        }
    }

    fn transfer(&mut self, fd: u32, send: bool) -> bool {
        let lengths = [0, 1, 31, 32, 33, 40, 60_000];
        let iovecs: Vec<(u32, u32)> = (0..self.random.below(4))
            .map(|_| (self.pointer(BUFFER), lengths[self.random.below(lengths.len())]))
            .collect();
        self.guest.lay_out(&iovecs);
        let (count, bytes) = (iovecs.len() as u32, self.pointer(BYTES));
        // A blocking one may rightly wait for ever.
        let _ = self.guest.process.fd_fdstat_set_flags(fd, 4);
        if send {
            self.call(|process, memory| process.sock_send(memory, fd, IOVECS, count, 0, bytes))
        } else {
            let peek = self.random.below(2) as u32;
            self.call(|process, memory| process.sock_recv(memory, fd, IOVECS, count, peek, bytes, ROFLAGS))
        }
    }
}

#[test]
fn whatever_a_guest_asks_of_the_network_directory_nothing_breaks() {
    let (mut sockets_opened, mut steps) = (0, 0);
    for seed in 1..200 {
        let mut noise = Noise::new(seed);
        for _ in 0..1_500 {
            if !noise.step() {
                // It waits for what never comes. A host ends it there; what it held goes with it.
                break;
            }
        }
        let mut open = 0;
        for fd in 0..FDS + 9 {
            open += u32::from(noise.guest.process.target(fd).is_ok());
        }
        assert!(open <= FDS, "{open} fds of {FDS}");
        sockets_opened += noise.opened;
        steps += noise.steps;
    }
    let shown = format!("{sockets_opened} sockets in {steps} steps");
    assert!(sockets_opened > 2_000 && steps > 100_000, "the noise does too little to show anything: {shown}");
}

#[test]
fn a_guest_that_sends_and_never_waits_is_held_up() {
    let mut guest = Guest::<MemoryRig<1_000_000>>::free();
    let (fd, address) = guest.bound(4);
    let mut sent = 0;
    while guest.send_to(fd, &[0; 1_000], address).is_ok() {
        sent += 1;
        assert!(sent < 1_000, "no end to what the network holds");
    }
    assert_eq!(guest.send_to(fd, b"", address), Err(Failure::Errno(Errno::Again)));
    guest.arrives(crate::Watch::Write(fd));
    assert_eq!(guest.send_to(fd, b"", address), Ok(0));
}

#[test]
fn an_open_that_is_blocked_keeps_no_second_stream() {
    let mut guest = Guest::<MemoryRig<1_000>>::free();
    let (_, address) = guest.listening();
    let path = guest.put(PATH, format!("tcp/connect/{address}").as_bytes());
    // Called again without a wait, as a host does that is woken early.
    let mut blocked = 0;
    while let Ok(Progress::Blocked) =
        guest.process.net_open(&mut Memory::new(&mut guest.memory), path, 0, 0, FD)
    {
        blocked += 1;
        if blocked > 10 {
            guest.process.wait().unwrap();
        }
    }
    let opened = guest.next_fd() - 1;
    assert_eq!(guest.attribute(opened, "peer"), Ok(address.to_string()));
    // The second to connect takes the port behind the first's, so there was one alone.
    let first = guest.local(opened);
    let peer = MemoryRig::<1_000>::connect(guest.process.network(), address);
    let second = guest.process.network().local_address(peer).unwrap();
    assert_eq!(second.port(), first.port() + 1);
}
