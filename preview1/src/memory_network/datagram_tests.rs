//! What only a `MemoryNetwork` promises of datagrams, options and names: its losses, its groups and its clock.

use crate::test_attribute::test;
use crate::{Datagram, Edge, Errno, Group, Levels, MemoryNetwork, Network, Probe, SocketId, SocketOption};
use std::io::IoSlice;
use std::net::SocketAddr;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn bind(network: &mut MemoryNetwork, text: &str) -> SocketId {
    network.bind(address(text)).unwrap().0
}

fn send(network: &mut MemoryNetwork, from: SocketId, bytes: &[u8], to: &str) -> Result<usize, Errno> {
    network.send_datagram(from, &[IoSlice::new(bytes)], Some(address(to)))
}

fn receive(network: &mut MemoryNetwork, socket: SocketId) -> Result<(Vec<u8>, String), Errno> {
    let mut into = vec![0; 70_000];
    let Datagram { bytes, from, truncated } = network.receive_datagram(socket, &mut into, false)?;
    assert!(!truncated);
    Ok((into[..bytes].to_vec(), from.to_string()))
}

/// What a datagram was, and who sent it.
fn heard(bytes: &[u8], from: &str) -> (Vec<u8>, String) {
    (bytes.to_vec(), from.into())
}

fn edges(network: &mut MemoryNetwork) -> Vec<Edge> {
    let mut edges = Vec::new();
    let now_ns = network.now_ns();
    network.wait(Some(now_ns), &mut edges).unwrap();
    edges
}

fn levels(network: &mut MemoryNetwork, socket: SocketId) -> Levels {
    let mut probes = [Probe { socket, levels: Levels::default() }];
    network.probe(&mut probes);
    probes[0].levels
}

const WRITABLE: Levels =
    Levels { readable: false, writable: true, read_closed: false, write_closed: false, error: false };
const BOTH: Levels = Levels { readable: true, ..WRITABLE };

#[test]
fn datagrams_have_ports_of_their_own() {
    let mut network = MemoryNetwork::new();
    let (_, stream) = network.listen(address("10.0.0.1:0")).unwrap();
    let (one, datagram) = network.bind(address("10.0.0.1:0")).unwrap();
    assert_eq!(stream, datagram);
    assert_eq!(network.bind(stream), Err(Errno::Addrinuse));
    assert_eq!(network.bind(address("0.0.0.0:49152")), Err(Errno::Addrinuse));
    network.close(one);
    assert!(network.bind(address("0.0.0.0:49152")).is_ok());
}

#[test]
fn an_unbound_source_is_the_address_it_sends_to() {
    let mut network = MemoryNetwork::new();
    let anywhere = bind(&mut network, "0.0.0.0:7");
    let here = bind(&mut network, "10.0.0.1:9");
    send(&mut network, anywhere, b"a", "10.0.0.1:9").unwrap();
    assert_eq!(receive(&mut network, here), Ok(heard(b"a", "10.0.0.1:7")));
    // What is sent to the unspecified address stays on this machine.
    send(&mut network, here, b"b", "0.0.0.0:7").unwrap();
    assert_eq!(receive(&mut network, anywhere), Ok(heard(b"b", "10.0.0.1:9")));
    network.connect_datagram(anywhere, address("10.0.0.1:9")).unwrap();
    assert_eq!(network.local_address(anywhere), Ok(address("10.0.0.1:7")));
    assert_eq!(network.peer_address(anywhere), Ok(address("10.0.0.1:9")));
    assert_eq!(network.peer_address(here), Err(Errno::Notconn));
}

#[test]
fn addresses_of_another_family_or_port_0_are_not_reached() {
    let mut network = MemoryNetwork::new();
    let (v4, v6) = (bind(&mut network, "0.0.0.0:7"), bind(&mut network, "[::]:7"));
    assert_eq!(send(&mut network, v4, b"", "[::1]:7"), Err(Errno::Afnosupport));
    assert_eq!(send(&mut network, v6, b"", "10.0.0.1:7"), Err(Errno::Netunreach));
    assert_eq!(send(&mut network, v4, b"", "10.0.0.1:0"), Err(Errno::Inval));
    assert_eq!(network.connect_datagram(v4, address("[::1]:7")), Err(Errno::Afnosupport));
    assert_eq!(network.send_datagram(v4, &[], None), Err(Errno::Destaddrreq));
    let (listener, _) = network.listen(address("10.0.0.1:80")).unwrap();
    assert_eq!(network.connect_datagram(listener, address("10.0.0.1:7")), Err(Errno::Prototype));
    assert_eq!(network.receive(v4, &mut [0], false), Err(Errno::Notconn));
    assert_eq!(network.send(v4, &[]), Err(Errno::Notconn));
    assert_eq!(network.accept(v4), Err(Errno::Inval));
}

#[test]
fn a_full_receiver_loses_what_comes_and_tells_nobody() {
    let mut network = MemoryNetwork::new().with_receive_buffer_bytes(200);
    let (from, to) = (bind(&mut network, "10.0.0.1:7"), bind(&mut network, "10.0.0.2:7"));
    for byte in 0..9 {
        assert_eq!(send(&mut network, from, &[byte], "10.0.0.2:7"), Ok(1));
    }
    for byte in 0..3 {
        assert_eq!(receive(&mut network, to), Ok(heard(&[byte], "10.0.0.1:7")));
    }
    assert_eq!(receive(&mut network, to), Err(Errno::Again));
    // One alone always fits, up to what any datagram can have.
    assert_eq!(send(&mut network, from, &vec![7; 65_507], "10.0.0.2:7"), Ok(65_507));
    assert_eq!(receive(&mut network, to), Ok(heard(&vec![7; 65_507], "10.0.0.1:7")));
    assert_eq!(send(&mut network, from, &vec![7; 65_508], "10.0.0.2:7"), Err(Errno::Msgsize));
}

#[test]
fn edges_tell_of_arrivals_room_and_refusals() {
    let mut network = MemoryNetwork::new().with_latency_ns(5).with_receive_buffer_bytes(100);
    let (one, two) = (bind(&mut network, "10.0.0.1:7"), bind(&mut network, "10.0.0.2:7"));
    let at_first = [Edge { socket: one, levels: WRITABLE }, Edge { socket: two, levels: WRITABLE }];
    assert_eq!(edges(&mut network), at_first);
    send(&mut network, one, &[0; 50], "10.0.0.2:7").unwrap();
    assert_eq!(send(&mut network, one, b"", "10.0.0.2:7"), Err(Errno::Again));
    assert!(!levels(&mut network, one).writable);
    let mut told = Vec::new();
    network.wait(None, &mut told).unwrap();
    assert_eq!(network.now_ns(), 5);
    assert_eq!(told, [Edge { socket: one, levels: WRITABLE }, Edge { socket: two, levels: BOTH }]);
    network.close(two);
    network.connect_datagram(one, address("10.0.0.2:7")).unwrap();
    network.send_datagram(one, &[IoSlice::new(b"?")], None).unwrap();
    told.clear();
    network.wait(None, &mut told).unwrap();
    assert_eq!(network.now_ns(), 15, "there and back");
    let refused = Levels { error: true, ..BOTH };
    assert_eq!(told, [Edge { socket: one, levels: refused }]);
    assert_eq!(network.take_error(one), Some(Errno::Connrefused));
    assert_eq!(levels(&mut network, one), WRITABLE);
}

#[test]
fn only_a_connected_sender_is_told_of_a_refusal_and_only_from_its_peer() {
    let mut network = MemoryNetwork::new();
    let one = bind(&mut network, "10.0.0.1:7");
    assert_eq!(send(&mut network, one, b"?", "10.0.0.9:9"), Ok(1));
    assert_eq!(network.take_error(one), None);
    network.connect_datagram(one, address("10.0.0.2:7")).unwrap();
    assert_eq!(send(&mut network, one, b"?", "10.0.0.9:9"), Ok(1));
    assert_eq!(network.take_error(one), None);
    // Who is connected to somebody else doesn't hear it, and that is a refusal as well.
    let deaf = bind(&mut network, "10.0.0.2:7");
    network.connect_datagram(deaf, address("10.0.0.3:7")).unwrap();
    network.send_datagram(one, &[], None).unwrap();
    assert_eq!(network.receive_datagram(one, &mut [], false), Err(Errno::Connrefused));
    assert_eq!(network.receive_datagram(one, &mut [], false), Err(Errno::Again));
}

#[test]
fn a_broadcast_needs_the_option_and_reaches_whoever_hears_every_address() {
    let mut network = MemoryNetwork::new();
    let (from, all) = (bind(&mut network, "10.0.0.1:7"), bind(&mut network, "0.0.0.0:9"));
    let one = bind(&mut network, "10.0.0.2:8");
    assert_eq!(send(&mut network, from, b"all", "255.255.255.255:9"), Err(Errno::Acces));
    assert_eq!(network.connect_datagram(from, address("255.255.255.255:9")), Err(Errno::Acces));
    network.set_option(from, SocketOption::Broadcast, 1).unwrap();
    for port in [8, 9] {
        assert_eq!(send(&mut network, from, b"all", &format!("255.255.255.255:{port}")), Ok(3));
    }
    assert_eq!(receive(&mut network, all), Ok(heard(b"all", "10.0.0.1:7")));
    assert_eq!(receive(&mut network, one), Err(Errno::Again));
}

#[test]
fn a_group_is_heard_by_its_members_and_by_the_sender_with_the_loop_option() {
    for (group, any, loops) in [
        ("224.0.0.251", "0.0.0.0", SocketOption::MulticastLoopV4),
        ("ff02::fb", "::", SocketOption::MulticastLoopV6),
    ] {
        let joined = match group.parse().unwrap() {
            std::net::IpAddr::V4(group) => Group::V4(group, [0, 0, 0, 0].into()),
            std::net::IpAddr::V6(group) => Group::V6(group, 0),
        };
        let to = SocketAddr::new(group.parse().unwrap(), 9).to_string();
        let bound = SocketAddr::new(any.parse().unwrap(), 9).to_string();
        let at_group = SocketAddr::new(group.parse().unwrap(), 9);
        let mut network = MemoryNetwork::new();
        let member = bind(&mut network, &bound);
        let other = bind(&mut network, &SocketAddr::new(any.parse().unwrap(), 8).to_string());
        assert_eq!(network.bind(at_group), Err(Errno::Addrinuse));
        assert_eq!(send(&mut network, other, b"early", &to), Ok(5));
        network.set_membership(member, joined, true).unwrap();
        assert_eq!(network.set_membership(member, joined, true), Err(Errno::Addrinuse));
        send(&mut network, other, b"to all", &to).unwrap();
        assert_eq!(receive(&mut network, member).unwrap().0, b"to all");
        assert_eq!(receive(&mut network, member), Err(Errno::Again), "nothing from before it joined");
        send(&mut network, member, b"to me", &to).unwrap();
        assert_eq!(receive(&mut network, member).unwrap().0, b"to me");
        network.set_option(member, loops, 0).unwrap();
        send(&mut network, member, b"to me", &to).unwrap();
        assert_eq!(receive(&mut network, member), Err(Errno::Again));
        network.set_membership(member, joined, false).unwrap();
        assert_eq!(network.set_membership(member, joined, false), Err(Errno::Addrnotavail));
        send(&mut network, other, b"late", &to).unwrap();
        assert_eq!(receive(&mut network, member), Err(Errno::Again));
    }
}

#[test]
fn a_socket_joins_groups_of_its_family_and_not_too_many() {
    let mut network = MemoryNetwork::new();
    let (v4, v6) = (bind(&mut network, "0.0.0.0:9"), bind(&mut network, "[::]:9"));
    let any = [0, 0, 0, 0].into();
    let ff02 = Group::V6("ff02::1".parse().unwrap(), 0);
    assert_eq!(network.set_membership(v4, ff02, true), Err(Errno::Noprotoopt));
    assert_eq!(
        network.set_membership(v6, Group::V4([224, 0, 0, 1].into(), any), true),
        Err(Errno::Noprotoopt)
    );
    assert_eq!(network.set_membership(v4, Group::V4([10, 0, 0, 1].into(), any), true), Err(Errno::Inval));
    let (listener, _) = network.listen(address("10.0.0.1:80")).unwrap();
    let group = Group::V4([224, 0, 0, 1].into(), any);
    assert_eq!(network.set_membership(listener, group, true), Err(Errno::Noprotoopt));
    for last in 0..20 {
        assert_eq!(network.set_membership(v4, Group::V4([239, 0, 0, last].into(), any), true), Ok(()));
    }
    assert_eq!(network.set_membership(v4, group, true), Err(Errno::Nobufs));
}

#[test]
fn each_kind_of_socket_has_its_options_and_no_others() {
    let mut network = MemoryNetwork::new();
    let v4 = bind(&mut network, "0.0.0.0:9");
    let v6 = bind(&mut network, "[::]:9");
    let (listener, at) = network.listen(address("[::1]:80")).unwrap();
    let stream = network.connect(at).unwrap();
    let none = Err(Errno::Noprotoopt);
    for (option, of_v4, of_v6, of_listener, of_stream) in [
        (SocketOption::Nodelay, none, none, none, Ok(0)),
        (SocketOption::Ttl, Ok(64), Ok(64), Ok(64), Ok(64)),
        (SocketOption::OnlyV6, none, Ok(1), Ok(1), none),
        (SocketOption::Broadcast, Ok(0), Ok(0), none, none),
        (SocketOption::MulticastLoopV4, Ok(1), none, none, none),
        (SocketOption::MulticastTtlV4, Ok(1), none, none, none),
        (SocketOption::MulticastLoopV6, none, Ok(1), none, none),
    ] {
        for (socket, answer) in [(v4, of_v4), (v6, of_v6), (listener, of_listener), (stream, of_stream)] {
            assert_eq!(network.option(socket, option), answer, "{option:?} of {socket:?}");
            let settable = answer.is_ok() && option != SocketOption::OnlyV6;
            let set = network.set_option(socket, option, 1);
            assert_eq!(
                set,
                if settable { Ok(()) } else { Err(Errno::Noprotoopt) },
                "{option:?} of {socket:?}"
            );
        }
    }
    assert_eq!(network.set_option(v4, SocketOption::Ttl, 0), Err(Errno::Inval));
    assert_eq!(network.set_option(v4, SocketOption::MulticastTtlV4, 256), Err(Errno::Inval));
}

#[test]
fn a_slow_name_ends_a_wait_when_it_is_answered_and_is_told_once() {
    let ten: std::net::IpAddr = [10, 0, 0, 1].into();
    let mut network = MemoryNetwork::new()
        .with_name("a.test", &[ten])
        .with_name("b.test", &[ten])
        .with_name_delay_ns("b.test", 9);
    assert_eq!(network.resolve("a.test"), Ok(Some(vec![ten])));
    assert_eq!(network.resolve("c.test"), Err(Errno::Noent));
    for start_ns in [0, 9] {
        for _ in 0..3 {
            assert_eq!(network.resolve("b.test"), Ok(None));
        }
        let mut edges = Vec::new();
        network.wait(Some(100), &mut edges).unwrap();
        assert_eq!((network.now_ns(), edges), (start_ns + 9, vec![]));
        assert_eq!(network.resolve("b.test"), Ok(Some(vec![ten])));
    }
}
