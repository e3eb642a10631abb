//! How datagram sockets of the network directory move their datagrams. What else is asked of it is
//! `network_directory`'s.

use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use super::network_directory::{errno, given, paths};
use super::{BOTH, asked, poll};
use crate::net::UdpSocket;
use crate::wasip1::script;
use crate::wasip1::selector::Direction;
use crate::{Events, Token};

/// The record of 10.0.0.1:258.
const RECORD: [u8; 32] = {
    let mut record = [0; 32];
    record[0] = 4;
    record[2] = 2;
    record[3] = 1;
    record[8] = 10;
    record[11] = 1;
    record
};

fn ten() -> SocketAddr {
    "10.0.0.1:258".parse().expect("an address")
}

fn socket() -> net::UdpSocket {
    net::UdpSocket::bind("127.0.0.1:0").expect("a socket")
}

/// A socket bound in the network directory, and connected to nobody.
fn bound() -> UdpSocket {
    given(&[], vec![Ok(socket().into())]);
    let bound = UdpSocket::bind("127.0.0.1:0".parse().expect("an address")).expect("a socket");
    assert_eq!(paths(), ["udp/bind/127.0.0.1:0"]);
    bound
}

fn led(datagram: &[u8]) -> Vec<u8> {
    [&RECORD, datagram].concat()
}

#[track_caller]
fn is_errno<T>(result: io::Result<T>, errno: wasi::Errno) {
    assert_eq!(result.err().expect("an error").raw_os_error(), Some(i32::from(errno.raw())));
}

#[test]
fn a_datagram_to_an_address_is_led_by_its_record() {
    let socket = bound();
    script::with(|script| script.transfers.extend([Ok(35), Ok(32)]));
    assert_eq!(socket.send_to(b"abc", ten()).expect("a send"), 3);
    assert_eq!(socket.send_to(b"", ten()).expect("a send of nothing"), 0);
    assert_eq!(script::with(|script| script.sent.clone()), [led(b"abc"), led(b"")]);
}

#[test]
fn a_datagram_tells_where_it_came_from() {
    let socket = bound();
    script::with(|script| script.datagrams.extend([led(b"abc"), led(b"defg"), led(b""), led(b"hi")]));
    let mut buf = [0; 3];
    assert_eq!(socket.peek_from(&mut buf).expect("a peek"), (3, ten()));
    assert_eq!(&buf, b"abc");
    assert_eq!(socket.recv_from(&mut buf).expect("a receive"), (3, ten()), "its end is lost");
    assert_eq!(&buf, b"def");
    assert_eq!(socket.recv_from(&mut buf).expect("a receive"), (0, ten()));
    assert_eq!(socket.recv(&mut buf).expect("a receive, whoever sent it"), 2);
    assert_eq!(&buf[..2], b"hi");
}

#[test]
fn a_datagram_without_an_address_is_invalid_data() {
    let socket = bound();
    script::with(|script| script.datagrams.extend([b"abc".to_vec(), vec![0; 40]]));
    for _ in 0..2 {
        let error = socket.recv_from(&mut [0; 64]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn bytes_without_a_peer_are_not_sent() {
    let socket = bound();
    is_errno(socket.send(&RECORD), wasi::ERRNO_DESTADDRREQ);
    is_errno(socket.peer_addr(), wasi::ERRNO_NOTCONN);
    assert!(script::with(|script| script.sent.is_empty()));
}

#[test]
fn a_connected_socket_moves_bare_datagrams() {
    let socket = bound();
    socket.connect(ten()).expect("a connect");
    assert_eq!(paths(), [format!("fd/{}/peer", socket.as_raw_fd())]);
    assert_eq!(socket.peer_addr().expect("its peer"), ten());
    script::with(|script| {
        script.transfers.extend([Ok(3), Ok(2)]);
        script.datagrams.extend([b"ab".to_vec(), b"cd".to_vec(), b"ef".to_vec()]);
    });
    assert_eq!(socket.send(b"abc").expect("a send"), 3);
    assert_eq!(socket.send_to(b"de", ten()).expect("a send to the peer"), 2);
    is_errno(socket.send_to(b"f", "10.0.0.2:258".parse().expect("an address")), wasi::ERRNO_ISCONN);
    assert_eq!(script::with(|script| script.sent.clone()), [b"abc".to_vec(), b"de".to_vec()]);
    let mut buf = [0; 8];
    assert_eq!(socket.peek(&mut buf).expect("a peek"), 2);
    assert_eq!(socket.recv(&mut buf).expect("a receive"), 2);
    assert_eq!(socket.recv_from(&mut buf).expect("a receive"), (2, ten()));
    assert_eq!(&buf[..2], b"ef");
}

#[test]
fn a_socket_taken_over_is_asked_whether_it_is_connected() {
    given(&[], Vec::new());
    let (connected, bare) = (socket(), socket());
    let path = |socket: &net::UdpSocket| format!("fd/{}/peer", socket.as_raw_fd());
    let asked = [path(&connected), path(&bare)];
    given(&[(asked[0].clone(), "10.0.0.1:258")], Vec::new());
    let (connected, bare) = (UdpSocket::from_std(connected), UdpSocket::from_std(bare));
    assert_eq!(paths(), asked);
    assert_eq!(connected.peer_addr().expect("its peer"), ten());
    is_errno(bare.peer_addr(), wasi::ERRNO_NOTCONN);
}

#[test]
fn what_the_grants_do_not_allow_is_denied_with_its_address_and_its_flag() {
    let socket = bound();
    script::with(|script| {
        script.refuses_links = true;
        script.transfers.push_back(errno(wasi::ERRNO_ACCES));
        script.opens.push_back(errno(wasi::ERRNO_ACCES));
    });
    for (error, what) in [
        (UdpSocket::bind(ten()).err(), "bind a datagram socket to"),
        (socket.connect(ten()).err(), "connect a datagram socket to"),
        (socket.send_to(b"a", ten()).err(), "send a datagram to"),
    ] {
        let error = error.expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        let text = error.to_string();
        assert!(text.contains(&format!("cannot {what} 10.0.0.1:258:")), "{text}");
        assert!(text.contains("`--allow-udp 10.0.0.1:258`"), "{text}");
    }
    is_errno(socket.peer_addr(), wasi::ERRNO_NOTCONN);
    let error = socket.join_multicast_v4(&Ipv4Addr::new(224, 0, 0, 9), &Ipv4Addr::UNSPECIFIED).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("`--allow-udp 224.0.0.9`"), "{error}");
}

#[test]
fn a_short_datagram_is_no_drained_socket() {
    let mut socket = bound();
    let fd = socket.as_raw_fd();
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    poll.registry().register(&mut socket, Token(1), BOTH).expect("a new registration");
    script::with(|script| {
        script.ready(fd, Direction::Read);
        script.ready(fd, Direction::Write);
    });
    asked(&mut poll, &mut events);
    script::with(|script| {
        script.quiet(fd);
        script.datagrams.extend([led(b"a"), led(b"b"), led(b"c")]);
        script.transfers.push_back(Ok(33));
    });
    socket.recv_from(&mut [0; 8]).expect("a receive");
    socket.peek_from(&mut [0; 8]).expect("a peek");
    socket.recv(&mut [0; 8]).expect("a receive");
    socket.send_to(b"a", ten()).expect("a send");
    assert_eq!(asked(&mut poll, &mut events), []);
    socket.recv_from(&mut [0; 8]).unwrap_err();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read)]);
    socket.send_to(b"a", ten()).unwrap_err();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read), (fd, Direction::Write)]);
}

#[test]
fn an_error_of_an_earlier_datagram_leaves_the_socket_asked_about() {
    let mut socket = bound();
    let fd = socket.as_raw_fd();
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    poll.registry().register(&mut socket, Token(1), BOTH).expect("a new registration");
    script::with(|script| script.ready(fd, Direction::Read));
    asked(&mut poll, &mut events);
    script::with(|script| {
        script.quiet(fd);
        script.transfers.push_back(Err(io::ErrorKind::ConnectionRefused.into()));
    });
    socket.recv_from(&mut [0; 8]).unwrap_err();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read), (fd, Direction::Write)]);
}

#[test]
fn options_are_links_with_the_names_of_the_protocol() {
    let socket = bound();
    let (v4, any, v6) = (Ipv4Addr::new(224, 0, 0, 9), Ipv4Addr::UNSPECIFIED, Ipv6Addr::LOCALHOST);
    socket.set_broadcast(true).expect("an option");
    assert!(socket.broadcast().expect("an option"));
    socket.set_multicast_loop_v4(true).expect("an option");
    assert!(socket.multicast_loop_v4().expect("an option"));
    socket.set_multicast_loop_v6(true).expect("an option");
    assert!(socket.multicast_loop_v6().expect("an option"));
    socket.set_multicast_ttl_v4(3).expect("an option");
    assert_eq!(socket.multicast_ttl_v4().expect("an option"), 3);
    socket.set_ttl(4).expect("an option");
    assert_eq!(socket.ttl().expect("an option"), 4);
    socket.join_multicast_v4(&v4, &any).expect("a group");
    socket.leave_multicast_v4(&v4, &any).expect("a group");
    socket.join_multicast_v6(&v6, 7).expect("a group");
    socket.leave_multicast_v6(&v6, 7).expect("a group");
    let fd = socket.as_raw_fd();
    script::with(|script| script.links.insert(format!("fd/{fd}/only_v6"), "1".to_owned()));
    assert!(socket.only_v6().expect("an option"));
    assert!(socket.local_addr().is_err());

    let links = script::with(|script| script.links.clone());
    let links: Vec<(&str, &str)> = links
        .iter()
        .map(|(path, value)| (path.rsplit('/').next().expect("a name"), value.as_str()))
        .collect();
    assert_eq!(
        links,
        [
            ("broadcast", "1"),
            ("join_v4", "224.0.0.9 0.0.0.0"),
            ("join_v6", "::1 7"),
            ("leave_v4", "224.0.0.9 0.0.0.0"),
            ("leave_v6", "::1 7"),
            ("multicast_loop_v4", "1"),
            ("multicast_loop_v6", "1"),
            ("multicast_ttl_v4", "3"),
            ("only_v6", "1"),
            ("ttl", "4"),
        ]
    );
}
