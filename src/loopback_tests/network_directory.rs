//! What is asked of the network directory, and what becomes of its answers. Datagrams are `datagrams`'; that
//! a host has one is the script's word, and the descriptors it opens are real loopback sockets.

use std::io;
use std::net;
use std::os::fd::{AsRawFd, OwnedFd};

use super::{BOTH, Pair, asked, connected, poll};
use crate::net::{TcpListener, TcpStream};
use crate::wasip1::script::{self, Answer};
use crate::wasip1::selector::Direction;
use crate::{Events, Token};

const DIRECTORY: i32 = 9;

/// The host has the directory, with these links in it, and opens these sockets.
pub(super) fn given(links: &[(String, &str)], opens: Vec<io::Result<OwnedFd>>) {
    script::with(|script| {
        script.network_directory = Some(DIRECTORY);
        script.links = links.iter().map(|(path, value)| (path.clone(), (*value).to_owned())).collect();
        script.opens = opens.into();
        script.paths.clear();
    });
}

/// The paths asked for since.
pub(super) fn paths() -> Vec<String> {
    script::with(|script| std::mem::take(&mut script.paths))
}

/// What the host fails with.
pub(super) fn errno<T>(errno: wasi::Errno) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(i32::from(errno.raw())))
}

fn listener() -> OwnedFd {
    net::TcpListener::bind("127.0.0.1:0").expect("a listener").into()
}

#[track_caller]
fn denied(error: &io::Error, flags: &[&str]) {
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    for flag in flags {
        assert!(error.to_string().contains(flag), "{error}");
    }
}

#[test]
fn a_connect_opens_its_address_and_asks_when_that_has_ended() {
    let (stream, _peer) = connected();
    given(&[], vec![Ok(stream.into())]);
    let mut stream = TcpStream::connect("[::1]:80".parse().expect("an address")).expect("a stream");
    assert_eq!(paths(), ["tcp/connect/[::1]:80"]);
    let (mut poll, mut events) = (poll(), Events::with_capacity(8));
    poll.registry().register(&mut stream, Token(1), BOTH).expect("a new registration");
    let fd = stream.as_raw_fd();
    assert_eq!(asked(&mut poll, &mut events), [(fd, Direction::Read), (fd, Direction::Write)]);
}

#[test]
fn a_connection_that_failed_tells_its_error_once() {
    let (stream, _peer) = connected();
    let fd = stream.as_raw_fd();
    given(&[(format!("fd/{fd}/error"), "14")], Vec::new());
    let error = stream.take_error().expect("an answer").expect("an error");
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_CONNREFUSED.raw())));
    given(&[(format!("fd/{fd}/error"), "0")], Vec::new());
    assert!(stream.take_error().expect("an answer").is_none());
    assert_eq!(paths(), [format!("fd/{fd}/error")]);
}

#[test]
fn an_error_that_an_event_told_is_taken_only_while_the_host_has_it_pending() {
    let mut pair = Pair::reported();
    let fd = pair.stream.as_raw_fd();
    let refused = u64::from(wasi::ERRNO_CONNREFUSED.raw());
    let answer = Answer { flags: 0b11, nbytes: refused, ..Answer::default() };
    let mut told = |links: &[(String, &str)]| {
        given(links, Vec::new());
        pair.poll.registry().reregister(&mut pair.stream, Token(1), BOTH).expect("registered");
        script::with(|script| script.answer(fd, Direction::Write, answer));
        assert!(pair.poll()[0].is_error());
        pair.stream.take_error().expect("an answer").and_then(|error| error.raw_os_error())
    };
    let path = format!("fd/{fd}/error");
    let refused = Some(i32::from(wasi::ERRNO_CONNREFUSED.raw()));
    assert_eq!(told(&[(path.clone(), "14")]), refused);
    assert_eq!(told(&[(path, "0")]), None, "a call has returned it");
    assert_eq!(told(&[]), refused, "the host can't say");
}

#[test]
fn what_the_grants_do_not_allow_is_denied_with_its_address_and_its_flag() {
    given(&[], Vec::new());
    let address = "10.0.0.1:80".parse().expect("an address");
    denied(&TcpStream::connect(address).unwrap_err(), &["to 10.0.0.1:80:", "`--allow-connect 10.0.0.1:80`"]);
    let flags = ["`--listen 10.0.0.1:80`", "`--allow-listen 10.0.0.1:80`"];
    denied(&TcpListener::bind(address).unwrap_err(), &flags);
}

#[test]
fn a_failure_to_open_stays_what_the_host_told() {
    given(&[], vec![errno(wasi::ERRNO_MFILE), errno(wasi::ERRNO_ADDRINUSE)]);
    let address = "127.0.0.1:80".parse().expect("an address");
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_MFILE.raw())));
    let error = TcpListener::bind(address).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_ADDRINUSE.raw())));
}

#[test]
fn a_listener_that_was_not_preopened_is_opened() {
    let opened = listener();
    let fd = opened.as_raw_fd();
    given(&[(format!("fd/{fd}/local"), "127.0.0.1:4000")], vec![Ok(opened)]);
    let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address")).expect("a listener");
    assert_eq!(listener.local_addr().expect("its address").to_string(), "127.0.0.1:4000");
    assert_eq!(paths(), ["tcp/listen/127.0.0.1:0".to_owned(), format!("fd/{fd}/local")]);
}

#[test]
fn an_accepted_streams_peer_is_told() {
    let listener = TcpListener::from(listener());
    let (first, _peer) = connected();
    let (second, _peer) = connected();
    given(&[(format!("fd/{}/peer", first.as_raw_fd()), "[::1%3]:5")], Vec::new());
    script::with(|script| script.accepts.extend([Ok(first.into()), Ok(second.into())]));
    let (_stream, peer) = listener.accept().expect("a stream");
    assert_eq!(peer, "[::1%3]:5".parse().expect("an address"));
    let (_stream, peer) = listener.accept().expect("a stream, though its peer is gone");
    assert_eq!(peer, "0.0.0.0:0".parse().expect("an address"));
}

#[test]
fn addresses_and_options_are_links() {
    let (stream, _peer) = connected();
    let fd = stream.as_raw_fd();
    given(&[(format!("fd/{fd}/local"), "127.0.0.1:1")], Vec::new());
    assert_eq!(stream.local_addr().expect("an address").to_string(), "127.0.0.1:1");
    let error = stream.peer_addr().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_NOTCONN.raw())));
    stream.set_nodelay(true).expect("an option");
    assert!(stream.nodelay().expect("an option"));
    stream.set_nodelay(false).expect("an option");
    assert!(!stream.nodelay().expect("an option"));
    stream.set_ttl(7).expect("an option");
    assert_eq!(stream.ttl().expect("an option"), 7);
    let listener = TcpListener::from(listener());
    listener.set_ttl(8).expect("an option");
    assert_eq!(listener.ttl().expect("an option"), 8);
    let links = script::with(|script| script.links.clone());
    assert_eq!(links[&format!("fd/{fd}/nodelay")], "0");
    assert_eq!(links[&format!("fd/{fd}/ttl")], "7");
}

#[test]
fn an_answer_that_does_not_parse_is_invalid_data() {
    let (stream, _peer) = connected();
    given(&[(format!("fd/{}/peer", stream.as_raw_fd()), "somewhere")], Vec::new());
    let error = stream.peer_addr().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert!(error.to_string().contains("`peer` is `somewhere`"), "{error}");
}
