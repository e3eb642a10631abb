//! What one socket is known to be ready for, between the edges that say so and the calls that use it up.

use crate::{Errno, Levels};

/// How sure it is that a direction would make progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// An edge said so, and nothing was moved since.
    Ready,
    /// Some was moved: the network has to be probed before it is reported.
    Maybe,
    /// It has just been opened: its first edge, if it is ready at all, is still to come. A call may try.
    Unheard,
    /// A call met `EAGAIN` or moved fewer bytes than it asked for, and no edge came since.
    NotReady,
}

/// What a socket is known to be ready for.
#[derive(Clone, Copy, Debug)]
pub struct Readiness {
    /// Whether bytes, a connection or an end can be taken.
    pub read: Certainty,
    /// Whether bytes can be sent.
    pub write: Certainty,
    /// The peer will send no more. Never unsaid, and keeps `read` from becoming `NotReady`: the end of the
    /// stream may have come with the same edge as the bytes before it.
    pub read_closed: bool,
    /// Nothing more can be sent.
    pub write_closed: bool,
    /// The error the next call returns.
    pub error: Option<Errno>,
    /// The turn (see `Process::wait`) in which a call was last refused without asking the network.
    pub refused_in_turn: u64,
}

impl Readiness {
    /// That of a socket the network has just opened.
    pub fn unheard() -> Readiness {
        Readiness { read: Certainty::Unheard, write: Certainty::Unheard, ..Readiness::unknown() }
    }

    /// That of a socket nobody asked about yet, though its edges may have been told.
    pub fn unknown() -> Readiness {
        Readiness {
            read: Certainty::Maybe,
            write: Certainty::Maybe,
            read_closed: false,
            write_closed: false,
            error: None,
            refused_in_turn: 0,
        }
    }

    /// Takes in an edge: what it names is ready, what it doesn't name is left as it was.
    pub fn edge(&mut self, levels: Levels, error: Option<Errno>) {
        self.read_closed |= levels.read_closed;
        self.write_closed |= levels.write_closed;
        self.error = self.error.or(error);
        if levels.readable || levels.read_closed || levels.error {
            self.read = Certainty::Ready;
        }
        if levels.writable || levels.write_closed || levels.error {
            self.write = Certainty::Ready;
        }
    }

    /// Takes in a probe's answer, which is the truth in every direction.
    pub fn probed(&mut self, levels: Levels, error: Option<Errno>) {
        self.read = Certainty::NotReady;
        self.write = Certainty::NotReady;
        self.edge(levels, error);
        self.keep_closed_ready();
    }

    /// Takes the pending error: what it made ready has to be asked about again.
    pub fn take_error(&mut self) -> Option<Errno> {
        let errno = self.error.take()?;
        self.asked_again();
        Some(errno)
    }

    /// Nothing is known any more of what a call or an attribute may have changed, but for what has ended.
    pub fn asked_again(&mut self) {
        self.read = Certainty::Maybe;
        self.write = Certainty::Maybe;
        self.keep_closed_ready();
    }

    /// A receive moved `moved` of `asked` bytes.
    pub fn received(&mut self, moved: usize, asked: usize) {
        self.read_closed |= moved == 0;
        self.read = if moved < asked { Certainty::NotReady } else { Certainty::Maybe };
        self.keep_closed_ready();
    }

    /// A send moved `moved` of `asked` bytes.
    pub fn sent(&mut self, moved: usize, asked: usize) {
        self.write = if moved < asked { Certainty::NotReady } else { Certainty::Maybe };
        self.keep_closed_ready();
    }

    /// The network said `EAGAIN` to a receive or an accept.
    pub fn read_drained(&mut self) {
        self.read = Certainty::NotReady;
        self.keep_closed_ready();
    }

    /// The network said `EAGAIN` to a send.
    pub fn write_filled(&mut self) {
        self.write = Certainty::NotReady;
        self.keep_closed_ready();
    }

    fn keep_closed_ready(&mut self) {
        if self.read_closed || self.error.is_some() {
            self.read = Certainty::Ready;
        }
        if self.write_closed || self.error.is_some() {
            self.write = Certainty::Ready;
        }
    }
}
