//! What happens on the other side of the network, at once or while the guest waits. It knows no fds.

use crate::arbitrary;
use crate::bytes::NAMES;
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use wasi_poll_preview1::{Errno, MemoryNetwork, Network, SocketId};

/// Sockets of the other side, at most.
const SOCKETS: usize = 12;

arbitrary! {
/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Somebody connects to the guest's listener of this place.
    Connect(u8),
    /// Somebody takes a connection the guest made.
    Accept,
    /// Bytes are sent.
    Send(u8, u16),
    /// Bytes are taken.
    Receive(u8, u16),
    /// No more is sent.
    Finish(u8),
    /// Everything ends, as it should.
    Close(u8),
    /// Everything ends, as it should not.
    Reset(u8),
    /// A datagram is sent to the guest's address of this place.
    Datagram(u8, u16),
    /// The system can open no more sockets, or can again.
    Exhausted(bool),
    /// A name changes what it is.
    Renamed(u8, bool),
}
}

/// The sockets on the other side.
#[derive(Clone, Debug, Default)]
pub struct Peers(Arc<Mutex<Sockets>>);

#[derive(Debug, Default)]
struct Sockets {
    /// What listens for the guest's connections.
    listener: Option<SocketId>,
    /// What exchanges datagrams with it.
    datagrams: Option<SocketId>,
    streams: Vec<SocketId>,
    /// Where the guest can be reached.
    guest: Vec<SocketAddr>,
}

impl Peers {
    /// A listener on 10.0.0.2:80, and a datagram socket on 10.0.0.2:81.
    pub fn new(network: &mut MemoryNetwork, guest: Vec<SocketAddr>) -> Peers {
        let opened = |opened: Result<(SocketId, SocketAddr), Errno>| opened.ok().map(|(id, _)| id);
        let listener = opened(network.listen(([10, 0, 0, 2], 80).into()));
        let datagrams = opened(network.bind(([10, 0, 0, 2], 81).into()));
        Peers(Arc::new(Mutex::new(Sockets { listener, datagrams, streams: Vec::new(), guest })))
    }

    /// Does it. What fails doesn't matter.
    pub fn act(&self, network: &mut MemoryNetwork, act: Act) {
        let mut sockets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Sockets { listener, datagrams, streams, guest } = &mut *sockets;
        let of =
            |streams: &[SocketId], place: u8| streams.get(usize::from(place) % streams.len().max(1)).copied();
        let bytes = |count: u16| (0..count % 4_096).map(|place| place as u8).collect::<Vec<u8>>();
        let at = |place: u8| guest.get(usize::from(place) % guest.len().max(1)).copied();
        match act {
            Act::Connect(place) if streams.len() < SOCKETS => {
                streams.extend(at(place).and_then(|address| network.connect(address).ok()));
            }
            Act::Accept if streams.len() < SOCKETS => {
                streams.extend(listener.and_then(|listener| network.accept(listener).ok()).map(|(id, _)| id));
            }
            Act::Connect(_) | Act::Accept => {}
            Act::Send(place, count) => {
                let _ = of(streams, place).map(|id| network.send(id, &[IoSlice::new(&bytes(count))]));
            }
            Act::Receive(place, count) => {
                let _ = of(streams, place)
                    .map(|id| network.receive(id, &mut vec![0; 1 + usize::from(count)], false));
            }
            Act::Finish(place) => {
                let _ = of(streams, place).map(|id| network.shutdown(id, Shutdown::Write));
            }
            Act::Close(place) | Act::Reset(place) => {
                let Some(id) = of(streams, place) else { return };
                streams.retain(|known| *known != id);
                if matches!(act, Act::Reset(_)) { network.reset(id) } else { network.close(id) }
            }
            Act::Datagram(place, count) => {
                let _ = datagrams
                    .zip(at(place))
                    .map(|(id, to)| network.send_datagram(id, &[IoSlice::new(&bytes(count))], Some(to)));
            }
            Act::Exhausted(is) => network.set_accept_error(is.then_some(Errno::Mfile)),
            Act::Renamed(name, has) => {
                let name = NAMES[usize::from(name) % NAMES.len()];
                let addresses = [[10, 0, 0, 2].into()];
                network.set_name(name, if has { &addresses } else { &[] });
            }
        }
    }
}
