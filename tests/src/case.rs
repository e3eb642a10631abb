//! One case: the rows of the contract it checks, its two halves, and what it must be granted.

use anyhow::Result;

use crate::{Guest, Peer};

/// Something of the network that a case is granted beyond its listeners: a rule, as the host reads it.
#[derive(Clone, Copy, Debug)]
pub enum Grant {
    /// Where it may connect.
    Connect(&'static str),
    /// Where it may listen.
    Listen(&'static str),
    /// Where its datagram sockets may be, send to and hear from.
    Udp(&'static str),
}

/// One case. Its name is that of the function that makes it, a sentence.
#[derive(Clone, Debug)]
pub struct Case {
    /// The rows of the contract that it checks.
    pub rows: &'static [u32],
    /// How many listeners the guest half may bind.
    pub listeners: usize,
    /// Whether the listeners' ports are chosen before the guest half begins, and told to it.
    pub ports_are_known: bool,
    /// What else of the network it is granted. Without any, it has no network directory.
    pub grants: &'static [Grant],
    /// Whether it gets a directory with a file `greeting` in it.
    pub directory: bool,
    /// What runs in the world under test.
    pub guest: fn(&mut Guest) -> Result<()>,
    /// What runs at the other end of its sockets.
    pub peer: fn(&mut Peer) -> Result<()>,
}

impl Case {
    /// A case with one listener, and a peer that does nothing.
    pub fn of_rows(rows: &'static [u32]) -> Case {
        Case {
            rows,
            listeners: 1,
            ports_are_known: false,
            grants: &[],
            directory: false,
            guest: |_| Ok(()),
            peer: |_| Ok(()),
        }
    }

    /// Grants it this many listeners.
    #[must_use]
    pub fn listeners(self, listeners: usize) -> Case {
        Case { listeners, ..self }
    }

    /// Chooses its listeners' ports beforehand.
    #[must_use]
    pub fn known_ports(self) -> Case {
        Case { ports_are_known: true, ..self }
    }

    /// Grants it more of the network.
    #[must_use]
    pub fn granted(self, grants: &'static [Grant]) -> Case {
        Case { grants, ..self }
    }

    /// Grants it a directory.
    #[must_use]
    pub fn directory(self) -> Case {
        Case { directory: true, ..self }
    }

    /// Sets the half in the world under test.
    #[must_use]
    pub fn guest(self, guest: fn(&mut Guest) -> Result<()>) -> Case {
        Case { guest, ..self }
    }

    /// Sets the other half.
    #[must_use]
    pub fn peer(self, peer: fn(&mut Peer) -> Result<()>) -> Case {
        Case { peer, ..self }
    }
}
