//! What lies between two addresses: bandwidth, jitter, loss, partitions and buffers.

use super::{Link, Loss, MemoryNetwork};
use crate::test_attribute::test;
use crate::{Errno, Network, SocketId};
use std::io::IoSlice;
use std::net::{IpAddr, SocketAddr};

const MS: u64 = 1_000_000;

fn ip(last: u8) -> IpAddr {
    [10, 0, 0, last].into()
}

/// A connection from 10.0.0.2 to 10.0.0.1: its client's end and its server's.
fn connected(network: &mut MemoryNetwork) -> (SocketId, SocketId) {
    let address = SocketAddr::new(ip(1), 80);
    let (listener, _) = network.listen(address).unwrap();
    let client = network.connect_from(SocketAddr::new(ip(2), 0), address).unwrap();
    loop {
        match network.accept(listener) {
            Ok((server, _)) => {
                // What makes the client's end a connection may still be on its way.
                while network.peer_address(client).is_err() {
                    assert!(network.step(), "the client learns of it");
                }
                return (client, server);
            }
            Err(_) => assert!(network.step(), "the connection comes to be"),
        }
    }
}

fn send(network: &mut MemoryNetwork, from: SocketId, bytes: &[u8]) -> Result<usize, Errno> {
    network.send(from, &[IoSlice::new(bytes)])
}

/// All that arrives at `at`, with the time of each arrival.
fn arrivals(network: &mut MemoryNetwork, at: SocketId) -> Vec<(u64, Vec<u8>)> {
    let mut arrivals = Vec::new();
    while network.step() {
        let mut bytes = [0; 4096];
        if let Ok(moved @ 1..) = network.receive(at, &mut bytes, false) {
            arrivals.push((network.now_ns(), bytes[..moved].to_vec()));
        }
    }
    arrivals
}

#[test]
fn a_bandwidth_spreads_what_is_sent_at_once() {
    let mut network = MemoryNetwork::new();
    let (client, server) = connected(&mut network);
    let link = Link { bytes_per_second: Some(1_000), latency_ns: MS, ..Link::default() };
    network.set_link(ip(1), ip(2), Some(link));
    for _ in 0..3 {
        send(&mut network, client, &[7; 100]).unwrap();
    }
    let times: Vec<u64> = arrivals(&mut network, server).iter().map(|(at_ns, _)| *at_ns).collect();
    assert_eq!(times, [101 * MS, 201 * MS, 301 * MS]);
}

#[test]
fn jitter_follows_from_the_seed_and_keeps_a_stream_in_order() {
    let run = |seed| {
        let link = Link { latency_ns: MS, jitter_ns: 50 * MS, ..Link::default() };
        let mut network = MemoryNetwork::new().with_seed(seed).with_link(link);
        let (client, server) = connected(&mut network);
        for byte in 0..20 {
            send(&mut network, client, &[byte]).unwrap();
        }
        arrivals(&mut network, server)
    };
    let bytes: Vec<u8> = run(1).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert_eq!(bytes, (0..20).collect::<Vec<u8>>());
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_loss_comes_later_or_breaks_the_connection() {
    let lossy = |loss| Link { latency_ns: MS, loss_per_million: 1_000_000, loss, ..Link::default() };
    let mut network = MemoryNetwork::new();
    let (client, server) = connected(&mut network);
    network.set_link(ip(1), ip(2), Some(lossy(Loss::Delay { retransmit_ns: 9 * MS })));
    send(&mut network, client, b"x").unwrap();
    assert_eq!(arrivals(&mut network, server), [(10 * MS, b"x".to_vec())]);

    network.set_link(ip(1), ip(2), Some(lossy(Loss::Reset)));
    send(&mut network, client, b"x").unwrap();
    while network.step() {}
    assert_eq!(network.take_error(server), Some(Errno::Connreset));
    assert_eq!(network.take_error(client), Some(Errno::Connreset));
}

#[test]
fn a_partition_holds_streams_back_and_loses_datagrams() {
    let mut network = MemoryNetwork::new();
    let (client, server) = connected(&mut network);
    let (hears, to) = network.bind(SocketAddr::new(ip(1), 9)).unwrap();
    let (tells, _) = network.bind(SocketAddr::new(ip(2), 9)).unwrap();

    network.cut(ip(2), ip(1));
    send(&mut network, client, b"one").unwrap();
    network.send_datagram(tells, &[IoSlice::new(b"lost")], Some(to)).unwrap();
    assert_eq!(arrivals(&mut network, server), []);

    network.heal(ip(1), ip(2));
    send(&mut network, client, b"two").unwrap();
    let mut bytes = [0; 8];
    assert_eq!(network.receive(server, &mut bytes, false), Ok(6));
    assert_eq!(&bytes[..6], b"onetwo");
    assert_eq!(network.receive_datagram(hears, &mut bytes, false), Err(Errno::Again));
}

#[test]
fn nothing_overtakes_what_a_slower_link_carries_still() {
    let mut network = MemoryNetwork::new();
    let (client, server) = connected(&mut network);
    network.set_link(ip(1), ip(2), Some(Link { latency_ns: 9 * MS, ..Link::default() }));
    send(&mut network, client, b"one").unwrap();
    network.set_link(ip(1), ip(2), None);
    send(&mut network, client, b"two").unwrap();
    assert_eq!(network.receive(server, &mut [0; 8], false), Err(Errno::Again));
    let bytes: Vec<u8> = arrivals(&mut network, server).into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert_eq!((network.now_ns(), bytes.as_slice()), (9 * MS, &b"onetwo"[..]));
}

#[test]
fn a_links_buffer_bounds_what_its_streams_hold() {
    let mut network = MemoryNetwork::new().with_link(Link { buffer_bytes: Some(10), ..Link::default() });
    let (client, server) = connected(&mut network);
    assert_eq!(send(&mut network, client, &[0; 64]), Ok(10));
    assert_eq!(send(&mut network, client, &[0; 64]), Err(Errno::Again));
    assert_eq!(network.receive(server, &mut [0; 4], false), Ok(4));
    assert_eq!(send(&mut network, client, &[0; 64]), Ok(4));
}
