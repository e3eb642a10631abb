//! The operating system's sockets, on mio: one poll, every socket registered once, edge-triggered, both ways.
//! What an edge means to a guest is preview1's to say.

mod datagrams;
mod levels;
mod options;
mod resolver;
mod shared_port;
mod source;

use crate::Killer;
use crate::errno::{errno_of, errno_of_os};
use crate::kill::Cause;
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::{Events, Poll, Token, Waker};
use resolver::Resolver;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use slab::Slab;
use source::{Entry, Source};
use std::io::{self, IoSlice};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wasi_poll_preview1::{Datagram, Edge, Errno, Group, Network, Probe, SocketId, SocketOption, Stop};

/// Connections that wait to be accepted, at most: what the system allows (`net.core.somaxconn`), as it cuts it down.
const BACKLOG: i32 = 4096;
/// Buffers that systems take in one call (`IOV_MAX`); a send of more is a short one.
const BUFFERS: usize = 1024;
/// Edges taken in at one wait; more come at the next.
const EDGES: usize = 1024;
/// No socket's: its index would be past every limit of open files. The kill switch and the resolver wake with it.
const WAKE: Token = Token(usize::MAX);

/// The operating system's sockets and resolver, as a [`Network`].
#[derive(Debug)]
pub struct OsNetwork {
    poll: Poll,
    events: Events,
    sources: Slab<Entry>,
    /// Counts the sources, so that an event of a closed one is not taken for its successor's.
    generation: u32,
    started: Instant,
    killer: Killer,
    resolver: Resolver,
    shares_ports: bool,
    /// The guest was asked to finish, and its listeners are closed.
    retired: bool,
}

impl OsNetwork {
    /// A network whose waits end when `killer` is pulled.
    ///
    /// # Errors
    /// When the system has no room for another poll.
    pub fn new(killer: &Killer) -> io::Result<OsNetwork> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let resolver = Resolver::new(Arc::clone(&waker));
        // It fails only when the poll is gone, and then nobody waits.
        let finish_waker = Arc::clone(&waker);
        killer.on_finish(move || drop(finish_waker.wake()));
        killer.on_kill(move || drop(waker.wake()));
        Ok(OsNetwork {
            poll,
            events: Events::with_capacity(EDGES),
            sources: Slab::new(),
            generation: 0,
            started: Instant::now(),
            killer: killer.clone(),
            resolver,
            shares_ports: false,
            retired: false,
        })
    }

    /// From now on, listeners and datagram sockets share their port with others that share it, too.
    pub fn share_ports(&mut self) {
        self.shares_ports = true;
    }

    /// Takes a listener that is open already. It becomes non-blocking.
    ///
    /// # Errors
    /// When it can't be made so, or the system has no room to watch it.
    pub fn adopt_listener(&mut self, listener: std::net::TcpListener) -> io::Result<SocketId> {
        listener.set_nonblocking(true)?;
        self.add(Source::Listener(TcpListener::from_std(listener)))
    }

    /// Takes a bound datagram socket that is open already. It becomes non-blocking.
    ///
    /// # Errors
    /// When it can't be made so, or the system has no room to watch it.
    pub fn adopt_datagrams(&mut self, socket: std::net::UdpSocket) -> io::Result<SocketId> {
        socket.set_nonblocking(true)?;
        self.add(Source::Datagrams(UdpSocket::from_std(socket)))
    }

    /// Watches a descriptor for readiness alone: nothing is read, written or set on it. `None` when it is
    /// always ready, as a regular file is.
    ///
    /// # Errors
    /// When it can't be duplicated, or the system has no room to watch it.
    pub fn adopt(&mut self, descriptor: BorrowedFd<'_>) -> io::Result<Option<SocketId>> {
        let watched: OwnedFd = descriptor.try_clone_to_owned()?;
        match self.add(Source::Watched(watched)) {
            Ok(id) => Ok(Some(id)),
            // What epoll answers for files that have no readiness.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn add(&mut self, mut source: Source) -> io::Result<SocketId> {
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let entry = self.sources.vacant_entry();
        let id = SocketId(entry.key() as u32);
        source.register(self.poll.registry(), token_of(id, generation))?;
        entry.insert(Entry { source, generation });
        Ok(id)
    }

    fn source(&mut self, id: SocketId) -> Result<&mut Source, Errno> {
        self.sources.get_mut(id.0 as usize).map(|entry| &mut entry.source).ok_or(Errno::Badf)
    }

    /// Closes the listeners once the guest was asked to finish. Where that fails, the next call tries again.
    fn retire_listeners(&mut self) {
        if self.killer.is_finishing() && !self.retired {
            let registry = self.poll.registry();
            let tried = self.sources.iter_mut().map(|(_, entry)| entry.source.retire(registry));
            self.retired = tried.fold(true, |done, tried| done & tried.is_ok());
        }
    }

    /// Ends a guest that was asked to finish, serves nobody any more, and is about to wait for ever.
    fn end_if_finished(&mut self, deadline_ns: Option<u64>) {
        if self.killer.is_finishing() {
            self.retire_listeners();
            if deadline_ns.is_none() && !self.sources.iter().any(|(_, entry)| entry.source.serves()) {
                self.killer.end(Cause::Finished);
            }
        }
    }

    fn unless_killed(&self) -> Result<(), Stop> {
        if self.killer.is_killed() { Err(Stop::Killed) } else { Ok(()) }
    }
}

/// The token of a source: which it is, and the how-manieth.
fn token_of(SocketId(index): SocketId, generation: u32) -> Token {
    Token((u64::from(generation) << 32 | u64::from(index)) as usize)
}

impl Network for OsNetwork {
    fn now_ns(&mut self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    fn realtime_ns(&mut self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
    }

    fn listen(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let bound = if self.shares_ports { shared_port::listen(address) } else { TcpListener::bind(address) };
        let listened = bound.and_then(|listener| {
            // mio asks for 128. A burst of more is dropped, and who has sent something by then may be reset.
            rustix::net::listen(&listener, BACKLOG)?;
            let address = listener.local_addr()?;
            // One that is opened late is closed with the others.
            self.retired = false;
            Ok((self.add(Source::Listener(listener))?, address))
        });
        listened.map_err(|error| errno_of(&error))
    }

    fn connect(&mut self, address: SocketAddr) -> Result<SocketId, Errno> {
        let connected =
            TcpStream::connect(address).and_then(|stream| self.add(Source::Stream { stream, peer: None }));
        connected.map_err(|error| errno_of(&error))
    }

    fn accept(&mut self, listener: SocketId) -> Result<(SocketId, SocketAddr), Errno> {
        self.retire_listeners();
        let listener = match self.source(listener)? {
            Source::Listener(listener) => listener,
            Source::Retired { .. } => return Err(Errno::Again),
            _ => return Err(Errno::Inval),
        };
        listener
            .accept()
            .and_then(|(stream, peer)| Ok((self.add(Source::Stream { stream, peer: Some(peer) })?, peer)))
            .map_err(|error| errno_of(&error))
    }

    fn receive(&mut self, stream: SocketId, into: &mut [u8], peek: bool) -> Result<usize, Errno> {
        let stream = self.source(stream)?.stream()?;
        let flags = if peek { RecvFlags::PEEK } else { RecvFlags::empty() };
        recv(&*stream, into, flags).map(|(_, bytes)| bytes).map_err(errno_of_os)
    }

    fn send(&mut self, stream: SocketId, from: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let stream = self.source(stream)?.stream()?;
        // An embedder may not ignore SIGPIPE, as Rust's own programs do.
        let sent = match from {
            [one] => send(&*stream, one, SendFlags::NOSIGNAL),
            several => {
                let most = &several[..several.len().min(BUFFERS)];
                sendmsg(&*stream, most, &mut SendAncillaryBuffer::default(), SendFlags::NOSIGNAL)
            }
        };
        sent.map_err(errno_of_os)
    }

    fn shutdown(&mut self, stream: SocketId, how: Shutdown) -> Result<(), Errno> {
        self.source(stream)?.stream()?.shutdown(how).map_err(|error| errno_of(&error))
    }

    fn bind(&mut self, address: SocketAddr) -> Result<(SocketId, SocketAddr), Errno> {
        let bound = if self.shares_ports { shared_port::bind(address) } else { UdpSocket::bind(address) };
        let bound = bound.and_then(|socket| {
            let address = socket.local_addr()?;
            Ok((self.add(Source::Datagrams(socket))?, address))
        });
        bound.map_err(|error| errno_of(&error))
    }

    fn connect_datagram(&mut self, socket: SocketId, peer: SocketAddr) -> Result<(), Errno> {
        self.source(socket)?.datagrams()?.connect(peer).map_err(|error| errno_of(&error))
    }

    fn receive_datagram(&mut self, socket: SocketId, into: &mut [u8], peek: bool) -> Result<Datagram, Errno> {
        let socket = self.source(socket)?.datagrams()?;
        datagrams::receive(socket, into, peek).map_err(|error| errno_of(&error))
    }

    fn send_datagram(
        &mut self,
        socket: SocketId,
        from: &[IoSlice<'_>],
        to: Option<SocketAddr>,
    ) -> Result<usize, Errno> {
        datagrams::send(self.source(socket)?.datagrams()?, from, to).map_err(|error| errno_of(&error))
    }

    fn local_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.source(socket)?.local_addr().map_err(|error| errno_of(&error))
    }

    fn peer_address(&mut self, socket: SocketId) -> Result<SocketAddr, Errno> {
        self.source(socket)?.peer_addr().map_err(|error| errno_of(&error))
    }

    fn option(&mut self, socket: SocketId, option: SocketOption) -> Result<u32, Errno> {
        options::read(self.source(socket)?, option).map_err(|error| errno_of(&error))
    }

    fn set_option(&mut self, socket: SocketId, option: SocketOption, value: u32) -> Result<(), Errno> {
        options::set(self.source(socket)?, option, value).map_err(|error| errno_of(&error))
    }

    fn set_membership(&mut self, socket: SocketId, group: Group, join: bool) -> Result<(), Errno> {
        options::set_membership(self.source(socket)?, group, join).map_err(|error| errno_of(&error))
    }

    fn resolve(&mut self, name: &str) -> Result<Option<Vec<IpAddr>>, Errno> {
        self.resolver.resolve(name)
    }

    fn take_error(&mut self, socket: SocketId) -> Option<Errno> {
        let pending = self.source(socket).ok()?.take_error();
        pending.unwrap_or_else(Some).map(|error| errno_of(&error))
    }

    fn close(&mut self, socket: SocketId) {
        if let Some(mut entry) = self.sources.try_remove(socket.0 as usize) {
            entry.source.deregister(self.poll.registry());
        }
    }

    fn probe(&mut self, probes: &mut [Probe]) {
        levels::probe(&self.sources, probes);
    }

    fn wait(&mut self, deadline_ns: Option<u64>, edges: &mut Vec<Edge>) -> Result<(), Stop> {
        self.end_if_finished(deadline_ns);
        self.unless_killed()?;
        // mio rounds up to what the system counts in.
        let timeout = deadline_ns.map(|at_ns| match at_ns {
            0 => Duration::ZERO,
            _ => Duration::from_nanos(at_ns.saturating_sub(self.now_ns())),
        });
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: an early end, and the caller decides.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return self.unless_killed(),
            Err(error) => panic!("the poll of this process is broken: {error}"),
        }
        self.unless_killed()?;
        for event in &self.events {
            let token = event.token();
            let socket = SocketId(token.0 as u32);
            match self.sources.get(socket.0 as usize) {
                Some(entry) if token_of(socket, entry.generation) == token => {
                    edges.push(Edge { socket, levels: levels::of_event(event) });
                }
                _ => {}
            }
        }
        Ok(())
    }
}
