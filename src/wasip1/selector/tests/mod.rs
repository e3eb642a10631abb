//! What the selector promises, one sentence a test, against a scripted host. Random use against a model
//! is `model_test`'s.

mod edges;
mod failures;
mod queue;
mod readiness_set;
mod registrations;
mod waits;

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::time::Duration;

use super::super::event::{Event, Events};
use super::super::script::{Answer, Script};
use super::super::{Interest, Token};
use super::{Direction, Key, Selector, Trigger};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const HANGUP: u16 = 1;
const ERROR: u16 = 2;
const EBADF: u16 = 8;
const ECONNRESET: u16 = 15;

/// A selector, its host, and a caller with room for some events.
struct Bench {
    selector: Selector,
    host: Script,
    events: Events,
}

impl Bench {
    fn new() -> Bench {
        Bench::with_room(16)
    }

    fn with_room(capacity: usize) -> Bench {
        Bench {
            selector: Selector::new(None),
            host: Script::default(),
            events: Events::with_capacity(capacity),
        }
    }

    /// One whose host keeps a readiness set; `None` in a world that can't give it a descriptor to name one by.
    fn with_set(capacity: usize) -> Option<Bench> {
        Some(Bench { selector: Selector::new(Some(a_set()?)), ..Bench::with_room(capacity) })
    }

    #[track_caller]
    fn register(&mut self, fd: RawFd, token: usize, interest: Interest) -> Key {
        self.selector.register(fd, Token(token), interest, Trigger::Edge).expect("a new registration")
    }

    #[track_caller]
    fn poll(&mut self, timeout: Option<Duration>) -> Vec<Event> {
        self.selector.poll(&mut self.host, &mut self.events, timeout).expect("a poll");
        self.selector.check_invariants();
        self.events.iter().cloned().collect()
    }

    /// The tokens of a poll that doesn't wait.
    #[track_caller]
    fn tokens(&mut self) -> Vec<usize> {
        let events = self.poll(Some(Duration::ZERO));
        events.iter().map(|event| event.token().0).collect()
    }

    #[track_caller]
    fn one_event(&mut self) -> Event {
        let events = self.poll(Some(Duration::ZERO));
        assert_eq!(events.len(), 1, "{events:?}");
        events.into_iter().next().expect("one event")
    }
}

/// A descriptor that stands for the scripted host's readiness set.
pub(super) fn a_set() -> Option<OwnedFd> {
    io::stderr().as_fd().try_clone_to_owned().ok()
}

/// A token to know the source of `fd` by.
fn token_of(fd: RawFd) -> usize {
    fd.unsigned_abs() as usize
}
