//! What sockets and events say. The pair of sockets is in the folder's `mod.rs`.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsRawFd;

use super::{BOTH, Pair, connected};
use crate::net::{TcpListener, TcpStream, UdpSocket};
use crate::wasip1::script::{self, Answer};
use crate::wasip1::selector::Direction;
use crate::{Interest, Token};

#[test]
fn an_events_error_is_taken_once() {
    let mut pair = Pair::reported();
    assert!(pair.stream.take_error().expect("an answer").is_none());
    let fd = pair.stream.as_raw_fd();
    pair.poll.registry().reregister(&mut pair.stream, Token(1), BOTH).expect("registered");
    let refused = u64::from(wasi::ERRNO_CONNREFUSED.raw());
    let answer = Answer { flags: 0b11, nbytes: refused, ..Answer::default() };
    script::with(|script| script.answer(fd, Direction::Write, answer));
    let events = pair.poll();
    assert!(events[0].is_error() && events[0].is_writable());
    let error = pair.stream.take_error().expect("an answer").expect("the error");
    assert_eq!(error.raw_os_error(), Some(i32::from(wasi::ERRNO_CONNREFUSED.raw())));
    assert!(pair.stream.take_error().expect("an answer").is_none());
}

#[test]
fn a_shutdown_reaches_the_host() {
    let (stream, _peer) = connected();
    stream.shutdown(Shutdown::Write).expect("a shutdown");
    let shutdowns = script::with(|script| script.shutdowns.clone());
    assert_eq!(shutdowns, [(stream.as_raw_fd(), Shutdown::Write)]);
}

#[test]
fn what_preview1_has_no_call_for_is_unsupported() {
    #[track_caller]
    fn unsupported<T>(result: io::Result<T>, flag: &str) {
        let error = result.err().expect("an error");
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(text.contains("preview1 has no call for it") && text.contains(flag), "{text}");
    }
    let address = "127.0.0.1:80".parse().expect("an address");
    let (stream, _peer) = connected();
    unsupported(TcpStream::connect(address), "`--allow-connect 127.0.0.1:80`");
    unsupported(UdpSocket::bind(address), "`--allow-udp 127.0.0.1:80`");
    unsupported(stream.peer_addr(), "--allow-connect");
    unsupported(stream.local_addr(), "--allow-connect");
    unsupported(stream.nodelay(), "--allow-connect");
    unsupported(stream.set_nodelay(true), "--allow-connect");
    unsupported(stream.ttl(), "--allow-connect");
    unsupported(stream.set_ttl(9), "--allow-connect");
    let socket = UdpSocket::from_std(std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket"));
    unsupported(socket.connect(address), "`--allow-udp 127.0.0.1:80`");
    unsupported(socket.send_to(b"a", address), "--allow-udp");
    unsupported(socket.recv_from(&mut [0]), "--allow-udp");
    let error = TcpListener::bind(address).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("`--allow-listen 127.0.0.1:80`"), "{error}");
}

#[test]
fn events_and_polls_print_what_they_are() {
    let mut pair = Pair::reported();
    pair.poll.registry().reregister(&mut pair.stream, Token(1), Interest::READABLE).expect("registered");
    let fd = pair.stream.as_raw_fd();
    script::with(|script| script.ready(fd, Direction::Read));
    pair.poll();
    let printed = format!("{:?}", pair.events);
    assert!(printed.starts_with("[Event { token: Token(1), readable: true, writable: false"), "{printed}");
    assert_eq!(format!("{:?}", pair.poll), "Poll { .. }");
}
