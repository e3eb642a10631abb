//! preview1's cases, on the operating system's sockets. A peer is a blocking socket of the standard library.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;
use wasi_poll_host::{Killer, OsNetwork};
use wasi_poll_preview1::cases::{self, Rig};

/// A peer that hears nothing for so long won't hear anything.
const PATIENCE: Duration = Duration::from_secs(20);

struct OsRig;

impl Rig for OsRig {
    type Network = OsNetwork;
    type Peer = TcpStream;

    fn network() -> OsNetwork {
        OsNetwork::new(&Killer::new()).expect("a poll")
    }

    fn connect(_: &mut OsNetwork, address: SocketAddr) -> TcpStream {
        let peer = TcpStream::connect(address).expect("connect to the guest");
        peer.set_read_timeout(Some(PATIENCE)).expect("set a read timeout");
        peer
    }

    fn address(_: &mut OsNetwork, peer: &TcpStream) -> SocketAddr {
        peer.local_addr().expect("the peer's address")
    }

    fn send(_: &mut OsNetwork, peer: &mut TcpStream, bytes: &[u8]) {
        peer.write_all(bytes).expect("send to the guest");
    }

    fn receive(_: &mut OsNetwork, peer: &mut TcpStream, into: &mut [u8]) -> usize {
        peer.read(into).expect("receive from the guest")
    }

    fn finish(_: &mut OsNetwork, peer: &mut TcpStream) {
        peer.shutdown(Shutdown::Write).expect("end sending");
    }

    fn close(_: &mut OsNetwork, peer: TcpStream) {
        drop(peer);
    }
}

macro_rules! on_sockets_of_the_system {
    ($($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                cases::$case::<OsRig>();
            }
        )*
    };
}

wasi_poll_preview1::for_each_case!(on_sockets_of_the_system);
