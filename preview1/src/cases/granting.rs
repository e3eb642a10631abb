//! What only a network that can be watched and delayed shows of grants: that nothing reaches it without one, how
//! long names are waited for, and how long their answers hold.

mod watched;

use super::Guest;
use super::guest::{NONBLOCK, errno};
use crate::net_dir::{Grants, LOOKUP_DEADLINE_NS, Rule};
use crate::test_attribute::test;
use crate::{Closed, Errno, Limits, Memory, MemoryNetwork, Network, Process, Progress};
use std::net::IpAddr;
use watched::WatchedRig;

const MINUTE_NS: u64 = 60_000_000_000;
/// Nobody listens anywhere here: a connect that was allowed is refused by the network.
const ALLOWED: Errno = Errno::Connrefused;

type WatchedGuest = Guest<WatchedRig>;

fn rules(texts: &[&str]) -> Vec<Rule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A guest with rules for connecting, and patterns of names it may look up, on a network with these names.
fn guest(connect: &[&str], dns: &[&str], names: &[(&str, &[&str], u64)]) -> WatchedGuest {
    let dns = dns.iter().map(|text| text.parse().unwrap()).collect();
    let grants = Grants { connect: rules(connect), dns, ..Grants::default() };
    let mut guest = WatchedGuest::granted(grants, Limits::default());
    let mut network = MemoryNetwork::new();
    for (name, addresses, delay_ns) in names {
        network = network.with_name(name, &ips(addresses)).with_name_delay_ns(name, *delay_ns);
    }
    guest.process.network().network = network;
    guest
}

#[track_caller]
fn connecting_is(guest: &mut WatchedGuest, address: &str, answer: Errno) {
    let opened = guest.open(&format!("tcp/connect/{address}"), NONBLOCK);
    assert_eq!(opened, errno(answer), "{address}");
}

fn sleep(guest: &mut WatchedGuest, span_ns: u64) {
    let until_ns = guest.now_ns() + span_ns;
    Network::wait(guest.process.network(), Some(until_ns), &mut Vec::new()).unwrap();
}

fn set_name(guest: &mut WatchedGuest, name: &str, addresses: &[&str]) {
    guest.process.network().network.set_name(name, &ips(addresses));
}

fn count(guest: &mut WatchedGuest, call: &str) -> usize {
    guest.process.network().calls.iter().filter(|called| **called == call).count()
}

#[test]
fn without_a_grant_no_call_reaches_the_network() {
    let mut guest = WatchedGuest::new();
    let (listener, _) = guest.listening();
    // The first has no directory at all, the second one that grants something else.
    for other in [Grants::default(), Grants { dns: vec!["other.test".parse().unwrap()], ..Grants::default() }]
    {
        guest.process.grant(other).unwrap();
        guest.process.network().calls.clear();
        for path in ["tcp/listen/127.0.0.1:0", "tcp/connect/127.0.0.1:1", "udp/bind/127.0.0.1:0"] {
            for flags in [0, NONBLOCK] {
                assert_eq!(guest.open(path, flags), errno(Errno::Acces));
            }
        }
        assert_eq!(guest.read_link("dns/localhost"), errno(Errno::Acces));
        let mut calls = std::mem::take(&mut guest.process.network().calls);
        calls.retain(|call| *call != "now_ns");
        assert_eq!(calls, [""; 0]);
    }
    assert_eq!(guest.process.fd_close(listener), Ok(Closed::Whole));
}

#[test]
fn an_address_outside_the_rules_never_reaches_the_network() {
    let mut guest = guest(&["10.0.0.0/8:80", "[fd00::1]", "*:443"], &[], &[]);
    for (address, answer) in [
        ("10.1.2.3:80", ALLOWED),
        ("[fd00::1]:1", ALLOWED),
        ("8.8.8.8:443", ALLOWED),
        ("[::ffff:10.1.2.3]:80", ALLOWED),
    ] {
        connecting_is(&mut guest, address, answer);
    }
    assert_eq!(count(&mut guest, "connect"), 4);
    for address in
        ["10.1.2.3:81", "11.0.0.1:80", "[fd00::2]:1", "[::ffff:11.1.2.3]:80", "0.0.0.0:80", "[::]:80"]
    {
        connecting_is(&mut guest, address, Errno::Acces);
    }
    assert_eq!(count(&mut guest, "connect"), 4);
    assert_eq!(count(&mut guest, "resolve"), 0);
}

#[test]
fn every_datagram_outside_the_rules_stays_here() {
    let grants = Grants { udp: rules(&["0.0.0.0:0", "10.0.0.1:53", "[::]:0"]), ..Grants::default() };
    let mut guest = WatchedGuest::granted(grants, Limits::default());
    let fd = guest.open("udp/bind/0.0.0.0:0", 0).unwrap();
    for (to, answer) in [
        ("10.0.0.1:53", Ok(2)),
        ("10.0.0.1:54", errno(Errno::Acces)),
        ("10.0.0.2:53", errno(Errno::Acces)),
        ("[::ffff:10.0.0.2]:53", errno(Errno::Acces)),
        ("255.255.255.255:53", errno(Errno::Acces)),
        ("224.0.0.251:5353", errno(Errno::Acces)),
    ] {
        assert_eq!(guest.send_to(fd, b"hi", to.parse().unwrap()), answer, "{to}");
    }
    assert_eq!(count(&mut guest, "send_datagram"), 1);
    for (name, value) in [("peer", "10.0.0.2:53"), ("join_v4", "224.0.0.251 0.0.0.0")] {
        assert_eq!(guest.set_attribute(fd, name, value), errno(Errno::Acces));
    }
    let fd = guest.open("udp/bind/[::]:0", 0).unwrap();
    assert_eq!(guest.set_attribute(fd, "join_v6", "ff02::fb 0"), errno(Errno::Acces));
    assert_eq!(count(&mut guest, "connect_datagram") + count(&mut guest, "set_membership"), 0);
}

#[test]
fn a_name_with_a_forbidden_address_gives_no_way_to_it() {
    let mut guest = guest(&["10.0.0.0/8"], &["*"], &[("rebound.test", &["127.0.0.1", "10.0.0.1"], 0)]);
    assert_eq!(guest.read_link("dns/rebound.test"), Ok("127.0.0.1,10.0.0.1".into()));
    connecting_is(&mut guest, "127.0.0.1:80", Errno::Acces);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
}

#[test]
fn the_addresses_of_a_name_are_told_in_order_and_both_families() {
    let addresses: &[&str] = &["10.0.0.1", "fd00::1", "10.0.0.2"];
    let mut guest = guest(&[], &["*"], &[("both.test", addresses, 0), ("empty.test", &[], 0)]);
    assert_eq!(guest.read_link("dns/both.test"), Ok(addresses.join(",")));
    assert_eq!(guest.read_link("dns/empty.test"), errno(Errno::Noent));
    assert_eq!(guest.read_link("dns/no.test"), errno(Errno::Noent));
}

#[test]
fn only_names_that_a_pattern_or_a_rule_names_are_looked_up() {
    let all: &[(&str, &[&str], u64)] = &[
        ("a.test", &["10.0.0.1"], 0),
        ("b.a.test", &["10.0.0.2"], 0),
        ("c.test", &["10.0.0.3"], 0),
        ("d.test", &["10.0.0.4"], 0),
    ];
    let mut guest = guest(&["d.test:80"], &["*.a.test", "c.test"], all);
    for (name, allowed) in [("a.test", false), ("b.a.test", true), ("C.test.", true), ("d.test", true)] {
        let before = count(&mut guest, "resolve");
        let answer = guest.read_link(&format!("dns/{name}"));
        assert_eq!(answer.is_ok(), allowed, "{name}: {answer:?}");
        assert_eq!(count(&mut guest, "resolve") - before, usize::from(allowed), "{name}");
    }
}

#[test]
fn an_answer_holds_for_a_minute_and_no_longer() {
    let mut guest = guest(&["turning.test:80"], &[], &[("turning.test", &["10.0.0.1"], 0)]);
    assert_eq!(guest.read_link("dns/turning.test"), Ok("10.0.0.1".into()));
    set_name(&mut guest, "turning.test", &["10.0.0.2"]);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
    assert_eq!(count(&mut guest, "resolve"), 1, "it was known");
    connecting_is(&mut guest, "10.0.0.2:80", ALLOWED);
    connecting_is(&mut guest, "10.0.0.3:80", Errno::Acces);
    connecting_is(&mut guest, "10.0.0.1:81", Errno::Acces);
    sleep(&mut guest, MINUTE_NS - 1);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
    sleep(&mut guest, 1);
    connecting_is(&mut guest, "10.0.0.1:80", Errno::Acces);
    connecting_is(&mut guest, "10.0.0.2:80", ALLOWED);
}

#[test]
fn a_datagram_to_a_name_costs_one_look_up_a_minute() {
    let grants = Grants { udp: rules(&["0.0.0.0:0", "peer.test"]), ..Grants::default() };
    let mut guest = WatchedGuest::granted(grants, Limits::default());
    set_name(&mut guest, "peer.test", &["10.0.0.1"]);
    let fd = guest.open("udp/bind/0.0.0.0:0", 0).unwrap();
    for _ in 0..100 {
        assert_eq!(guest.send_to(fd, b"x", "10.0.0.1:9".parse().unwrap()), Ok(1));
    }
    assert_eq!(count(&mut guest, "resolve"), 1);
}

#[test]
fn a_slow_look_up_is_waited_for() {
    let mut guest = guest(&["slow.test"], &[], &[("slow.test", &["10.0.0.1"], 5_000)]);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
    assert_eq!(guest.now_ns(), 5_000);
    assert_eq!(guest.read_link("dns/slow.test"), Ok("10.0.0.1".into()));
    assert_eq!(guest.now_ns(), 10_000);
    connecting_is(&mut guest, "10.0.0.2:80", Errno::Acces);
    assert_eq!(guest.now_ns(), 15_000);
}

#[test]
fn a_nonblocking_connect_waits_for_the_look_up_its_rule_needs_unless_the_guest_made_one() {
    const SLOW_NS: u64 = 2_000_000_000;
    let connect = |guest: &mut WatchedGuest| {
        let began_ns = guest.now_ns();
        connecting_is(guest, "10.0.0.1:80", ALLOWED);
        guest.now_ns() - began_ns
    };
    let slow = || guest(&["host.test:80"], &[], &[("host.test", &["10.0.0.1"], SLOW_NS)]);
    assert!(connect(&mut slow()) >= SLOW_NS);
    let mut guest = slow();
    assert_eq!(guest.read_link("dns/host.test"), Ok("10.0.0.1".to_owned()));
    assert!(connect(&mut guest) < SLOW_NS);
    sleep(&mut guest, MINUTE_NS);
    assert!(connect(&mut guest) >= SLOW_NS);
}

#[test]
fn a_look_up_that_takes_too_long_times_out() {
    let mut guest = guest(&[], &["*"], &[("never.test", &["10.0.0.1"], u64::MAX)]);
    assert_eq!(guest.read_link("dns/never.test"), errno(Errno::Timedout));
    assert_eq!(guest.now_ns(), LOOKUP_DEADLINE_NS);
    // The next has as long.
    assert_eq!(guest.read_link("dns/never.test"), errno(Errno::Timedout));
    assert_eq!(guest.now_ns(), 2 * LOOKUP_DEADLINE_NS);
}

#[test]
fn a_rule_whose_name_is_not_answered_allows_nothing() {
    let mut guest = guest(&["never.test", "no.test"], &[], &[("never.test", &["10.0.0.1"], u64::MAX)]);
    connecting_is(&mut guest, "10.0.0.1:80", Errno::Acces);
    assert_eq!(guest.now_ns(), LOOKUP_DEADLINE_NS);
    assert_eq!(count(&mut guest, "connect"), 0);
}

#[test]
fn of_two_names_a_slow_one_does_not_hide_the_other() {
    let names: &[(&str, &[&str], u64)] =
        &[("never.test", &["10.0.0.1"], u64::MAX), ("slow.test", &["10.0.0.2"], LOOKUP_DEADLINE_NS - 1)];
    let mut guest = guest(&["never.test", "slow.test"], &[], names);
    connecting_is(&mut guest, "10.0.0.2:80", ALLOWED);
    assert_eq!(guest.now_ns(), LOOKUP_DEADLINE_NS - 1);
    connecting_is(&mut guest, "10.0.0.2:80", ALLOWED);
    assert_eq!(guest.now_ns(), LOOKUP_DEADLINE_NS - 1, "known by now");
}

#[test]
fn a_rule_on_the_address_itself_asks_for_no_name() {
    let mut guest = guest(&["never.test", "10.0.0.1"], &[], &[("never.test", &[], u64::MAX)]);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
    assert_eq!(count(&mut guest, "resolve"), 0);
}

#[test]
fn a_name_is_an_ipv4_address_however_it_is_written() {
    let mut guest = guest(&["mapped.test"], &[], &[("mapped.test", &["::ffff:10.0.0.1"], 0)]);
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
    connecting_is(&mut guest, "[::ffff:10.0.0.1]:80", ALLOWED);
    connecting_is(&mut guest, "10.0.0.2:80", Errno::Acces);
}

#[test]
fn answers_of_any_number_of_names_are_held_within_bounds() {
    let mut guest = guest(&["first.test"], &["*"], &[("first.test", &["10.0.0.1"], 0)]);
    assert!(guest.read_link("dns/first.test").is_ok());
    for number in 0..1_000 {
        let name = format!("n{number}.test");
        set_name(&mut guest, &name, &["10.0.0.9"]);
        assert!(guest.read_link(&format!("dns/{name}")).is_ok());
    }
    assert_eq!(guest.process.lookups.kept(), 256);
    // What was forgotten is asked for again.
    connecting_is(&mut guest, "10.0.0.1:80", ALLOWED);
}

#[test]
fn a_guest_that_ends_while_it_connects_closes_the_stream() {
    let mut network = MemoryNetwork::new().with_latency_ns(9);
    let (listener, address) = Network::listen(&mut network, "10.0.0.1:80".parse().unwrap()).unwrap();
    let mut memory = vec![0; 64];
    let path = format!("tcp/connect/{address}");
    memory[8..8 + path.len()].copy_from_slice(path.as_bytes());
    let mut process = Process::new(&mut network);
    process.grant(Grants::all()).unwrap();
    let path = (8, path.len() as u32);
    let opened = process.net_open(&mut Memory::new(&mut memory), path, 0, 0, 0);
    assert_eq!(opened, Ok(Progress::Blocked));
    drop(process);
    while network.step() {}
    // It knocked, but nobody is there to be accepted, or whoever is has ended.
    if let Ok((stream, _)) = Network::accept(&mut network, listener) {
        assert_eq!(Network::receive(&mut network, stream, &mut [0], false), Ok(0));
    }
}
