//! What the network keeps of every socket, and the table of them. What a stream holds is `stream.rs`'s.

use super::MemoryNetwork;
use super::datagram::DatagramSocket;
use super::options::Options;
use super::stream::Stream;
use crate::{Errno, SocketId};
use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;

/// One socket for its whole life: unlike its number, never given out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub id: SocketId,
    pub serial: u64,
}

/// An open socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub serial: u64,
    /// Somebody was given its number; before that it has no edges.
    pub held: bool,
    /// It stands in the list of edges.
    pub edge_pending: bool,
    pub options: Options,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Listener(Listener),
    Stream(Stream),
    Datagram(DatagramSocket),
}

/// What a listener holds.
#[derive(Debug)]
pub(super) struct Listener {
    pub address: SocketAddr,
    /// Our ends of the connections nobody accepted yet.
    pub queue: VecDeque<End>,
    /// The connecting ends the queue had no room for.
    pub waiting: VecDeque<End>,
}

/// What travels from one end of a connection to the other.
#[derive(Debug)]
pub(super) enum Packet {
    /// The connection stands.
    Established,
    Bytes(Vec<u8>),
    /// The other end sends no more.
    Finish,
    /// There is no such connection, any more or at all.
    Reset,
}

/// A datagram on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub sender: End,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    /// Whether the sender's own socket gets it, if it is in the group it goes to.
    pub heard_by_sender: bool,
}

/// What is scheduled.
pub(super) enum Action {
    Call(Box<dyn FnOnce(&mut MemoryNetwork) + Send>),
    /// A connection reaches the address it wants.
    Knock {
        client: End,
        address: SocketAddr,
    },
    Arrive {
        to: End,
        packet: Packet,
    },
    Land(Flight),
    /// What a datagram socket sent there found nobody.
    Refuse {
        sender: End,
        to: SocketAddr,
    },
    /// What was on its way is lost.
    Lose(Box<Action>),
    /// The look-up of a name is done.
    Answer(String),
}

impl Action {
    /// Whether it is a stream's: TCP sees to it that it arrives, and in order.
    pub fn is_stream(&self) -> bool {
        matches!(self, Action::Knock { .. } | Action::Arrive { .. })
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Call(_) => f.write_str("Call"),
            Action::Knock { client, address } => write!(f, "Knock {{ {client:?}, {address} }}"),
            Action::Arrive { to, packet } => write!(f, "Arrive {{ {to:?}, {packet:?} }}"),
            Action::Land(flight) => write!(f, "Land {flight:?}"),
            Action::Refuse { sender, to } => write!(f, "Refuse {{ {sender:?}, {to} }}"),
            Action::Lose(action) => write!(f, "Lose {action:?}"),
            Action::Answer(name) => write!(f, "Answer {name}"),
        }
    }
}

impl MemoryNetwork {
    pub(super) fn insert(&mut self, kind: Kind, held: bool) -> End {
        let serial = self.next_serial;
        self.next_serial += 1;
        let socket = Socket { serial, held, edge_pending: false, options: Options::default(), kind };
        End { id: SocketId(self.sockets.insert(socket) as u32), serial }
    }

    pub(super) fn socket(&self, SocketId(id): SocketId) -> Result<&Socket, Errno> {
        self.sockets.get(id as usize).ok_or(Errno::Badf)
    }

    pub(super) fn socket_mut(&mut self, SocketId(id): SocketId) -> Result<&mut Socket, Errno> {
        self.sockets.get_mut(id as usize).ok_or(Errno::Badf)
    }

    pub(super) fn stream_mut(&mut self, id: SocketId) -> Result<&mut Stream, Errno> {
        match &mut self.socket_mut(id)?.kind {
            Kind::Stream(stream) => Ok(stream),
            Kind::Listener(_) | Kind::Datagram(_) => Err(Errno::Notconn),
        }
    }

    pub(super) fn listener_mut(&mut self, id: SocketId) -> Result<&mut Listener, Errno> {
        match &mut self.socket_mut(id)?.kind {
            Kind::Listener(listener) => Ok(listener),
            Kind::Stream(_) | Kind::Datagram(_) => Err(Errno::Inval),
        }
    }

    /// The stream that `end` is, if it is still open.
    pub(super) fn stream_of(&self, end: End) -> Option<&Stream> {
        match self.sockets.get(end.id.0 as usize) {
            Some(Socket { serial, kind: Kind::Stream(stream), .. }) if *serial == end.serial => Some(stream),
            _ => None,
        }
    }

    /// The stream that `end` is, if it is still open, to change it.
    pub(super) fn stream_of_mut(&mut self, end: End) -> Option<&mut Stream> {
        match self.sockets.get_mut(end.id.0 as usize) {
            Some(Socket { serial, kind: Kind::Stream(stream), .. }) if *serial == end.serial => Some(stream),
            _ => None,
        }
    }

    pub(super) fn datagram(&self, id: SocketId) -> Result<&DatagramSocket, Errno> {
        match &self.socket(id)?.kind {
            Kind::Datagram(socket) => Ok(socket),
            Kind::Listener(_) | Kind::Stream(_) => Err(Errno::Prototype),
        }
    }

    pub(super) fn datagram_mut(&mut self, id: SocketId) -> Result<&mut DatagramSocket, Errno> {
        match &mut self.socket_mut(id)?.kind {
            Kind::Datagram(socket) => Ok(socket),
            Kind::Listener(_) | Kind::Stream(_) => Err(Errno::Prototype),
        }
    }

    /// The datagram socket that `end` is, if it is still open, to change it.
    pub(super) fn datagram_of_mut(&mut self, end: End) -> Option<&mut DatagramSocket> {
        match self.sockets.get_mut(end.id.0 as usize) {
            Some(Socket { serial, kind: Kind::Datagram(socket), .. }) if *serial == end.serial => {
                Some(socket)
            }
            _ => None,
        }
    }

    /// The next wait tells of this socket, if it is ready for anything by then.
    pub(super) fn edge(&mut self, id: SocketId) {
        if let Some(socket) = self.sockets.get_mut(id.0 as usize)
            && socket.held
            && !std::mem::replace(&mut socket.edge_pending, true)
        {
            let end = End { id, serial: socket.serial };
            self.edges.push_back(end);
        }
    }
}
