//! Random programs on any network: every event a simple model expects comes, in the array and in a readiness set,
//! and none that it doesn't. What a network in memory does besides is `property.rs`'s.

use super::random::Random;
use super::{Guest, Peer, Rig};
use crate::{Change, Errno, Event, EventKind, Failure, Limits, Watch};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

const SEEDS: u64 = 4;
const STEPS: usize = 250;
const CONNECTIONS: usize = 5;

/// One connection, as it has to look to the guest once everything has arrived.
struct Connection<R: Rig> {
    fd: u32,
    peer: Peer<R>,
    /// What the peer has sent and the guest hasn't received.
    on_its_way: VecDeque<u8>,
    peer_finished: bool,
}

#[derive(Clone, Copy)]
struct Subscribed {
    userdata: u64,
    /// It stays when it was told, and is quiet until it was drained.
    edge: bool,
    quiet: bool,
}

struct World<R: Rig> {
    random: Random,
    guest: Guest<R>,
    listener: u32,
    address: SocketAddr,
    connections: Vec<Connection<R>>,
    /// The set's fd, and what is subscribed in it, by fd and whether to write.
    set: u32,
    subscribed: BTreeMap<(u32, bool), Subscribed>,
    /// Subscriptions whose descriptor is gone.
    orphans: Vec<((u32, bool), u64)>,
    next: u64,
}

fn watch((fd, write): (u32, bool)) -> Watch {
    if write { Watch::Write(fd) } else { Watch::Read(fd) }
}

impl<R: Rig> World<R> {
    fn new(seed: u64) -> World<R> {
        let mut guest = Guest::with_limits(Limits { fds: 16, ..Limits::default() });
        let (listener, address) = guest.listening();
        let set = guest.set_of_its_own();
        World {
            random: Random(seed),
            guest,
            listener,
            address,
            connections: Vec::new(),
            set,
            subscribed: BTreeMap::new(),
            orphans: Vec::new(),
            next: 0,
        }
    }

    fn step(&mut self) {
        let some = self.connections.len();
        match self.random.below(20) {
            0..=1 if some < CONNECTIONS => self.connects(),
            _ if some == 0 => self.connects(),
            2..=5 => self.peer_sends(),
            6 => self.peer_finishes(),
            7..=9 => self.guest_receives(),
            10 => self.guest_sends(),
            11 => self.guest_closes(),
            12 => self.guest_renumbers(),
            13..=15 => self.guest_changes_the_set(),
            16..=17 => self.guest_polls_until_all_has_come(),
            _ => self.guest_reads_its_set_until_all_has_come(),
        }
    }

    fn any(&mut self) -> usize {
        self.random.below(self.connections.len())
    }

    fn connects(&mut self) {
        let (fd, peer) = self.guest.accepts_from(self.listener, self.address);
        self.guest.set_nonblocking(fd);
        let on_its_way = VecDeque::new();
        self.connections.push(Connection { fd, peer, on_its_way, peer_finished: false });
    }

    fn peer_sends(&mut self) {
        let at = self.any();
        let bytes: Vec<u8> = (0..=self.random.below(40)).map(|byte| byte as u8).collect();
        let connection = &mut self.connections[at];
        if !connection.peer_finished {
            connection.peer.sends(&mut self.guest, &bytes);
            connection.on_its_way.extend(bytes);
        }
    }

    fn peer_finishes(&mut self) {
        let at = self.any();
        let connection = &mut self.connections[at];
        if !std::mem::replace(&mut connection.peer_finished, true) {
            connection.peer.finishes(&mut self.guest);
        }
    }

    /// Whatever has arrived, in order; nothing only where nothing may have arrived yet.
    fn guest_receives(&mut self) {
        let at = self.any();
        let most = 1 + self.random.below(60) as u32;
        let Connection { fd, on_its_way, peer_finished, .. } = &mut self.connections[at];
        let received = self.guest.recv(*fd, most, 0);
        let drained = received.as_ref().map_or(true, |bytes| (1..most as usize).contains(&bytes.len()));
        if let Some(subscribed) = self.subscribed.get_mut(&(*fd, false)).filter(|_| drained) {
            subscribed.quiet = false;
        }
        match received {
            Ok(bytes) if bytes.is_empty() => assert!(*peer_finished && on_its_way.is_empty(), "an end"),
            Ok(bytes) => {
                assert!(bytes.len() <= on_its_way.len(), "bytes that nobody sent");
                assert!(on_its_way.drain(..bytes.len()).eq(bytes), "the bytes in their order");
            }
            Err(again) => assert_eq!(again, Failure::from(Errno::Again)),
        }
    }

    fn guest_sends(&mut self) {
        let at = self.any();
        let connection = &mut self.connections[at];
        assert_eq!(self.guest.send(connection.fd, b"a few bytes"), Ok(11));
        connection.peer.hears(&mut self.guest, b"a few bytes");
    }

    fn guest_closes(&mut self) {
        let at = self.any();
        let connection = self.connections.swap_remove(at);
        let _ = self.guest.process.fd_close(connection.fd).expect("an open fd");
        self.gone(connection.fd);
    }

    fn guest_renumbers(&mut self) {
        let (from, onto) = (self.any(), self.any());
        let (from_fd, onto_fd) = (self.connections[from].fd, self.connections[onto].fd);
        let _ = self.guest.process.fd_renumber(from_fd, onto_fd).expect("two open fds");
        if from != onto {
            self.connections[from].fd = onto_fd;
            self.connections.swap_remove(onto);
            self.gone(from_fd);
            self.gone(onto_fd);
        }
    }

    fn gone(&mut self, fd: u32) {
        for write in [false, true] {
            let ended = self.subscribed.remove_entry(&(fd, write));
            self.orphans.extend(ended.map(|(subject, subscribed)| (subject, subscribed.userdata)));
        }
    }

    /// Whether this is to be told, once everything has arrived.
    fn is_due(&self, (fd, write): (u32, bool)) -> bool {
        let connection = self.connections.iter().find(|connection| connection.fd == fd);
        connection
            .is_none_or(|connection| write || connection.peer_finished || !connection.on_its_way.is_empty())
    }

    fn check(&self, subject: (u32, bool), event: Event) {
        let is_open = self.connections.iter().any(|connection| connection.fd == subject.0);
        let errno = if is_open { Errno::Success } else { Errno::Badf };
        assert_eq!(event.errno, errno, "{event:?} of {subject:?}");
        assert_eq!(matches!(event.kind, EventKind::Write(_)), subject.1, "{event:?} of {subject:?}");
        assert!(self.is_due(subject), "{event:?} of {subject:?} is spurious");
    }

    fn guest_polls_until_all_has_come(&mut self) {
        let mut subjects: Vec<(u32, bool)> = self
            .connections
            .iter()
            .map(|connection| connection.fd)
            .chain([14])
            .flat_map(|fd| [(fd, false), (fd, true)])
            .collect();
        subjects.retain(|_| self.random.below(3) > 0);
        let watches: Vec<Watch> = subjects.iter().map(|&subject| watch(subject)).collect();
        let due: Vec<u64> =
            (0..).zip(&subjects).filter(|(_, s)| self.is_due(**s)).map(|(at, _)| at).collect();
        let mut told: Vec<u64> = Vec::new();
        while told != due {
            let events = self.guest.first_of(&watches);
            for &event in &events {
                self.check(subjects[event.userdata as usize], event);
            }
            told = events.iter().map(|event| event.userdata).collect();
        }
    }

    fn guest_changes_the_set(&mut self) {
        let at = self.any();
        let subject = (self.connections[at].fd, self.random.below(2) == 1);
        let unsubscribe = self.random.below(4) == 0;
        let userdata = match self.subscribed.get(&subject) {
            Some(subscribed) if unsubscribe => subscribed.userdata,
            _ => self.next,
        };
        let edge = !unsubscribe && self.random.below(2) == 0;
        let change = Change { userdata, watch: watch(subject), unsubscribe, edge };
        assert_eq!(self.guest.changes(self.set, &[change]).map(|bytes| bytes / 48), Ok(1));
        if unsubscribe {
            self.subscribed.remove(&subject);
        } else {
            self.subscribed.insert(subject, Subscribed { userdata, edge, quiet: false });
            // What was there of a descriptor that is gone is replaced with it.
            self.orphans.retain(|(gone, _)| *gone != subject);
        }
        self.next += 1;
    }

    fn guest_reads_its_set_until_all_has_come(&mut self) {
        let room = 1 + self.random.below(4) as u32;
        while self.subscribed.iter().any(|(&subject, subscribed)| !subscribed.quiet && self.is_due(subject))
            || !self.orphans.is_empty()
        {
            self.guest.arrives(Watch::Read(self.set));
            for event in self.guest.told(self.set, room).expect("events") {
                let subject =
                    self.subscribed.iter().find(|(_, subscribed)| subscribed.userdata == event.userdata);
                if let Some((&subject, &subscribed)) = subject {
                    self.check(subject, event);
                    assert!(!subscribed.quiet, "{event:?} of {subject:?} was told, and not drained since");
                    if subscribed.edge && event.errno == Errno::Success {
                        self.subscribed.insert(subject, Subscribed { quiet: true, ..subscribed });
                    } else {
                        self.subscribed.remove(&subject);
                    }
                } else {
                    let orphan = self.orphans.iter().position(|(_, orphan)| *orphan == event.userdata);
                    self.orphans.swap_remove(orphan.expect("an event of what is subscribed"));
                    assert_eq!(event.errno, Errno::Badf);
                }
            }
        }
        assert_eq!(self.guest.told(self.set, room), Err(Errno::Again.into()), "nothing more is due");
    }
}

pub fn a_random_program_sees_what_a_simple_model_says<R: Rig>() {
    for seed in 1..=SEEDS {
        let mut world = World::<R>::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..STEPS {
            world.step();
        }
    }
}
