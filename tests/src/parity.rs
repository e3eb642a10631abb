//! Every public item of mio 1.2's portable surface by its exact signature: where a world lacks one, or has
//! another, this file doesn't compile there. What the items do is the other cases' business.
//!
//! Left out, because mio has them on some native platforms alone:
//! - `Interest::PRIORITY`, `AIO` and `LIO` (the questions about them are portable, and here);
//! - `net::UnixListener`, `UnixStream`, `UnixDatagram` and `unix::pipe`, which are Unix's;
//! - `windows::NamedPipe` and the `RawSocket` conversions, which are Windows';
//! - `AsRawFd` for `Poll`, `AsRawFd` and `AsFd` for `Registry`: not every native selector is a descriptor.

use std::fmt::Debug;
use std::hash::Hash;
use std::io::{self, Read, Write};
use std::net::{self, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::ops::{BitOr, BitOrAssign};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::time::Duration;

use mio::event::{self, Event, Iter, Source};
use mio::net::{TcpListener, TcpStream, UdpSocket};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
#[expect(unused_imports, reason = "these two hold documentation: being there is all they do")]
use mio::{features as _, guide as _};

type Done = io::Result<()>;
type Told<T> = io::Result<T>;
type Dyn = dyn Source + 'static;
type Received = Told<(usize, SocketAddr)>;
type Operation = fn() -> Told<u8>;

const fn shared<T: Send + Sync + Unpin + Debug + 'static>() {}
const fn ordered<T: Copy + Clone + Debug + PartialEq + Eq + PartialOrd + Ord>() {}
const fn hashed<T: Hash>() {}
const fn joined<T: BitOr<Output = T> + BitOrAssign>() {}
const fn cloned<T: Clone>() {}
const fn into<T, U: From<T>>() {}
const fn registered<T: Source + ?Sized>() {}
const fn descriptor<T: AsRawFd + AsFd + FromRawFd + IntoRawFd + From<OwnedFd>>() {}
const fn read_and_written<T: Read + Write>() {}

// Traits.
const _: () = {
    shared::<Poll>();
    shared::<Registry>();
    shared::<Waker>();
    shared::<Events>();
    shared::<Event>();
    shared::<Iter<'static>>();
    shared::<Token>();
    shared::<Interest>();
    shared::<TcpListener>();
    shared::<TcpStream>();
    shared::<UdpSocket>();
    shared::<SourceFd<'static>>();

    ordered::<Token>();
    hashed::<Token>();
    into::<Token, usize>();
    ordered::<Interest>();
    joined::<Interest>();
    cloned::<Event>();
    cloned::<Iter<'static>>();

    registered::<TcpListener>();
    registered::<TcpStream>();
    registered::<UdpSocket>();
    registered::<SourceFd<'static>>();
    registered::<dyn Source>();
    registered::<Box<TcpStream>>();
    registered::<Box<dyn Source>>();
    registered::<Box<dyn Source + Send + Sync>>();

    descriptor::<TcpListener>();
    into::<TcpListener, OwnedFd>();
    into::<TcpListener, net::TcpListener>();
    descriptor::<TcpStream>();
    into::<TcpStream, OwnedFd>();
    into::<TcpStream, net::TcpStream>();
    descriptor::<UdpSocket>();
    into::<UdpSocket, OwnedFd>();
    into::<UdpSocket, net::UdpSocket>();

    read_and_written::<TcpStream>();
    read_and_written::<&'static TcpStream>();
};

// One type under two names.
const _: fn(event::Events) -> Events = std::convert::identity;

// Token: its number is public, and every one is the caller's.
const _: Token = Token(usize::MAX);
const _: usize = Token(0).0;
const _: fn(usize) -> Token = Token;

// Interest, whose sets are constants.
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);
const _: (bool, bool) = (BOTH.is_readable(), BOTH.is_writable());
const _: (bool, bool, bool) = (BOTH.is_aio(), BOTH.is_lio(), BOTH.is_priority());
const _: fn(Interest, Interest) -> Option<Interest> = Interest::remove;

// Poll.
const _: fn() -> Told<Poll> = Poll::new;
const _: fn(&Poll) -> &Registry = Poll::registry;
const _: fn(&mut Poll, &mut Events, Option<Duration>) -> Done = Poll::poll;

// Registry.
const _: fn(&Registry, &mut TcpStream, Token, Interest) -> Done = Registry::register::<TcpStream>;
const _: fn(&Registry, &mut TcpStream, Token, Interest) -> Done = Registry::reregister::<TcpStream>;
const _: fn(&Registry, &mut TcpStream) -> Done = Registry::deregister::<TcpStream>;
const _: fn(&Registry, &mut Dyn, Token, Interest) -> Done = Registry::register::<Dyn>;
const _: fn(&Registry, &mut Dyn, Token, Interest) -> Done = Registry::reregister::<Dyn>;
const _: fn(&Registry, &mut Dyn) -> Done = Registry::deregister::<Dyn>;
const _: fn(&Registry) -> Told<Registry> = Registry::try_clone;

// Waker.
const _: fn(&Registry, Token) -> Told<Waker> = Waker::new;
const _: fn(&Waker) -> Done = Waker::wake;

// Events and its iterator.
const _: fn(usize) -> Events = Events::with_capacity;
const _: fn(&Events) -> usize = Events::capacity;
const _: fn(&Events) -> bool = Events::is_empty;
const _: for<'a> fn(&'a Events) -> Iter<'a> = Events::iter;
const _: fn(&'static Events) -> Iter<'static> = IntoIterator::into_iter;
const _: fn(&mut Events) = Events::clear;
const _: fn(&mut Iter<'static>) -> Option<&'static Event> = Iterator::next;
const _: fn(&Iter<'static>) -> (usize, Option<usize>) = Iterator::size_hint;
const _: fn(Iter<'static>) -> usize = Iterator::count;

// Event.
const _: fn(&Event) -> Token = Event::token;
const _: [fn(&Event) -> bool; 8] = [
    Event::is_readable,
    Event::is_writable,
    Event::is_error,
    Event::is_read_closed,
    Event::is_write_closed,
    Event::is_priority,
    Event::is_aio,
    Event::is_lio,
];

// Source, as somebody else implements it: by a descriptor of their own.
struct Own(RawFd);

impl Source for Own {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> Done {
        SourceFd(&self.0).register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> Done {
        SourceFd(&self.0).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> Done {
        SourceFd(&self.0).deregister(registry)
    }
}

const _: fn(&Registry, &mut Own, Token, Interest) -> Done = Registry::register::<Own>;

// SourceFd: its descriptor is public.
const _: fn(&'static RawFd) -> SourceFd<'static> = SourceFd;
const _: for<'a> fn(SourceFd<'a>) -> &'a RawFd = |source| source.0;

// TcpListener.
const _: fn(SocketAddr) -> Told<TcpListener> = TcpListener::bind;
const _: fn(net::TcpListener) -> TcpListener = TcpListener::from_std;
const _: fn(&TcpListener) -> Told<(TcpStream, SocketAddr)> = TcpListener::accept;
const _: fn(&TcpListener) -> Told<SocketAddr> = TcpListener::local_addr;
const _: fn(&TcpListener, u32) -> Done = TcpListener::set_ttl;
const _: fn(&TcpListener) -> Told<u32> = TcpListener::ttl;
const _: fn(&TcpListener) -> Told<Option<io::Error>> = TcpListener::take_error;

// TcpStream.
const _: fn(SocketAddr) -> Told<TcpStream> = TcpStream::connect;
const _: fn(net::TcpStream) -> TcpStream = TcpStream::from_std;
const _: fn(&TcpStream) -> Told<SocketAddr> = TcpStream::peer_addr;
const _: fn(&TcpStream) -> Told<SocketAddr> = TcpStream::local_addr;
const _: fn(&TcpStream, Shutdown) -> Done = TcpStream::shutdown;
const _: fn(&TcpStream, bool) -> Done = TcpStream::set_nodelay;
const _: fn(&TcpStream) -> Told<bool> = TcpStream::nodelay;
const _: fn(&TcpStream, u32) -> Done = TcpStream::set_ttl;
const _: fn(&TcpStream) -> Told<u32> = TcpStream::ttl;
const _: fn(&TcpStream) -> Told<Option<io::Error>> = TcpStream::take_error;
const _: fn(&TcpStream, &mut [u8]) -> Told<usize> = TcpStream::peek;
const _: fn(&TcpStream, Operation) -> Told<u8> = TcpStream::try_io::<Operation, u8>;

// UdpSocket.
const _: fn(SocketAddr) -> Told<UdpSocket> = UdpSocket::bind;
const _: fn(net::UdpSocket) -> UdpSocket = UdpSocket::from_std;
const _: fn(&UdpSocket) -> Told<SocketAddr> = UdpSocket::local_addr;
const _: fn(&UdpSocket) -> Told<SocketAddr> = UdpSocket::peer_addr;
const _: fn(&UdpSocket, &[u8], SocketAddr) -> Told<usize> = UdpSocket::send_to;
const _: fn(&UdpSocket, &mut [u8]) -> Received = UdpSocket::recv_from;
const _: fn(&UdpSocket, &mut [u8]) -> Received = UdpSocket::peek_from;
const _: fn(&UdpSocket, &[u8]) -> Told<usize> = UdpSocket::send;
const _: fn(&UdpSocket, &mut [u8]) -> Told<usize> = UdpSocket::recv;
const _: fn(&UdpSocket, &mut [u8]) -> Told<usize> = UdpSocket::peek;
const _: fn(&UdpSocket, SocketAddr) -> Done = UdpSocket::connect;
const _: fn(&UdpSocket, bool) -> Done = UdpSocket::set_broadcast;
const _: fn(&UdpSocket) -> Told<bool> = UdpSocket::broadcast;
const _: fn(&UdpSocket, bool) -> Done = UdpSocket::set_multicast_loop_v4;
const _: fn(&UdpSocket) -> Told<bool> = UdpSocket::multicast_loop_v4;
const _: fn(&UdpSocket, u32) -> Done = UdpSocket::set_multicast_ttl_v4;
const _: fn(&UdpSocket) -> Told<u32> = UdpSocket::multicast_ttl_v4;
const _: fn(&UdpSocket, bool) -> Done = UdpSocket::set_multicast_loop_v6;
const _: fn(&UdpSocket) -> Told<bool> = UdpSocket::multicast_loop_v6;
const _: fn(&UdpSocket, u32) -> Done = UdpSocket::set_ttl;
const _: fn(&UdpSocket) -> Told<u32> = UdpSocket::ttl;
const _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> Done = UdpSocket::join_multicast_v4;
const _: fn(&UdpSocket, &Ipv6Addr, u32) -> Done = UdpSocket::join_multicast_v6;
const _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> Done = UdpSocket::leave_multicast_v4;
const _: fn(&UdpSocket, &Ipv6Addr, u32) -> Done = UdpSocket::leave_multicast_v6;
const _: fn(&UdpSocket) -> Told<bool> = UdpSocket::only_v6;
const _: fn(&UdpSocket) -> Told<Option<io::Error>> = UdpSocket::take_error;
const _: fn(&UdpSocket, Operation) -> Told<u8> = UdpSocket::try_io::<Operation, u8>;
