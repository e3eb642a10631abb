//! preview1's cases, on the operating system's sockets. A peer is a blocking socket of the standard library.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;
use wasi_poll_host::{Killer, OsNetwork};
use wasi_poll_preview1::cases::{self, Rig};

/// A peer that hears nothing for so long won't hear anything.
const PATIENCE: Duration = Duration::from_secs(20);

struct OsRig;

impl Rig for OsRig {
    type Network = OsNetwork;
    type Peer = TcpStream;
    type DatagramPeer = UdpSocket;

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

    fn bind(_: &mut OsNetwork) -> (UdpSocket, SocketAddr) {
        let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        peer.set_read_timeout(Some(PATIENCE)).expect("set a read timeout");
        let address = peer.local_addr().expect("the peer's address");
        (peer, address)
    }

    fn send_to(_: &mut OsNetwork, peer: &mut UdpSocket, bytes: &[u8], to: SocketAddr) {
        assert_eq!(peer.send_to(bytes, to).expect("send to the guest"), bytes.len());
    }

    fn receive_from(_: &mut OsNetwork, peer: &mut UdpSocket, into: &mut [u8]) -> (usize, SocketAddr) {
        peer.recv_from(into).expect("receive from the guest")
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
