//! The selector against a naive model of it, under random use: the same events in the same order, the
//! same questions to the host, and every back-index right after every step.

use std::collections::BTreeSet;
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

use super::super::event::Events;
use super::super::script::Script;
use super::super::{Interest, Token};
use super::tests::a_set;
use super::{Direction, Key, Selector, Trigger};

const FDS: RawFd = 12;
const STEPS: usize = 4_000;
const SEEDS: u64 = 24;
const ROOM: usize = 3;

/// xorshift64*: enough for a test, and the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end
    }

    fn fd(&mut self) -> RawFd {
        self.below(FDS as u64) as RawFd
    }

    fn direction(&mut self) -> Direction {
        Direction::BOTH[self.below(2) as usize]
    }

    fn interest(&mut self) -> Interest {
        match self.below(3) {
            0 => Interest::READABLE,
            1 => Interest::WRITABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        }
    }
}

/// One source, as slowly and plainly as can be.
struct Source {
    fd: RawFd,
    key: Key,
    token: usize,
    interest: Interest,
    level: bool,
    armed: BTreeSet<Direction>,
    pending: BTreeSet<Direction>,
    /// When it was queued, if it still is; the order of delivery.
    queued_at: Option<usize>,
}

#[derive(Default)]
struct Model {
    sources: Vec<Source>,
    ticks: usize,
}

fn directions(interest: Interest) -> BTreeSet<Direction> {
    let mut directions = BTreeSet::new();
    if interest.is_readable() {
        directions.insert(Direction::Read);
    }
    if interest.is_writable() {
        directions.insert(Direction::Write);
    }
    directions
}

impl Model {
    fn source(&mut self, fd: RawFd) -> Option<&mut Source> {
        self.sources.iter_mut().find(|source| source.fd == fd)
    }

    fn rearm(&mut self, fd: RawFd, direction: Direction) {
        if let Some(source) = self.source(fd) {
            source.pending.remove(&direction);
            if directions(source.interest).contains(&direction) {
                source.armed.insert(direction);
            }
        }
    }

    fn asked(&self) -> Vec<(RawFd, Direction)> {
        let mut asked: Vec<_> = self
            .sources
            .iter()
            .flat_map(|source| source.armed.iter().map(|direction| (source.fd, *direction)))
            .collect();
        asked.sort_unstable();
        asked
    }

    /// Takes the host's answers in the order it gave them.
    fn receive(&mut self, answers: &[(RawFd, Direction)]) {
        for (fd, direction) in answers {
            self.ticks += 1;
            let tick = self.ticks;
            let source = self.source(*fd).expect("only sources are asked about");
            source.armed.remove(direction);
            source.pending.insert(*direction);
            source.queued_at.get_or_insert(tick);
        }
    }

    /// The source queued first, after the ones before it that have nothing left to tell.
    fn first_queued(&mut self) -> Option<&mut Source> {
        let mut queued: Vec<&mut Source> =
            self.sources.iter_mut().filter(|source| source.queued_at.is_some()).collect();
        queued.sort_by_key(|source| source.queued_at);
        for source in queued {
            if !source.pending.is_empty() {
                return Some(source);
            }
            source.queued_at = None;
        }
        None
    }

    fn deliver(&mut self) -> Vec<(usize, BTreeSet<Direction>)> {
        let mut delivered = Vec::new();
        while delivered.len() < ROOM
            && let Some(source) = self.first_queued()
        {
            source.queued_at = None;
            delivered.push((source.token, std::mem::take(&mut source.pending)));
            if source.level {
                source.armed = directions(source.interest);
            }
        }
        delivered
    }
}

struct Run {
    random: Random,
    selector: Selector,
    host: Script,
    events: Events,
    model: Model,
    former: Vec<Key>,
    keeps_a_set: bool,
}

impl Run {
    fn step(&mut self) {
        let fd = self.random.fd();
        match self.random.below(10) {
            0 | 1 => self.register(fd),
            2 => self.deregister(fd),
            3 => self.reregister(fd),
            4 => {
                let direction = self.random.direction();
                self.host.ready(fd, direction);
            }
            5 => self.host.quiet(fd),
            6 | 7 => {
                let (direction, is_seen) = (self.random.direction(), self.random.below(2) == 0);
                if let Some(source) = self.model.source(fd) {
                    if is_seen && !source.level {
                        self.host.drained(fd, direction);
                        self.selector.drained(source.key, direction);
                    } else {
                        self.selector.rearm(source.key, direction);
                    }
                }
                self.model.rearm(fd, direction);
            }
            _ => self.poll(),
        }
        for former in &self.former {
            self.selector.drained(*former, Direction::Read);
            self.selector.rearm(*former, Direction::Read);
            self.selector.remove(*former);
        }
        self.selector.check_invariants();
    }

    fn register(&mut self, fd: RawFd) {
        let interest = self.random.interest();
        let level = self.random.below(4) == 0;
        let token = self.random.below(5) as usize;
        let trigger = if level { Trigger::Level } else { Trigger::Edge };
        let registered = self.selector.register(fd, Token(token), interest, trigger);
        assert_eq!(registered.is_ok(), self.model.source(fd).is_none());
        if let Ok(key) = registered {
            self.model.sources.push(Source {
                fd,
                key,
                token,
                interest,
                level,
                armed: directions(interest),
                pending: BTreeSet::new(),
                queued_at: None,
            });
        }
    }

    fn deregister(&mut self, fd: RawFd) {
        let deregistered = self.selector.deregister(fd);
        let place = self.model.sources.iter().position(|source| source.fd == fd);
        assert_eq!(deregistered.is_ok(), place.is_some());
        if let Some(place) = place {
            self.former.push(self.model.sources.remove(place).key);
        }
    }

    fn reregister(&mut self, fd: RawFd) {
        let interest = self.random.interest();
        let token = self.random.below(5) as usize;
        let reregistered = self.selector.reregister(fd, Token(token), interest);
        assert_eq!(reregistered.is_ok(), self.model.source(fd).is_some());
        if let Some(source) = self.model.source(fd) {
            source.token = token;
            source.interest = interest;
            source.armed = directions(interest);
            source.pending.clear();
        }
    }

    fn poll(&mut self) {
        self.selector.poll(&mut self.host, &mut self.events, Some(Duration::ZERO)).expect("a poll");
        let asked = self.model.asked();
        self.model.first_queued();
        let answers: Vec<(RawFd, Direction)> = if let Some(call) = self.host.calls.pop() {
            assert_eq!(call.directions, asked);
            // The array's order is nobody's business, so that of the answers is taken as it was.
            let answers = self.selector.last_answers();
            let with_fd = |(key, direction)| (self.fd_of(key), direction);
            answers.into_iter().map(with_fd).collect()
        } else {
            assert_eq!(asked, [], "the host has to be asked about what is armed");
            Vec::new()
        };
        let answered: BTreeSet<_> = answers.iter().copied().collect();
        let expected: BTreeSet<_> =
            asked.into_iter().filter(|asked| self.host.ready.contains_key(asked)).collect();
        if self.keeps_a_set {
            // It was asked for no more than there is room for.
            assert!(answered.is_subset(&expected) && answered.len() == expected.len().min(2 * ROOM + 1));
        } else {
            assert_eq!(answered, expected);
        }
        self.model.receive(&answers);
        let delivered: Vec<_> = self
            .events
            .iter()
            .map(|event| {
                let mut directions = BTreeSet::new();
                if event.is_readable() {
                    directions.insert(Direction::Read);
                }
                if event.is_writable() {
                    directions.insert(Direction::Write);
                }
                (event.token().0, directions)
            })
            .collect();
        assert_eq!(delivered, self.model.deliver());
    }

    fn fd_of(&self, key: Key) -> RawFd {
        let source = self.model.sources.iter().find(|source| source.key == key);
        source.expect("only sources are answered").fd
    }
}

fn runs(set: fn() -> Option<OwnedFd>) {
    for seed in 1..=SEEDS {
        let set = set();
        let mut run = Run {
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
            keeps_a_set: set.is_some(),
            selector: Selector::new(set),
            host: Script::default(),
            events: Events::with_capacity(ROOM),
            model: Model::default(),
            former: Vec::new(),
        };
        for _ in 0..STEPS {
            run.step();
            run.former.truncate(8);
        }
    }
}

#[test]
fn the_selector_does_what_a_naive_model_does() {
    runs(|| None);
}

#[test]
fn with_a_readiness_set_it_does_so_too() {
    runs(a_set);
}
