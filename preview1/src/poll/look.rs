//! What a watch is to be told now, by the readiness of what it watches. Which watches there are, and where
//! their events go, is decided elsewhere.

use super::Polling;
use crate::fd_table::{Descriptor, FdTable, Role, Socket};
use crate::readiness::Certainty;
use crate::transfer::Direction;
use crate::watches::Watched;
use crate::{Errno, Event, EventKind, Levels, Network, Probe, Process, Ready};

/// Whose watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The guest's own array's.
    Array,
    /// Those of a readiness set.
    Set(usize),
}

impl<N: Network> Process<N> {
    /// Looks at every queued watch: settles those that have nothing to be told, and asks the network, in one
    /// go, where that is in doubt. What is still queued then has an event, or is one that no edge will wake.
    pub(crate) fn look(&mut self, whose: Whose) {
        let Polling { array, sets, probes, foreign, .. } = &mut self.polling;
        let watches = match whose {
            Whose::Array => &mut array.watches,
            Whose::Set(set) => &mut sets[set].watches,
        };
        foreign.clear();
        let mut at = watches.first();
        while let Some(id) = at {
            at = watches.behind(id);
            let watch = watches.get(id);
            if watch.orphaned {
                continue;
            }
            match self.table.get(watch.fd) {
                Ok(Descriptor::Socket(socket)) if never_ready(socket, watch.direction) => {
                    watches.settle(id);
                }
                Ok(Descriptor::Socket(socket))
                    if watch.direction.of(socket) == Certainty::Maybe
                        && probes.last().is_none_or(|last| last.socket != socket.id) =>
                {
                    probes.push(Probe { socket: socket.id, levels: Levels::default() });
                }
                Ok(Descriptor::Foreign { source: Some(id), .. })
                    if !foreign.iter().any(|probe| probe.socket == *id) =>
                {
                    foreign.push(Probe { socket: *id, levels: Levels::default() });
                }
                _ => {}
            }
        }
        if !foreign.is_empty() {
            self.network.probe(foreign);
        }
        if !self.polling.probes.is_empty() {
            self.ask();
        }
    }

    /// Asks the network about the sockets in doubt.
    fn ask(&mut self) {
        let mut probes = std::mem::take(&mut self.polling.probes);
        self.network.probe(&mut probes);
        for Probe { socket, levels } in probes.drain(..) {
            if let Some(fd) = self.table.fd_of(socket)
                && let Ok(found) = self.table.socket(fd)
            {
                let error = if levels.error { self.network.take_error(socket) } else { None };
                found.probed(levels, error);
                self.polling.wake(fd);
            }
        }
        self.polling.probes = probes;
    }
}

/// Whether nothing is to be told of this direction until an edge.
fn never_ready(socket: &Socket, direction: Direction) -> bool {
    matches!(direction.of(socket), Certainty::NotReady | Certainty::Unheard)
        || (socket.role == Role::Listener && direction == Direction::Write)
}

/// What is known of everything, for a watch to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    pub(crate) table: &'a FdTable,
    /// The answers about foreign descriptors.
    pub(crate) foreign: &'a [Probe],
    /// No connection can be accepted for want of fds.
    pub(crate) starved: bool,
}

impl Known<'_> {
    /// The event a watch is told now, if there is one. Whether a readiness set can be read is `set_is_ready`'s.
    pub(crate) fn event_of(
        self,
        watch: &Watched,
        set_is_ready: impl Fn(usize) -> Option<bool>,
    ) -> Option<Event> {
        let descriptor = match self.table.get(watch.fd) {
            Ok(descriptor) if !watch.orphaned => descriptor,
            _ => return Some(event(watch, Errno::Badf, Ready::default())),
        };
        let ready = match descriptor {
            Descriptor::Socket(socket) => self.socket_ready(socket, watch.direction)?,
            Descriptor::Foreign { source: Some(id), .. } => {
                let levels = &self.foreign.iter().find(|probe| probe.socket == *id)?.levels;
                let (ready, hangup) = match watch.direction {
                    Direction::Read => (levels.readable, levels.read_closed),
                    Direction::Write => (levels.writable, levels.write_closed),
                };
                (ready || hangup).then_some(Ready { bytes: u64::from(!hangup), hangup, error: None })?
            }
            Descriptor::ReadinessSet(set) => match (set_is_ready(*set), watch.direction) {
                (None, _) => return Some(event(watch, Errno::Inval, Ready::default())),
                (Some(false), Direction::Read) => return None,
                (Some(_), _) => Ready { bytes: 1, ..Ready::default() },
            },
            Descriptor::Foreign { source: None, .. } | Descriptor::NetDir => {
                Ready { bytes: 1, ..Ready::default() }
            }
        };
        Some(event(watch, Errno::Success, ready))
    }

    /// Whether `fd` is a socket.
    pub(crate) fn is_socket(self, fd: u32) -> bool {
        matches!(self.table.get(fd), Ok(Descriptor::Socket(_)))
    }

    fn socket_ready(self, socket: &Socket, direction: Direction) -> Option<Ready> {
        let readiness = &socket.readiness;
        let (mute, closed) = match direction {
            Direction::Read => (self.starved, readiness.read_closed),
            Direction::Write => (true, readiness.write_closed),
        };
        if direction.of(socket) != Certainty::Ready || (mute && socket.role == Role::Listener) {
            return None;
        }
        Some(Ready {
            bytes: u64::from(!closed),
            hangup: closed || readiness.error.is_some(),
            error: readiness.error,
        })
    }
}

fn event(watch: &Watched, errno: Errno, ready: Ready) -> Event {
    let kind = match watch.direction {
        Direction::Read => EventKind::Read(ready),
        Direction::Write => EventKind::Write(ready),
    };
    Event { userdata: watch.userdata, errno, kind }
}
