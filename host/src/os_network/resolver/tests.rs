//! The resolver's queue, against names that answer when they are told to.

use super::{Answer, NAMES, Resolver, THREADS};
use crate::{Grants, Killer, Limits, Module, OsNetwork, Outcome, Runner};
use mio::{Events, Poll, Token, Waker};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use wasi_poll_preview1::Errno;

const PATIENCE: Duration = Duration::from_secs(20);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn resolver(ask: fn(&str) -> Answer) -> (Poll, Resolver) {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), Token(0)).unwrap();
    (poll, Resolver::asking(Arc::new(waker), ask))
}

/// Asks until there is an answer, as a blocked call does.
#[track_caller]
fn answer(poll: &mut Poll, resolver: &Resolver, name: &str) -> Answer {
    let began = Instant::now();
    loop {
        match resolver.resolve(name) {
            Ok(Some(addresses)) => return Ok(addresses),
            Ok(None) => poll.poll(&mut Events::with_capacity(1), Some(PATIENCE)).unwrap(),
            Err(errno) => return Err(errno),
        }
        assert!(began.elapsed() < PATIENCE, "no answer for {name}");
    }
}

#[test]
fn an_answer_ends_a_wait_and_is_told_once() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (mut poll, resolver) = resolver(|name| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        if name == "here" { Ok(vec![HOME]) } else { Err(Errno::Noent) }
    });
    assert_eq!(answer(&mut poll, &resolver, "here"), Ok(vec![HOME]));
    assert_eq!(answer(&mut poll, &resolver, "nowhere"), Err(Errno::Noent));
    assert_eq!(answer(&mut poll, &resolver, "here"), Ok(vec![HOME]));
    assert_eq!(ASKED.load(Ordering::SeqCst), 3);
}

#[test]
fn few_names_are_looked_up_at_once_and_few_are_kept() {
    static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let (mut poll, resolver) = resolver(|_| {
        MOST.fetch_max(AT_ONCE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        drop(GATE.1.wait_while(GATE.0.lock().unwrap(), |open| !*open).unwrap());
        AT_ONCE.fetch_sub(1, Ordering::SeqCst);
        Ok(vec![HOME])
    });
    for number in 0..3 * NAMES {
        assert_eq!(resolver.resolve(&format!("name-{number}")), Ok(None));
    }
    let known = || resolver.shared.state().names.len();
    assert_eq!((known(), resolver.shared.state().threads), (NAMES, THREADS));
    *GATE.0.lock().unwrap() = true;
    GATE.1.notify_all();
    let last = format!("name-{}", 3 * NAMES - 1);
    assert_eq!(answer(&mut poll, &resolver, &last), Ok(vec![HOME]));
    assert!((1..=THREADS).contains(&MOST.load(Ordering::SeqCst)));
}

#[test]
fn a_name_that_nobody_asks_for_is_forgotten() {
    let (mut poll, resolver) = resolver(|_| Ok(vec![HOME]));
    assert_eq!(resolver.resolve("once"), Ok(None));
    poll.poll(&mut Events::with_capacity(1), Some(PATIENCE)).unwrap();
    for known in resolver.shared.state().names.values_mut() {
        known.asked = known.asked.checked_sub(super::FORGOTTEN_AFTER).expect("a clock that old");
    }
    assert_eq!(answer(&mut poll, &resolver, "other"), Ok(vec![HOME]));
    assert!(resolver.shared.state().names.is_empty());
}

#[test]
fn the_system_knows_localhost() {
    let addresses = super::ask_system("localhost").unwrap();
    assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
}

#[test]
fn a_name_without_addresses_and_a_resolver_that_cannot_ask_are_told_apart() {
    let of_text = |text: &str| super::errno_of_failure(&io::Error::other(text));
    for (text, errno) in [
        ("failed to lookup address information: Name or service not known", Errno::Noent),
        ("failed to lookup address information: No address associated with hostname", Errno::Noent),
        ("failed to lookup address information: Temporary failure in name resolution", Errno::Io),
        ("failed to lookup address information: Non-recoverable failure in name resolution", Errno::Io),
    ] {
        assert_eq!(of_text(text), errno, "{text}");
    }
    assert_eq!(super::errno_of_failure(&rustix::io::Errno::MFILE.into()), Errno::Io);
}

/// Looks a name up, and exits with 7.
const LOOKS_UP: &[u8] = br#"(module
    (import "wasi_snapshot_preview1" "path_readlink"
        (func $path_readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) "dns/name.test")
    (func (export "_start")
        (drop (call $path_readlink (i32.const 3) (i32.const 64) (i32.const 13) (i32.const 128) (i32.const 99)
            (i32.const 32)))
        (call $proc_exit (i32.const 7))))"#;

#[test]
fn a_guest_whose_look_up_nobody_answers_is_ended_by_its_switch_and_by_its_limit() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let guest = Module::from_bytes("guest.wasm", LOOKS_UP).unwrap();
    let run = |limits| {
        let killer = Killer::new();
        let mut network = OsNetwork::new(&killer).unwrap();
        let waker = Arc::clone(&network.resolver.shared.waker);
        network.resolver = Resolver::asking(waker, |_| {
            ASKED.fetch_add(1, Ordering::SeqCst);
            loop {
                std::thread::park();
            }
        });
        let grants = Grants { dns: vec!["*".parse().unwrap()], ..Grants::default() };
        let runner = Runner::on_network(&guest, network, killer.clone()).grants(grants).limits(limits);
        let (asked, running) = (ASKED.load(Ordering::SeqCst), std::thread::spawn(|| runner.run().unwrap()));
        while ASKED.load(Ordering::SeqCst) == asked {
            std::thread::yield_now();
        }
        (killer, Instant::now(), running)
    };
    // A look-up is given up after ten seconds.
    let soon = Duration::from_secs(5);
    let (killer, pulled, running) = run(Limits::default());
    killer.kill();
    assert_eq!(running.join().unwrap(), Outcome::Killed);
    assert!(pulled.elapsed() < soon, "it took {:?}", pulled.elapsed());
    let (_, began, running) = run(Limits { wall_time: Some(Duration::from_millis(50)), ..Limits::default() });
    assert_eq!(running.join().unwrap(), Outcome::TimedOut);
    assert!(began.elapsed() < soon, "it took {:?}", began.elapsed());
}
