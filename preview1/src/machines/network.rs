//! One machine's calls on the network all machines share: whose address is whose, and what a fault makes of a call.

use super::{Machine, State};
use crate::{Datagram, Edge, Errno, Group, Levels, Network, Probe, SocketId, SocketOption, Stop};
use std::io::IoSlice;
use std::net::{IpAddr, Shutdown, SocketAddr};

impl Machine {
    fn on<T>(&self, call: impl FnOnce(&mut State, usize) -> T) -> T {
        call(&mut self.machines.lock(), self.number)
    }
}

impl State {
    /// What an address means on this machine.
    fn seen_from(&self, number: usize, mut address: SocketAddr) -> SocketAddr {
        let own = self.machines[number].address;
        let ip = address.ip();
        if (ip.is_unspecified() || ip.is_loopback()) && ip.is_ipv4() == own.is_ipv4() {
            address.set_ip(own);
        }
        address
    }

    fn may_open(&mut self, number: usize) -> Result<(), Errno> {
        let now_ns = self.network.now_ns();
        if self.machines[number].trouble.is_full(now_ns) { Err(Errno::Mfile) } else { Ok(()) }
    }
}

impl Network for Machine {
    fn now_ns(&mut self) -> u64 {
        self.on(|state, _| state.network.now_ns())
    }

    fn realtime_ns(&mut self) -> u64 {
        self.on(|state, number| {
            let jumped_ns = state.machines[number].trouble.clock_jumped_ns;
            state.network.realtime_ns().saturating_add_signed(jumped_ns)
        })
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.on(|state, number| {
            state.may_open(number)?;
            let address = state.seen_from(number, address);
            let (socket, address) = state.network.listen(address)?;
            Ok((state.owned_by(socket, number), address))
        })
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        self.on(|state, number| {
            state.may_open(number)?;
            let to = state.seen_from(number, address);
            let from = state.seen_from(number, SocketAddr::new(to.ip(), 0));
            let own = state.machines[number].address;
            let from = if own.is_ipv4() == to.is_ipv4() { SocketAddr::new(own, 0) } else { from };
            let socket = state.network.connect_from(from, to)?;
            Ok(state.owned_by(socket, number))
        })
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.on(|state, number| {
            if state.network.levels_of(listener).readable {
                state.may_open(number)?;
                state.refuses(number, listener)?;
            }
            let (socket, peer) = state.network.accept(listener)?;
            Ok((state.owned_by(socket, number), peer))
        })
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        self.on(|state, number| {
            let now_ns = state.network.now_ns();
            if state.network.levels_of(stream).readable {
                state.refuses(number, stream)?;
            }
            let most = state.machines[number].trouble.most_read(now_ns).min(into.len());
            let moved = state.network.receive(stream, &mut into[..most], peek)?;
            state.tell_rest(number, stream, most < into.len());
            Ok(moved)
        })
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        self.on(|state, number| {
            let now_ns = state.network.now_ns();
            if state.network.levels_of(stream).writable {
                state.refuses(number, stream)?;
            }
            let most = state.machines[number].trouble.most_written(now_ns);
            let asked: usize = from.iter().map(|slice| slice.len()).sum();
            if asked <= most {
                return state.network.send(stream, from);
            }
            let bytes: Vec<u8> = from.iter().flat_map(|slice| slice.iter()).take(most).copied().collect();
            let moved = state.network.send(stream, &[IoSlice::new(&bytes)])?;
            state.tell_rest(number, stream, true);
            Ok(moved)
        })
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.on(|state, _| state.network.shutdown(stream, how))
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        self.on(|state, number| {
            state.may_open(number)?;
            let address = state.seen_from(number, address);
            let (socket, address) = state.network.bind(address)?;
            Ok((state.owned_by(socket, number), address))
        })
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.on(|state, number| {
            let peer = state.seen_from(number, peer);
            state.network.connect_datagram(socket, peer)
        })
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        self.on(|state, number| {
            if state.network.levels_of(socket).readable {
                state.refuses(number, socket)?;
            }
            state.network.receive_datagram(socket, into, peek)
        })
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        self.on(|state, number| {
            let to = to.map(|to| state.seen_from(number, to));
            state.network.send_datagram(socket, from, to)
        })
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.on(|state, _| state.network.local_address(socket))
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.on(|state, _| state.network.peer_address(socket))
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        self.on(|state, _| state.network.option(socket, option))
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        self.on(|state, _| state.network.set_option(socket, option, value))
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        self.on(|state, _| state.network.set_membership(socket, group, join))
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.on(|state, _| state.network.resolve(name))
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        self.on(|state, _| state.network.take_error(socket))
    }

    fn close(&mut self, socket: SocketId) {
        self.on(|state, _| {
            state.closed(socket);
            state.network.close(socket);
        });
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        self.on(|state, number| {
            state.network.probe(probes);
            for probe in probes {
                if state.machines[number].trouble.is_hushed(probe.socket) {
                    probe.levels = Levels::default();
                }
            }
        });
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        self.on(|state, number| {
            state.collect();
            let State { network, machines, .. } = state;
            let owner = &mut machines[number];
            owner.awake = false;
            owner.deadline_ns = deadline_ns.filter(|&at_ns| at_ns > network.now_ns());
            for (socket, spurious) in owner.told_next.drain(..) {
                // What is there by now, and not when it was noted.
                let mut levels = network.levels_of(socket);
                levels.readable |= spurious;
                if levels != Levels::default() {
                    edges.push(Edge { socket, levels });
                    // Whoever waited goes on at once.
                    owner.awake = true;
                }
            }
            Ok(())
        })
    }
}
