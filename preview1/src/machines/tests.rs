//! Machines that share a network: their addresses, whose turn it is, and every fault.

use super::{Fault, Machine, Machines};
use crate::test_attribute::test;
use crate::{Edge, Errno, Link, Loss, MemoryNetwork, Network, Probe, SocketId};
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr};

const MS: u64 = 1_000_000;

fn ip(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

struct Pair {
    machines: Machines,
    server: Machine,
    client: Machine,
    listener: SocketId,
    /// The server's end of the connection.
    stream: SocketId,
    /// The client's end.
    peer: SocketId,
}

fn pair() -> Pair {
    let machines = Machines::new(MemoryNetwork::new(), 0);
    let (mut server, mut client) = (machines.add(ip(1)), machines.add(ip(2)));
    let (listener, address) = server.listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let peer = client.connect(address).unwrap();
    let (stream, _) = server.accept(listener).unwrap();
    let mut pair = Pair { machines, server, client, listener, stream, peer };
    pair.edges();
    // What it is told wakes it once more.
    while pair.machines.is_ready(1) {
        pair.client.wait(None, &mut Vec::new()).unwrap();
    }
    pair
}

impl Pair {
    fn edges(&mut self) -> Vec<Edge> {
        let mut edges = Vec::new();
        self.server.wait(None, &mut edges).unwrap();
        // What was told is taken in, and the machine waits for more.
        let told = edges.len();
        while edges.len() > told || self.machines.is_ready(0) {
            self.server.wait(None, &mut edges).unwrap();
        }
        edges
    }

    fn say(&mut self, bytes: &[u8]) {
        assert_eq!(self.client.send(self.peer, &[IoSlice::new(bytes)]), Ok(bytes.len()));
    }

    fn begin(&mut self, fault: Fault, for_ns: u64) {
        let now_ns = self.machines.now_ns();
        self.machines.plan(0, fault, now_ns, now_ns + for_ns);
        assert!(self.machines.advance(now_ns));
    }
}

#[test]
fn a_machine_has_its_own_address_and_hears_of_its_own_sockets() {
    let mut pair = pair();
    assert_eq!(pair.server.local_address(pair.stream), Ok(SocketAddr::new(ip(1), 80)));
    assert_eq!(pair.server.peer_address(pair.stream).map(|peer| peer.ip()), Ok(ip(2)));
    pair.say(b"x");
    assert!(pair.machines.is_ready(0) && !pair.machines.is_ready(1));
    let edges = pair.edges();
    assert_eq!(edges.len(), 1);
    assert!(edges[0].socket == pair.stream && edges[0].levels.readable);
    assert!(!pair.machines.is_ready(0));
}

#[test]
fn time_jumps_to_the_earliest_deadline() {
    let mut pair = pair();
    pair.server.wait(Some(86_400_000 * MS), &mut Vec::new()).unwrap();
    pair.client.wait(Some(7 * MS), &mut Vec::new()).unwrap();
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!(pair.machines.now_ns(), 7 * MS);
    assert!(pair.machines.is_ready(1) && !pair.machines.is_ready(0));
    pair.client.wait(None, &mut Vec::new()).unwrap();
    assert!(!pair.machines.advance(MS), "nothing happens by then");
    assert!(pair.machines.advance(u64::MAX) && pair.machines.is_ready(0));
    pair.server.wait(None, &mut Vec::new()).unwrap();
    assert!(!pair.machines.advance(u64::MAX), "nothing can ever happen");
}

#[test]
fn a_machine_that_waits_no_more_stops_no_clock() {
    let mut pair = pair();
    pair.server.wait(Some(MS), &mut Vec::new()).unwrap();
    pair.client.wait(Some(7 * MS), &mut Vec::new()).unwrap();
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!(pair.machines.now_ns(), MS);
    // The server ends here, and is never asked again.
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!(pair.machines.now_ns(), 7 * MS);
}

#[test]
fn a_short_read_is_followed_by_an_edge_for_the_rest() {
    let mut pair = pair();
    pair.begin(Fault::ShortReads { bytes: 2 }, MS);
    pair.say(b"hello");
    pair.edges();
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Ok(2));
    assert!(pair.edges().iter().any(|edge| edge.levels.readable));
    pair.machines.spend(MS);
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Ok(3));
}

#[test]
fn a_short_write_leaves_room() {
    let mut pair = pair();
    pair.begin(Fault::ShortWrites { bytes: 1 }, MS);
    let sent = pair.server.send(pair.stream, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]);
    assert_eq!(sent, Ok(1));
    assert!(pair.edges().iter().any(|edge| edge.levels.writable));
}

#[test]
fn a_refused_call_comes_back_as_an_edge() {
    let mut pair = pair();
    pair.begin(Fault::Again { calls: 1, again_ns: 3 * MS }, MS);
    pair.say(b"x");
    pair.edges();
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Err(Errno::Again));
    let mut probe = [Probe { socket: pair.stream, levels: crate::Levels::default() }];
    pair.server.probe(&mut probe);
    assert!(!probe[0].levels.readable, "a poll must not find it ready, or it would spin");
    assert!(pair.edges().is_empty());
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!(pair.machines.now_ns(), 3 * MS);
    assert_eq!(pair.edges().len(), 1);
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Ok(1));
}

#[test]
fn late_readiness_comes_within_its_bound() {
    let mut pair = pair();
    pair.begin(Fault::LateReadiness { up_to_ns: 5 * MS }, MS);
    pair.say(b"x");
    assert!(pair.edges().is_empty());
    assert!(pair.machines.advance(u64::MAX));
    assert!(pair.machines.now_ns() <= 5 * MS);
    assert_eq!(pair.edges().len(), 1);
}

#[test]
fn a_spurious_readiness_ends_in_a_refusal() {
    let mut pair = pair();
    pair.begin(Fault::Spurious, 0);
    assert!(pair.edges().iter().any(|edge| edge.socket == pair.stream && edge.levels.readable));
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Err(Errno::Again));
}

#[test]
fn a_full_machine_opens_nothing_and_hears_of_its_listener_when_it_can_again() {
    let mut pair = pair();
    pair.begin(Fault::Full, MS);
    pair.client.connect(SocketAddr::new(ip(1), 80)).unwrap();
    pair.edges();
    assert_eq!(pair.server.accept(pair.listener), Err(Errno::Mfile));
    assert!(pair.edges().is_empty());
    assert!(pair.machines.advance(u64::MAX));
    assert!(pair.edges().iter().any(|edge| edge.socket == pair.listener));
    assert!(pair.server.accept(pair.listener).is_ok());
}

#[test]
fn a_clock_that_jumps_is_the_wall_clock() {
    let mut pair = pair();
    let (wall_ns, now_ns) = (pair.server.realtime_ns(), pair.server.now_ns());
    pair.begin(Fault::ClockJump { by_ns: -5 }, 0);
    assert_eq!((pair.server.realtime_ns(), pair.server.now_ns()), (wall_ns - 5, now_ns));
    assert_eq!(pair.client.realtime_ns(), wall_ns);
}

#[test]
fn a_reset_and_a_half_close_are_nobodys_failure() {
    let mut pair = pair();
    pair.begin(Fault::Reset { nth: 9, with: Some(ip(7)) }, 0);
    assert!(!pair.machines.was_hit(pair.peer), "it has no connection with that one");
    pair.begin(Fault::HalfClose { nth: 9, with: Some(ip(2)) }, 0);
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Ok(0));
    pair.begin(Fault::Reset { nth: 9, with: None }, 0);
    assert_eq!(pair.client.receive(pair.peer, &mut [0; 8], false), Err(Errno::Connreset));
    assert!(pair.machines.was_hit(pair.peer) && pair.machines.was_hit(pair.stream));
    pair.server.close(pair.stream);
    assert!(!pair.machines.was_hit(pair.stream));
}

#[test]
fn a_partition_heals_and_a_slow_link_gets_fast_again() {
    let mut pair = pair();
    pair.begin(Fault::Partition { from: None }, MS);
    pair.say(b"x");
    assert!(pair.edges().is_empty());
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!((pair.machines.now_ns(), pair.edges().len()), (MS, 1));

    pair.begin(Fault::Slow { bytes_per_second: 1_000 }, 2 * MS);
    pair.say(b"four");
    assert!(pair.edges().is_empty());
    while pair.machines.advance(u64::MAX) {}
    assert_eq!((pair.machines.now_ns(), pair.edges().len()), (5 * MS, 1));
    pair.say(b"x");
    assert_eq!(pair.edges().len(), 1);
}

#[test]
fn partitions_that_overlap_each_end_by_themselves() {
    let mut pair = pair();
    pair.begin(Fault::Partition { from: None }, 2 * MS);
    // The client's own, from the other side and for longer.
    pair.machines.plan(1, Fault::Partition { from: Some(ip(1)) }, MS, 5 * MS);
    pair.say(b"x");
    while pair.machines.advance(4 * MS) {}
    assert!(pair.edges().is_empty(), "the first has healed, the second has not");
    assert!(pair.machines.advance(u64::MAX));
    assert_eq!((pair.machines.now_ns(), pair.edges().len()), (5 * MS, 1));
}

#[test]
fn slow_links_that_overlap_are_as_slow_as_the_slowest_and_fast_in_the_end() {
    let mut pair = pair();
    let link = |pair: &Pair| pair.machines.on_network(|network| network.link(ip(1), ip(2))).bytes_per_second;
    pair.begin(Fault::Slow { bytes_per_second: 1_000 }, 2 * MS);
    pair.machines.plan(1, Fault::Slow { bytes_per_second: 500 }, MS, 3 * MS);
    assert_eq!(link(&pair), Some(1_000));
    assert!(pair.machines.advance(MS));
    assert_eq!(link(&pair), Some(500));
    assert!(pair.machines.advance(2 * MS));
    assert_eq!(link(&pair), Some(500), "the slower of the two goes on");
    assert!(pair.machines.advance(3 * MS));
    assert_eq!(link(&pair), None);
}

#[test]
fn faults_of_one_kind_that_overlap_each_end_by_themselves() {
    let mut pair = pair();
    pair.begin(Fault::ShortReads { bytes: 3 }, 5 * MS);
    pair.begin(Fault::ShortReads { bytes: 1 }, MS);
    pair.begin(Fault::Full, 5 * MS);
    pair.begin(Fault::Full, MS);
    pair.say(b"eight...");
    let mut read = || pair.server.receive(pair.stream, &mut [0; 8], false);
    assert_eq!(read(), Ok(1));
    pair.machines.spend(2 * MS);
    assert_eq!(read(), Ok(3));
    assert_eq!(pair.server.connect(SocketAddr::new(ip(2), 80)), Err(Errno::Mfile));
    pair.machines.spend(3 * MS);
    assert_eq!(pair.server.receive(pair.stream, &mut [0; 8], false), Ok(4));
}

#[test]
fn a_connection_that_a_loss_breaks_is_nobodys_failure() {
    let mut pair = pair();
    let lossy = Link { loss_per_million: 1_000_000, loss: Loss::Reset, ..Link::default() };
    pair.machines.on_network(|network| network.set_link(ip(1), ip(2), Some(lossy)));
    assert!(!pair.machines.was_hit(pair.peer));
    pair.say(b"lost");
    assert!(pair.machines.was_hit(pair.peer) && pair.machines.was_hit(pair.stream));
    pair.edges();
    assert_eq!(pair.client.receive(pair.peer, &mut [0; 8], false), Err(Errno::Connreset));
    pair.client.close(pair.peer);
    assert!(!pair.machines.was_hit(pair.peer), "its number may be another's");
}
