//! What a guest is answered at its limits, and that whoever runs it is told which. Those of fds are in
//! `descriptors.rs`.

use super::guest::{BYTES, IOVECS, NONBLOCK, SUBSCRIPTIONS, errno};
use super::{Guest, Rig};
use crate::net_dir::Grants;
use crate::record::SUBSCRIPTION_BYTES;
use crate::{Errno, Limits, Memory, Subscription, Watch};

#[track_caller]
fn is_told<R: Rig>(guest: &mut Guest<R>, text: &str) {
    let told = guest.process.take_refusal().map(|refusal| refusal.to_string());
    assert_eq!(told.as_deref(), Some(text));
}

pub fn a_call_moves_no_more_bytes_than_allowed_and_the_next_one_the_rest<R: Rig>() {
    let mut guest = Guest::<R>::with_limits(Limits { call_bytes: 3, ..Limits::default() });
    let (fd, mut peer) = guest.connected();
    assert_eq!(guest.send(fd, b"hello"), Ok(3));
    assert_eq!(guest.send(fd, b"lo"), Ok(2));
    peer.hears(&mut guest, b"hello");
    peer.sends(&mut guest, b"world");
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 5, 0), Ok(b"wor".to_vec()));
    guest.arrives(Watch::Read(fd));
    assert_eq!(guest.recv(fd, 5, 0), Ok(b"ld".to_vec()));
    assert_eq!(guest.process.take_refusal(), None, "it is no refusal");
}

pub fn streams_that_are_connecting_have_a_limit<R: Rig>() {
    let mut guest = Guest::<R>::granted(Grants::all(), Limits { connects: 1, ..Limits::default() });
    let (_listener, address) = guest.listening();
    let connect = format!("tcp/connect/{address}");
    // One that is done doesn't count, nor one that is closed.
    for _ in 0..3 {
        let fd = guest.open(&connect, NONBLOCK).unwrap();
        guest.arrives(Watch::Write(fd));
    }
    for _ in 0..3 {
        let fd = guest.open(&connect, NONBLOCK).unwrap();
        let _ = guest.process.fd_close(fd);
    }
    guest.process.set_limits(Limits { connects: 0, ..Limits::default() });
    assert_eq!(guest.open(&connect, NONBLOCK), errno(Errno::Nobufs));
    is_told(&mut guest, "the guest is at its limit of 0 connects at once; --max-connects sets it");
}

pub fn look_ups_have_a_limit_in_a_minute<R: Rig>() {
    let grants = Grants {
        dns: vec!["*".parse().unwrap()],
        connect: vec!["localhost".parse().unwrap()],
        ..Grants::default()
    };
    let mut guest = Guest::<R>::granted(grants, Limits { lookups: 2, ..Limits::default() });
    for _ in 0..2 {
        assert!(guest.read_link("dns/localhost").is_ok());
    }
    assert_eq!(guest.read_link("dns/localhost"), errno(Errno::Nobufs));
    is_told(
        &mut guest,
        "the guest is at its limit of 2 look-ups of names in a minute; --max-lookups sets it",
    );
    // What a rule needs counts, too, unless the answer is known.
    assert_eq!(guest.open("tcp/connect/192.0.2.1:80", NONBLOCK), errno(Errno::Nobufs));
    let (_listener, address) = guest.listening();
    assert!(guest.open(&format!("tcp/connect/{address}"), NONBLOCK).is_ok());
}

pub fn limits_of_one_call_are_told_with_their_flag<R: Rig>() {
    let limits = Limits { iovecs: 2, subscriptions: 2, fds: 5, ..Limits::default() };
    let mut guest = Guest::<R>::with_limits(limits);
    let (fd, _peer) = guest.connected();
    let wrote = guest.finish(|process, memory| process.fd_write(memory, fd, 0, 3, 64));
    assert_eq!(wrote, errno(Errno::Nomem));
    is_told(&mut guest, "the guest is at its limit of 2 buffers in a call; --max-iovecs sets it");
    let polled = guest.finish(|process, memory| process.poll_oneoff(memory, 0, 512, 3, 1024));
    assert_eq!(polled.map(|polled| polled.events), errno(Errno::Nomem));
    is_told(
        &mut guest,
        "the guest is at its limit of 2 subscriptions in a poll; --max-subscriptions sets it",
    );
    assert_eq!(guest.accept(3, NONBLOCK).map(|accepted| accepted.fd), errno(Errno::Mfile));
    is_told(&mut guest, "the guest is at its limit of 5 open fds; --max-fds sets it");
}

pub fn limits_of_readiness_sets_are_told_with_their_flag<R: Rig>() {
    let limits = Limits { iovecs: 2, subscriptions: 2, readiness_sets: 1, ..Limits::default() };
    let mut guest = Guest::<R>::granted(Grants::all(), limits);
    let set = guest.open("poll", NONBLOCK).expect("a set");
    assert_eq!(guest.open("poll", NONBLOCK), errno(Errno::Mfile));
    is_told(&mut guest, "the guest is at its limit of 1 readiness sets; --max-readiness-sets sets it");
    let mut change = |buffers: &[(u32, u32)], fds: [u32; 3]| {
        guest.subscribe(&fds.map(|fd| Subscription { userdata: 0, watch: Watch::Read(fd) }));
        guest.lay_out(buffers);
        let (memory, count) = (&mut Memory::new(&mut guest.memory), buffers.len() as u32);
        let wrote = guest.process.set_write(memory, set, (IOVECS, count), BYTES);
        (wrote, guest.process.take_refusal().map(|refusal| refusal.flag))
    };
    let of = |records| (SUBSCRIPTIONS, records * SUBSCRIPTION_BYTES);
    assert_eq!(change(&[of(1); 3], [0; 3]), (errno(Errno::Nomem), Some("--max-iovecs")));
    assert_eq!(change(&[of(3)], [0; 3]), (errno(Errno::Nomem), Some("--max-subscriptions")));
    assert_eq!(change(&[of(2)], [0, 1, 2]), (Ok(2 * SUBSCRIPTION_BYTES), None));
    assert_eq!(change(&[of(1)], [2; 3]), (errno(Errno::Nomem), Some("--max-subscriptions")));
}
