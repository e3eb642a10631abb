//! What the operating system's network does beyond what every network does.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use wasi_poll_host::{Killer, OsNetwork};
use wasi_poll_preview1::{Errno, Levels, Network, Probe, SocketId, SocketOption};

fn network() -> OsNetwork {
    OsNetwork::new(&Killer::new()).expect("a poll")
}

fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Waits until something becomes of `socket`.
fn wait_for(network: &mut OsNetwork, socket: SocketId) {
    let mut edges = Vec::new();
    while !edges.iter().any(|edge: &wasi_poll_preview1::Edge| edge.socket == socket) {
        network.wait(None, &mut edges).unwrap();
    }
}

#[test]
fn an_accepted_peers_address_is_known_without_asking() {
    let mut network = network();
    let (listener, address) = network.listen(loopback()).unwrap();
    let peer = TcpStream::connect(address).unwrap();
    let its_address = peer.local_addr().unwrap();
    wait_for(&mut network, listener);
    let (stream, told) = network.accept(listener).unwrap();
    rustix::net::sockopt::set_socket_linger(&peer, Some(std::time::Duration::ZERO)).unwrap();
    drop(peer);
    wait_for(&mut network, stream);
    // The system has forgotten it: the connection was reset.
    assert_eq!((network.peer_address(stream), told), (Ok(its_address), its_address));
}

#[test]
fn a_burst_of_connections_waits_to_be_accepted() {
    // As many as the system lets wait at all, and no more than a test may have files for.
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
    let burst = allowed.trim().parse().unwrap_or(128).min(200);
    let mut network = network();
    let (listener, address) = network.listen(loopback()).unwrap();
    let connect =
        |_| TcpStream::connect_timeout(&address, std::time::Duration::from_secs(10)).expect("room to wait");
    let peers: Vec<TcpStream> = (0..burst).map(connect).collect();
    for peer in &peers {
        assert_eq!(network.accept(listener).unwrap().1, peer.local_addr().unwrap());
    }
}

#[test]
fn options_of_ipv6_are_the_ones_that_ipv6_has() {
    let mut network = network();
    let (listener, address) = match network.listen((Ipv6Addr::LOCALHOST, 0).into()) {
        Ok(listening) => listening,
        // A machine without IPv6 has no such options.
        Err(errno) => return assert!(matches!(errno, Errno::Addrnotavail | Errno::Afnosupport), "{errno}"),
    };
    let (datagrams, _) = network.bind((Ipv6Addr::LOCALHOST, 0).into()).unwrap();
    for socket in [listener, datagrams] {
        network.set_option(socket, SocketOption::Ttl, 17).unwrap();
        assert_eq!(network.option(socket, SocketOption::Ttl), Ok(17));
        assert!(network.option(socket, SocketOption::OnlyV6).is_ok());
        assert_eq!(network.set_option(socket, SocketOption::OnlyV6, 1), Err(Errno::Noprotoopt));
    }
    network.set_option(datagrams, SocketOption::MulticastLoopV6, 0).unwrap();
    assert_eq!(network.option(datagrams, SocketOption::MulticastLoopV6), Ok(0));
    let stream = network.connect(address).unwrap();
    network.set_option(stream, SocketOption::Ttl, 3).unwrap();
    assert_eq!(network.option(stream, SocketOption::Ttl), Ok(3));
}

#[test]
fn a_look_up_ends_a_wait_and_its_answer_is_told_once() {
    let mut network = network();
    assert_eq!(network.resolve("localhost"), Ok(None));
    let addresses = loop {
        network.wait(None, &mut Vec::new()).unwrap();
        if let Some(addresses) = network.resolve("localhost").unwrap() {
            break addresses;
        }
    };
    assert!(!addresses.is_empty() && addresses.iter().all(std::net::IpAddr::is_loopback), "{addresses:?}");
    assert_eq!(network.resolve("localhost"), Ok(None), "asked anew");
}

#[test]
fn more_sockets_are_probed_than_the_process_may_have_files_open() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const FILES: u64 = 512;
    let mut network = network();
    let (datagrams, _) = network.bind(loopback()).unwrap();
    // The other tests here need fewer. poll(2) refuses to look at more.
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.current.map_or(Some(FILES), |current| Some(current.min(FILES)));
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut probes = vec![Probe { socket: datagrams, levels: Levels::default() }; 3 * FILES as usize + 1];
    network.probe(&mut probes);
    assert_eq!(probes.iter().filter(|probe| probe.levels.writable).count(), probes.len());
}
