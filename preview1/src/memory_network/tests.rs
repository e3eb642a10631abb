//! What only a `MemoryNetwork` promises: its addresses, its clock, its exact edges and its resets.

use crate::test_attribute::test;
use crate::{Edge, Errno, Levels, MemoryNetwork, Network, Probe, SocketId, Stop};
use std::io::IoSlice;
use std::net::{Shutdown, SocketAddr};

const ADDRESS: &str = "10.0.0.1:80";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// A listener, a peer connected to it, and the accepted end of that; no edges left to tell.
fn connected(network: &mut MemoryNetwork) -> (SocketId, SocketId, SocketId) {
    let (listener, address) = network.listen(address(ADDRESS)).unwrap();
    let peer = network.connect(address).unwrap();
    let (stream, _) = network.accept(listener).unwrap();
    edges(network);
    (listener, peer, stream)
}

/// The edges there are to tell now.
fn edges(network: &mut MemoryNetwork) -> Vec<Edge> {
    let mut edges = Vec::new();
    let now_ns = network.now_ns();
    network.wait(Some(now_ns), &mut edges).unwrap();
    edges
}

fn send(network: &mut MemoryNetwork, from: SocketId, bytes: &[u8]) -> Result<usize, Errno> {
    network.send(from, &[IoSlice::new(bytes)])
}

fn receive(network: &mut MemoryNetwork, stream: SocketId, most: usize) -> Result<Vec<u8>, Errno> {
    let mut into = vec![0; most];
    let moved = network.receive(stream, &mut into, false)?;
    into.truncate(moved);
    Ok(into)
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
fn port_0_is_the_lowest_free_dynamic_port() {
    let mut network = MemoryNetwork::new();
    let (first, one) = network.listen(address("10.0.0.1:0")).unwrap();
    let (_, two) = network.listen(address("10.0.0.1:0")).unwrap();
    let (_, elsewhere) = network.listen(address("10.0.0.2:0")).unwrap();
    assert_eq!((one.port(), two.port(), elsewhere.port()), (49_152, 49_153, 49_152));
    network.close(first);
    let (_, again) = network.listen(address("10.0.0.1:0")).unwrap();
    assert_eq!(again, one);
    let peer = network.connect(two).unwrap();
    assert_eq!(network.local_address(peer), Ok(address("10.0.0.1:49154")));
    assert_eq!(network.peer_address(peer), Ok(two));
}

#[test]
fn a_taken_address_is_in_use_until_it_is_closed() {
    let mut network = MemoryNetwork::new();
    let (listener, _) = network.listen(address(ADDRESS)).unwrap();
    assert_eq!(network.listen(address(ADDRESS)), Err(Errno::Addrinuse));
    assert_eq!(network.listen(address("0.0.0.0:80")), Err(Errno::Addrinuse));
    assert!(network.listen(address("[::]:80")).is_ok());
    network.close(listener);
    assert!(network.listen(address(ADDRESS)).is_ok());
}

#[test]
fn a_listener_on_the_unspecified_address_takes_every_connection_of_its_family() {
    let mut network = MemoryNetwork::new();
    let (listener, _) = network.listen(address("0.0.0.0:80")).unwrap();
    network.connect_from(address("192.0.2.7:5000"), address("10.9.8.7:80")).unwrap();
    let (stream, peer) = network.accept(listener).unwrap();
    assert_eq!(peer, address("192.0.2.7:5000"));
    assert_eq!(network.local_address(stream), Ok(address("10.9.8.7:80")));
    assert_eq!(network.connect(address("[::1]:80")), Err(Errno::Connrefused));
    let peer = network.connect(address("0.0.0.0:80")).unwrap();
    assert_eq!(network.peer_address(peer), Ok(address("127.0.0.1:80")));
}

#[test]
fn a_connection_beyond_the_backlog_stands_once_there_is_room() {
    let mut network = MemoryNetwork::new().with_backlog(1);
    let (listener, address) = network.listen(address(ADDRESS)).unwrap();
    let first = network.connect(address).unwrap();
    let second = network.connect(address).unwrap();
    assert_eq!(levels(&mut network, first), WRITABLE);
    assert_eq!(levels(&mut network, second), Levels::default());
    assert_eq!(send(&mut network, second, b"early"), Err(Errno::Again));
    edges(&mut network);
    network.accept(listener).unwrap();
    let told = edges(&mut network);
    assert!(told.contains(&Edge { socket: second, levels: WRITABLE }), "{told:?}");
    assert!(network.accept(listener).is_ok());
    assert_eq!(network.accept(listener).unwrap_err(), Errno::Again);
}

#[test]
fn closing_a_listener_resets_who_was_not_accepted_and_refuses_who_waits() {
    let mut network = MemoryNetwork::new().with_backlog(1);
    let (listener, address) = network.listen(address(ADDRESS)).unwrap();
    let queued = network.connect(address).unwrap();
    let waiting = network.connect(address).unwrap();
    network.close(listener);
    assert_eq!(network.take_error(queued), Some(Errno::Connreset));
    assert_eq!(network.take_error(waiting), Some(Errno::Connrefused));
    assert_eq!(network.take_error(waiting), None);
}

#[test]
fn new_bytes_are_an_edge_each_time_and_reading_is_none() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    for _ in 0..2 {
        send(&mut network, peer, b"some").unwrap();
        assert_eq!(edges(&mut network), [Edge { socket: stream, levels: BOTH }]);
    }
    assert_eq!(receive(&mut network, stream, 5), Ok(b"somes".to_vec()));
    assert_eq!(edges(&mut network), []);
}

#[test]
fn an_edge_tells_what_is_left_when_it_is_told() {
    let mut network = MemoryNetwork::new();
    let (listener, peer, stream) = connected(&mut network);
    send(&mut network, peer, b"some").unwrap();
    receive(&mut network, stream, 5).unwrap();
    assert_eq!(edges(&mut network), [Edge { socket: stream, levels: WRITABLE }]);
    network.connect(address(ADDRESS)).unwrap();
    let (accepted, _) = network.accept(listener).unwrap();
    assert!(edges(&mut network).iter().all(|edge| edge.socket != listener && edge.levels == WRITABLE));
    network.close(peer);
    network.close(stream);
    network.close(accepted);
    assert!(edges(&mut network).iter().all(|edge| edge.socket != stream && edge.socket != accepted));
}

#[test]
fn room_is_an_edge_only_after_there_was_none() {
    let mut network = MemoryNetwork::new().with_receive_buffer_bytes(8);
    let (_, peer, stream) = connected(&mut network);
    assert_eq!(send(&mut network, stream, b"12345"), Ok(5));
    receive(&mut network, peer, 2).unwrap();
    assert!(edges(&mut network).iter().all(|edge| edge.socket != stream));
    assert_eq!(send(&mut network, stream, b"67890"), Ok(5));
    assert_eq!(levels(&mut network, stream), Levels::default());
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Again));
    edges(&mut network);
    assert_eq!(receive(&mut network, peer, 3), Ok(b"345".to_vec()));
    assert_eq!(edges(&mut network), [Edge { socket: stream, levels: WRITABLE }]);
    receive(&mut network, peer, 3).unwrap();
    assert_eq!(edges(&mut network), []);
    let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cdefgh")];
    assert_eq!(network.send(stream, &parts), Ok(6));
    assert_eq!(receive(&mut network, peer, 9), Ok(b"90abcdef".to_vec()));
}

#[test]
fn each_half_ends_on_its_own() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    send(&mut network, peer, b"last").unwrap();
    network.shutdown(peer, Shutdown::Write).unwrap();
    let read_closed = Levels { read_closed: true, ..BOTH };
    assert_eq!(levels(&mut network, stream), read_closed);
    assert_eq!(send(&mut network, peer, b"more"), Err(Errno::Pipe));
    assert_eq!(receive(&mut network, stream, 9), Ok(b"last".to_vec()));
    assert_eq!(receive(&mut network, stream, 9), Ok(vec![]));
    assert_eq!(send(&mut network, stream, b"still"), Ok(5));
    network.shutdown(peer, Shutdown::Read).unwrap();
    assert_eq!(receive(&mut network, peer, 9), Ok(b"still".to_vec()));
    assert_eq!(send(&mut network, stream, b"dropped"), Ok(7));
    assert_eq!(receive(&mut network, peer, 9), Ok(vec![]));
}

#[test]
fn a_close_with_bytes_unread_resets_and_one_without_ends() {
    let mut network = MemoryNetwork::new();
    let (listener, peer, stream) = connected(&mut network);
    network.close(peer);
    assert_eq!(receive(&mut network, stream, 9), Ok(vec![]));
    assert_eq!(network.take_error(stream), None);

    let peer = network.connect(address(ADDRESS)).unwrap();
    let (stream, _) = network.accept(listener).unwrap();
    send(&mut network, peer, b"before").unwrap();
    send(&mut network, stream, b"unread").unwrap();
    network.close(peer);
    assert_eq!(receive(&mut network, stream, 9), Ok(b"before".to_vec()));
    assert_eq!(receive(&mut network, stream, 9), Err(Errno::Connreset));
    assert_eq!(receive(&mut network, stream, 9), Ok(vec![]));
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Pipe));
    assert_eq!(network.shutdown(stream, Shutdown::Both), Err(Errno::Notconn));
}

#[test]
fn a_reset_after_both_ends_have_finished_is_no_error() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    network.shutdown(stream, Shutdown::Both).unwrap();
    network.shutdown(peer, Shutdown::Write).unwrap();
    network.reset(peer);
    edges(&mut network);
    assert_eq!(network.take_error(stream), None);
    assert_eq!(receive(&mut network, stream, 9), Ok(vec![]));
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Pipe));
}

#[test]
fn the_first_send_to_a_closed_peer_is_lost_and_the_next_is_a_broken_pipe() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    network.close(peer);
    edges(&mut network);
    assert_eq!(send(&mut network, stream, b"lost"), Ok(4));
    let all = Levels { read_closed: true, write_closed: true, error: true, ..BOTH };
    assert_eq!(edges(&mut network), [Edge { socket: stream, levels: all }]);
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Pipe));
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Pipe));
}

#[test]
fn a_wait_jumps_to_the_next_action_or_to_the_deadline_and_no_further() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    for (at_ns, byte) in [(300, b'c'), (100, b'a'), (100, b'b')] {
        network.schedule_at(at_ns, move |network| {
            send(network, peer, &[byte]).unwrap();
        });
    }
    let mut edges = Vec::new();
    network.wait(Some(50), &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges.len()), (50, 0));
    network.wait(Some(200), &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges.len()), (100, 1));
    network.wait(Some(200), &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges.len()), (100, 2));
    network.wait(None, &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges.len()), (300, 3));
    assert_eq!(receive(&mut network, stream, 9), Ok(b"abc".to_vec()));
    network.wait(Some(10), &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges.len()), (300, 3));
    assert_eq!(network.wait(None, &mut edges), Err(Stop::Stalled));
}

#[test]
fn latency_delays_each_step_of_a_connection() {
    let mut network = MemoryNetwork::new().with_latency_ns(10);
    let (listener, address) = network.listen(address(ADDRESS)).unwrap();
    let refused = network.connect("10.0.0.1:81".parse().unwrap()).unwrap();
    let peer = network.connect(address).unwrap();
    let mut edges = Vec::new();
    network.wait(None, &mut edges).unwrap();
    assert_eq!((network.now_ns(), edges[0].socket), (10, listener));
    let (stream, _) = network.accept(listener).unwrap();
    while network.step() {}
    assert_eq!(network.now_ns(), 20);
    assert_eq!(levels(&mut network, peer), WRITABLE);
    assert_eq!(network.take_error(refused), Some(Errno::Connrefused));
    send(&mut network, peer, b"late").unwrap();
    assert_eq!(receive(&mut network, stream, 9), Err(Errno::Again));
    network.step();
    assert_eq!(receive(&mut network, stream, 9), Ok(b"late".to_vec()));
    // Closed while bytes are on their way to it, it resets, and its number can be used meanwhile.
    send(&mut network, peer, b"too late").unwrap();
    network.close(stream);
    let successor = network.connect(address).unwrap();
    assert_eq!(successor, stream);
    while network.step() {}
    assert_eq!(network.take_error(peer), Some(Errno::Connreset));
    assert_eq!(levels(&mut network, successor), WRITABLE);
}

#[test]
fn a_network_can_be_sent_where_it_runs() {
    fn is_send<T: Send>() {}
    is_send::<MemoryNetwork>();
    is_send::<crate::Process<MemoryNetwork>>();
}

#[test]
fn calls_on_a_closed_socket_fail_and_harm_nobody() {
    let mut network = MemoryNetwork::new();
    let (listener, peer, stream) = connected(&mut network);
    network.close(stream);
    network.close(stream);
    assert_eq!(send(&mut network, stream, b"x"), Err(Errno::Badf));
    assert_eq!(receive(&mut network, stream, 1), Err(Errno::Badf));
    assert_eq!(network.take_error(stream), None);
    assert_eq!(levels(&mut network, stream), Levels::default());
    assert_eq!(receive(&mut network, listener, 1), Err(Errno::Notconn));
    assert_eq!(network.accept(peer), Err(Errno::Inval));
}

#[test]
fn bytes_for_a_stream_that_has_ended_both_ways_break_the_connection() {
    let mut network = MemoryNetwork::new();
    let (_, peer, stream) = connected(&mut network);
    network.shutdown(stream, Shutdown::Both).unwrap();
    assert_eq!(send(&mut network, peer, b"late"), Ok(4));
    assert_eq!(network.take_error(stream), Some(Errno::Connreset));
    // As after any reset behind an end of stream.
    assert_eq!(send(&mut network, peer, b"later"), Err(Errno::Pipe));
}
